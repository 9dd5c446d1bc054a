"""What is told in several ways counts once: a whole and its parts, two scopes of one question, views of one usage."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest

import metertap as mt
from metertap.errors import InvalidArgument
from metertap.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = "2026-04-15T06:00:00Z"
TENANT = "00000000-0000-0000-0000-000000000001"
#: For each service a meter, and selections that tell it as a whole and in part.
TWICE: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("ricoh", "ricoh.connection_time", {}, {"by_label": True}),
    ("ricoh", "ricoh.connection_time", {}, {"env": "prod"}),
    ("volcengine", "volcengine.up_traffic", {}, {"domains": ["push.www.example.com"]}),
    ("uipath", "uipath.consumption", {"consumable_code": ["AIU"]}, {"consumable_code": ["AIU"], "tenant_id": [TENANT]}),
    ("devicewise", "devicewise.connections", {"series": "day"}, {"series": "day", "include_sub_orgs": True}),
    ("devicewise", "devicewise.api_calls", {"series": "day"}, {"series": "day", "dimension": "org"}),
]


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    with Simulator(seed=7, now=NOW) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What is missing is no matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mt.CoverageWarning)
        yield


def asked(world: Simulator, provider: str, meter: str, given: dict[str, Any]) -> Any:
    return world.client(provider).select(meters=[meter], **given)


@pytest.mark.parametrize(("provider", "meter", "whole", "part"), TWICE)
def test_a_whole_and_its_parts_are_not_put_together(
    provider: str, meter: str, whole: dict[str, Any], part: dict[str, Any], world: Simulator, tmp_path: Path
) -> None:
    one, other = (asked(world, provider, meter, given) for given in (whole, part))
    usages = [mt.fetch(each, "2026-03", now=NOW, on_error="keep") for each in (one, other)]
    for pair in (usages, usages[::-1]):
        with pytest.raises(InvalidArgument, match=f"{meter} was asked for by .* which count the same usage: keep them"):
            mt.concat(pair)
    ledger = mt.Ledger(tmp_path / "ledger")
    ledger.sync(one, "2026-03", now=NOW, on_error="keep")
    before = ledger.usage("2026-03", now=NOW)
    with pytest.raises(InvalidArgument, match="which count the same usage: keep them"):
        ledger.sync(other, "2026-03", now=NOW)
    assert ledger.usage("2026-03", now=NOW).to_dicts() == before.to_dicts()
    assert len(before) == len(usages[0]) > 0
    # At another time it is told by nothing else.
    ledger.sync(other, "2026-02", now=NOW, on_error="keep")


def test_two_syncs_at_once_that_store_a_whole_and_its_parts_are_refused_when_they_are_read(
    world: Simulator, tmp_path: Path
) -> None:
    ledger = mt.Ledger(tmp_path / "ledger")
    ricoh = world.client("ricoh")
    read = ["ricoh.connection_time"]
    whole = ricoh.select(meters=[*read, "ricoh.traffic_volume"])
    # The second one begins after the first one has looked at what is stored, and stores before it.
    begun: list[object] = []

    def meanwhile(event: object) -> None:
        if not begun:
            begun.append(event)
            mt.Ledger(tmp_path / "ledger").sync(ricoh.select(meters=read, by_label=True), "2026-03", now=NOW)

    ledger.sync(whole, "2026-02-01", "2026-04-01", now=NOW, on_event=meanwhile)
    assert begun
    told = "count the same usage: both are stored here: sync them into two ledgers, and read the other meters here with"
    for given in ({}, {"meters": read}):
        with pytest.raises(InvalidArgument, match=told):
            ledger.usage("2026-03", now=NOW, **given)
    # What is told once is read as ever.
    assert len(ledger.usage("2026-03", meters=["ricoh.traffic_volume"], now=NOW)) > 0
    assert set(ledger.usage("2026-02", now=NOW)["meter"]) >= set(read)
    with pytest.warns(mt.CoverageWarning, match="the ledger had nothing then"):
        assert len(ledger.usage("2026-03", as_of="2026-04-01", now=NOW)) == 0
    # So is the growth of another meter.
    sora = world.client("sora").select(meters=["sora.total_egress"])
    ledger.snapshot(sora)
    ledger.increments("sora.total_egress")


def test_parts_that_have_nothing_in_common_are_put_together(world: Simulator) -> None:
    ricoh = world.client("ricoh")
    parts = [mt.fetch(ricoh.select(env=env), "2026-03", now=NOW) for env in ("prod", "dev")]
    meter = ["ricoh.connection_time"]
    figures = [usage.rollup("month", meters=meter)["quantity"][0] for usage in parts]
    assert mt.concat(parts).rollup("month", meters=meter)["quantity"] == [sum(figures)]


def test_what_is_off_is_as_if_nobody_had_said_anything(world: Simulator) -> None:
    devicewise = world.client("devicewise")
    given = {"meters": ["devicewise.connections"], "series": "day"}
    usages = [
        mt.fetch(devicewise.select(**given, **more), "2026-03", now=NOW) for more in ({}, {"include_sub_orgs": False})
    ]
    assert len(mt.concat(usages)) == len(usages[0])


def test_focus_takes_for_each_month_the_view_that_tells_it(world: Simulator) -> None:
    sora = world.client("sora")
    months = mt.fetch(sora.select(meters=["sora.project_monthly_egress"]), "2026-01-01", "2026-04-01", now=NOW)
    days = mt.fetch(sora.select(meters=["sora.egress"]), "2026-04-01", "2026-04-15", now=NOW, on_error="keep")
    both = mt.concat([months, days]).to_focus()
    assert both.left_out == []
    assert len(both) == len(months) + len(days)
    rates = [{"meter": "sora.total_egress", "unit": "GB", "price": "12", "currency": "JPY"}]
    usage = mt.fetch(
        sora.select(meters=["sora.egress", "sora.total_egress"]), "2026-03-01", "2026-04-15", now=NOW, on_error="keep"
    )
    rows = usage.to_focus("1.2", rates).to_dicts()
    told = {f"{row['ChargePeriodStart']:%Y-%m} {row['x_SourceMeter']}" for row in rows}
    assert told == {"2026-03 sora.egress", "2026-04 sora.total_egress"}


def test_focus_refuses_two_views_of_which_each_tells_another_part_of_a_month(world: Simulator) -> None:
    sora = world.client("sora")
    month = mt.fetch(sora.select(meters=["sora.project_monthly_egress"]), "2026-03", now=NOW)
    week = mt.fetch(sora.select(meters=["sora.egress"]), "2026-03-01", "2026-03-08", now=NOW)
    both = mt.concat([month, week])
    with pytest.raises(InvalidArgument, match="both tell the same usage of one month: name one of them with meters="):
        both.to_focus()
    assert len(both.to_focus(meters=["sora.project_monthly_egress"])) == len(month)


@pytest.mark.parametrize(("zone", "is_told"), [("UTC", True), ("Asia/Tokyo", True), ("America/New_York", False)])
def test_a_month_is_not_told_as_the_one_before_it(zone: str, is_told: bool, world: Simulator) -> None:
    meter = "sora.project_monthly_egress"
    usage = mt.fetch(world.client("sora").select(meters=[meter]), "2026-03", now=NOW)
    if is_told:
        rolled = usage.rollup("month", tz=zone)
        assert (rolled["period"][0], rolled["quantity"][0]) == ("2026-03", sum(usage["quantity"]))
    else:
        with pytest.raises(InvalidArgument, match="cannot be told by the month"):
            usage.rollup("month", tz=zone)


def test_a_ledger_of_another_time_rolls_up_to_nothing(world: Simulator, tmp_path: Path) -> None:
    ledger = mt.Ledger(tmp_path / "ledger")
    ledger.sync(world.client("volcengine"), "2026-01-24", "2026-02-10", now=NOW)
    usage = ledger.usage("2026-03-01", "2026-04-01", now=NOW)
    assert not usage.is_complete
    for rolled in (usage.rollup("month"), usage.rollup(), mt.concat([usage, usage]).rollup("month")):
        assert len(rolled) == 0
