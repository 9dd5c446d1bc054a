"""A slow model of roll-ups, which knows the truth: what was asked, what each answer held, and nothing else.

It looks at every bucket by itself, where the core keeps stretches of time: `case` makes a question with its answers at
random, and `expected` says what the roll-up of it is.
"""

from __future__ import annotations

import bisect
import json
import random
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import metertap as mt
from metertap import _core
from metertap.errors import InvalidArgument
from metertap.simulator import Simulator
from metertap.usage import Usage

UTC = timezone.utc
HOUR, DAY = 3600, 86_400
#: What time is counted in where nobody knows where buckets begin; offsets and edges are multiples of it.
QUARTER = 900
NOW = "2026-06-01T00:00:00Z"
EVERY = ("hour", "day", "week", "month", "quarter", "year", "all", None)


class Shifting(tzinfo):
    """A zone that no database has: its clocks go forward once, by three quarters of an hour."""

    CHANGE = 1_772_600_400

    def _seconds(self, utc: float) -> int:
        return 20_700 if utc < self.CHANGE else 23_400

    def utcoffset(self, moment: datetime | None) -> timedelta:
        assert moment is not None
        local = (moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
        is_before = local - 20_700 < self.CHANGE or (local - 23_400 < self.CHANGE and not moment.fold)
        return timedelta(seconds=20_700 if is_before else 23_400)

    def dst(self, _: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, _: datetime | None) -> str:
        return "UTC"

    def fromutc(self, moment: datetime) -> datetime:
        utc = moment.replace(tzinfo=UTC).timestamp()
        return moment + timedelta(seconds=self._seconds(utc))


ZONES: list[Any] = [
    "UTC",
    "Asia/Tokyo",
    "Asia/Shanghai",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "America/New_York",
    "America/Havana",
    "Australia/Lord_Howe",
    "Atlantic/Azores",
    timezone(timedelta(hours=10), "EST"),
    timezone(-timedelta(hours=3, minutes=30)),
    Shifting(),
]


# What was asked, and what each answer held


@dataclass
class Row:
    """A figure of an answer; without a quantity, it is null."""

    meter: str
    labels: dict[str, str]
    start: int
    end: int
    quantity: Decimal | None
    flags: frozenset[str] = frozenset()


@dataclass
class Call:
    """A call: its piece of the question, and its rows unless it failed."""

    account: str
    provider: str
    operation: str
    meters: list[str]
    narrowed: dict[str, str]
    start: int
    end: int
    rows: list[Row] | None = None
    #: The range that the answer says it is about.
    told: tuple[int, int] | None = None
    #: Where buckets start; None where time is counted as it is.
    grid: tuple[int, int] | None = None
    #: How long a bucket is where nobody knows where it starts.
    bucket: int | None = None
    writes_all: bool = False

    @property
    def source(self) -> tuple[Any, ...]:
        return (self.account, self.operation, *sorted(self.narrowed.items()))

    def kept(self) -> list[Row]:
        return [row for row in self.rows or () if self.start <= row.start < self.end]

    def units(self) -> Iterable[int]:
        step, offset = self.grid or (QUARTER, 0)
        return range(first_unit(self.start, step, offset), self.end, step)

    def has(self, unit: int, starts: list[int]) -> bool:
        """True if the answer, whose buckets start so, has a row for this time."""
        place = bisect.bisect_right(starts, unit) - 1
        if self.grid is not None:
            return place >= 0 and starts[place] == unit
        if self.bucket is None:
            return bool(starts)
        if place < 0:
            # Where buckets do not begin with the piece, none need begin between its start and the first one.
            return bool(starts) and starts[0] - self.start < self.bucket
        return unit < starts[place] + self.bucket


@dataclass
class Case:
    """A question with its answers, and a roll-up of it."""

    calls: list[Call]
    asked: tuple[int, int]
    is_part: bool
    accounts: list[tuple[str, str]]
    zone: Any
    every: str | None = None
    by: list[str] | None = None
    meters: list[str] | None = None
    names: list[str] = field(default_factory=list)


METERS = {meter.name: meter for meter in mt.meters()}
DIMENSIONS = {name for meter in METERS.values() for name in meter.dimensions}


# What the roll-up is


def expected(case: Case) -> dict[Any, Any] | None:
    """Return the rows of the roll-up by group and start; None if it must be refused."""
    tz = ZoneInfo(case.zone) if isinstance(case.zone, str) else case.zone
    rows = [(call, row) for call in case.calls for row in call.kept() if row.quantity is not None]
    rows = [(call, row) for call, row in rows if case.meters is None or row.meter in case.meters]
    by = default_by(rows) if case.by is None else case.by
    groups: defaultdict[Any, defaultdict[Any, list[tuple[Call, Row]]]] = defaultdict(lambda: defaultdict(list))
    for call, row in rows:
        place = (row.start, row.end) if case.every is None else period(row.start, case, tz)
        groups[key(call, row, by)][place].append((call, row))
    wanted: dict[Any, Any] = {}
    for columns, places in groups.items():
        known = Known(case, dict(zip(by, columns, strict=True)))
        for place, members in places.items():
            if is_refused(members, place, case, tz):
                return None
            wanted[columns, place[0]] = figure(members, place, known, case, tz)
        for place in asked_periods(case, tz):
            empty = (label(place, case, tz), place[1], 0.0, None, frozenset({"partial_period"}), 0)
            wanted.setdefault((columns, place[0]), empty)
    return wanted


def key(call: Call, row: Row, by: list[str]) -> tuple[Any, ...]:
    own = {"account": call.account, "provider": call.provider, "meter": row.meter, **row.labels}
    return tuple(own.get(name) for name in by)


def default_by(rows: list[tuple[Call, Row]]) -> list[str]:
    by = ["provider", "account", "meter"]
    for name in dict.fromkeys(row.meter for _, row in rows):
        meter = METERS[name]
        for dimension in meter.dimensions:
            values = {row.labels.get(dimension) for _, row in rows if row.meter == name}
            is_needed = meter.over_labels == "add_within" and dimension == "consumable_code"
            if is_needed or (meter.over_labels == "refuse" and len(values) > 1):
                by.append(dimension)
    return by


def is_refused(members: list[tuple[Call, Row]], place: tuple[int, int], case: Case, tz: tzinfo) -> bool:
    series: defaultdict[Any, int] = defaultdict(int)
    for call, row in members:
        own = (call.account, row.meter, *sorted(row.labels.items()))
        series[own] += 1
        if case.every not in (None, "all") and row.end > place[1]:
            is_window = call.grid is None and call.bucket is None
            if is_window or period(place[1], case, tz)[1] <= row.end:
                return True
    meter = METERS[members[0][1].meter]
    return meter.over_time == "refuse" and max(series.values()) > 1


def figure(
    members: list[tuple[Call, Row]], place: tuple[int, int], known: Known, case: Case, tz: tzinfo
) -> tuple[Any, ...]:
    meter = METERS[members[0][1].meter]
    quantities = [row.quantity for _, row in members if row.quantity is not None]
    flags = set().union(*(row.flags for _, row in members))
    if meter.over_time == "last":
        by_series: defaultdict[Any, list[Row]] = defaultdict(list)
        for call, row in members:
            by_series[(call.account, *sorted(row.labels.items()))].append(row)
        latest = [max(rows, key=lambda row: row.end) for rows in by_series.values()]
        quantities = [row.quantity for row in latest if row.quantity is not None]
        if len({row.end for row in latest}) > 1:
            flags.add("approximate")
    if "floored" in flags and len(members) > 1 and meter.over_time == "add":
        flags.add("lower_bound")
    if case.every is not None and any(row.end > place[1] for _, row in members):
        flags |= {"partial_bucket", "attributed_by_start"}
    share, lacks = known.share(place) if case.every is not None else (None, known.lacks_at(place[0]))
    if share is not None and share < 1:
        flags.add("partial_period")
    if meter.over_time == "last" and (lacks or (share is not None and share < 1)):
        flags.add("partial_bucket")
    elif lacks and (meter.over_time in ("add", "max") or meter.kind == "sum"):
        flags.add("lower_bound")
    quantity = max(quantities) if meter.over_time == "max" else sum(quantities, Decimal())
    return (label(place, case, tz), place[1], share, quantity, frozenset(flags), len(members))


class Known:
    """What is known of the sources of a group, bucket by bucket."""

    def __init__(self, case: Case, columns: dict[str, Any]) -> None:
        self.meter = columns["meter"]
        self.columns = columns
        sources: defaultdict[Any, list[Call]] = defaultdict(list)
        for call in case.calls:
            if self.asks(call):
                sources[call.source].append(call)
        self.grid = next(iter(sources.values()))[0].grid
        units = [self.units(calls) for calls in sources.values()]
        self.there = set.intersection(*(there for there, _ in units))
        self.whole = set.intersection(*(whole for _, whole in units))
        # Another part of a plan may ask accounts and labels that are not here.
        open_narrowed = {name for calls in sources.values() for name in calls[0].narrowed} - set(columns)
        provider = next(iter(sources.values()))[0].provider
        here = {calls[0].account for calls in sources.values()}
        others = {name for name, of in case.accounts if of == provider} - here
        if case.is_part and (open_narrowed or ("account" not in columns and others)):
            self.there, self.whole = set(), set()

    def may_be(self, name: str, value: Any) -> bool:
        return name not in self.columns or self.columns[name] == value

    def asks(self, call: Call) -> bool:
        own = {"account": call.account, "provider": call.provider, **call.narrowed}
        return self.meter in call.meters and all(self.may_be(name, value) for name, value in own.items())

    def units(self, calls: list[Call]) -> tuple[set[int], set[int]]:
        """Return the buckets of a source that have numbers, and those of which a sum lacks nothing."""
        there, whole = set(), set()
        kept = [row for call in calls for row in call.kept()]
        nulls = [row for row in kept if row.quantity is None and row.meter == self.meter]
        nulls = [row for row in nulls if all(self.may_be(name, value) for name, value in row.labels.items())]
        for call in calls:
            starts = sorted({row.start for row in call.kept()})
            for unit in call.units():
                if any(row.start <= unit < row.end for row in nulls) or call.rows is None:
                    continue
                if call.has(unit, starts):
                    there.add(unit)
                    whole.add(unit)
                elif call.told is not None and not call.told[0] <= unit < call.told[1]:
                    continue
                elif not call.writes_all:
                    whole.add(unit)
        return there, whole

    def share(self, place: tuple[int, int]) -> tuple[float, bool]:
        step, offset = self.grid or (QUARTER, 0)
        units = range(first_unit(place[0], step, offset), place[1], step)
        there, whole = (sum(unit in units for unit in known) for known in (self.there, self.whole))
        return there / len(units), whole < len(units)

    def lacks_at(self, start: int) -> bool:
        return (start if self.grid else start // QUARTER * QUARTER) not in self.whole


def first_unit(at: int, step: int, offset: int) -> int:
    """Return the first moment at or after this one at which a bucket starts."""
    return -(-(at + offset) // step) * step - offset


# Periods of the calendar


def period(at: int, case: Case, tz: tzinfo) -> tuple[int, int]:
    """Return the period that a moment is in."""
    if case.every == "all":
        return case.asked
    local = datetime.fromtimestamp(at, tz)
    if case.every == "hour":
        return hour(at, tz)
    day = local.date()
    if case.every == "day":
        first, last = day, day + timedelta(1)
    elif case.every == "week":
        first = day - timedelta(day.weekday())
        last = first + timedelta(7)
    else:
        months = {"month": 1, "quarter": 3, "year": 12}[str(case.every)]
        month = (day.month - 1) // months * months + 1
        first = date(day.year, month, 1)
        following = month + months
        last = date(day.year + (following > 12), (following - 1) % 12 + 1, 1)
    return midnight(first, tz), midnight(last, tz)


def midnight(day: date, tz: tzinfo) -> int:
    moment = datetime(day.year, day.month, day.day, tzinfo=tz)
    return int((moment.replace(tzinfo=UTC) - moment.utcoffset()).timestamp())  # type: ignore[operator]


def hour(at: int, tz: tzinfo) -> tuple[int, int]:
    """Return the stretch around a moment in which clocks show the same hour, quarter by quarter."""

    def shown(quarter: int) -> tuple[Any, ...]:
        local = datetime.fromtimestamp(quarter, tz)
        return (local.date(), local.hour, local.utcoffset())

    start = end = at // QUARTER * QUARTER
    while shown(start - QUARTER) == shown(at):
        start -= QUARTER
    while shown(end) == shown(at):
        end += QUARTER
    return start, end


def asked_periods(case: Case, tz: tzinfo) -> Iterator[tuple[int, int]]:
    at, end = case.asked
    while at < end and case.every is not None:
        place = period(at, case, tz)
        yield place
        at = place[1]


def label(place: tuple[int, int], case: Case, tz: tzinfo) -> str | None:
    local = datetime.fromtimestamp(place[0], tz)
    if case.every == "hour":
        offset = f"{local:%z}"
        return f"{local:%Y-%m-%dT%H:%M}{offset[:3]}:{offset[3:5]}"
    if case.every == "quarter":
        return f"{local:%Y}-Q{(local.month + 2) // 3}"
    forms = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m", "year": "%Y", "all": "all"}
    return None if case.every is None else f"{local:{forms[case.every]}}"


# Questions and answers at random


def clients(provider: str) -> list[Any]:
    """Return two accounts that nobody calls."""
    account: dict[str, Any] = {
        "volcengine": {"access_key": "k", "secret_key": "s"},
        "sora": {"api_key": "k"},
        "uipath": {"organization_id": "11111111-1111-1111-1111-111111111111", "token": "t"},
        "devicewise": {"session_id": "s", "base_url": "https://example.com"},
    }[provider]
    of = {"volcengine": mt.Volcengine, "sora": mt.Sora, "uipath": mt.UiPath, "devicewise": mt.DeviceWise}[provider]
    return [of(name=name, **account) for name in ("one", "two")]


def moment(seconds: int, chance: random.Random, tz: tzinfo) -> int:
    """Return a moment near that one: midnight of a zone, or any quarter of an hour."""
    if chance.random() < 0.5:
        return midnight(datetime.fromtimestamp(seconds, tz).date(), tz)
    return seconds // QUARTER * QUARTER


@dataclass
class Kind:
    """What is asked of a provider, and how it answers."""

    provider: str
    longest: int
    select: Callable[[Any, random.Random], Any]
    fill: Callable[[Call, random.Random], bytes]
    setting: dict[str, Any]


def some(chance: random.Random, starts: list[int]) -> list[int]:
    """Return the buckets that an answer has: all, most, half or none of them."""
    share = chance.choice([1.0, 1.0, 0.9, 0.5, 0.0])
    return [start for start in starts if chance.random() < share]


def figures(chance: random.Random, count: int) -> list[int]:
    return [chance.randrange(1000) for _ in range(count)]


def volcengine(call: Call, chance: random.Random) -> bytes:
    step = call.grid[0] if call.grid else DAY
    starts = list(call.units())
    end = call.end
    if chance.random() < 0.3 and len(starts) > 1:
        end = starts[chance.randrange(1, len(starts))]
        starts = [start for start in starts if start < end]
        call.told = (call.start, end)
    starts = some(chance, starts)
    name = "DownTraffic" if "traffic" in call.operation else "DownBandwidth"
    call.rows = []
    listed = []
    for start, quantity in zip(starts, figures(chance, len(starts)), strict=True):
        stamp = datetime.fromtimestamp(start, timezone(timedelta(hours=8))).isoformat()
        listed.append({"TimeStamp": stamp, name: quantity, name.replace("Down", "Up"): 1})
        call.rows.append(Row(call.meters[0], dict(call.narrowed), start, start + step, Decimal(quantity)))
    result = {"Aggregation": step, f"{name.removeprefix('Down')}DataList": listed}
    if call.told:
        result["EndTime"] = datetime.fromtimestamp(end - 1, timezone(timedelta(hours=8))).isoformat()
    return json.dumps({"ResponseMetadata": {}, "Result": result}).encode()


def sora(call: Call, chance: random.Random) -> bytes:
    starts = some(chance, list(call.units()))
    listed, call.rows = [], []
    for start in starts:
        egress, bandwidth = figures(chance, 2)
        stamp = f"{datetime.fromtimestamp(start, UTC):%Y-%m-%dT%H:%M:%SZ}"
        row = {"date": stamp, "ingress": 1, "max_concurrent_connections": 1}
        listed.append({**row, "egress": egress, "max_bandwidth_mbps": bandwidth})
        whole = {"sora.egress": (egress, ()), "sora.max_bandwidth": (bandwidth, ("floored",))}
        for meter in call.meters:
            quantity, flags = whole[meter]
            call.rows.append(Row(meter, {}, start, start + DAY, Decimal(quantity), frozenset(flags)))
    return json.dumps(listed).encode()


def uipath(call: Call, chance: random.Random) -> bytes:
    (quantity,) = figures(chance, 1)
    labels = {**call.narrowed, "pool": "organization_without_tenant"}
    call.rows = [Row(call.meters[0], labels, call.start, call.end, Decimal(quantity))]
    return json.dumps({"consumedFromOrgWithoutTenant": quantity, "tenantConsumptionItems": []}).encode()


def devicewise(call: Call, chance: random.Random) -> bytes:
    step = call.bucket or HOUR
    first = -(-call.start // step) * step
    starts = some(chance, list(range(first, call.end, step)))
    # What the wider request brings besides is not of this piece.
    starts = [first - step, *starts, first + -(-(call.end - first) // step) * step]
    stamps = [f"{datetime.fromtimestamp(start, UTC):%Y-%m-%dT%H:%M:%SZ}" for start in starts]
    names = ["total"] if "thing" in call.operation else ["alarm", "method"]
    call.rows, arrays = [], {}
    for name in names:
        values: list[int | None] = [*figures(chance, len(starts))]
        if chance.random() < 0.3:
            values[chance.randrange(len(values))] = None
        arrays[name] = values
        labels = {} if name == "total" else {"service": name}
        for start, value in zip(starts, values, strict=True):
            quantity = None if value is None else Decimal(value)
            call.rows.append(Row(call.meters[0], labels, start, start + step, quantity))
    if names == ["total"]:
        params: dict[str, Any] = {**arrays, "ts": stamps}
    else:
        total = sum(value or 0 for values in arrays.values() for value in values)
        params = {"counters": arrays, "total": total, "ts": stamps}
    return json.dumps({"get": {"success": True, "params": params}}).encode()


def _volcengine(step: int, longest: int) -> Kind:
    def select(client: Any, chance: random.Random) -> Any:
        # Traffic and bandwidth add up otherwise.
        meters = ["volcengine.down_traffic", "volcengine.down_bandwidth"]
        domains = chance.choice([[], [], ["a"], ["a", "b"]])
        return client.select(meters=meters, aggregation=step, **({"domains": domains} if domains else {}))

    return Kind("volcengine", longest, select, volcengine, {"grid": (step, 8 * HOUR)})


def _devicewise(series: str, step: int, longest: int) -> Kind:
    def select(client: Any, chance: random.Random) -> Any:
        meters = ["devicewise.api_calls", "devicewise.things"]
        return client.select(meters=meters[: chance.randint(1, 2)], series=series)

    return Kind("devicewise", longest, select, devicewise, {"bucket": step})


KINDS = [
    _volcengine(DAY, 60 * DAY),
    _volcengine(HOUR, 3 * DAY),
    Kind(
        "sora",
        100 * DAY,
        lambda client, _: client.select(meters=["sora.egress", "sora.max_bandwidth"]),
        sora,
        {"grid": (DAY, 0), "writes_all": True},
    ),
    Kind(
        "uipath",
        100 * DAY,
        lambda client, chance: client.select(
            meters=["uipath.consumption"], consumable_code=["AIU", "PLTU"][: chance.randint(1, 2)]
        ),
        uipath,
        {},
    ),
    _devicewise("hour", HOUR, 3 * DAY),
    _devicewise("day", DAY, 30 * DAY),
]
ACCOUNTS = {kind.provider: clients(kind.provider) for kind in KINDS}
#: The dimension that narrows calls, by the argument's name.
NARROWS = {"domains": "domain", "consumable_code": "consumable_code"}


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def case(chance: random.Random) -> tuple[Case, Usage]:
    """Make a question and its answers, and return what the core makes of them, too."""
    kind = chance.choice(KINDS)
    zone = chance.choice(ZONES)
    tz = ZoneInfo(zone) if isinstance(zone, str) else zone
    start = moment(1_767_225_600 + chance.randrange(70 * DAY), chance, tz)
    end = moment(start + chance.randrange(kind.longest) + 1, chance, tz)
    end = max(end, start + 2 * DAY)
    cut = chance.choice([None, None, "month", "week", "quarter"])
    asked = [kind.select(client, chance) for client in ACCOUNTS[kind.provider][: chance.randint(1, 2)]]
    edges = [datetime.fromtimestamp(at, UTC) for at in (start, end)]
    plan = whole = mt.plan(asked, *edges, tz=zone, now=NOW, every=cut)
    parts = chance.choice([1, 1, 1, 2, 3])
    if parts > 1:
        plan = whole.shard(chance.randrange(parts), parts)
    pieces: defaultdict[Any, int] = defaultdict(int)
    for call in whole.calls:
        pieces[call["account"], str(call["arguments"].get("consumable_code"))] += 1
    calls, bodies = [], []
    for planned in plan.calls:
        arguments = planned["arguments"]
        narrowed = {NARROWS[name]: value for name, value in arguments.items() if name in NARROWS}
        narrowed = {name: value[0] if isinstance(value, list) else value for name, value in narrowed.items()}
        own = [planned[name] for name in ("account", "provider", "operation", "meters")]
        call = Call(*own, narrowed, seconds(planned["start"]), seconds(planned["end"]), **kind.setting)
        body = kind.fill(call, chance)
        if chance.random() < 0.08:
            call.rows, call.told, body = None, None, b"{"
        if kind.provider == "uipath" and pieces[call.account, str(arguments["consumable_code"])] > 1:
            for row in call.rows or ():
                row.flags = frozenset({"approximate"})
        calls.append(call)
        bodies.append(body)
    usage = Usage(_core._read(plan._core, bodies))
    accounts = [(client.name, kind.provider) for client in ACCOUNTS[kind.provider][: len(asked)]]
    return Case(calls, (start, end), parts > 1, accounts, zone), usage


#: How the sources of the simulator's questions write their rows.
SETTINGS: dict[str, dict[str, Any]] = {
    "traffics_for_month": {"grid": (DAY, 0), "writes_all": True},
    "time_shift_data": {"grid": (DAY, 8 * HOUR)},
    "bandwidth_data": {"grid": (DAY, 8 * HOUR)},
    "traffic_data": {"grid": (DAY, 8 * HOUR)},
    "api_usage_history": {"bucket": DAY},
    "thing_usage_history": {"bucket": DAY},
    "cost_and_usage_total": {},
    "consumption_summary": {},
}
ASKED: dict[str, dict[str, Any]] = {
    "sora": {"meters": ["sora.egress", "sora.max_bandwidth"]},
    "ricoh": {"meters": ["ricoh.connection_time", "ricoh.traffic_volume"]},
    "uipath": {"meters": ["uipath.consumption"], "consumable_code": ["AIU", "PLTU"]},
    "devicewise": {"meters": ["devicewise.api_calls", "devicewise.things"], "series": "day"},
    "volcengine": {},
}


def simulated(simulator: Simulator, chance: random.Random) -> tuple[Case, Usage]:
    """Ask the simulator, of whose answers some fail; the truth is what it says where none does."""
    zone = chance.choice(ZONES)
    tz = ZoneInfo(zone) if isinstance(zone, str) else zone
    start = moment(1_767_225_600 + chance.randrange(70 * DAY), chance, tz)
    end = max(moment(start + chance.randrange(70 * DAY), chance, tz), start + 2 * DAY)
    edges = [datetime.fromtimestamp(at, UTC) for at in (start, end)]
    names = chance.sample(sorted(ASKED), chance.randint(1, 3))
    asked = [simulator.client(name).select(**ASKED[name]) for name in names]
    plan = mt.plan(asked, *edges, tz=zone, now=simulator.now, every=chance.choice([None, "month", "week"]))
    is_part = chance.random() < 0.3
    plan = plan.shard(chance.randrange(2), 2) if is_part else plan
    simulator.clear_faults()
    truth: defaultdict[str, list[Row]] = defaultdict(list)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mt.CoverageWarning)
        for row in mt.fetch(plan, on_error="keep").to_dicts():
            labels = {name: row[name] for name in DIMENSIONS & row.keys() if row[name] is not None}
            own = Row(row["meter"], labels, seconds(row["start"]), seconds(row["end"]), row["quantity"])
            truth[row["call_id"]].append(replace(own, flags=frozenset(row["flags"])))
        for name in names:
            if chance.random() < 0.7:
                simulator.add_fault("status:404", provider=name, times=chance.randint(1, 2))
        usage = mt.fetch(plan, on_error="keep")
    came = {row["call_id"] for row in usage.evidence.to_dicts() if row["http_status"] == 200}
    calls = []
    for planned in plan.calls:
        narrowed = {name: planned["arguments"][name] for name in NARROWS if name in planned["arguments"]}
        own = [planned[name] for name in ("account", "provider", "operation", "meters")]
        call = Call(
            *own, narrowed, seconds(planned["start"]), seconds(planned["end"]), **SETTINGS[planned["operation"]]
        )
        call.rows = truth[planned["id"]] if planned["id"] in came else None
        calls.append(call)
    return Case(
        calls, (start, end), is_part, [(client.client.name, client.client.provider) for client in asked], zone
    ), usage


def choose(case: Case, chance: random.Random) -> None:
    """Choose a roll-up of the case."""
    case.every = chance.choice(EVERY)
    long = case.asked[1] - case.asked[0] > 5 * DAY
    if long and case.every == "hour":
        case.every = "day"
    if chance.random() < 0.3:
        case.zone = chance.choice(ZONES)
    present = sorted({name for call in case.calls for name in call.meters})
    adding = [name for name in present if METERS[name].over_labels == "add"]
    if adding and chance.random() < 0.5:
        case.meters = adding
        dimensions = {name for call in case.calls for row in call.rows or () for name in row.labels}
        case.by = ["meter", *(name for name in ["account", *sorted(dimensions)] if chance.random() < 0.4)]


def found(case: Case, usage: Usage) -> dict[Any, Any] | None:
    """Return what the core makes of the roll-up, as `expected` does; None if it is refused."""
    try:
        table = usage.rollup(case.every, case.by, tz=case.zone, meters=case.meters)
    except InvalidArgument:
        return None
    if case.by is None:
        case.names = table.columns[: table.columns.index("period")]
    by = case.by or case.names
    rows: dict[Any, Any] = {}
    for row in table.to_dicts():
        place = (tuple(row[name] for name in by), seconds(row["start"]))
        assert place not in rows, "two rows for one group and period"
        rows[place] = (
            row["period"],
            seconds(row["end"]),
            row["covered"],
            row["quantity"],
            frozenset(row["flags"]),
            row["readings"],
        )
    return rows


def differences(case: Case, usage: Usage) -> list[str]:
    """Return where the core and the model disagree."""
    wanted, got = expected(case), found(case, usage)
    if wanted is None or got is None:
        return [] if wanted is got else [f"refused: {wanted is None}, and in the core: {got is None}"]
    places = sorted(wanted.keys() | got.keys(), key=str)
    differing = [place for place in places if wanted.get(place) != got.get(place)]
    return [f"{place}: {wanted.get(place)}, and in the core {got.get(place)}" for place in differing]
