"""Tables in plain text: for terminals, logs and pipes alike."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TextIO

    from metertap.typing import Cell, Line

GAP = "  "
LONGEST_RULE = 100
#: In a print of a table of any values; the values themselves are whole.
LONGEST_CELL = 60
#: What is left of a column that is cut, at least.
SHORTEST = 20


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
    widths = [max(width_of(line[column]) for line in (header, *texts)) for column in range(len(header))]

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
    blanks = " " * (width - width_of(text))
    return blanks + text if right else text + blanks


def width_of(text: str) -> int:
    """Count columns of a terminal: East Asian characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def counted(count: int, what: str) -> str:
    """Return a number of things, such as ``1 call`` and ``1,204 calls``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def plain(value: Any) -> Cell:
    """Return a value of a table as a cell."""
    if isinstance(value, bool):
        return str(value)
    if value is None or isinstance(value, (str, int, Decimal)):
        return value
    if isinstance(value, list):
        return " ".join(map(str, value))
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d %H:%M:%SZ}"
    return str(value)


def csv_lines(file: TextIO, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as CSV: numbers exactly, moments with a Z, lists in one cell, nothing where there is nothing."""
    import csv

    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([exact(row[name]) for name in columns] for row in rows)


def exact(value: Any) -> str:
    """Return a value as text that loses nothing."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, list):
        return " ".join(map(str, value))
    return moment(value) if hasattr(value, "isoformat") else str(value)


def moment(value: Any) -> str:
    """Return a moment as RFC 3339 writes it."""
    return str(value.isoformat()).replace("+00:00", "Z")


def text(header: Sequence[str], rows: Sequence[Sequence[Any]], *, widest: int | None = None) -> str:
    """Return a table of any values as text; what would make it wider than that is cut out of the last column."""
    cells = [[plain(value) for value in row] for row in rows]
    if widest is None:
        cells = [[clip(cell, LONGEST_CELL) if isinstance(cell, str) else cell for cell in row] for row in cells]
    else:
        others = (max(width_of(_text(line[column])) for line in (header, *cells)) for column in range(len(header) - 1))
        room = max(SHORTEST, widest - sum(others) - len(GAP) * (len(header) - 1))
        cells = [[*row[:-1], clip(row[-1], room) if isinstance(row[-1], str) else row[-1]] for row in cells]
    return render(header, cells)


def clip(text: str, width: int) -> str:
    """Shorten a text to so many columns of a terminal; an ellipsis shows that something is missing."""
    if width_of(text) <= width:
        return text
    while text and width_of(text) > width - 1:
        text = text[:-1]
    return f"{text.rstrip()}…"
