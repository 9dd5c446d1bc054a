"""Run one arm in this process and print what it took, as a line of JSON.

    python arm.py HOW ARM JOB NUMBER --origin http://127.0.0.1:PORT [--delay MS] [--at-once 64] [--ca CA.pem]

HOW is what is measured: `frame` to the frame, `answers` to parsed answers, `single` one call after the other, `parse`
with no network, `whole` to the frame with a new client, `first` the first call of a new client, `memory` the peak on
the way to the frame, `beside` with a computing thread beside it.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from arms import ARMS, Arm
from jobs import JOBS
from machine import MIB, Watch, forget_peak, peak, resident

#: Seconds; no arm takes so long.
LONGEST = 120.0
REPEATS = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("how", choices=sorted(HOW))
    parser.add_argument("arm", choices=sorted(ARMS))
    parser.add_argument("job", choices=sorted(JOBS))
    parser.add_argument("number", type=int)
    parser.add_argument("--origin", required=True)
    parser.add_argument("--delay", type=int, default=0)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--ca")
    parser.add_argument("--server", type=int, default=0)
    given = parser.parse_args()
    job = JOBS[given.job](given.origin, given.number, given.delay)
    module, _, name = ARMS[given.arm].partition(".")
    arm = getattr(importlib.import_module(module), name)
    make = functools.partial(arm, job, given.at_once, given.ca)
    for needed in arm.needs:
        importlib.import_module(needed)
    told = HOW[given.how](make, given.number, Watch(given.server))
    print(json.dumps(told), flush=True)
    # Without the ends of event loops and threads, which are no part of it.
    os._exit(0)


def frame(make: Callable[[], Arm], number: int, watch: Watch) -> dict[str, Any]:
    """All requests, to the frame."""
    arm = make()
    arm.frame(arm.run(0, min(number, 4 * arm.at_once)))
    with watch:
        made = arm.frame(arm.run(0, number))
    return told(arm, watch, number, made)


def answers(make: Callable[[], Arm], number: int, watch: Watch) -> dict[str, Any]:
    """All requests, to parsed answers; the frame comes after, for comparison."""
    arm = make()
    arm.run(0, min(number, 4 * arm.at_once))
    with watch:
        answered = arm.run(0, number)
    return told(arm, watch, number, arm.frame(answered))


def single(make: Callable[[], Arm], number: int, watch: Watch) -> dict[str, Any]:
    """One call after the other, on a warm connection: the median of blocks."""
    arm = make()
    for _ in range(50):
        arm.one(0)
    blocks = []
    with watch:
        for _ in range(max(3, number // 200)):
            began = time.perf_counter()
            for _ in range(200):
                arm.one(0)
            blocks.append((time.perf_counter() - began) / 200)
    made = arm.frame(arm.one(0))
    usual = statistics.median(blocks)
    return told(arm, watch, 200 * len(blocks), made) | {"seconds": usual, "rate": 1 / usual}


def parse(make: Callable[[], Arm], number: int, watch: Watch) -> dict[str, Any]:
    """Parse the same again and again: the median."""
    arm = make()
    arm.frame(arm.run(0, number))
    times = []
    with watch:
        for _ in range(REPEATS):
            began = time.perf_counter()
            made = arm.frame(arm.run(0, number))
            times.append(time.perf_counter() - began)
    usual = statistics.median(times)
    return told(arm, watch, REPEATS * number, made) | {"seconds": usual, "rate": number / usual}


def whole(make: Callable[[], Arm], number: int, watch: Watch) -> dict[str, Any]:
    """All requests with a new client, to the frame; what it imports is there already."""
    make()
    import pandas as pd  # noqa: F401

    with watch:
        arm = make()
        made = arm.frame(arm.run(0, number))
    return told(arm, watch, number, made)


def first(make: Callable[[], Arm], number: int, watch: Watch) -> dict[str, Any]:
    """Make the first client of this process, and its first call."""
    with watch:
        arm = make()
        answered = arm.one(0)
    return told(arm, watch, number, arm.frame(answered))


def memory(make: Callable[[], Arm], number: int, watch: Watch) -> dict[str, Any]:
    """All requests to the frame, and the most memory that it took beyond what was in use before."""
    arm = make()
    import pandas as pd
    import pyarrow as pa

    pa.table({"warm": [1]}).to_pandas()
    arm.warm()
    before = resident()
    forget_peak()
    with watch:
        made = arm.frame(arm.run(0, number))
    most = peak() - before
    held = made.memory_usage(deep=True).sum() / MIB if isinstance(made, pd.DataFrame) else made.nbytes / MIB
    return told(arm, watch, number, made) | {"memory": most, "held": held}


def beside(make: Callable[[], Arm], number: int, watch: Watch) -> dict[str, Any]:
    """All requests alone, a counting loop alone, and both at once: what each keeps of its speed."""
    arm = make()
    arm.run(0, min(number, 4 * arm.at_once))
    with watch:
        began = time.perf_counter()
        answered = arm.run(0, number)
        alone = time.perf_counter() - began
        counted_alone = count(threading.Event(), 0.5)
        done, took = threading.Event(), []

        def run() -> None:
            began = time.perf_counter()
            arm.run(0, number)
            took.append(time.perf_counter() - began)
            done.set()

        thread = threading.Thread(target=run)
        thread.start()
        counted = count(done, LONGEST)
        thread.join()
    figures = {"seconds": took[0], "rate": number / took[0], "kept": alone / took[0], "loop": counted / counted_alone}
    return told(arm, watch, number, arm.frame(answered)) | figures


def count(done: threading.Event, seconds: float) -> float:
    """Count, and return how far it came each second."""
    counted, began = 0, time.perf_counter()
    while not done.is_set() and time.perf_counter() - began < seconds:
        for _ in range(1000):
            counted += 1
    return counted / (time.perf_counter() - began)


def told(arm: Arm, watch: Watch, number: int, made: Any) -> dict[str, Any]:
    """Return the figures, and what the frame holds."""
    if not hasattr(made, "loc"):
        made = made.to_pandas()
    return {
        "seconds": watch.seconds,
        "rate": number / watch.seconds,
        "cpu": watch.cpu / number,
        "server": watch.theirs / number,
        "others": watch.others,
        "rows": len(made),
        "digest": arm.job.digest(made),
    }


HOW = {
    "frame": frame,
    "answers": answers,
    "single": single,
    "parse": parse,
    "whole": whole,
    "first": first,
    "memory": memory,
    "beside": beside,
}

if __name__ == "__main__":
    sys.exit(main())
