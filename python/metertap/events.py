"""What happens on the way to an answer, for the callable that `on_event=` names.

Every client takes ``on_event=`` for its own calls, and `metertap.fetch` takes it for all calls of a fetch. The callable
gets one of the classes below for each thing that happens: soon after it, and in the thread, or the event loop, that
waits for the answer. No event holds a body or a secret.

An exception that the callable raises does not end what it watches: it goes to `sys.unraisablehook`, which prints it,
and the callable is not called again. ``KeyboardInterrupt`` and ``SystemExit`` are passed on.

Examples
--------
>>> import metertap as mt
>>> from metertap import events
>>> seen = []
>>> usage = mt.fetch(sora, "2026-03-01", "2026-04-01", now="2026-04-15", on_event=seen.append)
>>> {event.status for event in seen if isinstance(event, events.Answered)}
{200}
"""

from __future__ import annotations

from dataclasses import dataclass

from metertap.errors import MetertapError

__all__ = [
    "Answered",
    "ClockCorrected",
    "Event",
    "GaveUp",
    "LearnedLimit",
    "LoggedIn",
    "Repeating",
    "Waited",
]


@dataclass(frozen=True)
class Event:
    """Something worth knowing; the base of all events.

    Attributes
    ----------
    provider : str
        The provider's name, such as ``"volcengine"``.
    account : str
        The account's label: its client's `name`.
    """

    provider: str
    account: str


@dataclass(frozen=True)
class Answered(Event):
    """A request was answered, well or not.

    Attributes
    ----------
    operation : str
        The provider's own name of the operation.
    attempt : int
        Which attempt of the call it was, counted from 1.
    status : int
        The HTTP status.
    seconds : float
        From sending to the last byte of the answer.
    """

    operation: str
    attempt: int
    status: int
    seconds: float


@dataclass(frozen=True)
class Repeating(Event):
    """An attempt failed, and another one follows.

    Attributes
    ----------
    operation : str
        The provider's own name of the operation.
    error : MetertapError
        Why it failed.
    wait_seconds : float
        How long the next attempt is put off.
    """

    operation: str
    error: MetertapError
    wait_seconds: float


@dataclass(frozen=True)
class Waited(Event):
    """A request had to wait for the account's limits: its rate, or how many requests may be under way at once.

    Attributes
    ----------
    operation : str
        The provider's own name of the operation.
    seconds : float
        How long it waited.
    """

    operation: str
    seconds: float


@dataclass(frozen=True)
class LoggedIn(Event):
    """New credentials were fetched: a token or a session."""


@dataclass(frozen=True)
class LearnedLimit(Event):
    """The service refused a request for coming too often, so the account sends fewer from now on.

    The rate grows again while nothing is refused, but never above the declared one.

    Attributes
    ----------
    per_second : float
        How many requests the account sends in a second at most.
    """

    per_second: float


@dataclass(frozen=True)
class ClockCorrected(Event):
    """The clock here differs from the server's; requests are signed with the server's time from now on.

    Attributes
    ----------
    seconds : int
        What is added to our clock.
    """

    seconds: int


@dataclass(frozen=True)
class GaveUp(Event):
    """A call failed for good.

    Attributes
    ----------
    operation : str
        The provider's own name of the operation.
    error : MetertapError
        Why.
    """

    operation: str
    error: MetertapError


def __dir__() -> list[str]:
    return sorted(__all__)
