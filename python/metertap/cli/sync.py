"""``metertap sync`` and ``metertap snapshot``: what fills a ledger, for cron and Airflow."""

from __future__ import annotations

import json
import sys
import time
import warnings
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from metertap.cli import _coverage, _lock, _options, _parser, _progress, _question
from metertap.cli.fetch import INCOMPLETE
from metertap.errors import CoverageWarning, InvalidArgument

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from metertap.ledger import Ledger, Sync

AFTER = (
    "Exit status: 0 complete, 1 error, 2 wrong usage, 3 incomplete: what did arrive is in the ledger, and the next run"
    " asks for the rest. One run at a time works on a folder: a second one ends at once with status 1."
)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the parser."""
    text = "Ask the configured accounts for what a ledger lacks of a range, or what may still change, and keep it."
    parser = commands.add_parser("sync", help=text, description=text, epilog=AFTER)
    _question.add_range(parser)
    parser.add_argument(
        "--reread",
        metavar="TIME",
        default="3d",
        help="how long after its end a window is asked again where no page says when it is final (default: 3d)",
    )
    _add_common(parser)
    _parser.examples(
        parser,
        "metertap sync usage --since 90d",
        "metertap sync usage production --start 2026-01-01 --tz Asia/Tokyo",
        "metertap sync usage --since 30d --json --quiet",
    )
    parser.set_defaults(run=run_sync)
    text = "Keep the counters of the month so far, as they are now, in a ledger."
    parser = commands.add_parser("snapshot", help=text, description=text, epilog=AFTER)
    _add_common(parser)
    _parser.examples(parser, "metertap snapshot usage production")
    parser.add_argument("--now", metavar="WHEN", help="as if it were then (default: the machine's time)")
    parser.set_defaults(run=run_snapshot, tz=None)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ledger", metavar="LEDGER", help="a folder, or an address such as s3://bucket/folder")
    parser.add_argument(
        "account",
        metavar="ACCOUNT",
        nargs="*",
        default=[],
        help="accounts of the configuration file; all of them if left out",
    )
    parser.add_argument("--json", action="store_true", help="print the summary as one JSON object")
    _question.add_config(parser)
    _options.progress(parser)
    _options.talk(parser)
    parser.set_defaults(parser=parser, takes="account", meters=[])


def run_sync(arguments: argparse.Namespace) -> int:
    """Sync, and say what that did."""
    from metertap.config import accounts
    from metertap.ledger import _seconds
    from metertap.planning import plan

    _question.check_range(arguments)
    chosen = _question.selections(arguments, accounts(arguments.config))
    start, end, since = arguments.start, arguments.end, arguments.since
    tz, reread = arguments.tz, arguments.reread
    try:
        _seconds(reread)
        now = _now(arguments)
        # What is wrong with the question is wrong usage; what is wrong with the ledger is not.
        plan(chosen, start, end, since=since, tz=tz, now=now, every="month")
    except InvalidArgument as error:
        _question.wrong(arguments, error)

    def work(ledger: Ledger, watch: dict[str, Any]) -> Sync:
        return ledger.sync(chosen, start, end, since=since, tz=tz, now=now, reread=reread, on_error="keep", **watch)

    return _run(arguments, work)


def run_snapshot(arguments: argparse.Namespace) -> int:
    """Keep the counters, and say what that did."""
    from metertap.config import accounts
    from metertap.ledger import counters

    chosen = _question.selections(arguments, accounts(arguments.config))
    try:
        now = _now(arguments)
        having = [selection for selection in chosen if len(counters(selection, now))]
    except InvalidArgument as error:
        _question.wrong(arguments, error)
    without = [selection.client.name for selection in chosen if selection not in having]
    if without and arguments.account:
        arguments.parser.error(f"{without[0]!r} has no counters of the month so far; metertap sync keeps its history")

    def work(ledger: Ledger, watch: dict[str, Any]) -> Sync:
        if without and having and not arguments.quiet:
            print(f"left out, for want of counters of the month so far: {', '.join(without)}", file=sys.stderr)
        watch.pop("progress", None)  # these are few calls
        return ledger.snapshot(having or chosen, now=now, on_error="keep", **watch)

    return _run(arguments, work)


def _now(arguments: argparse.Namespace) -> datetime:
    from metertap._range import moment

    return datetime.now(timezone.utc) if arguments.now is None else moment(arguments.now, "now", arguments.tz)


def _run(arguments: argparse.Namespace, work: Callable[[Ledger, dict[str, Any]], Sync]) -> int:
    from metertap.ledger import Ledger

    ledger = Ledger(arguments.ledger)
    began = time.monotonic()
    with _lock.held(arguments.ledger), warnings.catch_warnings():
        # What is missing is told below.
        warnings.simplefilter("ignore", CoverageWarning)
        progress = _progress.shown(arguments)
        try:
            done = work(ledger, {} if progress is None else {"progress": progress, "on_event": progress.hear})
        finally:
            if progress is not None:
                progress.close()
    _tell(arguments, done, time.monotonic() - began)
    return 0 if done.is_complete else INCOMPLETE


def _tell(arguments: argparse.Namespace, done: Sync, seconds: float) -> None:
    if arguments.json:
        told = {
            "calls": done.calls,
            "new": done.new,
            "restated": done.restated,
            "restated_settled": done.restated_settled,
            "unchanged": done.unchanged,
            "holes": done.holes,
            "complete": done.is_complete,
            "seconds": round(seconds, 3),
        }
        print(json.dumps(told))
    elif not arguments.quiet:
        print(done)
    sys.stdout.flush()
    for hole in done.holes[: _coverage.TOLD]:
        print(f"hole: {hole}", file=sys.stderr)
    if len(done.holes) > _coverage.TOLD:
        print(f"… and {len(done.holes) - _coverage.TOLD:,} more holes", file=sys.stderr)
    if done.restated_settled:
        number = f"{done.restated_settled:,} figures that were called settled have changed"
        print(f"metertap: warning: {number}; see metertap ledger restatements {arguments.ledger}", file=sys.stderr)
    if done.holes:
        text = f"{len(done.holes):,} {'hole' if len(done.holes) == 1 else 'holes'}; what did arrive is in the ledger"
        print(f"metertap: incomplete: {text}", file=sys.stderr)
