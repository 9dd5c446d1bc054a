"""The ledger, to be awaited: what takes long runs in threads, and the calls in the caller's event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from metertap.ledger import Ledger as Kept
from metertap.ledger import Sync, advanced, started
from metertap.usage import Usage

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Iterable
    from datetime import timedelta, tzinfo

    from metertap.events import Event
    from metertap.planning import Plan
    from metertap.typing import Moment, When, Whom
    from metertap.usage import Table

__all__ = ["Ledger"]


class Ledger:
    """Readings kept over time; `metertap.Ledger`, whose methods are awaited, with the same parameters.

    Examples
    --------
    >>> import asyncio, metertap.aio
    >>> ledger = metertap.aio.Ledger("usage")
    >>> asyncio.run(ledger.sync(sora, "2026-03-01", "2026-04-01", now="2026-04-15")).is_complete
    True
    """

    def __init__(self, path: str | os.PathLike[str], storage_options: dict[str, str] | None = None) -> None:
        self._kept = Kept(path, storage_options)

    def __repr__(self) -> str:
        return repr(self._kept)

    async def sync(
        self,
        accounts: Whom,
        start: When | None = None,
        end: When | None = None,
        *,
        since: When | timedelta | None = None,
        tz: str | tzinfo | None = None,
        now: Moment | None = None,
        reread: str | timedelta = "3d",
        progress: bool | Callable[[int, int], object] = False,
        on_error: str = "raise",
        on_event: Callable[[Event], object] | None = None,
    ) -> Sync:
        """Fetch what is missing of a range, or may still change, and add it; see `metertap.Ledger.sync`."""
        steps = self._kept._sync(accounts, start, end, since, tz, now, reread, progress, on_error)
        return await _driven(steps, on_event)

    async def snapshot(
        self,
        accounts: Whom,
        *,
        now: Moment | None = None,
        on_error: str = "raise",
        on_event: Callable[[Event], object] | None = None,
    ) -> Sync:
        """Keep the counters of the month so far, as they are now; see `metertap.Ledger.snapshot`."""
        return await _driven(self._kept._snapshot(accounts, now, on_error), on_event)

    async def usage(
        self,
        start: When | None = None,
        end: When | None = None,
        *,
        since: When | timedelta | None = None,
        accounts: Any = None,
        meters: str | Iterable[str] | None = None,
        as_of: Moment | None = None,
        tz: str | tzinfo | None = None,
        now: Moment | None = None,
    ) -> Usage:
        """Return what the ledger has of a range; see `metertap.Ledger.usage`."""
        kept, given = self._kept.usage, {"accounts": accounts, "meters": meters, "as_of": as_of, "tz": tz, "now": now}
        return await asyncio.to_thread(kept, start, end, since=since, **given)

    async def increments(self, meter: str, every: str | None = None) -> Usage:
        """Turn snapshots of a counter into what it grew by between them; see `metertap.Ledger.increments`."""
        return await asyncio.to_thread(self._kept.increments, meter, every)

    async def holes(
        self,
        start: When | None = None,
        end: When | None = None,
        *,
        since: When | timedelta | None = None,
        tz: str | tzinfo | None = None,
        now: Moment | None = None,
    ) -> Table:
        """Return what is missing of a range; see `metertap.Ledger.holes`."""
        return await asyncio.to_thread(self._kept.holes, start, end, since=since, tz=tz, now=now)

    async def restatements(self, since: When | timedelta | None = None) -> Table:
        """Return the figures that changed after they were first read; see `metertap.Ledger.restatements`."""
        return await asyncio.to_thread(self._kept.restatements, since)

    async def summary(self) -> dict[str, Any]:
        """Return what the ledger has, in figures; see `metertap.Ledger.summary`."""
        return await asyncio.to_thread(self._kept.summary)

    async def tidy(self) -> dict[str, int]:
        """Join small files, and drop what is there twice; see `metertap.Ledger.tidy`."""
        return await asyncio.to_thread(self._kept.tidy)

    async def vacuum(self, retain_days: float = 7, *, dry_run: bool = True, even_if_read: bool = False) -> list[str]:
        """Delete files that no version of the last days needs; see `metertap.Ledger.vacuum`."""
        kept = self._kept.vacuum
        return await asyncio.to_thread(kept, retain_days, dry_run=dry_run, even_if_read=even_if_read)


async def _driven(steps: Generator[Plan, Usage, Sync], on_event: Callable[[Event], object] | None) -> Sync:
    """Fetch what the generator hands out."""
    part, done = await asyncio.to_thread(advanced, steps, None)
    while part is not None:
        run, clients = started(part, on_event)
        usage = Usage(await run.awaited(), clients)
        run.deliver()
        part, done = await asyncio.to_thread(advanced, steps, usage)
    return done
