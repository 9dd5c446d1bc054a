"""A plan in time: a lane for each source of each account, with its windows and the least time that they take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metertap._show.lanes import Lane, Lanes, Stretch, folded

if TYPE_CHECKING:
    from metertap.planning import Plan


def windows(plan: Plan) -> Lanes:
    """Return the windows of a plan's calls, and what no call can answer."""
    told, _, _ = plan._core.question()
    lanes: dict[tuple[str, str], Lane] = {}
    for call in plan.calls:
        lane = lanes.setdefault((call["account"], call["operation"]), Lane(call["account"], [call["operation"]]))
        lane.stretches.append(Stretch(call["start"], call["end"], "call", None))
    for row in plan.rows:
        lane = lanes.setdefault((row.account, row.operation), Lane(row.account, [row.operation]))
        if row.calls:
            calls = f"{row.calls:,} {'call' if row.calls == 1 else 'calls'}"
            lane.note = f"{calls}, {row.seconds:.1f} s" if row.seconds >= 0.1 else calls
        else:
            lane.stretches.append(Stretch(row.start, row.end, "unavailable", row.cut_by))
    return Lanes(folded(lanes.values()), told, "The windows of the calls")
