"""What others read in a ledger: no reader loses a row to a filter, and all read the same latest figures."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from support import Reply, ScriptedServer, Seen

import metertap as mt
from metertap.ledger import LATEST_SQL
from metertap.simulator import Simulator

deltalake = pytest.importorskip("deltalake")
duckdb = pytest.importorskip("duckdb")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")
ds = pytest.importorskip("pyarrow.dataset")

TOY = Path(__file__).parents[1] / "common" / "toy.toml"
PAGE = ("2026-01-01", "2026-04-15T06:00:00Z")
START = datetime(2026, 4, 10, tzinfo=timezone.utc)
AMOUNT = pa.decimal128(38, 18)
#: What no binary fraction holds, by days: beyond 2^53, the smallest there is, 18 and 6 digits behind the point.
FIGURES = [
    Decimal(text)
    for text in ["9007199254740993", "9007199254740995.000001", "0.000000000000000001", "12345678901234567890.1"]
    + [f"{number}.{number:018d}" for number in range(1, 9)]
    + [f"{number * 7919}.{number * 104729 % 1_000_000:06d}" for number in range(1, 29)]
]


def answered(seen: Seen) -> Reply:
    """Answer with the figure of each day of the range, an hour after its end."""
    [start], [end] = seen.query["from"], seen.query["until"]
    first, last = ((datetime.fromtimestamp(int(at), timezone.utc) - START).days for at in (start, end))
    days = [
        f'{{"day":"{START + timedelta(days=number):%Y-%m-%dT%H:%M:%SZ}","count":1,"kg":{FIGURES[number]:f}}}'
        for number in range(max(first, 0), min(last, len(FIGURES)))
    ]
    date = format_datetime(START + timedelta(days=last, hours=2), usegmt=True)
    return Reply(body=f'{{"days":[{",".join(days)}]}}'.encode(), headers={"Date": date})


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> mt.Ledger:
    """A ledger of forty small syncs, a day each."""
    place = tmp_path_factory.mktemp("ledger") / "ledger"
    ledger, server = mt.Ledger(place), ScriptedServer()
    server.script = [answered]
    try:
        toy = mt.register(TOY, replace=True)(api_key="k", base_url=server.origin, max_per_second=1e6)
        for number in range(1, len(FIGURES) + 1):
            now = START + timedelta(days=number, hours=2)
            end = START + timedelta(days=number)
            assert ledger.sync(toy.select(meters=["toy.weight"]), START, end, now=now).new == 1
    finally:
        server.stop()
    return ledger


@pytest.fixture(scope="module")
def place(ledger: mt.Ledger) -> str:
    path: str = f"{ledger._path}/readings"
    assert len(deltalake.DeltaTable(path).file_uris()) == len(FIGURES)
    return path


@pytest.fixture(scope="module")
def careless(place: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same rows, a file each, in a table with statistics of all columns, as is the default."""
    path = str(tmp_path_factory.mktemp("careless") / "readings")
    rows = deltalake.DeltaTable(place).to_pyarrow_table().sort_by("start")
    for number in range(len(rows)):
        deltalake.write_deltalake(path, rows.slice(number, 1), mode="append", partition_by=["month"])
    return path


# Each reader: the quantities of the rows whose column is between two values


def sql(column: str, low: Any, high: Any, moment: str) -> str:
    def written(value: Any) -> str:
        if isinstance(value, Decimal):
            return f"CAST('{value:f}' AS DECIMAL(38, 18))"
        return f"'{value}'" if isinstance(value, str) else moment.format(f"{value:%Y-%m-%dT%H:%M:%SZ}")

    if low == high:
        return f'"{column}" = {written(low)}'
    return f'"{column}" >= {written(low)} AND "{column}" <= {written(high)}'


DUCK = "TIMESTAMPTZ '{}'"


def query_builder(path: str, *asked: Any) -> list[Decimal]:
    reader = deltalake.QueryBuilder().register("readings", deltalake.DeltaTable(path))
    where = sql(*asked, "arrow_cast('{}', 'Timestamp(Microsecond, Some(\"UTC\"))')")
    return quantities(pa.table(reader.execute(f"SELECT quantity FROM readings WHERE {where}").read_all()))


def polars(path: str, column: str, low: Any, high: Any) -> list[Decimal]:
    low, high = (pl.lit(one, dtype=pl.Decimal(38, 18)) if isinstance(one, Decimal) else one for one in (low, high))
    same = pl.col(column) == low if low is high else (pl.col(column) >= low) & (pl.col(column) <= high)
    return list(pl.scan_delta(path).filter(same).select("quantity").collect()["quantity"])


def expression(column: str, low: Any, high: Any) -> Any:
    low, high = (pa.scalar(one, AMOUNT) if isinstance(one, Decimal) else one for one in (low, high))
    field = ds.field(column)
    return field == low if low is high else (field >= low) & (field <= high)


def pyarrow(path: str, *asked: Any) -> list[Decimal]:
    dataset = deltalake.DeltaTable(path).to_pyarrow_dataset()
    return quantities(dataset.to_table(filter=expression(*asked), columns=["quantity"]))


def pandas(path: str, *asked: Any) -> list[Decimal]:
    dataset = deltalake.DeltaTable(path).to_pyarrow_dataset()
    return list(dataset.to_table(filter=expression(*asked)).to_pandas()["quantity"])


def delta_to_pandas(path: str, column: str, low: Any, high: Any) -> list[Decimal]:
    low, high = (pa.scalar(one, AMOUNT) if isinstance(one, Decimal) else one for one in (low, high))
    filters = [(column, "==", low)] if low is high else [(column, ">=", low), (column, "<=", high)]
    return list(deltalake.DeltaTable(path).to_pandas(filters=filters)["quantity"])


def duckdb_on_the_dataset(path: str, *asked: Any) -> list[Decimal]:
    dataset = deltalake.DeltaTable(path).to_pyarrow_dataset()
    with duckdb.connect() as duck:
        duck.register("readings", dataset)
        return [one for (one,) in duck.sql(f"SELECT quantity FROM readings WHERE {sql(*asked, DUCK)}").fetchall()]


def duckdb_on_the_files(path: str, *asked: Any) -> list[Decimal]:
    files = deltalake.DeltaTable(path).file_uris()
    with duckdb.connect() as duck:
        read = duck.read_parquet(files, union_by_name=True, hive_partitioning=True)
        return [one for (one,) in read.filter(sql(*asked, DUCK)).project("quantity").fetchall()]


READERS: list[Callable[..., list[Decimal]]] = [
    query_builder,
    polars,
    pyarrow,
    pandas,
    delta_to_pandas,
    duckdb_on_the_dataset,
    duckdb_on_the_files,
]


def quantities(table: Any) -> list[Decimal]:
    found: list[Decimal] = table["quantity"].to_pylist()
    return found


def lost(reader: Callable[..., list[Decimal]], path: str) -> int:
    """Return how many figures this reader does not find by their value."""
    return sum(reader(path, "quantity", figure, figure) != [figure] for figure in FIGURES)


@pytest.mark.parametrize("reader", READERS)
def test_no_reader_loses_a_figure_that_is_asked_for(reader, place):
    assert len(set(FIGURES)) == 40
    assert lost(reader, place) == 0


@pytest.mark.parametrize("reader", READERS)
def test_no_reader_loses_a_row_to_a_range(reader, place):
    order = sorted(FIGURES)
    for low, high in [(0, 3), (4, 39), (30, 39), (17, 18), (36, 37)]:
        assert sorted(reader(place, "quantity", order[low], order[high])) == order[low : high + 1]
    # The smallest step beside a figure there is none.
    beside = [Decimal("9007199254740993.000000000000000001"), Decimal("9007199254740995")]
    assert reader(place, "quantity", beside[0], beside[0]) == []
    assert reader(place, "quantity", *beside) == []


@pytest.mark.parametrize("reader", READERS)
def test_no_reader_loses_a_row_to_a_moment_or_a_name(reader, place):
    for first, last in [(0, 0), (39, 39), (20, 22), (5, 35)]:
        moments = [START + timedelta(days=number) for number in (first, last)]
        moments[1] = moments[0] if first == last else moments[1]
        assert sorted(reader(place, "start", *moments)) == sorted(FIGURES[first : last + 1])
    name = "toy.weight"
    assert sorted(reader(place, "meter", name, name)) == sorted(FIGURES)
    month = "2026-04"
    assert sorted(reader(place, "month", month, month)) == sorted(FIGURES[:21])


@pytest.mark.parametrize("reader", [query_builder, polars, pyarrow, pandas, delta_to_pandas, duckdb_on_the_dataset])
def test_with_statistics_of_decimals_readers_lose_rows_silently(reader, careless):
    """Why the ledger keeps none; if a deltalake has mended it, this fails, and the setting may go."""
    assert len(deltalake.DeltaTable(careless).to_pyarrow_table()) == len(FIGURES)
    assert lost(reader, careless) > 0


def test_only_who_reads_the_files_themselves_loses_nothing_with_statistics_of_decimals(careless):
    assert lost(duckdb_on_the_files, careless) == 0


def test_tidy_and_vacuum_keep_every_figure_of_every_reader(ledger, place, tmp_path):
    # A copy, since the other tests need the many files.
    path = str(tmp_path / "ledger" / "readings")
    copy = mt.Ledger(tmp_path / "ledger")
    for name in ("readings", "facts"):
        rows = mt.usage.Table(mt._core.taken(ledger._store._asked(name, f"SELECT * FROM {name}")))
        for number in range(0, len(rows), 4):
            part = rows.to_arrow().slice(number, 4)
            copy._store.add(name, mt.usage.Table(mt._core.taken(part)))
    end = START + timedelta(days=len(FIGURES))
    before = copy.usage(START, end, now=end).to_dicts()
    files = len(deltalake.DeltaTable(path).file_uris())
    assert copy.tidy()["files"] >= files > 2
    assert len(deltalake.DeltaTable(path).file_uris()) == 2
    gone = copy.vacuum(retain_days=0, dry_run=False, even_if_read=True)
    assert len(gone) >= files
    assert len(list(Path(path).rglob("*.parquet"))) == 2
    assert copy.usage(START, end, now=end).to_dicts() == before
    for reader in READERS:
        assert lost(reader, path) == 0
    configuration = deltalake.DeltaTable(path).metadata().configuration
    assert "quantity" not in configuration["delta.dataSkippingStatsColumns"]


def test_a_list_that_is_null_is_not_an_empty_one_and_stays_so_when_tidied(ledger, tmp_path):
    copy = mt.Ledger(tmp_path / "ledger")
    for name in ("readings", "facts"):
        rows = deltalake.DeltaTable(f"{ledger._path}/{name}").to_pyarrow_table()
        if name == "readings":
            told = [[None, [], ["partial_bucket", "negative"]][number % 3] for number in range(len(rows))]
            column = pa.array(told, rows.schema.field("flags").type)
            rows = rows.set_column(rows.schema.get_field_index("flags"), "flags", column)
            copy._store.add(name, mt.usage.Table(mt._core.taken(rows)))  # twins
        copy._store.add(name, mt.usage.Table(mt._core.taken(rows)))
    assert copy.tidy()["twins"] == len(FIGURES)
    found = deltalake.DeltaTable(f"{copy._path}/readings").to_pyarrow_table()
    assert sorted(map(repr, found["flags"].to_pylist())) == sorted(map(repr, told))
    assert sorted(found["quantity"].to_pylist()) == sorted(FIGURES)


def restated(tmp_path: Path, server: ScriptedServer) -> tuple[mt.Ledger, datetime]:
    """Return a ledger in which the first of three days was restated, and a moment before that."""
    toy = mt.register(TOY, replace=True)(api_key="k", base_url=server.origin)
    ledger, between = mt.Ledger(tmp_path / "ledger"), START
    for hour, figures in [(12, (10,)), (60, (12, 20, 30))]:
        between = datetime.now(timezone.utc)
        days = [{"day": f"{START + timedelta(days=at):%FT%TZ}", "count": one} for at, one in enumerate(figures)]
        date = format_datetime(START + timedelta(hours=hour), usegmt=True)
        server.script = [Reply(body=json.dumps({"days": days}).encode(), headers={"Date": date})]
        ledger.sync(toy, START, now=START + timedelta(hours=hour), on_error="keep")
    return ledger, between


def test_the_latest_figures_in_sql_are_those_of_the_ledger(server, tmp_path):
    ledger, before = restated(tmp_path, server)
    table = deltalake.DeltaTable(f"{ledger._path}/readings")
    assert table.count() == 4
    end = START + timedelta(days=3)
    usage = ledger.usage(START, end, now=end)
    wanted = [(row["start"], int(row["quantity"])) for row in usage.to_dicts()]
    assert [figure for _, figure in wanted] == [12, 20, 30]
    with duckdb.connect() as duck:
        duck.sql("SET TimeZone = 'UTC'")
        duck.register("readings", table.to_pyarrow_dataset())
        latest = duck.sql(f"SELECT start, quantity FROM ({LATEST_SQL}) AS latest ORDER BY start")
        assert [(at.astimezone(timezone.utc), int(one)) for at, one in latest.fetchall()] == wanted
        columns = duck.sql(LATEST_SQL).columns
    assert sorted(columns) == sorted(["nth", *(field.name for field in table.schema().fields)])
    reader = deltalake.QueryBuilder().register("readings", table)
    again = pa.table(reader.execute(f"SELECT start, quantity FROM ({LATEST_SQL}) AS latest ORDER BY start").read_all())
    assert [(row["start"], int(row["quantity"])) for row in again.to_pylist()] == wanted
    known = ledger.usage(START, end, now=end, as_of=before).to_dicts()
    assert [int(row["quantity"]) for row in known] == [10]


def test_the_page_on_the_ledger_runs(tmp_path, monkeypatch, capsys):
    page = (TOY.parents[2] / "docs" / "ledger.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python(?: (\S+))?\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert [name for name, _ in blocks] == ["", "nightly.py", "", "", "", "", ""]
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for name, block in blocks:
        if not name:
            exec(block, names)
    names["service"].stop()
    assert (names["done"].calls, names["done"].new) == (6, 519)
    assert f"# {names['done']}" in page
    assert f"# {names['tidied']}" in page
    assert (names["later"].new, names["later"].restated, len(names["changes"])) == (0, 0, 0)
    latest = {(row["account"], row["meter"]): row["quantity"] for row in names["ledger"].usage(*PAGE).to_dicts()}
    assert {(account, meter) for account, meter, _ in names["sums"]} == latest.keys()
    assert len(names["then"]) == len(names["usage"]) > 0
    assert len(names["frame"]) == 519
    march = [row for row in names["usage"].to_dicts() if f"{row['start']:%Y-%m}" == "2026-03"]
    assert len(names["pandas"]) == len(march) > 0
    told = names["told"]
    assert (told.calls, told.new, len(told.holes), len(names["kept"])) == (154, 671, 5, 168)
    assert told.restated > 50
    # Every column of the tables is named.
    for table in ("readings", "facts"):
        dimensions = {"vhost", "domain"}
        columns = {field.name for field in deltalake.DeltaTable(f"usage/{table}").schema().fields} - dimensions
        assert [name for name in columns if f"`{name}`" not in page] == []
    capsys.readouterr()
    nightly = dict(blocks)["nightly.py"]
    with Simulator(seed=7) as service:
        known = service.credentials("volcengine")
        lines = [f'{name} = {{env = "PAGE_{name}"}}' for name in known]
        for name, value in known.items():
            monkeypatch.setenv(f"PAGE_{name}", value)
        lines[:0] = ["[accounts.video]", 'provider = "volcengine"', f'base_url = "{service.base_url("volcengine")}"']
        file = tmp_path / "config.toml"
        file.write_text("\n".join(lines), encoding="utf-8")
        monkeypatch.setenv("METERTAP_CONFIG", str(file))
        exec(nightly, {})
    assert "new readings, 0 restated" in capsys.readouterr().out
