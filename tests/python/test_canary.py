"""Random words for every credential of every provider, through every end that a call can have."""

from __future__ import annotations

import base64
import contextlib
import json
import pickle
import secrets
import socket
import string
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from canary import TALLY, everything, forms, places
from support import NOW, PROVIDERS, QUESTIONS, Door, Reply, ScriptedServer, Seen, good_body, run_python

import metertap
from metertap.simulator import Simulator

GUID = "11111111-1111-1111-1111-111111111111"

#: Each way to log in: the provider, and its fields; those that are None become words.
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "sora": ("sora", {"api_key": None}),
    "ricoh": ("ricoh", {"client_id": "app", "client_secret": None}),
    "uipath-token": ("uipath", {"organization_id": GUID, "token": None}),
    "uipath-application": (
        "uipath",
        {"organization_id": GUID, "client_id": "app", "client_secret": None, "organization_name": "acme"},
    ),
    "devicewise-user": ("devicewise", {"username": "u", "password": None, "mfa_code": "123456"}),
    "devicewise-application": ("devicewise", {"app_id": "a", "app_token": None, "thing_key": "t"}),
    "devicewise-session": ("devicewise", {"session_id": None}),
    "volcengine": ("volcengine", {"access_key": "a", "secret_key": None}),
    "volcengine-temporary": ("volcengine", {"access_key": "a", "secret_key": None, "session_token": None}),
}

#: Those that fetch a token or a session first.
LOGINS = ("uipath-application", "devicewise-user", "devicewise-application")


def word() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits + "+=") for _ in range(32))


def test_every_secret_of_every_provider_has_a_way() -> None:
    wanted = {(name, secret["name"]) for name, facts in PROVIDERS.items() for secret in facts["secrets"]}
    assert wanted == {(provider, name) for provider, fields in WAYS.values() for name in fields} & wanted


@pytest.mark.parametrize("coding", ["plain", "json", "url", "hex", "base64"])
def test_the_watch_finds_a_word_in_every_coding(coding: str) -> None:
    planted = 'a"b+' + word()
    text = {
        "plain": planted,
        "json": json.dumps({"said": planted}),
        "url": urllib.parse.urlencode({"said": planted}),
        "hex": planted.encode().hex(),
        "base64": base64.b64encode(b"user:" + planted.encode() + b"!").decode(),
    }[coding]
    assert places({planted}, f"before {text} after") == [planted]
    assert places({planted}, "before and after") == []
    assert all(len(form) > 20 for form in forms(planted))


class Account:
    """A way to log in, with words of its own, at a server that grants words, too."""

    def __init__(self, way: str) -> None:
        self.provider, fields = WAYS[way]
        self.given = {name: word() if value is None else value for name, value in fields.items()}
        self.words = {self.given[name] for name, value in fields.items() if value is None}
        self.granted = word()
        if way in LOGINS:
            self.words.add(self.granted)

    def login(self, seen: Seen) -> Reply | None:
        """Grant a word to a login; None for any other request."""
        if seen.path.endswith("/token"):
            return Reply(body=json.dumps({"access_token": self.granted, "expires_in": 3600}).encode())
        if self.provider == "devicewise" and seen.json["auth"].get("command") == "api.authenticate":
            answer = {"auth": {"success": True, "params": {"sessionId": self.granted}}}
            return Reply(body=json.dumps(answer).encode())
        return None


def echo(status: int, seen: Seen) -> Reply:
    """A gateway that shows the whole request in its error page, and in its headers."""
    said = f"{seen.method} {seen.path} {seen.query} {seen.headers} ".encode() + seen.body
    return Reply(status, {"X-Request-Id": seen.headers.get("authorization", "none")[:200]}, said)


ENDS: dict[str, Any] = {
    "good": lambda account, _: Reply(body=good_body(account.provider)),
    "echo": lambda _, seen: echo(200, seen),
    "refused": lambda _, seen: echo(403, seen),
    "expired": lambda _, seen: echo(401, seen),
    "limited": lambda _, seen: echo(429, seen),
    "broken": lambda _, seen: echo(502, seen),
    "garbage": lambda account, _: Reply(body=b'{"a": "' + account.granted.encode()),
    "wrong type": lambda account, _: Reply(body=json.dumps({word: {word: 1} for word in account.words}).encode()),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("way", WAYS)
def test_no_word_shows_however_a_call_ends(
    way: str, end: str, door: Door, server: ScriptedServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    account = Account(way)
    server.script = [lambda seen: account.login(seen) or ENDS[end](account, seen)]
    client = door.client(account.provider, **account.given, base_url=server.origin, retries=0)
    surfaces = [repr(client), str(vars(client)), *(repr(getattr(client, name)) for name in dir(client))]
    with contextlib.suppress(TypeError):
        surfaces.append(pickle.dumps(client).decode("latin-1"))
    method, arguments = QUESTIONS[account.provider]
    try:
        answer = door.ask(client, method, **arguments)
        surfaces += [repr(answer), pickle.dumps(answer).decode("latin-1")]
    except metertap.MetertapError as error:
        surfaces.append(everything(error))
    if end != "limited":  # a fetch waits as long as it is told to
        surfaces += archived(door, client, tmp_path / "archive")
    surfaces += [f"{record.getMessage()} {vars(record)}" for record in caplog.records]
    assert server.seen
    shown = [f"{way} {end} {door}: {surface:.40}" for surface in surfaces if places(account.words, surface)]
    TALLY.hits += shown
    assert not shown


def archived(door: Door, client: Any, folder: Path) -> Iterator[str]:
    """Fetch usage, and return what it and its archive show."""
    wanted = {"consumable_code": ["AIU"]} if client.provider == "uipath" else {}
    try:
        if door.name == "sync":
            usage = metertap.fetch(
                client.select(**wanted), "2026-04-10", "2026-04-11", archive=folder, on_error="raise", now="2026-04-15"
            )
            yield "\n".join(repr(table) for table in (usage, usage.coverage, usage.evidence))
            yield repr(usage.evidence.to_dicts())
    except metertap.MetertapError as error:
        yield everything(error)
    for path in folder.glob("*.json"):
        yield path.read_text("utf-8")


@contextlib.contextmanager
def second_host() -> Iterator[tuple[int, list[bytes]]]:
    """A host that redirects point to, and the bytes that it got."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        got: list[bytes] = []
        listener.settimeout(5)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.settimeout(1)
                        with contextlib.suppress(OSError):
                            got.append(connection.recv(65536))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], got
        listener.close()


@contextlib.contextmanager
def redirect(status: int, kind: str, got: list[bytes]) -> Iterator[None]:
    """Count a redirect, and the bytes that arrived where it points, also if the test fails."""
    try:
        yield
    finally:
        TALLY.redirects[status, kind] += 1
        TALLY.leaked_bytes += sum(map(len, got))


STATUSES = [301, 302, 303, 307, 308]


@pytest.mark.parametrize("kind", ["same host", "other host"])
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(("way", "login"), [*((way, False) for way in WAYS), *((way, True) for way in LOGINS)], ids=str)
def test_a_redirect_is_not_followed_and_carries_no_word(
    status: int, way: str, login: bool, kind: str, door: Door, server: ScriptedServer
) -> None:
    account = Account(way)

    def answer(seen: Seen) -> Reply:
        if seen.path == "/elsewhere":
            got.append(repr(seen).encode())
        origin = server.origin if kind == "same host" else f"http://localhost:{port}"
        return (None if login else account.login(seen)) or Reply(status, {"Location": f"{origin}/elsewhere"})

    with second_host() as (port, got), redirect(status, kind, got):
        server.script = [answer]
        client = door.client(account.provider, **account.given, base_url=server.origin, retries=0)
        method, arguments = QUESTIONS[account.provider]
        with pytest.raises(metertap.MetertapError) as caught:
            door.ask(client, method, **arguments)
        assert caught.value.http_status == status
    assert got == []


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_redirect_from_https_to_http_is_not_followed(status: int, provider: str, door: Door) -> None:
    method, arguments = QUESTIONS[provider]
    with (
        second_host() as (port, got),
        Simulator(seed=7, now=NOW, tls=True) as simulator,
        redirect(status, "https to http", got),
    ):
        client = door.simulated(simulator, provider, tls=True, retries=0)
        simulator.add_fault(f"status:{status};location=http://localhost:{port}/elsewhere")
        with pytest.raises(metertap.errors.UnexpectedRedirect) as caught:
            door.ask(client, method, **arguments)
        assert caught.value.http_status == status
    assert got == []


LEAKY = """
import logging
import metertap

def test_prints():
    client = metertap.Sora(api_key="x" * 32)
    print("x" * 32)

def test_logs():
    client = metertap.Sora(api_key="x" * 32)
    logging.getLogger("metertap").debug("it is %s", "78" * 32)

def test_raises():
    client = metertap.Sora(api_key="x" * 32)
    metertap.MetertapError("eHh4" * 10)

def test_is_silent():
    client = metertap.Sora(api_key="x" * 32)
"""


def test_a_word_that_shows_fails_the_run(tmp_path: Path) -> None:
    (tmp_path / "test_leaky.py").write_text(LEAKY)
    run = "import canary, pytest, sys; sys.exit(pytest.main(sys.argv[1:], plugins=[canary.Watch()]) != 1)"
    where = str(Path(__file__).parent)
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    shown = run_python(f"import sys; sys.path.insert(0, {where!r}); {run}", *options)
    # What was printed is known when the test is over, which makes it an error behind a test that passed.
    assert "2 failed, 2 passed" in shown
    assert "2 errors" in shown
    assert "a secret is printed" in shown
