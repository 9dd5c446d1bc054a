"""What the tests share: the two doors, a server that replays answers, and the tables of the providers."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import metertap
import metertap.aio
from metertap import _core
from metertap.simulator import Simulator

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
NOW = "2026-04-15T12:00:00Z"

PROVIDERS: dict[str, Any] = {facts["name"]: facts for facts in _core.providers()}
CLASSES = {client._provider: name for name in metertap.clients.__all__ for client in [getattr(metertap, name)]}


class Door:
    """One of the two ways in: calls that block, or calls that are awaited."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.module: Any = metertap if name == "sync" else metertap.aio

    def __repr__(self) -> str:
        return self.name

    def client(self, provider: str, **options: Any) -> Any:
        return getattr(self.module, CLASSES[provider])(**options)

    def ask(self, client: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        """Make a call and return its result, whichever door the client is of."""
        if self.name == "sync":
            return getattr(client, method)(*args, **kwargs)

        async def main() -> Any:
            return await getattr(client, method)(*args, **kwargs)

        return asyncio.run(main())

    def simulated(self, simulator: Simulator, provider: str, **options: Any) -> Any:
        return simulator.client(provider, aio=self.name == "async", **options)


# Methods and arguments that work


class Method(NamedTuple):
    """A native method, as the registry describes it."""

    provider: str
    name: str
    wire: str | None
    arguments: list[dict[str, Any]]
    returns: str

    def __str__(self) -> str:
        return f"{self.provider}.{self.name}"


METHODS = [
    Method(name, operation["name"], operation["wire"], operation["arguments"], operation["returns"])
    for name, facts in PROVIDERS.items()
    for operation in facts["operations"]
]
COMPOSITES = [
    Method(name, composite["name"], None, [], composite["record"])
    for name, facts in PROVIDERS.items()
    for composite in facts["composites"]
]


def sample_arguments(method: Method, simulator: Simulator) -> dict[str, Any]:
    """Return arguments with which the simulator answers: all that are needed, and a window of one day."""
    samples: dict[str, Any] = {
        "year": 2026,
        "month": 2,
        "since": "2026-04-10",
        "until": "2026-04-11",
        "start": "2026-04-10",
        "end": "2026-04-11",
        "label": "default",
        "consumable_code": "AIU",
        "log_type": "pull",
        "command": "session.info",
        "action": "DescribeLiveTimeShiftData",
        "body": {
            "StartTime": "2026-04-10T00:00:00Z",
            "EndTime": "2026-04-10T23:59:59Z",
            "Aggregation": 86400,
        },
    }
    needed = {argument["name"] for argument in method.arguments if argument["required"]}
    names = [argument["name"] for argument in method.arguments]
    if "tenant_id" in needed:
        summary = simulator.client("uipath").consumption_summary("2026-04-10", "2026-04-11", "AIU")
        samples["tenant_id"] = summary.tenants[0].tenant_id
        simulator.clear_requests()
    missing = needed - samples.keys()
    assert not missing, f"{method} needs {missing}: add samples for them"
    return {name: samples[name] for name in names if name in samples}


#: One question per provider, where it does not matter which.
QUESTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "sora": ("total_sessions_this_month", {}),
    "ricoh": ("cost_and_usage_total", {"since": "2026-02-01", "until": "2026-03-01"}),
    "uipath": ("consumption_summary", {"start": "2026-02-01", "end": "2026-03-01", "consumable_code": "AIU"}),
    "devicewise": ("thing_usage_history", {"last": "24h"}),
    "volcengine": ("time_shift_data", {"start": "2026-04-10", "end": "2026-04-11"}),
}
assert QUESTIONS.keys() == PROVIDERS.keys(), "a provider has no question"


def good_body(provider: str) -> bytes:
    """Return a good answer to the provider's question, from its fixtures."""
    folder = {
        "sora": "total_sessions_this_month",
        "ricoh": "total_schema",
        "uipath": "consumption_summary",
        "devicewise": "thing_usage_history",
        "volcengine": "time_shift_data",
    }[provider]
    body: bytes = (FIXTURES / provider / folder / "reply.body").read_bytes()
    if provider == "volcengine":
        # The page's sample is about another week.
        body = body.replace(b"2022-02-16T00:00:00", b"2026-04-10T00:00:00").replace(b"2022-02-17", b"2026-04-11")
    return body.replace(b'"q1":', b'"get":')


# A server that says what it is told to


class Seen(NamedTuple):
    """A request that the scripted server got."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


class Reply(NamedTuple):
    """An answer, as bytes of the wire."""

    status: int = 200
    headers: Mapping[str, str] = {"Content-Type": "application/json"}
    body: bytes = b""

    def wire(self) -> bytes:
        headers = dict(self.headers)
        known = {name.lower() for name in headers}
        body = self.body
        if headers.get("Transfer-Encoding") == "chunked":
            body = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
        elif "content-length" not in known:
            headers["Content-Length"] = str(len(body))
        lines = [f"HTTP/1.1 {self.status} Whatever", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + body


def json_reply(document: Any) -> Reply:
    return Reply(body=json.dumps(document).encode())


class ScriptedServer:
    """Answers one request after the other with what the script says, and the last answer for ever."""

    def __init__(self) -> None:
        self.script: list[Reply | Callable[[Seen], Reply]] = []
        self.seen: list[Seen] = []
        self._connections: list[socket.socket] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                outer._connections.append(self.connection)

            def answer(self) -> None:
                target = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                query = parse_qs(target.query, keep_blank_values=True)
                seen = Seen(self.command, target.path, query, headers, body)
                outer.seen.append(seen)
                reply = outer.script.pop(0) if len(outer.script) > 1 else outer.script[0]
                self.wfile.write((reply if isinstance(reply, Reply) else reply(seen)).wire())

            do_GET = do_POST = answer  # noqa: N815 - the names that the base class looks for

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def base_url(self, provider: str) -> str:
        """Return the `base_url` under which the paths are those of the real service."""
        return self.origin + urlsplit(PROVIDERS[provider]["base_url"] or "").path

    def hang_up(self) -> None:
        """Close all connections, idle or not."""
        for connection in self._connections:
            with contextlib.suppress(OSError):  # the client closed it
                connection.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        self._server.shutdown()
        self.hang_up()
        self._server.server_close()
        self._thread.join()


# Numbers and other values


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Return everything in dicts and lists that is neither, with the keys that lead there."""
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from leaves(member, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def plain(answer: Any) -> Any:
    """Return dicts and lists in place of dataclasses."""
    if isinstance(answer, list):
        return [plain(item) for item in answer]
    return dataclasses.asdict(answer) if dataclasses.is_dataclass(answer) and not isinstance(answer, type) else answer


def digits(number: Any) -> Any:
    """Return sign, digits and exponent of a number or of its text: equal only if written alike."""
    return Decimal(repr(number) if isinstance(number, float) else str(number)).as_tuple()


def numbers_in(answer: Any) -> Counter[Any]:
    """Count the numbers of an answer, dataclass or plain, by their digits."""
    found = (value for _, value in leaves(plain(answer)))
    return Counter(digits(value) for value in found if isinstance(value, int | float | Decimal) and value is not True)


def at(document: Any, pointer: str) -> Any:
    """Follow a JSON pointer."""
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document


def canonical(value: Any) -> Any:
    """Return the value with every instant in UTC, since there are many ways to write one."""
    if isinstance(value, Mapping):
        return {key: canonical(member) for key, member in value.items()}
    if isinstance(value, list):
        return [canonical(item) for item in value]
    if isinstance(value, str) and len(value) > 18 and value[10] == "T":
        return datetime.fromisoformat(value.replace("Z", "+00:00").replace("-00:00", "+00:00")).astimezone(timezone.utc)
    return value


# Other processes


def run_python(code: str, *args: str, env: Mapping[str, str] | None = None, flags: Sequence[str] = ()) -> str:
    """Run a program in a fresh interpreter and return what it printed; it must end well and within 30 seconds."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", *flags, "-c", code, *args],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**clean_environment(), **(env or {})},
    )
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def clean_environment() -> dict[str, str]:
    """Return the environment without what would lead requests or credentials elsewhere."""
    unwanted = ("METERTAP_", "VOLC", "UIPATH_", "SSL_CERT", "REQUESTS_CA_", "CURL_CA_")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(unwanted) and not name.upper().endswith("_PROXY")
    }


# Plans


def questions(simulator: Simulator, *, aio: bool = False, **options: Any) -> list[Any]:
    """Return what can be asked of every provider: its usual meters, with what they need."""
    clients = {name: simulator.client(name, aio=aio, **options) for name in simulator.providers}
    clients["uipath"] = clients["uipath"].select(consumable_code=["AIU", "PLTU"])
    return list(clients.values())


# An accounts file of the simulator's accounts

#: What an accounts file asks of accounts of which nobody can guess it.
SELECTED = {"uipath": 'consumable_code = ["AIU", "PLTU"]', "ricoh": "by_label = true"}


def accounts_file(simulator: Simulator, folder: Path, **more: str) -> Path:
    """Write an accounts file with an account of each provider, named after it, whose secrets are in files beside it."""
    lines = []
    for provider in simulator.providers:
        secrets = {secret["name"] for secret in _core.provider(provider)["secrets"]}
        lines += [f"[accounts.{provider}]", f'provider = "{provider}"', f'base_url = "{simulator.base_url(provider)}"']
        for name, word in simulator.credentials(provider).items():
            if name in secrets:
                (folder / f"{provider}-{name}").write_text(word, encoding="utf-8")
                lines.append(f'{name} = {{file = "{provider}-{name}"}}')
            else:
                lines.append(f'{name} = "{word}"')
        lines += [more.get(provider, "")]
        if provider in SELECTED:
            lines += [f"[accounts.{provider}.select]", SELECTED[provider]]
    file = folder / "accounts.toml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
