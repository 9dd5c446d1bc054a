"""Run one arm in this process and print what it took, as a line of JSON.

    python arm.py HOW ARM JOB NUMBER --origin http://127.0.0.1:PORT [--delay MS] [--at-once 64] [--ca CA.pem] [--server PID]

HOW is what is measured: `frame` to the frame, `answers` to parsed answers, `single` one call after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from typing import Any

from arms import ARMS, Arm
from jobs import JOBS
from machine import Watch


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
    arm = ARMS[given.arm](job, given.at_once, given.ca)
    told = HOW[given.how](arm, given.number, Watch(given.server))
    print(json.dumps(told), flush=True)
    # Without the ends of event loops and threads, which are no part of it.
    os._exit(0)


def frame(arm: Arm, number: int, watch: Watch) -> dict[str, Any]:
    """All requests, to the frame."""
    arm.frame(arm.run(0, min(number, 4 * arm.at_once)))
    with watch:
        made = arm.frame(arm.run(0, number))
    return told(arm, watch, number, made)


def answers(arm: Arm, number: int, watch: Watch) -> dict[str, Any]:
    """All requests, to parsed answers; the frame comes after, for comparison."""
    arm.run(0, min(number, 4 * arm.at_once))
    with watch:
        answered = arm.run(0, number)
    return told(arm, watch, number, arm.frame(answered))


def single(arm: Arm, number: int, watch: Watch) -> dict[str, Any]:
    """One call after the other, on a warm connection: the median of blocks."""
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
    return told(arm, watch, 200 * len(blocks), made) | {"seconds": statistics.median(blocks)}


def told(arm: Arm, watch: Watch, number: int, made: Any) -> dict[str, Any]:
    """Return the figures, and what the frame holds."""
    return {
        "seconds": watch.seconds,
        "cpu": watch.cpu / number,
        "others": watch.others,
        "rows": len(made),
        "digest": arm.job.digest(made),
    }


HOW = {"frame": frame, "answers": answers, "single": single}

if __name__ == "__main__":
    sys.exit(main())
