"""The catalogue of meters: a table that filters, and still a sequence of meters."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

import metertap as mt
from metertap import _core
from metertap.errors import InvalidArgument, WrongType

ALL = mt.meters()


def test_it_has_every_meter_once_and_is_a_sequence_of_them() -> None:
    assert isinstance(ALL, Sequence)
    assert [meter.name for meter in ALL] == [row["name"] for row in _core.meters()]
    assert len(ALL) == len({(meter.name, meter.operation, meter.grain) for meter in ALL}) > 70
    assert ALL[0] == next(iter(ALL)) == ALL[:1][0]
    assert ALL[-1] in ALL
    assert "sora.egress" in ALL
    assert "sora.egres" not in ALL
    assert ALL.index(ALL["sora.egress"]) == [meter.name for meter in ALL].index("sora.egress")
    assert list(ALL) == ALL
    assert all(ALL[meter.name].name == meter.name for meter in ALL)
    assert all(ALL[meter.name].by_default for meter in ALL if meter.by_default)
    assert pickle.loads(pickle.dumps(ALL)) == ALL


def test_it_filters_by_what_stands_in_its_columns() -> None:
    found = mt.meters("volcengine", unit="GB")
    assert found
    assert {(meter.provider, meter.unit) for meter in found} == {("volcengine", "GB")}
    assert found == mt.meters().filter("volcengine").filter(unit="GB")
    assert found == [meter for meter in ALL if (meter.provider, meter.unit) == ("volcengine", "GB")]
    assert {meter.kind for meter in mt.meters(kind=["peak", "gauge"])} == {"peak", "gauge"}
    assert {meter.provider for meter in mt.meters(["sora", "ricoh"])} == {"sora", "ricoh"}
    assert all("vhost" in meter.dimensions for meter in mt.meters(dimension="vhost"))
    assert len(mt.meters(dimension="vhost")) == sum("vhost" in meter.dimensions for meter in ALL) > 0
    assert len(mt.meters(by_default=True)) + len(mt.meters(by_default=False)) == len(ALL)
    assert mt.meters("sora", unit="JPY") == []


def test_it_can_be_searched_by_words() -> None:
    assert {meter.name for meter in ALL.search("Sora WEBHOOK")} == {"sora.webhook_requests"}
    assert {"volcengine.time_shift_storage"} <= {meter.name for meter in ALL.search("storage")}
    assert ALL.search("") == ALL
    assert len(ALL.search("no such thing")) == 0


def test_it_converts_as_other_tables_do() -> None:
    rows = ALL.to_dicts()
    assert rows == _core.meters()
    frame = ALL.to_pandas()
    assert list(frame.columns) == ALL.columns == list(mt.Meter.__slots__)
    assert frame.set_index("name").loc["volcengine.time_shift_storage", "unit"] == "GiB"
    assert ALL.to_polars()["dimensions"].to_list() == [meter.dimensions for meter in ALL]
    assert pa.table(ALL).schema.field("history_days").type == pa.int64()
    assert pl.DataFrame(ALL).height == len(ALL)
    found = pa.table(ALL)
    [(count,)] = duckdb.sql("SELECT count(*) FROM found WHERE unit = 'GB'").fetchall()
    assert count == len(mt.meters(unit="GB"))
    assert found.num_rows == len(ALL)


def test_it_prints_as_a_table_with_whole_names_and_says_how_to_narrow_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in (80, 120):
        monkeypatch.setenv("COLUMNS", str(columns))
        told = repr(mt.meters()).splitlines()
        assert max(map(len, told)) <= columns
        assert told[0].split()[:1] == ["name"]
        assert [line.split()[0] for line in told[2 : 2 + len(ALL)]] == [meter.name for meter in ALL]
        assert told[2 + len(ALL)].startswith("79 meters: filter(unit=…), search(…) and [name] narrow them")
    assert "<script" not in mt.meters()._repr_html_()
    assert all(meter.name in mt.meters()._repr_html_() for meter in ALL)


@pytest.mark.parametrize(
    ("ask", "kind", "says"),
    [
        (
            lambda: mt.meters("volcegine"),
            InvalidArgument,
            "no meter here has the provider 'volcegine'; did you mean 'volcengine'?",
        ),
        (lambda: mt.meters(unit="gb"), InvalidArgument, "no meter here has the unit 'gb'; did you mean 'GB'?"),
        (lambda: mt.meters(unit="parsec"), InvalidArgument, "no meter here has the unit 'parsec'; there are "),
        (
            lambda: mt.meters("sora").filter(dimension="vhost"),
            InvalidArgument,
            "no meter here has the dimension 'vhost'; ",
        ),
        (lambda: mt.meters(7), WrongType, "provider must be a str or a list of str, not int."),
        (lambda: mt.meters(unit=[7]), WrongType, "unit must be a str or a list of str, not list."),
        (lambda: mt.meters(by_default="yes"), WrongType, "by_default must be True or False, not str."),
        (lambda: mt.meters().search(7), WrongType, "text must be a str, not int."),
        (lambda: mt.meters()["egress"], KeyError, "there is no meter 'egress' here; did you mean 'sora.egress'?"),
        (
            lambda: mt.meters()["sora.egres"],
            KeyError,
            "there is no meter 'sora.egres' here; did you mean 'sora.egress'?",
        ),
    ],
)
def test_what_there_is_not_says_what_there_is(ask: Any, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind) as error:
        ask()
    assert str(error.value.args[0]).startswith(says)


# Meters in a question


def test_fetch_and_plan_take_meters_by_name(world: Any) -> None:
    sora, volcengine = world.client("sora"), world.client("volcengine")
    given = {"start": "2026-03", "now": "2026-04-15"}
    assert mt.plan(sora, meters="sora.egress", **given) == mt.plan(sora.select(meters=["sora.egress"]), **given)
    both = mt.plan([sora, volcengine], meters=["sora.egress", "volcengine.down_traffic"], **given)
    assert both.accounts == ["sora", "volcengine"]
    usage = mt.fetch(sora, meters=["sora.egress"], **given)
    assert {row["meter"] for row in usage.to_dicts()} == {"sora.egress"}


@pytest.mark.parametrize(
    ("ask", "kind", "says"),
    [
        (
            lambda one, _: mt.plan(one, "2026-03", meters=["egress"]),
            InvalidArgument,
            'Sora Cloud has no meter "egress"; did you mean "sora.egress"?',
        ),
        (
            lambda one, _: mt.plan(one.select(meters=["egress"]), "2026-03"),
            InvalidArgument,
            'Sora Cloud has no meter "egress"; did you mean "sora.egress"?',
        ),
        (
            lambda one, _: mt.fetch(one, "2026-03", meters="xyz"),
            InvalidArgument,
            'Sora Cloud has no meter "xyz"; metertap.meters("sora") lists those that there are',
        ),
        (
            lambda one, two: mt.plan([one, two], "2026-03", meters="egress"),
            InvalidArgument,
            "there is no meter 'egress'; did you mean 'sora.egress'?",
        ),
        (
            lambda one, two: mt.plan([one, two], "2026-03", meters=["sora.egress", "volcengine.up_trafic"]),
            InvalidArgument,
            'Volcengine Live has no meter "volcengine.up_trafic"; did you mean "volcengine.up_traffic"?',
        ),
        (
            lambda one, two: mt.plan([one, two], "2026-03", meters="volcengine.up_trafic"),
            InvalidArgument,
            "there is no meter 'volcengine.up_trafic'; did you mean 'volcengine.up_traffic'?",
        ),
        (
            lambda one, two: mt.plan([one, two], "2026-03", meters=["sora.egress"]),
            InvalidArgument,
            "none of these meters is one of volcengine; leave 'volcengine' out.",
        ),
        (
            lambda one, two: mt.plan(
                [one, two], "2026-03", meters=["sora.egress", "volcengine.down_traffic", "ricoh.cost"]
            ),
            InvalidArgument,
            "none of these accounts has the meter 'ricoh.cost'.",
        ),
        (
            lambda one, _: mt.plan(one.select(meters=["sora.egress"]), "2026-03", meters=["sora.egress"]),
            InvalidArgument,
            "what is asked of 'sora' names its meters already; leave meters= out.",
        ),
        (
            lambda one, _: mt.fetch(mt.plan(one, "2026-03"), meters=["sora.egress"]),
            InvalidArgument,
            "a plan has its meters already; leave meters out.",
        ),
        (
            lambda one, _: mt.plan(one, "2026-03", meters=7),
            WrongType,
            "meters must be the name of a meter, or a list of them, such as ['sora.egress'].",
        ),
        (
            lambda one, _: mt.plan(one, "2026-03", meters=[]),
            WrongType,
            "meters must be the name of a meter, or a list of them, such as ['sora.egress'].",
        ),
    ],
)
def test_a_meter_that_cannot_be_asked_says_what_to_write(
    ask: Any, kind: type[Exception], says: str, world: Any
) -> None:
    with pytest.raises(kind) as error:
        ask(world.client("sora"), world.client("volcengine"))
    assert str(error.value).startswith(says)


@pytest.fixture(scope="module")
def world() -> Any:
    from metertap.simulator import Simulator

    with Simulator(seed=7, now="2026-04-15") as simulator:
        yield simulator
