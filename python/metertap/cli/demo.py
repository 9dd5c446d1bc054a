"""``metertap demo``: all five providers, against the built-in simulator."""

from __future__ import annotations

import sys
import time
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from metertap._table import render
from metertap.cli import _options

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from decimal import Decimal

    from metertap import models
    from metertap.simulator import Simulator
    from metertap.typing import Line

# The simulated time stands still, so that the same seed shows the same figures on any day.
NOW = "2026-04-15T12:00:00Z"
ACCOUNT = "demo"
PEAK = "peak: do not add"


class Row(NamedTuple):
    """A figure with its unit."""

    reading: str
    figure: int | Decimal | None
    unit: str
    note: str = ""


class Question(NamedTuple):
    """A call of a client's method, and how to show its answer."""

    provider: str
    method: str
    arguments: dict[str, Any]
    period: str
    rows: Callable[[Any], list[Row]]


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "Show the whole thing against the built-in simulator; no account needed, all usage is made up."
    parser = commands.add_parser("demo", help=text, description=text)
    parser.add_argument("--seed", type=_options.seed, default=7, help="the seed of the made-up usage (default 7)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask every question through both doors and show the answers."""
    import asyncio

    from metertap.simulator import Simulator

    started = time.perf_counter()
    with Simulator(seed=arguments.seed, now=NOW) as simulator:
        answers = _ask(simulator)
        if asyncio.run(_ask_together(simulator)) != answers:
            print("metertap: sync and async calls differ in their answers; please report this", file=sys.stderr)
            return 1
        requests = simulator.counts.requests
    took = time.perf_counter() - started
    print(render(("reading", "figure", "unit", "note"), _lines(answers)))
    print()
    print(
        f"{len({question.provider for question in QUESTIONS})} providers, {len(QUESTIONS)} calls sync and the same "
        f"{len(QUESTIONS)} async with equal answers: {requests} requests in {took:.1f} s.\n"
        f"All usage is made up (seed {arguments.seed}) by a simulator on this machine."
    )
    return 0


def _ask(simulator: Simulator) -> list[Any]:
    clients = {name: simulator.client(name, name=ACCOUNT) for name in simulator.providers}
    return [getattr(clients[question.provider], question.method)(**question.arguments) for question in QUESTIONS]


async def _ask_together(simulator: Simulator) -> list[Any]:
    import asyncio

    clients = {name: simulator.client(name, name=ACCOUNT, aio=True) for name in simulator.providers}
    calls = [getattr(clients[question.provider], question.method)(**question.arguments) for question in QUESTIONS]
    return list(await asyncio.gather(*calls))


def _lines(answers: list[Any]) -> list[Line]:
    lines: list[Line] = []
    for question, answer in zip(QUESTIONS, answers, strict=True):
        code = question.arguments.get("consumable_code")
        asked = f"{question.method}({'' if code is None else repr(code)})"
        lines.append(f"{question.provider} ({ACCOUNT}): {asked}, {question.period}")
        lines += question.rows(answer)
    return lines


def _sora(status: models.StatusThisMonth) -> list[Row]:
    traffic = status.total_traffic_this_month
    return [
        Row("total_connections", status.total_connections_this_month, "connections"),
        Row("total_sessions", status.total_sessions_this_month, "sessions"),
        Row("total_duration_min", status.total_duration_min_this_month, "minutes", "floored"),
        Row("total_traffic, ingress", traffic.ingress, "bytes"),
        Row("total_traffic, egress", traffic.egress, "bytes"),
        Row("max_concurrent_connections", status.max_concurrent_connections_this_month, "connections", PEAK),
        Row("max_bandwidth_mbps", status.max_bandwidth_mbps_this_month, "Mbps", f"floored {PEAK}"),
        Row("total_api_requests", status.total_api_requests_this_month, "requests"),
        Row("total_sora_api_requests", status.total_sora_api_requests_this_month, "requests"),
        Row("total_webhook_requests", status.total_webhook_requests_this_month, "requests"),
    ]


def _ricoh(answer: models.CostAndUsage) -> list[Row]:
    rows = []
    for result in answer.results:
        for item in result.items:
            unit = "GiB" if item.item_name == "traffic_volume" else "minutes"
            parts = [(f"{item.item_name}, {part.item_name} Mbps", part.usage) for part in item.sub_items or []]
            rows += [Row(name, usage, unit, "floored") for name, usage in parts or [(item.item_name, item.usage)]]
        rows.append(Row("approximate_total_cost", result.approximate_total_cost, "JPY", "approximate, before tax"))
    return rows


def _uipath(summary: models.ConsumptionSummary) -> list[Row]:
    rows = []
    for tenant in summary.tenants:
        name = f"tenant {tenant.tenant_id[:8]}"
        rows.append(Row(f"{name}, tenant pool", tenant.consumed_from_tenant_pool, "units"))
        rows.append(Row(f"{name}, org pool", tenant.consumed_from_org_pool, "units"))
    rows.append(Row("no tenant, org pool", summary.consumed_from_org_without_tenant, "units"))
    return rows


def _devicewise(history: models.UsageHistory) -> list[Row]:
    services = [(".".join(one.path), sum(value or 0 for value in one.values)) for one in history.series]
    services.sort(key=itemgetter(1), reverse=True)
    top = [Row(name, calls, "calls") for name, calls in services[:5]]
    return [*top, Row("total", history.total, "calls", f"of {len(services)} services")]


def _storage(answer: models.LiveUsage) -> list[Row]:
    return [Row("storage", row.values["storage"], "GiB", "base 1024") for row in answer.rows]


def _traffic(answer: models.LiveUsage) -> list[Row]:
    return [Row(name, figure, "GB", "base 1000") for name, figure in answer.totals.items()]


def _bandwidth(answer: models.LiveUsage) -> list[Row]:
    return [Row(name, figure, "Mbps", PEAK) for name, figure in answer.totals.items()]


_MARCH = {"start": "2026-03-01", "end": "2026-04-01"}
# The last day whose storage can be read at NOW; the service's days begin at midnight in China.
_DAY = {"start": "2026-04-14T00:00:00+08:00", "end": "2026-04-15T00:00:00+08:00", "aggregation": 86400}
_DAY_NAME = "2026-04-14 at UTC+8"

QUESTIONS = (
    Question("sora", "status_this_month", {}, "2026-04 so far, provisional", _sora),
    Question(
        "ricoh",
        "cost_and_usage_total",
        {"since": "2026-04-01", "until": "2026-04-15"},
        "2026-04-01 to 2026-04-15 UTC, provisional",
        _ricoh,
    ),
    Question("uipath", "consumption_summary", {**_MARCH, "consumable_code": "AIU"}, "2026-03 UTC", _uipath),
    Question("uipath", "consumption_summary", {**_MARCH, "consumable_code": "PLTU"}, "2026-03 UTC", _uipath),
    Question(
        "devicewise", "api_usage_history", {"start": "2026-04-14", "end": "2026-04-15"}, "2026-04-14 UTC", _devicewise
    ),
    Question("volcengine", "time_shift_data", _DAY, _DAY_NAME, _storage),
    Question("volcengine", "traffic_data", _DAY, _DAY_NAME, _traffic),
    Question("volcengine", "bandwidth_data", _DAY, _DAY_NAME, _bandwidth),
)
