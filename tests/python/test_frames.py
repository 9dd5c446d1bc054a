"""Every table as a frame: it goes to files of all kinds and comes back, groups, deduplicates and pickles."""

from __future__ import annotations

import asyncio
import copy
import csv
import io
import json
import multiprocessing
import os
import pickle
import subprocess
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from support import NOW, Door, Reply, ScriptedServer, clean_environment, json_reply, questions

import metertap as mt
from metertap.simulator import Simulator

RANGE = ("2026-03-01", "2026-05-01")
NAMES = ["readings", "coverage", "evidence", "rollup", "nothing"]


@pytest.fixture(scope="module")
def tables() -> dict[str, mt.Table]:
    """Tables of an incomplete usage, with costs, nulls, notes and several flags in one row; and one without rows."""
    with Simulator(seed=7, now=NOW) as simulator:
        asked = questions(simulator)
        asked[3] = simulator.client("devicewise").select(series="day")
        simulator.add_fault("status:404", provider="sora", times=1)
        with pytest.warns(mt.CoverageWarning):
            usage = mt.fetch(asked, *RANGE, now=NOW, on_error="keep")
    server = ScriptedServer()
    server.script = [Reply(body=b'{"results": []}')]
    ricoh = mt.Ricoh(client_id="a", client_secret="secret", base_url=server.base_url("ricoh"))
    nothing = mt.fetch(ricoh, "2026-02-01", "2026-03-01", now=NOW)
    server.stop()
    return {
        "readings": usage,
        "coverage": usage.coverage,
        "evidence": usage.evidence,
        "rollup": usage.rollup("year", ["meter", "consumable_code"]),
        "nothing": nothing,
    }


def joined(name: str, value: Any) -> Any:
    return ("; " if name == "notes" else " ").join(value) if isinstance(value, list) else value


def flat(table: mt.Table) -> list[dict[str, Any]]:
    return [{name: joined(name, value) for name, value in row.items()} for row in table.to_dicts()]


def test_a_list_is_one_text_in_pandas_and_an_empty_one_an_empty_text(tables: dict[str, mt.Table]) -> None:
    frame = tables["readings"].to_pandas()
    wanted = [" ".join(row["flags"]) for row in tables["readings"].to_dicts()]
    assert list(frame["flags"]) == wanted
    assert {"", "floored", "floored approximate attributed_by_start"} <= set(wanted)
    for name in ("meters", "notes"):
        expected = [joined(name, row[name]) for row in tables["coverage"].to_dicts()]
        assert list(tables["coverage"].to_pandas()[name]) == expected
        assert any(" " in text for text in expected)
    # Grouping, counting and looking for a flag need no function of one's own.
    assert frame.groupby("flags").size().to_dict() == Counter(wanted)
    assert frame["flags"].str.contains("floored").sum() == sum("floored" in text for text in wanted)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_frame_comes_back_from_the_files_of_pandas(
    name: str, exact: bool, tables: dict[str, mt.Table], tmp_path: Path
) -> None:
    frame = tables[name].to_pandas(exact=exact)
    full = not frame.empty  # without rows, these files hold no categories
    for kind in ("parquet", "feather"):
        getattr(frame, f"to_{kind}")(tmp_path / kind)
        again = getattr(pd, f"read_{kind}")(tmp_path / kind)
        pd.testing.assert_frame_equal(again, frame, check_dtype=full, check_categorical=full)
    frame.to_csv(tmp_path / "x.csv", index=False)
    again = pd.read_csv(tmp_path / "x.csv", dtype=str, keep_default_na=False)
    assert list(again.columns) == tables[name].columns
    for column in frame.columns:
        wanted = ["" if pd.isna(value) else str(value) for value in frame[column]]
        found = list(again[column])
        if pd.api.types.is_float_dtype(frame[column]):
            assert [float(text or "nan") for text in found] == pytest.approx(list(frame[column]), rel=0, nan_ok=True)
        else:
            assert found == wanted


# pandas 2 warns of its own inside where moments of no row are described.
@pytest.mark.filterwarnings("ignore:DatetimeArray.__init__ is deprecated:FutureWarning")
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_frame_groups_describes_and_drops_duplicates(name: str, exact: bool, tables: dict[str, mt.Table]) -> None:
    frame = tables[name].to_pandas(exact=exact)
    twice = pd.concat([frame, frame], ignore_index=True)
    pd.testing.assert_frame_equal(twice.drop_duplicates(), frame.drop_duplicates(), check_dtype=not frame.empty)
    assert twice.duplicated().sum() >= len(frame)
    assert list(frame.describe(include="all").columns) == tables[name].columns
    assert frame.nunique()["start"] == len({row["start"] for row in tables[name].to_dicts()} - {None})
    for column in frame.columns:
        sizes = frame.groupby(column, observed=True, dropna=False).size()
        assert sizes.sum() == len(frame)
    for column in ("start", "end"):
        assert str(frame[column].dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize("name", NAMES)
def test_a_table_comes_back_from_the_files_of_pyarrow_and_polars(
    name: str, tables: dict[str, mt.Table], tmp_path: Path
) -> None:
    table, path = tables[name], str(tmp_path / "x")
    arrow, frame, rows = table.to_arrow(), table.to_polars(), table.to_dicts()
    pq.write_table(arrow, path)
    assert pq.read_table(path).equals(arrow)
    pyarrow.feather.write_feather(arrow, path)
    assert pyarrow.feather.read_table(path).equals(arrow)
    frame.write_parquet(path)
    assert pl.read_parquet(path).rows(named=True) == rows
    frame.write_ipc(path)
    assert pl.read_ipc(path).rows(named=True) == rows
    assert len(frame.unique(maintain_order=True)) == len({repr(row) for row in rows})
    assert frame.describe().columns == ["statistic", *table.columns]


@pytest.mark.parametrize("name", NAMES)
def test_a_flat_table_goes_to_csv_from_everywhere_with_equal_cells(
    name: str, tables: dict[str, mt.Table], tmp_path: Path
) -> None:
    table = tables[name]
    assert table.flat().to_dicts() == flat(table)
    assert pa.table(table.flat()).to_pylist() == flat(table)
    table.write_csv(tmp_path / "own.csv")
    table.flat().to_polars().write_csv(tmp_path / "polars.csv")
    pa.csv.write_csv(table.flat().to_arrow(), tmp_path / "pyarrow.csv")
    for file in ("own", "polars", "pyarrow"):
        with open(tmp_path / f"{file}.csv", encoding="utf-8", newline="") as text:
            found = list(csv.DictReader(text))
        assert len(found) == len(table)
        for cells, row in zip(found, flat(table), strict=True):
            assert {column: read(cells[column], row[column]) for column in row} == row


def read(cell: str, like: Any) -> Any:
    """Read a cell as what it should be; a text that is empty stands for nothing, too."""
    if cell == "":
        return like if like in (None, "") else cell
    if isinstance(like, datetime):
        return datetime.fromisoformat(cell.replace("Z", "+00:00").replace("+0000", "+00:00"))
    return type(like)(cell) if isinstance(like, (int, float, Decimal)) else cell


def test_a_csv_file_of_our_own_is_exact_and_the_one_of_the_command_line(
    tables: dict[str, mt.Table], tmp_path: Path
) -> None:
    usage = tables["readings"]
    usage.write_csv(str(tmp_path / "x.csv"))
    lines = (tmp_path / "x.csv").read_bytes().decode("utf-8").splitlines()
    assert lines[0] == ",".join(usage.columns)
    row, index = next((row, n) for n, row in enumerate(usage.to_dicts(), 1) if row["meter"] == "ricoh.traffic_volume")
    cells = dict(zip(usage.columns, next(csv.reader(io.StringIO(lines[index]))), strict=True))
    assert (cells["quantity"], cells["start"]) == (f"{row['quantity']:f}", "2026-03-01T00:00:00Z")
    assert cells["flags"] == "floored approximate attributed_by_start"


@pytest.mark.parametrize("name", NAMES)
def test_a_table_goes_over_its_rows_so_pandas_makes_a_frame_of_it(name: str, tables: dict[str, mt.Table]) -> None:
    table = tables[name]
    assert list(table) == table.to_dicts()
    frame = pd.DataFrame(table)
    assert list(frame.columns) == (table.columns if len(table) else [])
    assert len(frame) == len(table)


@pytest.mark.parametrize("name", NAMES)
def test_readers_of_arrow_read_lists_as_lists(name: str, tables: dict[str, mt.Table]) -> None:
    table = readable = tables[name]
    rows = readable.to_dicts()
    assert pa.table(table).to_pylist() == rows
    assert pl.DataFrame(table).rows(named=True) == rows
    assert pa.RecordBatchReader.from_stream(table).read_all().to_pylist() == rows
    found = duckdb.sql("select provider from readable" if "provider" in table.columns else "select meter from readable")
    assert len(found.fetchall()) == len(rows)


def length(table: mt.Table) -> tuple[int, list[str]]:
    return len(table), table.columns


@pytest.mark.parametrize("name", NAMES)
def test_every_table_pickles_and_copies(name: str, tables: dict[str, mt.Table]) -> None:
    table = tables[name]
    for again in (pickle.loads(pickle.dumps(table)), copy.copy(table), copy.deepcopy(table)):
        assert type(again) is type(table)
        assert again.to_arrow().equals(table.to_arrow())
        assert repr(again) == repr(table)
    with pytest.raises(mt.errors.InvalidArgument, match="these bytes are no usage or table"):
        mt.usage._table_restored(b"nonsense")


def test_tables_go_to_other_processes_and_come_back(tables: dict[str, mt.Table]) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(length, list(tables.values())) == [length(table) for table in tables.values()]
        coverage = pool.apply(copy.copy, (tables["coverage"],))
    assert coverage.to_dicts() == tables["coverage"].to_dicts()


# The order of readings


@pytest.mark.parametrize("order", [[3, 2, 1], [2, 1, 3], [1, 2, 3]])
def test_readings_ascend_in_time_whatever_order_the_service_sent_them_in(
    order: list[int], door: Door, server: ScriptedServer
) -> None:
    fixed = {"max_concurrent_connections": 1, "max_bandwidth_mbps": 1}
    server.script = [
        json_reply(
            [{"date": f"2026-02-0{day}T00:00:00Z", "ingress": day, "egress": 10 * day, **fixed} for day in order]
        )
    ]
    sora = door.client("sora", api_key="key", base_url=server.base_url("sora"))
    meters = ["sora.ingress", "sora.egress"]
    question = (sora.select(meters=meters), "2026-02-01", "2026-02-04")
    usage = mt.fetch(*question, now=NOW) if door.name == "sync" else asyncio.run(mt.aio.fetch(*question, now=NOW))
    for meter, factor in zip(meters, (1, 10), strict=True):
        rows = [(row["start"].day, row["quantity"]) for row in usage.to_dicts() if row["meter"] == meter]
        assert rows == [(1, factor), (2, 2 * factor), (3, 3 * factor)]


# pandas 2

PANDAS2 = "METERTAP_PANDAS2_PYTHON"
SCRIPT = """
import io, json, pickle, tempfile, warnings
import metertap as mt, pandas as pd
from metertap.simulator import Simulator
warnings.simplefilter("error")
assert pd.__version__.startswith("2."), pd.__version__
with Simulator(seed=7, now="2026-04-15T12:00:00Z") as simulator:
    asked = [simulator.client("ricoh"), simulator.client("volcengine")]
    usage = mt.fetch(asked, "2026-02-01", "2026-05-01", now=simulator.now)
for table in (usage, usage.coverage, usage.evidence, usage.rollup("month")):
    for exact in (False, True):
        frame = table.to_pandas(exact=exact)
        for kind in ("parquet", "feather"):
            file = tempfile.NamedTemporaryFile(suffix=kind)
            getattr(frame, "to_" + kind)(file.name)
            pd.testing.assert_frame_equal(getattr(pd, "read_" + kind)(file.name), frame)
        assert len(pd.concat([frame, frame]).drop_duplicates()) == len(frame.drop_duplicates())
        frame.describe()
        if "flags" in frame:
            wanted = [" ".join(row["flags"]) for row in table.to_dicts()]
            assert list(frame["flags"]) == wanted
            assert frame.groupby("flags").size().sum() == len(frame)
    assert pickle.loads(pickle.dumps(table)).to_dicts() == table.to_dicts()
    assert len(pd.DataFrame(table)) == len(table)
print(json.dumps(len(usage)))
"""


@pytest.mark.skipif(not os.environ.get(PANDAS2), reason=f"{PANDAS2} names no interpreter with metertap and pandas 2")
def test_in_pandas_2_all_of_that_is_so_too() -> None:
    done = subprocess.run(
        [os.environ[PANDAS2], "-c", SCRIPT],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env=clean_environment(),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) > 100
