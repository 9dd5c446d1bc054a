"""The question that `plan` and `fetch` take: which accounts, what of them, which range."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from metertap.errors import InvalidArgument

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from metertap.config import Account
    from metertap.planning import Plan, Selection

MOMENT = "a date (midnight UTC, or in --tz) or an ISO time with its offset"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command."""
    parser.add_argument("--start", metavar="WHEN", help=f"the start of the range: {MOMENT}")
    parser.add_argument("--end", metavar="WHEN", help="the end of the range, exclusive")
    parser.add_argument("--tz", metavar="ZONE", help="where dates have their midnight, such as Asia/Tokyo")
    parser.add_argument(
        "--account",
        metavar="NAME",
        nargs="+",
        action="extend",
        default=[],
        help="only these accounts of the configuration file",
    )
    parser.add_argument(
        "--meters", metavar="METER", nargs="+", action="extend", default=[], help="only these; see metertap meters"
    )
    parser.add_argument("--shard", metavar="I/N", help="only part I, from 0, of N parts of the plan")
    parser.add_argument("--now", metavar="WHEN", help="plan as if it were then (default: the machine's time)")
    add_config(parser)
    parser.set_defaults(parser=parser)


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the accounts file."""
    parser.add_argument("--config", metavar="PATH", help="the file (default: METERTAP_CONFIG or ~/.config/…)")


def asked(arguments: argparse.Namespace, every: str | None = None) -> Plan:
    """Return the plan for the question, cut by periods if they are named; what is wrong with it is wrong usage."""
    from metertap.config import accounts
    from metertap.planning import plan

    parser: argparse.ArgumentParser = arguments.parser
    missing = [f"--{name}" for name in ("start", "end") if getattr(arguments, name) is None]
    if missing:
        parser.error(f"the following arguments are required: {', '.join(missing)}")
    shard = None if arguments.shard is None else _shard(parser, arguments.shard)
    chosen = selections(arguments, accounts(arguments.config))
    try:
        whole = plan(chosen, arguments.start, arguments.end, tz=arguments.tz, now=arguments.now, every=every)
        return whole if shard is None else whole.shard(*shard)
    except InvalidArgument as error:
        parser.error(str(error))


def days_before(now: datetime, days: int, tz: str | None) -> str:
    """Return the date so many days before now, by the calendar of the zone; its midnight is for the plan to find."""
    from datetime import timedelta, timezone

    from metertap.planning import _zone

    try:
        today = now.astimezone(timezone.utc if tz is None else _zone(tz)).date()
        return (today - timedelta(days=days)).isoformat()
    except OverflowError:
        raise InvalidArgument(f"--since {days}d would begin before the year 1.") from None


def _shard(parser: argparse.ArgumentParser, text: str) -> tuple[int, int]:
    index, slash, of = text.partition("/")
    if not slash or not all(part.isascii() and part.isdigit() and len(part) < 10 for part in (index, of)):
        parser.error(f"--shard wants I/N, such as 0/4, not {text!r}")
    return int(index), int(of)


def selections(arguments: argparse.Namespace, known: dict[str, Account]) -> list[Selection]:
    """Return what each account is asked: what the file selects, with the meters that are named here, if any are."""
    parser: argparse.ArgumentParser = arguments.parser
    for name in arguments.account:
        if name not in known:
            parser.error(f"there is no account {name!r}; there are {', '.join(known) or 'none'}")
    chosen = [known[name] for name in dict.fromkeys(arguments.account or known)]
    if not arguments.meters:
        return [account.selection() for account in chosen]
    meters = _meters(parser, arguments.meters)
    own = [(account, [name for name in meters if name.startswith(f"{account.provider}.")]) for account in chosen]
    for account, names in own:
        if arguments.account and not names:
            parser.error(f"none of these meters is one of {account.provider}, which {account.name!r} is of")
    if not any(names for _, names in own):
        parser.error("no account of the file has one of these meters")
    return [account.selection(meters=names) for account, names in own if names]


def _meters(parser: argparse.ArgumentParser, names: list[str]) -> list[str]:
    from metertap.planning import meters

    known = {meter.name for meter in meters()}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            parser.error(f"there is no meter {name!r}{f'; did you mean {near[0]!r}?' if near else ''}")
    return list(dict.fromkeys(names))
