"""Usage: the table of readings, what is missing from it, and the evidence for it."""

from __future__ import annotations

import operator
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from metertap import _core
from metertap._extras import needed
from metertap._files import place
from metertap._given import flag, whole
from metertap.errors import InvalidArgument, WrongType

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from datetime import datetime, tzinfo
    from decimal import Decimal

    import pandas as pd
    import polars as pl

    from metertap._client import Client
    from metertap._show.moments import Told
    from metertap.focus import Extract
    from metertap.planning import Plan
    from metertap.rate_card import Rate, RateCard

__all__ = ["Coverage", "Holes", "Reading", "RollUp", "Table", "Usage", "concat"]

#: How many rows become Python objects at a time, on their way to a file.
BATCH = 10_000


def shown(name: str, value: Any) -> Any:
    """Return a value as people read it: a share in per cent, never rounded up to all of it."""
    if name == "covered" and isinstance(value, float):
        return f"{int(value * 1000) / 10:g} %"
    return value


@dataclass(frozen=True, slots=True)
class Reading:
    """One number.

    Attributes
    ----------
    provider, account, meter : str
        Where it is from.
    dimensions : dict of str to str
        Its labels; only those that apply.
    start, end : datetime or None
        Its own window, half-open, in UTC; None only where the provider gives none.
    quantity : Decimal
        The number, exactly.
    unit, kind, status : str
        Its unit; ``sum``, ``cumulative``, ``peak`` or ``gauge``; ``settled``, ``provisional`` or ``unknown``.
    cost : Decimal or None
        The cost, where the provider states one.
    currency : str or None
        The currency of the cost.
    flags : list of str
        What must be known of it besides, such as ``floored``.
    call_id : str
        The key into evidence.
    fetched_at : datetime
        When it was fetched.

    Examples
    --------
    >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
    >>> reading = usage.readings()[0]
    >>> reading.meter, reading.unit
    ('sora.ingress', 'bytes')
    """

    provider: str
    account: str
    meter: str
    dimensions: dict[str, str]
    start: datetime | None
    end: datetime | None
    quantity: Decimal
    unit: str
    kind: str
    status: str
    cost: Decimal | None
    currency: str | None
    flags: list[str]
    call_id: str
    fetched_at: datetime


class Table:
    """A table in Arrow's memory format; anything that speaks the Arrow PyCapsule interface reads it without a copy.

    It goes over its rows as dicts, ``table["name"]`` is the list of a column's values, ``table[0]`` a row,
    ``table[:10]`` and ``table[["name", "other"]]`` are tables.

    Examples
    --------
    >>> usage = mt.fetch(sora, "2026-03-01", "2026-04-01", now="2026-04-15")
    >>> usage["meter"][0], usage[0]["unit"], sum(row["meter"] == "sora.egress" for row in usage)
    ('sora.ingress', 'bytes', 31)
    >>> usage[["meter", "quantity"]].head(2).shape
    (2, 2)
    """

    def __init__(self, core: _core.Table, told: Told = "UTC") -> None:
        if not isinstance(core, _core.Table):
            raise WrongType(f"a table is made by metertap from what it read, and not of {type(core).__name__}.")
        self._table = core
        self._told = told

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export the table as an Arrow C stream."""
        return self._table.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        """Export the table's schema."""
        return self._table.__arrow_c_schema__()

    def __len__(self) -> int:
        return self._table.count()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for start in range(0, len(self), BATCH):
            yield from self._table.to_dicts(start, start + BATCH)

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    @overload
    def __getitem__(self, key: str) -> list[Any]: ...
    @overload
    def __getitem__(self, key: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, key: slice | list[str]) -> Table: ...
    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self._table.column(self._column(key))
        if isinstance(key, slice):
            start, end, step = key.indices(len(self))
            if step != 1:
                raise InvalidArgument("rows are taken in steps of one: to_pandas() or to_polars() can do the rest.")
            return Table(self._table.slice(start, max(start, end)), self._told)
        if isinstance(key, list) and all(isinstance(name, str) for name in key):
            return Table(self._table.project([self._column(name) for name in key]), self._told)
        # A column's list compared with a value is False, which would be the number of a row.
        number: Any = None if isinstance(key, bool) else key
        try:
            place = operator.index(number)
        except TypeError:
            raise WrongType(
                f"a {type(self).__name__} is indexed by the name of a column, a list of them, the number of a row or a "
                f"slice, not by {type(key).__name__}; to filter: .to_pandas() or .to_polars()."
            ) from None
        count = len(self)
        if not -count <= place < count:
            # Python's own class, by which old loops end.
            raise IndexError(f"there are {count:,} rows, and no row {place}.")
        row: dict[str, Any] = self._table.to_dicts(place % count, place % count + 1)[0]
        return row

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):  # a program that looks whether there is such a protocol, and wants no advice
                raise AttributeError(name, name=name, obj=self)
            from metertap._show.advice import advice

            raise AttributeError(advice(type(self).__name__, name), name=name, obj=self)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_table_restored, (self._table.to_bytes(), type(self).__name__, self._told))

    def _column(self, name: str) -> str:
        """Return the name of a column that there is."""
        if name not in (columns := self.columns):
            from metertap._show.advice import nearest

            raise InvalidArgument(f"there is no column {name[:60]!r}{nearest(name, columns)}.")
        return name

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns it has.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> usage.coverage.shape == (len(usage.coverage), len(usage.coverage.columns))
        True
        """
        return len(self), len(self.columns)

    def head(self, rows: int = 5) -> Table:
        """Return the first rows as a table.

        Parameters
        ----------
        rows : int, default 5
            How many; if negative, all but so many of the last.

        Examples
        --------
        >>> usage = mt.fetch(sora, "2026-03-01", "2026-04-01", now="2026-04-15")
        >>> len(usage.head()), len(usage.tail(3))
        (5, 3)
        """
        return self[: whole("rows", rows, least=-sys.maxsize, most=sys.maxsize)]

    def tail(self, rows: int = 5) -> Table:
        """Return the last rows as a table.

        Parameters
        ----------
        rows : int, default 5
            How many; if negative, all but so many of the first.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> len(usage.tail(2))
        2
        """
        count = whole("rows", rows, least=-sys.maxsize, most=sys.maxsize)
        return self[max(len(self) - count, 0) :] if count >= 0 else self[-count:]

    @property
    def columns(self) -> list[str]:
        """The names of the columns.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> usage.evidence.columns[:2]
        ['call_id', 'account']
        """
        return self._table.columns()

    def flat(self) -> Table:
        """Return the same table with each list as one text, for what knows no lists, such as CSV.

        Names, as in ``flags`` and ``meters``, are parted by a space; ``notes``, which are sentences, by ``"; "``. Where
        a list is empty, the text is.

        Examples
        --------
        >>> import metertap as mt
        >>> usage = mt.fetch(sora, start="2026-03-01", end="2026-04-01", now="2026-04-15")
        >>> usage.flat().to_polars().write_csv()[:28]
        'provider,account,meter,start'
        """
        return Table(self._table.flat(True), self._told)

    def to_arrow(self) -> Any:
        """Return a `pyarrow.Table`; needs the extra ``arrow``.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> usage.to_arrow().schema.field("quantity").type
        Decimal128Type(decimal128(38, 18))
        """
        return needed("pyarrow", "arrow").table(self)

    def to_pandas(self, *, exact: bool = False) -> pd.DataFrame:
        """Return a `pandas.DataFrame`; needs the extra ``pandas``.

        Lists are one text each, as in `flat`, so that frames group, deduplicate, and go to files of all kinds.

        Parameters
        ----------
        exact : bool, default False
            Keep quantities as `decimal.Decimal`; else they become the nearest float64.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> usage.to_pandas()["quantity"].dtype
        dtype('float64')
        """
        needed("pandas", "pandas")
        table = needed("pyarrow", "pandas").table(Table(self._table.flat(flag("exact", exact))))
        frame: pd.DataFrame = table.to_pandas()
        return frame

    def to_polars(self) -> pl.DataFrame:
        """Return a `polars.DataFrame`; needs the extra ``polars``.

        Lists are lists, which polars can filter and group by, but not write as CSV: for that there is `flat`.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> usage.to_polars().height == len(usage)
        True
        """
        frame: pl.DataFrame = needed("polars", "polars").DataFrame(self)
        return frame

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return a dict for each row; quantities are `decimal.Decimal`.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> usage.to_dicts()[0]["unit"]
        'bytes'
        """
        return self._table.to_dicts(0, len(self))

    def write_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write a Parquet file; needs the extra ``arrow``.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> usage.write_parquet("march.parquet")
        """
        needed("pyarrow", "arrow")
        with place(path) as name:
            needed("pyarrow.parquet", "arrow").write_table(self.to_arrow(), name)

    def write_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a CSV file in UTF-8, with exact numbers, times in UTC, and lists as in `flat`; needs no extra.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> usage.write_csv("march.csv")
        """
        from metertap._table import csv_lines

        with place(path) as name, open(name, "w", encoding="utf-8", newline="") as file:
            csv_lines(file, self.columns, (row for rows in self._batches() for row in rows))

    def _batches(self) -> Iterator[list[dict[str, Any]]]:
        table = self._table.flat(True)
        return (table.to_dicts(start, start + BATCH) for start in range(0, len(self), BATCH))

    def _notes(self) -> list[str]:
        """Say what must be known besides the rows."""
        return []

    def __repr__(self) -> str:
        from metertap._show import tables

        return tables.text(self, self._notes())

    def _repr_html_(self) -> str:
        from metertap._show import tables

        return tables.html(self, self._notes())


class _Stretches(Table):
    """A table that has a row for each of some stretches of time."""

    def plot(self, *, ax: Any = None) -> Any:
        """Draw the stretches, a line for each account and source; see `metertap.plot.plot`."""
        from metertap._show.strip import strip
        from metertap.plot import drawn_lanes

        return drawn_lanes(strip(self, self._told), ax)


class Coverage(_Stretches):
    """A row for each call of a plan: what was asked, what came, what is missing and why; and where nothing could be.

    Examples
    --------
    >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
    >>> set(usage.coverage["state"]) <= {"got", "empty", "unsettled", "unavailable"}
    True
    """


class Holes(_Stretches):
    """A row for each stretch of time that was asked for and has no number, and why it has none.

    Examples
    --------
    >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
    >>> set(usage.holes["state"])
    {'unavailable'}
    """


class Usage(Table):
    """The result of a plan: readings, coverage and evidence. As a table, it is the readings.

    Attributes
    ----------
    coverage : Coverage
        A row for each call: what was asked, what came, what is missing and why.
    evidence : Table
        A row for each call: when it was asked, what came back, and the SHA-256 of the body.

    Examples
    --------
    >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
    >>> usage.is_complete, usage.missing
    (True, [])
    """

    def __init__(self, core: _core.Usage, clients: Mapping[str, Client] | None = None) -> None:
        super().__init__(core.readings(), core.plan().question()[0])
        self._core = core
        self._clients = dict(clients or {})
        self.coverage = Coverage(core.coverage(), self._told)
        self.evidence = Table(core.evidence(), self._told)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restored, (self._core.to_bytes(),))

    @property
    def is_complete(self) -> bool:
        """True if nothing failed, nothing is missing, and it is no part of a plan.

        Windows outside of a provider's history, and those that were answered without a row where no page says what that
        means, do not count: `holes` has them.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> usage.is_complete
        True
        """
        return self._core.is_complete()

    @property
    def missing(self) -> list[str]:
        """What failed or is missing, in a sentence each.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> usage.missing
        []
        """
        return self._core.missing()

    @property
    def holes(self) -> Holes:
        """The stretches of time that were asked for and have no number.

        A row for each hole and meter: account, provider, meter, the dimensions that are known, start, end, state
        (``failed``, ``missing``, ``absent`` or ``unavailable``), reason and call_id.

        Examples
        --------
        >>> usage = mt.fetch(sora, "2026-03-01", "2026-04-01", now="2026-04-15")
        >>> usage.holes.to_pandas().groupby("state").size().to_dict()  # doctest: +SKIP
        {'unavailable': 10}
        """
        return Holes(self._core.holes(), self._told)

    @property
    def timeline(self) -> Coverage:
        """What is known of each stretch of time, source by source.

        A row for each stretch: account, provider, operation, arguments (what tells its calls from others of the
        operation), meters, start, end, state (``got``, ``provisional`` or that of a hole), settled_at (when its numbers
        are final by the provider's rule; null where that is not known), reason and call_id.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> len(usage.timeline) > 0
        True
        """
        return Coverage(self._core.timeline(), self._told)

    @property
    def plan(self) -> Plan:
        """The plan that this is the result of.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> usage.plan.accounts
        ['sora', 'ricoh']
        """
        from metertap.planning import Plan

        return Plan(self._core.plan(), self._clients)

    def remaining(self, *, unsettled: bool = False) -> Plan:
        """Return the plan of what is still missing; `metertap.concat` puts its usage and this one together.

        Parameters
        ----------
        unsettled : bool, default False
            Also ask again for what may still change.

        Returns
        -------
        Plan
            The calls for what failed or is missing: by gap where there are buckets, by whole call where there are none.
            A plan without calls if nothing is; `fetch` makes an empty, complete usage of that.

        Examples
        --------
        >>> usage = mt.fetch(sora, "2026-03-01", "2026-04-01", now="2026-04-15")
        >>> len(usage.remaining())
        0
        """
        from metertap.planning import Plan

        return Plan(self._core.remaining(flag("unsettled", unsettled)), self._clients)

    def readings(self) -> list[Reading]:
        """Return a dataclass for each reading.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> usage.readings()[0].kind
        'sum'
        """
        fields = Reading.__slots__
        dimensions = [name for name in self.columns if name not in fields]
        return [
            Reading(
                **{name: row[name] for name in fields if name != "dimensions"},
                dimensions={name: row[name] for name in dimensions if row[name] is not None},
            )
            for row in self.to_dicts()
        ]

    def rollup(
        self,
        every: str | None = None,
        by: str | Sequence[str] | None = None,
        *,
        tz: str | tzinfo | None = None,
        meters: str | Sequence[str] | None = None,
    ) -> RollUp:
        """Put readings together, by each meter's own rule.

        Increments are added, peaks are not, and levels take the latest. What no rule allows is refused.

        Parameters
        ----------
        every : {"hour", "day", "week", "month", "quarter", "year", "all"}, optional
            The period of a figure; readings of different times stay apart if left out. A reading belongs to where it
            starts. ``"all"`` is the whole range that was asked for.
        by : str or list of str, optional
            The columns that stay apart, and no others. If left out: account, provider, meter, and what the meters'
            rules need, such as UiPath's ``consumable_code``.
        tz : str or tzinfo, optional
            Where days begin; as the question was asked if left out.
        meters : str or list of str, optional
            The meters to put together; all if left out.

        Returns
        -------
        RollUp
            A row per group and period: ``period`` (``2026-01``, ``2026-W05``, ``2026-Q1``), its ``start`` and ``end``,
            ``covered``, quantity, unit, status, flags, and the number of readings. ``covered`` is the share of the
            period's time for which every source of the row was answered, 1.0 only if all was, and null for
            month-so-far counters. A period of the question in which a group has no reading has no quantity, and 0.0.

        Raises
        ------
        InvalidArgument
            If that would add peaks, mix units, split a figure over several periods, or name a column or a meter that
            does not exist.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> months = usage.rollup("month", by=["provider", "meter"])
        >>> set(months["period"])
        {'2026-03'}
        """
        return self._rolled_up(every, by, tz, meters)

    def _rolled_up(self, every: Any, by: Any, tz: Any, meters: Any, *, cli: bool = False) -> RollUp:
        from metertap._zone import told_zone

        if not (every is None or isinstance(every, str)):
            raise WrongType(f"every must be a str such as 'day', not {type(every).__name__}.")
        names = name_list(by, "by must be the name of a column, or a list of them.")
        wanted = name_list(meters, "meters must be the name of a meter, or a list of them.")
        told = self._told if tz is None else told_zone(tz)
        return RollUp(*self._core.rollup(every, names, None if tz is None else told, wanted, cli), told)

    def plot(
        self,
        meters: str | Sequence[str] | None = None,
        *,
        kind: str = "readings",
        tz: str | tzinfo | None = None,
        ax: Any = None,
    ) -> Any:
        """Draw the readings over time, or with ``kind="coverage"`` what is known of it; see `metertap.plot.plot`.

        Examples
        --------
        >>> usage = mt.fetch(sora, "2026-03-01", "2026-04-01", now="2026-04-15")
        >>> usage.plot(["sora.egress", "sora.ingress"]).savefig("march.png")  # doctest: +SKIP
        """
        from metertap.plot import plot

        return plot(self, meters, kind=kind, tz=tz, ax=ax)

    def to_focus(
        self,
        version: str = "1.2",
        rate_card: RateCard | str | os.PathLike[str] | Iterable[Rate | Mapping[str, Any]] | None = None,
        *,
        meters: str | Sequence[str] | None = None,
        billing_account_id: str | Mapping[str, str] | None = None,
        billing_account_name: str | Mapping[str, str] | None = None,
        invoice_issuer_name: str | Mapping[str, str] | None = None,
        tz: str | tzinfo = "UTC",
    ) -> Extract:
        """Return the usage in the columns of FOCUS: an extract, which is no conformant dataset and says so.

        Only what adds up becomes rows: no peaks, no levels, and one of several views of the same usage. What is not
        known is null and never zero. Costs come from the rate card only; what a provider states as approximate is in
        ``x_ApproximateCost``.

        Parameters
        ----------
        version : {"1.2"}
            The version of FOCUS.
        rate_card : RateCard, list of Rate or dict, or path of a CSV, optional
            What a unit of each meter costs, see `metertap.rate_card`. A meter without a rate has no cost.
        meters : str or list of str, optional
            The meters that become rows; where left out, all that add up.
        billing_account_id, billing_account_name, invoice_issuer_name : str or dict, optional
            Whom the usage is billed to, and by whom, which no service tells; a dict has them by account name.
        tz : str or tzinfo, default "UTC"
            Where months and the days of the rate card begin.

        Returns
        -------
        Extract
            The rows, with `to_pandas`, `to_polars`, `to_arrow`, `to_dicts`, `write_csv` and `write_parquet`;
            ``left_out`` and ``failing_rules`` say what it lacks.

        Raises
        ------
        InvalidArgument
            If the version is not known, the rate card has a gap, two prices for a day or another currency, or a figure
            cannot be told by months.

        Examples
        --------
        >>> usage = mt.fetch(sora, "2026-03-01", "2026-04-01", now="2026-04-15")
        >>> rates = [{"meter": "sora.egress", "unit": "GB", "price": "12", "currency": "JPY"}]
        >>> sorted({row["x_CostBasis"] for row in usage.to_focus("1.2", rates).to_dicts()})
        ['none', 'user_rate_card']
        """
        from metertap.focus import extract

        return extract(
            self,
            version,
            rate_card,
            meters=name_list(meters, "meters must be the name of a meter, or a list of them."),
            billing_account_id=billing_account_id,
            billing_account_name=billing_account_name,
            invoice_issuer_name=invoice_issuer_name,
            tz=tz,
        )

    def _state(self) -> tuple[str, list[str]]:
        """Say in a few words what it lacks, and what else is known of its completeness."""
        failed, missing, absent, unavailable = self._core.counts()

        def windows(count: int, name: str) -> list[str]:
            return [f"{count:,} {'window' if count == 1 else 'windows'} {name}"] if count else []

        lost = [f"{failed:,} {'call' if failed == 1 else 'calls'} failed"] if failed else []
        part = self._core.part()
        rest = [f"{part} of a plan"] if part else []
        return ", ".join(lost + windows(missing, "missing")), [
            *rest,
            *windows(absent, "absent"),
            *windows(unavailable, "unavailable"),
        ]

    def __repr__(self) -> str:
        from metertap._show import summary

        return summary.text(self)

    def _repr_html_(self) -> str:
        from metertap._show import summary

        return summary.html(self)


def concat(usages: Iterable[Usage], *, prefer: str | None = None) -> Usage:
    """Put usages together: the parts of a plan, neighbouring ranges, or a usage and what it lacked.

    A reading is the same if account, provider, meter, source, grain, labels and start are (the end counts only where
    there are no buckets, and for month-so-far counters); it counts once. Of two with different figures the later answer
    counts if the earlier one was not settled. Holes that another usage fills disappear; evidence keeps all answers.

    Parameters
    ----------
    usages : list of Usage
        What to put together.
    prefer : {"later"}, optional
        Take the later of two settled readings with different figures; else that is an error.

    Returns
    -------
    Usage
        The whole. What was asked of it is the union of the questions.

    Raises
    ------
    InvalidArgument
        If there is none, figures overlap without being the same, one series is there in buckets of two lengths, two
        settled readings contradict each other, or one account name stands for two accounts.

    Examples
    --------
    >>> import metertap as mt
    >>> plan = mt.plan([sora, volcengine], start="2026-03-01", end="2026-04-01", now="2026-04-15")
    >>> parts = [mt.fetch(plan.shard(index, 2)) for index in range(2)]
    >>> mt.concat(parts).is_complete
    True
    """
    several: Any = usages
    if isinstance(several, Table) or not isinstance(several, Iterable):
        raise WrongType(f"usages must be a list of usages, not {type(usages).__name__}.")
    given = list(several)
    for usage in given:
        if not isinstance(usage, Usage):
            raise WrongType(f"usages must be a list of usages, and has a {type(usage).__name__}.")
    if not (prefer is None or isinstance(prefer, str)):
        raise WrongType(f"prefer must be 'later' or None, not {type(prefer).__name__}.")
    if prefer not in (None, "later"):
        raise InvalidArgument(f"prefer must be 'later' or None, not {prefer!r}.")
    clients: dict[str, Client] = {}
    for usage in given:
        clients.update(usage._clients)
    return Usage(_core.Usage.concat([usage._core for usage in given], prefer == "later"), clients)


def _table_restored(table: bytes, kind: str = "Table", told: Told = "UTC") -> Table:
    """Rebuild a pickled table."""
    return {"Coverage": Coverage, "Holes": Holes}.get(kind, Table)(_core.Table.from_bytes(table), told)


class RollUp(Table):
    """What `Usage.rollup` returns: a table whose print says how much of its periods is known.

    Attributes
    ----------
    remark : str
        How many of its periods are known in part, and whether its usage is a part of a plan or incomplete; empty where
        there is nothing to say.

    Examples
    --------
    >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
    >>> usage.rollup("month").columns[:2]
    ['provider', 'account']
    """

    def __init__(self, core: _core.Table, remark: str = "", told: Told = "UTC") -> None:
        super().__init__(core, told)
        self.remark = remark

    def __reduce__(self) -> tuple[Any, ...]:
        return (_roll_up_restored, (self._table.to_bytes(), self.remark, self._told))

    def plot(self, meters: str | Sequence[str] | None = None, *, ax: Any = None) -> Any:
        """Draw the figures, each over its period; see `metertap.plot.plot`.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> figure = usage.rollup("month").plot()
        """
        from metertap._show.gaps import Gap
        from metertap._show.series import micros
        from metertap.plot import drawn

        lacks: dict[Hashable, list[Gap]] = {}
        for row in self:
            if row["quantity"] is None and row["start"] is not None and "meter" in row:
                gap = Gap(micros(row["start"]), micros(row["end"]), "unknown", True)
                lacks.setdefault(row["meter"], []).append(gap)
        return drawn(self, meters, self._told, ax, lacks=lacks, remark=self.remark)

    def _notes(self) -> list[str]:
        return [self.remark] if self.remark else []


def _roll_up_restored(table: bytes, remark: str, told: Told = "UTC") -> RollUp:
    """Rebuild a pickled roll-up."""
    return RollUp(_core.Table.from_bytes(table), remark, told)


def name_list(names: Any, problem: str) -> list[str] | None:
    """Return the name, or the names, as a list."""
    if names is None:
        return None
    given: Any = [names] if isinstance(names, str) else names
    if not isinstance(given, Iterable):
        raise WrongType(problem)
    listed: list[str] = list(given)
    if not all(isinstance(name, str) for name in listed):
        raise WrongType(problem)
    return listed


def _restored(tables: bytes) -> Usage:
    """Rebuild a pickled usage."""
    return Usage(_core.Usage.from_bytes(tables))
