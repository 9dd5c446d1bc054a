"""A year of 20 accounts at five providers, all at once: how close does `fetch` come to what each account may do?

The simulator enforces, for each account, the rate and the number of requests at once that its provider declares, and
takes 80 ms for every answer. Where no rate is declared, the requests at once are the limit: so many in every 80 ms.

An account is judged by its share of the allowed rate, from the first to the last arrival of its requests by the
simulator's record. One whose calls are fewer than a second's worth is judged by time: it must not take longer than its
least time and a second: a share of so short a time says nothing, and all accounts begin at once on one machine.
Besides, the whole must not take more than 1.05 times the least time of the plan, and no request may be one too many.

Exits with 1 if any of that does not hold.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import metertap as mt
from metertap._table import text
from metertap.simulator import RequestRecord, Simulator
from metertap.typing import Asked

NOW = "2026-04-15T12:00:00Z"
START, END = "2025-04-16", "2026-04-15"
ACCOUNTS = 4
LATENCY_MS = 80
WHOLE, SHARE = 1.05, 0.95
#: Buckets of an hour, of which a call may ask for a month, each domain by itself: hundreds of calls at 30 a second.
HOURLY = (
    "edge_requests",
    "source_traffic",
    "session_requests",
    "streams",
    "metric_down_traffic",
    "metric_down_bandwidth",
    "down_traffic",
    "down_bandwidth",
)
DOMAINS = ("pull.www.example.com", "push.www.example.com", "pull.event.example.com", "pull.zhibo.example.com")


class Account(NamedTuple):
    """What an account may do, and did."""

    name: str
    calls: int
    #: Requests in a second, and what limits them.
    allowed: float
    limit: str
    #: Seconds.
    least: float
    taken: float
    most_in_a_second: int
    refused: int

    @property
    def share(self) -> float:
        """The share of the allowed rate that was reached."""
        return self.least / self.taken if self.taken else 1.0

    @property
    def is_short(self) -> bool:
        """True if its calls are fewer than a second's worth."""
        return self.calls - 1 < self.allowed

    @property
    def holds(self) -> bool:
        """True if it did as much as it may, and no more."""
        in_time = self.taken <= self.least + 1 if self.is_short else self.share >= SHARE
        return in_time and self.refused == 0


def main() -> int:
    """Fetch once and print the table."""
    with Simulator(seed=7, now=NOW) as simulator:
        plan = mt.plan(asked(simulator), START, END, now=NOW)
        limits = {account["name"]: account for account in json.loads(plan.to_json())["accounts"]}
        for account in limits.values():
            rate = account["per_second"]
            simulator.set_rate_limit(account["provider"], None if rate is None else float(rate))
            simulator.set_concurrency_limit(account["provider"], account["concurrency"])
        simulator.add_fault(f"latency:{LATENCY_MS}")
        began = time.perf_counter()
        usage = mt.fetch(plan, on_error="keep")
        took = time.perf_counter() - began
        requests = simulator.requests
    accounts = judged(plan, limits, requests)
    print(table(accounts))
    ratio, refused = took / plan.least_seconds, sum(request.status == 429 for request in requests)
    print(
        f"\n{len(plan)} calls, {len(usage):,} readings, {len(usage.missing)} calls failed; least time"
        f" {plan.least_seconds:.2f} s, taken {took:.2f} s, ratio {ratio:.3f} (bound {WHOLE}); answers of 429: {refused}"
        f"\n{LATENCY_MS} ms per answer; {os.cpu_count()} cores, {platform.machine()}, Python"
        f" {platform.python_version()}, the simulator in the same process"
    )
    short = [account.name for account in accounts if not account.holds]
    holds = not short and refused == 0 and ratio <= WHOLE and usage.is_complete
    least = min(account.share for account in accounts if not account.is_short)
    told = {
        "id": "P2",
        "goal": f"≤ {WHOLE} × the least time; each account ≥ {SHARE} of its rate; no 429",
        "reached": f"{ratio:.3f} × the least time; accounts ≥ {least:.3f}; {refused} × 429",
        "pass": holds,
        "reason": f"too slow: {', '.join(short)}" if short else "",
    }
    print("FIGURE", json.dumps(told, ensure_ascii=False), flush=True)
    return int(not holds)


def asked(simulator: Simulator) -> list[Asked]:
    """Return all accounts, and what makes some of them ask often."""
    return [question for account in range(1, ACCOUNTS + 1) for question in questions(simulator, account)]


def questions(simulator: Simulator, account: int) -> list[Asked]:
    """Return what is asked of the accounts of this number."""
    clients = {name: simulator.client(name, account=account) for name in simulator.providers}
    hourly = [f"volcengine.{name}" for name in HOURLY]
    return [
        clients["sora"],
        clients["ricoh"].select(by_label=True),
        clients["uipath"].select(consumable_code=["AIU", "PLTU"]),
        clients["devicewise"],
        clients["volcengine"].select(meters=hourly, domains=list(DOMAINS), aggregation=3600),
    ]


def judged(plan: mt.Plan, limits: dict[str, dict[str, Any]], requests: list[RequestRecord]) -> list[Account]:
    """Return what each account may do, and did."""
    calls = Counter(call["account"] for call in plan.calls)
    of_account: defaultdict[str, list[RequestRecord]] = defaultdict(list)
    for request in requests:
        number = f"-{request.account}" if request.account != 1 else ""
        of_account[f"{request.provider}{number}"].append(request)
    found = []
    for name, limit in limits.items():
        seen = of_account[name]
        arrivals = [request.arrived for request in seen]
        declared = float("inf") if limit["per_second"] is None else float(limit["per_second"])
        allowed = min(declared, limit["concurrency"] * 1000 / LATENCY_MS)
        told = f"{declared:g}/s" if allowed == declared else f"{limit['concurrency']} at once"
        least = max(calls[name] - 1, 0) / allowed
        refused = sum(request.status == 429 for request in seen)
        taken = max(arrivals, default=0.0) - min(arrivals, default=0.0)
        found.append(Account(name, calls[name], allowed, told, least, taken, fullest(arrivals), refused))
    return found


def table(accounts: Iterable[Account]) -> str:
    """Return the accounts as a table."""
    head = ("account", "calls", "limit", "allowed", "least", "taken", "share", "most in 1 s", "429", "")
    rows = [
        (
            account.name,
            account.calls,
            account.limit,
            f"{account.allowed:g}/s",
            f"{account.least:.2f} s",
            f"{account.taken:.2f} s",
            "short" if account.is_short else f"{account.share:.3f}",
            account.most_in_a_second,
            account.refused,
            "" if account.holds else "falls short",
        )
        for account in accounts
    ]
    return text(head, rows)


def fullest(moments: Iterable[float]) -> int:
    """Return how many requests arrived in the fullest stretch of one second."""
    ordered = sorted(moments)
    return max((bisect_left(ordered, first + 1.0) - place for place, first in enumerate(ordered)), default=0)


if __name__ == "__main__":
    sys.exit(main())
