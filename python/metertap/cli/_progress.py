"""A line on the terminal while requests are under way: how many are done, and what is waited for."""

from __future__ import annotations

import sys
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from metertap._show.terminal import width
from metertap._table import clip, counted

if TYPE_CHECKING:
    from typing import TextIO

    from metertap.events import Event
    from metertap.planning import Plan

__all__ = ["Progress", "shown"]

#: The line is written anew after so many seconds at the earliest.
TICK = 0.1
#: A wait that ended longer ago than that is no news.
FRESH = 2.0
CLEAR = "\r\x1b[2K"


class Progress:
    """Counts the calls, hears the events, and keeps one line of the terminal.

    Parameters
    ----------
    plan : Plan, optional
        What is asked: with it the line tells until when an account's limit will be waited for.
    stream : file, optional
        The terminal; standard error if left out.
    """

    def __init__(self, plan: Plan | None = None, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._left = Counter(call["account"] for call in plan.calls) if plan is not None else Counter[str]()
        self._rates = _rates(plan)
        self._began = time.monotonic()
        self._done, self._total = 0, len(plan) if plan is not None else 0
        self._waits: dict[str, tuple[float, str, datetime | None]] = {}
        self._written = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Take the numbers of calls done and of all, as `metertap.fetch` tells them."""
        self._done, self._total = done, total
        self._write(at_once=done == total)

    def hear(self, event: Event) -> None:
        """Take an event, as `metertap.fetch` tells it."""
        from metertap import events

        now = time.monotonic()
        if isinstance(event, events.Repeating):
            until = datetime.now().astimezone() + timedelta(seconds=event.wait_seconds)
            status = event.error.http_status
            why = f"{event.account} to be asked again" + (f" (HTTP {status})" if status else "")
            self._waits[event.account] = (now + event.wait_seconds, why, until)
        elif isinstance(event, events.Waited):
            rate = self._rates.get(event.account)
            why = f"the limit of {event.account}" + (f" ({rate:g} requests/s)" if rate else "")
            self._waits[event.account] = (now, why, None)
        elif isinstance(event, events.LearnedLimit):
            self._rates[event.account] = event.per_second
        elif isinstance(event, (events.Answered, events.GaveUp)):
            self._left[event.account] -= 1
        self._write()

    def close(self) -> None:
        """Take the line away."""
        if self._written:
            self._stream.write(CLEAR)
            self._stream.flush()
            self._written = 0.0

    def line(self, now: float) -> str:
        """Return what is told at a moment."""
        told = f"{self._done:,} of {counted(self._total, 'call')}, {now - self._began:.0f} s"
        waits = [
            f"{why}, until {self._until(account, until)}"
            for account, (ended, why, until) in self._waits.items()
            if now - ended < FRESH
        ]
        is_waiting = waits and self._done < self._total
        return f"{told}; waiting for {'; '.join(waits)}" if is_waiting else told

    def _until(self, account: str, until: datetime | None) -> str:
        if until is None:
            rate, left = self._rates.get(account), max(self._left[account], 1)
            if not rate:
                return "it is free"
            until = datetime.now().astimezone() + timedelta(seconds=left / rate)
            return f"about {until:%H:%M:%S}"
        return f"{until:%H:%M:%S}"

    def _write(self, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if at_once or now - self._written >= TICK:
            self._written = now
            self._stream.write(CLEAR + clip(self.line(now), width() - 1))
            self._stream.flush()


def _rates(plan: Plan | None) -> dict[str, float]:
    """Return how many requests each account may send in a second, where that is declared."""
    from metertap.catalogue import meters

    if plan is None:
        return {}
    declared = {meter.provider: meter.per_second for meter in meters()}
    found = {call["account"]: declared.get(call["provider"]) for call in plan.calls}
    return {account: rate for account, rate in found.items() if rate}


def shown(arguments: Any, plan: Plan | None = None) -> Progress | None:
    """Return what shows the progress of a command, if somebody watches."""
    wanted = arguments.progress
    if wanted is None:
        wanted = sys.stderr.isatty() and not arguments.quiet and not arguments.verbose
    return Progress(plan) if wanted else None
