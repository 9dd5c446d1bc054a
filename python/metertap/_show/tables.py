"""Any table as it shows itself; what is of stretches of time, under a strip of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metertap._show import lanes, rows
from metertap._show.html import escape, page, table
from metertap._show.strip import strip
from metertap._show.terminal import folded, has_blocks, said, width

if TYPE_CHECKING:
    from metertap.usage import Table

#: Of so many stretches a strip is drawn.
MOST = 100_000


def html(of: Table, notes: list[str]) -> str:
    """Return a table for a notebook."""
    found = rows.rows(of)
    drawn = lanes.svg(drawn) if (drawn := _strip(of)) else ""
    return shown(found, [*found.notes, *notes], drawn)


def shown(found: rows.Rows, notes: list[str], above: str = "") -> str:
    """Return rows for a notebook, with what is told of them below."""
    body = table(found.header, found.cells, found.right) if found.cells else ""
    return page(above, body, f'<p class="mt-dim">{escape("; ".join(notes))}</p>')


def text(of: Table, notes: list[str]) -> str:
    """Return a table for a terminal, as wide as it is."""
    columns = width()
    found = rows.rows(of)
    drawn = lanes.text(drawn, columns, blocks=has_blocks()) if (drawn := _strip(of)) else []
    body = rows.text(found, columns) if found.cells else []
    return said("\n".join([*drawn, *([""] if drawn and body else []), *body, *folded([*found.notes, *notes], columns)]))


def _strip(of: Table) -> lanes.Lanes | None:
    """Return the stretches of a table that has a row for each; None if it is another table, or has none."""
    is_of_time = {"account", "start", "end", "state", "reason"} <= set(of.columns)
    return strip(of, of._told) if is_of_time and 0 < len(of) <= MOST else None
