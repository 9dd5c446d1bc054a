"""The question that `plan` and `fetch` take: which accounts, what of them, which range."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from metertap._selection import no_meter
from metertap.errors import InvalidArgument

if TYPE_CHECKING:
    import argparse

    from metertap.config import Account
    from metertap.planning import Plan, Selection

MOMENT = "a date (midnight UTC, or in --tz) or an ISO time with its offset"
PERIOD = "alone, 2026, 2026-Q1, 2026-03 or 2026-W05 is that period"
BACK = "7d (24h, 2w, 3mo, 1y): the midnight, or the full hour, so long before now; or from when on"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command."""
    parser.add_argument(
        "account", metavar="ACCOUNT", nargs="*", default=[], help="accounts of the file; all of them if left out"
    )
    add_range(parser)
    parser.add_argument(
        "--account", metavar="NAME", nargs="+", action="extend", default=[], dest="named", help="the same, as an option"
    )
    parser.add_argument(
        "--meters", metavar="METER", nargs="+", action="extend", default=[], help="only these; see metertap meters"
    )
    parser.add_argument("--shard", metavar="I/N", help="only part I, from 0, of N parts of the plan")
    add_config(parser)
    parser.set_defaults(parser=parser, takes="account")


def add_range(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which range is asked for."""
    parser.add_argument("--start", metavar="WHEN", help=f"the start of the range: {MOMENT}; {PERIOD}")
    parser.add_argument("--end", metavar="WHEN", help="the end of the range, exclusive (default: now)")
    parser.add_argument("--since", metavar="BACK", help=f"in place of --start: {BACK}")
    parser.add_argument("--tz", metavar="ZONE", help="where dates and periods begin, such as Asia/Tokyo (default: UTC)")
    parser.add_argument("--now", metavar="WHEN", help="as if it were then (default: the machine's time)")


def check_range(arguments: argparse.Namespace) -> None:
    """Refuse a command without a range, or with two of them."""
    if arguments.start is None and arguments.since is None:
        ways = "--start 2026-03 (that month), --start 2026-03-01 (until now), --start and --end, or --since 7d"
        arguments.parser.error(f"a range is needed: {ways}")
    if arguments.start is not None and arguments.since is not None:
        arguments.parser.error("--start and --since are two starts of one range: leave one of them out")


def wrong(arguments: argparse.Namespace, error: InvalidArgument) -> NoReturn:
    """Say what is wrong with a question, in the words of the command line."""
    parser: argparse.ArgumentParser = arguments.parser
    parser.error(re.sub(r"\b(start|end|since|tz|now)= ?", r"--\1 ", str(error)))


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the accounts file."""
    parser.add_argument("--config", metavar="PATH", help="the file (default: METERTAP_CONFIG or ~/.config/…)")


def asked(arguments: argparse.Namespace, every: str | None = None) -> Plan:
    """Return the plan for the question, cut by periods if they are named; what is wrong with it is wrong usage."""
    from metertap.config import accounts
    from metertap.planning import plan

    parser: argparse.ArgumentParser = arguments.parser
    check_range(arguments)
    shard = None if arguments.shard is None else _shard(parser, arguments.shard)
    chosen = selections(arguments, accounts(arguments.config))
    try:
        start, end, since = arguments.start, arguments.end, arguments.since
        whole = plan(chosen, start, end, since=since, tz=arguments.tz, now=arguments.now, every=every)
        return whole if shard is None else whole.shard(*shard)
    except InvalidArgument as error:
        wrong(arguments, error)


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
    from metertap.catalogue import meters

    known = [meter.name for meter in meters()]
    for name in names:
        if name not in known:
            parser.error(no_meter(name, known))
    return list(dict.fromkeys(names))
