"""FOCUS extracts: nothing that is not known, nothing twice, and the prices are the caller's."""

from __future__ import annotations

import csv
import importlib.util
import math
import pickle
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from support import NOW, questions, run_python

import metertap as mt
from metertap import focus
from metertap.errors import InvalidArgument, WrongType
from metertap.rate_card import Rate, RateCard
from metertap.simulator import Simulator

ROOT = Path(__file__).parents[2]
UTC = timezone.utc
MARCH = ("2026-03-01", "2026-04-01")


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    with Simulator(seed=7, now=NOW) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def usage(world: Simulator) -> mt.Usage:
    return mt.fetch(questions(world), *MARCH, now=NOW)


@pytest.fixture(scope="module")
def sora(world: Simulator) -> mt.Usage:
    return mt.fetch(world.client("sora"), *MARCH, now=NOW)


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("focus_tool", ROOT / "tools" / "focus.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rate(**other: Any) -> dict[str, Any]:
    return {"meter": "sora.egress", "unit": "GB", "price": "12.5", "currency": "JPY", **other}


# What becomes a row


def test_every_row_is_a_reading_that_adds_up_and_every_other_reading_has_a_reason(usage: mt.Usage) -> None:
    extract = usage.to_focus()
    readings = usage.readings()
    of = Counter(reading.meter for reading in readings)
    kinds = {reading.meter: reading.kind for reading in readings}
    rows = Counter(row["x_SourceMeter"] for row in extract.to_dicts())
    left = Counter({one["meter"]: one["readings"] for one in extract.left_out})
    assert rows + left == of
    assert {kinds[meter] for meter in rows} == {"sum"}
    assert all(kinds[meter] in ("peak", "gauge") for meter in left if not meter.startswith("ricoh."))
    assert left["ricoh.cost"]
    assert left["ricoh.bitrate_reservation"] == 5
    assert sum(row["ConsumedQuantity"] for row in extract.to_dicts() if row["x_SourceMeter"] == "sora.egress") == sum(
        reading.quantity for reading in readings if reading.meter == "sora.egress"
    )


def test_an_item_and_its_parts_are_never_both_rows_and_a_price_decides_which(usage: mt.Usage) -> None:
    def bitrates(extract: focus.Extract) -> dict[str, Any]:
        return {
            row["x_SourceMeter"]: row["x_ApproximateCost"]
            for row in extract.to_dicts()
            if "bitrate" in row["x_SourceMeter"]
        }

    assert list(bitrates(usage.to_focus())) == ["ricoh.bitrate_reservation_total"]
    assert bitrates(usage.to_focus())["ricoh.bitrate_reservation_total"] > 0
    tier = rate(meter="ricoh.bitrate_reservation", unit="minutes", price="3", bitrate_mbps="10")
    assert list(bitrates(usage.to_focus("1.2", [tier]))) == ["ricoh.bitrate_reservation"]
    named = usage.to_focus(meters="ricoh.bitrate_reservation")
    assert {row["x_SourceMeter"] for row in named.to_dicts()} == {"ricoh.bitrate_reservation"}
    with pytest.raises(InvalidArgument, match="tell the same usage, which would count twice: name one"):
        usage.to_focus(meters=["ricoh.bitrate_reservation", "ricoh.bitrate_reservation_total"])


def test_two_views_of_one_tenant_are_one_and_another_tenant_keeps_its_own(world: Simulator) -> None:
    tenant = "7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44"
    uipath = world.client("uipath", name="robots")
    asked = uipath.select(
        consumable_code="AIU", tenant_id=tenant, meters=["uipath.consumption", "uipath.service_consumption"]
    )
    both = mt.fetch(asked, *MARCH, now=NOW, on_error="keep")
    assert {reading.meter for reading in both.readings()} == {"uipath.consumption", "uipath.service_consumption"}
    assert {row["x_SourceMeter"] for row in both.to_focus().to_dicts()} == {"uipath.service_consumption"}
    summary = mt.fetch(uipath.select(consumable_code="AIU"), *MARCH, now=NOW).to_focus()
    assert len({row["x_Labels"] for row in summary.to_dicts()}) > 1


def test_a_counter_of_the_month_so_far_is_there_once_and_partial(world: Simulator) -> None:
    asked = world.client("sora").select(meters=["sora.total_sessions", "sora.total_egress", "sora.egress"])
    usage = mt.fetch(asked, "2026-04-01", "2026-05-01", now=NOW, on_error="keep")
    counters = [row for row in usage.to_dicts() if row["kind"] == "cumulative"]
    assert {row["meter"] for row in counters} == {"sora.total_sessions", "sora.total_egress"}
    rows = [row for row in usage.to_focus().to_dicts() if row["x_SourceMeter"].startswith("sora.total_")]
    [sessions] = rows  # the egress so far is another view of the days' egress
    assert sessions["x_SourceMeter"] == "sora.total_sessions"
    assert sessions["x_IsPartial"] is True
    [read_at] = {row["end"] for row in counters if row["meter"] == "sora.total_sessions"}
    assert 0 <= (sessions["ChargePeriodEnd"] - read_at).total_seconds() < 1
    assert sessions["ChargePeriodEnd"].microsecond == 0


def test_of_several_looks_at_a_counter_the_latest_of_each_month_counts() -> None:
    rows = [
        {"account": "a", "meter": "sora.total_sessions", "kind": "cumulative", "unit": "sessions"}
        | {"start": datetime(2026, month, 1, tzinfo=UTC), "end": datetime(2026, month, day, tzinfo=UTC)}
        for month, day in ((3, 5), (3, 20), (3, 9), (4, 2))
    ]
    kept, left_out = focus._chosen(rows, None, None, UTC)
    assert [(row["end"].month, row["end"].day) for row in kept] == [(3, 20), (4, 2)]
    assert [(one["readings"], one["reason"]) for one in left_out] == [
        (2, "a later reading of the same counter and month is there")
    ]


# What stands in a row


def test_what_is_not_known_is_null_and_never_zero(usage: mt.Usage, tool: ModuleType) -> None:
    rows = usage.to_focus().to_dicts()
    unknown = {"BillingAccountId", "BillingAccountName", "BillingCurrency", "InvoiceIssuerName", "InvoiceId"}
    unknown |= {*focus.COSTS, "PricingQuantity", "PricingUnit", "ChargeClass", "CommitmentDiscountStatus"}
    assert {name for name in focus.LINEAGE if all(row[name] is None for row in rows)} == unknown
    assert tool.zeros_for_unknown(rows) == []
    # The check itself: a zero in place of null is found in each of the four columns.
    for column in focus.COSTS:
        assert len(tool.zeros_for_unknown([{**rows[0], column: Decimal(0)}])) == 1


def test_what_the_provider_states_stands_beside_the_costs_and_not_in_them(usage: mt.Usage) -> None:
    stated = [row for row in usage.to_focus().to_dicts() if row["x_CostBasis"] != "none"]
    costs = {reading.meter: reading.cost for reading in usage.readings() if reading.cost is not None}
    assert {row["x_SourceMeter"]: row["x_ApproximateCost"] for row in stated} == costs
    assert {row["x_CostBasis"] for row in stated} == {"provider_approximate"}
    assert {row["x_ApproximateCostCurrency"] for row in stated} == {"JPY"}
    assert {row["BilledCost"] for row in stated} == {None}


def test_partial_is_true_false_or_not_known() -> None:
    row = {"kind": "sum", "status": "settled", "flags": []}
    assert focus._is_partial(row) is False
    assert focus._is_partial({**row, "status": "unknown"}) is None
    assert focus._is_partial({**row, "status": "provisional"}) is True
    assert focus._is_partial({**row, "flags": ["floored", "lower_bound"]}) is True
    assert focus._is_partial({**row, "kind": "cumulative", "status": "settled"}) is True


def test_a_row_leads_back_to_its_reading(usage: mt.Usage) -> None:
    readings = {(r.call_id, r.meter, r.start, tuple(sorted(r.dimensions.items()))): r for r in usage.readings()}
    import json

    for row in usage.to_focus().to_dicts()[:500]:
        labels = json.loads(row["x_Labels"] or "{}")
        start = row["ChargePeriodStart"]
        reading = readings[row["x_CallId"], row["x_SourceMeter"], start, tuple(sorted(labels.items()))]
        assert (row["x_Account"], row["ConsumedQuantity"]) == (reading.account, reading.quantity)
        assert row["ChargePeriodEnd"] == reading.end
        assert row["x_Flags"].split() == reading.flags


@pytest.mark.parametrize(
    ("unit", "written"),
    [
        ("bytes", "B"),
        ("GiB", "GiB"),
        ("minutes", "Minutes"),
        ("1000 requests", "1000 Requests"),
        ("kB", "KB"),
        ("h", "Hours"),
        ("10 GB h", "10 GB-Hours"),
    ],
)
def test_units_are_written_as_focus_writes_them(unit: str, written: str) -> None:
    assert focus.focus_unit(unit) == written


def test_a_provider_that_is_a_document_is_of_no_category_and_its_money_is_no_quantity() -> None:
    # In a process of its own: what is registered stays so.
    code = f"""
import warnings
from datetime import timezone
import metertap as mt
from metertap.simulator import Simulator
warnings.simplefilter("ignore")
mt.register({str(ROOT / "examples/providers/github.toml")!r})
with Simulator(now="2026-04-15", providers=["github"]) as simulator:
    usage = mt.fetch(simulator.client("github"), "2026-03-01", "2026-03-03", now="2026-04-15", on_error="keep")
extract = usage.to_focus(tz=timezone.utc)
print(sorted({{(row["ProviderName"], row["ServiceCategory"], row["ConsumedUnit"]) for row in extract.to_dicts()}}))
print([(one["meter"], one["reason"]) for one in extract.left_out])
"""
    assert run_python(code).splitlines() == [
        "[('GitHub', 'Other', 'GB-Hours'), ('GitHub', 'Other', 'Minutes')]",
        "[('github.net_amount', 'money, and no quantity that was consumed')]",
    ]


def test_months_are_those_of_the_zone(world: Simulator) -> None:
    usage = mt.fetch(world.client("volcengine"), *MARCH, now=NOW, tz="Asia/Shanghai")
    shanghai = {row["BillingPeriodStart"] for row in usage.to_focus(tz="Asia/Shanghai").to_dicts()}
    assert shanghai == {datetime(2026, 2, 28, 16, tzinfo=UTC)}
    assert len({row["BillingPeriodStart"] for row in usage.to_focus().to_dicts()}) == 2
    with pytest.raises(InvalidArgument, match="there is no time zone 'Mars/Base'"):
        usage.to_focus(tz="Mars/Base")


def test_a_figure_of_two_months_is_refused(world: Simulator) -> None:
    uipath = world.client("uipath").select(consumable_code="AIU")
    quarter = mt.fetch(uipath, "2026-01-01", "2026-04-01", now=NOW)
    with pytest.raises(InvalidArgument, match="no one month to bill it in: plan with every='month'"):
        quarter.to_focus()
    monthly = mt.fetch(mt.plan(uipath, "2026-01-01", "2026-04-01", now=NOW, every="month"))
    assert len({row["BillingPeriodStart"] for row in monthly.to_focus().to_dicts()}) == 3


def test_account_and_issuer_are_what_the_caller_says(usage: mt.Usage) -> None:
    extract = usage.to_focus(billing_account_id={"sora": "s-1"}, invoice_issuer_name="Reseller")
    told = {row["x_Account"]: (row["BillingAccountId"], row["InvoiceIssuerName"]) for row in extract.to_dicts()}
    assert told["sora"] == ("s-1", "Reseller")
    assert told["ricoh"] == (None, "Reseller")
    with pytest.raises(InvalidArgument, match="billing_account_id must not be empty"):
        usage.to_focus(billing_account_id="")
    with pytest.raises(WrongType, match="must be a text, or a dict of account names to texts"):
        usage.to_focus(billing_account_id=7)  # type: ignore[arg-type]


# Prices


def test_a_cost_is_quantity_times_price_to_the_last_digit(sora: mt.Usage) -> None:
    rows = sora.to_focus("1.2", [rate(price="0.123456789")]).to_dicts()
    priced = [row for row in rows if row["x_CostBasis"] == "user_rate_card"]
    assert {row["x_SourceMeter"] for row in priced} == {"sora.egress"}
    for row in priced:
        assert Fraction(row["PricingQuantity"]) == Fraction(row["ConsumedQuantity"]) / 10**9
        assert Fraction(row["BilledCost"]) == Fraction(row["ConsumedQuantity"]) / 10**9 * Fraction("0.123456789")
        assert {row[column] for column in focus.COSTS} == {row["BilledCost"]}
        assert (row["PricingUnit"], row["BillingCurrency"], row["x_Flags"]) == ("GB", "JPY", "")
    assert {row["BilledCost"] for row in rows if row["x_SourceMeter"] == "sora.ingress"} == {None}


def test_a_product_with_too_many_digits_is_rounded_half_to_even_and_flagged(sora: mt.Usage) -> None:
    [first, *_] = [r for r in sora.to_focus("1.2", [rate(unit="GiB", price="1")]).to_dicts() if r["BilledCost"]]
    exact = Fraction(first["ConsumedQuantity"]) / 2**30
    assert first["x_Flags"] == "rounded"
    assert abs(Fraction(first["BilledCost"]) - exact) <= Fraction(1, 2 * 10**18)
    assert focus._decimal(Fraction(5, 10**19), "m") == (Decimal(0), False)
    assert focus._decimal(Fraction(15, 10**19), "m") == (Decimal("2e-18"), False)
    assert focus._decimal(Fraction(-3, 2), "m") == (Decimal("-1.5"), True)
    with pytest.raises(InvalidArgument, match="more than 20 digits before the point"):
        focus._decimal(Fraction(10**20), "m")


def test_a_price_changes_on_its_day(sora: mt.Usage) -> None:
    rows = sora.to_focus("1.2", [rate(end="2026-03-15"), rate(price=10, start=date(2026, 3, 15))]).to_dicts()
    prices = {
        row["ChargePeriodStart"].day: row["BilledCost"] / row["PricingQuantity"] for row in rows if row["BilledCost"]
    }
    assert {day for day, price in prices.items() if price == Decimal("12.5")} == set(range(1, 15))
    assert {day for day, price in prices.items() if price == 10} == set(range(15, 32))


def test_a_price_by_label_is_for_that_label(usage: mt.Usage) -> None:
    aiu = rate(meter="uipath.consumption", unit="units", price="2", consumable_code="AIU")
    rows = [r for r in usage.to_focus("1.2", [aiu]).to_dicts() if r["x_SourceMeter"] == "uipath.consumption"]
    assert {('"AIU"' in row["x_Labels"], row["x_CostBasis"]) for row in rows} == {
        (True, "user_rate_card"),
        (False, "none"),
    }


def test_a_cost_of_zero_is_there_where_nothing_was_used(tool: ModuleType) -> None:
    rows = [{"x_CostBasis": "user_rate_card", "x_SourceMeter": "m", "ChargePeriodStart": "now", "ConsumedQuantity": 0}]
    assert tool.zeros_for_unknown([{**rows[0], **dict.fromkeys(focus.COSTS, Decimal(0))}]) == []


REFUSED = {
    "a gap": ([rate(end="2026-03-10")], "has a gap: sora.egress has no price for 2026-03-10; add a rate"),
    "two prices": ([rate(), rate(price="9")], r"has two prices for one day \(every day\): end one before it"),
    "two prices from a day on": (
        [rate(end="2026-03-20"), rate(start="2026-03-15")],
        r"has two prices for one day \(2026-03-15\)",
    ),
    "two currencies": (
        [rate(), rate(meter="sora.ingress", currency="USD")],
        "one currency, and this one has JPY and USD",
    ),
    "the provider's is another": (
        [rate(meter="ricoh.traffic_volume", unit="GiB", currency="USD")],
        "prices ricoh.traffic_volume in USD, and its provider states JPY: .* nothing is converted",
    ),
    "no currency": (
        [rate(currency="yen")],
        "currency of a rate must be three capital letters such as 'JPY', not 'yen'",
    ),
    "no meter": ([rate(meter="sora.egres")], "'sora.egres', which is no meter: did you mean 'sora.egress'"),
    "no label": ([rate(domain="a")], "names the label 'domain', but its labels are: none"),
    "no unit": ([rate(unit="")], "unit of a rate must be such as 'GB' or '1000 requests', not ''"),
    "another unit": (
        [rate(unit="minutes")],
        "by 'minutes', but the meter counts bytes: write it by 'bytes', or by B, kB",
    ),
    "no price": ([rate(price="free")], "price of a rate must be a number such as '12.5', not 'free'"),
    "a price below zero": ([rate(price="-1")], "must be a number from 0 to below 10"),
    "a price that is none": ([rate(price="NaN")], "must be a number from 0 to below 10"),
    "a price of a million digits": ([rate(price="1e-999999")], "of 30 digits behind the point at most, not 1e-999999"),
    "a week": ([rate(start="2026-W10-1")], "must be a day such as '2026-04-01', not '2026-W10-1'"),
    "no day": ([rate(start="March")], "start of a rate must be a day such as '2026-04-01', not 'March'"),
    "days that end first": ([rate(start="2026-04-01", end="2026-04-01")], "which is not after its start"),
    "something missing": ([{"meter": "sora.egress"}], "and this one has no unit, price, currency"),
    "nothing": ([], "a rate card without a rate prices nothing"),
    "one price for many codes": (
        [rate(meter="uipath.consumption", unit="units")],
        "counts different things by label, so one price for all is none",
    ),
    "two that both match": (
        [
            rate(meter="uipath.consumption", unit="units", **label)
            for label in ({"pool": "tenant"}, {"consumable_code": "AIU"})
        ],
        "has two prices for 2026-03-01: uipath.consumption pool=tenant and uipath.consumption consumable_code=AIU",
    ),
    "a price that changes within a figure": (
        [
            rate(meter="ricoh.traffic_volume", unit="GiB", **days)
            for days in ({"end": "2026-03-10"}, {"start": "2026-03-10"})
        ],
        "goes from 2026-03-01 to 2026-03-31 and the price ends on 2026-03-10 within it",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_rate_card_that_does_not_say_one_price_is_refused_in_a_sentence(what: str, usage: mt.Usage) -> None:
    rates, sentence = REFUSED[what]
    with pytest.raises(InvalidArgument, match=sentence) as refused:
        usage.to_focus("1.2", rates)
    assert str(refused.value).count("\n") == 0


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ([rate(price=12.5)], "price of a rate must be a text, an int or a Decimal, not float"),
        ([rate(price=True)], "price of a rate must be a text, an int or a Decimal, not bool"),
        ([7], "a rate must be a Rate or a dict, not int"),
        (7, "a rate card is made of a list of rates, not of int"),
        (rate(), "a rate card is made of a list of rates, not of dict"),
        ([rate(meter=7)], "meter of a rate must be a str, not int"),
        ([rate(start=datetime(2026, 3, 1, tzinfo=UTC))], "start of a rate must be a date or a text"),
        ([rate(consumable_code=7)], "labels of a rate must be a dict of texts"),
    ],
)
def test_a_rate_card_of_other_types_is_refused(wrong: Any, sentence: str, sora: mt.Usage) -> None:
    with pytest.raises(WrongType, match=sentence):
        sora.to_focus("1.2", wrong)


def test_a_version_that_is_not_known_is_refused_in_a_sentence(sora: mt.Usage) -> None:
    for version in ("1.3", "1.4", "", "latest"):
        with pytest.raises(InvalidArgument, match=r"is not known: write version='1.2', the newest whose rules were"):
            sora.to_focus(version)
    with pytest.raises(WrongType, match="exact must be True or False, not str"):
        sora.to_focus().to_pandas(exact="yes")  # type: ignore[arg-type]
    with pytest.raises(WrongType, match=r"version must be a str such as '1.2', not float"):
        sora.to_focus(1.2)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match=r"has no reading of 'ricoh.cost'"):
        sora.to_focus(meters=["ricoh.cost"])


def test_a_card_is_read_from_a_csv(tmp_path: Path, usage: mt.Usage) -> None:
    file = tmp_path / "rates.csv"
    head = "meter,unit,price,currency,start,end,consumable_code\n"
    lines = "sora.egress,GB,12.50,JPY,2026-03-01,,\nuipath.consumption,units,3,JPY,,,AIU\n"
    file.write_text(f"\ufeff{head}{lines}", encoding="utf-8")
    card = RateCard.read_csv(file)
    assert card.rates == [
        Rate("sora.egress", "GB", Decimal("12.50"), "JPY", start=date(2026, 3, 1)),
        Rate("uipath.consumption", "units", Decimal(3), "JPY", labels={"consumable_code": "AIU"}),
    ]
    assert usage.to_focus("1.2", str(file)).to_dicts() == usage.to_focus("1.2", card).to_dicts()
    for text, sentence in [
        (f"{head}sora.egress,GB,dear,JPY,,,\n", "row 2: price of a rate must be a number"),
        (f"{head}sora.egress,GB\n", "row 2: it has not as many cells as its first row"),
        (f"{head}sora.egress,GB,1,JPY,,,,,\n", "row 2: it has not as many cells as its first row"),
        ("meter,unit\nsora.egress,GB\n", "row 2: a rate needs meter, unit, price, currency"),
        ("", "a rate card without a rate"),
    ]:
        file.write_text(text, encoding="utf-8")
        with pytest.raises(InvalidArgument, match=sentence):
            RateCard.read_csv(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidArgument, match="cannot be read: it is no CSV in UTF-8"):
        RateCard.read_csv(file)
    with pytest.raises(InvalidArgument, match="cannot be read: No such file"):
        RateCard.read_csv(tmp_path / "none.csv")


# What it is as a whole


def test_an_extract_says_of_itself_what_it_is_not(usage: mt.Usage, sora: mt.Usage) -> None:
    extract = sora.to_focus()
    assert not extract.is_conformant
    assert "not a conformant FOCUS dataset" in repr(extract)
    assert "not a conformant FOCUS dataset" in extract._repr_html_()
    metadata = extract.to_arrow().schema.metadata
    assert metadata[b"is_conformant"] == b"false"
    assert metadata[b"statement"].decode() == extract.statement
    assert "estimates from a rate card" in sora.to_focus("1.2", [rate()]).statement
    part = mt.plan(list(usage.plan._clients.values())[:1], *MARCH, now=NOW).shard(0, 2)
    assert "of a plan" in mt.fetch(part, on_error="keep").to_focus().statement


def test_the_rules_that_it_breaks_follow_from_its_nulls(sora: mt.Usage) -> None:
    told: dict[str, Any] = {"billing_account_id": "a", "invoice_issuer_name": "Shiguredo"}
    prices = [rate(), rate(meter="sora.ingress")]
    assert len(sora.to_focus().failing_rules) == 16
    assert len(sora.to_focus(**told).failing_rules) == 12
    assert set(sora.to_focus("1.2", prices, **told).failing_rules) == {"InvoiceId-C-005-C"}
    reseller = sora.to_focus("1.2", prices, **{**told, "invoice_issuer_name": "Reseller"})
    assert "BilledCost-C-005-C" in reseller.failing_rules


def test_all_readers_see_the_same_rows(sora: mt.Usage, tmp_path: Path) -> None:
    extract = sora.to_focus("1.2", [rate()])
    rows = extract.to_dicts()
    assert extract.columns == list(rows[0]) == list(focus.LINEAGE)
    assert extract.to_arrow().to_pylist() == rows
    assert extract.to_polars().to_dicts() == rows
    assert pl.DataFrame(extract).to_dicts() == rows
    assert pickle.loads(pickle.dumps(extract)).to_dicts() == rows
    assert list(extract.to_pandas(exact=True)["ConsumedQuantity"]) == [row["ConsumedQuantity"] for row in rows]
    assert list(extract.to_pandas()["ConsumedQuantity"]) == [float(row["ConsumedQuantity"]) for row in rows]
    assert math.isnan(extract.to_pandas()["BilledCost"].iloc[0])
    extract.write_parquet(tmp_path / "f.parquet")
    assert pq.read_table(tmp_path / "f.parquet").to_pylist() == rows
    extract.write_csv(tmp_path / "f.csv")
    with (tmp_path / "f.csv").open(encoding="utf-8", newline="") as file:
        [first, *_] = csv.DictReader(file)
    assert first["ChargePeriodStart"] == "2026-03-01T00:00:00Z"
    assert first["BilledCost"] == ""
    assert Decimal(first["ConsumedQuantity"]) == rows[0]["ConsumedQuantity"]
    with pytest.raises(InvalidArgument, match="cannot be written"):
        extract.write_csv(tmp_path / "none" / "f.csv")


def test_what_stands_in_a_print_is_escaped(sora: mt.Usage) -> None:
    extract = sora.to_focus(meters="sora.egress")
    extract._rows[0]["x_SourceMeter"] = "<script>"
    assert "<script>" not in extract._repr_html_()
    assert "&lt;script&gt;" in extract._repr_html_()


def test_every_meter_that_adds_up_is_a_view_or_stands_alone() -> None:
    known = {meter.name for meter in mt.meters()}
    views = [name for names, _ in focus.VIEWS for name in names]
    assert set(views) <= known
    assert len(set(views)) == len(views)
    assert {meter.provider for meter in mt.meters()} >= set(focus.SERVICES)


def test_the_page_has_the_lineage_and_the_rules() -> None:
    page = (ROOT / "docs/focus.md").read_text(encoding="utf-8")
    for column, (_, made_of) in focus.LINEAGE.items():
        assert f"| `{column}` | {made_of} |" in page
    for rules in focus.FAILING_RULES.values():
        for rule, reason in rules.items():
            assert re.search(rf"\| `{rule}` \| .* \| {re.escape(reason)} \|", page), rule


def test_who_has_no_new_python_is_told_in_words(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "tools/focus.py", "--find-python"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PATH": str(tmp_path), "PYENV_ROOT": str(tmp_path)},
        check=False,
    )
    if sys.version_info < (3, 12):
        assert done.returncode == 1
        assert "needs Python 3.12 or newer" in done.stderr
        assert "nothing was judged" in done.stderr
    else:
        assert done.stdout.strip() == sys.executable
