"""Answers of native calls as flat rows: each figure stands once, and nothing is nested."""

from __future__ import annotations

import inspect
import pickle
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support import Door

from metertap import models
from metertap.models import (
    ConsumptionSummary,
    CostAndUsage,
    CounterSeries,
    LabelUsage,
    LiveUsage,
    LiveUsageDetail,
    LiveUsageRow,
    StatusThisMonth,
    TenantConsumption,
    Traffic,
    UsageHistory,
    UsageItem,
    UsageSubItem,
)
from metertap.simulator import Simulator

CHINA = timezone(timedelta(hours=8))
DAY = datetime(2026, 3, 1, tzinfo=CHINA)


def live(rows: list[LiveUsageRow], details: list[LiveUsageDetail]) -> LiveUsage:
    return LiveUsage(DAY, DAY, 86400, {"storage": Decimal(9)}, rows, details, None, {})


ROW = LiveUsageRow(DAY, {"storage": Decimal("4503380.1")}, {"resolution": "720p"})


def test_the_maps_of_a_row_become_columns() -> None:
    assert ROW.records() == [{"time_stamp": DAY, "storage": Decimal("4503380.1"), "resolution": "720p"}]
    assert live([ROW, ROW], []).records() == ROW.records() * 2
    assert live([], []).records() == []


def test_what_a_list_is_of_stands_on_its_rows() -> None:
    detail = LiveUsageDetail({"domain": "a.example"}, {"storage": Decimal(9)}, [ROW])
    assert detail.records() == [{"domain": "a.example", **ROW.records()[0]}]
    # The details divide the same figures once more, so they are no rows of the whole.
    assert live([ROW], [detail]).records() == ROW.records()


def test_a_key_that_is_taken_gets_the_name_of_its_map_and_loses_nothing() -> None:
    row = LiveUsageRow(DAY, {"time_stamp": Decimal(1), "a": Decimal(2)}, {"a": "b"}, {"new": {"x": [1, "y"]}})
    assert row.records() == [
        {"time_stamp": DAY, "values.time_stamp": 1, "a": 2, "dimensions.a": "b", "extra.new.x": "1 y"}
    ]


def test_deeper_lists_are_rows_of_their_own_so_that_no_figure_stands_twice() -> None:
    item = UsageItem("bitrate_reservation", None, Decimal(50), [UsageSubItem("500", Decimal(7), None)])
    answer = CostAndUsage([LabelUsage("red", Decimal(50), [item]), LabelUsage(None, None, [])])
    assert answer.records() == [
        {"label": "red", "approximate_total_cost": 50},
        {"label": "red", "items.item_name": "bitrate_reservation", "items.usage": None, "items.approximate_cost": 50},
        {
            "label": "red",
            "items.item_name": "bitrate_reservation",
            "items.sub_items.item_name": "500",
            "items.sub_items.usage": 7,
            "items.sub_items.approximate_cost": None,
        },
        {"label": None, "approximate_total_cost": None},
    ]
    frame = answer.to_pandas()
    assert frame["approximate_total_cost"].sum() == frame["items.approximate_cost"].sum() == 50.0
    assert [row["item_name"] for row in answer.results[0].records()] == ["bitrate_reservation"] * 2


def test_counters_over_time_have_a_row_for_each_value() -> None:
    later = DAY + timedelta(hours=1)
    series = [CounterSeries(["ACME", "usage"], [1, None], None), CounterSeries(["total"], [], 5)]
    assert UsageHistory(series, 6, [DAY, later]).records() == [
        {"path": "ACME usage", "timestamp": DAY, "value": 1},
        {"path": "ACME usage", "timestamp": later, "value": None},
        {"path": "total", "timestamp": None, "value": 5},
    ]


def test_what_lists_nothing_is_one_row() -> None:
    status = StatusThisMonth(1, 2, 3, Traffic(4, 5), 6, 7, 8, 9, 10, DAY)
    (row,) = status.records()
    assert (row["total_traffic_this_month.ingress"], row["retrieved_at"], len(row)) == (4, DAY, 11)
    tenants = [TenantConsumption("t", Decimal(1), None), TenantConsumption("u", None, Decimal(2))]
    assert [row["tenant_id"] for row in ConsumptionSummary(Decimal(3), tenants).records()] == ["t", "u"]


def test_a_frame_has_floats_or_exact_fractions_and_times_in_utc(tmp_path: Path) -> None:
    answer = live([ROW, LiveUsageRow(DAY + timedelta(days=1), {"storage": Decimal("0.5")}, {})], [])
    frame, exact = answer.to_pandas(), answer.to_pandas(exact=True)
    assert list(frame.columns) == list(exact.columns) == ["time_stamp", "storage", "resolution"]
    assert list(frame["storage"]) == [4503380.1, 0.5]
    assert list(exact["storage"]) == [Decimal("4503380.1"), Decimal("0.5")]
    assert list(frame["time_stamp"]) == [DAY, DAY + timedelta(days=1)]
    assert str(frame["time_stamp"].dt.tz) == "UTC"
    for one in (frame, exact):
        one.to_parquet(tmp_path / "x.parquet")
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "x.parquet"), one)
    assert live([], []).to_pandas().empty


@pytest.mark.parametrize("provider", ["volcengine", "ricoh", "uipath", "devicewise"])
def test_answers_of_services_become_flat_frames(provider: str, simulator: Simulator, door: Door) -> None:
    client = door.simulated(simulator, provider)
    method, arguments = {
        "volcengine": ("time_shift_data", {"start": "2026-04-10", "end": "2026-04-12"}),
        "ricoh": ("cost_and_usage_total", {"since": "2026-02-01", "until": "2026-03-01"}),
        "uipath": ("consumption_summary", {"start": "2026-02-01", "end": "2026-03-01", "consumable_code": "AIU"}),
        "devicewise": ("thing_usage_history", {"last": "24h"}),
    }[provider]
    answer: Any = door.ask(client, method, **arguments)
    frame = answer.to_pandas(exact=True)
    assert len(frame) == len(answer.records()) > 0
    nested = [value for name in frame.columns for value in frame[name] if isinstance(value, (dict, list))]
    assert nested == []
    assert not frame.duplicated().all()
    assert pickle.loads(pickle.dumps(answer)) == answer


def test_every_record_can_be_flat() -> None:
    for name in models.__all__:
        assert callable(getattr(models, name).records)
        assert "flat rows" in (inspect.getdoc(getattr(models, name).to_pandas) or "")
