"""``metertap demo``: a quarter of five providers, against the built-in simulator."""

from __future__ import annotations

import sys
import textwrap
import time
from collections import defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from metertap._show.terminal import width
from metertap._table import clip, render, width_of
from metertap.cli import _chart, _coverage, _options, _output, _parser

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from metertap import models
    from metertap.planning import Plan
    from metertap.simulator import Simulator
    from metertap.typing import Cell, Line
    from metertap.usage import Usage

# The simulated time stands still, so that the same seed shows the same figures on any day.
NOW = "2026-04-15T12:00:00Z"
START, END = "2026-01-01", "2026-04-01"
MONTHS = ("2026-01", "2026-02", "2026-03")
CODES = ("AIU", "PLTU")
#: No line is wider.
WIDEST = 110
#: The weekly chart: a meter, and how many characters its longest bar has.
CHARTED = {"sora.egress": 24, "volcengine.down_traffic": 24}
LETTERS = {
    "floored": ("f", "floored"),
    "approximate": ("a", "approximate"),
    "rounded": ("r", "rounded"),
    "lower_bound": ("l", "lower bound"),
    "partial_bucket": ("p", "beyond the month"),
    "partial_period": ("k", "part known"),
    "attributed_by_start": ("s", "counted where it starts"),
    "mismatch": ("m", "parts disagree"),
    "ambiguous_month": ("y", "month unclear"),
}
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
    _parser.examples(parser, "metertap demo", "metertap demo --seed 1")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Fetch the quarter, make a few calls through both doors, and show all of it."""
    import asyncio

    from metertap.fetching import fetch
    from metertap.planning import plan
    from metertap.simulator import Simulator

    started = time.perf_counter()
    with Simulator(seed=arguments.seed, now=NOW) as simulator:
        answers = _ask(simulator)
        if asyncio.run(_ask_together(simulator)) != answers:
            print("metertap: sync and async calls differ in their answers; please report this", file=sys.stderr)
            return 1
        asked = _asked(simulator, answers)
        planned = plan(asked, START, END, now=NOW)
        usage = fetch(planned)
        requests = simulator.counts.requests
    took = time.perf_counter() - started
    for part in (_plan(planned), _months(usage), _weeks(usage), _came(usage), _calls(answers)):
        print(_broken(part), end="\n\n")
    made_up = f"All usage is made up (seed {arguments.seed}) by a simulator on this machine."
    print(_broken(f"{len(asked)} providers, {requests} requests in {took:.1f} s. {made_up}"))
    return 0


def _asked(simulator: Simulator, answers: list[Any]) -> list[Any]:
    """Return the five accounts; of UiPath each tenant by the day, since it gives no shorter figures of the whole."""
    tenants = next(answer.tenants for answer in answers if hasattr(answer, "tenants"))
    accounts = {client.provider: client for client in simulator.clients()}
    accounts["uipath"] = accounts["uipath"].select(
        meters=["uipath.service_consumption"],
        consumable_code=list(CODES),
        tenant_id=[tenant.tenant_id for tenant in tenants],
    )
    return list(accounts.values())


def _room() -> int:
    """Return how wide a line may be."""
    return min(WIDEST, width()) if sys.stdout.isatty() else WIDEST


def _broken(text: str) -> str:
    """Break what is too wide between words: sentences are, tables fit already."""
    room = _room()
    parts = [[line] if width_of(line) <= room else textwrap.wrap(line, room) for line in text.split("\n")]
    return "\n".join(line for part in parts for line in part)


def _fitted(header: Sequence[str], lines: Sequence[Line], spared: Sequence[str]) -> str:
    """Return a table with headings that fits the terminal: where it is narrow, these columns are left out first."""
    rows = [line for line in lines if not isinstance(line, str)]
    indent = "  " if len(rows) < len(lines) else ""
    cells = [[f"{indent}{row[0]}", *row[1:]] for row in rows]
    head, rule, *body = _output.fitted(header, cells, sys.stdout, spared=spared, columns=_room())
    told = iter(body)
    return "\n".join([head, rule, *(line if isinstance(line, str) else next(told) for line in lines), *told])


def _plan(planned: Plan) -> str:
    from metertap.planning import folded

    rows = [
        (row.account, row.operation, row.calls, f"{row.start:%Y-%m-%d}", f"{row.end:%Y-%m-%d}", row.cut_by)
        for row in folded(planned.rows)
    ]
    table = _fitted(("account", "operation", "calls", "from", "to", "cut by"), rows, ("from", "to"))
    least = f"{len(planned)} calls, at least {planned.least_seconds:.1f} s at the declared rates"
    return f"The plan for {START} to {END}, made offline: {least}\n\n{table}"


def _months(usage: Usage) -> str:
    """Return the readings by month, each put together as its meter's rule says."""
    figures: defaultdict[tuple[str, ...], dict[str, Decimal]] = defaultdict(dict)
    flags: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for row in usage.rollup("month", ["provider", "meter", "consumable_code"]).to_dicts():
        key = (row["provider"], row["meter"], row["consumable_code"] or "", row["unit"], row["kind"])
        figures[key][f"{row['start']:%Y-%m}"] = row["quantity"]
        flags[key].update(row["flags"])
    lines: list[Line] = []
    for series, months in figures.items():
        provider, meter, code, unit, kind = series
        if provider not in lines:
            lines.append(provider)
        name = f"{meter.removeprefix(f'{provider}.')} {code}".rstrip()
        letters = "".join(letter for flag, (letter, _) in LETTERS.items() if flag in flags[series])
        lines.append((name, *(months.get(month) for month in MONTHS), unit, f"{kind} {letters}".rstrip()))
    seen = set().union(*flags.values())
    legend = ", ".join(f"{letter} {meaning}" for flag, (letter, meaning) in LETTERS.items() if flag in seen)
    table = _fitted(("meter", *MONTHS, "unit", "kind"), lines, MONTHS)
    told = "sums are added, peaks are the highest, gauges the latest"
    return f"{len(usage):,} readings, rolled up by month: {told}\n\n{table}\n\nFlags: {legend}."


def _weeks(usage: Usage) -> str:
    weeks: defaultdict[str, dict[str, Decimal | None]] = defaultdict(dict)
    units = {}
    for row in usage.rollup("week", meters=list(CHARTED)).to_dicts():
        weeks[f"{row['start']:%Y-%m-%d}"][row["meter"]] = row["quantity"]
        units[row["meter"]] = row["unit"]
    columns: list[list[Cell]] = [[*sorted(weeks)]]
    for meter, longest in CHARTED.items():
        of = [weeks[week].get(meter) for week in sorted(weeks)]
        columns += [[*_chart.bars(of, longest if _room() >= WIDEST else longest // 2, sys.stdout.encoding)], [*of]]
    head = [word for meter in CHARTED for word in (meter, units.get(meter, ""))]
    table = render(("week from", *head), list(zip(*columns, strict=True)))
    return f"By week (the quarter cuts the first and the last)\n\n{table}"


def _came(usage: Usage) -> str:
    told = "\n".join(clip(line, _room()) for line in _coverage.holes(usage))
    state = "complete" if usage.is_complete else "INCOMPLETE"
    return f"What came: {state}\n\n{_coverage.summary(usage, by_status=True, room=_room())}\n{told}"


def _calls(answers: list[Any]) -> str:
    table = _fitted(("reading", "figure", "unit", "note"), _lines(answers), ())
    return f"{len(QUESTIONS)} native calls, sync and async with equal answers\n\n{table}"


def _ask(simulator: Simulator) -> list[Any]:
    clients = {name: simulator.client(name) for name in simulator.providers}
    return [getattr(clients[question.provider], question.method)(**question.arguments) for question in QUESTIONS]


async def _ask_together(simulator: Simulator) -> list[Any]:
    import asyncio

    clients = {name: simulator.client(name, aio=True) for name in simulator.providers}
    calls = [getattr(clients[question.provider], question.method)(**question.arguments) for question in QUESTIONS]
    return list(await asyncio.gather(*calls))


def _lines(answers: list[Any]) -> list[Line]:
    lines: list[Line] = []
    for question, answer in zip(QUESTIONS, answers, strict=True):
        code = question.arguments.get("consumable_code")
        asked = f"{question.method}({'' if code is None else repr(code)})"
        lines.append(f"{question.provider}: {asked}, {question.period}")
        lines += question.rows(answer)
    return lines


def _sora(status: models.StatusThisMonth) -> list[Row]:
    return [
        Row("total_sessions", status.total_sessions_this_month, "sessions"),
        Row("total_traffic, egress", status.total_traffic_this_month.egress, "bytes"),
        Row("max_bandwidth_mbps", status.max_bandwidth_mbps_this_month, "Mbps", f"floored {PEAK}"),
    ]


def _ricoh(answer: models.CostAndUsage) -> list[Row]:
    note = "approximate, before tax"
    return [Row("approximate_total_cost", result.approximate_total_cost, "JPY", note) for result in answer.results]


def _uipath(summary: models.ConsumptionSummary) -> list[Row]:
    pools = [(f"tenant {tenant.tenant_id[:8]}", tenant.consumed_from_org_pool) for tenant in summary.tenants]
    pools.append(("no tenant", summary.consumed_from_org_without_tenant))
    return [Row(f"{name}, org pool", consumed, "units") for name, consumed in pools]


def _devicewise(history: models.UsageHistory) -> list[Row]:
    services = [(".".join(one.path), sum(value or 0 for value in one.values)) for one in history.series]
    services.sort(key=itemgetter(1), reverse=True)
    top = [Row(name, calls, "calls") for name, calls in services[:2]]
    return [*top, Row("total", history.total, "calls", f"of {len(services)} services")]


def _storage(answer: models.LiveUsage) -> list[Row]:
    return [Row("storage", row.values["storage"], "GiB", "base 1024") for row in answer.rows]


QUESTIONS = (
    Question("sora", "status_this_month", {}, "2026-04 so far, provisional", _sora),
    Question(
        "ricoh",
        "cost_and_usage_total",
        {"since": "2026-04-01", "until": "2026-04-15"},
        "2026-04-01 to 2026-04-15 UTC, provisional",
        _ricoh,
    ),
    Question(
        "uipath",
        "consumption_summary",
        {"start": "2026-03-01", "end": "2026-04-01", "consumable_code": "AIU"},
        "2026-03 UTC",
        _uipath,
    ),
    Question(
        "devicewise", "api_usage_history", {"start": "2026-04-14", "end": "2026-04-15"}, "2026-04-14 UTC", _devicewise
    ),
    # The last day whose storage can be read at NOW; the service's days begin at midnight in China.
    Question(
        "volcengine",
        "time_shift_data",
        {"start": "2026-04-14T00:00:00+08:00", "end": "2026-04-15T00:00:00+08:00", "aggregation": 86400},
        "2026-04-14 at UTC+8",
        _storage,
    ),
)
