"""Stretches of time without a number, as charts shade them: of all sources of a chart, or of some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from metertap._show.series import micros
from metertap._show.states import HOLES

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable


class Gap(NamedTuple):
    """A stretch without a number, in microseconds of the epoch; `whole` if no source of its chart has one there."""

    start: int
    end: int
    state: str
    whole: bool


def gaps(rows: Iterable[dict[str, Any]], chart: Callable[[str, str], Hashable]) -> dict[Hashable, list[Gap]]:
    """Return the gaps of each chart, of the rows of a timeline.

    Parameters
    ----------
    rows : iterable of dict
        The rows of `Usage.timeline`.
    chart : callable
        Returns the chart of an account and a meter.
    """
    sources: dict[Hashable, set[tuple[str, str, str]]] = {}
    found: dict[Hashable, dict[tuple[int, int, str], set[tuple[str, str, str]]]] = {}
    for row in rows:
        source = (row["account"], row["operation"], row["arguments"] or "")
        window = None
        if row["state"] in HOLES:
            window = micros(row["start"]), micros(row["end"]), row["state"]
        for meter in row["meters"]:
            key = chart(row["account"], meter)
            sources.setdefault(key, set()).add(source)
            if window:
                found.setdefault(key, {}).setdefault(window, set()).add(source)
    return {
        key: [Gap(*window, lacking == sources[key]) for window, lacking in windows.items()]
        for key, windows in found.items()
    }
