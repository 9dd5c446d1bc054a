"""Which rows and columns of a table are shown, and a word about each that is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from metertap._show.moments import written, zone, zone_name
from metertap._show.numbers import trimmed
from metertap._table import clip, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metertap._show.moments import Told
    from metertap.usage import Table

#: How many rows a table shows.
SHOWN = 10
#: Columns that are keys for machines, and those that a narrow terminal does without first.
MACHINE = ("call_id", "fetched_at", "sha256", "request_id")
SPARED = (
    *("provider", "notes", "meters", "arguments", "left_out", "provisional", "kind", "cost", "currency", "flags"),
    *("status", "end", "labels", "attempts", "elapsed", "bytes", "reason"),
)
GAP = 2
#: In a terminal, a text column is cut to that before any column is left out.
SHORTEST = 14


@dataclass
class Rows:
    """Some rows of a table as texts."""

    header: list[str]
    cells: list[list[str | None]]
    right: list[bool]
    notes: list[str]
    #: Which columns are never cut: moments, as numbers are not.
    whole: list[bool]


def rows(
    table: Table, places: Sequence[int] | None = None, labels: Sequence[str] = (), hidden: Sequence[str] = MACHINE
) -> Rows:
    """Return rows as texts: the first ones, or those at these places, and the columns that say something there.

    Columns without a value, and those that are `hidden`, are left out, and named in the notes. Several columns of
    `labels`, of which most rows have few, become one.
    """
    core, count = table._table, len(table)
    found: list[dict[str, Any]]
    if places is None:
        found = core.to_dicts(0, min(SHOWN, count))
    else:
        found = [row for place in places for row in core.to_dicts(place, place + 1)]
    keys = [name for name in table.columns if name in hidden]
    empty = [
        name for name in table.columns if name not in keys and not any(row[name] not in (None, [], "") for row in found)
    ]
    header = [name for name in table.columns if name not in keys and name not in empty]
    gathered = [name for name in header if name in labels]
    if len(gathered) > 1:
        for row in found:
            row["labels"] = " ".join(f"{name}={row[name]}" for name in gathered if row[name] is not None) or None
        header = [name for name in header if name not in gathered]
        # Behind the numbers, which are looked for first, and which long ids would push off the page.
        header.insert(header.index("unit") + 1 if "unit" in header else len(header), "labels")
    where = zone(table._told)
    columns = [_texts(name, [row[name] for row in found], where) for name in header]
    cells: list[list[str | None]] = [[column[place] for column in columns] for place in range(len(found))]
    times = [any(isinstance(row[name], datetime) for row in found) for name in header]
    notes = []
    if len(found) < count:
        what = "the first" if places is None else "some of each account"
        notes.append(f"{len(found):,} of {count:,} rows: {what}")
    else:
        notes.append(f"{count:,} {'row' if count == 1 else 'rows'}")
    if any(times):
        notes.append(f"times in {zone_name(table._told)}")
    if len(gathered) > 1:
        notes.append(f"labels are columns: {', '.join(gathered)}")
    if found and empty:
        notes.append(f"without a value here: {', '.join(empty)}")
    if found and keys:
        notes.append(f"not shown: {', '.join(keys)}")
    return Rows(
        header,
        cells if columns else [],
        [any(isinstance(row[name], (int, float, Decimal)) for row in found) for name in header],
        notes,
        times,
    )


def listed(header: Sequence[str], values: Sequence[Sequence[Any]], told: Told = "UTC") -> Rows:
    """Return rows of any values as texts."""
    columns = list(zip(*values, strict=True)) if values else [()] * len(header)
    texts = [_texts(name, list(column), zone(told)) for name, column in zip(header, columns, strict=True)]
    return Rows(
        list(header),
        [[column[place] for column in texts] for place in range(len(values))],
        [any(isinstance(value, (int, float, Decimal)) for value in column) for column in columns],
        [],
        [any(isinstance(value, datetime) for value in column) for column in columns],
    )


def _texts(name: str, values: list[Any], where: Any) -> list[str | None]:
    """Return a column as texts."""
    if any(isinstance(value, datetime) for value in values):
        return written(values, where)
    return [_text(name, value) for value in values]


def _text(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if name == "covered" and isinstance(value, float):
        # Never rounded up to all of it.
        return f"{int(value * 1000) / 10:g} %"
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, Decimal):
        return trimmed(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        # Notes are sentences, as in flat().
        return ("; " if name == "notes" else " ").join(map(str, value))
    return str(value)


def text(rows: Rows, width: int, spared: Sequence[str] = SPARED) -> list[str]:
    """Return the rows as lines of at most so many columns of a terminal.

    Long texts are cut first; then columns are left out, of which the last line tells.
    """
    if not rows.header:
        return []
    shown = list(range(len(rows.header)))
    cells = [rows.header, *([cell if cell is not None else "-" for cell in row] for row in rows.cells)]
    full = [max(width_of(row[place]) for row in cells) for place in shown]
    least = [full[place] if rows.right[place] or rows.whole[place] else min(full[place], SHORTEST) for place in shown]

    def needs(places: Sequence[int]) -> int:
        return sum(least[place] for place in places) + GAP * (len(places) - 1)

    left_out = []
    for name in (*spared, *reversed(rows.header)):
        if needs(shown) <= width or len(shown) == 1:
            break
        place = rows.header.index(name) if name in rows.header else -1
        if place in shown:
            shown.remove(place)
            left_out.append(place)
    widths = {place: least[place] for place in shown}
    spare = width - needs(shown)
    # What is left goes to the texts that were cut, the least cut first, so that most are whole.
    for place in sorted(shown, key=lambda place: full[place] - least[place]):
        more = min(full[place] - widths[place], max(spare, 0))
        widths[place] += more
        spare -= more

    def line(row: list[str]) -> str:
        padded = []
        for place in shown:
            cell = clip(row[place], widths[place])
            blanks = " " * (widths[place] - width_of(cell))
            padded.append(blanks + cell if rows.right[place] else cell + blanks)
        return (" " * GAP).join(padded).rstrip()

    rule = "-" * min(width, sum(widths.values()) + GAP * (len(shown) - 1))
    lines = [line(cells[0]), rule, *map(line, cells[1:])]
    if left_out:
        names = ", ".join(rows.header[place] for place in sorted(left_out))
        rows.notes.append(f"no room for: {names}")
    return lines
