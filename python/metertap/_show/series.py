"""Readings as series: what one line or one row of bars is drawn of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from math import isnan
from typing import TYPE_CHECKING, Any, NamedTuple

from metertap import _core
from metertap._show.moments import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from metertap.usage import Table

#: The columns of a table of readings, or of a roll-up, that are no labels.
FIXED = frozenset(
    (
        *("provider", "account", "meter", "start", "end", "quantity", "unit", "kind", "status", "cost", "currency"),
        *("flags", "call_id", "fetched_at", "period", "covered", "readings"),
    )
)


class Point(NamedTuple):
    """A number and its window, in microseconds of the epoch."""

    start: int
    end: int
    value: float
    provisional: bool

    @property
    def days(self) -> float:
        """How long the window is."""
        return (self.end - self.start) / 86_400_000_000


@dataclass(frozen=True)
class Series:
    """The readings of one meter and account that belong to one line."""

    account: str
    meter: str
    labels: dict[str, str]
    unit: str
    kind: str
    rows: int
    first: list[int]
    sum: Decimal | None
    largest: Decimal | None
    latest: Decimal | None
    found: dict[str, Any] = field(repr=False)

    @property
    def is_dated(self) -> bool:
        """True if one of its readings has a window, so that it can be drawn."""
        return bool(self.found["starts"])

    @cached_property
    def points(self) -> list[Point]:
        """Its numbers in time; those of one window, of several labels, put together."""
        starts, ends = (memoryview(self.found[name]).cast("q") for name in ("starts", "ends"))
        values = memoryview(self.found["quantities"]).cast("d")
        merged: dict[tuple[int, int], tuple[float, bool]] = {}
        for start, end, value, provisional in zip(starts, ends, values, self.found["provisional"], strict=True):
            if (before := merged.get((start, end))) is not None:
                both = max(before[0], value) if self.kind == "peak" else before[0] + value
                merged[start, end] = both, before[1] or bool(provisional)
            else:
                merged[start, end] = value, bool(provisional)
        return [Point(*window, *merged[window]) for window in sorted(merged)]


class Rules(NamedTuple):
    """How a meter's readings may be put together."""

    over_time: str
    over_labels: str


def rules() -> dict[str, Rules]:
    """Return the rules of all meters."""
    return {row["name"]: Rules(row["over_time"], row["over_labels"]) for row in _core.meters()}


def of(table: Table, *, apart: bool = False, most: int = 1) -> list[Series]:
    """Return the series of a table of readings, in its order.

    Labels are put together where the meter's rule says that they add up, unless they shall stay `apart`.
    """
    core = table._table
    columns = table.columns
    labels = [name for name in columns if name not in FIXED]
    base: list[str] = [name for name in ("account", "meter", "unit", "kind") if name in columns]
    if apart or not labels:
        return [_series(found, base, labels) for found in core.series([*base, *labels], most)]
    known = rules()

    def adds(found: dict[str, Any]) -> bool:
        meter = dict(zip(base, found["key"], strict=False)).get("meter")
        return meter in known and known[meter].over_labels == "add"

    coarse = core.series(base, most)
    if all(map(adds, coarse)):
        return [_series(found, base, []) for found in coarse]
    together = {tuple(found["key"]): found for found in coarse}
    result = []
    for found in core.series([*base, *labels], most):
        key = tuple(found["key"][: len(base)])
        if not adds(found):
            result.append(_series(found, base, labels))
        elif key in together:
            result.append(_series(together.pop(key), base, []))
    return result


def _series(found: dict[str, Any], base: list[str], labels: list[str]) -> Series:
    named = dict(zip([*base, *labels], found["key"], strict=False))
    return Series(
        account=named.get("account") or "",
        meter=named.get("meter") or "",
        labels={name: named[name] for name in labels if named[name] is not None},
        unit=named.get("unit") or "",
        kind=named.get("kind") or "sum",
        rows=found["rows"],
        first=found["first"],
        sum=found["sum"],
        largest=found["largest"],
        latest=found["latest"],
        found=found,
    )


def figure(series: Series, over_time: str) -> tuple[str, Decimal | None]:
    """Return the one figure that says most of a series, and what it is, as the meter's rule over time allows."""
    if series.kind == "cumulative":
        return "so far", series.latest
    if over_time == "add":
        return "sum", series.sum
    if over_time == "max":
        return "peak", series.largest
    return ("latest", series.latest) if series.rows > 1 or series.kind != "sum" else ("sum", series.sum)


def thinned(points: Sequence[Point], kind: str, most: int) -> tuple[list[Point], int]:
    """Return at most about so many points, and of how many each is made.

    Increments of neighbours are added, of peaks the largest is kept, of levels the latest; none reaches over a gap.
    """
    many = -(-len(points) // most) if most else 1
    if many <= 1:
        return list(points), 1
    result: list[Point] = []
    group: list[Point] = []
    for point in points:
        if group and (len(group) == many or point.start != group[-1].end):
            result.append(_one(group, kind))
            group = []
        group.append(point)
    if group:
        result.append(_one(group, kind))
    return result, many


def _one(group: list[Point], kind: str) -> Point:
    values = [point.value for point in group]
    value = sum(values) if kind == "sum" else max(values) if kind == "peak" else values[-1]
    return Point(group[0].start, group[-1].end, value, any(point.provisional for point in group))


def is_uneven(points: Iterable[Point]) -> bool:
    """Tell whether windows are of very different lengths: then their sums share no scale, and a rate must be drawn.

    Months, which have 28 to 31 days, are of one length here.
    """
    lengths = [point.days for point in points if point.end > point.start]
    return bool(lengths) and max(lengths) > 1.5 * min(lengths)


def runs(points: Iterable[Point]) -> list[list[Point]]:
    """Return the points in runs, each without a gap and without an unknown number."""
    result: list[list[Point]] = []
    for point in points:
        if isnan(point.value):
            result.append([])
        elif result and result[-1] and point.start <= result[-1][-1].end:
            result[-1].append(point)
        else:
            result.append([point])
    return [run for run in result if run]


def moment(micros: int) -> datetime:
    """Return a moment, of microseconds of the epoch."""
    return EPOCH + timedelta(microseconds=micros)


def micros(at: datetime) -> int:
    """Return the microseconds of the epoch of a moment."""
    return (at - EPOCH) // timedelta(microseconds=1)
