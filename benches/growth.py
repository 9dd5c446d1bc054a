"""Does it grow as its data does? Time and memory of fetch, roll-up and Arrow export, from 10^4 to 10^7 readings.

Each size runs in a process of its own; the simulator runs in this one, so that its memory is not counted. Time and
memory are fitted as size ** exponent, over all sizes, and between the two largest ones by themselves, since small sizes
are mostly overhead, which would make the first exponent smaller than the truth. Exits with 1 if an exponent is above
1.1. A size is left out, and said to be, if it would take too much of the time or of this machine's memory.

    python benches/growth.py [--most 1000000]
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import metertap as mt
from metertap._table import text
from metertap.simulator import Simulator

NOW = "2026-04-15T12:00:00Z"
END = "2026-04-15"
BOUND = 1.1
#: Seconds for all sizes together.
LIMIT = 300.0
#: Readings of a minute each: which meters, of how many domains, over how many days.
METERS = ("edge_requests", "edge_down_traffic", "edge_up_traffic", "source_traffic", "session_requests")
DOMAINS = ("pull.www.example.com", "push.www.example.com", "pull.event.example.com", "pull.zhibo.example.com")
SIZES = {10_000: (1, 1, 7), 100_000: (1, 1, 70), 1_000_000: (2, 1, 348), 10_000_000: (5, 4, 348)}
STAGES = ("fetch", "roll-up", "Arrow export")
#: How often a step of about a second or less is done, for the median of its times.
SHORT = 5
#: Below this, a time is noise; below this many bytes, so is a memory.
LEAST_SECONDS, LEAST_BYTES = 0.01, 1 << 20


def main() -> int:
    """Run every size and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=max(SIZES), help="the largest size")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        size, base_url, credentials = given.one
        print(json.dumps(one(int(size), base_url, json.loads(credentials))))
        return 0
    found, left_out = measured([size for size in SIZES if size <= given.most])
    print(table(found))
    return judge(found, left_out)


def measured(sizes: Sequence[int]) -> tuple[dict[int, dict[str, Any]], str]:
    """Return what each size took, and why some were left out."""
    found: dict[int, dict[str, Any]] = {}
    began = time.monotonic()
    with Simulator(seed=7, now=NOW) as simulator:
        account = [simulator.base_url("volcengine"), json.dumps(simulator.credentials("volcengine"))]
        for size in sizes:
            left = LIMIT - (time.monotonic() - began)
            if found and (reason := too_much(size, found, left)):
                return found, reason
            command = [sys.executable, __file__, "--one", str(size), *account]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=left, check=True)
            except subprocess.TimeoutExpired:
                return found, f"{size:,} readings took longer than {left:.0f} s"
            found[size] = json.loads(done.stdout)
            simulator.clear_requests()
    return found, ""


def too_much(size: int, found: dict[int, dict[str, Any]], left: float) -> str:
    """Say why this size should not be tried, going by the one before."""
    before = max(found)
    factor = size / before
    seconds = factor * sum(found[before]["seconds"].values())
    needed = factor * found[before]["bytes"]["fetch"]
    if seconds > left:
        return f"{size:,} readings would take {seconds:.0f} s of {left:.0f} s that are left"
    if needed > 0.7 * available():
        return f"{size:,} readings would take {needed / 1e9:.1f} GB of {available() / 1e9:.1f} GB that are free"
    return ""


def one(size: int, base_url: str, credentials: dict[str, str]) -> dict[str, Any]:
    """Measure one size in this process."""
    import pyarrow as pa

    meters, domains, days = SIZES[size]
    client = mt.Volcengine(**credentials, base_url=base_url, max_per_second=math.inf, timeout=600)
    asked = client.select(
        meters=[f"volcengine.{name}" for name in METERS[:meters]], domains=list(DOMAINS[:domains]), aggregation=60
    )
    start = (date.fromisoformat(END) - timedelta(days=days)).isoformat()
    plan = mt.plan(asked, start, END, now=NOW)
    seconds: dict[str, float] = {}
    peaks: dict[str, int] = {}

    def stage(name: str, work: Callable[[], Any], times: int = 1) -> Any:
        base = reset_peak()
        took = []
        for _ in range(times):
            began = time.perf_counter()
            result = work()
            took.append(time.perf_counter() - began)
        seconds[name] = statistics.median(took)
        peaks[name] = peak() - base
        return result

    usage = stage("fetch", lambda: mt.fetch(plan))
    rolled = stage("roll-up", lambda: usage.rollup("day", by=["provider", "meter"]), SHORT)
    exported = stage("Arrow export", lambda: pa.RecordBatchReader.from_stream(usage).read_all(), SHORT)
    return {
        "readings": exported.num_rows,
        "calls": len(plan),
        "days": len(rolled),
        "table": exported.nbytes,
        "seconds": seconds,
        "bytes": peaks,
    }


def reset_peak() -> int:
    """Forget the peak of this process's memory; return what it has now."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
    return status("VmRSS")


def peak() -> int:
    """Return the peak of this process's memory, in bytes."""
    return status("VmHWM")


def status(field: str) -> int:
    """Return a field of this process's status, in bytes."""
    with open("/proc/self/status", encoding="ascii") as file:
        line = next(line for line in file if line.startswith(field))
    return int(line.split()[1]) * 1024


def available() -> int:
    """Return the bytes of memory that are free for use."""
    with open("/proc/meminfo", encoding="ascii") as file:
        line = next(line for line in file if line.startswith("MemAvailable"))
    return int(line.split()[1]) * 1024


def exponent(points: Iterable[tuple[float, float]]) -> float:
    """Return the slope of the line through the logarithms, by least squares."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    mean_x, mean_y = (sum(values) / len(logs) for values in zip(*logs, strict=True))
    slope = sum((x - mean_x) * (y - mean_y) for x, y in logs)
    return slope / sum((x - mean_x) ** 2 for x, _ in logs)


def fits(found: dict[int, dict[str, Any]], what: str, stage: str, least: float) -> tuple[float, float]:
    """Return the exponent over all sizes, and that between the two largest ones."""
    points = [(run["readings"], max(run[what][stage], least)) for run in found.values()]
    return exponent(points), exponent(points[-2:])


def judge(found: dict[int, dict[str, Any]], left_out: str) -> int:
    """Print the exponents and the figure."""
    print()
    worst = 0.0
    for stage, (what, least) in itertools.product(STAGES, (("seconds", LEAST_SECONDS), ("bytes", LEAST_BYTES))):
        overall, last = fits(found, what, stage, least)
        worst = max(worst, overall, last)
        name = "time" if what == "seconds" else "memory"
        print(f"{stage:<13} {name:<7} size ** {overall:.2f}; between the two largest sizes size ** {last:.2f}")
    if left_out:
        print(f"left out: {left_out}")
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"{machine}, the simulator in another process")
    holds = worst <= BOUND
    told = {
        "id": "P14",
        "goal": f"linear: exponents ≤ {BOUND} from 10⁴ to 10⁷ readings",
        "reached": f"exponents ≤ {worst:.2f} up to {max(found):,} readings",
        "pass": holds,
        "reason": left_out,
    }
    print("FIGURE", json.dumps(told, ensure_ascii=False), flush=True)
    return int(not holds)


def table(found: dict[int, dict[str, Any]]) -> str:
    """Return the sizes as a table."""
    head = ("readings", "calls", "table", *(f"{stage} {unit}" for stage in STAGES for unit in ("s", "MB")))
    rows = [
        (
            f"{run['readings']:,}",
            run["calls"],
            f"{run['table'] / 1e6:.1f} MB",
            *(
                f"{value:.3f}" if unit == "seconds" else f"{value / 1e6:.1f}"
                for stage in STAGES
                for unit, value in (("seconds", run["seconds"][stage]), ("bytes", run["bytes"][stage]))
            ),
        )
        for run in found.values()
    ]
    return text(head, rows)


if __name__ == "__main__":
    sys.exit(main())
