"""A usage as it shows itself: what was asked, what is complete, when of whom, how much, and some of its rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from metertap._show import lanes, rows, series, spark
from metertap._show.gaps import gaps
from metertap._show.html import Ready, escape, page, table
from metertap._show.moments import stretch, zone, zone_name
from metertap._show.numbers import short
from metertap._show.strip import strip
from metertap._show.terminal import folded, has_blocks, said, width
from metertap._table import clip, width_of

if TYPE_CHECKING:
    from collections.abc import Hashable
    from decimal import Decimal

    from metertap._show.gaps import Gap
    from metertap._show.lanes import Lanes
    from metertap._show.series import Series
    from metertap.usage import Usage

#: How many charts, sentences and rows are shown.
CHARTS, TOLD, ROWS = 30, 10, 12
#: How many charts one meter of one account has.
OF_ONE = 4
#: Up to so many sentences of what is missing are open at once.
OPEN = 3
#: Of how many characters a chart in a terminal is, at most.
CHART = 40
#: A label, which may be the long id of a tenant, is cut to so many.
LABEL = 18


@dataclass
class Summary:
    """What is shown of a usage."""

    usage: Usage
    lanes: Lanes
    series: list[Series]
    gaps: dict[Hashable, list[Gap]]

    @classmethod
    def of(cls, usage: Usage) -> Summary:
        """Look at a usage."""
        timeline = usage.timeline.to_dicts()
        found = gaps(timeline, lambda account, meter: (account, meter))
        return cls(usage, strip(timeline, usage._told), series.of(usage, most=ROWS), found)

    def gaps_of(self, one: Series) -> list[Gap]:
        """Return the gaps of a series."""
        return self.gaps.get((one.account, one.meter), [])

    @property
    def times(self) -> tuple[int, int]:
        """The time of all charts: that of the strip and of all readings."""
        windows = [(one.points[0].start, one.points[-1].end) for one in self.series if one.points]
        if self.lanes.range:
            windows.append((series.micros(self.lanes.range[0]), series.micros(self.lanes.range[1])))
        return (min(start for start, _ in windows), max(end for _, end in windows)) if windows else (0, 1)

    def head(self) -> str:
        """Say what it is of."""
        meters = len({one.meter for one in self.series})
        told, _, ranges = self.usage._core.plan().question()
        where = zone(told)
        asked = ", ".join(stretch(start, end, where) for start, end in ranges[:3])
        more = f" and {len(ranges) - 3:,} more ranges" if len(ranges) > 3 else ""
        accounts = len(self.usage._core.plan().accounts())
        return (
            f"{_count(len(self.usage), 'reading')} of {_count(meters, 'meter')} from {_count(accounts, 'account')}; "
            f"{asked}{more} ({zone_name(told)})"
        )

    @property
    def chosen(self) -> list[Series]:
        """The series that have a chart: of each account and meter a few, so that none hides the others."""
        seen: Counter[tuple[str, str]] = Counter()
        found = []
        for one in self.series:
            seen[one.account, one.meter] += 1
            if seen[one.account, one.meter] <= OF_ONE:
                found.append(one)
        return found[:CHARTS]

    @property
    def uncharted(self) -> str:
        """How many series have no chart; empty if all have."""
        count = len(self.series) - len(self.chosen)
        return f"and {count:,} more series, which usage.plot() draws" if count else ""

    def charted(self) -> list[tuple[Series, str, str, str]]:
        """Return the series that are shown: each with its labels, what its figure is, and that figure."""
        known = series.rules()
        found = []
        for one in self.chosen:
            rule = known[one.meter].over_time if one.meter in known else "refuse"
            what, number = series.figure(one, rule)
            lost = any(gap.state in ("failed", "missing") for gap in self.gaps_of(one))
            at_least = "≥ " if what in ("sum", "peak") and lost else ""
            found.append(
                (
                    one,
                    " ".join(clip(label, LABEL) for label in one.labels.values()),
                    what,
                    _short(number, one.unit, at_least),
                )
            )
        return found

    def places(self) -> list[int]:
        """Return the places of the rows that are shown: of each account and meter one, as many as there is room for."""
        of_account: dict[str, list[int]] = {}
        for rank in range(ROWS):
            for one in _one_a_meter(self.series):
                of_account.setdefault(one.account, []).extend(one.first[rank : rank + 1])
        turns = [place for turn in zip_longest(*of_account.values()) for place in turn if place is not None]
        return sorted(turns[:ROWS])

    def rows(self) -> rows.Rows:
        """Return those rows as texts."""
        labels = [name for name in self.usage.columns if name not in series.FIXED]
        # The provider stands in the name of each meter.
        return rows.rows(self.usage, self.places(), labels, hidden=("provider", *rows.MACHINE))


def html(usage: Usage) -> str:
    """Return a usage for a notebook."""
    summary = Summary.of(usage)
    lost, rest = usage._state()
    told = "".join(f"<li>{escape(line)}</li>" for line in usage.missing[:TOLD])
    more = len(usage.missing) - TOLD
    told += f"<li>and {more:,} more in usage.missing</li>" if more > 0 else ""
    state = [f'<b class="mt-bad">incomplete</b>: {lost}'] if lost else ["<b>complete</b>"] if usage.is_complete else []
    parts = [f"<p><b>{escape(summary.head())}</b></p><p>{'; '.join([*state, *map(escape, rest)])}</p>"]
    if told:
        is_open = ' open=""' if len(usage.missing) <= OPEN else ""
        parts.append(f"<details{is_open}><summary>what failed or is missing</summary><ul>{told}</ul></details>")
    parts.append(lanes.svg(summary.lanes))
    charts = [
        [
            one.account,
            one.meter,
            labels or None,
            f"{one.rows:,}",
            what,
            number,
            Ready(spark.svg(one, summary.times, [gap for gap in summary.gaps_of(one) if gap.whole])),
        ]
        for one, labels, what, number in summary.charted()
    ]
    if charts:
        header, right = (
            ["account", "meter", "labels", "readings", "", "figure", "in time"],
            [False] * 3 + [True, False, True, False],
        )
        parts.append(_without_blank(header, charts, right))
    if summary.uncharted:
        parts.append(f'<p class="mt-dim">{summary.uncharted}</p>')
    found = summary.rows()
    parts.append(table(found.header, found.cells, found.right) if found.cells else "")
    parts.append(f'<p class="mt-dim">{escape("; ".join(found.notes))}</p>')
    return page(*parts)


def text(usage: Usage) -> str:
    """Return a usage for a terminal, as wide as it is."""
    summary = Summary.of(usage)
    columns, blocks = width(), has_blocks()
    lost, rest = usage._state()
    state = [f"INCOMPLETE: {lost}"] if lost else ["complete"] if usage.is_complete else []
    lines = [*folded([summary.head()], columns), *folded([*state, *rest], columns)]
    if strip_lines := lanes.text(summary.lanes, columns, blocks=blocks):
        lines += ["", *strip_lines]
    if charts := summary.charted():
        lines += ["", *_charts(charts, summary.times, columns, blocks=blocks)]
        lines += [summary.uncharted] if summary.uncharted else []
    found = summary.rows()
    if found.cells:
        lines += ["", *rows.text(found, columns)]
    return said("\n".join([*lines, *folded(found.notes, columns)]))


def _charts(
    charts: list[tuple[Series, str, str, str]], times: tuple[int, int], columns: int, *, blocks: bool
) -> list[str]:
    several = len({one.account for one, *_ in charts}) > 1

    def name_of(one: Series, labels: str) -> str:
        # An account that is named as its provider stands in the meter's name already.
        told = several and one.account != one.meter.partition(".")[0]
        return " ".join(word for word in (one.account if told else "", one.meter, labels) if word)

    named = [name_of(one, labels) for one, labels, *_ in charts]
    figures = [f"{what} {number}" for *_, what, number in charts]
    if not blocks:
        figures = [figure.replace("≥", ">=") for figure in figures]
    figure = max(map(width_of, figures))
    name = min(max(map(width_of, named)), max(16, columns - figure - 4 - 16))
    room = max(8, min(CHART, columns - name - figure - 4))
    lines = []
    for title, told, (one, *_) in zip(named, figures, charts, strict=True):
        cut = clip(title, name)
        pad = " " * (name - width_of(cut))
        lines.append(f"{cut}{pad}  {told:<{figure}}  {spark.text(one, times, room, blocks=blocks)}".rstrip())
    return lines


def _one_a_meter(found: list[Series]) -> list[Series]:
    """Return the first series of each account and meter."""
    first: dict[tuple[str, str], Series] = {}
    for one in found:
        first.setdefault((one.account, one.meter), one)
    return list(first.values())


def _without_blank(header: list[str], cells: list[list[Any]], right: list[bool]) -> str:
    kept = [place for place in range(len(header)) if any(row[place] is not None for row in cells)]
    return table(
        [header[place] for place in kept],
        [[row[place] for place in kept] for row in cells],
        [right[place] for place in kept],
    )


def _short(number: Decimal | None, unit: str, at_least: str) -> str:
    return "–" if number is None else f"{at_least}{short(number, unit)}"


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}" if number == 1 else f"{number:,} {name}s"
