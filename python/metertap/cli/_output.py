"""Tables on standard output or in files, in the format that was asked for."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metertap._extras import needed
from metertap._show.rows import SPARED
from metertap._show.terminal import width
from metertap._table import clip, csv_lines, exact, moment, plain
from metertap.usage import Table, shown

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Sequence
    from typing import TextIO

    from metertap.cli import _parser


FORMATS = ("table", "csv", "json", "jsonl", "parquet", "markdown")
SUFFIXES = {f".{name}": name for name in FORMATS[1:]} | {".md": "markdown", ".txt": "table"}
EXCEL = (".xlsx", ".xls", ".ods")
#: How many rows become Python objects at a time.
BATCH = 10_000
#: How many rows a terminal gets; a file or a pipe gets all.
ON_TERMINAL = 50


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command."""
    parser.add_argument(
        "--format",
        metavar="FORMAT",
        choices=FORMATS,
        help=f"{', '.join(FORMATS)}; default: what FILE ends in, else a table on a terminal and csv in a pipe",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write to this file and not to standard output")


def check(arguments: argparse.Namespace) -> None:
    """Choose the format, and find out now what would else fail after all requests were made."""
    output = arguments.output
    if arguments.format is None:
        arguments.format = _by_ending(arguments, output)
    if arguments.format == "parquet":
        if output is None:
            arguments.parser.error("--format parquet needs -o FILE")
        needed("pyarrow.parquet", "arrow")
    if output is not None and (Path(output).is_dir() or not Path(output).parent.is_dir()):
        arguments.parser.error(f"{output} cannot be written: no file can be made there")


def _by_ending(arguments: argparse.Namespace, output: str | None) -> str:
    """Return the format that a file's name ends in; one that is not written here is refused with what can be done."""
    if output is None:
        return "table" if sys.stdout.isatty() else "csv"
    ending = Path(output).suffix.lower()
    if ending in SUFFIXES or not ending:
        return SUFFIXES.get(ending, "csv")
    known = ", ".join(SUFFIXES)
    advice = f"name a file that ends in {known}, or give --format"
    if ending in EXCEL:
        advice = f"write {Path(output).with_suffix('.csv')}, which Excel opens, or in Python to_pandas().to_excel(…)"
    parser: _parser.Parser = arguments.parser
    parser.error(f"{ending} files are not written here: {advice}")


def write(arguments: argparse.Namespace, table: Table | Sequence[Any], text: Callable[[], str] | None = None) -> None:
    """Write a table, or a list of dataclasses; `text` makes the table for people, if it is a special one."""
    form = arguments.format
    if form == "parquet":
        _parquet(table, arguments.output)
        return
    columns = table.columns if isinstance(table, Table) else list(type(table[0]).__slots__)
    with _opened(arguments.output, for_people=form == "table") as file:
        if form == "table":
            file.write(f"{text() if text else _for_people(table, columns, file)}\n")
        else:
            WRITERS[form](file, columns, _rows(table))


def write_text(arguments: argparse.Namespace, text: str) -> None:
    """Write a text as it is."""
    with _opened(arguments.output) as file:
        file.write(f"{text}\n")


@contextmanager
def _opened(output: str | None, *, for_people: bool = False) -> Iterator[TextIO]:
    """Open the file, or standard output. Data is UTF-8, whatever the locale is, so that every name arrives as it is."""
    if output is None:
        # A terminal shows escapes in place of what its encoding lacks; a program would take them for the name.
        if not for_people and (reconfigure := getattr(sys.stdout, "reconfigure", None)):
            reconfigure(encoding="utf-8", errors="strict")
        yield sys.stdout
        return
    with open(output, "w", encoding="utf-8", newline="") as file:
        yield file


def _rows(table: Table | Sequence[Any], most: int | None = None) -> Iterator[dict[str, Any]]:
    if not isinstance(table, Table):
        yield from (asdict(row) for row in table[:most])
        return
    count = len(table) if most is None else min(most, len(table))
    for start in range(0, count, BATCH):
        yield from table._table.to_dicts(start, min(start + BATCH, count))


def _for_people(table: Table | Sequence[Any], columns: list[str], file: TextIO) -> str:
    """Return a table of the columns that say something; the keys into evidence are for machines."""
    most = ON_TERMINAL if file.isatty() else len(table)
    rows = list(_rows(table, most))
    machine = ("call_id", "fetched_at")
    names = [name for name in columns if name not in machine and any(row[name] not in (None, [], "") for row in rows)]
    cells = [[_cell(shown(name, row[name])) for name in names] for row in rows]
    # A meter's name begins with its provider's, which says enough of an account that has no name of its own.
    own = {"account", "provider", "meter"} <= {*columns} and all(row["account"] == row["provider"] for row in rows)
    whole, spared = (["meter"], [*SPARED, "account"]) if own else ([], SPARED)
    lines = fitted(names, cells, file, whole=whole, spared=spared)
    if len(table) > most:
        lines.append(f"… and {len(table) - most:,} more rows; -o FILE keeps all")
    return "\n".join(lines)


def _cell(value: Any) -> Any:
    """Return a value as a cell; moments stay what they are, so that they are told alike and never cut."""
    return value if hasattr(value, "isoformat") else None if (cell := plain(value)) == "" else cell


def fitted(
    header: Sequence[str],
    cells: Sequence[Sequence[Any]],
    file: TextIO,
    *,
    whole: Sequence[str] = (),
    spared: Sequence[str] = SPARED,
    columns: int | None = None,
) -> list[str]:
    """Return a table as lines that fit the terminal, if the file is one: long texts are cut, then columns left out.

    The columns of `whole` are not cut; those of `spared` are left out first, in that order.
    """
    from metertap._show import rows

    if columns is None:
        columns = width() if file.isatty() else sys.maxsize
    moments = {place for row in cells for place, cell in enumerate(row) if hasattr(cell, "isoformat")}
    names = [f"{name} (UTC)" if place in moments else name for place, name in enumerate(header)]
    shown = [[shown_as(cell, file) for cell in row] for row in cells]
    found = rows.listed([shown_as(name, file) for name in names], shown)
    found.whole = [is_whole or name in whole for is_whole, name in zip(found.whole, header, strict=True)]
    told = dict(zip(header, found.header, strict=True))
    lines = rows.text(found, columns, [told.get(name, name) for name in spared])
    return [*lines, *(clip(note, columns) for note in found.notes)]


def tell(*lines: str) -> None:
    """Write lines to standard error, broken between words where a terminal watches."""
    columns = width() if sys.stderr.isatty() else 0
    for line in lines:
        is_long = columns and not line.startswith(" ")
        parts = textwrap.wrap(line, columns, subsequent_indent="    ", break_on_hyphens=False) if is_long else [line]
        print(*parts or [""], sep="\n", file=sys.stderr)


def shown_as(cell: Any, file: TextIO) -> Any:
    """Return a cell as the file's encoding can show it, before its width is counted."""
    if not isinstance(cell, str):
        return cell
    encoding = getattr(file, "encoding", None) or "utf-8"
    return " ".join(cell.split("\n")).encode(encoding, "backslashreplace").decode(encoding)


def _markdown(file: TextIO, columns: list[str], rows: Iterable[dict[str, Any]]) -> None:
    file.write(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}\n")
    for row in rows:
        cells = (exact(row[name]).replace("\\", "\\\\").replace("|", "\\|") for name in columns)
        file.write(f"| {' | '.join(' '.join(cell.split()) for cell in cells)} |\n")


def _jsonl(file: TextIO, columns: list[str], rows: Iterable[dict[str, Any]]) -> None:
    file.writelines(f"{_object(row, columns)}\n" for row in rows)


def _json(file: TextIO, columns: list[str], rows: Iterable[dict[str, Any]]) -> None:
    file.write("[")
    for number, row in enumerate(rows):
        file.write(f"{',' if number else ''}\n{_object(row, columns)}")
    file.write("\n]\n")


def _parquet(table: Table | Sequence[Any], output: str) -> None:
    if isinstance(table, Table):
        table.write_parquet(output)
        return
    rows = needed("pyarrow", "arrow").Table.from_pylist(list(_rows(table)))
    needed("pyarrow.parquet", "arrow").write_table(rows, output)


def _object(row: dict[str, Any], columns: list[str]) -> str:
    return f"{{{', '.join(f'{json.dumps(name)}: {_exact(row[name])}' for name in columns)}}}"


def _exact(value: Any) -> str:
    """Return JSON; a decimal number keeps all of its digits, which the standard encoder would not let it."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return json.dumps(moment(value) if hasattr(value, "isoformat") else value, ensure_ascii=False)


WRITERS: dict[str, Callable[[TextIO, list[str], Iterable[dict[str, Any]]], None]] = {
    "csv": csv_lines,
    "json": _json,
    "jsonl": _jsonl,
    "markdown": _markdown,
}
