"""The tables of a ledger in Delta Lake: opened, added to, and asked in SQL. What their rows mean, the ledger knows."""

from __future__ import annotations

import copy
import os
import re
import time
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from metertap import _core
from metertap._extras import needed
from metertap.errors import InvalidArgument
from metertap.usage import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: The version of the tables; a ledger of a newer one is refused.
VERSION = 1
#: What the description of each table begins with; the version follows.
MARK = "metertap ledger "
READINGS, FACTS = "readings", "facts"
#: Delta Lake keeps the least and the largest decimal of a file as binary fractions, and readers then leave out files
#: that have the row which was asked for. So no column of decimals has statistics.
STATISTICS = {READINGS: "account,meter,start,end,fetched_at", FACTS: "account,start,end,synced_at"}
PARTITIONS = {READINGS: ["month"], FACTS: None}
#: The columns of readings that are the ledger's own.
OWN = frozenset(("reading_id", "month", "sync_id", "synced_at"))
#: So often a commit is tried again that another process was faster than.
TRIES = 20
#: Of the versions of a reading, the latest answer counts; of twins, which are the same, any.
ORDER = "fetched_at, synced_at, sync_id"
LATEST = "fetched_at DESC, synced_at DESC, sync_id DESC"
#: Readings are stored before the facts about their calls. A process may have ended in between: what no fact is about is
#: as if it was not there, and is read and stored again.
ROUNDS = f"(SELECT DISTINCT sync_id, synced_at FROM {FACTS}) AS rounds"
FINISHED = (
    f"(SELECT {READINGS}.* FROM {READINGS} LEFT SEMI JOIN {ROUNDS}"
    f" ON {READINGS}.sync_id = rounds.sync_id AND {READINGS}.synced_at = rounds.synced_at)"
)
#: What no fact is about for so long will not get one.
LEFT_BEHIND = timedelta(days=1)


class Store:
    """The two tables of a ledger."""

    def __init__(self, path: str, options: dict[str, str] | None) -> None:
        self._delta = needed("deltalake", "ledger")
        self.path = path
        self._options = options
        self._pinned: dict[str, Any] | None = None
        for name in (READINGS, FACTS):
            self.table(name)

    def table(self, name: str) -> Any:
        """Return a table; None if there is none yet."""
        if self._pinned is not None:
            return self._pinned[name]
        exceptions = self._delta.exceptions
        try:
            table = self._delta.DeltaTable(self._place(name), storage_options=self._options)
        except exceptions.TableNotFoundError:
            self._refuse_other()
            return None
        except (exceptions.DeltaError, OSError, ValueError) as problem:
            raise InvalidArgument(
                f"{self._place(name)} cannot be read as a table of a ledger: {line(problem)}."
            ) from None
        version = _version(table)
        if version is None:
            raise InvalidArgument(f"{self._place(name)} is no table of a ledger; choose another place.")
        if version > VERSION:
            raise InvalidArgument(
                f"{self.path} is a ledger of version {version}, and this metertap knows version {VERSION}:"
                " install a newer one."
            )
        return table

    def version(self) -> int | None:
        """Return the version of the tables; None if there are none yet."""
        tables = [self.table(name) for name in (READINGS, FACTS)]
        return next((_version(table) for table in tables if table is not None), None)

    def pinned(self) -> Store:
        """Return a store that sees the tables as they are now, whatever is added meanwhile."""
        store = copy.copy(self)
        # The facts first: of each of them, the readings are there by then.
        store._pinned = {name: self.table(name) for name in (FACTS, READINGS)}
        return store

    def _place(self, name: str) -> str:
        return f"{self.path.rstrip('/')}/{name}"

    def _refuse_other(self) -> None:
        """Refuse a folder of something else, in which a ledger would be lost."""
        if "://" in self.path:
            return
        try:
            others = [name for name in os.listdir(self.path) if name not in (READINGS, FACTS) and name[0] != "."]
        except FileNotFoundError:
            return
        except NotADirectoryError:
            raise InvalidArgument(f"{self.path} is a file; a ledger is a folder.") from None
        except (OSError, ValueError) as problem:
            raise InvalidArgument(f"{self.path[:200]!r} can be no ledger: {line(problem)[:200]}.") from None
        if others:
            raise InvalidArgument(
                f"{self.path} is no ledger, and has other things in it, such as {others[0]!r}: choose an empty folder."
            )

    def add(self, name: str, rows: Table) -> None:
        """Add rows. What other processes add meanwhile is in no conflict with that, but for the very first rows."""
        for attempt in range(1, TRIES + 1):
            problem = self._added(name, rows)
            if problem is None:
                return
            is_race = isinstance(problem, self._delta.exceptions.CommitFailedError) or "version" in str(problem)
            if not is_race or attempt == TRIES:
                raise InvalidArgument(
                    f"{self._place(name)} cannot be written: {line(problem)}; what was stored before is whole."
                )
            time.sleep(0.05 * attempt)

    def _added(self, name: str, rows: Table) -> Exception | None:
        try:
            self._delta.write_deltalake(
                self._place(name),
                rows,
                mode="append",
                schema_mode="merge",
                partition_by=PARTITIONS[name],
                description=f"{MARK}{VERSION}",
                configuration={"delta.dataSkippingStatsColumns": STATISTICS[name]},
                storage_options=self._options,
            )
        except (self._delta.exceptions.DeltaError, OSError, ValueError) as problem:
            return problem
        return None

    def versions(self, months: list[str], accounts: list[str]) -> Any:
        """Return what is compared of all readings of these months; None if there are none."""
        return self._asked(
            READINGS,
            f"SELECT reading_id, quantity, cost, status, array_to_string(flags, ' ') AS flags, \"end\", fetched_at"
            f" FROM {FINISHED} AS finished WHERE month IN {_in(months)} AND account IN {_in(accounts)}",
        )

    def facts(self, accounts: list[str] | None, as_of: datetime | None = None) -> Any:
        """Return all facts of these accounts: what was never asked for of a range, only all of them tell."""
        where = "true"
        where += f" AND account IN {_in(accounts)}" if accounts is not None else ""
        where += f" AND synced_at <= {_moment(as_of)}" if as_of is not None else ""
        return self._asked(FACTS, f"SELECT facts FROM {FACTS} WHERE {where} ORDER BY synced_at, sync_id")

    def latest(
        self,
        first: datetime,
        last: datetime,
        accounts: list[str] | None,
        meters: list[str] | None,
        as_of: datetime | None,
    ) -> Any:
        """Return the latest version of each reading that starts in a range, with its flags as one text."""
        where = f"(start >= {_moment(first)} AND start < {_moment(last)} OR start IS NULL)"
        where += f" AND account IN {_in(accounts)}" if accounts is not None else ""
        where += f" AND meter IN {_in(meters)}" if meters is not None else ""
        where += f" AND synced_at <= {_moment(as_of)}" if as_of is not None else ""
        names = [name for name in self._columns() if name not in OWN]
        columns = ["array_to_string(flags, ' ') AS flags" if name == "flags" else f'"{name}"' for name in names]
        return self._asked(
            READINGS,
            f"SELECT {', '.join(columns)} FROM (SELECT *, row_number() OVER (PARTITION BY reading_id ORDER BY {LATEST})"
            f" AS nth FROM {FINISHED} AS finished WHERE {where}) AS versions WHERE nth = 1",
        )

    def restated(self, since: datetime | None) -> Any:
        """Return each version of a reading that has another figure than the one before."""
        aside = OWN | {"quantity", "cost", "fetched_at", "call_id", "status", "flags", "kind"}
        names = ", ".join(f'"{name}"' for name in self._columns() if name not in aside)
        over = f"OVER (PARTITION BY reading_id ORDER BY {ORDER})"
        changed = "((quantity IS DISTINCT FROM before) OR (cost IS DISTINCT FROM cost_before))"
        when = f" AND fetched_at >= {_moment(since)}" if since is not None else ""
        return self._asked(
            READINGS,
            f"SELECT {names}, before, quantity, cost_before, cost, fetched_before, fetched_at,"
            f" status_before = 'settled' AS was_settled FROM (SELECT *, lag(quantity) {over} AS before,"
            f" lag(cost) {over} AS cost_before, lag(fetched_at) {over} AS fetched_before,"
            f" lag(status) {over} AS status_before, row_number() {over} AS nth FROM {FINISHED} AS finished) AS versions"
            f" WHERE nth > 1 AND {changed}{when} ORDER BY fetched_at, account, meter, start",
        )

    def accounts(self) -> list[str]:
        """Return the names of all accounts."""
        rows = self._rows(FACTS, f"SELECT DISTINCT account FROM {FACTS} ORDER BY account")
        return [row["account"] for row in rows]

    def began(self) -> datetime | None:
        """Return when something was first stored."""
        rows = self._rows(FACTS, f"SELECT min(synced_at) AS began FROM {FACTS}")
        return rows[0]["began"] if rows else None

    def bounds(self) -> tuple[datetime, datetime] | None:
        """Return the first and the last moment that anything was asked about."""
        rows = self._rows(FACTS, f'SELECT min(start) AS first, max("end") AS last FROM {FACTS}')
        return (rows[0]["first"], rows[0]["last"]) if rows else None

    def extents(self) -> list[dict[str, Any]]:
        """Return how many readings each account has, from when to when, and when it was last asked."""
        asked = self._rows(
            FACTS,
            f"SELECT account, max(provider) AS provider, max(synced_at) AS last_sync FROM {FACTS}"
            " GROUP BY account ORDER BY account",
        )
        counted = self._rows(
            READINGS,
            f'SELECT account, count(DISTINCT reading_id) AS readings, min(start) AS start, max("end") AS "end"'
            f" FROM {FINISHED} AS finished GROUP BY account",
        )
        none = {"readings": 0, "start": None, "end": None}
        known = {row["account"]: row for row in counted}
        return [{**none, **known.get(row["account"], {}), **row} for row in asked]

    def drop_twins(self) -> int:
        """Write months anew in which processes stored one answer twice, and return how many rows became fewer.

        A twin is a version that says what the one before says. The one that was stored first stays, so that what was
        known at any moment is still told. What an ended process left behind goes when a later one has read it.
        """
        rows = self._rows(
            READINGS,
            f"SELECT DISTINCT month FROM (SELECT month, reading_id FROM {READINGS} GROUP BY month, reading_id"
            " HAVING count(*) > 1) AS several ORDER BY month",
        )
        return sum(self._again(partial(Store._drop_twins_of, month=row["month"])) for row in rows)

    def _drop_twins_of(self, month: str) -> int:
        names = [f'"{name}"' for name in self._columns()]
        told = ["quantity", "cost", "status", '"end"', "flags IS NULL", "array_to_string(flags, ' ')"]
        over = f"OVER (PARTITION BY reading_id, is_finished ORDER BY {ORDER})"
        changed = " OR ".join(f"(({one}) IS DISTINCT FROM (lag({one}) {over}))" for one in told)
        old = _moment(datetime.now(timezone.utc) - LEFT_BEHIND)
        is_it = f"month = {_text(month)}"
        kept = self._asked(
            READINGS,
            f"WITH marked AS (SELECT {READINGS}.*, rounds.sync_id IS NOT NULL AS is_finished FROM {READINGS}"
            f" LEFT JOIN {ROUNDS} ON {READINGS}.sync_id = rounds.sync_id AND {READINGS}.synced_at = rounds.synced_at"
            f" WHERE {is_it}),"
            f" compared AS (SELECT *, CASE WHEN row_number() {over} = 1 OR {changed} THEN 1 ELSE 0 END AS is_other"
            " FROM marked),"
            f" runs AS (SELECT *, sum(is_other) {over.replace(ORDER, f'{ORDER} ROWS UNBOUNDED PRECEDING')} AS run"
            " FROM compared),"
            " numbered AS (SELECT *, row_number() OVER (PARTITION BY reading_id, is_finished, run"
            " ORDER BY synced_at, fetched_at, sync_id) AS nth, bool_or(is_finished) OVER (PARTITION BY reading_id)"
            " AS is_read FROM runs)"
            f" SELECT {', '.join(names)} FROM numbered WHERE CASE WHEN is_finished THEN nth = 1"
            f" ELSE NOT is_read OR synced_at >= {old} END",
        )
        rows = _core.taken(kept)
        [before] = self._rows(READINGS, f"SELECT count(*) AS number FROM {READINGS} WHERE {is_it}")
        fewer: int = before["number"] - rows.count()
        if fewer:
            table = self.table(READINGS)
            self._delta.write_deltalake(table, Table(rows), mode="overwrite", predicate=is_it)
        return fewer

    def _again(self, step: Callable[[Store], int]) -> int:
        """Do what others may disturb who write meanwhile, with the tables as they are then."""
        for attempt in range(1, TRIES + 1):
            done = self._tried(step)
            if isinstance(done, int):
                return done
            is_race = isinstance(done, self._delta.exceptions.CommitFailedError)
            if not is_race or attempt == TRIES:
                raise InvalidArgument(f"{self.path} cannot be tidied: {line(done)}; no figure changed.")
            time.sleep(0.05 * attempt)
        return 0

    def _tried(self, step: Callable[[Store], int]) -> int | Exception:
        try:
            return step(self.pinned())
        except (self._delta.exceptions.DeltaError, OSError) as problem:
            return problem

    def compact(self) -> int:
        """Join small files, and return how many there were."""
        return sum(self._again(partial(Store._compact, name=name)) for name in (READINGS, FACTS))

    def _compact(self, name: str) -> int:
        table = self.table(name)
        return 0 if table is None else table.optimize.compact()["numFilesRemoved"]

    def vacuum(self, hours: int, *, dry_run: bool) -> list[str]:
        """Delete files that no version of the last hours needs, or tell which these are."""
        files = []
        for name in (READINGS, FACTS):
            table = self.table(name)
            if table is not None:
                gone = table.vacuum(hours, dry_run=dry_run, enforce_retention_duration=False)
                files += [f"{name}/{file}" for file in gone]
        return files

    def _columns(self) -> list[str]:
        table = self.table(READINGS)
        return [] if table is None else [column.name for column in table.schema().fields]

    def _asked(self, name: str, sql: str) -> Any:
        """Return what a table says, beside the facts; None if it is not there, or if there are no facts yet."""
        store = self if self._pinned is not None else self.pinned()
        tables = {other: store.table(other) for other in {FACTS, name}}
        if None in tables.values():
            return None
        asked = self._delta.QueryBuilder()
        for other, table in tables.items():
            asked = asked.register(other, table)
        try:
            return asked.execute(sql)
        except (self._delta.exceptions.DeltaError, OSError, ValueError) as problem:
            raise InvalidArgument(f"{self._place(name)} cannot be read: {line(problem)}.") from None

    def _rows(self, name: str, sql: str) -> list[dict[str, Any]]:
        found = self._asked(name, sql)
        if found is None:
            return []
        rows = _core.taken(found)
        return rows.to_dicts(0, rows.count())


def _version(table: Any) -> int | None:
    """Return which version a table says it is of; None if it is no table of a ledger."""
    described = re.fullmatch(re.escape(MARK) + r"(\d+)", table.metadata().description or "")
    return None if described is None else int(described[1])


def _text(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _in(texts: Iterable[str]) -> str:
    return f"({', '.join(map(_text, texts))})"


def _moment(moment: datetime) -> str:
    """Return a moment as the SQL of DataFusion writes it."""
    micros = (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)
    return f"arrow_cast({micros}, 'Timestamp(Microsecond, Some(\"UTC\"))')"


def line(problem: object) -> str:
    """Return what an error says in one line, without an end."""
    return " ".join(str(problem).split())[:300].rstrip(".")
