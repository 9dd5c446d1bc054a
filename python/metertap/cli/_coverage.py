"""What came and what is missing, in a few lines for people."""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from metertap import _table
from metertap._show.terminal import width

if TYPE_CHECKING:
    from datetime import datetime

    from metertap.usage import Usage

STATES = ("got", "short", "unsettled", "empty", "failed", "unavailable")
#: How many holes are told one by one.
TOLD = 20


def summary(usage: Usage, *, by_status: bool = False, room: int | None = None) -> str:
    """Return a table with a row for each account: what became of its calls, and how many readings came.

    With `by_status` every reading is looked at: not for millions of them.
    """
    accounts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in usage.coverage.to_dicts():
        counts = accounts[row["account"]]
        counts[row["state"]] += 1
        counts["calls"] += row["call_id"] is not None
        counts["readings"] += row["readings"]
        counts["provisional"] += row["provisional"]
    statuses: tuple[str, ...] = ("provisional",)
    if by_status:
        statuses = ("settled", "provisional", "unknown")
        for (account, status), count in Counter((row["account"], row["status"]) for row in usage.to_dicts()).items():
            accounts[account][status] = count
    names = ("calls", *STATES, "readings", *statuses)
    told = _table.text(
        ("account", *names), [[name, *(counts[of] for of in names)] for name, counts in accounts.items()]
    )
    if room is None:
        room = width() if sys.stderr.isatty() else sys.maxsize
    if _table.width_of(told.partition("\n")[0]) > room:
        # What is nowhere is left out before a line breaks.
        names = tuple(of for of in names if of in ("calls", "readings") or any(one[of] for one in accounts.values()))
        rows = [[name, *(counts[of] for of in names)] for name, counts in accounts.items()]
        told = _table.text(("account", *names), rows)
    return told


def holes(usage: Usage) -> list[str]:
    """Return a line for each hole that makes it incomplete, and for what is absent or cannot be answered, by reason."""
    lost = usage._core.lost()
    together, alike = _alike(usage, [line for state, line in lost if state == "failed"])
    lost = [(state, line) for state, line in lost if line not in together]
    lines = alike + [f"{state}: {line}" for state, line in lost[:TOLD]]
    if len(lost) > TOLD:
        lines.append(f"… and {len(lost) - TOLD:,} more that failed or are missing")
    return lines + _absent(usage) + _unavailable(usage)


#: So many calls that failed for one reason, such as a secret that is wrong, are told in one line.
ALIKE = 3


def _alike(usage: Usage, lost: list[str]) -> tuple[set[str], list[str]]:
    """Return the lines of calls that failed for one reason, and a line that tells them together."""
    groups: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for line in lost:
        account, _, rest = line.partition(" ")
        # Behind the window stands what was asked of whom, and then the reason, which ends with how long it took.
        reason = rest.partition("Z: ")[2].partition(": ")[2]
        groups[account, re.sub(r" \(request id [^)]*\)|\. Tried .*", "", reason)].append(line)
    several = {key: lines for key, lines in groups.items() if key[1] and len(lines) >= ALIKE}
    told = [f"failed: {account}, {len(lines):,} calls: {reason}" for (account, reason), lines in several.items()]
    return {line for lines in several.values() for line in lines}, told


def _absent(usage: Usage) -> list[str]:
    groups: defaultdict[tuple[Any, ...], list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in usage.timeline.to_dicts():
        if row["state"] == "absent" or (row["state"] == "unavailable" and row["call_id"] is not None):
            what = f"{row['operation']} ({row['arguments']})" if row["arguments"] else row["operation"]
            groups[row["state"], row["account"], what, row["reason"]].append((row["start"], row["end"]))
    lines = []
    for (state, account, what, reason), stretches in groups.items():
        start, end = min(start for start, _ in stretches), max(end for _, end in stretches)
        count = f"{len(stretches):,} stretches in " if len(stretches) > 1 else ""
        lines.append(f"{state}: {account}, {what}, {count}{_day(start)} to {_day(end)}: {reason}")
    return lines


def _unavailable(usage: Usage) -> list[str]:
    groups: defaultdict[tuple[Any, ...], list[str]] = defaultdict(list)
    for row in usage.coverage.to_dicts():
        if row["state"] == "unavailable":
            groups[row["account"], row["start"], row["end"], row["reason"]].append(row["operation"])
    lines = []
    for (account, start, end, reason), operations in groups.items():
        what = operations[0] if len(operations) == 1 else f"{len(operations)} operations"
        lines.append(f"unavailable: {account}, {what}, {_day(start)} to {_day(end)}: {reason}")
    return lines


def _day(moment: datetime) -> str:
    text = f"{moment:%Y-%m-%d %H:%MZ}"
    return text.removesuffix(" 00:00Z")
