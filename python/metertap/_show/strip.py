"""The coverage strip: what is known of each stretch of time, source by source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metertap._show.lanes import Lane, Lanes, Stretch, folded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from metertap._show.moments import Told


def strip(rows: Iterable[dict[str, Any]], told: Told = "UTC") -> Lanes:
    """Return a lane for each account and source, of the rows of `timeline`, `coverage` or `holes`."""
    lanes: dict[tuple[str, ...], Lane] = {}
    for row in rows:
        what = row["operation"] if "operation" in row else row["meter"]
        arguments = row.get("arguments") or ""
        name = f"{what} ({arguments})" if arguments else what
        lane = lanes.setdefault((row["account"], what, arguments), Lane(row["account"], [name]))
        lane.stretches.append(Stretch(row["start"], row["end"], row["state"], row["reason"]))
    return Lanes(folded(lanes.values()), told)
