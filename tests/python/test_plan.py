"""Plans, as Python sees them: how they are asked for, and that they are values."""

from __future__ import annotations

import itertools
import math
import pickle
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import NOW, questions

import metertap as mt
from metertap.errors import InvalidArgument, WrongType
from metertap.simulator import Simulator

UTC = timezone.utc
QUARTER = ("2026-01-01", "2026-04-01")


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    """A simulator that is never asked anything: plans are made offline."""
    with Simulator(seed=7, now=NOW) as simulator:
        yield simulator
        assert simulator.counts.connections == 0, "something was sent, after all"


@pytest.fixture(scope="module")
def plan(world: Simulator) -> mt.Plan:
    return mt.plan(questions(world), *QUARTER, now=NOW)


def windows(plan: mt.Plan) -> list[tuple[str, datetime, datetime]]:
    return [(call["operation"], call["start"], call["end"]) for call in plan.calls]


# What a plan is


def test_a_plan_tells_its_calls(plan: mt.Plan) -> None:
    assert plan.accounts == ["sora", "ricoh", "uipath", "devicewise", "volcengine"]
    assert len(plan) == len(plan.calls) == 15
    call = next(call for call in plan.calls if call["account"] == "ricoh")
    assert call == {
        "id": call["id"],
        "account": "ricoh",
        "provider": "ricoh",
        "operation": "cost_and_usage_total",
        "arguments": {"since": "2026-01-01T00:00:00+00:00", "until": "2026-02-01T00:00:00+00:00"},
        "start": datetime(2026, 1, 1, tzinfo=UTC),
        "end": datetime(2026, 2, 1, tzinfo=UTC),
        "meters": [
            "ricoh.connection_time",
            "ricoh.traffic_volume",
            "ricoh.bitrate_reservation",
            "ricoh.bitrate_reservation_total",
            "ricoh.cost",
        ],
    }
    assert re.fullmatch("[0-9a-f]{16}", call["id"])
    assert len({call["id"] for call in plan.calls}) == len(plan)


def test_a_plan_prints_who_is_asked_what_cut_it_what_is_out_of_reach_and_how_long_it_takes(world: Simulator) -> None:
    asked = [world.client("ricoh"), world.client("sora").select(meters=["sora.total_sessions"])]
    text = repr(mt.plan(asked, *QUARTER, now=NOW))
    *_, head, _, first, second, zone, summary = text.splitlines()
    assert re.split("  +", head) == ["account", "operation", "calls", "start", "end", "cut by"]
    assert re.split("  +", first) == [
        "ricoh",
        "cost_and_usage_total",
        "3",
        "2026-01-01",
        "2026-04-01",
        "a whole month or at most 28 days",
    ]
    assert re.split("  +", second)[:5] == [
        "sora",
        "total_sessions_this_month",
        "-",
        "2026-01-01",
        "2026-04-01",
    ]
    assert "the service tells only the" in second
    assert (zone, summary) == ("times in UTC", "3 calls to 2 accounts, at least 0.0 s")


def test_the_least_time_is_that_of_the_declared_rate(world: Simulator) -> None:
    domains = [f"d{number}.example.com" for number in range(31)]
    asked = world.client("volcengine").select(domains=domains, meters=["volcengine.up_traffic"])
    plan = mt.plan(asked, *QUARTER, now=NOW)
    # Thirty requests in a second: the 31st is sent one second after the first.
    assert (len(plan), plan.least_seconds) == (31, 1.0)
    assert repr(plan).endswith("31 calls to 1 account, at least 1.0 s")
    # A row may stand before others of its account, so each call counts with the gap behind it.
    assert [row.seconds for row in plan.rows if row.calls] == [pytest.approx(31 / 30)]


def test_the_least_time_is_that_of_the_accounts_own_rate():
    def least(rate: float | None) -> float:
        client = mt.Volcengine(access_key="a", secret_key="s", max_per_second=rate)
        domains = [f"{number}.example.com" for number in range(31)]
        asked = client.select(meters=["volcengine.down_traffic"], domains=domains)
        return mt.plan(asked, "2026-01-01", "2026-01-02", now=NOW).least_seconds

    assert (least(None), least(10), least(math.inf)) == (1.0, 3.0, 0.0)


def test_a_plan_in_a_notebook_is_a_table_with_everything_escaped(world: Simulator) -> None:
    plan = mt.plan(world.client("sora", name='<b>&"x"'), *QUARTER, now=NOW)
    html = plan._repr_html_()
    assert "<table>" in html
    assert '<b>&"' not in html
    assert "&lt;b&gt;&amp;&quot;x&quot;" in html
    assert '<b>&"x"' in repr(plan)


def test_plans_compare_by_value(world: Simulator, plan: mt.Plan) -> None:
    again = mt.plan(questions(world), *QUARTER, now=NOW)
    assert again == plan
    assert hash(again) == hash(plan)
    assert {again, plan} == {plan}
    for other in (
        mt.plan(questions(world), "2026-01-01", "2026-04-02", now=NOW),
        mt.plan(questions(world)[1:], *QUARTER, now=NOW),
        mt.plan(questions(world), *QUARTER, now="2026-05-01"),
        plan.shard(0, 1),
        plan.to_json(),
    ):
        assert other != plan


def test_a_plan_travels_as_json_and_as_a_pickle_without_clients_or_secrets(world: Simulator, plan: mt.Plan) -> None:
    assert mt.Plan.from_json(plan.to_json()) == plan
    packed = pickle.dumps(plan)
    assert pickle.loads(packed) == plan
    for name in world.providers:
        for field, word in world.all_credentials(name).items():
            if field not in ("organization_id", "organization_name", "client_id", "username", "thing_key", "app_id"):
                assert word.encode() not in packed, field


def test_the_shards_of_a_plan_are_its_calls_dealt_in_turn(plan: mt.Plan) -> None:
    for of in (1, 2, 7, 15, 20):
        shards = [pickle.loads(pickle.dumps(plan.shard(index, of))) for index in range(of)]
        dealt = itertools.zip_longest(*(shard.calls for shard in shards))
        assert [call for turn in dealt for call in turn if call is not None] == plan.calls
        assert all(shard.accounts == plan.accounts for shard in shards)


def test_a_shard_has_its_share_of_the_rate(world: Simulator) -> None:
    domains = ["a.example.com", "b.example.com"]
    asked = world.client("volcengine").select(domains=domains, aggregation=300, meters=["volcengine.up_traffic"])
    whole = mt.plan(asked, *QUARTER, now=NOW)
    of = len(whole)
    one, two = whole.least_seconds, whole.shard(0, 2).least_seconds
    # Half the calls at half the rate take as long, but for the gap that one call has not.
    assert one == pytest.approx((of - 1) / 30)
    assert two == pytest.approx((-(-of // 2) - 1) / 15)


@given(
    start=st.datetimes(datetime(2024, 1, 1), datetime(2026, 4, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - made aware
    hours=st.integers(1, 24 * 800),
    of=st.integers(1, 9),
)
@settings(max_examples=60, deadline=None)
def test_any_plan_is_its_shards_and_tiles_what_it_covers(
    world: Simulator, start: datetime, hours: int, of: int
) -> None:
    plan = mt.plan(questions(world), start, start + timedelta(hours=hours), now=NOW)
    shards = [plan.shard(index, of) for index in range(of)]
    assert sorted(call["id"] for shard in shards for call in shard.calls) == sorted(call["id"] for call in plan.calls)
    groups: dict[Any, list[tuple[datetime, datetime]]] = {}
    for call in plan.calls:
        rest = {name: value for name, value in call["arguments"].items() if name not in TIMES}
        groups.setdefault((call["account"], call["operation"], str(rest)), []).append((call["start"], call["end"]))
    for tiles in groups.values():
        assert all(end == following for (_, end), (following, _) in itertools.pairwise(tiles))
        assert all(begin < end for begin, end in tiles)
    assert mt.Plan.from_json(plan.to_json()) == plan


#: The arguments that take a call's window.
TIMES = ("start", "end", "since", "until", "year", "month")


# How time is told


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 1, 1), date(2026, 4, 1)),
        ("2026-01-01", "2026-04-01"),
        ("2026-01-01T00:00:00Z", "2026-04-01T00:00:00+00:00"),
        ("2026-01-01T09:00:00+09:00", "2026-03-31T19:00:00-05:00"),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)),
        (
            datetime(2026, 1, 1, 9, tzinfo=ZoneInfo("Asia/Tokyo")),
            datetime(2026, 4, 1, 2, tzinfo=ZoneInfo("Europe/Paris")),
        ),
        (pd.Timestamp("2026-01-01", tz="UTC"), pd.Timestamp("2026-04-01T09:00", tz="Asia/Tokyo")),
        (date(2026, 1, 1), pd.Timestamp("2026-04-01T00:00:00Z")),
    ],
    ids=str,
)
def test_every_way_to_write_a_moment_is_the_same_plan(world: Simulator, start: Any, end: Any) -> None:
    asked = questions(world)
    assert windows(mt.plan(asked, start, end, now=NOW)) == windows(mt.plan(asked, *QUARTER, now=NOW))


@pytest.mark.parametrize(
    "now", [NOW, datetime(2026, 4, 15, 12, tzinfo=UTC), pd.Timestamp("2026-04-15T21:00", tz="Asia/Tokyo")], ids=str
)
def test_now_takes_any_moment(world: Simulator, plan: mt.Plan, now: Any) -> None:
    assert mt.plan(questions(world), *QUARTER, now=now) == plan


def test_now_is_the_machines_if_left_out() -> None:
    asked = mt.Sora(api_key="a key").select(meters=["sora.total_sessions"])
    today = datetime.now(UTC)
    start = today - timedelta(days=40)
    (call,) = mt.plan(asked, start, today + timedelta(days=40)).calls
    assert call["start"] == today.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    assert timedelta(0) <= call["end"] - today < timedelta(minutes=1)


@pytest.mark.parametrize("tz", ["Asia/Tokyo", ZoneInfo("Asia/Tokyo"), timezone(timedelta(hours=9))], ids=repr)
@pytest.mark.parametrize("day", [date(2026, 2, 1), "2026-02-01", " 2026-02-01 "], ids=repr)
def test_tz_is_where_a_date_has_its_midnight(world: Simulator, tz: Any, day: Any) -> None:
    asked = world.client("devicewise").select(meters=["devicewise.things"])
    (call,) = mt.plan(asked, day, "2026-02-02T00:00:00Z", tz=tz, now=NOW).calls
    # What is a moment already is left as it is.
    assert (call["start"], call["end"]) == (datetime(2026, 1, 31, 15, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC))


def test_a_local_month_with_a_change_of_clocks_has_its_true_length(world: Simulator) -> None:
    asked = world.client("devicewise").select(meters=["devicewise.things"])
    (call,) = mt.plan(asked, date(2026, 3, 1), date(2026, 4, 1), tz="Europe/Berlin", now=NOW).calls
    assert call["end"] - call["start"] == timedelta(hours=31 * 24 - 1)


# What is asked


def test_one_client_a_selection_and_a_list_are_asked_alike(world: Simulator) -> None:
    sora = world.client("sora")
    alone = mt.plan(sora, *QUARTER, now=NOW)
    for asked in (sora.select(), [sora], (sora,), iter([sora.select()]), world.client("sora", aio=True)):
        assert mt.plan(asked, *QUARTER, now=NOW) == alone


def test_a_selection_decides_which_calls_are_made(world: Simulator) -> None:
    vhosts = world.client("volcengine").select(meters=["volcengine.time_shift_storage"], vhosts=["a", "b"])
    calls = mt.plan(vhosts, *QUARTER, now=NOW).calls
    assert [call["arguments"]["vhosts"] for call in calls] == [["a"], ["b"]]
    days = world.client("devicewise").select(meters=["devicewise.api_calls"], series="day", include_sub_orgs=True)
    (call,) = mt.plan(days, *QUARTER, now=NOW).calls
    assert (call["arguments"]["series"], call["arguments"]["include_sub_orgs"]) == ("day", True)


def test_accounts_of_one_provider_are_told_apart_by_their_names(world: Simulator) -> None:
    two = [world.client("sora", name="east"), world.client("sora", name="west")]
    plan = mt.plan(two, *QUARTER, now=NOW)
    assert plan.accounts == ["east", "west"]
    assert {call["account"] for call in plan.calls} == {"east", "west"}


#: What is asked for, given the simulator; the class of the refusal; what it says.
REFUSED: list[tuple[Callable[[Simulator], object], type[InvalidArgument], str]] = [
    (lambda world: mt.plan([], *QUARTER), InvalidArgument, "no account is given: pass one at least"),
    (
        lambda world: mt.plan([world.client("sora"), world.client("sora")], *QUARTER, now=NOW),
        InvalidArgument,
        'two accounts have the name "sora": give one of them another name',
    ),
    (
        lambda world: mt.plan(world.client("sora").select(meters=["sora.ingres"]), *QUARTER, now=NOW),
        InvalidArgument,
        'Sora Cloud has no meter "sora.ingres"; did you mean "sora.ingress"?',
    ),
    (
        lambda world: mt.plan(world.client("uipath"), *QUARTER, now=NOW),
        InvalidArgument,
        'nobody can guess which; name them: uipath.select(consumable_code=["AIU"])',
    ),
    (
        lambda world: mt.plan(
            world.client("uipath").select(meters=["uipath.folder_consumption"], consumable_code="AIU"),
            *QUARTER,
            now=NOW,
        ),
        InvalidArgument,
        "uipath.folder_consumption needs tenant_id: give it to select(), too, or leave out that meter",
    ),
    (
        lambda world: mt.plan(world.client("volcengine").select(vhost="a"), *QUARTER, now=NOW),
        WrongType,
        'select() has no argument "vhost"; did you mean "vhosts"?',
    ),
    (
        lambda world: mt.plan(world.client("sora"), "2026-05-01", "2026-06-01", now=NOW),
        InvalidArgument,
        "the range starts at 2026-05-01T00:00:00+00:00 and now is 2026-04-15T12:00:00Z: nothing can be known yet",
    ),
    (
        lambda world: mt.plan(world.client("sora"), "2026-02-01", "2026-01-01", now=NOW),
        InvalidArgument,
        "start (2026-02-01T00:00:00+00:00) must be before end (2026-01-01T00:00:00+00:00)",
    ),
    (
        lambda world: mt.plan(world.client("sora"), "2026-02-01", "2026-02-01", now=NOW),
        InvalidArgument,
        "must be before end",
    ),
    (
        lambda world: mt.plan(world.client("sora"), datetime(2026, 1, 1), "2026-02-01", now=NOW),  # noqa: DTZ001
        InvalidArgument,
        "start has no time zone; pass an aware datetime such as datetime(2026, 1, 1, tzinfo=timezone.utc)",
    ),
    (
        lambda world: mt.plan(world.client("sora"), pd.Timestamp("2026-01-01"), "2026-02-01", now=NOW),
        InvalidArgument,
        "start has no time zone",
    ),
    (
        lambda world: mt.plan(world.client("sora"), datetime(2026, 1, 1), "2026-02-01", tz="Asia/Tokyo"),  # noqa: DTZ001
        InvalidArgument,
        "start is a datetime without a zone, and tz= is for dates only: write datetime(2026, 1, 1, tzinfo=ZoneInfo(",
    ),
    (
        lambda world: mt.plan(world.client("sora"), "2026-01-01T00:00:00", "2026-02-01", now=NOW),
        InvalidArgument,
        'start cannot be read: "2026-01-01T00:00:00" has no UTC offset; add "Z" or "+09:00"',
    ),
    (
        lambda world: mt.plan(world.client("sora"), "2026-01-01", "soon", now=NOW),
        InvalidArgument,
        "end 'soon' is no date: write ",
    ),
    (lambda world: mt.plan(world.client("sora"), 7, "2026-01-01"), WrongType, "start must be an aware datetime"),
    (
        lambda world: mt.plan(world.client("sora"), pd.NaT, "2026-01-01"),
        InvalidArgument,
        "start is NaT, which is no moment",
    ),
    (
        lambda world: mt.plan(world.client("sora"), *QUARTER, now=datetime(2026, 4, 1)),  # noqa: DTZ001
        InvalidArgument,
        "now has no time zone",
    ),
    (
        lambda world: mt.plan(world.client("sora"), *QUARTER, tz="Asia/Tokio"),
        InvalidArgument,
        "there is no time zone 'Asia/Tokio'; write for example 'Asia/Tokyo'",
    ),
    (lambda world: mt.plan(world.client("sora"), *QUARTER, tz=9), WrongType, "tz must be a str such as"),
    (
        lambda world: mt.plan("sora", *QUARTER),
        WrongType,
        "accounts must be clients or what their select() returns, not",
    ),
    (lambda world: mt.plan(None, *QUARTER), WrongType, "accounts must be clients or what their select() returns, not"),
    (lambda world: mt.plan([mt.Sora], *QUARTER), WrongType, "select() returns, not type"),
    (lambda world: one(world).shard(3, 3), InvalidArgument, "there is no shard 3 of 3: they are counted from 0"),
    (lambda world: one(world).shard(0, 0), InvalidArgument, "there is no shard 0 of 0"),
    (lambda world: one(world).shard(-1, 3), InvalidArgument, "index must be an int of at least 0"),
    (lambda world: one(world).shard(0, 2.5), InvalidArgument, "of must be an int of at least 0"),
    (lambda world: one(world).shard(0, 2).shard(0, 2), InvalidArgument, "this is shard 0 of 2 already"),
    (lambda world: mt.Plan.from_json("{}"), InvalidArgument, "the plan cannot be read"),
    (
        lambda world: mt.Plan.from_json(one(world).to_json().replace('"metertap_plan":2', '"metertap_plan":3')),
        InvalidArgument,
        "the plan cannot be read",
    ),
]


def one(world: Simulator) -> mt.Plan:
    return mt.plan(world.client("ricoh"), *QUARTER, now=NOW)


@pytest.mark.parametrize(("ask", "kind", "says"), REFUSED, ids=[says[:40] for _, _, says in REFUSED])
def test_what_cannot_be_planned_is_refused_in_one_sentence(
    world: Simulator, ask: Callable[[Simulator], object], kind: type[InvalidArgument], says: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        ask(world)
    text = str(caught.value)
    assert type(caught.value) is kind
    assert says in text
    assert "\n" not in text
    assert text.endswith((".", "?"))


# The catalogue

UNITS = {
    "GB",
    "GiB",
    "JPY",
    "Mbps",
    "bytes",
    "calls",
    "connections",
    "minutes",
    "pictures",
    "recordings",
    "requests",
    "sessions",
    "streams",
    "things",
    "units",
    "users",
}

METERS = mt.meters()


def test_every_provider_has_meters_and_default_ones() -> None:
    providers = {"sora", "ricoh", "uipath", "devicewise", "volcengine"}
    assert {meter.provider for meter in METERS} == providers
    assert {meter.provider for meter in METERS if meter.by_default} == providers
    assert len({(meter.name, meter.operation) for meter in METERS}) == len(METERS)


@pytest.mark.parametrize("meter", METERS, ids=lambda meter: f"{meter.name}-{meter.operation}")
def test_a_meter_says_what_it_is(meter: mt.Meter) -> None:
    assert meter.name.startswith(f"{meter.provider}.")
    assert meter.unit in UNITS
    assert meter.kind in ("sum", "cumulative", "peak", "gauge")
    assert meter.rounding in ("exact", "floored", "approximate")
    assert meter.over_time in ("add", "max", "last", "refuse")
    assert meter.over_labels in ("add", "add_within", "max", "last", "refuse")
    assert meter.kind != "peak" or "add" not in (meter.over_time, meter.over_labels)
    assert meter.kind != "cumulative" or meter.over_time != "add"
    assert meter.doc.endswith(".")
    assert meter.page.startswith("https://")
    assert meter.grain
    assert meter.span
    assert meter.settles
    assert meter.history_days is None or meter.history_days > 0
    assert meter.per_second is None or meter.per_second > 0


# The simulator's clients


def test_the_clients_of_a_simulator_are_planned_as_they_are_and_at_its_time(world: Simulator) -> None:
    plan = mt.plan(world.clients(), since="7d")
    assert plan.accounts == ["sora", "ricoh", "uipath", "devicewise", "volcengine"]
    assert plan == mt.plan(world.clients(), "2026-04-08", NOW, now=NOW)
    codes = {dict(call["arguments"])["consumable_code"] for call in plan.calls if call["account"] == "uipath"}
    assert codes == {"AIU", "PLTU"}
    assert mt.plan(world.clients(), since="7d", now="2026-03-15") != plan


def test_one_client_of_a_simulator_must_be_told_what_a_real_one_must(world: Simulator) -> None:
    with pytest.raises(InvalidArgument, match="nobody can guess which"):
        mt.plan(world.client("uipath"), since="7d")


def test_a_simulator_whose_time_passes_is_planned_at_the_machines_time() -> None:
    with Simulator(seed=7) as passing:
        last = mt.plan(passing.client("ricoh"), since="2d").calls[-1]
    assert abs(last["end"] - datetime.now(UTC)) < timedelta(days=1)


def test_every_month_of_tokyo_is_answered_though_some_are_longer_than_a_month_of_utc(simulator: Simulator) -> None:
    client = simulator.client("ricoh")
    for month in range(5, 13):
        asked = f"2025-{month:02}"
        usage = mt.fetch(client, asked, tz="Asia/Tokyo", now=NOW)
        assert usage.is_complete
        assert set(usage.rollup("month", tz="Asia/Tokyo")["period"]) == {asked}


def test_the_plan_says_where_periods_cut_what_the_service_would_answer_at_once(world: Simulator) -> None:
    uipath, volcengine = world.client("uipath").select(consumable_code=["AIU"]), world.client("volcengine")
    plan = mt.plan([uipath, volcengine], "2026-01-01", "2026-04-01", every="month", now="2026-04-15")
    told = {row.operation: (row.calls, row.cut_by) for row in plan.rows}
    assert told["consumption_summary"] == (3, "every month")
    # Days make months without a call for each.
    assert told["traffic_data"] == (1, "")


@pytest.mark.parametrize("index", [True, "0", 1.0, -1])
def test_a_part_of_a_plan_has_a_number(index: object, world: Simulator) -> None:
    plan = mt.plan(world.client("sora"), "2026-03", now="2026-04-15")
    with pytest.raises(InvalidArgument, match="index must be an int of at least 0"):
        plan.shard(index, 4)  # type: ignore[arg-type]
