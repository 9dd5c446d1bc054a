"""A ledger in bad hands: processes that end in between, writers at once, full disks, and files that are not right."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from support import Reply, ScriptedServer, clean_environment

import metertap as mt
from metertap.simulator import Simulator

deltalake = pytest.importorskip("deltalake")

from metertap._delta import Store  # noqa: E402 - needs what was just looked for

NOW = datetime(2026, 4, 15, 6, tzinfo=timezone.utc)
RANGE = ("2026-03-01", "2026-04-10")
ASIDE = ("fetched_at", "call_id")
TOY = Path(__file__).parents[1] / "common" / "toy.toml"


class Ended(BaseException):
    """Stands for the end of the process."""


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(seed=7, now=NOW + timedelta(days=1)) as simulator:
        yield simulator


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def whole(simulator: Simulator, place: Path) -> mt.Ledger:
    """A ledger with a finished sync in it."""
    ledger = mt.Ledger(place)
    ledger.sync(simulator.client("volcengine"), *RANGE, now=NOW)
    return ledger


def rows(usage: mt.Usage) -> list[str]:
    """Return the readings without what tells when and by which call they came, in one order."""
    return sorted(repr({name: value for name, value in row.items() if name not in ASIDE}) for row in usage.to_dicts())


def readings(ledger: mt.Ledger) -> list[str]:
    with pytest.warns(mt.CoverageWarning) if not ledger._store.table("facts") else _nothing():
        return rows(ledger.usage(*RANGE, now=NOW))


class _nothing:  # noqa: N801 - as contextlib has it
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def stored(ledger: mt.Ledger) -> int:
    """Return how many rows there are, of all versions."""
    number: int = ledger._store.table("readings").count()
    return number


def day(count: int, hour: int) -> Reply:
    """Return an answer about the first of May, given while that day ran."""
    body = json.dumps({"days": [{"day": "2026-05-01T00:00:00Z", "count": count}]})
    date = format_datetime(datetime(2026, 5, 1, hour, tzinfo=timezone.utc), usegmt=True)
    return Reply(body=body.encode(), headers={"Date": date})


@pytest.fixture
def toy(server: ScriptedServer) -> Any:
    return mt.register(TOY, replace=True)(api_key="k", base_url=server.origin)


# Processes that end, and several at once


@pytest.mark.parametrize("provider", ["volcengine", "ricoh", "devicewise"])
def test_who_ends_between_readings_and_facts_loses_nothing(provider, simulator, place, monkeypatch):
    client = simulator.client(provider, max_per_second=1e6)
    add = Store.add

    def end(store: Store, name: str, table: Any) -> None:
        if name == "facts":
            raise Ended
        add(store, name, table)

    monkeypatch.setattr(Store, "add", end)
    with pytest.raises(Ended):
        mt.Ledger(place).sync(client, RANGE[0], now=NOW - timedelta(days=1))
    monkeypatch.undo()
    ledger = mt.Ledger(place)
    left_behind = stored(ledger)
    assert left_behind > 0
    with pytest.raises(mt.InvalidArgument, match="yet: sync first"):
        ledger.usage(RANGE[0], NOW, now=NOW)
    # The calls of the next night have other ends.
    told = ledger.sync(client, RANGE[0], now=NOW, on_error="keep")
    fetched = mt.fetch(client, RANGE[0], NOW, now=NOW, every="month", on_error="keep")
    assert rows(ledger.usage(RANGE[0], NOW, now=NOW)) == rows(fetched)
    assert told.new == len(fetched)
    # What was left behind may be of a sync that goes on; it is dropped when that cannot be.
    assert ledger.tidy()["twins"] == 0
    monkeypatch.setattr("metertap._delta.LEFT_BEHIND", timedelta(0))
    # RICOH's month that still ran is another reading each time, as it is longer; it may be the only one there is.
    stays = {"ricoh": 11}.get(provider, 0)
    assert ledger.tidy()["twins"] == left_behind - stays > 0
    assert rows(ledger.usage(RANGE[0], NOW, now=NOW)) == rows(fetched)
    assert stored(ledger) == len(fetched) + stays


def test_readings_of_an_ended_process_stay_until_they_were_read_again(simulator, whole, monkeypatch):
    before = readings(whole)
    table = mt.usage.Table(mt._core.taken(whole._store._asked("readings", "SELECT * FROM readings")))
    shifted = table.to_arrow().set_column(
        table.columns.index("reading_id"), "reading_id", [[os.urandom(16) for _ in range(len(table))]]
    )
    shifted = shifted.set_column(table.columns.index("sync_id"), "sync_id", [["ended"] * len(table)])
    whole._store.add("readings", shifted)
    monkeypatch.setattr("metertap._delta.LEFT_BEHIND", timedelta(0))
    assert whole.tidy()["twins"] == 0
    assert (stored(whole), readings(whole)) == (2 * len(before), before)
    assert len(whole.restatements()) == 0


def test_tidy_keeps_what_a_sync_adds_meanwhile(simulator, place, monkeypatch):
    client = simulator.client("volcengine")
    ledger, other = mt.Ledger(place), mt.Ledger(place)
    ledger.sync(client, "2026-03-01", "2026-03-10", now=NOW)
    twins = mt.usage.Table(mt._core.taken(ledger._store._asked("readings", "SELECT * FROM readings")))
    ledger._store.add("readings", twins)
    drop, added = Store._drop_twins_of, []
    write = deltalake.write_deltalake

    def late(*given: Any, **options: Any) -> None:
        if options["mode"] == "overwrite" and not added:
            monkeypatch.setattr(deltalake, "write_deltalake", write)
            added.append(other.sync(client, "2026-03-10", "2026-04-01", now=NOW).new)
        write(*given, **options)

    monkeypatch.setattr(deltalake, "write_deltalake", late)
    assert drop is Store._drop_twins_of
    assert ledger.tidy()["twins"] == len(twins)
    assert added[0] > 0
    assert len(ledger.usage("2026-03-01", "2026-04-01", now=NOW)) == len(twins) + added[0] == stored(ledger)


def test_twins_of_answers_from_different_moments_are_dropped_and_the_first_stays(server, toy, place, monkeypatch):
    ledger = mt.Ledger(place)
    moments = []
    versions = Store.versions
    for hour, count in enumerate((10, 10, 12, 12, 10), 12):
        server.script = [day(count, hour)]
        # Each looked before the others had written.
        monkeypatch.setattr(Store, "versions", lambda *_: None)
        ledger.sync(toy, "2026-05-01", "2026-05-02", now=f"2026-05-01T{hour}:00:00Z")
        moments.append(datetime.now(timezone.utc))
    monkeypatch.setattr(Store, "versions", versions)

    def known() -> list[list[int]]:
        views = [ledger.usage("2026-05-01", "2026-05-02", as_of=moment) for moment in moments]
        return [[int(row["quantity"]) for row in view.to_dicts()] for view in views]

    assert (stored(ledger), known()) == (5, [[10], [10], [12], [12], [10]])
    assert ledger.tidy()["twins"] == 2
    assert (stored(ledger), known()) == (3, [[10], [10], [12], [12], [10]])
    assert [(row["before"], row["quantity"]) for row in ledger.restatements().to_dicts()] == [(10, 12), (12, 10)]
    assert ledger.tidy() == {"twins": 0, "files": 0}


def test_a_question_during_a_sync_shows_no_reading_without_its_call(server, toy, place, monkeypatch):
    ledger, other = mt.Ledger(place), mt.Ledger(place)
    server.script = [day(10, 12), day(12, 18)]
    ledger.sync(toy, "2026-05-01", now="2026-05-01T12:00:00Z")
    facts, told = Store.facts, []

    def then_sync(*given: Any) -> Any:
        found = facts(*given)
        monkeypatch.setattr(Store, "facts", facts)
        told.append(other.sync(toy, "2026-05-01", now="2026-05-01T18:00:00Z").restated)
        return found

    monkeypatch.setattr(Store, "facts", then_sync)
    assert [row["quantity"] for row in ledger.usage("2026-05-01", "2026-05-02").to_dicts()] == [10]
    assert told == [1]
    assert [row["quantity"] for row in ledger.usage("2026-05-01", "2026-05-02").to_dicts()] == [12]


# What is in that place, and what cannot be read or written


def one_sentence(attempt: Callable[[], object]) -> str:
    with pytest.raises(mt.InvalidArgument) as caught:
        attempt()
    told = str(caught.value)
    assert "\n" not in told
    assert told.endswith(".")
    assert not told.endswith("..")
    return told


def described(place: Path, description: str | None) -> None:
    arrow = pytest.importorskip("pyarrow")
    for name in ("readings", "facts"):
        deltalake.write_deltalake(place / name, arrow.table({"month": ["2026-03"]}), description=description)


def test_a_ledger_of_a_newer_version_is_refused(place):
    described(place, "metertap ledger 2")
    told = one_sentence(lambda: mt.Ledger(place))
    assert told == (f"{place} is a ledger of version 2, and this metertap knows version 1: install a newer one.")


def test_a_table_of_something_else_is_refused_and_stays(place):
    described(place, "orders")
    told = one_sentence(lambda: mt.Ledger(place))
    assert told == f"{place}/readings is no table of a ledger; choose another place."
    assert deltalake.DeltaTable(place / "readings").count() == 1


def test_a_ledger_that_became_newer_meanwhile_is_not_written_to(simulator, whole, place):
    before = stored(whole)
    for name in ("readings", "facts"):
        deltalake.DeltaTable(place / name).alter.set_table_description("metertap ledger 2")
    client = simulator.client("volcengine")
    told = one_sentence(lambda: whole.sync(client, "2026-02-01", RANGE[1], now=NOW))
    assert "is a ledger of version 2" in told
    assert deltalake.DeltaTable(place / "readings").count() == before


@pytest.mark.parametrize("name", ["readings", "facts"])
def test_a_corrupted_log_is_one_sentence_and_nothing_is_lost(name, simulator, whole, place):
    before = readings(whole)
    log = sorted((place / name / "_delta_log").glob("*.json"))[-1]
    good = log.read_bytes()
    log.write_bytes(b'{"commitInfo": ')
    client = simulator.client("volcengine")
    assert f"{place}/{name} cannot be read as a table of a ledger: " in one_sentence(lambda: mt.Ledger(place))
    one_sentence(lambda: whole.usage(*RANGE, now=NOW))
    one_sentence(lambda: whole.sync(client, "2026-02-01", RANGE[1], now=NOW))
    one_sentence(whole.tidy)
    log.write_bytes(good)
    assert readings(whole) == before


@pytest.mark.parametrize("name", ["readings", "facts"])
@pytest.mark.parametrize("harm", ["garbage", "cut", "gone"])
def test_a_corrupted_file_is_one_sentence_and_nothing_is_lost(name, harm, simulator, whole, place):
    before = readings(whole)
    [*_, file] = sorted((place / name).rglob("*.parquet"))
    good = file.read_bytes()
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(os.urandom(len(good)) if harm == "garbage" else good[: len(good) // 2])
    attempts = [lambda: whole.usage(*RANGE, now=NOW), whole.restatements]
    if name == "readings":
        attempts.append(whole.tidy)
    else:
        attempts.append(lambda: whole.sync(simulator.client("volcengine"), "2026-02-01", RANGE[1], now=NOW))
    for attempt in attempts:
        told = one_sentence(attempt)
        assert "cannot be read: " in told, told
        assert len(told) < 600, told
    file.write_bytes(good)
    assert readings(whole) == before


CHILD = """
import json, os, resource, sys
import metertap as mt

path, way, now, account = sys.argv[1:]
client = mt.Volcengine(**json.loads(account))
ledger = mt.Ledger(path)
if way == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
elif os.geteuid() == 0:
    os.setuid(65534)
try:
    ledger.sync(client, "2026-02-01", "2026-04-10", now=now)
except mt.InvalidArgument as problem:
    print(problem)
"""


def in_a_child(simulator: Simulator, place: Path, way: str) -> str:
    account = {**simulator.credentials("volcengine"), "base_url": simulator.base_url("volcengine")}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(place), way, NOW.isoformat(), json.dumps(account)],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(),
        check=False,
    )
    # What deltalake says on stderr when it cannot write is its own.
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits are POSIX's")
def test_a_full_disk_is_one_sentence_and_nothing_is_lost(simulator, whole, place):
    before = readings(whole)
    told = in_a_child(simulator, place, "full")
    assert re.fullmatch(rf"{place}/\w+ cannot be written: [^\n]*; what was stored before is whole\.\n", told), told
    assert readings(whole) == before
    assert whole.sync(simulator.client("volcengine"), "2026-02-01", RANGE[1], now=NOW).new > 0
    assert set(before) < set(rows(whole.usage("2026-02-01", RANGE[1], now=NOW)))


@pytest.mark.skipif(sys.platform == "win32", reason="who may write is told in another way there")
def test_a_folder_that_cannot_be_written_is_one_sentence_and_nothing_is_lost(simulator):
    # Not pytest's folder, into which no other user may look.
    folder = Path(tempfile.mkdtemp())
    place = folder / "ledger"
    try:
        ledger = mt.Ledger(place)
        ledger.sync(simulator.client("volcengine"), *RANGE, now=NOW)
        before = readings(ledger)
        for part in [folder, *folder.rglob("*")]:
            part.chmod(0o555 if part.is_dir() else 0o444)
        told = in_a_child(simulator, place, "other user")
        assert re.fullmatch(rf"{place}/\w+ cannot be written: [^\n]*; what was stored before is whole\.\n", told), told
        assert readings(ledger) == before
    finally:
        for part in [folder, *folder.rglob("*")]:
            part.chmod(0o755)
        shutil.rmtree(folder)
