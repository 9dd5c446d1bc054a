"""Exceptions: one base, the builtin classes beside it, whole copies; and secrets that never show."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import io
import json
import logging
import multiprocessing
import pickle
import traceback
import warnings
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest
from support import CLASSES, QUESTIONS, Door, Reply, ScriptedServer, Seen, run_python

import metertap
from metertap import _core, errors, models
from metertap.simulator import Simulator

ALL = [kind for kind in map(errors.__dict__.get, errors.__all__) if issubclass(kind, errors.MetertapError)]

FACTS: dict[str, Any] = {
    "provider": "volcengine",
    "operation": "DescribeLiveTimeShiftData",
    "http_status": 429,
    "provider_code": "FlowLimitExceeded",
    "request_id": "2023X",
    "attempts": 3,
    "elapsed": 0.25,
    "retry_after": 7.0,
    "is_temporary": True,
    "retries_suppressed": True,
    "partial": [1, 2],
}

#: Where Python has a class of the same meaning.
BUILTINS: dict[type[Exception], set[type[BaseException]]] = {
    errors.InvalidArgument: {ValueError},
    errors.InvalidDocument: {ValueError},
    errors.WrongType: {ValueError, TypeError},
    errors.MissingExtra: {ImportError},
    errors.ConnectionFailed: {ConnectionError, OSError},
    errors.ConnectionLost: {ConnectionError, OSError},
    errors.RequestTimeout: {TimeoutError, OSError},
    errors.PermissionDenied: {PermissionError, OSError},
    errors.NotFound: {LookupError},
}


def test_the_list_of_classes_is_complete() -> None:
    defined = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, BaseException) and value.__module__ == errors.__name__
    }
    assert defined == set(errors.__all__)


@pytest.mark.parametrize("kind", ALL)
def test_every_class_has_one_base_and_the_builtin_of_its_meaning(kind: type[Exception]) -> None:
    assert issubclass(kind, errors.MetertapError)
    builtin = {base for base in kind.__mro__ if base.__module__ == "builtins"} - {object, BaseException, Exception}
    assert builtin == BUILTINS.get(kind, set())
    assert inspect.getdoc(kind)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_a_copy_is_whole(kind: type[errors.MetertapError], twin: Any) -> None:
    error = kind("it failed", **FACTS)
    error.own = "an attribute of the user's"  # type: ignore[attr-defined]
    other = twin(error)
    assert type(other) is kind
    assert str(other) == "it failed"
    assert other.args == error.args
    assert {name: getattr(other, name) for name in FACTS} == FACTS
    assert other.own == "an attribute of the user's"


def fail() -> None:
    """A function that a process can be told to run."""
    raise errors.RateLimited("too many", **FACTS)


def test_an_exception_comes_back_from_another_process() -> None:
    with (
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool,
        pytest.raises(errors.RateLimited, match="too many") as caught,
    ):
        pool.submit(fail).result(timeout=30)
    assert caught.value.retry_after == 7.0


def test_an_exception_made_by_hand_has_defaults() -> None:
    error = metertap.MetertapError("it failed")
    assert (error.provider, error.attempts, error.is_temporary, error.partial) == (None, 0, False, None)
    assert errors.MetertapError is metertap.MetertapError


@pytest.mark.parametrize("name", models.__all__)
def test_every_record_survives_pickle_and_copy(name: str) -> None:
    record = getattr(models, name)
    values = {field.name: field.name for field in dataclasses.fields(record) if field.name != "extra"}
    one = record(**values, extra={"unknown": [1]})
    for other in (pickle.loads(pickle.dumps(one)), copy.copy(one), copy.deepcopy(one)):
        assert other == one
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.extra = {}


# Secrets

#: Words that occur nowhere else; characters that are escaped differently in JSON, URLs and headers.
CANARY = 'canary-7f3a"+/=9'
USER = "canary-user-51c2"


def secret_clients(door: Door, base_url: str) -> list[Any]:
    """A client per way of logging in, with a canary for each secret."""
    guid = "11111111-1111-1111-1111-111111111111"
    accounts: list[tuple[str, dict[str, Any]]] = [
        ("sora", {"api_key": CANARY}),
        ("ricoh", {"client_id": "app", "client_secret": CANARY}),
        ("uipath", {"organization_id": guid, "token": CANARY}),
        (
            "uipath",
            {"organization_id": guid, "client_id": "c", "client_secret": CANARY, "organization_name": "acme"},
        ),
        ("devicewise", {"username": "u", "password": CANARY}),
        ("devicewise", {"app_id": "a", "app_token": CANARY, "thing_key": "t"}),
        ("devicewise", {"session_id": CANARY}),
        ("volcengine", {"access_key": "a", "secret_key": CANARY, "session_token": CANARY + "2"}),
        ("volcengine", {"access_key": "a", "secret_key": lambda: CANARY}),
    ]
    return [door.client(provider, **account, base_url=base_url, retries=0) for provider, account in accounts]


def assert_secret(text: str) -> None:
    """Look for the canary as it is, and as JSON, URLs and base64 write it."""
    for form in ("canary-7f3a", "canary%2D7f3a", "Y2FuYXJ5LTdmM2", "NhbmFyeS03ZjNh", "jYW5hcnktN2YzY"):
        assert form not in text


def everything(error: BaseException) -> str:
    """What a notebook in verbose mode shows of an exception: every frame with its locals."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(shown.format()) + repr(error) + repr(vars(error))


@pytest.mark.parametrize("reply", ["echo", "refused", "broken"])
def test_no_error_log_or_traceback_shows_a_secret(
    reply: str, door: Door, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    def echo(seen: Seen) -> Reply:
        # A gateway that shows the whole request in its error page.
        said = f"{seen.method} {seen.path} {seen.query} {seen.headers} ".encode() + seen.body
        return Reply({"echo": 200, "refused": 403, "broken": 502}[reply], {"X-Request-Id": CANARY}, said)

    server.script = [echo]
    caplog.set_level(1)
    clients = secret_clients(door, server.origin)
    for client in clients:
        method, arguments = QUESTIONS[client.provider]
        with pytest.raises(metertap.MetertapError) as caught:
            door.ask(client, method, **arguments)
        assert_secret(str(caught.value))
        assert_secret(pickle.dumps(caught.value).decode("latin-1"))
        assert_secret("".join(traceback.format_exception(caught.value)))
        assert_secret(everything(caught.value))
    assert_secret(caplog.text)
    assert len(server.seen) == len(clients)


@pytest.mark.parametrize("status", [200, 403, 502])
def test_no_half_of_a_secret_shows_where_a_quotation_ends(status: int, door: Door, server: ScriptedServer) -> None:
    word = "canaryabcdefghijklmnopqrstuvwxyz"
    for before in range(165, 305, 5):
        server.script = [Reply(status, {}, b"x" * before + word.encode())]
        client = door.client("sora", api_key=word, base_url=server.origin, retries=0)
        with pytest.raises(metertap.MetertapError) as caught:
            door.ask(client, "total_sessions_this_month")
        assert "canary" not in str(caught.value), before


APPLICATION = {
    "organization_id": "11111111-1111-1111-1111-111111111111",
    "organization_name": "o",
    "client_id": "c",
    "client_secret": "s",
}


@pytest.mark.parametrize(
    ("provider", "account", "body"),
    [
        ("uipath", APPLICATION, '{"access_token":"%s","expires_in":-1}'),
        ("uipath", APPLICATION, '{"access_token":["%s"]}'),
        ("uipath", APPLICATION, '{"access_token":"%s"'),
        ("devicewise", {"username": "u", "password": "p"}, '{"auth":{"success":true,"params":{"sessionID":"%s"}}}'),
        ("devicewise", {"username": "u", "password": "p"}, '{"auth":{"success":true,"params":{"sessionId":"%s"'),
    ],
)
def test_a_login_that_is_not_understood_shows_no_token(
    provider: str, account: dict[str, str], body: str, door: Door, server: ScriptedServer
) -> None:
    server.script = [Reply(body=(body % CANARY.replace('"', "")).encode()), Reply(500)]
    client = door.client(provider, **account, base_url=server.origin, retries=0)
    method, arguments = QUESTIONS[provider]
    with pytest.raises(metertap.MetertapError) as caught:
        door.ask(client, method, **arguments)
    assert_secret(everything(caught.value))


def test_a_constructor_that_fails_shows_no_secret(door: Door) -> None:
    for account in ({"api_key": CANARY, "base_url": "nowhere"}, {"api_key": CANARY + "\n" + CANARY}):
        with pytest.raises(errors.InvalidArgument) as caught:
            build(door, dict(account))
        frames = [frame for frame in traceback.extract_tb(caught.value.__traceback__) if "metertap" in frame.filename]
        assert frames
        assert_secret(own_frames(caught.value))


def build(door: Door, account: dict[str, Any]) -> Any:
    return door.client("sora", **account)


def own_frames(error: BaseException) -> str:
    """The frames of the package with their locals; those of the test hold the canary by themselves."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    shown.stack = traceback.StackSummary.from_list(
        [frame for frame in shown.stack if "site-packages/metertap" in frame.filename]
    )
    return "".join(shown.format())


def test_no_surface_of_a_client_shows_a_secret(door: Door) -> None:
    for client in secret_clients(door, "http://127.0.0.1:9"):
        surfaces = [repr(client), str(client), f"{client}", repr(vars(client)), repr(dir(client))]
        surfaces += [repr(getattr(client, name)) for name in dir(client) if not name.startswith("__")]
        surfaces += [repr(getattr(client._core, name)) for name in dir(client._core) if not name.startswith("__")]
        assert_secret("\n".join(surfaces))


def test_clients_refuse_to_be_pickled_and_say_what_to_do(door: Door) -> None:
    for client in secret_clients(door, "http://127.0.0.1:9"):
        name = CLASSES[client.provider]
        for write in (pickle.dumps, lambda it: pickle.dump(it, io.BytesIO())):
            with pytest.raises(TypeError, match=f"cannot be pickled; build it where it is used.*{name}.from_env"):
                write(client)
        assert copy.copy(client) is client
        assert copy.deepcopy([client]) == [client]
        with pytest.raises(TypeError):
            json.dumps(client)


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = _core.Secret(CANARY)
    assert repr(secret) == str(secret) == f"{secret}" == "Secret(***)"
    assert not hasattr(secret, "__dict__")
    for refuse in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            refuse(secret)


def test_a_callable_for_a_secret_may_fail_without_telling_it(door: Door, simulator: Simulator) -> None:
    def vault() -> str:
        raise RuntimeError(f"cannot open {CANARY}")

    client = door.simulated(simulator, "sora", api_key=vault)
    with pytest.raises(errors.AuthenticationFailed, match="the callable for api_key raised RuntimeError") as caught:
        door.ask(client, "total_sessions_this_month")
    assert_secret(str(caught.value))
    assert simulator.counts.requests == 0


@pytest.mark.parametrize(("word", "problem"), [("", "empty"), ("a\nb", "one line"), (7, "str")])
def test_what_a_callable_returns_is_checked(word: Any, problem: str, door: Door, simulator: Simulator) -> None:
    client = door.simulated(simulator, "sora", api_key=lambda: word)
    with pytest.raises(metertap.MetertapError, match=problem):
        door.ask(client, "total_sessions_this_month")
    assert simulator.counts.requests == 0


def test_a_callable_is_asked_for_every_request(door: Door, simulator: Simulator) -> None:
    word = simulator.credentials("sora")["api_key"]
    asked = []
    client = door.simulated(simulator, "sora", api_key=lambda: asked.append(1) or word)
    for _ in range(3):
        door.ask(client, "total_sessions_this_month")
    assert len(asked) == 3


def test_a_proxy_shows_without_its_password(door: Door) -> None:
    client = door.client("sora", api_key="k", proxy=f"http://{USER}:canary-7f3a@proxy.example.com:3128")
    assert "proxy='proxy.example.com:3128'" in repr(client)
    assert USER not in repr(client)
    assert_secret(repr(client))


def test_logs_tell_of_attempts_and_never_of_bodies(
    door: Door, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "metertap")
    simulator.add_fault("status:503;body=secret-body", times=1)
    number = door.ask(door.simulated(simulator, "sora"), "total_sessions_this_month")
    assert [record.levelname for record in caplog.records] == ["DEBUG", "INFO", "DEBUG"]
    assert "HTTP 503" in caplog.records[0].getMessage()
    assert "Repeating in" in caplog.records[1].getMessage()
    assert "(attempt 2)" in caplog.records[2].getMessage()
    assert str(number) not in caplog.records[2].getMessage()


def test_nothing_is_printed_where_logging_is_not_set_up() -> None:
    code = """
from metertap.simulator import Simulator
with Simulator(seed=7) as simulator:
    simulator.add_fault("status:500", times=1)
    simulator.client("sora").total_sessions_this_month()
    try:
        simulator.client("sora", api_key="wrong").total_sessions_this_month()
    except Exception:
        pass
"""
    assert run_python(code + "import sys; sys.stderr = sys.stdout") == ""


def test_no_warning_comes_with_ordinary_use(door: Door, simulator: Simulator) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        door.ask(door.simulated(simulator, "sora"), "total_sessions_this_month")
