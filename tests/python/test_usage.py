"""Usage as a table: every reader of Arrow sees the same values, and a roll-up keeps to each meter's rule."""

from __future__ import annotations

import json
import math
import os
import pickle
import subprocess
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support import NOW, Reply, ScriptedServer, clean_environment, questions

import metertap as mt
from metertap.errors import InvalidArgument, WrongType
from metertap.simulator import Simulator

UTC = timezone.utc
QUARTER = ("2026-02-01", "2026-05-01")


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    with Simulator(seed=7, now=NOW) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def usage(world: Simulator) -> mt.Usage:
    asked = questions(world)
    # Daily figures, and labels of which some have fractions.
    asked[1] = world.client("ricoh").select(by_label=True)
    asked[3] = world.client("devicewise").select(series="day")
    return mt.fetch(asked, *QUARTER, now=NOW)


@pytest.fixture(scope="module")
def expected(usage: mt.Usage) -> list[dict[str, Any]]:
    rows = usage.to_dicts()
    assert len(rows) > 1500
    return rows


DIMENSIONS = [
    "label",
    "env",
    "bitrate_mbps",
    "item_name",
    "consumable_code",
    "tenant_id",
    "pool",
    "service",
    "org",
    "counter",
    "vhost",
    "domain",
]
BEFORE = ["provider", "account", "meter"]
AFTER = ["start", "end", "quantity", "unit", "kind", "status", "cost", "currency", "flags", "call_id", "fetched_at"]


# --- The table itself -------------------------------------------------------------------------------------------------


def test_the_columns_are_those_of_the_contract(usage: mt.Usage) -> None:
    assert usage.columns == [*BEFORE, *DIMENSIONS, *AFTER]
    words, moment, amount = pa.dictionary(pa.int32(), pa.string()), pa.timestamp("us", "UTC"), pa.decimal128(38, 18)
    types = dict.fromkeys([*BEFORE, "unit", "kind", "status"], words)
    types |= dict.fromkeys([*DIMENSIONS, "currency", "call_id"], pa.string())
    types |= {"start": moment, "end": moment, "fetched_at": moment, "quantity": amount, "cost": amount}
    types["flags"] = pa.list_(pa.field("item", pa.string()))
    schema = pa.schema(usage)
    assert schema.names == usage.columns
    assert {field.name: field.type for field in schema} == types
    assert pa.table(usage).schema == schema


def test_the_values_are_python_values(expected: list[dict[str, Any]]) -> None:
    row = next(row for row in expected if row["meter"] == "ricoh.traffic_volume")
    assert (type(row["quantity"]), type(row["cost"]), row["currency"]) == (Decimal, Decimal, "JPY")
    assert row["start"].tzinfo is UTC
    assert row["flags"] == ["approximate", "attributed_by_start"]
    assert row["label"] is not None
    assert row["vhost"] is None
    assert row["quantity"] % 1 != 0


def test_readings_are_the_rows_as_dataclasses(usage: mt.Usage, expected: list[dict[str, Any]]) -> None:
    readings = usage.readings()
    assert len(readings) == len(expected) == len(usage)
    for reading, row in zip(readings, expected, strict=True):
        assert reading.dimensions == {name: row[name] for name in DIMENSIONS if row[name] is not None}
        assert all(getattr(reading, name) == row[name] for name in [*BEFORE, *AFTER])


def test_what_stands_in_the_table_is_what_the_native_method_says(world: Simulator, usage: mt.Usage) -> None:
    days = world.client("sora").traffics_for_month(2026, 3)
    found = {
        reading.start: reading.quantity
        for reading in usage.readings()
        if reading.meter == "sora.egress" and reading.start and reading.start.month == 3
    }
    assert found == {day.start: day.egress for day in days}


# --- Readers of Arrow -------------------------------------------------------------------------------------------------


def test_pyarrow_reads_equal_values(usage: mt.Usage, expected: list[dict[str, Any]]) -> None:
    table = pa.table(usage)
    assert table.to_pylist() == expected
    assert usage.to_arrow().equals(table)
    reader = pa.RecordBatchReader.from_stream(usage)
    assert reader.read_all().equals(table)
    # The table may be read any number of times, and outlives the usage.
    assert pa.table(usage).equals(table)
    table.validate(full=True)


def test_a_reader_outlives_the_usage_and_its_account(world: Simulator) -> None:
    table = pa.table(mt.fetch(world.client("sora"), "2026-03-01", "2026-04-01", now=NOW))
    assert table.num_rows == 31 * 4
    table.validate(full=True)


def test_polars_reads_equal_values(usage: mt.Usage, expected: list[dict[str, Any]]) -> None:
    for frame in (pl.DataFrame(usage), usage.to_polars()):
        assert frame.columns == usage.columns
        assert frame.rows(named=True) == expected
        assert frame.schema["quantity"] == pl.Decimal(38, 18)
        assert frame.schema["start"] == pl.Datetime("us", "UTC")
        assert frame.schema["flags"] == pl.List(pl.String)


def test_duckdb_reads_equal_values(usage: mt.Usage, expected: list[dict[str, Any]]) -> None:
    names = [name for name in usage.columns if name not in ("start", "end", "fetched_at")]
    found = duckdb.sql(f"select {', '.join(names)} from usage").fetchall()
    assert found == [tuple(row[name] for name in names) for row in expected]
    moments = duckdb.sql('select epoch_us("start"), epoch_us("end") from usage').fetchall()
    assert moments == [(micros(row["start"]), micros(row["end"])) for row in expected]
    [(total,)] = duckdb.sql("select sum(quantity) from usage where meter = 'volcengine.up_traffic'").fetchall()
    assert total == sum(row["quantity"] for row in expected if row["meter"] == "volcengine.up_traffic")


def micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def check_frame(frame: pd.DataFrame, expected: list[dict[str, Any]], *, exact: bool) -> None:
    for name in frame.columns:
        column = list(frame[name])
        if name in ("quantity", "cost") and not exact:
            for found, row in zip(column, expected, strict=True):
                assert math.isnan(found) if row[name] is None else found == float(row[name])
        elif name == "flags":
            assert column == [" ".join(row[name]) for row in expected]
        else:
            assert [None if pd.isna(value) else value for value in column] == [row[name] for row in expected]


@pytest.mark.parametrize("exact", [False, True])
def test_pandas_reads_equal_values(exact: bool, usage: mt.Usage, expected: list[dict[str, Any]]) -> None:
    frame = usage.to_pandas(exact=exact)
    assert list(frame.columns) == usage.columns
    check_frame(frame, expected, exact=exact)
    assert frame["quantity"].dtype == ("object" if exact else "float64")
    for name in ("start", "end", "fetched_at"):
        assert isinstance(frame[name].dtype, pd.DatetimeTZDtype)
        assert str(frame[name].dtype.tz) == "UTC"


def test_pandas_groups_and_resamples_what_it_gets(usage: mt.Usage, expected: list[dict[str, Any]]) -> None:
    frame = usage.to_pandas()
    egress = frame[frame["meter"] == "sora.egress"]
    months = egress.set_index("start")["quantity"].resample("MS").sum()
    wanted: dict[int, Decimal] = defaultdict(Decimal)
    for row in expected:
        if row["meter"] == "sora.egress":
            wanted[row["start"].month] += row["quantity"]
    assert {moment.month: total for moment, total in months.items()} == {
        month: float(total) for month, total in wanted.items()
    }
    sums = frame.groupby("meter", observed=True)["quantity"].count()
    assert sums["sora.egress"] == 74


def test_pandas_itself_reads_the_capsule(usage: mt.Usage, expected: list[dict[str, Any]]) -> None:
    if not hasattr(pd.DataFrame, "from_arrow"):
        pytest.skip("DataFrame.from_arrow came with pandas 3")
    assert list(pd.DataFrame.from_arrow(usage)["quantity"]) == [row["quantity"] for row in expected]


PANDAS2 = "METERTAP_PANDAS2_PYTHON"


@pytest.mark.skipif(not os.environ.get(PANDAS2), reason=f"{PANDAS2} names no interpreter with metertap and pandas 2")
def test_pandas_2_reads_equal_values_too() -> None:
    code = textwrap.dedent("""
        import json, math
        import metertap as mt, pandas as pd
        from metertap.simulator import Simulator

        assert pd.__version__.startswith("2."), pd.__version__
        with Simulator(seed=7, now="2026-04-15T12:00:00Z") as simulator:
            asked = [simulator.client("sora"), simulator.client("ricoh"), simulator.client("volcengine")]
            usage = mt.fetch(asked, "2026-02-01", "2026-05-01", now=simulator.now)
        rows = usage.to_dicts()
        for exact in (False, True):
            frame = usage.to_pandas(exact=exact)
            assert list(frame.columns) == usage.columns
            for name in frame.columns:
                for found, row in zip(frame[name], rows, strict=True):
                    if name == "flags":
                        assert found == " ".join(row[name])
                    elif row[name] is None:
                        assert pd.isna(found)
                    elif name in ("quantity", "cost") and not exact:
                        assert found == float(row[name])
                    else:
                        assert found == row[name]
            assert str(frame["start"].dtype) == "datetime64[us, UTC]", frame["start"].dtype
        print(json.dumps(len(rows)))
    """)
    done = subprocess.run(
        [os.environ[PANDAS2], "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env=clean_environment(),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) > 300


def test_coverage_and_evidence_are_tables_of_the_same_kind(usage: mt.Usage) -> None:
    for table in (usage.coverage, usage.evidence):
        rows = table.to_dicts()
        assert pa.table(table).to_pylist() == rows
        assert pl.DataFrame(table).rows(named=True) == rows
        assert len(table.to_pandas()) == len(table) == len(rows)
        assert repr(table)
        assert "<table>" in table._repr_html_()
    covered = {row["call_id"] for row in usage.coverage.to_dicts() if row["call_id"]}
    assert covered == {row["call_id"] for row in usage.evidence.to_dicts()}
    # Every reading leads to its evidence.
    assert {row["call_id"] for row in usage.to_dicts()} <= covered
    assert all(len(row["sha256"]) == 64 and row["http_status"] == 200 for row in usage.evidence.to_dicts())
    # Volcengine tells the id of a request in the body only.
    assert all(row["request_id"] for row in usage.evidence.to_dicts() if row["provider"] == "volcengine")


def test_coverage_tells_what_came_and_what_nobody_can_answer(usage: mt.Usage) -> None:
    rows = usage.coverage.to_dicts()
    counts: dict[str, int] = defaultdict(int)
    for row in usage.to_dicts():
        counts[row["call_id"]] += 1
    for row in rows:
        assert row["readings"] == counts.get(row["call_id"], 0)
        assert (row["state"] == "unavailable") is (row["call_id"] is None)
        assert (row["reason"] is None) or row["state"] in ("unavailable", "short", "empty")
        assert (row["reason"] is not None) or row["state"] not in ("unavailable", "short")
        assert (row["state"] == "unsettled") is (row["provisional"] > 0)
    assert {row["state"] for row in rows} == {"got", "unsettled", "unavailable"}
    reasons = {row["reason"] for row in rows if row["state"] == "unavailable"}
    assert "in the future: nothing is known yet" in reasons
    assert any(reason.startswith("the service tells only the current month") for reason in reasons)


def test_parquet_holds_the_same_table(usage: mt.Usage, tmp_path: Path) -> None:
    for path in (tmp_path / "usage.parquet", str(tmp_path / "again.parquet")):
        usage.write_parquet(path)
        assert pq.read_table(path).equals(usage.to_arrow())
    assert duckdb.sql(f"select count(*) from '{tmp_path}/usage.parquet'").fetchall() == [(len(usage),)]


def test_a_usage_without_readings_is_a_table_all_the_same(server: ScriptedServer) -> None:
    server.script = [Reply(body=b'{"results": []}')]
    ricoh = mt.Ricoh(client_id="a", client_secret="secret", base_url=server.base_url("ricoh"))
    usage = mt.fetch(ricoh, "2026-02-01", "2026-03-01", now=NOW)
    assert usage.is_complete
    assert (len(usage), usage.to_dicts(), usage.readings()) == (0, [], [])
    assert usage.columns == [*BEFORE, "label", "env", "bitrate_mbps", "item_name", *AFTER]
    assert pa.table(usage).num_rows == 0
    assert pl.DataFrame(usage).shape == (0, len(usage.columns))
    assert usage.to_pandas().empty
    assert [row["state"] for row in usage.coverage.to_dicts()] == ["empty"]
    assert len(usage.rollup("month")) == 0
    assert repr(usage).splitlines()[0] == "0 readings of 0 meters from 1 account; 2026-02-01 to 2026-03-01 (UTC)"
    assert repr(usage).splitlines()[1].startswith("complete")
    assert "0 rows" in usage._repr_html_()


# --- What is shown ----------------------------------------------------------------------------------------------------


def test_a_usage_prints_its_first_rows_and_whether_it_is_complete(usage: mt.Usage) -> None:
    lines = repr(usage).splitlines()
    accounts = "5 accounts; 2026-02-01 to 2026-05-01 (UTC)"
    assert lines[0] == f"{len(usage):,} readings of {len(set(usage['meter']))} meters from {accounts}"
    assert lines[1] == "complete; 30 windows unavailable"
    assert f"12 of {len(usage):,} rows: some of each account; times in UTC" in lines[-3]
    # Columns without a value in these rows are left out, and named.
    [head] = [line for line in lines if line.startswith("account ")]
    assert "env" not in head.split()
    assert "without a value here: env" in " ".join(lines[-3:])


def test_names_of_people_are_escaped_in_notebooks(simulator: Simulator) -> None:
    name = '<b onclick="x">&'
    simulator.add_fault("status:404", path_contains="traffics", times=1)
    with pytest.warns(mt.CoverageWarning):
        usage = mt.fetch(simulator.client("sora", name=name), *QUARTER, now=NOW, on_error="keep")
    for html in (usage._repr_html_(), usage.coverage._repr_html_(), usage.evidence._repr_html_()):
        assert "<b onclick" not in html
        assert "&lt;b onclick=&quot;x&quot;&gt;&amp;" in html
    assert '<b class="mt-bad">incomplete</b>: 1 call failed' in usage._repr_html_()
    assert "INCOMPLETE: 1 call failed" in repr(usage)
    assert name in repr(usage)


# --- Roll-up ----------------------------------------------------------------------------------------------------------


def figures(table: mt.Table, *keys: str) -> dict[Any, Decimal]:
    rows = table.to_dicts()
    found = {tuple(row[key] for key in keys): row["quantity"] for row in rows}
    assert len(found) == len(rows), "two rows for one group"
    return found


def test_a_month_is_the_sum_of_its_days(usage: mt.Usage, expected: list[dict[str, Any]]) -> None:
    meters = ["sora.egress", "volcengine.up_traffic", "devicewise.api_calls", "ricoh.cost"]
    months = figures(usage.rollup("month", "meter", meters=meters), "meter", "start")
    wanted: dict[Any, Decimal] = defaultdict(Decimal)
    for row in expected:
        if row["meter"] in meters:
            first = row["start"].replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            wanted[row["meter"], first] += row["quantity"]
    assert len(wanted) >= 4 * 3
    assert {key: months[key] for key in wanted} == wanted


def test_days_begin_where_tz_says(world: Simulator) -> None:
    asked = world.client("devicewise").select(meters=["devicewise.api_calls"])
    usage = mt.fetch(asked, "2026-02-28T15:00:00Z", "2026-03-31T15:00:00Z", now=NOW)
    tokyo = ZoneInfo("Asia/Tokyo")
    wanted: dict[Any, Decimal] = defaultdict(Decimal)
    for row in usage.to_dicts():
        wanted[(row["start"].astimezone(tokyo).date(),)] += row["quantity"]
    for tz in ("Asia/Tokyo", tokyo):
        table = usage.rollup("day", ["meter"], tz=tz)
        assert len(table) == 31
        found = {(row["start"].astimezone(tokyo).date(),): row["quantity"] for row in table.to_dicts()}
        assert found == wanted
        assert {row["start"].hour for row in table.to_dicts()} == {15}
    # In UTC, the same hours make 32 days.
    assert len(usage.rollup("day", "meter")) == 32


def test_a_peak_is_the_largest_over_time_and_never_a_sum_over_labels(world: Simulator) -> None:
    domains = ["pull.www.example.com", "push.www.example.com"]
    asked = world.client("volcengine").select(meters=["volcengine.down_bandwidth"], domains=domains)
    usage = mt.fetch(asked, "2026-02-01", "2026-03-01", now=NOW)
    wanted = {
        (domain,): max(row["quantity"] for row in usage.to_dicts() if row["domain"] == domain) for domain in domains
    }
    assert figures(usage.rollup("all", ["domain"]), "domain") == wanted
    with pytest.raises(InvalidArgument) as caught:
        usage.rollup("month", ["provider", "meter"])
    assert str(caught.value) == (
        "volcengine.down_bandwidth: figures of different domain cannot become one; "
        'write by=["provider", "meter", "domain"].'
    )
    # Where nothing is said, what the rule needs stays apart.
    assert figures(usage.rollup("month"), "domain") == wanted


def test_a_level_is_the_latest_over_time_and_a_sum_over_labels(world: Simulator) -> None:
    vhosts = ["www.example.com", "event.example.com"]
    asked = world.client("volcengine").select(meters=["volcengine.time_shift_storage"], vhosts=vhosts)
    usage = mt.fetch(asked, "2026-01-31T16:00:00Z", "2026-02-28T16:00:00Z", now=NOW)
    latest = max(row["start"] for row in usage.to_dicts())
    wanted = sum(row["quantity"] for row in usage.to_dicts() if row["start"] == latest)
    (row,) = usage.rollup("month", tz="Asia/Shanghai").to_dicts()
    assert row["quantity"] == wanted
    assert (row["kind"], row["unit"], row["readings"]) == ("gauge", "GiB", 56)


def test_floored_figures_add_up_to_a_lower_bound_and_say_so(world: Simulator) -> None:
    asked = world.client("ricoh").select(meters=["ricoh.traffic_volume"])
    usage = mt.fetch(asked, "2026-01-01", "2026-04-01", now=NOW)
    assert [row["flags"] for row in usage.to_dicts()] == [["floored", "approximate", "attributed_by_start"]] * 3
    (year,) = usage.rollup("all").to_dicts()
    assert "lower_bound" in year["flags"]
    assert year["quantity"] == sum(row["quantity"] for row in usage.to_dicts())
    assert all("lower_bound" not in row["flags"] for row in usage.rollup("month").to_dicts())


def test_a_figure_with_a_hole_in_it_says_so(simulator: Simulator) -> None:
    simulator.add_fault("status:404", path_contains="since=2026-02-01")
    asked = simulator.client("ricoh").select(meters=["ricoh.connection_time"])
    with pytest.warns(mt.CoverageWarning):
        usage = mt.fetch(asked, "2026-01-01", "2026-04-01", now=NOW, on_error="keep")
    (quarter,) = usage.rollup("quarter").to_dicts()
    assert "lower_bound" in quarter["flags"]
    assert "partial_period" in quarter["flags"]
    assert quarter["covered"] == 62 / 90
    first, second, third = usage.rollup("month").to_dicts()
    assert (first["covered"], second["covered"], third["covered"]) == (1.0, 0.0, 1.0)
    assert "partial_period" not in first["flags"] + third["flags"]
    # No figure is made up for the month that is missing.
    assert (second["period"], second["quantity"], second["readings"]) == ("2026-02", None, 0)
    assert (second["flags"], second["unit"], second["kind"]) == (["partial_period"], "minutes", "sum")
    shown = repr(usage.rollup("month"))
    assert " ".join(shown.split()).endswith("1 of 3 periods is known in part; the usage is INCOMPLETE")
    assert "1 of 3 periods is known in part" in usage.rollup("month")._repr_html_()


#: What is asked of the usage; what is said.
REFUSED: list[tuple[dict[str, Any], type[InvalidArgument], str]] = [
    ({"every": "all", "by": ["provider"]}, InvalidArgument, 'cannot become one figure; write by=["provider", "meter"]'),
    ({"every": "all", "by": []}, InvalidArgument, 'cannot become one figure; write by=["meter"]'),
    (
        {"every": "all", "by": "meter", "meters": "uipath.consumption"},
        InvalidArgument,
        "uipath.consumption: figures of different consumable_code cannot become one; write by=",
    ),
    (
        {"every": "month"},
        InvalidArgument,
        "uipath.consumption: the figure of 2026-02-01T00:00:00Z to 2026-04-15T12:00:00Z cannot be told by the month, "
        "since nothing says how much of it belongs to each; "
        'plan it with every="month", or leave the meter out with meters=.',
    ),
    (
        {"every": "hour", "meters": "sora.egress"},
        InvalidArgument,
        "choose a longer period, or leave the meter out with meters=.",
    ),
    ({"meters": "sora.egres"}, InvalidArgument, 'this usage has no meter "sora.egres"; did you mean "sora.egress"?'),
    ({"meters": "volcengine.play"}, InvalidArgument, 'this usage has no meter "volcengine.play"'),
    ({"meters": []}, InvalidArgument, "meters names no meter; leave it out for all of them"),
    ({"meters": 5}, WrongType, "meters must be the name of a meter, or a list of them"),
    (
        {"every": "month", "tz": "Asia/Tokyo"},
        InvalidArgument,
        'plan it with every="month" and this tz, or leave the meter out',
    ),
    ({"every": "dya"}, InvalidArgument, "every must be one of hour, day, week, month, quarter, year, all, not"),
    ({"every": 5}, WrongType, "every must be a str such as 'day', not int"),
    ({"by": ["metr"]}, InvalidArgument, 'cannot be rolled up by "metr"; did you mean "meter"?'),
    ({"by": "quantity"}, InvalidArgument, 'the readings cannot be rolled up by "quantity"'),
    ({"by": 5}, WrongType, "by must be the name of a column, or a list of them"),
    ({"by": [5]}, WrongType, "by must be the name of a column, or a list of them"),
    ({"every": "day", "tz": "Asia/Tokio"}, InvalidArgument, 'there is no time zone "Asia/Tokio"'),
]


@pytest.mark.parametrize(("wanted", "kind", "says"), REFUSED, ids=[repr(wanted) for wanted, _, _ in REFUSED])
def test_what_no_rule_allows_is_refused_in_one_sentence(
    wanted: dict[str, Any], kind: type[InvalidArgument], says: str, usage: mt.Usage
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        usage.rollup(**wanted)
    assert type(caught.value) is kind
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_month_so_far_is_never_put_together_over_time(usage: mt.Usage, expected: list[dict[str, Any]]) -> None:
    (row,) = [row for row in expected if row["meter"] == "sora.total_connections"]
    assert (row["kind"], row["start"], row["end"]) == (
        "cumulative",
        datetime(2026, 4, 1, tzinfo=UTC),
        datetime(2026, 4, 15, 12, tzinfo=UTC),
    )
    (rolled,) = usage.rollup("month", meters="sora.total_connections").to_dicts()
    assert (rolled["quantity"], rolled["kind"], rolled["readings"]) == (row["quantity"], "cumulative", 1)
    assert (rolled["period"], rolled["covered"], rolled["flags"]) == (
        "2026-04",
        None,
        [*row["flags"], "partial_period"],
    )


def test_a_roll_up_is_a_table_for_every_reader(usage: mt.Usage) -> None:
    months = usage.rollup("month", meters=["sora.egress", "volcengine.up_traffic"])
    rows = months.to_dicts()
    # Half of April is over, and the day of China that is under way belongs to what comes.
    assert {row["covered"] for row in rows} == {1.0, 0.5, 14 / 30}
    assert pa.table(months).to_pylist() == rows
    assert pl.DataFrame(months).rows(named=True) == rows
    assert len(months.to_pandas()) == len(rows)
    assert duckdb.sql("select count(*) from months").fetchall() == [(len(rows),)]


# --- What a roll-up says of its periods -------------------------------------------------------------------------------

PARTIAL = {"partial_period", "lower_bound"}


def told(table: mt.Table) -> list[tuple[Any, ...]]:
    """Return period, covered, whether there is a quantity, and what the flags say of the period."""
    return [
        (row["period"], row["covered"], row["quantity"] is not None, PARTIAL & set(row["flags"]))
        for row in table.to_dicts()
    ]


def test_one_day_is_no_year(world: Simulator) -> None:
    asked = world.client("sora").select(meters=["sora.egress", "sora.max_bandwidth"])
    usage = mt.fetch(asked, "2026-03-05", "2026-03-06", now=NOW)
    assert told(usage.rollup("year")) == [("2026", 1 / 365, True, PARTIAL)] * 2
    assert told(usage.rollup("day")) == [("2026-03-05", 1.0, True, set())] * 2
    assert told(usage.rollup("all")) == [("all", 1.0, True, set())] * 2
    (row, _) = usage.rollup("year").to_dicts()
    assert (row["start"], row["end"]) == (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def test_two_days_of_china_are_no_quarter(world: Simulator) -> None:
    asked = world.client("volcengine").select(meters=["volcengine.down_traffic", "volcengine.time_shift_storage"])
    usage = mt.fetch(asked, "2026-03-02T00:00:00+08:00", "2026-03-04T00:00:00+08:00", now=NOW)
    storage, traffic = usage.rollup("quarter").to_dicts()
    assert (storage["covered"], traffic["covered"]) == (2 / 90, 2 / 90)
    assert traffic["flags"] == ["lower_bound", "partial_period"]
    assert storage["flags"] == ["partial_bucket", "partial_period"], "a level"
    # Days of China belong to the month of UTC in which they start, so two of them are all of two days.
    assert [row["covered"] for row in usage.rollup("day", tz="Asia/Shanghai").to_dicts()] == [1.0] * 4


def test_a_month_of_utc_is_none_of_new_york(world: Simulator) -> None:
    asked = world.client("sora").select(meters=["sora.egress"])
    usage = mt.fetch(asked, "2026-03-01", "2026-04-01", now=NOW)
    assert told(usage.rollup("month", tz="America/New_York")) == [
        ("2026-02", 1 / 28, True, PARTIAL),
        ("2026-03", 30 / 31, True, PARTIAL),
    ]
    assert told(usage.rollup("month")) == [("2026-03", 1.0, True, set())]


def test_the_zone_of_a_roll_up_is_that_of_the_question_unless_it_is_named(world: Simulator) -> None:
    asked = world.client("devicewise").select(meters=["devicewise.api_calls"])
    usage = mt.fetch(asked, "2026-03-01", "2026-04-01", tz="Asia/Tokyo", now=NOW)
    assert told(usage.rollup("month")) == [("2026-03", 1.0, True, set())]
    assert len(usage.rollup("day")) == 31
    assert len(usage.rollup("day", tz="UTC")) == 32
    restored = pickle.loads(pickle.dumps(usage))
    assert restored.rollup("month").to_dicts() == usage.rollup("month").to_dicts()


def test_a_tzinfo_is_used_as_what_it_is_and_not_by_its_name(world: Simulator) -> None:
    asked = world.client("devicewise").select(meters=["devicewise.api_calls"])
    usage = mt.fetch(asked, "2026-03-01", "2026-03-03", now=NOW)
    east = timezone(timedelta(hours=10), "EST")
    days = usage.rollup("day", tz=east).to_dicts()
    assert [(row["period"], row["start"].hour) for row in days] == [
        ("2026-03-01", 14),
        ("2026-03-02", 14),
        ("2026-03-03", 14),
    ]
    assert [row["covered"] for row in days] == [14 / 24, 1.0, 10 / 24]


def test_a_part_of_a_plan_says_so_and_rolls_up_to_a_lower_bound(world: Simulator) -> None:
    plan = mt.plan(world.client("sora").select(meters=["sora.egress"]), "2026-01-01", "2026-04-01", now=NOW)
    usage = mt.fetch(plan.shard(1, 2))
    assert not usage.is_complete
    quarter = usage.rollup("quarter")
    assert told(quarter) == [("2026-Q1", 28 / 90, True, PARTIAL)]
    assert " ".join(repr(quarter).split()).endswith("1 of 1 periods is known in part; part 2 of 2 of a plan")
    assert quarter.remark == "1 of 1 periods is known in part; part 2 of 2 of a plan"
    assert quarter.remark in quarter._repr_html_()
    assert repr(pickle.loads(pickle.dumps(quarter))) == repr(quarter)
    whole = mt.concat([usage, mt.fetch(plan.shard(0, 2))]).rollup("quarter")
    assert told(whole) == [("2026-Q1", 1.0, True, set())]
    assert "known in part" not in repr(whole)


def test_a_quarter_of_uipath_by_month_is_refused_unless_it_was_planned_so(world: Simulator) -> None:
    asked = world.client("uipath").select(meters=["uipath.consumption"], consumable_code=["AIU", "PLTU"])
    quarter = ("2026-01-01", "2026-04-01")
    whole = mt.fetch(asked, *quarter, now=NOW)
    with pytest.raises(InvalidArgument, match='plan it with every="month", or leave the meter out with meters='):
        whole.rollup("month")
    rows = whole.rollup("quarter").to_dicts()
    assert [(row["consumable_code"], row["covered"]) for row in rows] == [("AIU", 1.0), ("PLTU", 1.0)]
    assert all("approximate" not in row["flags"] for row in rows)
    usage = mt.fetch(mt.plan(asked, *quarter, now=NOW, every="month"))
    months = usage.rollup("month").to_dicts()
    assert [(row["consumable_code"], row["period"], row["covered"]) for row in months] == [
        (code, f"2026-0{month}", 1.0) for code in ("AIU", "PLTU") for month in (1, 2, 3)
    ]
    # No page says whether the end of a window belongs to it, so an hour may be in two of them.
    assert all("approximate" in row["flags"] for row in [*months, *usage.to_dicts()])
    for every, start, end in (("month", "2026-03-01", "2026-04-01"), ("quarter", *quarter)):
        one = mt.fetch(mt.plan(asked, start, end, now=NOW, every=every))
        assert all("approximate" not in row["flags"] for row in one.to_dicts()), "one call is not cut"


def test_accounts_stay_apart_unless_by_leaves_them_out(world: Simulator) -> None:
    asked = [world.client("sora", name=name).select(meters=["sora.egress"]) for name in ("one", "two")]
    usage = mt.fetch(asked, "2026-03-01", "2026-04-01", now=NOW)
    one, two = usage.rollup("month").to_dicts()
    assert (one["account"], two["account"]) == ("one", "two")
    (both,) = usage.rollup("month", ["provider", "meter"]).to_dicts()
    assert both["quantity"] == one["quantity"] + two["quantity"]
    assert usage.rollup("month").columns[:6] == ["provider", "account", "meter", "period", "start", "end"]


def test_what_one_account_lacks_a_figure_of_both_lacks(simulator: Simulator) -> None:
    asked = [simulator.client("sora", name=name).select(meters=["sora.egress"]) for name in ("one", "two")]
    simulator.add_fault("status:404", path_contains="traffics", times=1)
    with pytest.warns(mt.CoverageWarning):
        usage = mt.fetch(asked, "2026-02-01", "2026-04-01", now=NOW, on_error="keep")
    (lost,) = [row for row in usage.coverage.to_dicts() if row["state"] == "failed"]
    period = f"{lost['start']:%Y-%m}"
    for row in usage.rollup("month", "meter").to_dicts():
        is_whole = row["period"] != period
        assert (row["covered"], PARTIAL & set(row["flags"])) == ((1.0, set()) if is_whole else (0.0, PARTIAL))
    assert sorted(row["covered"] for row in usage.rollup("month").to_dicts()) == [0.0, 1.0, 1.0, 1.0]


def test_the_shortest_share_is_not_shown_as_nothing_less_than_all(world: Simulator) -> None:
    asked = world.client("devicewise").select(meters=["devicewise.api_calls"])
    usage = mt.fetch(asked, "2026-03-01T01:00:00Z", "2026-04-01", now=NOW)
    (month,) = usage.rollup("month").to_dicts()
    assert month["covered"] == 743 / 744
    assert "99.8 %" in repr(usage.rollup("month"))
    assert "100 %" in repr(usage.rollup("all"))
