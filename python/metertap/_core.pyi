"""The native part of metertap; use the package `metertap` instead."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, final

__version__: str
__all__ = [
    "Client",
    "Plan",
    "Run",
    "Secret",
    "Simulator",
    "Table",
    "Usage",
    "__version__",
    "canned",
    "changes",
    "document",
    "document_text",
    "facts",
    "hide",
    "hide_text",
    "increments",
    "is_main_interpreter",
    "keep",
    "lacking",
    "meters",
    "mistakes",
    "moment",
    "month_so_far",
    "months",
    "provider",
    "providers",
    "readers",
    "register",
    "registered",
    "replay",
    "rounds",
    "sample",
    "set_readers",
    "shapes",
    "shut_down",
    "stored",
    "taken",
]

@final
class Secret:
    """What a caller passed, on its way to a client: a word, a callable that returns it, keywords. It shows nothing."""

    def __new__(cls, word: Any) -> Secret: ...
    def __bool__(self) -> bool: ...
    def open(self) -> Any:
        """Return what is inside: to be passed on, never to be kept in a variable."""

# `Any`, so that a parameter can be wrapped in its place.
def hide(word: Any) -> Any:
    """Wrap a secret, so that no traceback shows it; None, and what is wrapped already, stays as it is."""

def hide_text(given: str | bytes) -> Secret | None:
    """Return the text that bytes hold, or a text, without line ends behind it and wrapped; None if it is not UTF-8."""

@final
class Client:
    """A client of one account at one provider."""

    def __new__(
        cls,
        provider: str,
        class_: str,
        defaults: dict[str, Any],
        given: Any,
        positional: int,
    ) -> Client: ...
    @property
    def provider(self) -> str:
        """The provider's name."""
    @property
    def name(self) -> str:
        """The account's label."""
    @property
    def base_url(self) -> str:
        """The service's address."""
    @property
    def proxy(self) -> str | None:
        """Where the proxy is, without its password; "environment" if the usual variables decide; None for none."""
    def call(self, operation: str, given: dict[str, Any], raw: bool) -> Any:
        """Make a call and wait for its answer."""
    def call_async(self, operation: str, given: dict[str, Any], raw: bool) -> Any:
        """Make a call; the answer is awaited."""
    def deliver(self) -> None:
        """Call `on_event` with what has happened since the last time."""
    @property
    def has_listener(self) -> bool:
        """True if somebody wants to hear of events."""

@final
class Simulator:
    """A running simulator."""

    def __new__(
        cls,
        *,
        seed: int,
        now: datetime | date | str | None,
        port: int,
        tls: bool,
        certificate: str,
        documents: list[str],
    ) -> Simulator: ...
    @property
    def origin(self) -> str: ...
    @property
    def tls_origin(self) -> str | None: ...
    @property
    def ca_pem(self) -> str | None: ...
    @property
    def now(self) -> datetime: ...
    def stop(self) -> None: ...
    def providers(self) -> list[str]: ...
    def credentials(self, provider: str, account: int) -> dict[str, str]: ...
    def base_url(self, provider: str, tls: bool) -> str: ...
    def switches(self) -> list[tuple[str, str | None, list[str], str]]: ...
    def set_switch(self, name: str, value: str) -> None: ...
    def expire_sessions(self, provider: str) -> None: ...
    def set_clock_offset(self, seconds: int) -> None: ...
    def set_rate_limit(self, provider: str, per_second: float | None) -> None: ...
    def set_concurrency_limit(self, provider: str, at_once: int | None) -> None: ...
    def add_fault(
        self,
        kind: str,
        *,
        provider: str | None,
        path_contains: str | None,
        skip: int,
        every: int | None,
        times: int | None,
    ) -> int: ...
    def clear_faults(self) -> None: ...
    @staticmethod
    def fault_menu() -> list[tuple[str, str]]: ...
    def requests(
        self,
    ) -> list[tuple[str | None, str, str, str, int | None, str | None, float, int, int | None]]: ...
    def clear_requests(self) -> None: ...
    def counts(self) -> tuple[int, int, int]: ...

@final
class Table:
    """A table of Arrow columns."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def __arrow_c_schema__(self) -> object: ...
    def count(self) -> int: ...
    def columns(self) -> list[str]: ...
    def flat(self, exact: bool) -> Table: ...
    @staticmethod
    def from_columns(given: list[tuple[str, str, list[Any]]]) -> Table: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(table: bytes) -> Table: ...
    def to_dicts(self, start: int, end: int) -> list[dict[str, Any]]: ...
    def slice(self, start: int, end: int) -> Table: ...
    def project(self, names: list[str]) -> Table: ...
    def column(self, name: str) -> list[Any]: ...
    def series(self, keys: list[str], most: int) -> list[dict[str, Any]]:
        """Return the rows as series, by these columns of words; numbers are bytes of the machine."""

@final
class Plan:
    """A plan."""

    def __new__(
        cls,
        parts: list[tuple[Client, dict[str, Any]]],
        *,
        start: datetime | date | str,
        end: datetime | date | str,
        now: datetime | date | str | None,
        zone: str | list[tuple[int, int]],
        every: str | None,
    ) -> Plan: ...
    @staticmethod
    def from_json(text: str) -> Plan: ...
    def to_json(self) -> str: ...
    def shard(self, index: int, of: int) -> Plan: ...
    def by_sources(self, most: int) -> list[Plan]: ...
    def blank(self) -> Usage: ...
    def refuse_rollup(self, every: str) -> None: ...
    def question(self) -> tuple[str | list[tuple[int, int]], datetime, list[tuple[datetime, datetime]]]:
        """Return the time zone as it was told, the time that the plan was made for, and the ranges that were asked."""
    def count(self) -> int: ...
    def accounts(self) -> list[str]: ...
    def least_seconds(self) -> float: ...
    def rows(self) -> list[tuple[str, str, str, int, datetime, datetime, str, float]]: ...
    def calls(self) -> list[dict[str, Any]]: ...

@final
class Run:
    """A plan on its way to become a usage."""

    def __new__(
        cls,
        plan: Plan,
        clients: dict[str, Client],
        archive: str | None,
        on_event: Callable[[Any], object] | None,
    ) -> Run: ...
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def archive_problem(self) -> str | None: ...
    def wait(self, watch: Callable[[int, int], object] | None) -> Usage: ...
    def awaited(self) -> Any: ...
    def deliver(self) -> None: ...

@final
class Usage:
    """The result of a plan."""

    def readings(self) -> Table: ...
    def coverage(self) -> Table: ...
    def evidence(self) -> Table: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(tables: bytes) -> Usage: ...
    def is_complete(self) -> bool: ...
    def missing(self) -> list[str]: ...
    def holes(self) -> Table: ...
    def timeline(self) -> Table: ...
    def plan(self) -> Plan: ...
    def part(self) -> str | None: ...
    def lost(self) -> list[tuple[str, str]]: ...
    def calls(self) -> tuple[int, int]: ...
    def counts(self) -> list[int]: ...
    def reason(self) -> Exception | None: ...
    def remaining(self, unsettled: bool) -> Plan: ...
    @staticmethod
    def concat(usages: list[Usage], later: bool) -> Usage: ...
    def rollup(
        self,
        every: str | None,
        by: list[str] | None,
        zone: str | list[tuple[int, int]] | None,
        meters: list[str] | None,
        cli: bool,
    ) -> tuple[Table, str]: ...

def lacking(plan: Plan, facts: Any, reread: int) -> Plan:
    """Return the part of a plan that is needed where these facts were stored."""

def month_so_far(plan: Plan) -> Plan:
    """Return the part of a plan that asks for counters of the month so far."""

def rounds(plan: Plan, seconds: float) -> list[Plan]:
    """Return the plan in rounds that take about so many seconds each."""

def months(usage: Usage) -> list[str]:
    """Return the months in which a usage has readings."""

def changes(
    usage: Usage, known: Any, sync_id: str, synced_at: datetime | date | str
) -> tuple[Table, int, int, int, int]:
    """Return the readings that are not stored yet: and how many are new, restated, restated when settled, unchanged."""

def facts(usage: Usage, sync_id: str, synced_at: datetime | date | str) -> Table:
    """Return what is known of a usage's calls apart from their readings, a row for each account."""

def stored(
    facts: Any,
    readings: Any,
    range: tuple[datetime | date | str, datetime | date | str],
    now: datetime | date | str | None,
    meters: list[str] | None,
    is_known: bool,
) -> Usage:
    """Return the usage of a range that was stored as these facts and readings, or of which nothing is known yet."""

def increments(usage: Usage, meter: str, every: str | None) -> Usage:
    """Return what a counter of the month so far grew by, between the moments at which it was looked at."""

def taken(stream: Any) -> Table:
    """Return the table of an Arrow stream."""

def moment(given: Any, name: str) -> datetime:
    """Return a moment that a caller passed, in UTC."""

def meters() -> list[dict[str, Any]]:
    """Return the catalogue of meters."""

def replay(folder: str) -> Usage:
    """Rebuild a usage from its archive."""

# `Any`, since who asks knows that there is one of that name.
def provider(key: str) -> Any:
    """Return one provider: settings, secrets, variables, operations with their arguments, and what docstrings say.

    None if there is none of that name, or whose document has that digest.
    """

def providers() -> list[dict[str, Any]]:
    """Return all built-in providers, each as `provider` tells it."""

def shapes(key: str | None = None) -> dict[str, list[dict[str, str]]]:
    """Return the records that answers are made of: for each, its fields and what they hold; of one provider, or all."""

def canned(key: str) -> list[tuple[str, str | None, list[list[tuple[str, str]]], Usage | None, Exception | None]]:
    """Return the canned answers of a document: call, class of error, readings, and what a fetch makes of them."""

def sample(key: str) -> list[tuple[str, list[str]]]:
    """Return what the canned answers of a document select."""

def registered() -> list[tuple[str, str]]:
    """Return names and digests of the providers that were registered."""

def register(document: str, replace: bool) -> tuple[str | None, list[tuple[int, str]]]:
    """Register a document and return its digest; or None, and its mistakes."""

def readers(key: str) -> list[str]:
    """Return the names of the functions that read the answers of a document."""

def set_readers(key: str, readers: dict[str, Callable[[bytes], Any]]) -> None:
    """Give a document functions that read its answers."""

def keep(document: str) -> str:
    """Keep a document without giving it its name, and return its digest."""

def document(key: str) -> str | None:
    """Return the text of the document of that name or digest."""

def mistakes(document: str) -> list[tuple[int, str]]:
    """Return what is wrong with a document: lines and sentences."""

def document_text(document: dict[str, Any]) -> str:
    """Return the text of a document that is a dict."""

def shut_down() -> None:
    """Stop all work of this process; calls after it raise ShuttingDown."""

def is_main_interpreter() -> bool:
    """Tell whether this is the interpreter that the process began with."""
