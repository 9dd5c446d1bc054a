"""A year of five providers under their declared rates: how close does `fetch` come to the least time of the plan?

The simulator enforces the rate that each provider declares and takes 80 ms for every answer. Nothing but the ratio is
judged, and that no request was one too many: the status is 1 if a 429 was seen, or if the ratio is above the bound.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable

import metertap as mt
from metertap._table import text
from metertap.simulator import RequestRecord, Simulator
from metertap.typing import Asked

NOW = "2026-04-15T12:00:00Z"
START, END = "2025-04-16", "2026-04-15"
LATENCY_MS = 80
BOUND = 1.1
#: Buckets of an hour, of which a call may ask for a month, each domain by itself: hundreds of calls at 30 a second.
HOURLY = (
    "edge_requests",
    "edge_down_traffic",
    "source_traffic",
    "source_bandwidth",
    "session_requests",
    "streams",
    "metric_down_traffic",
    "metric_down_bandwidth",
    "down_traffic",
    "down_bandwidth",
)
DOMAINS = ("pull.www.example.com", "push.www.example.com", "pull.event.example.com", "pull.zhibo.example.com")


def main() -> int:
    """Fetch once and print the table."""
    with Simulator(seed=7, now=NOW) as simulator:
        rates = {meter.provider: meter.per_second for meter in mt.meters()}
        for provider, rate in rates.items():
            simulator.set_rate_limit(provider, rate)
        simulator.add_fault(f"latency:{LATENCY_MS}")
        plan = mt.plan(asked(simulator), START, END, now=NOW)
        began = time.perf_counter()
        usage = mt.fetch(plan, on_error="keep")
        took = time.perf_counter() - began
        requests = simulator.requests
    print(by_provider(plan, rates, requests))
    ratio, refused = took / plan.least_seconds, sum(request.status == 429 for request in requests)
    print(
        f"\n{len(plan)} calls, {len(usage):,} readings, {len(usage.missing)} calls failed; least time"
        f" {plan.least_seconds:.2f} s, taken {took:.2f} s, ratio {ratio:.3f} (bound {BOUND}); answers of 429: {refused}"
        f"\n{LATENCY_MS} ms per answer; {os.cpu_count()} cores, {platform.machine()}, Python"
        f" {platform.python_version()}, the simulator in the same process"
    )
    return int(refused > 0 or ratio > BOUND or not usage.is_complete)


def asked(simulator: Simulator) -> list[Asked]:
    """Return all accounts, and what makes the slowest of them ask often."""
    clients = {client.provider: client for client in simulator.clients()}
    meters = [f"volcengine.{name}" for name in HOURLY]
    return [
        clients["sora"],
        clients["ricoh"],
        clients["uipath"].select(consumable_code=["AIU", "PLTU"]),
        clients["devicewise"],
        clients["volcengine"].select(meters=meters, domains=list(DOMAINS), aggregation=3600),
    ]


def by_provider(plan: mt.Plan, rates: dict[str, float | None], requests: list[RequestRecord]) -> str:
    """Return a table of what each provider was asked, and how often in the fullest second."""
    calls = Counter(call["provider"] for call in plan.calls)
    arrivals: defaultdict[str | None, list[float]] = defaultdict(list)
    for request in requests:
        arrivals[request.provider].append(request.arrived)
    refused = Counter(request.provider for request in requests if request.status == 429)
    rows = []
    for provider, rate in rates.items():
        least = max(calls[provider] - 1, 0) / rate if rate else 0.0
        told = "-" if rate is None else f"{rate:g}/s"
        rows.append((provider, calls[provider], told, f"{least:.2f} s", fullest(arrivals[provider]), refused[provider]))
    return text(("provider", "calls", "rate", "least", "most in 1 s", "429"), rows)


def fullest(moments: Iterable[float]) -> int:
    """Return how many requests arrived in the fullest stretch of one second."""
    ordered = sorted(moments)
    return max((bisect_left(ordered, first + 1.0) - place for place, first in enumerate(ordered)), default=0)


if __name__ == "__main__":
    sys.exit(main())
