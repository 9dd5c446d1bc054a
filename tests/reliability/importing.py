"""F18: what importing costs, and what it leaves alone; the size of the wheel; and what clients cost."""

from __future__ import annotations

import json
import os
from pathlib import Path

from figures import ROOT, figure, percentile, run_python

IMPORT = """
import json, os, sys, threading, time
before, standard = set(sys.modules), sys.stdlib_module_names
began = time.perf_counter()
import metertap
took = time.perf_counter() - began
foreign = {name.split(".")[0] for name in set(sys.modules) - before} - set(standard) - {"metertap"}
sockets = [name for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")
           and os.readlink(f"/proc/self/fd/{name}").startswith("socket:")]
print(json.dumps([took, sorted(foreign), len(os.listdir("/proc/self/task")), len(sockets)]))
"""

CLIENTS = """
import metertap, time
began = time.perf_counter()
clients = [metertap.Sora(api_key=f"key {number}") for number in range(100)]
print(time.perf_counter() - began)
"""

LIMIT_MS, LIMIT_MIB, LIMIT_CLIENTS_MS = 30, 6.0, 50


def main() -> None:
    runs = [json.loads(run_python(IMPORT)) for _ in range(21)]
    milliseconds = percentile([took * 1000 for took, *_ in runs[1:]], 0.5)
    foreign = sorted({name for _, names, _, _ in runs for name in names})
    threads, sockets = max(run[2] for run in runs) - 1, max(run[3] for run in runs)
    clients = percentile([float(run_python(CLIENTS)) * 1000 for _ in range(5)], 0.5)
    size, what = wheel_size()
    reached = (
        f"{milliseconds:.0f} ms (median of 20), {len(foreign)} third-party modules, {threads} threads, "
        f"{sockets} sockets; {what} {size:.1f} MiB; 100 clients in {clients:.1f} ms"
    )
    passed = milliseconds <= LIMIT_MS and not foreign and not threads and not sockets
    passed = passed and size <= LIMIT_MIB and clients <= LIMIT_CLIENTS_MS
    figure("F18", reached, passed, ", ".join(foreign))


def wheel_size() -> tuple[float, str]:
    """Return the size of the wheel that is handed out, else of one built here, else of what is installed."""
    if given := os.environ.get("WHEEL"):
        return Path(given).stat().st_size / 2**20, "the wheel that was given has"
    places = {"dist": "the wheel of make wheel has", "build/wheel": "the wheel has"}
    for place, what in places.items():
        if wheels := sorted((ROOT / place).glob("metertap-*.whl")):
            return wheels[-1].stat().st_size / 2**20, what
    import metertap

    folder = Path(metertap.__file__).parent
    total = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc")
    return total / 2**20, "installed it has"


if __name__ == "__main__":
    main()
