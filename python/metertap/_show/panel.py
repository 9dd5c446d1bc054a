"""One meter on one pair of axes of matplotlib, and lanes on another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from metertap._show.lanes import MOST as LANES
from metertap._show.moments import zone_name
from metertap._show.numbers import scale
from metertap._show.series import is_uneven, runs, thinned
from metertap._show.states import LOOKS
from metertap._table import clip

if TYPE_CHECKING:
    from datetime import tzinfo

    from metertap._show.gaps import Gap
    from metertap._show.lanes import Lanes
    from metertap._show.series import Point, Rules, Series

#: So many series fit one panel, and so many readings of one.
LINES, POINTS = 8, 2000
#: So many characters of a name fit a legend.
LONGEST = 40
#: A label, which may be the long id of a tenant, is cut to so many.
LABEL = 18
HATCH = "////"
#: Up to so many bars have an edge that tells one from the next.
APART = 200


@dataclass
class Panel:
    """What is drawn of one meter."""

    meter: str
    series: list[Series]
    rules: Rules | None
    gaps: list[Gap]
    span: tuple[int, int] | None
    where: tzinfo

    @property
    def kind(self) -> str:
        """What its numbers are."""
        return self.series[0].kind


class Line(NamedTuple):
    """A series as it is drawn: its name, its points, and of how many readings each is made."""

    name: str
    points: list[Point]
    many: int


def draw(axes: Any, panel: Panel) -> None:
    """Draw a panel."""
    dated = [one for one in panel.series if one.is_dated]
    shown = sorted(dated, key=lambda one: -(one.largest or 0))[:LINES]
    shown = [one for one in dated if one in shown]
    lines = [
        Line(name, *thinned(one.points, panel.kind, POINTS)) for one, name in zip(shown, _names(shown), strict=True)
    ]
    points = [point for line in lines for point in line.points]
    uneven = panel.kind == "sum" and is_uneven(points)
    if uneven:
        lines = [line._replace(points=[_per_day(point) for point in line.points]) for line in lines]
    stacked = panel.kind == "sum" and len(lines) > 1 and _stacks(panel, lines)
    factor, unit = scale(_top(lines, stacked=stacked), panel.series[0].unit)
    lines = [line._replace(points=[_divided(point, float(factor)) for point in line.points]) for line in lines]
    if panel.kind == "sum" and (stacked or len(lines) == 1):
        _bars(axes, lines)
    elif panel.kind == "cumulative":
        _marks(axes, lines)
    else:
        _steps(axes, lines)
    _shade(axes, panel)
    _title(axes, panel, lines, len(dated), stacked=stacked, uneven=uneven)
    axes.set_ylabel(f"{unit} per day" if uneven else unit)
    low = min((point.value for point in points), default=0.0)
    axes.margins(x=0, y=0.1)
    if low >= 0:
        axes.set_ylim(bottom=0)
    _time(axes, panel, points)
    _legend(axes, lines, points, panel)


def _numbers(points: Sequence[Point]) -> list[float]:
    return [point.value for point in points if point.value == point.value]


def _names(shown: Sequence[Series]) -> list[str]:
    """Return what tells series apart, and nothing that they share."""
    keys = list(dict.fromkeys(key for one in shown for key in one.labels))
    accounts = len({one.account for one in shown}) > 1
    differing = [key for key in keys if len({one.labels.get(key) for one in shown}) > 1]
    return [
        clip(
            " ".join(
                [*([one.account] if accounts else []), *(clip(one.labels.get(key, "–"), LABEL) for key in differing)]
            ),
            LONGEST,
        )
        for one in shown
    ]


def _per_day(point: Point) -> Point:
    return point._replace(value=point.value / point.days) if point.days else point


def _divided(point: Point, factor: float) -> Point:
    return point._replace(value=point.value / factor)


def _stacks(panel: Panel, lines: Sequence[Line]) -> bool:
    """Tell whether bars may stand on each other: the rule adds labels, and windows are the same or apart."""
    if panel.rules is None or panel.rules.over_labels != "add":
        return False
    windows = sorted({(point.start, point.end) for line in lines for point in line.points})
    return all(one[1] <= other[0] for one, other in pairwise(windows)) and not any(
        point.value < 0 for line in lines for point in line.points
    )


def _top(lines: Sequence[Line], *, stacked: bool) -> float:
    if not stacked:
        return max((abs(value) for line in lines for value in _numbers(line.points)), default=0.0)
    heights: dict[int, float] = {}
    for line in lines:
        for point in line.points:
            if point.value == point.value:
                heights[point.start] = heights.get(point.start, 0.0) + point.value
    return max(heights.values(), default=0.0)


def _bars(axes: Any, lines: Sequence[Line]) -> None:
    """Draw bars as wide as their buckets, on each other."""
    from matplotlib.collections import PolyCollection

    bottoms: dict[int, float] = {}
    for place, line in enumerate(lines):
        for waits in (False, True):
            corners = []
            for point in line.points:
                if point.provisional is not waits or point.value != point.value:
                    continue
                left, right = _days(point.start), _days(max(point.end, point.start + 1))
                bottom = bottoms.get(point.start, 0.0)
                bottoms[point.start] = top = bottom + point.value
                corners.append([(left, bottom), (left, top), (right, top), (right, bottom)])
            if not corners:
                continue
            few = len(corners) <= APART
            bars = PolyCollection(corners, facecolor=f"C{place}", edgecolor="white" if few else "face")
            bars.set_linewidth(0.5 if few else 0.2)
            if waits:
                # What may still change is hatched.
                bars.set(facecolor="none", edgecolor=f"C{place}", hatch=HATCH, linewidth=0.6)
            axes.add_collection(bars, autolim=True)
    axes.autoscale_view()


def _steps(axes: Any, lines: Sequence[Line]) -> None:
    """Draw steps, each as long as its window; nothing joins those on both sides of a gap."""
    for place, line in enumerate(lines):
        for waits in (False, True):
            across: list[float] = []
            heights: list[float] = []
            for run in runs(line.points):
                for index, point in enumerate(run):
                    before = run[index - 1] if index else None
                    if point.provisional is not waits:
                        continue
                    if before is not None and before.provisional is not waits:
                        # The riser belongs to the step that it leads to.
                        across += [_days(point.start)]
                        heights += [before.value]
                    across += [_days(point.start), _days(max(point.end, point.start + 1))]
                    heights += [point.value, point.value]
                    after = run[index + 1] if index + 1 < len(run) else None
                    if after is None or after.provisional is not waits:
                        across.append(float("nan"))
                        heights.append(float("nan"))
            if across:
                axes.plot(across, heights, color=f"C{place}", linewidth=1.2, linestyle=":" if waits else "-")


def _marks(axes: Any, lines: Sequence[Line]) -> None:
    """Draw what a month so far came to: a mark at the moment of the answer, and a thin line to the month's start."""
    for place, line in enumerate(lines):
        points = [point for point in line.points if point.value == point.value]
        axes.hlines(
            [point.value for point in points],
            [_days(point.start) for point in points],
            [_days(point.end) for point in points],
            colors=f"C{place}",
            linewidth=0.6,
            linestyles="dotted",
        )
        for waits in (False, True):
            some = [point for point in points if point.provisional is waits]
            face = "none" if waits else f"C{place}"
            axes.plot(
                [_days(point.end) for point in some],
                [point.value for point in some],
                linestyle="",
                marker="o",
                color=f"C{place}",
                markerfacecolor=face,
            )


def _shade(axes: Any, panel: Panel) -> None:
    """Shade what is not known: over the whole height, or at its foot where only some of the sources lack it."""
    for state in LOOKS:
        for whole in (True, False):
            some = [gap for gap in panel.gaps if gap.state == state and gap.whole is whole]
            if some:
                axes.broken_barh(
                    [(_days(gap.start), _days(gap.end - gap.start)) for gap in some],
                    (0, 1.0 if whole else 0.06),
                    transform=axes.get_xaxis_transform(),
                    facecolor=LOOKS[state].light,
                    alpha=0.45 if whole else 0.9,
                    linewidth=0,
                    zorder=0.5 if whole else 3,
                )


def _title(axes: Any, panel: Panel, lines: Sequence[Line], count: int, *, stacked: bool, uneven: bool) -> None:
    what = {"sum": "", "peak": "peaks", "gauge": "levels", "cumulative": "the month so far"}.get(panel.kind, "")
    notes = [what] if what else []
    if uneven:
        notes.append("per day, since windows differ in length: areas are the figures")
    if panel.kind == "sum" and len(lines) > 1 and not stacked:
        notes.append("not added to each other")
    if count > len(lines):
        notes.append(f"the {len(lines)} largest of {count:,} series")
    if (many := max((line.many for line in lines), default=1)) > 1:
        how = {"sum": "added", "peak": "the largest", "gauge": "the latest"}.get(panel.kind, "the latest")
        notes.append(f"thinned: {many:,} readings each, {how}")
    if undated := sum(one.rows for one in panel.series if not one.is_dated):
        notes.append(f"{undated:,} readings without a window")
    axes.set_title(panel.meter, loc="left", fontsize="medium")
    if notes:
        axes.set_title("; ".join(notes), loc="right", fontsize="small", color="#59636e")


def _time(axes: Any, panel: Panel, points: Sequence[Point]) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    starts = [point.start for point in points] + [gap.start for gap in panel.gaps]
    ends = [point.end for point in points] + [gap.end for gap in panel.gaps]
    if panel.span:
        starts.append(panel.span[0])
        ends.append(panel.span[1])
    left, right = min(starts), max(ends)
    axes.set_xlim(_days(left), _days(max(right, left + 1_000_000)))
    _calendar(axes, panel.where, AutoDateLocator, ConciseDateFormatter)


def _calendar(axes: Any, where: tzinfo, locator: Any, formatter: Any) -> None:
    ticks = locator(tz=where, minticks=3, maxticks=10)
    axes.xaxis.set_major_locator(ticks)
    axes.xaxis.set_major_formatter(formatter(ticks, tz=where))


def _legend(axes: Any, lines: Sequence[Line], points: Sequence[Point], panel: Panel) -> None:
    """Tell what there is a choice of, and nothing else."""
    from matplotlib.patches import Patch

    handles = [Patch(color=f"C{place}", label=line.name) for place, line in enumerate(lines)] if len(lines) > 1 else []
    if any(point.provisional for point in points):
        handles.append(_provisional(axes))
    there = {gap.state for gap in panel.gaps}
    some = there - {gap.state for gap in panel.gaps if gap.whole}
    handles += [
        Patch(color=LOOKS[state].light, alpha=0.6, label=f"{state} (some)" if state in some else state)
        for state in LOOKS
        if state in there
    ]
    if handles:
        axes.legend(handles=handles, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1), frameon=False)


def _provisional(axes: Any) -> Any:
    """Return how what may still change looks on these axes: hatched bars, dotted steps, hollow marks."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    grey, lines = "#59636e", axes.lines
    if not lines:
        return Patch(facecolor="none", edgecolor=grey, hatch=HATCH, label="provisional")
    if any(line.get_marker() == "o" for line in lines):
        return Line2D([], [], linestyle="", marker="o", color=grey, markerfacecolor="none", label="provisional")
    return Line2D([], [], linestyle=":", color=grey, label="provisional")


def draw_lanes(axes: Any, lanes: Lanes) -> list[Any]:
    """Draw lanes in time, and return what a legend of them shows; nothing where there is no choice."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.patches import Patch

    times = lanes.range
    if times is None:
        return []
    shown = lanes.lanes[:LANES]
    start, end = times
    for place, lane in enumerate(shown):
        for state in lanes.states:
            stretches = [
                (_at(one.start), (one.end - one.start).total_seconds() / 86_400)
                for one in lane.stretches
                if one.state == state
            ]
            if stretches:
                edge = "white" if state == "call" else LOOKS[state].light
                axes.broken_barh(
                    stretches, (place - 0.4, 0.8), facecolor=LOOKS[state].light, edgecolor=edge, linewidth=0.4
                )
        if lane.note:
            axes.annotate(lane.note, (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize="small")
    axes.set_yticks(range(len(shown)), [lane.cut(48) for lane in shown], fontsize="small")
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(_at(start), _at(end))
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    _calendar(axes, lanes.where, AutoDateLocator, ConciseDateFormatter)
    axes.set_title(f"{lanes.title} ({zone_name(lanes.told)})", loc="left", fontsize="medium")
    if lanes.more:
        axes.set_title(lanes.more, loc="right", fontsize="small", color="#59636e")
    handles = [Patch(color=LOOKS[state].light, label=state) for state in lanes.states]
    return [] if lanes.states == ["call"] else handles


def _days(micros: int) -> float:
    """Return microseconds of the epoch as matplotlib counts time: in days of it."""
    return micros / 86_400_000_000


def _at(at: Any) -> float:
    return float(at.timestamp()) / 86_400
