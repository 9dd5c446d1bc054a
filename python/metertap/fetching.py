"""Fetching: one question to many accounts."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

from metertap import _core
from metertap._progress import progress_of
from metertap._table import counted
from metertap.errors import CoverageWarning, IncompleteUsage, InvalidArgument, MetertapError, WrongType, of_whole
from metertap.planning import Plan, client_of, listed, plan
from metertap.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import timedelta, tzinfo

    from metertap._client import Client
    from metertap.events import Event
    from metertap.typing import Moment, When, Whom

__all__ = ["fetch", "replay"]


def fetch(
    what: Plan | Whom,
    start: When | None = None,
    end: When | None = None,
    *,
    since: When | timedelta | None = None,
    tz: str | tzinfo | None = None,
    now: Moment | None = None,
    every: str | None = None,
    meters: str | Iterable[str] | None = None,
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
        A plan, or whom to ask; then a range is needed, as in `plan`.
    start, end, since, tz, now, every, meters
        As in `plan`.
    accounts : list of clients, optional
        The accounts of a plan that was unpickled, which holds none.
    on_error : {"raise", "keep"}
        What to do if calls fail: raise `IncompleteUsage`, which holds all that did arrive, or return that with a
        `CoverageWarning`.
    progress : bool or callable, default False
        Show a bar (needs the extra ``cli``), or call this with the numbers of calls done and of all.
    archive : path, optional
        A folder that keeps each answer, for `replay`. If it holds answers to the same question, this goes on with its
        own plan, made for the `now` of then: what is there is not asked again, calls that failed or were not made are.
        So an interrupted fetch is finished by the same call, and a finished one is replayed without a request.
        Accounts are known by their names. If it can no longer be written, the rest of the calls is made all the same.
    on_event : callable, optional
        Called with each event on the way, see `metertap.events`: requests answered, repetitions, waits for limits.

    Returns
    -------
    Usage
        The readings, with coverage and evidence.

    Raises
    ------
    IncompleteUsage
        If a call failed, something is missing from an answer, or the archive could not be written; `usage` holds all
        that did arrive.
        If every call failed for one reason, it is of that reason's class, too, such as `AuthenticationFailed`.
    InvalidArgument
        If the question makes no sense, or the archive is damaged, in use by another fetch, or of another question;
        nothing was sent.

    Examples
    --------
    >>> import metertap as mt
    >>> usage = mt.fetch([sora, volcengine], start="2026-03-01", end="2026-04-01", now="2026-04-15")
    >>> usage.is_complete, sorted(set(usage.to_pandas()["provider"]))
    (True, ['sora', 'volcengine'])
    >>> len(usage) == len(mt.fetch([sora, volcengine], "2026-03", now="2026-04-15"))
    True
    """
    run, clients = start_run(what, start, end, since, tz, now, every, meters, accounts, on_error, archive, on_event)
    show, close = progress_of(progress)
    try:
        core = run.wait(show)
    finally:
        close()
    return settle(Usage(core, clients), on_error, run.archive_problem)


def replay(path: str | os.PathLike[str], *, on_error: str = "raise") -> Usage:
    """Rebuild a usage from its archive, offline, with today's parser.

    Parameters
    ----------
    path : path
        The folder that `fetch` was given as `archive`.
    on_error : {"raise", "keep"}
        What to do if calls had failed, or had not been made when the fetch ended: as in `fetch`.

    Returns
    -------
    Usage
        The same table.

    Raises
    ------
    IncompleteUsage
        If the archive is not of a complete usage; `usage` holds what it has.
    InvalidArgument
        If the archive is damaged; the message names the file.

    Examples
    --------
    >>> import metertap as mt
    >>> usage = mt.fetch(sora, "2026-03", now="2026-04-15", archive="answers")
    >>> len(mt.replay("answers")) == len(usage)
    True
    """
    check_on_error(on_error)
    return settle(Usage(_core.replay(os.fspath(path))), on_error)


def start_run(
    what: Any,
    start: Any,
    end: Any,
    since: Any,
    tz: Any,
    now: Any,
    every: Any,
    meters: Any,
    accounts: Iterable[Client],
    on_error: str,
    archive: str | os.PathLike[str] | None,
    on_event: Callable[[Event], object] | None,
) -> tuple[_core.Run, dict[str, Client]]:
    """Check everything and prepare the calls; shared by both doors. Returns the clients, too, for what remains."""
    if on_event is not None and not callable(on_event):
        raise WrongType(f"on_event must be a callable, not {type(on_event).__name__}.")
    check_on_error(on_error)
    if isinstance(what, Plan):
        if any(given is not None for given in (start, end, since)):
            raise InvalidArgument("a plan has its range already; leave start, end and since out.")
        if every is not None:
            raise InvalidArgument("a plan has its periods already; leave every out.")
        if meters is not None:
            raise InvalidArgument("a plan has its meters already; leave meters out.")
        chosen = what
    else:
        chosen = plan(what, start, end, since=since, tz=tz, now=now, every=every, meters=meters)
    given = [client_of(client) for client in listed(accounts)]
    clients = {**chosen._clients, **{client.name: client for client in given}}
    missing = [name for name in chosen.accounts if name not in clients]
    if missing:
        raise InvalidArgument(f"the plan's account {missing[0]!r} has no client here; pass it in accounts=[…].")
    natives = {name: client._core for name, client in clients.items()}
    if not (archive is None or isinstance(archive, (str, os.PathLike))):
        raise WrongType(f"archive must be the path of a folder, not {type(archive).__name__}.")
    folder = None if archive is None else os.fspath(archive)
    return _core.Run(chosen._core, natives, folder, on_event), clients


def check_on_error(on_error: str) -> None:
    """Refuse what is not known."""
    if not isinstance(on_error, str):
        raise WrongType(f"on_error must be 'raise' or 'keep', not {type(on_error).__name__}.")
    if on_error not in ("raise", "keep"):
        raise InvalidArgument(f"on_error must be 'raise' or 'keep', not {on_error!r}.")


def lost_of(usage: Usage) -> str:
    """Say how many calls failed, and how much is missing from the answers of others; empty if nothing is."""
    failed, missing, _, _ = usage._core.counts()
    calls, _ = usage._core.calls()
    told = []
    if failed:
        told.append(f"{failed:,} of {counted(calls, 'call')} failed")
    if missing:
        told.append(
            f"{missing:,} {'stretch' if missing == 1 else 'stretches'} of what was asked missing from the answers"
        )
    return " and ".join(told)


def settle(usage: Usage, on_error: str, archive_problem: str | None = None) -> Usage:
    """Raise or warn if anything is missing; never silently."""
    problems = []
    if lost := usage.missing:
        more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
        problems.append(f"{lost_of(usage)}: {lost[0].rstrip('.')}{more}")
    if archive_problem is not None:
        problems.append(unkept(archive_problem))
    if problems and on_error == "raise":
        raise _error(usage, "; ".join(problems), archive_problem)
    if not problems and (unavailable := _nothing_to_be_had(usage)):
        problems.append(unavailable)
    if problems:
        warnings.warn(f"{'; '.join(problems)}.", CoverageWarning, stacklevel=3)
    return usage


def _error(usage: Usage, message: str, archive_problem: str | None) -> IncompleteUsage:
    """Return what is raised: of the class of the one reason for which every call failed, if there is one."""
    text = f"{message}; what did arrive is in .usage."
    reason = usage._core.reason()
    one = reason if isinstance(reason, MetertapError) else None
    error = IncompleteUsage(text, partial=usage) if one is None else of_whole(one, text, usage)
    error.archive_problem = archive_problem
    return error


def _nothing_to_be_had(usage: Usage) -> str | None:
    """Say so if no call can answer anything of the question."""
    calls, _ = usage._core.calls()
    if calls or not len(usage.coverage):
        return None
    first = usage.coverage.to_dicts()[0]
    return f"nothing of what was asked can be had: {first['account']} {first['operation']}: {first['reason']}"


def unkept(archive_problem: str) -> str:
    """Say that an archive is not whole, and how it becomes so."""
    return f"the archive is not whole, until the same fetch is made again: {archive_problem.rstrip('.')}"
