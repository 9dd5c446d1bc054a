"""``metertap accounts``: the accounts of the configuration file."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from metertap.errors import CoverageWarning, InvalidArgument, MetertapError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from datetime import date

    from metertap.config import Account

# Where no code is configured; a code that the service does not know may be answered with zeros or with an error.
USUAL_CODE = "AIU"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "Work with the accounts of the configuration file."
    parser = commands.add_parser("accounts", help=text, description=text)
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    text = "Make one cheap call for each account: are the credentials good, is the clock right?"
    check = actions.add_parser("check", help=text, description=text)
    check.add_argument("names", metavar="NAME", nargs="*", help="the accounts to check; all of them if left out")
    check.add_argument("--config", metavar="PATH", help="the file (default: METERTAP_CONFIG or ~/.config/…)")
    check.set_defaults(run=run_check, parser=check)


def run_check(arguments: argparse.Namespace) -> int:
    """Check accounts, one after the other."""
    from metertap.config import accounts

    known = accounts(arguments.config)
    for name in arguments.names:
        if name not in known:
            arguments.parser.error(f"there is no account {name!r}; there are {', '.join(known) or 'none'}")
    return max([_check(known[name]) for name in arguments.names or known], default=0)


def _check(account: Account) -> int:
    started = time.perf_counter()
    with _warnings() as heard:
        try:
            # The service's days are UTC days, or end when a UTC day begins.
            check = CHECKS.get(account.provider, _first_call)
            check(account.client(), account, datetime.now(timezone.utc).date())
        except MetertapError as error:
            outcome = f"failed: {error}"
        else:
            outcome = f"ok, {time.perf_counter() - started:.2f} s"
    print(f"{account.name} ({account.provider}): {outcome}", flush=True)
    for warning in heard:
        print(f"  {warning}")
    return int(outcome.startswith("failed"))


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


def _first_call(_client: Any, account: Account, today: date) -> None:
    """Make the first call of a plan: a provider of the user's own says no more of what is cheap."""
    from warnings import catch_warnings, simplefilter

    from metertap.fetching import fetch
    from metertap.planning import plan

    selection = account.selection()
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
