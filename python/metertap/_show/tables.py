"""Any table as it shows itself; what is of stretches of time, under a strip of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metertap._show import lanes, rows
from metertap._show.html import escape, page, table
from metertap._show.strip import strip
from metertap._show.terminal import folded, has_blocks, width

if TYPE_CHECKING:
    from metertap.usage import Table

#: Of so many stretches a strip is drawn.
MOST = 100_000


def html(shown: Table, notes: list[str]) -> str:
    """Return a table for a notebook."""
    found = rows.rows(shown)
    body = table(found.header, found.cells, found.right) if found.cells else ""
    told = escape("; ".join([*found.notes, *notes]))
    drawn = lanes.svg(drawn) if (drawn := _strip(shown)) else ""
    return page(drawn, body, f'<p class="mt-dim">{told}</p>')


def text(shown: Table, notes: list[str]) -> str:
    """Return a table for a terminal, as wide as it is."""
    columns = width()
    found = rows.rows(shown)
    drawn = lanes.text(drawn, columns, blocks=has_blocks()) if (drawn := _strip(shown)) else []
    body = rows.text(found, columns) if found.cells else []
    return "\n".join([*drawn, *([""] if drawn and body else []), *body, *folded([*found.notes, *notes], columns)])


def _strip(shown: Table) -> lanes.Lanes | None:
    """Return the stretches of a table that has a row for each; None if it is another table, or has none."""
    is_of_time = {"account", "start", "end", "state", "reason"} <= set(shown.columns)
    return strip(shown, shown._told) if is_of_time and 0 < len(shown) <= MOST else None
