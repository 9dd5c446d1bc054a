"""Tables in plain text: for terminals, logs and pipes alike."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    Cell: TypeAlias = str | int | Decimal | None
    #: A row of cells, or a heading for the rows that follow it.
    Line: TypeAlias = Sequence[Cell] | str

GAP = "  "
LONGEST_RULE = 100


def render(header: Sequence[str], lines: Sequence[Line]) -> str:
    """Return a table as text.

    Parameters
    ----------
    header : sequence of str
        The names of the columns.
    lines : sequence of rows or str
        A row has a cell per column: a text stands left, a number stands right with thousands separators, and None is a
        dash. A text in place of a row is a heading; rows under headings are indented.

    Returns
    -------
    str
        The table, with a rule under the header and no line end at its end.
    """
    indent = GAP if any(isinstance(line, str) for line in lines) else ""
    rows = [line for line in lines if not isinstance(line, str)]
    numeric = [any(isinstance(row[column], (int, Decimal)) for row in rows) for column in range(len(header))]
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = [max(_width(line[column]) for line in (header, *texts)) for column in range(len(header))]

    def joined(cells: Sequence[str]) -> str:
        padded = [_pad(*cell) for cell in zip(cells, widths, numeric, strict=True)]
        return (indent + GAP.join(padded)).rstrip()

    body = iter(texts)
    rule = "-" * min(LONGEST_RULE, len(indent) + sum(widths) + len(GAP) * (len(header) - 1))
    return "\n".join([joined(header), rule, *(line if isinstance(line, str) else joined(next(body)) for line in lines)])


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    return cell if isinstance(cell, str) else f"{cell:,f}" if isinstance(cell, Decimal) else f"{cell:,}"


def _pad(text: str, width: int, right: bool) -> str:
    blanks = " " * (width - _width(text))
    return blanks + text if right else text + blanks


def _width(text: str) -> int:
    """Count columns of a terminal: East Asian characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )
