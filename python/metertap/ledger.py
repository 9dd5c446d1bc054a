"""The ledger: history that the services do not keep, in Delta Lake tables that everything reads."""

from __future__ import annotations

import os
import re
import uuid
import warnings
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from metertap import _core
from metertap._delta import Store
from metertap._given import flag
from metertap._log import emit
from metertap._range import moment as moment_of
from metertap._range import range_of, since_of, window
from metertap._selection import Selection
from metertap._table import counted
from metertap.errors import CoverageWarning, IncompleteUsage, InvalidArgument, MetertapError, WrongType, of_whole
from metertap.planning import Plan, plan, simulated_now
from metertap.usage import Table, Usage, name_list

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from datetime import tzinfo

    from metertap._client import Client
    from metertap.events import Event
    from metertap.typing import Moment, When, Whom

__all__ = ["LATEST_SQL", "Ledger", "Sync"]

#: The latest version of each reading, in SQL that DuckDB, Spark and DataFusion know, of a table or view `readings`; the
#: column `nth` behind the others is 1.
LATEST_SQL = (
    "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY reading_id ORDER BY fetched_at DESC, synced_at DESC,"
    " sync_id DESC) AS nth FROM readings) AS versions WHERE nth = 1"
)
#: A round of calls is stored when it is done, and takes about so many seconds.
ROUND = 30.0
#: What a summary says of an account.
EXTENT = ("account", "provider", "readings", "start", "end", "last_sync")
#: No ledger is as old as so many days.
CENTURY = 36_525
#: The logger's number for a warning.
WARNING = 30


@dataclass(frozen=True, slots=True)
class Sync:
    """What a sync did.

    Attributes
    ----------
    calls : int
        The calls that were made.
    new : int
        Readings that the ledger did not have.
    restated : int
        Readings with another figure than before.
    restated_settled : int
        How many of these had been called settled.
    unchanged : int
        Readings with the figure that the ledger had.
    holes : list of str
        What failed or is missing in the calls that were made, in a sentence each.

    Examples
    --------
    >>> told = mt.Ledger("usage-ledger").sync(ricoh, "2026-03", now="2026-04-15")
    >>> told.is_complete
    True
    """

    calls: int = 0
    new: int = 0
    restated: int = 0
    restated_settled: int = 0
    unchanged: int = 0
    holes: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """True if none of its calls failed, and no answer lacked anything.

        Examples
        --------
        >>> mt.Ledger("usage-ledger").sync(ricoh, "2026-03", now="2026-04-15").is_complete
        True
        """
        return not self.holes

    def __add__(self, other: Sync) -> Sync:
        return Sync(
            self.calls + other.calls,
            self.new + other.new,
            self.restated + other.restated,
            self.restated_settled + other.restated_settled,
            self.unchanged + other.unchanged,
            self.holes + other.holes,
        )

    def __str__(self) -> str:
        told = f"{counted(self.calls, 'call')}: {counted(self.new, 'new reading')}, {self.restated:,} restated"
        if self.restated_settled:
            told += f" ({self.restated_settled:,} of them called settled before)"
        told += f", {self.unchanged:,} unchanged"
        return f"{told}; {counted(len(self.holes), 'hole')}" if self.holes else told


class Ledger:
    """Readings kept over time, in a folder or an object store; needs the extra ``ledger``.

    It is two Delta Lake tables: `readings`, with the columns of a usage, to which rows are only ever added, and
    `facts`, which says what was asked and answered. A reading that changed later is a second row of the same
    `reading_id`.

    Parameters
    ----------
    path : path or str
        A folder, which is made when something is first stored, or an address that the package `deltalake` knows, such
        as ``s3://bucket/folder``.
    storage_options : dict of str to str, optional
        Options of the object store, as `deltalake` takes them.

    Raises
    ------
    InvalidArgument
        If there is something else in that place, or a ledger of a newer version.

    Examples
    --------
    >>> import metertap as mt
    >>> ledger = mt.Ledger("usage")
    >>> print(ledger.sync(volcengine, "2026-03-01", "2026-04-01", now="2026-04-15"))
    3 calls: 155 new readings, 0 restated, 0 unchanged
    >>> ledger.sync(volcengine, "2026-03-01", "2026-04-01", now="2026-04-15").calls
    0
    >>> len(ledger.usage("2026-03-01", "2026-04-01"))
    155
    """

    def __init__(self, path: str | os.PathLike[str], storage_options: dict[str, str] | None = None) -> None:
        given: Any = path
        place = os.fspath(given) if isinstance(given, (str, os.PathLike)) else None
        if not isinstance(place, str):
            raise WrongType(f"path must be a path or an address, not {type(given).__name__}.")
        if not place:
            raise InvalidArgument("path is empty; give a folder or the address of one.")
        options: Any = {} if storage_options is None else storage_options
        if not isinstance(options, dict) or not all(isinstance(word, str) for item in options.items() for word in item):
            raise WrongType("storage_options must be a dict of str to str.")
        self._path = place
        self._store = Store(place, dict(options) or None)

    def __repr__(self) -> str:
        return f"Ledger({self._path!r})"

    def sync(
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
        """Fetch what is missing of a range, or may still change, and add it.

        Twice in a row changes nothing. What is answered is stored every half minute, so that a run that is ended from
        outside loses no more than that, and the next one goes on from there. Counters of the month so far are not part
        of it: they are kept by `snapshot`.

        Parameters
        ----------
        accounts : client, selection or list of them
            Whom to ask, as in `metertap.fetch`.
        start, end, since : date, datetime or str
            The range ``[start, end)``, in any of the ways of `metertap.plan`. To move its start back fetches the
            earlier part.
        tz, now : optional
            As in `metertap.plan`. Figures for a whole window (RICOH, UiPath's summary) are asked for by months of `tz`.
        reread : str or timedelta, default "3d"
            For how long after its end a window is asked again where no page says when its figures are final, or where
            it was answered without a row: a number of ``d`` (days) or ``h`` (hours).
        progress, on_event : optional
            As in `metertap.fetch`; progress is told round by round.
        on_error : {"raise", "keep"}
            What to do if calls fail or something is missing, when all that came has been stored: raise
            `IncompleteUsage`, which holds the usage of the range, or warn.

        Returns
        -------
        Sync
            What it did.

        Raises
        ------
        IncompleteUsage
            If a call failed or something is missing, unless `on_error` is ``"keep"``.
        InvalidArgument
            If the question makes no sense, or an account has the name of another one that the ledger knows.

        Examples
        --------
        >>> ledger = mt.Ledger("usage-ledger")
        >>> told = ledger.sync(ricoh, "2026-03", now="2026-04-15")
        >>> ledger.sync(ricoh, "2026-03", now="2026-04-15").new
        0
        """
        steps = self._sync(accounts, start, end, since, tz, now, reread, progress, on_error)
        return _driven(steps, on_event)

    def snapshot(
        self,
        accounts: Whom,
        *,
        now: Moment | None = None,
        on_error: str = "raise",
        on_event: Callable[[Event], object] | None = None,
    ) -> Sync:
        """Keep the counters of the month so far, as they are now.

        Parameters
        ----------
        accounts : client, selection or list of them
            Whom to ask.
        now, on_error, on_event : optional
            As in `sync`.

        Returns
        -------
        Sync
            What it did.

        Raises
        ------
        InvalidArgument
            If none of the accounts has such counters.

        Examples
        --------
        >>> ledger = mt.Ledger("usage-ledger")
        >>> ledger.snapshot(sora).calls > 0
        True
        """
        return _driven(self._snapshot(accounts, now, on_error), on_event)

    def usage(
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
        """Return what the ledger has of a range: the same table as a fetch, with its holes.

        Parameters
        ----------
        start, end, since : date, datetime or str
            The range ``[start, end)``, in any of the ways of `metertap.plan`.
        accounts : str, client, or list of them, optional
            The accounts, by name; all that the ledger knows if left out.
        meters : str or list of str, optional
            The meters; all if left out.
        as_of : date, datetime or str, optional
            What was known at that moment, by when it was stored.
        tz : str or tzinfo, optional
            Where a date has its midnight; UTC if left out.
        now : date, datetime or str, optional
            The time by which it is judged what cannot be known yet; the machine's if left out.

        Returns
        -------
        Usage
            The latest figure of each reading. What no sync asked for is a hole of state ``failed``.

        Raises
        ------
        InvalidArgument
            If the range ends before it starts, the ledger knows no such account or meter, or nothing was synced yet.

        Examples
        --------
        >>> ledger = mt.Ledger("usage-ledger")
        >>> told = ledger.sync(ricoh, "2026-03", now="2026-04-15")
        >>> len(ledger.usage("2026-03")) == told.new
        True
        """
        first, last = window(start, end, since, tz=tz, now=now)
        return self._usage(first, last, accounts, meters, as_of, now)

    def increments(self, meter: str, every: str | None = None) -> Usage:
        """Turn snapshots of a counter of the month so far into what it grew by between them.

        Parameters
        ----------
        meter : str
            A meter of kind ``cumulative``, such as ``"sora.sessions"``.
        every : {"hour", "day", "week", "month", "quarter", "year"}, optional
            Of the snapshots of each such period (UTC) only the last one counts, so that there is a figure for each.

        Returns
        -------
        Usage
            Readings of kind ``sum``, each over the time between two snapshots, or from a month's start to its first
            one; none is divided. What was counted between a month's last snapshot and its end is a hole. A counter that
            fell inside a month was restated: one figure goes on from the last snapshot that was not above. Where it is
            not known in which zone a month begins, its first figure is flagged ``ambiguous_month``, and snapshots
            between both beginnings are left out.

        Raises
        ------
        InvalidArgument
            If the ledger has no such meter, or it is no counter: of peaks there is no difference.

        Examples
        --------
        >>> ledger = mt.Ledger("usage-ledger")
        >>> told = ledger.snapshot(sora)
        >>> grown = ledger.increments("sora.total_egress")
        """
        given: dict[str, Any] = {"meter": meter, "every": "" if every is None else every}
        for name, value in given.items():
            if not isinstance(value, str):
                raise WrongType(f"{name} must be a str, not {type(value).__name__}.")
        bounds = self._store.bounds()
        if bounds is None:
            raise self._nothing("take a snapshot first")
        first, last = bounds
        rows = self._store.latest(first, last, None, [meter], None)
        return Usage(
            _core.increments(
                _core.stored(self._store.facts(None), rows, (first, last), last, [meter], is_known=True), meter, every
            )
        )

    def holes(
        self,
        start: When | None = None,
        end: When | None = None,
        *,
        since: When | timedelta | None = None,
        tz: str | tzinfo | None = None,
        now: Moment | None = None,
    ) -> Table:
        """Return what is missing of a range; see `Usage.holes`.

        Examples
        --------
        >>> ledger = mt.Ledger("usage-ledger")
        >>> told = ledger.sync(ricoh, "2026-03", now="2026-04-15")
        >>> holes = ledger.holes("2026-03")
        """
        return self.usage(start, end, since=since, tz=tz, now=now).holes

    def restatements(self, since: When | timedelta | None = None) -> Table:
        """Return the figures that changed after they were first read.

        Parameters
        ----------
        since : date, datetime, str or timedelta, optional
            Only those that were read since then; ``"7d"`` counts back from now, as in `metertap.plan`.

        Returns
        -------
        Table
            A row for each change: the columns that name the reading, the two quantities (``before``, ``quantity``) and
            costs (``cost_before``, ``cost``), when each was fetched (``fetched_before``, ``fetched_at``), and
            ``was_settled``: whether the first was called settled.

        Examples
        --------
        >>> ledger = mt.Ledger("usage-ledger")
        >>> told = ledger.sync(ricoh, "2026-03", now="2026-04-15")
        >>> len(ledger.restatements())
        0
        """
        when = None if since is None else since_of(since, None)
        found = self._store.restated(when)
        if found is None:
            if self._store.began() is None:
                raise self._nothing()
            raise InvalidArgument(f"{self._path} has no reading yet, and so none that could have changed.")
        return Table(_core.taken(found))

    def summary(self) -> dict[str, Any]:
        """Return what the ledger has, in figures.

        Returns
        -------
        dict of str to any
            ``path``; ``version``, that of its tables, or None if there is nothing yet; ``readings``, how many there
            are, each counted once however often it changed; ``last_sync``, when something was last asked; ``accounts``,
            a dict for each of them by name: ``account``, ``provider``, ``readings``, ``start`` and ``end`` of the time
            that they cover, ``last_sync``. Moments are in UTC, and None where there is none.

        Examples
        --------
        >>> summary = mt.Ledger("usage").summary()  # doctest: +SKIP
        >>> summary["readings"], summary["accounts"][0]["account"]  # doctest: +SKIP
        (31, 'volcengine')
        """
        accounts = self._store.extents()
        return {
            "path": self._path,
            "version": self._store.version(),
            "readings": sum(row["readings"] for row in accounts),
            "last_sync": max((row["last_sync"] for row in accounts), default=None),
            "accounts": [{name: row[name] for name in EXTENT} for row in accounts],
        }

    def tidy(self) -> dict[str, int]:
        """Join small files, and drop readings that two processes stored at once; no figure changes.

        Returns
        -------
        dict of str to int
            ``twins``: rows that were there twice; ``files``: how many files became fewer ones.

        Examples
        --------
        >>> ledger = mt.Ledger("usage-ledger")
        >>> told = ledger.sync(ricoh, "2026-03", now="2026-04-15")
        >>> sorted(ledger.tidy())
        ['files', 'twins']
        """
        return {"twins": self._store.drop_twins(), "files": self._store.compact()}

    def vacuum(self, retain_days: float = 7, *, dry_run: bool = True, even_if_read: bool = False) -> list[str]:
        """Delete files that no version of the last days needs.

        Parameters
        ----------
        retain_days : float, default 7
            How many days back versions stay readable.
        dry_run : bool, default True
            Only tell which files these are.
        even_if_read : bool, default False
            Must be True for less than a day: a process that reads or writes the ledger meanwhile would fail.

        Returns
        -------
        list of str
            The files, within the ledger.

        Examples
        --------
        >>> ledger = mt.Ledger("usage-ledger")
        >>> told = ledger.sync(ricoh, "2026-03", now="2026-04-15")
        >>> ledger.vacuum(dry_run=True)
        []
        """
        given: Any = retain_days
        if isinstance(given, bool) or not isinstance(given, (int, float)) or not given >= 0:
            raise InvalidArgument(f"retain_days must be a number of days, not {given!r}.")
        if retain_days > CENTURY:
            raise InvalidArgument(f"retain_days must be at most {CENTURY}, not {given!r}.")
        if retain_days < 1 and not flag("even_if_read", even_if_read):
            raise InvalidArgument(
                f"retain_days={retain_days} would delete files that a process may be reading: give 1 or more, or say"
                " even_if_read=True if none is."
            )
        return self._store.vacuum(int(retain_days * 24), dry_run=flag("dry_run", dry_run))

    # What both doors share: generators that hand out the plan of a round, and take what came of it.

    def _sync(
        self,
        accounts: Any,
        start: Any,
        end: Any,
        since: Any,
        tz: Any,
        now: Any,
        reread: Any,
        progress: Any,
        on_error: str,
    ) -> Generator[Plan, Usage, Sync]:
        from metertap._progress import progress_of
        from metertap.fetching import check_on_error

        check_on_error(on_error)
        seconds = _seconds(reread)
        moment = _present(accounts, now, tz)
        start, end, _ = range_of(start, end, since, tz=tz, now=moment)
        whole = plan(accounts, start, end, tz=tz, now=moment, every="month")
        first, last = window(start, end, None, tz=tz, now=moment)
        names = whole.accounts
        lacking = _core.lacking(whole._core, self._store.facts(names), seconds)
        rounds = _core.rounds(lacking, ROUND)
        show, close = progress_of(progress)
        done, total, told = 0, lacking.count(), Sync()
        sync_id, reasons = uuid.uuid4().hex, []
        try:
            for part in rounds:
                usage = yield Plan(part, whole._clients)
                told += self._kept(usage, sync_id)
                reasons.append(usage._core.reason())
                done += part.count()
                if show:
                    show(done, total)
        finally:
            close()
        return _settled(told, on_error, reasons, lambda: self._usage(first, last, names, None, None, moment))

    def _snapshot(self, accounts: Any, now: Any, on_error: str) -> Generator[Plan, Usage, Sync]:
        from metertap.fetching import check_on_error

        check_on_error(on_error)
        moment = _present(accounts, now, None)
        part = counters(accounts, moment)
        if not len(part):
            raise InvalidArgument("none of these accounts has counters of the month so far; sync keeps their history.")
        usage = yield part
        told = self._kept(usage, uuid.uuid4().hex)
        return _settled(told, on_error, [usage._core.reason()], lambda: usage)

    def _kept(self, usage: Usage, sync_id: str) -> Sync:
        """Add what is new of a usage: the readings first, so that who is stopped in between reads them again."""
        core, moment = usage._core, datetime.now(timezone.utc)
        months = _core.months(core)
        known = self._store.versions(months, core.plan().accounts()) if months else None
        rows, new, restated, settled, unchanged = _core.changes(core, known, sync_id, moment)
        if rows.count():
            self._store.add("readings", Table(rows))
        self._store.add("facts", Table(_core.facts(core, sync_id, moment)))
        calls, _ = core.calls()
        return Sync(calls, new, restated, settled, unchanged, usage.missing)

    def _usage(self, first: datetime, last: datetime, accounts: Any, meters: Any, as_of: Any, now: Any) -> Usage:
        names = self._names(accounts)
        wanted = name_list(meters, "meters must be the name of a meter, or a list of them.")
        until = None if as_of is None else moment_of(as_of, "as_of")
        began = self._store.began()
        if began is None:
            raise self._nothing()
        # Both of one moment: a sync that runs meanwhile would show a reading without its call.
        store = self._store.pinned()
        if until is not None and until < began:
            first_sync = f"its first sync was at {began:%Y-%m-%dT%H:%M:%SZ}"
            warnings.warn(f"the ledger had nothing then: {first_sync}.", CoverageWarning, stacklevel=4)
            # Of whom there was nothing, what was stored since tells.
            return Usage(_core.stored(store.facts(names), None, (first, last), now, wanted, is_known=False))
        facts = store.facts(names, until)
        rows = store.latest(first, last, names, wanted, until)
        return Usage(_core.stored(facts, rows, (first, last), now, wanted, is_known=True))

    def _nothing(self, first: str = "sync first") -> InvalidArgument:
        """Return the error of a place where nothing was stored: more likely a slip of the pen than a question."""
        return InvalidArgument(f"there is nothing in {self._path} yet: {first}.")

    def _names(self, accounts: Any) -> list[str] | None:
        if accounts is None:
            return None
        given = accounts if isinstance(accounts, (list, tuple)) else [accounts]
        names = [_name(item) for item in given]
        known = self._store.accounts()
        for name in names:
            if name not in known:
                has = f"it has {', '.join(known)}" if known else "it has none yet"
                raise InvalidArgument(f"the ledger has no account {name!r}; {has}.")
        return names


def _settled(told: Sync, on_error: str, reasons: list[Exception | None], usage: Callable[[], Usage]) -> Sync:
    """Say loudly what must not be missed: settled figures that changed, and holes."""
    if told.restated_settled:
        emit(WARNING, f"{told.restated_settled} figures that were called settled have changed; see restatements()")
    if not told.holes:
        return told
    more = f" (and {len(told.holes) - 1} more)" if len(told.holes) > 1 else ""
    text = f"{told.holes[0].rstrip('.')}{more}; what did arrive is in the ledger."
    if on_error == "raise":
        first = reasons[0]
        if isinstance(first, MetertapError) and all(type(reason) is type(first) for reason in reasons):
            raise of_whole(first, text, usage())
        raise IncompleteUsage(text, partial=usage())
    warnings.warn(text, CoverageWarning, stacklevel=5)
    return told


def _name(item: Any) -> str:
    if isinstance(item, str):
        return item
    from metertap.planning import client_of

    return client_of(item.client if isinstance(item, Selection) else item).name


def _present(accounts: Any, now: Any, tz: Any) -> datetime:
    """Return the time of a question to these accounts: that of a simulator's, if its time stands still."""
    if now is not None:
        return moment_of(now, "now", tz)
    return simulated_now(accounts) or datetime.now(timezone.utc)


def counters(accounts: Any, moment: datetime) -> Plan:
    """Return the plan for the counters of the month so far; it is empty if none of the accounts has any."""
    start = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    # A month that has just begun has no time in it yet.
    end = max(moment, start + timedelta(seconds=1))
    whole = plan(accounts, start, end, now=end)
    return Plan(_core.month_so_far(whole._core), whole._clients)


def started(part: Plan, on_event: Callable[[Event], object] | None) -> tuple[_core.Run, dict[str, Client]]:
    """Return the run of a plan, of which whatever comes is kept."""
    from metertap.fetching import start_run

    return start_run(part, None, None, None, None, None, None, None, (), "keep", None, on_event)


def advanced(steps: Generator[Plan, Usage, Sync], usage: Usage | None) -> tuple[Plan | None, Sync]:
    """Hand a usage to the generator; return the next plan, or what it ends with."""
    try:
        return (next(steps) if usage is None else steps.send(usage)), Sync()
    except StopIteration as end:
        return None, end.value


def _driven(steps: Generator[Plan, Usage, Sync], on_event: Callable[[Event], object] | None) -> Sync:
    """Fetch what the generator hands out."""
    part, done = advanced(steps, None)
    while part is not None:
        run, clients = started(part, on_event)
        part, done = advanced(steps, Usage(run.wait(None), clients))
    return done


def _seconds(reread: Any) -> int:
    if isinstance(reread, timedelta) and reread >= timedelta(0):
        return int(reread.total_seconds())
    told = re.fullmatch(r"(\d{1,4})([dh])", reread) if isinstance(reread, str) else None
    if told is None:
        raise InvalidArgument(f"reread must be a number of days or hours such as '3d' or '12h', not {reread!r}.")
    return int(told[1]) * {"d": 86_400, "h": 3600}[told[2]]
