"""Every whole exchange under tests/fixtures, replayed to the installed client through both doors."""

from __future__ import annotations

import contextlib
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from support import FIXTURES, PROVIDERS, Door, Reply, ScriptedServer, Seen, at, canonical, digits, numbers_in

import metertap.errors

CASES = sorted(path.parent for path in FIXTURES.glob("*/*/case.json"))
LOGINS = [folder for folder in CASES if json.loads((folder / "case.json").read_bytes())["operation"] == "authenticate"]
CALLS = [folder for folder in CASES if folder not in LOGINS]


def named(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


class Case:
    """A fixture, and what its client is made of."""

    def __init__(self, folder: Path) -> None:
        self.provider = folder.parent.name
        facts: dict[str, Any] = json.loads((folder / "case.json").read_bytes())
        self.operation: str = facts["operation"]
        self.arguments: dict[str, Any] = facts["arguments"]
        self.account: dict[str, Any] = facts.get("account", {})
        self.request: dict[str, Any] = facts["request"]
        self.reply = Reply(facts["reply"]["status"], facts["reply"]["headers"], (folder / "reply.body").read_bytes())
        self.expect: dict[str, Any] = facts["expect"]
        if "per_id" in self.expect:
            # One client call is one command; it is the one that was asked for.
            wanted = next(key for key, command in self.commands.items() if is_asked_for(command, self.arguments))
            self.expect = self.expect["per_id"][wanted]

    @property
    def commands(self) -> dict[str, Any]:
        """The commands of a deviceWISE packet, by their ids."""
        body = self.request["body"] if self.provider == "devicewise" else None
        return {key: value for key, value in (body or {}).items() if isinstance(value, dict) and "command" in value}

    def credentials(self) -> dict[str, str]:
        """The page's placeholders, in the places where the client wants the secrets."""
        authorization = self.request["headers"].get("Authorization", "")
        match self.provider:
            case "sora":
                return {"api_key": authorization.removeprefix("Bearer ")}
            case "ricoh":
                return {"client_secret": authorization.removesuffix(")").split(":")[1]}
            case "uipath" if self.operation == "authenticate":
                return {"client_secret": self.request["form"]["client_secret"]}
            case "uipath":
                return {"token": authorization.removeprefix("Bearer ")}
            case "volcengine":
                return {"access_key": "EXAMPLE_ACCESS_KEY", "secret_key": "EXAMPLE_SECRET_KEY"}
        login = self.commands.get("auth", {}).get("params", {})
        ours = {"password": "password", "appToken": "app_token"}
        return {ours[key]: word for key, word in login.items() if key in ours}

    def client(self, door: Door, server: ScriptedServer) -> Any:
        options = {"base_url": server.base_url(self.provider), "retries": 0}
        return door.client(self.provider, **self.account, **self.credentials(), **options)

    def renamed(self, pointer: str, to: str) -> str:
        """Replace the id of the command that was asked for, since clients choose the ids of a packet."""
        for key, command in self.commands.items():
            if is_asked_for(command, self.arguments) and pointer.startswith(f"/{key}/"):
                return pointer.replace(key, to, 1)
        return pointer

    def answer(self, seen: Seen) -> Reply:
        """The reply, under the id that the client chose."""
        body = self.reply.body
        asked = [key for key, command in self.commands.items() if is_asked_for(command, self.arguments)]
        for key in asked:
            body = body.replace(f'"{key}"'.encode(), f'"{command_id(seen)}"'.encode())
        return self.reply._replace(body=body)


def is_asked_for(command: dict[str, Any], arguments: dict[str, Any]) -> bool:
    return command["command"] == arguments.get("command", command["command"])


def command_id(seen: Seen) -> str:
    """The id that our client gave to its one command."""
    return next(key for key, member in seen.json.items() if "command" in member)


def sent(seen: Seen) -> tuple[Any, ...]:
    body = parse_qs(seen.body.decode()) if "form" in seen.headers.get("content-type", "") else canonical(seen.json)
    return seen.method, seen.path, canonical(seen.query), body


def wanted(case: Case, seen: Seen) -> tuple[Any, ...]:
    """What the fixture's request says, with the freedom that the service leaves."""
    request = case.request
    query = {key: value if isinstance(value, list) else [value] for key, value in request["query"].items()}
    body = request.get("form") and {key: [value] for key, value in request["form"].items()}
    body = body or request["body"]
    if case.provider == "devicewise" and case.operation != "authenticate":
        [command] = [command for command in case.commands.values() if is_asked_for(command, case.arguments)]
        body = {"auth": {"sessionId": case.account["session_id"]}, command_id(seen): command}
    return request["method"], request["path"], canonical(query), canonical(body)


# What the samples show to be missing is told, too.
@pytest.mark.filterwarnings("ignore::metertap.CoverageWarning")
@pytest.mark.parametrize("folder", CALLS, ids=named)
def test_the_request_is_the_one_that_the_page_shows(folder: Path, door: Door, server: ScriptedServer) -> None:
    case = Case(folder)
    server.script = [case.answer]
    with contextlib.suppress(metertap.MetertapError):  # whether it should fail is the business of other tests
        door.ask(case.client(door, server), case.operation, **case.arguments)
    [seen] = server.seen
    assert sent(seen) == wanted(case, seen)
    assert seen.headers.get("accept-encoding") == "gzip"
    if case.provider in ("sora", "uipath"):
        assert seen.headers["authorization"] == case.request["headers"]["Authorization"]
    if case.provider == "ricoh":
        # base64 of "EXAMPLE_CLIENT_ID:EXAMPLE_CLIENT_SECRET"
        assert seen.headers["authorization"] == "Basic RVhBTVBMRV9DTElFTlRfSUQ6RVhBTVBMRV9DTElFTlRfU0VDUkVU"


# What the samples show to be missing is told, too.
@pytest.mark.filterwarnings("ignore::metertap.CoverageWarning")
@pytest.mark.parametrize("folder", [folder for folder in CALLS if Case(folder).expect.get("ok")], ids=named)
def test_every_number_arrives_as_it_was_written(folder: Path, door: Door, server: ScriptedServer) -> None:
    case = Case(folder)
    server.script = [case.answer]
    client = case.client(door, server)
    numbers = case.expect["numbers"]

    typed = door.ask(client, case.operation, **case.arguments)
    # A counter beside others may share its digits: each must be there as often as it was written.
    if case.operation != "call":
        missing = Counter(map(digits, numbers.values())) - numbers_in(typed)
        assert not missing, f"{missing} not in {typed}"

    raw = door.ask(client, case.operation, **case.arguments, raw=True)
    body = json.loads(gunzipped(case.answer(server.seen[-1]).body))
    for pointer, text in numbers.items():
        place = case.renamed(pointer, command_id(server.seen[-1])) if case.commands else pointer
        number = at(raw, place)
        assert number == at(body, place) == json.loads(text), pointer
        assert type(number) is type(json.loads(text)), pointer
    if case.expect.get("empty"):
        assert not numbers or all(text == "0" for text in numbers.values())


@pytest.mark.parametrize("folder", [folder for folder in CALLS if "error" in Case(folder).expect], ids=named)
@pytest.mark.parametrize("raw", [False, True], ids=["typed", "raw"])
def test_every_failure_is_the_named_exception(folder: Path, raw: bool, door: Door, server: ScriptedServer) -> None:
    case = Case(folder)
    server.script = [case.answer]
    client = case.client(door, server)
    if raw and case.expect["error"] == "InconsistentResponse":
        # Raw answers are handed over as they are.
        assert door.ask(client, case.operation, **case.arguments, raw=True)
        return
    with pytest.raises(getattr(metertap.errors, case.expect["error"])) as caught:
        door.ask(client, case.operation, **case.arguments, raw=raw)
    check_error(case, caught.value)
    assert caught.value.attempts == 1
    assert caught.value.provider == case.provider


def check_error(case: Case, error: metertap.MetertapError) -> None:
    assert error.http_status == case.reply.status
    for attribute in ("provider_code", "is_temporary", "request_id", "retry_after"):
        if attribute in case.expect:
            assert getattr(error, attribute) == case.expect[attribute], attribute
    assert "\n" not in str(error)
    for word in (*case.credentials().values(), case.account.get("session_id", "no session")):
        assert len(word) < 6 or word not in str(error), "a secret shows"


@pytest.mark.parametrize("folder", LOGINS, ids=named)
def test_a_login_sends_what_the_page_shows_and_reads_its_answer(
    folder: Path, door: Door, server: ScriptedServer
) -> None:
    login = Case(folder)
    # What is called after the login does not matter; a call that works is taken from another fixture.
    call = next(
        case
        for case in map(Case, CALLS)
        if case.provider == login.provider and case.expect.get("ok") and case.operation != "call"
    )
    server.script = [login.reply, call.answer]
    client = login.client(door, server)
    if "error" in login.expect:
        with pytest.raises(getattr(metertap.errors, login.expect["error"])) as caught:
            door.ask(client, call.operation, **call.arguments)
        check_error(login, caught.value)
        [seen] = server.seen
    else:
        door.ask(client, call.operation, **call.arguments)
        seen, after = server.seen
        granted = json.loads(login.reply.body)
        if login.provider == "uipath":
            assert after.headers["authorization"] == f"Bearer {granted['access_token']}"
        else:
            assert after.json["auth"] == {"sessionId": granted["auth"]["params"]["sessionId"]}
    assert sent(seen) == wanted(login, seen)


def test_every_provider_has_fixtures() -> None:
    assert {folder.parent.name for folder in CASES} == set(PROVIDERS)


def gunzipped(body: bytes) -> bytes:
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
