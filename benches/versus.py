"""Compare two builds of metertap with each other, and with nothing else.

    python benches/versus.py BASE NEW [--only P8] [--rounds 9]

BASE and NEW are folders into which wheels were installed (`pip install --no-deps --target FOLDER WHEEL`). The
interpreter must have pandas and pyarrow. Each arm runs in a process of its own, base and new by turns; what a
comparison says is the least that each took, and how many times faster the new one is. Both must end in the same rows.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from rounds import HERE, LONGEST, Differs, Server, scaled


class Measure(NamedTuple):
    """What is measured: a figure, what it is of that, and the arm with its job."""

    figure: str
    what: str
    how: str
    arm: str
    job: str
    number: int


MEASURES = [
    Measure("P8", "20 KB to Arrow", "parse", "metertap-read-arrow", "medium", scaled(500)),
    Measure("P8", "20 KB to pandas", "parse", "metertap-read", "medium", scaled(500)),
    Measure("P8", "5 MB of series to Arrow", "parse", "metertap-read-arrow", "series", 1),
    Measure("P8", "5 MB of series to pandas", "parse", "metertap-read", "series", 1),
    Measure("P8", "5 MB of rows to Arrow", "parse", "metertap-read-arrow", "rows", 1),
    Measure("P8", "5 MB of rows to pandas", "parse", "metertap-read", "rows", 1),
    Measure("P3", "small answers to one frame", "frame", "metertap", "small", scaled(3000)),
    Measure("P3", "20 KB answers to one frame", "frame", "metertap", "medium", scaled(500)),
    Measure("P4", "small answers in one batch", "answers", "metertap", "small", scaled(5000)),
    Measure("P5", "small answers by await", "answers", "metertap-await", "small", scaled(5000)),
    Measure("P6", "one warm blocking call", "single", "metertap-sync", "small", scaled(1000, 600)),
    Measure("P12", "signed calls in one batch", "answers", "metertap", "timeshift", scaled(1000)),
]


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description="Compare two builds of metertap.")
    parser.add_argument("base", type=Path, help="the folder of the one that is the measure")
    parser.add_argument("new", type=Path, help="the folder of the other one")
    parser.add_argument("--only", default="P8", help="figures, such as P8,P4")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    builds = [find(given.base), find(given.new)]
    wanted = [measure for measure in MEASURES if measure.figure in given.only.split(",")]
    with Server() as server:
        for measure in wanted:
            base, new = compared(measure, server, builds, given.rounds)
            print(
                f"{measure.figure:4} {measure.what:28} base {base * 1e3:9.3f} ms, new {new * 1e3:9.3f} ms:"
                f" {base / new:6.3f} times as fast",
                flush=True,
            )


def compared(measure: Measure, server: Server, builds: list[Path], times: int) -> list[float]:
    """Return the least seconds that each build needs for it."""
    took: list[list[float]] = [[] for _ in builds]
    rows = set()
    for _ in range(times):
        for build, seconds in zip(builds, took, strict=True):
            words = [*measure[2:5], str(measure.number), *server.arguments("metertap", tls=False)]
            told = run(build, str(HERE / "arm.py"), *words)
            taken = json.loads(told.splitlines()[-1])
            seconds.append(taken["seconds"])
            rows.add(taken["digest"])
    if len(rows) > 1:
        raise Differs(f"{measure.what}: the builds end in different rows: {', '.join(sorted(rows))}")
    return [min(seconds) for seconds in took]


def run(build: Path, *words: str) -> str:
    """Run Python on what is in this folder, and return what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(build)}
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=LONGEST, check=False, env=environment
    )
    if done.returncode:
        raise RuntimeError(f"{build}: {' '.join(words[:4])} failed: {done.stderr.strip()[-600:]}")
    return done.stdout


def find(folder: Path) -> Path:
    """Return a folder into which metertap was installed."""
    if not (folder / "metertap").is_dir():
        sys.exit(f"{folder} holds no metertap: pip install --no-deps --target {folder} WHEEL")
    folder = folder.resolve()
    used = Path(run(folder, "-c", "import metertap; print(metertap.__file__)").strip())
    if not used.is_relative_to(folder):
        sys.exit(f"{sys.executable} takes metertap from {used} and not from {folder}: use an interpreter that does not")
    return folder


if __name__ == "__main__":
    main()
