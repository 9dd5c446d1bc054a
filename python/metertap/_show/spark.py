"""Small charts, one for each series: bars of sums, steps of peaks and levels, a mark for a month so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metertap._show.series import is_uneven, runs, thinned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metertap._show.gaps import Gap
    from metertap._show.series import Point, Series

WIDTH, HEIGHT, INSET = 240, 30, 2
#: So many points are drawn; of more, neighbours are put together.
MOST = 120
BARS, PLAIN = " ▁▂▃▄▅▆▇█", " .:-=+*#@"


def svg(series: Series, times: tuple[int, int], holes: Sequence[Gap]) -> str:
    """Draw a series in the time of all charts; holes have their states' colours, and nothing is drawn through them."""
    start, end = times
    points, _ = thinned(series.points, series.kind, MOST)
    scale = WIDTH / max(end - start, 1)
    # Windows of unequal lengths: their areas are the figures, so that a month is no peak beside an hour.
    uneven = series.kind == "sum" and is_uneven(points)
    known = [
        (point, point.value / point.days if uneven and point.days else point.value)
        for point in points
        if point.value == point.value
    ]
    top = max((value for _, value in known), default=0.0)
    low = min((value for _, value in known), default=0.0)
    low = min(low, 0.0)
    tall = (HEIGHT - INSET) / ((top - low) or 1.0)

    def x(at: int) -> float:
        return (min(max(at, start), end) - start) * scale

    def right(point: Point) -> float:
        return max(x(point.end), x(point.start) + 0.8)

    def y(value: float) -> float:
        return HEIGHT - (value - low) * tall

    parts = [
        f'<rect class="mt-{gap.state}" x="{x(gap.start):.1f}" y="0" width="{max(x(gap.end) - x(gap.start), 1):.1f}"'
        f' height="{HEIGHT}"/>'
        for gap in holes
    ]
    if series.kind == "sum":
        for kind, waits in (("mt-bar", False), ("mt-soft", True)):
            path = "".join(
                f"M{x(point.start):.1f} {y(0):.1f}V{y(value):.1f}H{right(point):.1f}V{y(0):.1f}z"
                for point, value in known
                if point.provisional is waits
            )
            parts.append(f'<path class="{kind}" d="{path}"/>' if path else "")
    elif series.kind == "cumulative":
        for point, value in known:
            at = f'cx="{x(point.end):.1f}" cy="{max(y(value), 3):.1f}"'
            parts.append(f'<circle class="{"mt-soft" if point.provisional else "mt-bar"}" {at} r="3"/>')
    else:
        for run in runs(points):
            for kind, line in _lines(run):
                path = "".join(
                    f"{'L' if place else 'M'}{x(point.start):.1f} {y(point.value):.1f}H{right(point):.1f}"
                    for place, point in enumerate(line)
                )
                parts.append(f'<path class="mt-step {kind}" d="{path}"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'class="mt-svg" role="img">{"".join(parts)}</svg>'
    )


def _lines(run: list[Point]) -> list[tuple[str, list[Point]]]:
    """Part a run where it turns from settled to provisional; the parts share no point."""
    lines: list[tuple[str, list[Point]]] = []
    for point in run:
        kind = "mt-wait" if point.provisional else ""
        if not lines or lines[-1][0] != kind:
            lines.append((kind, []))
        lines[-1][1].append(point)
    return lines


def text(series: Series, times: tuple[int, int], width: int, *, blocks: bool = True) -> str:
    """Draw a series with characters; a blank is time without a number, and the lowest bar a zero."""
    start, end = times
    step = max(end - start, 1) / width
    values: list[float | None] = [None] * width
    for point in series.points:
        if point.value != point.value:
            continue
        first = min(max(int((point.start - start) / step), 0), width - 1)
        last = min(max(int((point.end - 1 - start) / step), first), width - 1)
        if series.kind == "cumulative":
            first = last
        for place in range(first, last + 1):
            before = values[place]
            if series.kind == "sum" and point.end - point.start > step:
                # A figure of many places is spread over them, and its last place is no lower for being half full.
                values[place] = max(before or 0.0, point.value * step / (point.end - point.start))
            elif series.kind == "sum":
                left, right = start + place * step, start + (place + 1) * step
                share = max(min(point.end, right) - max(point.start, left), 0) / max(point.end - point.start, 1)
                values[place] = (before or 0.0) + point.value * share
            elif series.kind == "peak":
                values[place] = point.value if before is None else max(before, point.value)
            else:
                values[place] = point.value
    top = max((value for value in values if value is not None), default=0.0)
    marks = BARS if blocks else PLAIN

    def mark(value: float | None) -> str:
        if value is None:
            return marks[0]
        return marks[1 + (round(max(value, 0.0) / top * 7) if top > 0 else 0)]

    return "".join(map(mark, values)).rstrip()
