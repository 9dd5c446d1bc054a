"""What a usage knows of its own holes: through both doors, and through files and pickles."""

from __future__ import annotations

import asyncio
import pickle
import warnings
from datetime import datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any

import pytest

import metertap as mt
import metertap.aio
from metertap.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = "2026-06-01"
MONTHS = ("2026-03-01", "2026-05-01")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(seed=7, now=NOW) as simulator:
        yield simulator


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def rows(usage: mt.Usage) -> list[tuple[Any, ...]]:
    return sorted(
        (one.account, one.meter, *sorted(one.dimensions.items()), one.start, one.end, one.quantity)
        for one in usage.readings()
    )


def fetch(door: str, *question: Any, **named: Any) -> mt.Usage:
    if door == "aio":
        return asyncio.run(mt.aio.fetch(*question, **named))
    return mt.fetch(*question, **named)


both_doors = pytest.mark.parametrize("door", ["sync", "aio"])


def failing(simulator: Simulator, *asked: Any, times: int = 1, **named: Any) -> mt.Usage:
    """A usage that lacks what `times` of its calls should have brought."""
    simulator.add_fault("status:404", times=times, **named)
    with pytest.warns(mt.CoverageWarning):
        usage = mt.fetch(*asked, now=NOW, on_error="keep")
    simulator.clear_faults()
    return usage


@both_doors
def test_a_record_cap_that_cuts_in_silence_is_a_hole(door: str, simulator: Simulator) -> None:
    simulator.switch("devicewise.record_cap", "500")
    simulator.switch("devicewise.over_cap", "cut")
    asked = simulator.client("devicewise").select(meters=["devicewise.api_calls"])
    with pytest.raises(mt.IncompleteUsage, match="missing from the answers") as caught:
        fetch(door, asked, *MONTHS, now=NOW)
    usage = caught.value.usage
    assert not usage.is_complete
    (hole,) = [row for row in usage.holes.to_dicts() if row["state"] == "missing"]
    last = max(one.end for one in usage.readings())
    assert (hole["start"], hole["end"]) == (last, utc("2026-05-01"))
    table = usage.rollup("month").to_dicts()
    assert {"partial_period", "lower_bound"} <= set(table[0]["flags"])
    assert table[-1]["period"] == "2026-04"
    assert (table[-1]["quantity"], table[-1]["covered"]) == (None, 0.0)


@both_doors
def test_a_hole_is_asked_for_again_and_then_gone(door: str, simulator: Simulator) -> None:
    accounts = [simulator.client("sora"), simulator.client("volcengine")]
    whole = mt.fetch(accounts, *MONTHS, now=NOW)
    lacking = failing(simulator, accounts, *MONTHS, provider="volcengine")
    rest = lacking.remaining()
    assert len(rest) == 1
    assert not lacking.is_complete
    together = mt.concat([lacking, fetch(door, rest)])
    assert together.is_complete
    assert rows(together) == rows(whole)
    assert [row["state"] for row in together.coverage.to_dicts()] == [row["state"] for row in whole.coverage.to_dicts()]
    assert len(together.evidence) == len(whole.evidence) + 1
    assert mt.concat([fetch(door, rest), lacking]) is not None


def test_what_remains_of_a_complete_usage_is_nothing(simulator: Simulator) -> None:
    usage = mt.fetch(simulator.client("sora"), *MONTHS, now=NOW)
    rest = usage.remaining()
    assert len(rest) == 0
    assert rest.accounts == []
    nothing = mt.fetch(rest)
    assert (len(nothing), nothing.is_complete) == (0, True)
    assert rows(mt.concat([usage, nothing])) == rows(usage)


def test_what_may_still_change_is_asked_again_if_wanted() -> None:
    with Simulator(seed=7, now="2026-06-10T12:00:00Z") as simulator:
        sora = simulator.client("sora").select(meters=["sora.ingress"])
        usage = mt.fetch(sora, "2026-05-01", "2026-06-11", now="2026-06-10T12:00:00Z")
        assert len(usage.remaining()) == 0
        rest = usage.remaining(unsettled=True)
        assert [(call["start"], call["end"]) for call in rest.calls] == [(utc("2026-06-10"), utc("2026-06-11"))]
        again = mt.concat([usage, mt.fetch(rest)])
        assert rows(again) == rows(usage)


def test_a_usage_carries_its_plan_through_pickle_and_replay(simulator: Simulator, tmp_path: Path) -> None:
    sora = simulator.client("sora")
    usage = failing(simulator, sora, *MONTHS, path_contains="traffics")
    copy = pickle.loads(pickle.dumps(usage))
    assert copy.plan == usage.plan
    assert copy.holes.to_dicts() == usage.holes.to_dicts()
    assert copy.missing == usage.missing
    with pytest.raises(mt.InvalidArgument, match="has no client here"):
        mt.fetch(copy.remaining())
    together = mt.concat([copy, mt.fetch(copy.remaining(), accounts=[sora])])
    assert together.is_complete
    archive = tmp_path / "archive"
    fetched = mt.fetch(sora, *MONTHS, now=NOW, archive=archive)
    assert mt.replay(archive).plan == fetched.plan
    assert mt.replay(archive).timeline.to_dicts() == fetched.timeline.to_dicts()


def test_parts_say_that_they_are_parts_and_become_the_whole(simulator: Simulator) -> None:
    plan = mt.plan([simulator.client("sora"), simulator.client("ricoh")], "2026-01-01", "2026-04-01", now=NOW)
    whole = mt.fetch(plan)
    parts = [mt.fetch(plan.shard(index, 3)) for index in range(3)]
    assert not any(part.is_complete for part in parts)
    assert repr(parts[1]).splitlines()[1].startswith("part 2 of 3 of a plan")
    assert parts[1].missing == []
    some = mt.concat(parts[:2])
    assert not some.is_complete
    assert "parts 1, 2 of 3 of a plan" in repr(some)
    assert "parts 1, 2 of 3" in some._repr_html_()
    together = mt.concat(reversed(parts))
    assert together.is_complete
    assert rows(together) == rows(whole) != []
    assert [row["call_id"] for row in together.coverage.to_dicts()] == [
        row["call_id"] for row in whole.coverage.to_dicts()
    ]


def test_neighbouring_ranges_become_one(simulator: Simulator) -> None:
    accounts = [simulator.client(name) for name in ("ricoh", "devicewise", "volcengine")]
    whole = mt.fetch(accounts, "2026-02-01", "2026-04-01", now=NOW)
    months = [("2026-03-01", "2026-04-01"), ("2026-02-01", "2026-03-01")]
    together = mt.concat([mt.fetch(accounts, *month, now=NOW) for month in months])
    assert rows(together) == rows(whole)
    assert together.is_complete


@pytest.mark.parametrize(
    ("usages", "kind", "says"),
    [
        (lambda one: [], mt.InvalidArgument, "there is no usage to put together"),
        (lambda one: one, mt.WrongType, "must be a list of usages, not Usage"),
        (lambda one: None, mt.WrongType, "must be a list of usages, not NoneType"),
        (lambda one: [one, one.to_dicts()], mt.WrongType, "has a list"),
        (lambda one: [one, one.coverage], mt.WrongType, "has a Coverage"),
    ],
)
def test_what_cannot_be_put_together_is_refused(
    usages: Callable[[mt.Usage], Any], kind: type[Exception], says: str, simulator: Simulator
) -> None:
    usage = mt.fetch(simulator.client("ricoh"), *MONTHS, now=NOW)
    with pytest.raises(kind, match=says):
        mt.concat(usages(usage))


def test_usages_that_contradict_each_other_are_refused(simulator: Simulator, tmp_path: Path) -> None:
    ricoh = simulator.client("ricoh")
    usage = mt.fetch(ricoh, *MONTHS, now=NOW)
    with pytest.raises(mt.InvalidArgument, match="overlap"):
        mt.concat([usage, mt.fetch(ricoh, "2026-03-10", "2026-03-20", now=NOW)])
    other = simulator.client("volcengine", name="ricoh")
    with pytest.raises(mt.InvalidArgument, match="two accounts have the name"):
        mt.concat([usage, mt.fetch(other, *MONTHS, now=NOW)])
    volcengine = simulator.client("volcengine")
    traffic = {"meters": ["volcengine.up_traffic"]}
    by_day = mt.fetch(volcengine.select(**traffic), *MONTHS, now=NOW)
    by_hour = mt.fetch(volcengine.select(**traffic, aggregation=3600), *MONTHS, now=NOW)
    with pytest.raises(mt.InvalidArgument, match="keep usages of different grain apart"):
        mt.concat([by_day, by_hour])
    plan = mt.plan(ricoh, *MONTHS, now=NOW)
    stranger = mt.plan(ricoh, "2026-01-01", "2026-03-01", now=NOW)
    with pytest.raises(mt.InvalidArgument, match="parts of two different plans"):
        mt.concat([mt.fetch(plan.shard(0, 2)), mt.fetch(stranger.shard(1, 2))])
    with pytest.raises(mt.InvalidArgument, match="prefer must be 'later'"):
        mt.concat([usage], prefer="newest")


@both_doors
def test_a_range_before_the_history_is_told_and_warned_of(door: str, simulator: Simulator) -> None:
    ricoh = simulator.client("ricoh")
    with pytest.warns(mt.CoverageWarning, match="nothing of what was asked can be had: ricoh"):
        usage = fetch(door, ricoh, "2020-01-01", "2020-02-01", now=NOW)
    assert repr(usage).splitlines()[1] == "complete; 1 window unavailable"
    assert "1 window unavailable" in usage._repr_html_()
    assert [row["state"] for row in usage.holes.to_dicts()] == ["unavailable"] * len(usage.holes)


@both_doors
def test_the_one_reason_of_a_fetch_that_failed_as_a_whole_is_its_error(door: str, simulator: Simulator) -> None:
    wrong = simulator.client("sora", api_key="wrong")
    with pytest.raises(mt.AuthenticationFailed) as caught:
        fetch(door, wrong.select(meters=["sora.ingress"]), "2026-05-01", "2026-06-01", now=NOW)
    error = caught.value
    assert isinstance(error, mt.IncompleteUsage)
    assert type(error).__name__ == "AuthenticationFailed"
    assert (error.http_status, len(error.usage)) == (401, 0)
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, mt.AuthenticationFailed)
    assert isinstance(again, mt.IncompleteUsage)
    assert again.usage.missing == error.usage.missing


def test_what_tells_calls_apart_stands_in_the_sentences(simulator: Simulator) -> None:
    asked = simulator.client("uipath").select(consumable_code=["AIU", "PLTU"])
    usage = failing(simulator, asked, *MONTHS, path_contains="consumption")
    (sentence,) = usage.missing
    assert "consumption_summary (consumable_code=AIU)" in sentence or "(consumable_code=PLTU)" in sentence
    assert {row["arguments"] for row in usage.coverage.to_dicts()} == {"consumable_code=AIU", "consumable_code=PLTU"}
    (code,) = {row["consumable_code"] for row in usage.holes.to_dicts() if row["state"] == "failed"}
    assert f"consumable_code={code}" in sentence


class Summer(tzinfo):
    """A zone without a name: UTC+10, and UTC+11 from April on."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        return timedelta(hours=11 if moment and moment.month >= 4 else 10)

    def dst(self, moment: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, moment: datetime | None) -> str:
        return "EST"


@pytest.mark.parametrize(
    "tz", ["Asia/Tokyo", "Asia/Kolkata", "America/New_York", timezone(timedelta(hours=10), "EST"), Summer()]
)
def test_the_buckets_of_local_days_are_asked_for_all_and_only_those(tz: Any, simulator: Simulator) -> None:
    accounts: list[Any] = [simulator.client(name) for name in ("sora", "volcengine")]
    accounts.append(simulator.client("devicewise").select(meters=["devicewise.api_calls"], series="day"))
    month = mt.fetch(accounts, "2026-03-01", "2026-04-01", tz=tz, now=NOW)
    wide = mt.fetch(accounts, "2026-02-01", "2026-05-01", now=NOW)
    from metertap._zone import zone_of

    zone = zone_of(tz)
    start, end = (datetime(2026, number, 1, tzinfo=zone) for number in (3, 4))
    inside = [row for row in rows(wide) if start <= row[-3] < end]
    assert rows(month) == inside
    assert not any("partial_bucket" in one.flags for one in month.readings())


def test_days_of_local_zones_lose_nothing_between_two_months(simulator: Simulator) -> None:
    asked = simulator.client("devicewise").select(meters=["devicewise.api_calls"], series="day")
    whole = mt.fetch(asked, "2026-02-01", "2026-04-01", now=NOW)
    months = [
        mt.fetch(asked, *month, now=NOW) for month in (("2026-02-01", "2026-03-01"), ("2026-03-01", "2026-04-01"))
    ]
    assert rows(months[0]) + rows(months[1]) != []
    assert sorted(rows(months[0]) + rows(months[1])) == rows(whole)


def test_ricoh_is_planned_by_months_of_the_zone(simulator: Simulator) -> None:
    plan = mt.plan(simulator.client("ricoh"), "2026-01-01", "2026-04-01", tz="Asia/Tokyo", now=NOW)
    starts = [call["start"] for call in plan.calls]
    months = [utc("2025-12-31T15:00:00"), utc("2026-01-31T15:00:00"), utc("2026-02-28T15:00:00")]
    # A month after 28 February, by UTC's calendar, is 28 March: what is left of Tokyo's March is asked for by itself.
    assert starts == [*months, utc("2026-03-28T15:00:00")]


def test_a_plan_keeps_its_zone_and_periods_through_json(simulator: Simulator) -> None:
    asked = simulator.client("uipath").select(consumable_code="AIU")
    plan = mt.plan(asked, "2026-01-01", "2026-04-01", tz=Summer(), every="month", now=NOW)
    assert len(plan) == 3
    assert mt.Plan.from_json(plan.to_json()) == plan
    assert pickle.loads(pickle.dumps(plan)) == plan
    starts = [call["start"] for call in plan.calls]
    assert starts == [utc("2025-12-31T14:00:00"), utc("2026-01-31T14:00:00"), utc("2026-02-28T14:00:00")]
    with pytest.raises(mt.InvalidArgument, match="every must be one of"):
        mt.plan(asked, "2026-01-01", "2026-04-01", every="fortnight", now=NOW)
    with pytest.raises(mt.WrongType, match="every must be a str"):
        mt.plan(asked, "2026-01-01", "2026-04-01", every=1, now=NOW)  # type: ignore[arg-type]
    with pytest.raises(mt.InvalidArgument, match="a plan has its periods already"):
        mt.fetch(plan, every="month")


def test_a_plan_of_the_earlier_format_is_read(simulator: Simulator) -> None:
    import json

    plan = mt.plan(simulator.client("volcengine"), "2026-01-01", "2026-04-01", now=NOW)
    old = json.loads(plan.to_json())
    (old["window"],) = old.pop("asked")
    for name in ("zone", "every", "part", "documents"):
        del old[name]
    old.update(metertap_plan=1, shard=None)
    for account in old["accounts"]:
        del account["identity"]
    for edge in old["edges"]:
        del edge["side"]
    for call in old["calls"]:
        call["window"] = call.pop("piece")
    read = mt.Plan.from_json(json.dumps(old))
    assert read.calls == plan.calls
    assert rows(mt.fetch(read, accounts=[simulator.client("volcengine")])) == rows(
        mt.fetch(plan, accounts=[simulator.client("volcengine")])
    )


def test_the_catalogue_says_whether_every_bucket_is_written() -> None:
    writes = {meter.name: meter.writes for meter in mt.meters()}
    assert (writes["sora.ingress"], writes["volcengine.up_traffic"]) == ("yes", "unknown")
    assert set(writes.values()) <= {"yes", "no", "unknown"}


def test_the_notes_of_an_edge_stand_at_its_own_call(simulator: Simulator) -> None:
    usage = mt.fetch(simulator.client("sora"), "2026-01-01", "2026-04-01", tz="Asia/Tokyo", now=NOW)
    notes = {
        row["start"].month: row["notes"]
        for row in usage.coverage.to_dicts()
        if row["operation"] == "traffics_for_month"
    }
    first, last = min(notes), max(notes)
    assert not any("last bucket" in note for month, all_ in notes.items() for note in all_ if month != last)
    assert not any("first bucket" in note for month, all_ in notes.items() for note in all_ if month != first)


def test_an_earlier_pickle_is_refused_in_a_sentence() -> None:
    from metertap import _core

    with pytest.raises(mt.InvalidArgument, match="an earlier version of metertap pickled"):
        _core.Usage.from_bytes(b"\xff\xff\xff\xff" + bytes(64))


def test_no_warning_comes_of_what_is_complete(simulator: Simulator) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mt.fetch(simulator.client("sora"), *MONTHS, now=NOW).is_complete


def test_what_is_not_over_is_settled_at_none_of_the_services() -> None:
    now = utc("2026-04-15T10:00:00")
    with Simulator(seed=7, now=now) as simulator:
        clients = [*simulator.clients()]
        asked = [one.select(consumable_code=["AIU"]) if one.provider == "uipath" else one for one in clients]
        usage = mt.fetch(asked, "2026-04-10", "2026-04-16", on_error="keep")
    running = [one for one in usage.readings() if one.end is not None and one.end > now]
    assert {one.provider for one in running} >= {"sora", "volcengine", "devicewise"}
    assert {one.status for one in running} <= {"provisional", "unknown"}


def test_a_month_so_far_that_ended_before_the_answer_came_is_out_of_reach() -> None:
    with Simulator(seed=7, now="2026-04-15") as simulator:
        question = (simulator.client("sora"), "2026-03-01", "2026-04-01")
        usage = mt.fetch(*question, now="2026-03-31T23:59:00Z", meters="sora.total_sessions")
    assert len(usage) == 0
    hole, future = usage.holes.to_dicts()
    assert hole["state"] == future["state"] == "unavailable"
    assert hole["reason"] == "the answer is about another month than was asked for"
