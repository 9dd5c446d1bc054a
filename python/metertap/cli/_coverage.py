"""What came and what is missing, in a few lines for people."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from metertap.usage import Usage

STATES = ("got", "short", "unsettled", "empty", "failed", "unavailable")
#: How many holes are told one by one.
TOLD = 20


def summary(usage: Usage, *, by_status: bool = False) -> str:
    """Return a table with a row for each account: what became of its calls, and how many readings came.

    With `by_status` every reading is looked at: not for millions of them.
    """
    from metertap._table import text

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
    return text(("account", *names), [[name, *(counts[of] for of in names)] for name, counts in accounts.items()])


def holes(usage: Usage) -> list[str]:
    """Return a line for each hole that makes it incomplete, and for what is absent or cannot be answered, by reason."""
    lost = usage._core.lost()
    lines = [f"{state}: {line}" for state, line in lost[:TOLD]]
    if len(lost) > TOLD:
        lines.append(f"… and {len(lost) - TOLD:,} more that failed or are missing")
    return lines + _absent(usage) + _unavailable(usage)


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
