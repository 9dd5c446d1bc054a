"""``metertap providers`` and ``metertap provider``: what there is to ask, and documents of one's own."""

from __future__ import annotations

import importlib.resources
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metertap._table import counted
from metertap.cli import _output, _parser, _question
from metertap.errors import InvalidArgument, MetertapError, WrongType

if TYPE_CHECKING:
    import argparse

    from metertap.planning import Plan

#: The JSON Schema of documents, which ``tools/vocabulary.py`` writes.
SCHEMA = "provider.schema.json"


@dataclass(frozen=True, slots=True)
class Row:
    """A provider in the table."""

    name: str
    title: str
    origin: str
    meters: int


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the parser."""
    text = "List the providers: those that are built in, in the accounts file, or named by installed packages."
    parser = commands.add_parser("providers", help=text, description=text)
    _question.add_config(parser)
    _output.add(parser)
    _parser.examples(parser, "metertap providers")
    parser.set_defaults(run=run, parser=parser)

    text = "Work with documents, which make providers of services of your own."
    parser = commands.add_parser("provider", help=text, description=text)
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    text = "Tell what is wrong with documents, read their canned answers, and show the plan of a sample range."
    after = "Exit status: 0 all are sound, 1 something is wrong, 2 wrong usage. Nothing is sent."
    check = actions.add_parser("check", help=text, description=text, epilog=after)
    check.add_argument("paths", metavar="PATH", nargs="+", help="a document")
    check.add_argument("--start", metavar="WHEN", help="the start of the sample range (default: last month)")
    check.add_argument("--end", metavar="WHEN", help="its end, exclusive")
    check.add_argument("--now", metavar="WHEN", help="plan as if it were then (default: the machine's time)")
    check.add_argument(
        "--select",
        metavar="NAME=VALUE",
        nargs="+",
        action="extend",
        default=[],
        help="what the plan selects; a name that comes several times is a list",
    )
    check.set_defaults(run=run_check, parser=check)
    text = "Print the JSON Schema of documents, by which editors complete and check them."
    schema = actions.add_parser("schema", help=text, description=text)
    schema.add_argument("-o", "--output", metavar="FILE", help="write to this file and not to standard output")
    _parser.examples(schema, "metertap provider schema -o provider.schema.json")
    schema.set_defaults(run=run_schema, parser=schema)


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    from metertap import config, documents

    _output.check(arguments)
    config.register_providers(arguments.config)
    rows = [Row(one.name, one.title, one.origin, len(one.meters)) for one in documents.providers()]
    _output.write(arguments, rows, lambda: _table(rows))
    return 0


def _table(rows: list[Row]) -> str:
    from metertap._table import render

    return render(
        ("provider", "title", "origin", "meters"), [(row.name, row.title, row.origin, row.meters) for row in rows]
    )


def run_schema(arguments: argparse.Namespace) -> int:
    """Print the schema."""
    schema = importlib.resources.files("metertap").joinpath(SCHEMA)
    _output.write_text(arguments, schema.read_text(encoding="utf-8").rstrip("\n"))
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Check documents, one after the other."""
    parser: argparse.ArgumentParser = arguments.parser
    if (arguments.start is None) is not (arguments.end is None):
        parser.error("a range has --start and --end; give both, or none")
    selected = _selected(parser, arguments.select)
    return max(_check(path, arguments, selected) for path in arguments.paths)


def _selected(parser: argparse.ArgumentParser, words: list[str]) -> dict[str, Any]:
    """Return what is selected: a text, or a list of those that have one name."""
    found: dict[str, list[str]] = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or not name:
            parser.error(f"--select wants NAME=VALUE, not {word!r}")
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _check(path: str, arguments: argparse.Namespace, selected: dict[str, Any]) -> int:
    """Print the sample of a document, and what is wrong with it."""
    from metertap import documents

    file = Path(path)
    try:
        problems = documents.check(file)
    except MetertapError as error:  # its sentence names the file
        problems = [str(error)]
    if not problems:
        problems = documents.try_answers(file)
        try:
            print(_sample(file, documents.register(file), arguments, selected), flush=True)
        except MetertapError as error:
            problems.append(f"{path}: {error}")
    if problems:
        print(*problems, sep="\n", file=sys.stderr, flush=True)
    return int(bool(problems))


def _sample(path: Path, made: type[Any], arguments: argparse.Namespace, selected: dict[str, Any]) -> str:
    """Say what a document has, and the plan for a made-up account."""
    from metertap import _core
    from metertap.catalogue import meters
    from metertap.simulator import Simulator

    facts = _core.provider(made._provider)
    name = facts["name"]
    counts = (
        (len(facts["operations"]), "call"),
        (sum(meter.provider == name for meter in meters()), "meter"),
        (len(_core.canned(made._provider)), "canned answer"),
    )
    told = f"{path}: {name}, {facts['title']}: {', '.join(counted(*one) for one in counts)}"
    refused = None
    try:
        with Simulator(providers=[path]) as simulator:
            client = simulator.client(name)
    except MetertapError as error:
        refused = str(error).rstrip(".")
    # Not inside the handler: the frames of that error have the account's words, be they made up.
    if refused is not None:
        raise InvalidArgument(f"its made-up account is refused: {refused}; write an example into [account].")
    first, last = (arguments.start, arguments.end) if arguments.start else _last_month(arguments.now)
    try:
        plan = _planned(client, selected, first, last, arguments.now)
    except MetertapError as error:
        # Where nothing can be asked for without a selection: what its canned answers were asked for.
        others = {} if selected else dict(_core.sample(made._provider))
        hint = "" if selected else "; if it needs a selection, give --select NAME=VALUE"
        refused = f"no plan can be made: {str(error).rstrip('.')}{hint}."
        try:
            plan = _planned(client, others or selected, first, last, arguments.now)
        except MetertapError:
            raise InvalidArgument(refused) from None
    return f"{told}\n{plan!r}"


def _planned(client: Any, selected: dict[str, Any], first: Any, last: Any, now: str | None) -> Plan:
    from metertap.planning import plan

    try:
        return plan(client.select(**selected), first, last, now=now)
    except WrongType:
        # What takes numbers and flags is not told apart from texts on the command line, but takes no texts.
        words: dict[Any, Any] = {"true": True, "false": False}
        words |= {value: int(value) for value in selected.values() if isinstance(value, str) and _is_whole(value)}
        literal = {
            name: words.get(value, value) if isinstance(value, str) else value for name, value in selected.items()
        }
        if literal == selected:
            raise
        return plan(client.select(**literal), first, last, now=now)


def _is_whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 19


def _last_month(now: str | None) -> tuple[Any, Any]:
    """Return the last month (UTC) that is over; what is no moment is left to the plan to refuse."""
    moment = datetime.now(timezone.utc)
    if now is not None:
        try:
            moment = datetime.fromisoformat(now.replace("Z", "+00:00"))
        except ValueError:
            moment = datetime(2026, 2, 1, tzinfo=timezone.utc)
    if moment.tzinfo is not None:
        moment = moment.astimezone(timezone.utc)
    end = moment.date().replace(day=1)
    return (end - timedelta(days=1)).replace(day=1), end
