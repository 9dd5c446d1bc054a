"""A local server that speaks the providers' protocols: for demos, and for tests of your own scripts.

Its usage is made up, and a pure function of the seed: days add up to months and items to totals. It checks credentials
and signatures, keeps sessions, issues tokens, and can be told to misbehave. It listens on this machine only.

Examples
--------
>>> from metertap.simulator import Simulator
>>> with Simulator(seed=7, now="2026-04-15") as simulator:
...     sora = simulator.client("sora")
...     sora.total_sessions_this_month() > 0
True
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metertap import _core, documents
from metertap._given import flag, whole
from metertap.errors import InvalidArgument, WrongType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime
    from types import TracebackType

    from metertap._client import Client

__all__ = ["Counts", "Fault", "RequestRecord", "Simulator", "Switch", "fault_menu"]


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request that the simulator got; never a header's value, never a body.

    Attributes
    ----------
    provider : str or None
        Whom it was for.
    method, path, query : str
        As sent.
    status : int or None
        What it was answered with; None if no answer was begun.
    fault : str or None
        The faults that hit it.
    arrived : float
        Seconds since the simulator started.
    connection : int
        The connection it came on, counted from 1.
    account : int or None
        The number of the account that sent it; None if it does not say rightly.
    """

    provider: str | None
    method: str
    path: str
    query: str
    status: int | None
    fault: str | None
    arrived: float
    connection: int
    account: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """What the simulator counted since it started.

    Attributes
    ----------
    connections : int
        Connections accepted.
    requests : int
        Requests that arrived whole.
    disconnects : int
        Clients that went away before their answer was written.
    """

    connections: int
    requests: int
    disconnects: int


@dataclass(frozen=True, slots=True)
class Switch:
    """A fact that a service's documentation leaves open.

    Attributes
    ----------
    name : str
        Such as ``"ricoh.label_path"``.
    value : str or None
        What it stands on; None for the built-in text.
    values : list of str
        What it can stand on, the default first; empty if any text is possible.
    doc : str
        What it changes.
    """

    name: str
    value: str | None
    values: list[str]
    doc: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of misbehaviour.

    Attributes
    ----------
    name : str
        Such as ``"latency"``.
    doc : str
        What happens.
    """

    name: str
    doc: str


class Simulator:
    """A running simulator; use it in a ``with`` block, or call `stop`.

    Parameters
    ----------
    seed : int, default 0
        The seed of all usage.
    now : datetime, date or str, optional
        The simulated time, standing still: what "this month so far" means. The machine's time passes if left out.
    port : int, default 0
        The port for HTTP; 0 takes a free one that no simulator of this process had before.
    tls : bool, default False
        Serve HTTPS, too, with a throwaway CA whose certificate stands in `ca_file`.
    certificate : {"good", "expired", "wrong_host"}
        What the HTTPS server shows.
    providers : list of str, path or dict, optional
        Providers of your own, by name or document: each is served its document's canned answers.

    Examples
    --------
    >>> from metertap.simulator import Simulator
    >>> with Simulator(seed=7, now="2026-04-15") as simulator:
    ...     simulator.client("sora").total_sessions_this_month() > 0
    True
    """

    def __init__(
        self,
        seed: int = 0,
        now: datetime | date | str | None = None,
        *,
        port: int = 0,
        tls: bool = False,
        certificate: str = "good",
        providers: Iterable[str | os.PathLike[str] | Mapping[str, Any]] = (),
    ) -> None:
        keys = [documents.key_of(given) for given in providers]
        self._core = _core.Simulator(
            seed=whole("seed", seed, most=2**64 - 1),
            now=now,
            port=whole("port", port, most=2**16 - 1),
            tls=flag("tls", tls),
            certificate=_text("certificate", certificate),
            documents=keys,
        )
        self._stands_still = now is not None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"Simulator({self.origin!r})"

    def stop(self) -> None:
        """Stop serving; doing it twice does no harm.

        Examples
        --------
        >>> from metertap.simulator import Simulator
        >>> simulator = Simulator()
        >>> simulator.stop()
        """
        self._core.stop()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    @property
    def origin(self) -> str:
        """The address for HTTP, such as ``"http://127.0.0.1:8080"``."""
        return self._core.origin

    @property
    def tls_origin(self) -> str | None:
        """The address for HTTPS, if it is served."""
        return self._core.tls_origin

    @property
    def ca_file(self) -> str | None:
        """A file with the certificate of the simulator's CA, if HTTPS is served; it goes away with the simulator."""
        pem = self._core.ca_pem
        if pem is None:
            return None
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="metertap-")
            with open(os.path.join(self._folder.name, "ca.pem"), "w", encoding="ascii") as file:
                file.write(pem)
        return os.path.join(self._folder.name, "ca.pem")

    @property
    def now(self) -> datetime:
        """The moment up to which usage exists."""
        return self._core.now

    @property
    def providers(self) -> list[str]:
        """The names of the providers that are served."""
        return self._core.providers()

    def base_url(self, provider: str, *, tls: bool = False) -> str:
        """Return the `base_url` for a client of this provider.

        Examples
        --------
        >>> from metertap.simulator import Simulator
        >>> with Simulator(seed=7, now="2026-04-15") as simulator:
        ...     simulator.base_url("sora").startswith("http://127.0.0.1:")
        True
        """
        return self._core.base_url(_text("provider", provider), flag("tls", tls))

    def credentials(self, provider: str, *, account: int = 1) -> dict[str, str]:
        """Return the credentials of an account, for one way of logging in, as a client's keywords.

        Examples
        --------
        >>> from metertap.simulator import Simulator
        >>> with Simulator(seed=7, now="2026-04-15") as simulator:
        ...     sorted(simulator.credentials("ricoh"))
        ['client_id', 'client_secret']
        """
        given = self.all_credentials(provider, account=account)
        if provider == "uipath":
            given.pop("token", None)
        if provider == "devicewise":
            given = {name: given[name] for name in ("username", "password")}
        return given

    def all_credentials(self, provider: str, *, account: int = 1) -> dict[str, str]:
        """Return all credentials of an account, for every way of logging in.

        Examples
        --------
        >>> from metertap.simulator import Simulator
        >>> with Simulator(seed=7, now="2026-04-15") as simulator:
        ...     "access_key" in simulator.all_credentials("volcengine")
        True
        """
        return self._core.credentials(_text("provider", provider), whole("account", account))

    def client(self, provider: str, *, tls: bool = False, aio: bool = False, account: int = 1, **overrides: Any) -> Any:
        """Return a client that is set up for this simulator.

        Parameters
        ----------
        provider : str
            The provider's name.
        tls : bool, default False
            Go through HTTPS.
        aio : bool, default False
            Return the client of `metertap.aio`.
        account : int, default 1
            Which of the provider's accounts, up to 99. They have the same usage, but each has its own sessions and
            limits; from 2 on, the number is a part of the client's name.
        **overrides
            Keywords of the client to set otherwise.

        Returns
        -------
        Client
            A client.

        Examples
        --------
        >>> from metertap.simulator import Simulator
        >>> with Simulator(seed=7, now="2026-04-15") as simulator:
        ...     simulator.client("sora").name
        'sora'
        """
        options: dict[str, Any] = {"base_url": self.base_url(provider, tls=tls)}
        if tls:
            options["ca_file"] = self.ca_file
        if account > 1:
            options["name"] = f"{provider}-{account}"
        credentials = self.credentials(provider, account=account)
        make: Any = documents.client_class_of(provider, is_async=flag("aio", aio))
        client: Client = make(**{**credentials, **options, **overrides})
        client._simulated_now = self.now if self._stands_still else None
        return client

    def clients(self, *, tls: bool = False, aio: bool = False) -> list[Any]:
        """Return a client of each provider, which can be planned and fetched as they are.

        Unlike those of `client`, and of real accounts, UiPath's says by itself which codes are asked for.

        Examples
        --------
        >>> import metertap as mt
        >>> from metertap.simulator import Simulator
        >>> with Simulator(seed=7, now="2026-04-15") as simulator:
        ...     usage = mt.fetch(simulator.clients(), since="7d")
        >>> sorted({row["provider"] for row in usage.to_dicts()})
        ['devicewise', 'ricoh', 'sora', 'uipath', 'volcengine']
        """
        made = [self.client(provider, tls=tls, aio=aio) for provider in self.providers]
        for client in made:
            if client.provider == "uipath":
                client._simulated_selection = {"consumable_code": list(_CODES)}
        return made

    @property
    def switches(self) -> list[Switch]:
        """What can be switched."""
        return [Switch(*row) for row in self._core.switches()]

    def switch(self, name: str, value: str) -> None:
        """Set a switch, for example ``switch("ricoh.label_path", "labels")``.

        Examples
        --------
        >>> from metertap.simulator import Simulator
        >>> with Simulator(seed=7, now="2026-04-15") as simulator:
        ...     simulator.switch("ricoh.label_path", "quoted")
        """
        self._core.set_switch(_text("name", name), _text("value", value))

    def add_fault(
        self,
        kind: str,
        *,
        provider: str | None = None,
        path_contains: str | None = None,
        skip: int = 0,
        every: int | None = None,
        times: int | None = None,
    ) -> int:
        """Misbehave from now on.

        Parameters
        ----------
        kind : str
            Such as ``"latency:80"``, ``"status:429;retry-after=2"`` or ``"reset"``; see `fault_menu`.
        provider : str, optional
            Only for this provider's requests.
        path_contains : str, optional
            Only for requests with this text in their path or query.
        skip : int, default 0
            Spare this many of them first.
        every : int, optional
            Hit only every so many-th of them.
        times : int, optional
            Hit so many; all of them if left out.

        Returns
        -------
        int
            The fault's number.

        Examples
        --------
        >>> from metertap.simulator import Simulator
        >>> with Simulator(seed=7, now="2026-04-15") as simulator:
        ...     number = simulator.add_fault("status:503", provider="sora", times=1)
        ...     simulator.client("sora").total_sessions_this_month() > 0
        True
        """
        return self._core.add_fault(
            _text("kind", kind),
            provider=None if provider is None else _text("provider", provider),
            path_contains=None if path_contains is None else _text("path_contains", path_contains),
            skip=whole("skip", skip),
            every=None if every is None else whole("every", every),
            times=None if times is None else whole("times", times),
        )

    def clear_faults(self) -> None:
        """Behave again.

        Examples
        --------
        >>> from metertap.simulator import Simulator
        >>> with Simulator(seed=7, now="2026-04-15") as simulator:
        ...     simulator.clear_faults()
        """
        self._core.clear_faults()

    def expire_sessions(self, provider: str) -> None:
        """Make all sessions and tokens of a provider invalid.

        Examples
        --------
        >>> from metertap.simulator import Simulator
        >>> with Simulator(seed=7, now="2026-04-15") as simulator:
        ...     simulator.expire_sessions("devicewise")
        """
        self._core.expire_sessions(_text("provider", provider))

    def set_clock_offset(self, seconds: int) -> None:
        """Put the server's clock off by so many seconds.

        Examples
        --------
        >>> from metertap.simulator import Simulator
        >>> with Simulator(seed=7, now="2026-04-15") as simulator:
        ...     simulator.set_clock_offset(3600)
        """
        self._core.set_clock_offset(whole("seconds", seconds, least=-_CENTURY, most=_CENTURY))

    def set_rate_limit(self, provider: str, per_second: float | None) -> None:
        """Answer more requests of an account than this in a second with 429; None ends it.

        Examples
        --------
        >>> from metertap.simulator import Simulator
        >>> with Simulator(seed=7, now="2026-04-15") as simulator:
        ...     simulator.set_rate_limit("sora", 5)
        """
        self._core.set_rate_limit(_text("provider", provider), None if per_second is None else _number(per_second))

    def set_concurrency_limit(self, provider: str, at_once: int | None) -> None:
        """Answer more requests of an account than this at once with 429; None ends it.

        Examples
        --------
        >>> from metertap.simulator import Simulator
        >>> with Simulator(seed=7, now="2026-04-15") as simulator:
        ...     simulator.set_concurrency_limit("sora", 2)
        """
        limit = None if at_once is None else whole("at_once", at_once)
        self._core.set_concurrency_limit(_text("provider", provider), limit)

    @property
    def requests(self) -> list[RequestRecord]:
        """The requests so far, the last 100,000 of them."""
        return [RequestRecord(*row) for row in self._core.requests()]

    def clear_requests(self) -> None:
        """Forget the requests so far.

        Examples
        --------
        >>> from metertap.simulator import Simulator
        >>> with Simulator(seed=7, now="2026-04-15") as simulator:
        ...     simulator.clear_requests()
        """
        self._core.clear_requests()

    @property
    def counts(self) -> Counts:
        """What was counted so far."""
        return Counts(*self._core.counts())


def fault_menu() -> list[Fault]:
    """Return the kinds of fault.

    Examples
    --------
    >>> from metertap.simulator import fault_menu
    >>> any(fault.name == "latency" for fault in fault_menu())
    True
    """
    return [Fault(*row) for row in _core.Simulator.fault_menu()]


#: The codes of UiPath's units that have usage.
_CODES = ("AIU", "PLTU")
#: A clock that is off by more is not one that anybody has.
_CENTURY = 100 * 366 * 86_400


def _text(name: str, value: Any) -> str:
    """Return a text that can be passed on, refusing what is none."""
    if not isinstance(value, str):
        raise WrongType(f"{name} must be a str, not {type(value).__name__}.")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidArgument(f"{name} holds a lone surrogate, which is no character.")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise WrongType(f"per_second must be a number, not {type(value).__name__}.")
    if not 0 < value < 1e9:
        raise InvalidArgument("per_second must be a number above 0.")
    return float(value)


def __dir__() -> list[str]:
    return sorted(__all__)
