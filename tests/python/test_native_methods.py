"""Every native method of every provider in the registry: a good answer, refusals, and answers that are not in order.

The methods come from the registry and the answers from the simulator, so a further provider is covered by itself.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from support import (
    COMPOSITES,
    METHODS,
    NOW,
    PROVIDERS,
    Door,
    Method,
    Reply,
    ScriptedServer,
    Seen,
    digits,
    json_reply,
    leaves,
    numbers_in,
    sample_arguments,
)

from metertap import MetertapError, errors, models
from metertap.simulator import Simulator

# The answers below are shortened and spoilt, which is told, too.
pytestmark = pytest.mark.filterwarnings("ignore::metertap.CoverageWarning")

ALL = [*METHODS, *COMPOSITES]
#: The answers of the others are JSON that is handed over as it is.
SHAPED = [method for method in METHODS if method.returns != "Any"]
WITH_FIELDS = [method for method in SHAPED if method.returns != "int"]


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    """A simulator that behaves; the tests below that spoil one have their own."""
    with Simulator(seed=7, now=NOW) as simulator:
        yield simulator


def ask(door: Door, simulator: Simulator, method: Method, raw: bool = False, **options: Any) -> Any:
    client = door.simulated(simulator, method.provider, **{"retries": 0, **options})
    return door.ask(client, method.name, **sample_arguments(method, simulator), raw=raw)


# Good answers


@pytest.mark.parametrize("method", ALL, ids=str)
def test_both_doors_give_the_same_numbers_typed_and_raw(method: Method, world: Simulator) -> None:
    sync, awaited = Door("sync"), Door("async")
    typed, raw = ask(sync, world, method), ask(awaited, world, method, raw=True)
    if method.name not in ("call", "api_usage_history"):  # what these read is the use that is made of them
        assert ask(awaited, world, method) == typed
    check_types(typed)
    assert json.loads(json.dumps(raw)) == raw
    if method in SHAPED:
        # Figures of the same value may be written with and without trailing zeros.
        assert {Decimal(number) for number in numbers_in(typed)} <= {Decimal(number) for number in numbers_in(raw)}


def check_types(answer: Any) -> None:
    """An answer consists of dataclasses of metertap.models, and of what their annotations promise."""
    if isinstance(answer, list):
        for item in answer:
            check_types(item)
    elif dataclasses.is_dataclass(answer):
        assert type(answer).__name__ in models.__all__
        for field in dataclasses.fields(answer):
            value = getattr(answer, field.name)
            if isinstance(value, datetime):
                assert value.tzinfo is not None
            check_types(value)
    else:
        assert isinstance(answer, dict | int | str | Decimal | date | None), type(answer)


# Refusals


@pytest.mark.parametrize("method", ALL, ids=str)
def test_wrong_credentials_are_refused(method: Method, door: Door, simulator: Simulator) -> None:
    arguments = sample_arguments(method, simulator)
    names = {field["name"] for field in PROVIDERS[method.provider]["secrets"]}
    wrong = {name: "wrong-but-well-formed" for name in simulator.credentials(method.provider) if name in names}
    client = door.simulated(simulator, method.provider, **wrong)
    with pytest.raises(errors.AuthenticationFailed) as caught:
        door.ask(client, method.name, **arguments)
    assert caught.value.provider == method.provider
    assert not caught.value.is_temporary
    assert "wrong-but-well-formed" not in str(caught.value)


@pytest.mark.parametrize("method", METHODS, ids=str)
@pytest.mark.parametrize(
    ("status", "error", "is_temporary"),
    [
        (400, errors.InvalidRequest, False),
        (403, MetertapError, False),
        (404, errors.NotFound, False),
        (429, errors.RateLimited, True),
        (503, errors.ServerError, True),
    ],
)
def test_a_refusal_by_status_is_its_class(
    method: Method, status: int, error: type[MetertapError], is_temporary: bool, door: Door, server: ScriptedServer
) -> None:
    server.script = [Reply(status, {"X-Request-Id": "r-1"})]
    with pytest.raises(error) as caught:
        ask_server(door, server, method)
    problem = caught.value
    asked_for = DOCUMENTS.arguments(method)
    # The generic call is named by what it was asked for.
    wire = asked_for.get("action") or asked_for.get("command") or method.wire
    assert (problem.provider, problem.operation) == (method.provider, wire)
    assert (problem.http_status, problem.request_id, problem.attempts) == (status, "r-1", 1)
    if status != 403:  # where sessions end, it says that one has ended
        assert problem.is_temporary is is_temporary


# Answers that are not in order


@pytest.mark.parametrize("method", ALL, ids=str)
@pytest.mark.parametrize("fault", ["cut_json", "garbage_json", "nan", "charset", "duplicate_keys", "empty", "html"])
def test_a_malformed_body_is_a_named_exception(method: Method, fault: str, door: Door, simulator: Simulator) -> None:
    arguments = sample_arguments(method, simulator)
    client = door.simulated(simulator, method.provider, retries=0)
    warm_up(door, client, method, arguments)
    simulator.add_fault(fault)
    if fault in ("nan", "duplicate_keys"):
        # A bare number has no keys, and some answers have no numbers: then the fault changes nothing.
        raw = outcome(door, client, method, arguments, raw=True)
        if not isinstance(raw, MetertapError):
            return
    for raw in (False, True):
        problem = outcome(door, client, method, arguments, raw=raw)
        assert isinstance(problem, errors.UnexpectedResponse), problem
        assert problem.provider == method.provider
        assert problem.http_status == 200
        assert "\n" not in str(problem)


@pytest.mark.parametrize("method", [*SHAPED, *COMPOSITES], ids=str)
def test_numbers_in_quotes_are_refused_with_their_place(method: Method, door: Door, simulator: Simulator) -> None:
    arguments = sample_arguments(method, simulator)
    client = door.simulated(simulator, method.provider, retries=0)
    warm_up(door, client, method, arguments)
    simulator.add_fault("wrong_types")
    answer = outcome(door, client, method, arguments, raw=False)
    if isinstance(answer, MetertapError):
        assert isinstance(answer, errors.UnexpectedResponse)
        assert re.search(r"\$.*: expected a (whole )?number, found a string", str(answer))
    else:
        # Some lists state no quantity, only pages, which are handed over as they are.
        assert not numbers_in(answer)


def warm_up(door: Door, client: Any, method: Method, arguments: dict[str, Any]) -> None:
    """Log in while the simulator still behaves."""
    door.ask(client, method.name, **arguments)


def outcome(door: Door, client: Any, method: Method, arguments: dict[str, Any], raw: bool) -> Any:
    try:
        return door.ask(client, method.name, **arguments, raw=raw)
    except MetertapError as problem:
        return problem


# Missing and further fields

COUNTER = itertools.count()


def ready(provider: str) -> dict[str, Any]:
    """Credentials that need no login; each time other ones, since an account's requests are spaced by its rate."""
    word = f"word-{next(COUNTER)}"
    return {
        "sora": {"api_key": word},
        "ricoh": {"client_id": "app", "client_secret": word},
        "uipath": {"organization_id": "11111111-1111-1111-1111-111111111111", "token": word},
        "devicewise": {"session_id": word},
        "volcengine": {"access_key": "a", "secret_key": word},
    }[provider]


def ask_server(door: Door, server: ScriptedServer, method: Method, raw: bool = False) -> Any:
    client = door.client(
        method.provider, **ready(method.provider), base_url=server.base_url(method.provider), retries=0
    )
    arguments = DOCUMENTS.arguments(method)
    return door.ask(client, method.name, **arguments, raw=raw)


class Documents:
    """One good answer per method, from a simulator that is asked once."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[dict[str, Any], Any]] = {}

    def _of(self, method: Method) -> tuple[dict[str, Any], Any]:
        if str(method) not in self._kept:
            with Simulator(seed=7, now=NOW) as simulator:
                arguments = sample_arguments(method, simulator)
                answer = getattr(simulator.client(method.provider), method.name)(**arguments, raw=True)
            self._kept[str(method)] = arguments, shortened(answer)
        return self._kept[str(method)]

    def arguments(self, method: Method) -> dict[str, Any]:
        return self._of(method)[0]

    def document(self, method: Method) -> Any:
        return copy.deepcopy(self._of(method)[1])


DOCUMENTS = Documents()


def shortened(document: Any) -> Any:
    """Return the document with at most two items in every list, and in what counts them: enough to see every field."""
    if isinstance(document, dict):
        short = {key: shortened(value) for key, value in document.items()}
        if "Pagination" in document:
            count = short["Pagination"]["TotalCount"]
            short["Pagination"]["TotalCount"] = type(count)(min(int(count), 2))
        return short
    return [shortened(item) for item in document[:2]] if isinstance(document, list) else document


def parent_of(document: Any, path: tuple[str | int, ...]) -> Any:
    for key in path[:-1]:
        document = document[key]
    return document


def one_of_each(document: Any) -> list[tuple[str | int, ...]]:
    """Return the paths of the leaves, only the first of those that differ in their indices alone."""
    found: dict[tuple[Any, ...], tuple[str | int, ...]] = {}
    for path, _ in leaves(document):
        found.setdefault(tuple("*" if isinstance(key, int) else key for key in path), path)
    return [path for path in found.values() if path and isinstance(path[-1], str)]


def answer_or_refusal(door: Door, server: ScriptedServer, method: Method, path: tuple[str | int, ...]) -> Any:
    """Return what comes of the server's answer; an exception names a place in it."""
    try:
        return ask_server(door, server, method)
    except (errors.UnexpectedResponse, errors.InconsistentResponse) as problem:
        if "$" not in str(problem):
            raise AssertionError(f"{path} is not named: {problem}") from problem
        return problem


@pytest.mark.parametrize("method", WITH_FIELDS, ids=str)
def test_a_missing_field_is_none_or_an_error_and_never_a_zero(
    method: Method, door: Door, server: ScriptedServer
) -> None:
    whole = DOCUMENTS.document(method)
    for path in one_of_each(whole):
        document = copy.deepcopy(whole)
        lost = parent_of(document, path).pop(path[-1])
        server.script = [json_reply(document)]
        answer = answer_or_refusal(door, server, method, path)
        if isinstance(answer, MetertapError):
            continue
        if isinstance(lost, int | float) and not isinstance(lost, bool):
            server.script = [json_reply(whole)]
            before = numbers_in(ask_server(door, server, method))
            gone = before - numbers_in(answer)
            assert not numbers_in(answer) - before, f"{path} became another number"
            assert gone in (Counter({digits(lost): 1}), Counter()), path


@pytest.mark.parametrize("method", SHAPED, ids=str)
def test_a_number_that_is_null_is_none_or_an_error_and_never_a_zero(
    method: Method, door: Door, server: ScriptedServer
) -> None:
    whole = DOCUMENTS.document(method)
    server.script = [json_reply(whole)]
    before = numbers_in(ask_server(door, server, method))
    paths = [path for path, value in leaves(whole) if isinstance(value, int | float) and not isinstance(value, bool)]
    for path in paths[:8]:
        document = copy.deepcopy(whole)
        if path:
            parent_of(document, path)[path[-1]] = None
        server.script = [json_reply(document if path else None)]
        answer = answer_or_refusal(door, server, method, path)
        after = Counter() if isinstance(answer, MetertapError) else numbers_in(answer)
        assert not after - before, f"{path} became another number"


@pytest.mark.parametrize("method", WITH_FIELDS, ids=str)
def test_a_further_field_is_kept_in_extra(method: Method, door: Door, server: ScriptedServer) -> None:
    """Add a field to every object of the answer: those that are records keep it, and nothing else changes."""
    whole = DOCUMENTS.document(method)
    server.script = [json_reply(whole)]
    before = ask_server(door, server, method)
    server.script = [json_reply(with_news(whole))]
    after = ask_server(door, server, method)
    assert ask_server(door, server, method, raw=True) == with_news(whole)
    kept = [record.extra.get("somethingNew") for record in records(after)]
    assert [1, "two"] in kept
    assert without_news(after) == before


def with_news(document: Any) -> Any:
    """Return the document with a further field in every object."""
    if isinstance(document, list):
        return [with_news(item) for item in document]
    if not isinstance(document, dict):
        return document
    # In an object of counters, a further member is a further counter.
    members = {key: value if key == "counters" else with_news(value) for key, value in document.items()}
    return {**members, "somethingNew": [1, "two"]}


def records(answer: Any) -> Iterator[Any]:
    if isinstance(answer, list):
        for item in answer:
            yield from records(item)
    elif dataclasses.is_dataclass(answer):
        yield answer
        for field in dataclasses.fields(answer):
            yield from records(getattr(answer, field.name))


def without_news(answer: Any) -> Any:
    """Take the further field out of records, and out of objects that are handed over as they are."""
    for record in records(answer):
        for field in dataclasses.fields(record):
            strip(getattr(record, field.name))
    return answer


def strip(value: Any) -> None:
    if isinstance(value, dict):
        value.pop("somethingNew", None)
        for member in value.values():
            strip(member)
    elif isinstance(value, list):
        for item in value:
            strip(item)


def test_the_request_of_a_malformed_answer_is_not_repeated(door: Door, server: ScriptedServer) -> None:
    server.script = [Reply(body=b'{"ingress": 1, "egress": ', headers={"X-Request-Id": "r-7"})]
    client = door.client("sora", api_key="k", base_url=server.origin)
    with pytest.raises(errors.UnexpectedResponse) as caught:
        door.ask(client, "total_traffic_this_month")
    assert len(server.seen) == 1
    assert caught.value.request_id == "r-7"
    assert 'the body begins "{\\"ingress\\": 1, \\"egress\\":"' in str(caught.value)


def test_what_a_malformed_answer_quotes_is_scrubbed(door: Door, server: ScriptedServer) -> None:
    def echo(seen: Seen) -> Reply:
        return Reply(body=f"you sent {seen.headers['authorization']}".encode())

    server.script = [echo]
    client = door.client("sora", api_key="canary-4f1d", base_url=server.origin)
    with pytest.raises(errors.UnexpectedResponse) as caught:
        door.ask(client, "total_traffic_this_month")
    assert "you sent Bearer ***" in str(caught.value)
    assert "canary-4f1d" not in str(caught.value)
