"""``metertap fetch``: one question to all configured accounts."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from metertap.cli import _coverage, _options, _output, _parser, _progress, _question

if TYPE_CHECKING:
    from metertap.planning import Plan
    from metertap.usage import Table, Usage

#: The exit status if something is missing.
INCOMPLETE = 3
PERIODS = ("hour", "day", "week", "month", "quarter", "year", "all")
#: Options that make no sense with an answer from an archive.
QUESTION = ("start", "end", "since", "account", "meters", "shard", "now", "config", "archive")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "Ask the configured accounts, and write one table; messages and what is missing go to standard error."
    after = "Exit status: 0 complete, 1 error, 2 wrong usage, 3 incomplete: what did arrive is written all the same."
    parser = commands.add_parser("fetch", help=text, description=text, epilog=after)
    _question.add(parser)
    parser.add_argument(
        "--on-error",
        choices=("raise", "keep"),
        default="raise",
        help="tell of failed calls as an error, or as a warning; the status is 3 either way",
    )
    parser.add_argument(
        "--archive",
        metavar="DIR",
        help="keep each answer in this folder, for --replay; the same fetch goes on with what it holds",
    )
    parser.add_argument("--replay", metavar="DIR", help="ask nobody: rebuild the table from this archive")
    parser.add_argument(
        "--rollup", metavar="EVERY", choices=PERIODS, help=f"put readings together: {', '.join(PERIODS)}"
    )
    parser.add_argument(
        "--by",
        metavar="COLUMN",
        nargs="+",
        action="extend",
        help="the columns that a roll-up keeps apart (default: provider, account, meter, and what their rules need)",
    )
    _options.progress(parser)
    _options.talk(parser)
    _output.add(parser)
    _parser.examples(
        parser,
        "metertap fetch --since 7d",
        "metertap fetch --start 2026-03 --tz Asia/Tokyo --rollup day --format csv -o march.csv",
        "metertap fetch production --start 2026-03-01 --end 2026-03-08 --meters sora.egress --format jsonl",
        "metertap fetch production --since 30d --meters sora.egress --archive answers",
        "metertap fetch --replay answers --rollup week --by account meter",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Fetch or replay, write the table, tell what is missing."""
    from metertap.fetching import lost_of, unkept
    from metertap.usage import RollUp

    _output.check(arguments)
    usage, archive_problem = _replayed(arguments) if arguments.replay is not None else _fetched(arguments)
    table = _rolled_up(usage, arguments)
    _output.write(arguments, table)
    sys.stdout.flush()
    if not arguments.quiet:
        print(_coverage.summary(usage), file=sys.stderr)
        _output.tell(*_coverage.holes(usage))
    if isinstance(table, RollUp) and table.remark and not arguments.quiet:
        print(f"roll-up: {table.remark}", file=sys.stderr)
    problems = [lost_of(usage)] if usage.missing else []
    if archive_problem is not None:
        problems.append(unkept(archive_problem))
    if not problems:
        return 0
    word = "incomplete" if arguments.on_error == "raise" else "warning: incomplete"
    _output.tell(f"metertap: {word}: {'; '.join(problems)}; what did arrive is written")
    return INCOMPLETE


def _fetched(arguments: argparse.Namespace) -> tuple[Usage, str | None]:
    from metertap.errors import IncompleteUsage
    from metertap.fetching import fetch

    # What answers a whole window with one figure is asked period by period, so that it can be told by them.
    plan = _question.asked(arguments, every=None if arguments.rollup == "all" else arguments.rollup)
    _check_columns(arguments, plan)
    if arguments.rollup is not None:
        plan._core.refuse_rollup(arguments.rollup)
    progress = _progress.shown(arguments, plan)
    try:
        if progress is None:
            return fetch(plan, archive=arguments.archive), None
        return fetch(plan, archive=arguments.archive, progress=progress, on_event=progress.hear), None
    except IncompleteUsage as incomplete:
        return incomplete.usage, incomplete.archive_problem
    finally:
        if progress is not None:
            progress.close()


def _check_columns(arguments: argparse.Namespace, plan: Plan) -> None:
    """Refuse a column that no reading will have, before anything is asked."""
    from metertap.catalogue import meters

    asked = {name for call in plan.calls for name in call["meters"]}
    dimensions = {name for meter in meters() if meter.name in asked for name in meter.dimensions}
    known = ["provider", "account", "meter", "unit", "kind", *sorted(dimensions)]
    for name in _columns(arguments):
        if name not in known:
            arguments.parser.error(f"the readings will have no column {name!r}; --by takes {', '.join(known)}")


def _columns(arguments: argparse.Namespace) -> list[str]:
    return [name for words in arguments.by or () for name in words.split(",") if name]


def _replayed(arguments: argparse.Namespace) -> tuple[Usage, None]:
    from metertap.errors import IncompleteUsage
    from metertap.fetching import replay

    given = [f"--{name}" for name in QUESTION if getattr(arguments, name)]
    if given:
        arguments.parser.error(f"--replay has its question already; leave {' and '.join(given)} out")
    try:
        return replay(arguments.replay), None
    except IncompleteUsage as incomplete:
        return incomplete.usage, None


def _rolled_up(usage: Usage, arguments: argparse.Namespace) -> Table:
    if arguments.rollup is None and arguments.by is None:
        return usage
    return usage._rolled_up(arguments.rollup, _columns(arguments) or None, arguments.tz, None, cli=True)
