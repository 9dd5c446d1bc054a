"""What a ledger costs beside the tables that it is made of: a million readings into ten, and a year that is known.

The same rows are added to two tables of ten million readings that are alike: by the ledger, which looks first at what
is known and keeps what was asked and answered, and by `deltalake` alone. Then a year of twenty accounts is synced
twice, the second time with the clock past what is read again.

    python benches/ledger.py [--readings 1000000] [--times 10] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

import metertap as mt
from machine import peak
from metertap import _core
from metertap.simulator import Simulator

NOW = datetime(2026, 4, 15, 12, tzinfo=timezone.utc)
METERS = ("volcengine.edge_requests", "volcengine.edge_down_traffic")
#: How much of the speed of `deltalake` alone a ledger keeps, and how long a year that is known may take, in seconds.
GOAL, KNOWN = 0.5, 2.0


def main() -> int:
    """Measure, and print the figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--readings", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=10, help="how many times as many are there before")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        how, folder = given.one
        print(json.dumps(one(how, Path(folder))))
        return 0
    with tempfile.TemporaryDirectory(prefix="bench-ledger-") as name:
        folder = Path(name)
        usage = answered(given.readings)
        (folder / "usage").write_bytes(usage._core.to_bytes())
        fill(folder / "before", usage, given.times)
        taken: dict[str, list[dict[str, float]]] = {"deltalake": [], "ledger": []}
        for _ in range(given.rounds):
            for how, found in taken.items():
                shutil.copytree(folder / "before", folder / how)
                command = [sys.executable, __file__, "--one", how, str(folder)]
                done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
                found.append(json.loads(done.stdout.splitlines()[-1]))
                shutil.rmtree(folder / how)
        calls, seconds = known_year(folder / "year")
    return judge(len(usage), given.times * len(usage), taken, calls, seconds)


def answered(readings: int) -> mt.Usage:
    """Return a usage of about so many readings, of a minute each."""
    days = readings // (1440 * len(METERS)) + 1
    with Simulator(seed=7, now=NOW) as simulator:
        asked = simulator.client("volcengine", max_concurrency=2).select(meters=METERS, aggregation=60)
        return mt.fetch(asked, (NOW - timedelta(days=days + 1)).date(), (NOW - timedelta(days=1)).date(), now=NOW)


def fill(folder: Path, usage: mt.Usage, times: int) -> None:
    """Make a ledger that has so many times the usage's readings, of earlier years."""
    rows, *_ = _core.changes(usage._core, None, "before", NOW)
    table = pa.table(mt.Table(rows))
    ledger = mt.Ledger(folder)
    for year in range(1, times + 1):
        shift = pa.scalar(timedelta(days=366 * year), pa.duration("us"))
        start, end = (pc.subtract(table[name], shift) for name in ("start", "end"))
        ids = pa.array([os.urandom(16) for _ in range(len(table))], pa.binary())
        moved = {"start": start, "end": end, "month": pc.strftime(start, "%Y-%m"), "reading_id": ids}
        columns = {name: moved.get(name, table[name]) for name in table.column_names}
        ledger._store.add("readings", pa.table(columns))


def one(how: str, folder: Path) -> dict[str, float]:
    """Add the usage's readings to a copy of what was there before."""
    usage = mt.Usage(_core.Usage.from_bytes((folder / "usage").read_bytes()))
    if how == "deltalake":
        from deltalake import write_deltalake

        rows, *_ = _core.changes(usage._core, None, "new", NOW)
        table = mt.Table(rows)
        began = time.perf_counter()
        write_deltalake(str(folder / how / "readings"), table, mode="append", schema_mode="merge")
        return {"seconds": time.perf_counter() - began, "peak": peak()}
    ledger = mt.Ledger(folder / how)
    began = time.perf_counter()
    told = ledger._kept(usage, "new")
    seconds, most = time.perf_counter() - began, peak()
    assert told.new == len(usage)
    began = time.perf_counter()
    told = ledger._kept(usage, "again")
    assert told.unchanged == len(usage)
    return {"seconds": seconds, "peak": most, "again": time.perf_counter() - began}


@contextmanager
def timed(seconds: list[float]) -> Iterator[None]:
    """Add what it took."""
    began = time.perf_counter()
    yield
    seconds.append(time.perf_counter() - began)


def known_year(folder: Path) -> tuple[int, float]:
    """Sync a year of twenty accounts twice; return the calls of the second time, and its seconds."""
    with Simulator(seed=7, now=NOW) as simulator:
        clients: list[Any] = [
            simulator.client(("volcengine", "ricoh")[number % 2], name=f"account-{number}") for number in range(20)
        ]
        start, end = NOW - timedelta(days=360), NOW - timedelta(days=10)
        ledger = mt.Ledger(folder)
        ledger.sync(clients, start.date(), end.date(), now=NOW)
        took: list[float] = []
        with timed(took):
            told = ledger.sync(clients, start.date(), end.date(), now=NOW + timedelta(days=4))
        return told.calls, took[0]


def judge(new: int, before: int, taken: dict[str, list[dict[str, float]]], calls: int, seconds: float) -> int:
    """Print the figure."""

    def usual(how: str, what: str) -> float:
        return statistics.median(found[what] for found in taken[how])

    ratio = usual("deltalake", "seconds") / usual("ledger", "seconds")
    reached = (
        f"{ratio:.2f} × deltalake ({usual('ledger', 'seconds'):.2f} s and {usual('deltalake', 'seconds'):.2f} s;"
        f" peak {usual('ledger', 'peak'):.0f} and {usual('deltalake', 'peak'):.0f} MiB; the same once more"
        f" {usual('ledger', 'again'):.2f} s); a known year of 20 accounts: {calls} calls, {seconds:.2f} s"
    )
    print(f"{new:,} readings into {before:,}; {os.cpu_count()} cores, {platform.machine()}")
    holds = ratio >= GOAL and calls == 0 and seconds < KNOWN
    told = {
        "id": "P16",
        "goal": f"≥ {GOAL} of what deltalake alone does with the same rows; a known year: no call, < {KNOWN:g} s",
        "reached": reached,
        "pass": holds,
        "reason": "",
    }
    print("FIGURE", json.dumps(told, ensure_ascii=False), flush=True)
    return int(not holds)


if __name__ == "__main__":
    sys.exit(main())
