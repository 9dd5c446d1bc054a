"""A plan as it shows itself: its windows in time, then a row for each source, and what cannot be answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metertap._show import lanes, rows
from metertap._show.html import escape, page, table
from metertap._show.moments import written, zone, zone_name
from metertap._show.terminal import folded, has_blocks, said, width
from metertap._show.windows import windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metertap.planning import Plan, PlanRow

HEAD = ["account", "operation", "calls", "start", "end", "cut by"]
#: How many rows are shown.
SHOWN = 60


def html(plan: Plan, summary: Sequence[PlanRow]) -> str:
    """Return a plan for a notebook."""
    found = _rows(plan, summary)
    notes = f'<p class="mt-dim">{escape("; ".join(found.notes))}</p>'
    return page(
        f"<p><b>{escape(_told(plan))}</b></p>",
        lanes.svg(windows(plan)),
        table(found.header, found.cells, found.right),
        notes,
    )


def text(plan: Plan, summary: Sequence[PlanRow]) -> str:
    """Return a plan for a terminal, as wide as it is."""
    columns, found = width(), _rows(plan, summary)
    drawn = lanes.text(windows(plan), columns, blocks=has_blocks())
    body = rows.text(found, columns, spared=("end", "start"))
    return said("\n".join([*drawn, "", *body, *folded(found.notes, columns), _told(plan)]))


def _told(plan: Plan) -> str:
    calls, accounts = len(plan), len(plan.accounts)
    return (
        f"{calls:,} {'call' if calls == 1 else 'calls'} to {accounts:,} {'account' if accounts == 1 else 'accounts'}, "
        f"at least {plan.least_seconds:.1f} s"
    )


def _rows(plan: Plan, summary: Sequence[PlanRow]) -> rows.Rows:
    told, _, _ = plan._core.question()
    where, shown = zone(told), summary[:SHOWN]
    starts = written([row.start for row in shown], where)
    ends = written([row.end for row in shown], where)
    notes = [f"times in {zone_name(told)}"]
    if len(shown) < len(summary):
        notes.insert(0, f"{len(shown):,} of {len(summary):,} rows: all are in .rows")
    cells: list[list[str | None]] = [
        [
            row.account,
            row.operation,
            f"{row.calls:,}" if row.calls else None,
            start,
            end,
            row.cut_by or None,
        ]
        for row, start, end in zip(shown, starts, ends, strict=True)
    ]
    return rows.Rows(HEAD, cells, [False, False, True, False, False, False], notes, [False] * 3 + [True] * 2 + [False])
