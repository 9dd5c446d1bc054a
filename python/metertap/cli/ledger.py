"""``metertap ledger``: what a ledger has, what it lacks, and its upkeep."""

from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentTypeError
from collections import Counter
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from metertap.cli import _lock, _output, _parser, _question
from metertap.cli.fetch import INCOMPLETE
from metertap.errors import InvalidArgument

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from metertap.ledger import Ledger

HEAD = ("account", "provider", "readings", "from", "to", "last sync")
#: What is wrong with a range; what is absent or was never to be had is not.
LOST = ("failed", "missing")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "Look into a ledger, and keep it in order; nothing is asked of any service."
    parser = commands.add_parser("ledger", help=text, description=text)
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    show = _add(actions, "show", run_show, "Show the accounts: how many readings, from when to when, the last sync.")
    show.add_argument("--json", action="store_true", help="print one JSON object")

    text = "Print what is missing of a range. Exit status 3 if anything failed or is missing."
    holes = _add(actions, "holes", run_holes, text)
    _question.add_range(holes)
    _output.add(holes)

    text = "Print the figures that changed after they were first read."
    restatements = _add(actions, "restatements", run_restatements, text)
    restatements.add_argument("--since", metavar="BACK", help=f"only those that were read since then: {_question.BACK}")
    _output.add(restatements)

    _add(actions, "tidy", run_tidy, "Join small files, and drop what is there twice; no figure changes.")

    text = "List the files that no version of the last days needs, one a line; with --delete, delete them."
    vacuum = _add(actions, "vacuum", run_vacuum, text)
    vacuum.add_argument(
        "--retain-days", metavar="DAYS", type=_retained, default=7, help="how many days back versions stay (default: 7)"
    )
    vacuum.add_argument("--delete", action="store_true", help="delete them; without it nothing changes")
    _parser.examples(show, "metertap ledger show usage")
    _parser.examples(holes, "metertap ledger holes usage --since 30d", "metertap ledger holes usage --start 2026-03")
    _parser.examples(restatements, "metertap ledger restatements usage --since 7d")
    _parser.examples(vacuum, "metertap ledger vacuum usage --retain-days 30")
    vacuum.add_argument("--even-if-read", action="store_true", help="needed for less than a day: nobody reads it now")


def _retained(text: str) -> float:
    """Return for how many days versions stay; a part of a day is possible."""
    from metertap.ledger import CENTURY

    if re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,6})?", text) and float(text) <= CENTURY:
        return float(text)
    raise ArgumentTypeError(f"must be a number of days from 0 to {CENTURY}, not {text!r}")


def _add(actions: Any, name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
    parser.add_argument("ledger", metavar="LEDGER", help="a folder, or an address such as s3://bucket/folder")
    parser.set_defaults(run=run, parser=parser)
    return parser


def run_show(arguments: argparse.Namespace) -> int:
    """Show what the ledger has."""
    from metertap._table import moment, text

    summary = _opened(arguments).summary()
    if arguments.json:
        print(json.dumps(summary, default=moment))
        return 0
    rows = [list(account.values()) for account in summary["accounts"]]
    print(text(HEAD, rows))
    last = f"the last sync was at {moment(summary['last_sync'])}"
    print(f"{summary['readings']:,} readings; {last}; version {summary['version']}")
    return 0


def run_holes(arguments: argparse.Namespace) -> int:
    """Print what is missing."""
    from metertap._range import moment, window

    _question.check_range(arguments)
    _output.check(arguments)
    tz = arguments.tz
    try:
        now = datetime.now(timezone.utc) if arguments.now is None else moment(arguments.now, "now", tz)
        start, end = window(arguments.start, arguments.end, arguments.since, tz=tz, now=now)
    except InvalidArgument as error:
        _question.wrong(arguments, error)
    table = _opened(arguments).holes(start, end, tz=tz, now=now)
    _output.write(arguments, table)
    sys.stdout.flush()
    states = Counter(row["state"] for row in table.to_dicts())
    told = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
    print(f"holes: {told or 'none'}", file=sys.stderr)
    return INCOMPLETE if any(states[state] for state in LOST) else 0


def run_restatements(arguments: argparse.Namespace) -> int:
    """Print what changed."""
    from metertap._range import since_of

    _output.check(arguments)
    try:
        since = None if arguments.since is None else since_of(arguments.since, None)
    except InvalidArgument as error:
        _question.wrong(arguments, error)
    table = _opened(arguments).restatements(since)
    _output.write(arguments, table)
    sys.stdout.flush()
    settled = sum(row["was_settled"] is True for row in table.to_dicts())
    print(f"restatements: {len(table):,}, of which {settled:,} had been called settled", file=sys.stderr)
    return 0


def run_tidy(arguments: argparse.Namespace) -> int:
    """Join files."""
    ledger = _opened(arguments)
    with _lock.held(arguments.ledger):
        done = ledger.tidy()
    print(f"{done['files']:,} files joined, {done['twins']:,} rows dropped that were there twice")
    return 0


def run_vacuum(arguments: argparse.Namespace) -> int:
    """List the files, or delete them."""
    days, is_sure = arguments.retain_days, arguments.even_if_read
    if days < 1 and not is_sure:
        arguments.parser.error(
            f"--retain-days {days:g} would delete files that a process may be reading: give 1 or more, or add"
            " --even-if-read if none is"
        )
    ledger = _opened(arguments)
    if arguments.delete:
        with _lock.held(arguments.ledger):
            files = ledger.vacuum(days, dry_run=False, even_if_read=is_sure)
    else:
        files = ledger.vacuum(days, even_if_read=is_sure)
    print(*files, sep="\n", end="\n" if files else "")
    sys.stdout.flush()
    told = "deleted" if arguments.delete else "to be deleted; --delete does that"
    print(f"{len(files):,} files {told}", file=sys.stderr)
    return 0


def _opened(arguments: argparse.Namespace) -> Ledger:
    """Return the ledger, which must have something."""
    from metertap.ledger import Ledger

    ledger = Ledger(arguments.ledger)
    if ledger._store.began() is None:
        raise ledger._nothing()
    return ledger
