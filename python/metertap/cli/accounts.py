"""``metertap accounts``: the accounts of the configuration file."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from metertap._table import counted
from metertap.cli import _adding, _options, _parser, _question
from metertap.errors import CoverageWarning, InvalidArgument, MetertapError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from datetime import date

    from metertap._client import Client
    from metertap.config import Account
    from metertap.usage import Usage

# Where no code is configured; a code that the service does not know may be answered with zeros or with an error.
USUAL_CODE = "AIU"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "Work with the accounts of the configuration file."
    parser = commands.add_parser("accounts", help=text, description=text)
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    text = "Ask each account something cheap: are the credentials good, is the clock right, which day is settled last?"
    check = actions.add_parser("check", help=text, description=text)
    check.add_argument(
        "names", metavar="NAME", nargs="*", default=[], help="the accounts to check; all of them if left out"
    )
    _question.add_config(check)
    _options.talk(check)
    _parser.examples(check, "metertap accounts check", "metertap accounts check production")
    check.set_defaults(run=run_check, takes="names")
    text = (
        "Add an account to the configuration file: asks what it needs, and keeps its secrets in the system's keyring."
    )
    add = actions.add_parser("add", help=text, description=text)
    add.add_argument("provider", metavar="PROVIDER", nargs="?", help="its provider; asked for if left out")
    add.add_argument("name", metavar="NAME", nargs="?", help="its name; asked for if left out")
    _question.add_config(add)
    add.set_defaults(run=_adding.run)
    text = "List the accounts of the configuration file, and where their secrets are; none is read."
    show = actions.add_parser("list", help=text, description=text)
    _question.add_config(show)
    _parser.examples(show, "metertap accounts list")
    show.set_defaults(run=run_list)


def run_list(arguments: argparse.Namespace) -> int:
    """List the accounts."""
    from metertap.config import accounts

    print(accounts(arguments.config))
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Check accounts, one after the other."""
    from metertap.config import accounts

    known = accounts(arguments.config)
    for name in arguments.names:
        if name not in known:
            arguments.parser.error(f"there is no account {name!r}; there are {', '.join(known) or 'none'}")
    return max([_check(known[name], arguments) for name in arguments.names or known], default=0)


def _check(account: Account, arguments: argparse.Namespace) -> int:
    started = time.perf_counter()
    with _warnings() as heard:
        try:
            # The service's days are UTC days, or end when a UTC day begins.
            check = CHECKS.get(account.provider, _first_call)
            client = account.client()
            check(client, account, datetime.now(timezone.utc).date())
        except MetertapError as error:
            outcome = f"failed: {error}"
        else:
            outcome = f"ok, {time.perf_counter() - started:.2f} s"
    has_failed = outcome.startswith("failed")
    if has_failed or not arguments.quiet:
        print(f"{account.name} ({account.provider}): {outcome}", flush=True)
    for warning in heard:
        print(f"  {warning}")
    if not has_failed and not arguments.quiet:
        for line in _scope(account, client):
            print(f"  {line}", flush=True)
    return int(has_failed)


#: How many days back the newest settled one is looked for.
RECENT = (3, 7, 14)


def _scope(account: Account, client: Client) -> list[str]:
    """Say what is asked of the account, and which is the newest day that is settled."""
    from warnings import catch_warnings, simplefilter

    from metertap.fetching import fetch
    from metertap.planning import plan

    today = datetime.now(timezone.utc).date()
    try:
        selection = account.selected(client)
        whole = plan(selection, today - timedelta(days=RECENT[-1]), today)
        meters = {name for call in whole.calls for name in call["meters"]}
        operations = {call["operation"] for call in whole.calls}
        lines = [f"asked: {counted(len(meters), 'meter')} of {counted(len(operations), 'operation')}"]
        ruled = sorted(name for name in meters if _settles(name))
        if not ruled:
            return [*lines, "newest settled day: no page says when its figures are final"]
        with catch_warnings():
            simplefilter("ignore", CoverageWarning)
            for days, known in zip(RECENT, (0, *RECENT), strict=False):
                asked = account.selected(client, meters=ruled[:1])
                first, after = (today - timedelta(days=back) for back in (days, known))
                usage = fetch(asked, first, after, every="day", on_error="keep")
                if isinstance(problem := usage._core.reason(), MetertapError):
                    return [*lines, f"newest settled day: not known: {problem}"]
                ends = [row["end"] for row in usage.to_dicts() if row["status"] == "settled" and row["end"] is not None]
                if ends:
                    newest = max(ends) - timedelta(microseconds=1)
                    return [*lines, *_labels(usage), f"newest settled day: {newest:%Y-%m-%d} ({ruled[0]})"]
        return [*lines, f"newest settled day: none in the last {RECENT[-1]} days ({ruled[0]})"]
    except MetertapError as problem:
        return [f"asked: {problem}"]


def _settles(name: str) -> bool:
    from metertap.catalogue import meters

    return meters()[name].settles != "unknown" and meters()[name].kind != "cumulative"


def _labels(usage: Usage) -> list[str]:
    """Say how many labels of each kind the answer names: what the credentials can see."""
    from metertap.usage import Reading

    own = {*Reading.__slots__, "provider", "account", "meter"}
    seen = {name: {row[name] for row in usage.to_dicts()} - {None} for name in usage.columns if name not in own}
    told = [
        f"{len(found):,} {name}: {', '.join(sorted(found)[:3])}{', …' if len(found) > 3 else ''}"
        for name, found in seen.items()
        if found
    ]
    return [f"sees: {'; '.join(told)}"] if told else []


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Collect what metertap warns of, such as a clock that is off."""
    import logging

    heard: list[str] = []

    def hear(record: logging.LogRecord) -> bool:
        heard.append(record.getMessage())
        return False  # heard, so there is nothing left to emit

    logger, collector = logging.getLogger("metertap"), logging.Handler(logging.WARNING)
    collector.addFilter(hear)
    logger.addHandler(collector)
    try:
        yield heard
    finally:
        logger.removeHandler(collector)


def _sora(client: Any, _account: Account, _today: date) -> None:
    client.total_sessions_this_month()


def _ricoh(client: Any, _account: Account, today: date) -> None:
    client.cost_and_usage_total(today - timedelta(days=1), today)


def _uipath(client: Any, account: Account, today: date) -> None:
    client.consumption_summary(today - timedelta(days=1), today, account.consumable_code or USUAL_CODE)


def _devicewise(client: Any, _account: Account, _today: date) -> None:
    client.call("session.info")


def _volcengine(client: Any, _account: Account, today: date) -> None:
    # A day at UTC+8 can be read from 08:00 of the next one there, which is midnight UTC: yesterday's is settled.
    china = timezone(timedelta(hours=8))
    end = datetime(today.year, today.month, today.day, tzinfo=china)
    client.time_shift_data(end - timedelta(days=1), end)


#: How many days back the calls may begin of which the first is made: yesterday, or what is ready by now.
BACK = (1, 3, 7, 31, 62)


def _first_call(client: Any, account: Account, today: date) -> None:
    """Make the first call of a plan: a provider of the user's own says no more of what is cheap."""
    from warnings import catch_warnings, simplefilter

    from metertap.fetching import fetch
    from metertap.planning import plan

    selection = account.selected(client)
    for days in BACK:
        start = today - timedelta(days=days)
        whole = plan(selection, start, start + timedelta(days=1))
        if len(whole):
            break
    else:
        reason = next((row.cut_by for row in whole.rows if row.cut_by), "its plans have no calls")
        raise InvalidArgument(f"there is nothing to ask it for: {reason.rstrip('.')}.")
    with catch_warnings():
        # Whether the answer has all of the day says nothing of the account.
        simplefilter("ignore", CoverageWarning)
        usage = fetch(whole.shard(0, len(whole)), on_error="keep")
    if isinstance(problem := usage._core.reason(), MetertapError):
        raise problem


CHECKS: dict[str, Callable[[Any, Account, date], None]] = {
    "sora": _sora,
    "ricoh": _ricoh,
    "uipath": _uipath,
    "devicewise": _devicewise,
    "volcengine": _volcengine,
}
