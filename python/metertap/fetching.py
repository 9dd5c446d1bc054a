"""Fetching: one question to many accounts."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

from metertap import _core
from metertap.errors import CoverageWarning, IncompleteUsage, InvalidArgument, WrongType
from metertap.planning import Plan, client_of, listed, plan
from metertap.usage import Usage, _needed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import tzinfo

    from metertap._client import Client
    from metertap.events import Event
    from metertap.typing import Asked, Moment

__all__ = ["fetch", "replay"]


def fetch(
    what: Plan | Asked | Iterable[Asked],
    start: Moment | None = None,
    end: Moment | None = None,
    *,
    tz: str | tzinfo | None = None,
    now: Moment | None = None,
    every: str | None = None,
    accounts: Iterable[Client] = (),
    on_error: str = "raise",
    progress: bool | Callable[[int, int], object] = False,
    archive: str | os.PathLike[str] | None = None,
    on_event: Callable[[Event], object] | None = None,
) -> Usage:
    """Ask all accounts at once, each under its own limits, and return one table.

    Parameters
    ----------
    what : Plan, client, selection or list of clients and selections
        A plan, or whom to ask; then `start` and `end` are needed, as in `plan`.
    start, end, tz, now, every
        As in `plan`.
    accounts : list of clients, optional
        The accounts of a plan that was unpickled, which holds none.
    on_error : {"raise", "keep"}
        What to do if calls fail: raise `IncompleteUsage`, which holds all that did arrive, or return that with a
        `CoverageWarning`.
    progress : bool or callable, default False
        Show a bar (needs the extra ``cli``), or call this with the numbers of calls done and of all.
    archive : path, optional
        A folder that keeps each answer, for `replay`.
    on_event : callable, optional
        Called with each event on the way, see `metertap.events`: requests answered, repetitions, waits for limits.

    Returns
    -------
    Usage
        The readings, with coverage and evidence.

    Raises
    ------
    IncompleteUsage
        If a call failed; `usage` holds the rest.
    InvalidArgument
        If the question makes no sense; nothing was sent.

    Examples
    --------
    >>> import metertap as mt
    >>> usage = mt.fetch([sora, volcengine], start="2026-03-01", end="2026-04-01", now="2026-04-15")
    >>> usage.is_complete, sorted(set(usage.to_pandas()["provider"]))
    (True, ['sora', 'volcengine'])
    """
    run = start_run(what, start, end, tz, now, every, accounts, on_error, archive, on_event)
    show, close = progress_of(progress)
    try:
        core = run.wait(show)
    finally:
        close()
    return settle(Usage(core), on_error)


def replay(path: str | os.PathLike[str]) -> Usage:
    """Rebuild a usage from its archive, offline, with today's parser.

    Parameters
    ----------
    path : path
        The folder that `fetch` was given as `archive`.

    Returns
    -------
    Usage
        The same table.

    Raises
    ------
    InvalidArgument
        If the archive is damaged; the message names the file.
    """
    return Usage(_core.replay(os.fspath(path)))


def start_run(
    what: Any,
    start: Any,
    end: Any,
    tz: Any,
    now: Any,
    every: Any,
    accounts: Iterable[Client],
    on_error: str,
    archive: str | os.PathLike[str] | None,
    on_event: Callable[[Event], object] | None,
) -> _core.Run:
    """Check everything and prepare the calls; shared by both doors."""
    if on_event is not None and not callable(on_event):
        raise WrongType(f"on_event must be a callable, not {type(on_event).__name__}.")
    if on_error not in ("raise", "keep"):
        raise InvalidArgument(f"on_error must be 'raise' or 'keep', not {on_error!r}.")
    if isinstance(what, Plan):
        if start is not None or end is not None:
            raise InvalidArgument("a plan has its range already; leave start and end out.")
        if every is not None:
            raise InvalidArgument("a plan has its periods already; leave every out.")
        chosen = what
    elif start is None or end is None:
        raise InvalidArgument("start and end are needed, unless a plan is given.")
    else:
        chosen = plan(what, start, end, tz=tz, now=now, every=every)
    given = [client_of(client) for client in listed(accounts)]
    clients = {**chosen._clients, **{client.name: client for client in given}}
    missing = [name for name in chosen.accounts if name not in clients]
    if missing:
        raise InvalidArgument(f"the plan's account {missing[0]!r} has no client here; pass it in accounts=[…].")
    natives = {name: client._core for name, client in clients.items()}
    return _core.Run(chosen._core, natives, None if archive is None else os.fspath(archive), on_event)


def progress_of(progress: bool | Callable[[int, int], object]) -> tuple[Any, Callable[[], object]]:
    """Return what is called with the numbers of calls done and of all, and what ends it."""
    if not progress:
        return None, lambda: None
    if callable(progress):
        return progress, lambda: None
    bar = _needed("tqdm.auto", "cli").tqdm(unit="call")

    def show(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return show, bar.close


def settle(usage: Usage, on_error: str) -> Usage:
    """Raise or warn if anything is missing; never silently."""
    if usage.is_complete:
        return usage
    lost = usage.missing
    more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
    message = f"{len(lost)} of {len(usage.evidence)} calls failed: {lost[0].rstrip('.')}{more}"
    if on_error == "raise":
        raise IncompleteUsage(f"{message}; what did arrive is in .usage.", partial=usage)
    warnings.warn(f"{message}.", CoverageWarning, stacklevel=3)
    return usage
