"""What cannot work is refused before any request, in one sentence that says what to do."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support import CLASSES, NOW, PROVIDERS, QUESTIONS, Door, Reply, ScriptedServer, good_body

import metertap
from metertap.errors import InvalidArgument, MetertapError, WrongType
from metertap.focus import extract
from metertap.plot import plot
from metertap.rate_card import Rate, RateCard
from metertap.simulator import Simulator
from metertap.usage import Coverage

GUID = "11111111-1111-1111-1111-111111111111"
NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 - it is what is refused
AWARE = datetime(2026, 1, 1, tzinfo=timezone.utc)
LATER = "2026-02-01"


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    with Simulator(seed=7, now=NOW) as simulator:
        yield simulator
        assert simulator.counts.connections == 0, "something was sent, after all"


def check(error: InvalidArgument, kind: type[InvalidArgument], says: str) -> None:
    text = str(error)
    assert type(error) is kind
    assert isinstance(error, ValueError)
    assert isinstance(error, TypeError) is (kind is WrongType)
    assert says in text
    assert "\n" not in text
    assert text.endswith((".", "?"))
    assert not text.endswith(("..", "?."))
    assert (error.attempts, error.http_status, error.is_temporary) == (0, None, False)


# Clients

ONE_LINE = "must be one line without control characters"
SCHEME = "must start with https:// (or http:// for a server on this machine)"
SURROGATE = "{} holds a lone surrogate, which is no character: it was probably read from bytes that are not UTF-8"
NO_URL = 'is no URL; write for example "https://api.example.com"'

#: Keywords of a client of Sora, and what is said about them.
CLIENTS: list[tuple[dict[str, Any], type[InvalidArgument], str]] = [
    ({"api_key": ""}, InvalidArgument, "api_key must not be empty"),
    ({"api_key": " \t"}, InvalidArgument, "api_key must not be empty"),
    ({"api_key": "a\nb"}, InvalidArgument, f"api_key {ONE_LINE}"),
    ({"api_key": "a\rb"}, InvalidArgument, f"api_key {ONE_LINE}"),
    ({"api_key": "a\0b"}, InvalidArgument, f"api_key {ONE_LINE}"),
    ({"api_key": None}, InvalidArgument, "Sora Cloud needs an api_key"),
    ({"api_key": 7}, WrongType, "api_key must be a str or a callable that returns one, not int"),
    ({"api_key": b"bytes"}, WrongType, "api_key must be a str or a callable that returns one, not bytes"),
    ({"base_url": "api.example.com"}, InvalidArgument, SCHEME),
    ({"base_url": ""}, InvalidArgument, SCHEME),
    ({"base_url": "ftp://api.example.com"}, InvalidArgument, SCHEME),
    ({"base_url": "HTTP://127.0.0.1"}, InvalidArgument, SCHEME),
    ({"base_url": "https://"}, InvalidArgument, NO_URL),
    ({"base_url": "https://api.example.com:99999"}, InvalidArgument, NO_URL),
    ({"base_url": "https:////api.example.com"}, InvalidArgument, "has no host behind the two slashes"),
    ({"base_url": "http:///api.example.com"}, InvalidArgument, "has no host behind the two slashes"),
    ({"base_url": "https://api.example.com\\v1"}, InvalidArgument, "must not contain a backslash"),
    ({"base_url": "https://api.exam\nple.com"}, InvalidArgument, "without blanks, control characters and invisible"),
    ({"base_url": "https://api .example.com"}, InvalidArgument, "without blanks, control characters and invisible"),
    (
        {"base_url": "https://api.example.com\u200b"},
        InvalidArgument,
        "without blanks, control characters and invisible",
    ),
    (
        {"base_url": "https://api.example.com\u2066"},
        InvalidArgument,
        "without blanks, control characters and invisible",
    ),
    ({"base_url": "https://api.example.com/\udce9"}, InvalidArgument, SURROGATE.format("base_url")),
    ({"base_url": "me:hunter2@api.example.com"}, InvalidArgument, "must not contain a user name or password"),
    ({"base_url": "https://me:hunter2@[api"}, InvalidArgument, f"base_url {NO_URL}"),
    ({"api_key": "hunter2\udce9"}, InvalidArgument, SURROGATE.format("api_key")),
    ({"api_key": "hunter2\u200b"}, InvalidArgument, "api_key must consist of ASCII characters, as tokens do"),
    ({"api_key": "Bearer"}, InvalidArgument, "api_key is the word Bearer alone; the token behind it is missing"),
    ({"api_key": " bearer "}, InvalidArgument, "api_key is the word Bearer alone; the token behind it is missing"),
    ({"base_url": "http://api.example.com"}, InvalidArgument, "would send credentials unencrypted; use https://"),
    ({"base_url": "http://127.0.0.1.example.com"}, InvalidArgument, "would send credentials unencrypted"),
    ({"base_url": "http://192.168.0.1"}, InvalidArgument, "would send credentials unencrypted"),
    ({"base_url": "http://0.0.0.0"}, InvalidArgument, "would send credentials unencrypted"),
    ({"base_url": "https://me:hunter2@api.example.com"}, InvalidArgument, "must not contain a user name or password"),
    ({"base_url": "https://api.example.com?key=hunter2"}, InvalidArgument, "must not have a query"),
    ({"base_url": "https://api.example.com#x"}, InvalidArgument, "must not have a query or a fragment"),
    ({"base_url": 7}, WrongType, "base_url must be a str, not int"),
    ({"api_kye": "k"}, WrongType, "Sora has no argument 'api_kye'; did you mean 'api_key'?"),
    ({"tiemout": 3}, WrongType, "Sora has no argument 'tiemout'; did you mean 'timeout'?"),
    ({"verify": False}, WrongType, "Sora has no argument 'verify'"),
    ({"timeout": 0}, InvalidArgument, "timeout must be a number of seconds above 0"),
    ({"timeout": -1}, InvalidArgument, "timeout must be a number of seconds above 0"),
    ({"timeout": float("nan")}, InvalidArgument, "timeout must be a number of seconds above 0"),
    ({"timeout": float("inf")}, InvalidArgument, "timeout must be a number of seconds above 0"),
    ({"timeout": "5"}, WrongType, "timeout must be seconds as a number, not str"),
    ({"timeout": True}, WrongType, "timeout must be seconds as a number, not bool"),
    ({"retries": -1}, InvalidArgument, "retries must be between 0 and 10000, not -1"),
    ({"retries": 2**40}, InvalidArgument, "retries must be between 0 and 10000"),
    ({"retries": 1.5}, WrongType, "retries must be an int, not float"),
    ({"retries": None}, WrongType, "retries must be an int, not NoneType"),
    ({"max_concurrency": 0}, InvalidArgument, "max_concurrency must be between 1 and 10000, not 0"),
    ({"max_concurrency": 2**64}, InvalidArgument, "max_concurrency must be between 1 and 10000"),
    ({"max_concurrency": "2"}, WrongType, "max_concurrency must be an int, not str"),
    ({"max_per_second": 0}, InvalidArgument, "max_per_second must be a number of requests above 0"),
    ({"max_per_second": -1}, InvalidArgument, "max_per_second must be a number of requests above 0"),
    ({"max_per_second": float("nan")}, InvalidArgument, "max_per_second must be a number of requests above 0"),
    ({"max_per_second": 10**400}, InvalidArgument, "max_per_second must not be larger than"),
    ({"max_per_second": "2"}, WrongType, "max_per_second must be requests a second as a number, not str"),
    ({"name": ""}, InvalidArgument, "name must not be empty"),
    ({"name": "a\nb"}, InvalidArgument, f"name {ONE_LINE}"),
    ({"name": 3}, WrongType, "name must be a str, not int"),
    ({"ca_file": 3}, WrongType, "ca_file must be a path, not int"),
    ({"proxy": "nonsense"}, InvalidArgument, 'write for example "http://proxy.example.com:3128"'),
    ({"proxy": "ftp://me:hunter2@proxy.example.com"}, InvalidArgument, "proxy is no URL of a proxy; write"),
    ({"proxy": "socks5://me:hunter2@proxy.example.com"}, InvalidArgument, "proxy is no URL of a proxy; write"),
    ({"proxy": "http://me:hunter2@[bad"}, InvalidArgument, "proxy is no URL of a proxy; write"),
    ({"proxy": "http://proxy\u200b.example.com"}, InvalidArgument, "proxy is no URL of a proxy; write"),
    ({"name": "\ud800"}, InvalidArgument, SURROGATE.format("name")),
    ({"ca_file": "\udcff.pem"}, InvalidArgument, SURROGATE.format("ca_file")),
    ({"ca_file": b"ca.pem"}, WrongType, "ca_file must be a path, not bytes"),
    ({"on_event": 3}, WrongType, "on_event must be a callable, not int"),
    ({"timeout": 10**4000}, InvalidArgument, "timeout must not be larger than"),
    ({"retries": 10**4000}, InvalidArgument, "retries must be between 0 and 10000"),
    ({"\udce9": 3}, WrongType, "Sora has no argument '\\udce9'"),
    ({"proxy": 3}, WrongType, "proxy must be a URL, None or 'environment', not int"),
]

#: The same for the other providers.
ACCOUNTS: list[tuple[str, dict[str, Any], type[InvalidArgument], str]] = [
    ("ricoh", {"client_id": ""}, InvalidArgument, "client_id must not be empty"),
    ("ricoh", {"client_id": "a:b"}, InvalidArgument, "client_id must not contain a colon"),
    ("ricoh", {"client_id": ".."}, InvalidArgument, 'client_id is "..", which no URL can carry as a name'),
    ("ricoh", {"client_id": 4}, WrongType, "client_id must be a str, not an int"),
    ("ricoh", {"client_id": None}, WrongType, 'needs the argument "client_id"'),
    ("ricoh", {"client_secret": None}, InvalidArgument, "needs a client_secret"),
    ("ricoh", {"client_secret": "two\nlines"}, InvalidArgument, f"client_secret {ONE_LINE}"),
    ("ricoh", {"label_template": "/labels"}, InvalidArgument, "label_template must be a path"),
    ("uipath", {"organization_id": "acme"}, InvalidArgument, 'must be a GUID like "7c0e3f0a-52d1-4a7e-9a35-'),
    ("uipath", {"organization_id": "{" + GUID + "}"}, InvalidArgument, "must be a GUID like"),
    ("uipath", {"organization_id": GUID[:-1]}, InvalidArgument, "must be a GUID like"),
    ("uipath", {"token": None}, InvalidArgument, "needs exactly one of: token; client_id and client_secret"),
    ("uipath", {"token": "two\nlines"}, InvalidArgument, f"token {ONE_LINE}"),
    ("uipath", {"client_id": "c", "client_secret": "s"}, InvalidArgument, "needs exactly one of"),
    ("uipath", {"token": None, "client_id": "c", "client_secret": "s"}, InvalidArgument, "needs organization_name"),
    ("uipath", {"organization_segment": "yes"}, WrongType, "organization_segment must be True or False, not a str"),
    ("devicewise", {"base_url": None}, InvalidArgument, "needs a base_url, for example"),
    ("devicewise", {"session_id": None}, InvalidArgument, "needs exactly one of: username and password"),
    ("devicewise", {"username": "u", "password": "p"}, InvalidArgument, "needs exactly one of: username and password"),
    ("devicewise", {"session_id": None, "username": "u"}, InvalidArgument, "needs exactly one of"),
    ("devicewise", {"session_id": "two\nlines"}, InvalidArgument, f"session_id {ONE_LINE}"),
    ("devicewise", {"username": 3}, WrongType, "username must be a str, not an int"),
    ("volcengine", {"access_key": ""}, InvalidArgument, "access_key must not be empty"),
    ("volcengine", {"secret_key": ""}, InvalidArgument, "secret_key must not be empty"),
    ("volcengine", {"secret_key": None}, InvalidArgument, "Volcengine Live needs a secret_key"),
    ("volcengine", {"session_token": "two\nlines"}, InvalidArgument, f"session_token {ONE_LINE}"),
    ("volcengine", {"region": ""}, InvalidArgument, "region must not be empty"),
    ("volcengine", {"region": "a/b"}, InvalidArgument, 'region must be one word of letters, digits, "-", "_" and "."'),
    ("volcengine", {"region": "本"}, InvalidArgument, "region must be one word of letters, digits"),
    ("volcengine", {"access_key": "a/b"}, InvalidArgument, "access_key must be one word of ASCII characters without"),
    ("volcengine", {"access_key": "a,b"}, InvalidArgument, "access_key must be one word of ASCII characters without"),
    ("volcengine", {"access_key": None}, WrongType, 'needs the argument "access_key"'),
    ("volcengine", {"access_key": 7}, WrongType, "access_key must be a str, not an int"),
    ("volcengine", {"secret_key": "s\udce9"}, InvalidArgument, SURROGATE.format("secret_key")),
    ("uipath", {"token": "Bearer\t"}, InvalidArgument, "token is the word Bearer alone"),
    ("uipath", {"token_url": "https:////x"}, InvalidArgument, "token_url has no host behind the two slashes"),
    ("uipath", {"token_url": "https://x\\y"}, InvalidArgument, "token_url must not contain a backslash"),
    ("uipath", {"token_url": "https://x\u200b"}, InvalidArgument, "token_url must be one word without blanks"),
]


def account(provider: str) -> dict[str, Any]:
    """Credentials that are well-formed."""
    return {
        "sora": {"api_key": "k"},
        "ricoh": {"client_id": "c", "client_secret": "s"},
        "uipath": {"organization_id": GUID, "token": "t"},
        "devicewise": {"session_id": "s"},
        "volcengine": {"access_key": "a", "secret_key": "s"},
    }[provider]


def shown(value: Any) -> str | None:
    return repr(value)[:60].replace("\\", "/") if isinstance(value, dict) else None


@pytest.mark.parametrize(
    ("provider", "options", "kind", "says"), [*(("sora", *row) for row in CLIENTS), *ACCOUNTS], ids=shown
)
def test_a_client_that_cannot_work_is_not_built(
    provider: str, options: dict[str, Any], kind: type[InvalidArgument], says: str, door: Door, world: Simulator
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        door.client(provider, **{**account(provider), "base_url": world.base_url(provider), **options})
    check(caught.value, kind, says)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/v1", "http://localhost:1", "http://[::1]:9", "https://a.b:8443"]
)
def test_a_sound_address_is_taken_as_it_is(url: str, door: Door) -> None:
    assert door.client("sora", api_key="k", base_url=url).base_url == url


@pytest.mark.parametrize(
    "url", ["https://cloud.uipath.com/", " https://cloud.uipath.com\n", "https://cloud.uipath.com//"]
)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_slashes_behind_an_address_and_blanks_around_it_are_taken_off(url: str, provider: str, door: Door) -> None:
    client = door.client(provider, **{**account(provider), "base_url": url})
    assert client.base_url == "https://cloud.uipath.com"


@pytest.mark.parametrize("given", ["Bearer good", "bearer   good", " BEARER good ", "good"])
@pytest.mark.parametrize("is_callable", [False, True])
@pytest.mark.parametrize(("provider", "field"), [("sora", "api_key"), ("uipath", "token")])
def test_the_word_bearer_is_sent_once(
    given: str, is_callable: bool, provider: str, field: str, door: Door, server: ScriptedServer
) -> None:
    server.script = [Reply(body=good_body(provider))]
    secret = {field: (lambda: given) if is_callable else given}
    client = door.client(provider, **{**account(provider), **secret, "base_url": server.origin})
    method, arguments = QUESTIONS[provider]
    door.ask(client, method, **arguments)
    assert [seen.headers["authorization"] for seen in server.seen] == ["Bearer good"]


def test_a_callable_that_returns_what_is_no_text_is_refused_without_it(door: Door, server: ScriptedServer) -> None:
    for word, says in (
        ("hunter2\udce9", "the callable for api_key returned what is no text: it holds a lone surrogate"),
        (b"hunter2", "the callable for api_key must return a str"),
        ("hunter2\nhunter2", f"api_key {ONE_LINE}"),
    ):
        client = door.client("sora", api_key=lambda word=word: word, base_url=server.origin)
        with pytest.raises(MetertapError) as caught:
            door.ask(client, "total_sessions_this_month")
        assert says in str(caught.value)
        assert "hunter2" not in str(caught.value)
        assert caught.value.__context__ is None
    assert server.seen == []


@pytest.mark.filterwarnings("ignore::metertap.CoverageWarning")  # the canned answer is of a shorter range
def test_an_access_key_that_changes_signs_with_its_own_secret(door: Door, server: ScriptedServer) -> None:
    """The pair is exchanged while it is asked for: after the key, before its secret."""
    server.script = [Reply(body=good_body("volcengine"))]
    pairs = {"key-1": "secret-1", "key-2": "secret-2"}
    current, asked = ["key-1"], []

    def secret_key() -> str:
        asked.append(current[0])
        word = pairs[current[0]]
        current[0] = "key-2"
        return word

    def access_key() -> str:
        key = current[0]
        if not asked:  # another thread exchanges the pair here
            current[0] = "key-2"
        return key

    method, arguments = QUESTIONS["volcengine"]
    door.ask(
        door.client("volcengine", access_key=access_key, secret_key=secret_key, base_url=server.origin),
        method,
        **arguments,
    )
    fixed = door.client("volcengine", access_key="key-2", secret_key="secret-2", base_url=server.origin)
    door.ask(fixed, method, **arguments)
    sent = [seen.headers["authorization"] for seen in server.seen]
    assert all("Credential=key-2/" in header for header in sent)
    if server.seen[0].headers["x-date"] == server.seen[1].headers["x-date"]:
        assert sent[0] == sent[1]


@pytest.mark.parametrize("style", ["the key draws", "both draw"])
def test_a_pair_that_is_drawn_anew_each_time_still_fits(style: str, door: Door, simulator: Simulator) -> None:
    """Callables that never return the same again are asked a bounded number of times, and the last pair is taken."""
    good = simulator.credentials("volcengine")
    drawn: list[int] = []

    def access_key() -> str:
        drawn.append(1)
        return good["access_key"] if len(drawn) == 3 else f"other{len(drawn)}"

    client = door.simulated(
        simulator,
        "volcengine",
        access_key=access_key,
        secret_key=(lambda: good["secret_key"]) if style == "both draw" else good["secret_key"],
        retries=0,
    )
    method, arguments = QUESTIONS["volcengine"]
    if style == "both draw":
        door.ask(client, method, **arguments)
        assert len(drawn) == 3
    else:  # alone, it is asked once
        with pytest.raises(MetertapError):
            door.ask(client, method, **arguments)


def test_blanks_around_a_secret_are_forgiven(door: Door) -> None:
    assert door.client("sora", api_key=" k\n").name == "sora"


def test_a_certificate_file_that_is_none_is_said_at_the_first_call(door: Door, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate")
    for file, says in ((tmp_path / "missing.pem", "cannot be read"), (empty, "holds no certificate in PEM form")):
        client = door.client("sora", api_key="k", base_url="https://127.0.0.1:9", ca_file=file)
        with pytest.raises(InvalidArgument, match=says) as caught:
            door.ask(client, "total_sessions_this_month")
        assert caught.value.attempts == 0


# Calls

NO_ZONE = "has no time zone; pass an aware datetime such as datetime(2026, 1, 1, tzinfo=timezone.utc)"
SECONDS = "which looks like seconds; pass Unix milliseconds or an aware datetime"

#: Method, arguments, and what is said about them.
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[InvalidArgument], str]] = [
    ("sora.traffics_for_month", (2026, 13), {}, InvalidArgument, "month must be between 1 and 12, not 13"),
    ("sora.traffics_for_month", (2026, 0), {}, InvalidArgument, "month must be between 1 and 12, not 0"),
    ("sora.traffics_for_month", (26, 1), {}, InvalidArgument, "year must be between 2000 and 9999, not 26"),
    ("sora.traffics_for_month", (2**70, 1), {}, InvalidArgument, "year is an int that does not fit 64 bits"),
    ("sora.traffics_for_month", ("2026", 1), {}, WrongType, "year must be an int, not a str"),
    ("sora.traffics_for_month", (2026.0, 1), {}, WrongType, "year must be an int, not a float"),
    ("sora.traffics_for_month", (True, 1), {}, WrongType, "year must be an int, not a bool"),
    ("sora.traffics_for_month", (None, 1), {}, WrongType, 'needs the argument "year"'),
    ("sora.total_sessions_this_month", (), {"raw": "yes"}, WrongType, "raw must be True or False, not str"),
    ("sora.status_this_month", (), {"raw": 1}, WrongType, "raw must be True or False, not int"),
    ("ricoh.cost_and_usage_total", (NAIVE, LATER), {}, InvalidArgument, f"since {NO_ZONE}"),
    ("ricoh.cost_and_usage_total", ("2026-01-01", NAIVE), {}, InvalidArgument, f"until {NO_ZONE}"),
    ("ricoh.cost_and_usage_total", (AWARE, AWARE), {}, InvalidArgument, "must be before until"),
    ("ricoh.cost_and_usage_total", (LATER, AWARE), {}, InvalidArgument, "must be before until"),
    (
        "ricoh.cost_and_usage_total",
        ("2026-01-01T09:00:00+09:00", "2026-01-01T00:00:00Z"),
        {},
        InvalidArgument,
        "since (2026-01-01T09:00:00+09:00) must be before until (2026-01-01T00:00:00+00:00)",
    ),
    ("ricoh.cost_and_usage_total", ("2026-01-01T00:00:00", LATER), {}, InvalidArgument, 'add "Z" or "+09:00"'),
    ("ricoh.cost_and_usage_total", ("January", LATER), {}, InvalidArgument, 'neither a date like "2026-01-31" nor'),
    ("ricoh.cost_and_usage_total", ("2026-02-30", LATER), {}, InvalidArgument, "neither a date like"),
    ("ricoh.cost_and_usage_total", ("", LATER), {}, InvalidArgument, "neither a date like"),
    ("ricoh.cost_and_usage_total", (1767225600, LATER), {}, WrongType, "since must be an aware datetime, a date"),
    ("ricoh.cost_and_usage_total", (object(), LATER), {}, WrongType, "since cannot be of the type object"),
    ("ricoh.cost_and_usage_total", (AWARE, LATER), {"env": "production"}, InvalidArgument, 'did you mean "prod"?'),
    ("ricoh.cost_and_usage_total", (AWARE, LATER), {"env": []}, InvalidArgument, "leave it out to ask for all"),
    ("ricoh.cost_and_usage_total", (AWARE, LATER), {"env": [1]}, WrongType, "env must be a str or a list of them"),
    (
        "ricoh.cost_and_usage_for_label",
        (".", AWARE, LATER),
        {},
        InvalidArgument,
        'label is ".", which no URL can carry',
    ),
    ("ricoh.cost_and_usage_for_label", ("..", AWARE, LATER), {}, InvalidArgument, 'label is "..", which no URL can'),
    ("ricoh.cost_and_usage_for_label", ("", AWARE, LATER), {}, InvalidArgument, "label must not be empty"),
    ("uipath.consumption_summary", (NAIVE, AWARE, "AIU"), {}, InvalidArgument, f"start {NO_ZONE}"),
    ("uipath.consumption_summary", (1767225600, 1769904000, "AIU"), {}, InvalidArgument, SECONDS),
    ("uipath.consumption_summary", (-1, 1769904000000, "AIU"), {}, InvalidArgument, SECONDS),
    ("uipath.consumption_summary", (1767225600000, 1767225600000, "AIU"), {}, InvalidArgument, "must be before end"),
    ("uipath.consumption_summary", (date(2026, 2, 1), date(2026, 1, 1), "AIU"), {}, InvalidArgument, "before end"),
    ("uipath.consumption_summary", (2**62, 2**62 + 1, "AIU"), {}, InvalidArgument, "beyond the year 9999"),
    ("uipath.consumption_summary", (1767225600.5, AWARE, "AIU"), {}, WrongType, "start must be an aware datetime"),
    ("uipath.consumption_summary", (Decimal(1), AWARE, "AIU"), {}, WrongType, "start must be an aware datetime"),
    ("uipath.consumption_summary", (AWARE, LATER, ""), {}, InvalidArgument, "consumable_code must not be empty"),
    ("uipath.consumption_summary", (AWARE, LATER, None), {}, WrongType, 'needs the argument "consumable_code"'),
    ("uipath.consumption_summary", (AWARE, LATER, ["AIU"]), {}, WrongType, "must be a str, not a list"),
    (
        "uipath.tenant_consumption_summary",
        ("acme", AWARE, LATER, "AIU"),
        {},
        InvalidArgument,
        "tenant_id must be a GUID",
    ),
    (
        "uipath.tenant_consumption_summary",
        ("../x", AWARE, LATER, "AIU"),
        {},
        InvalidArgument,
        "tenant_id must be a GUID",
    ),
    (
        "uipath.daily_consumption_by_service",
        (GUID, AWARE, LATER, "AIU"),
        {"folder_keys": ["x"]},
        InvalidArgument,
        "folder_keys must be a GUID",
    ),
    (
        "uipath.daily_consumption_by_service",
        (GUID, AWARE, LATER, "AIU"),
        {"aggregate_by_ownership": "yes"},
        WrongType,
        "aggregate_by_ownership must be True or False, not a str",
    ),
    ("devicewise.api_usage_history", (), {}, InvalidArgument, "needs either start and end, or last"),
    ("devicewise.api_usage_history", (AWARE,), {}, InvalidArgument, "needs either start and end, or last"),
    ("devicewise.api_usage_history", (AWARE, LATER, "24h"), {}, InvalidArgument, "needs either start and end, or last"),
    ("devicewise.api_usage_history", (NAIVE, LATER), {}, InvalidArgument, f"start {NO_ZONE}"),
    ("devicewise.api_usage_history", (LATER, AWARE), {}, InvalidArgument, "must be before end"),
    ("devicewise.api_usage_history", (), {"last": "1 day"}, InvalidArgument, 'like "24h", not "1 day"'),
    ("devicewise.api_usage_history", (), {"last": "0h"}, InvalidArgument, 'like "24h", not "0h"'),
    ("devicewise.api_usage_history", (), {"last": 24}, WrongType, "last must be a str, not an int"),
    (
        "devicewise.api_usage_history",
        (),
        {"last": "24h", "series": "week"},
        InvalidArgument,
        "must be one of hour, day",
    ),
    ("devicewise.api_usage_history", (), {"last": "24h", "show_all": 1}, WrongType, "show_all must be True or False"),
    ("devicewise.usage_report", (None,), {}, WrongType, 'needs the argument "start"'),
    ("devicewise.call", ("thing.delete",), {}, InvalidArgument, "must be a command that only reads"),
    ("devicewise.call", ("",), {}, InvalidArgument, "must be a command that only reads"),
    ("devicewise.call", ("session.info", ["x"]), {}, WrongType, "params must be a dict, not a list"),
    ("devicewise.call", ("session.info", {1: 2}), {}, WrongType, "the keys of params must be str"),
    ("volcengine.time_shift_data", (NAIVE, LATER), {}, InvalidArgument, f"start {NO_ZONE}"),
    ("volcengine.time_shift_data", (LATER, AWARE), {}, InvalidArgument, "must be before end"),
    ("volcengine.time_shift_data", (AWARE, LATER), {"vhosts": []}, InvalidArgument, "leave it out to ask for all"),
    ("volcengine.time_shift_data", (AWARE, LATER), {"aggregation": 7}, InvalidArgument, "aggregation must be one of"),
    ("volcengine.time_shift_data", (AWARE, LATER), {"vhost": "a"}, WrongType, 'did you mean "vhosts"?'),
    ("volcengine.time_shift_data", (), {}, WrongType, 'time_shift_data() needs the argument "start"'),
    ("volcengine.time_shift_data", (AWARE, LATER), {"start": AWARE}, WrongType, "time_shift_data() got start twice."),
    ("volcengine.time_shift_data", (AWARE,) * 5, {}, WrongType, "takes at most 4 positional arguments, not 5."),
    ("volcengine.call", ("DeleteDomain",), {}, InvalidArgument, "must be an action that only reads"),
    ("volcengine.call", ("DescribeX&Action=DeleteY",), {}, InvalidArgument, "must be an action that only reads"),
    ("volcengine.call", ("DescribeX", {}, "yesterday"), {}, InvalidArgument, 'must be a date like "2023-01-01"'),
]


@pytest.mark.parametrize(
    ("method", "args", "kwargs", "kind", "says"), CALLS, ids=[f"{row[0]}-{row[4][:40]}" for row in CALLS]
)
def test_a_question_that_cannot_work_is_not_sent(
    method: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    kind: type[InvalidArgument],
    says: str,
    door: Door,
    world: Simulator,
) -> None:
    provider, name = method.split(".")
    client = door.client(provider, **account(provider), base_url=world.base_url(provider))
    with pytest.raises(InvalidArgument) as caught:
        door.ask(client, name, *args, **kwargs)
    check(caught.value, kind, says)


def test_a_naive_timestamp_of_pandas_is_refused_and_an_aware_one_is_taken(door: Door, simulator: Simulator) -> None:
    pandas = pytest.importorskip("pandas")
    ricoh = door.simulated(simulator, "ricoh")
    with pytest.raises(InvalidArgument, match="since has no time zone"):
        door.ask(ricoh, "cost_and_usage_total", pandas.Timestamp("2026-02-01"), "2026-03-01")
    aware = door.ask(ricoh, "cost_and_usage_total", pandas.Timestamp("2026-02-01", tz="UTC"), "2026-03-01")
    assert aware == door.ask(ricoh, "cost_and_usage_total", date(2026, 2, 1), date(2026, 3, 1))


@pytest.mark.parametrize(
    ("method", "args", "kwargs", "says"),
    [
        ("traffics_for_month", (2026,), {}, 'traffics_for_month() needs the argument "month": the calendar month'),
        ("traffics_for_month", (2026, 2), {"mouth": 2}, 'has no argument "mouth"; did you mean "month"?'),
        ("total_sessions_this_month", (), {"tz": "UTC"}, 'total_sessions_this_month() has no argument "tz"'),
        ("status_this_month", (1,), {}, "status_this_month() takes at most 0 positional arguments, not 1."),
        ("status_this_month", (), {"month": 1}, 'status_this_month() has no argument "month"'),
    ],
)
def test_what_python_itself_would_refuse_is_told_as_everything_else(
    method: str, args: tuple[Any, ...], kwargs: dict[str, Any], says: str, door: Door, world: Simulator
) -> None:
    client = door.client("sora", api_key="k", base_url=world.base_url("sora"))
    with pytest.raises(TypeError) as caught:
        door.ask(client, method, *args, **kwargs)
    check(caught.value, WrongType, says)


@pytest.mark.parametrize(
    ("provider", "given", "names"),
    [
        ("sora", {}, "api_key="),
        ("ricoh", {}, "client_id= and client_secret="),
        ("uipath", {"token": "t"}, "organization_id="),
        ("volcengine", {"access_key": "k"}, "secret_key="),
    ],
)
def test_a_keyword_that_a_client_needs_is_a_type_error_as_of_any_function(
    provider: str, given: dict[str, Any], names: str, door: Door
) -> None:
    with pytest.raises(TypeError) as caught:
        door.client(provider, **given)
    assert isinstance(caught.value, WrongType)
    assert str(caught.value).startswith(f"{CLASSES[provider]}() needs {names}: write {CLASSES[provider]}(")


# The environment


def test_a_missing_variable_is_named(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("METERTAP_SORA_API_KEY", raising=False)
    with pytest.raises(InvalidArgument, match="looked for METERTAP_SORA_API_KEY, METERTAP_SORA_BASE_URL"):
        door.module.Sora.from_env()


def test_the_vendors_variables_come_before_ours(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "VOLC_ACCESSKEY": "theirs",
        "VOLC_SECRETKEY": "s",
        "METERTAP_VOLCENGINE_ACCESS_KEY": "a\nb",
        "METERTAP_VOLCENGINE_BASE_URL": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    client = door.module.Volcengine.from_env(name="acme")
    assert repr(client) == "Volcengine(name='acme', base_url='http://127.0.0.1:9')"


def test_a_slip_in_an_override_is_said_as_such(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERTAP_SORA_API_KEY", "k")
    with pytest.raises(WrongType, match=r"^Sora has no argument 'nmae'; did you mean 'name'\?$"):
        door.module.Sora.from_env(nmae="x")


def test_what_the_environment_says_is_refused_like_what_is_passed(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERTAP_SORA_API_KEY", "hunter2\udce9")
    with pytest.raises(
        InvalidArgument, match=r"api_key holds a lone surrogate.*; looked for METERTAP_SORA_API_KEY"
    ) as caught:
        door.module.Sora.from_env()
    assert "hunter2" not in str(caught.value)
    monkeypatch.setenv("METERTAP_SORA_API_KEY", "k")
    monkeypatch.setenv("HTTPS_PROXY", "http://u:hunter2@[bad")
    with pytest.raises(
        InvalidArgument, match=r"^HTTPS_PROXY is no URL of a proxy; write .* or pass proxy=None"
    ) as caught:
        door.module.Sora.from_env()
    assert "hunter2" not in str(caught.value)
    assert door.module.Sora.from_env(proxy=None).name == "sora"
    assert door.module.Sora.from_env(base_url="http://127.0.0.1:9").name == "sora"


# The simulator


@pytest.mark.parametrize(
    ("do", "kind", "says"),
    [
        (lambda s: s.client("nope"), InvalidArgument, 'there is no provider "nope"; the nearest is '),
        (lambda s: s.client("volcengin"), InvalidArgument, 'the nearest is "volcengine"'),
        (lambda s: s.client(None), WrongType, "provider must be a str, not NoneType"),
        (lambda s: s.client("sora", account=0), InvalidArgument, "accounts are counted from 1 to 99, and 0 is none"),
        (lambda s: s.client("sora", account=2**70), InvalidArgument, "account must be an int from 0 to 4294967295"),
        (lambda s: s.client("sora", tls="yes"), WrongType, "tls must be True or False, not str"),
        (lambda s: s.client("sora", tls=True), InvalidArgument, "the simulator was started without TLS"),
        (lambda s: s.add_fault("latncy:80"), InvalidArgument, 'there is no fault "latncy"; there are '),
        (lambda s: s.add_fault("x" * 10_000), InvalidArgument, "there is no fault "),
        (lambda s: s.add_fault("a\nb"), InvalidArgument, "there is no fault "),
        (lambda s: s.add_fault("reset", provider="nope"), InvalidArgument, 'there is no provider "nope"'),
        (lambda s: s.add_fault("reset", times=-1), InvalidArgument, "times must be an int from 0 to 4294967295"),
        (lambda s: s.add_fault("reset", skip=1.5), WrongType, "skip must be an int, not float"),
        (lambda s: s.add_fault("\ud800"), InvalidArgument, "kind holds a lone surrogate"),
        (lambda s: s.switch("devicewise.over_cup", "cut"), InvalidArgument, 'the nearest is "devicewise.over_cap"'),
        (lambda s: s.switch("devicewise.over_cap", "nope"), InvalidArgument, "devicewise.over_cap is one of "),
        (lambda s: s.switch("devicewise.over_cap", 3), WrongType, "value must be a str, not int"),
        (lambda s: s.expire_sessions("nope"), InvalidArgument, 'there is no provider "nope"'),
        (lambda s: s.set_rate_limit("sora", float("nan")), InvalidArgument, "per_second must be a number above 0"),
        (lambda s: s.set_rate_limit("sora", "1"), WrongType, "per_second must be a number, not str"),
        (lambda s: s.set_concurrency_limit("sora", 0), InvalidArgument, "a concurrency limit is at least 1"),
        (lambda s: s.set_clock_offset(2**70), InvalidArgument, "seconds must be an int from "),
        (lambda _: Simulator(seed=-1), InvalidArgument, "seed must be an int from 0 to 18446744073709551615"),
        (lambda _: Simulator(seed="7"), WrongType, "seed must be an int, not str"),
        (lambda _: Simulator(port=2**16), InvalidArgument, "port must be an int from 0 to 65535"),
        (lambda _: Simulator(tls=1), WrongType, "tls must be True or False, not int"),
        (lambda _: Simulator(certificate="bad"), InvalidArgument, "certificate must be good, expired or wrong_host"),
        (lambda _: Simulator(now="soon"), InvalidArgument, "now cannot be read"),
        (lambda _: Simulator(now=3), WrongType, "now must be an aware datetime"),
    ],
)
def test_the_simulator_refuses_what_cannot_work(do: Any, kind: type[InvalidArgument], says: str) -> None:
    with Simulator(seed=7, now=NOW) as simulator, pytest.raises(InvalidArgument) as caught:
        do(simulator)
    check(caught.value, kind, says)
    assert len(str(caught.value)) < 500


# Garbage, of which `make reliability ONLY=F28` tries more


def test_what_holds_itself_is_refused(door: Door, world: Simulator) -> None:
    endless: dict[str, Any] = {}
    endless["x"] = [endless]
    client = door.simulated(world, "volcengine")
    for give in (
        lambda: door.ask(client, "time_shift_data", "2026-04-10", "2026-04-11", vhosts=endless),
        lambda: (
            client.select(vhosts=endless) and metertap.plan(client.select(vhosts=endless), "2026-03-01", "2026-03-02")
        ),
    ):
        with pytest.raises(InvalidArgument, match=r"^vhosts has lists or dicts in each other, more than 100 deep\.$"):
            give()


@pytest.mark.parametrize(
    ("do", "kind", "says"),
    [
        (lambda _: metertap.Plan.from_json("\udce9"), InvalidArgument, "holds a lone surrogate"),
        (lambda usage: usage.rollup("\udce9"), InvalidArgument, "holds a lone surrogate"),
        (lambda usage: usage.rollup("day", by=["\udce9"]), InvalidArgument, "holds a lone surrogate"),
        (lambda usage: usage.write_csv("a\0b"), InvalidArgument, "path 'a\\x00b' cannot be the name of a file"),
        (
            lambda usage: usage.write_csv("/no/such/place"),
            InvalidArgument,
            "cannot be written: No such file or directory",
        ),
        (lambda usage: usage.write_csv(3), WrongType, "path must be a str or a path, not int"),
        (lambda usage: usage.write_parquet("x" * 10_000), InvalidArgument, "cannot be written: "),
        (lambda _: metertap.replay("x", on_error=3), WrongType, "on_error must be 'raise' or 'keep', not int"),
        (
            lambda _: metertap.replay("x", on_error="no"),
            InvalidArgument,
            "on_error must be 'raise' or 'keep', not 'no'",
        ),
        (lambda _: plot("usage"), WrongType, "usage must be a Usage, not str"),
        (lambda usage: plot(usage, kind=[]), WrongType, "kind must be 'readings' or 'coverage', not list"),
        (
            lambda usage: usage.to_focus("1.2", rate_card=10**5000),
            WrongType,
            "a rate card is made of a list of rates, not",
        ),
        (lambda _: RateCard.read_csv(10**5000), WrongType, "a rate card is a RateCard, a list of rates or the path of"),
        (lambda _: Rate("sora.egress", "bytes", 10**5000, "JPY"), InvalidArgument, "price of a rate must be a number"),
        (lambda _: Coverage(3), WrongType, "a table is made by metertap from what it read, and not of int"),
        (lambda _: metertap.Meters("ab"), WrongType, "rows must be Meter, not str"),
        (lambda _: extract("usage"), WrongType, "usage must be what metertap.fetch returns, not str"),
        (lambda _: written().selected(3), WrongType, "client must be what client() or planner() returns, not int"),
    ],
)
def test_tables_and_files_refuse_what_cannot_work(do: Any, kind: type[InvalidArgument], says: str) -> None:
    with Simulator(seed=7, now=NOW) as simulator:
        usage = metertap.fetch(simulator.client("sora"), "2026-03-01", "2026-03-02", now=NOW, on_error="keep")
    with pytest.raises(InvalidArgument) as caught:
        do(usage)
    check(caught.value, kind, says)


def written() -> metertap.config.Account:
    """An account as a file has it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "accounts.toml")
        file.write_text('accounts.work = {provider = "sora", api_key = {env = "SORA_KEY"}}')
        return metertap.accounts(file)["work"]


class Nowhere(tzinfo):
    """A zone that says how far it is from UTC, but not when."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        if self.asked:
            raise RuntimeError("hunter2")
        self.asked = True
        return timedelta(0)

    asked = False


def test_a_zone_that_does_not_work_is_refused(door: Door, world: Simulator) -> None:
    client = door.simulated(world, "ricoh")
    since = datetime(2026, 1, 1, tzinfo=Nowhere())
    with pytest.raises(InvalidArgument, match=r"^the time zone of since does not work\.$"):
        door.ask(client, "cost_and_usage_total", since, LATER)
    with pytest.raises(InvalidArgument, match=r"^tz does not work: it raised NotImplementedError\.$"):
        metertap.plan(client, "2026-01-01", "2026-02-01", tz=Nowhere(), now=NOW)
    with pytest.raises(InvalidArgument, match=r"^there is no time zone "):
        metertap.plan(client, "2026-01-01", "2026-02-01", tz="x" * 10_000, now=NOW)
