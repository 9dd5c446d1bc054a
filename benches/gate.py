"""A small gate against slower code: a few ratios to a few peers, each with a floor well below its goal.

    python benches/gate.py

Only ratios are judged, of medians of interleaved rounds. What falls below its floor is measured again, and fails only
if it does so twice while others left the machine alone; where that never happens, it says so and lets it pass.
"""

from __future__ import annotations

import sys
import time
from typing import NamedTuple

import rounds
from goals import Ratio, five
from rounds import ROUNDS, Server, Taken, compare, noisy

#: The part of it that must be kept: 30 % are left to the machine.
KEPT = 0.7
#: How often a comparison is measured at most, and how often it must fall short undisturbed.
ATTEMPTS, FAILURES = 4, 2
#: Seconds for all of it: an idle machine needs a half, and a busy one would tell nothing after that either.
LONGEST = 180


class Gate(NamedTuple):
    """A comparison: what is measured, how many requests each arm makes, and the goal against each peer."""

    name: str
    how: str
    job: str
    ours: str
    number: int
    #: The goal against each peer; how many requests it makes, if that would take too long otherwise.
    goals: dict[str, tuple[float, int]]

    def measure(self, server: Server) -> tuple[list[Ratio], dict[str, Taken]]:
        """Measure, and return the ratios with their floors."""
        numbers = {self.ours: self.number} | {peer: number for peer, (_, number) in self.goals.items()}
        taken = compare(server, self.how, self.job, numbers, rounds=max(5, ROUNDS))
        ratios = [
            Ratio(peer, taken[self.ours].rate / taken[peer].rate, KEPT * goal) for peer, (goal, _) in self.goals.items()
        ]
        return ratios, taken


#: The goals are those of docs/performance.md or, where one is not reached, what was reached on 2026-11-22.
GATES = [
    Gate("P3", "frame", "small", "metertap", 1500, {"aiohttp": (2.2, 1500)}),
    Gate("P4", "answers", "small", "metertap", 3000, {"aiohttp": (1.8, 3000), "requests": (11, 400)}),
    Gate("P6", "single", "small", "metertap-sync", 600, {"requests-loop": (2.8, 600)}),
    Gate("P8 20 KB", "parse", "medium", "metertap-read-arrow", 200, {"orjson": (9, 200)}),
    Gate("P8 rows", "parse", "rows", "metertap-read-arrow", 1, {"orjson": (1.2, 1)}),
    Gate("P8 series", "parse", "series", "metertap-read-arrow", 1, {"orjson": (1.4, 1)}),
]


def judge(gate: Gate, server: Server, end: float) -> bool:
    """Measure until it is clear; True unless it fell short undisturbed, again and again."""
    failures = 0
    for _ in range(ATTEMPTS):
        if time.monotonic() > end:
            break
        ratios, taken = gate.measure(server)
        told = "; ".join(f"{ratio.reached:.3g} × {ratio.peer} (floor {ratio.goal:.3g})" for ratio in ratios)
        if all(ratio.reached >= ratio.goal for ratio in ratios):
            print(f"{gate.name}: {told}: pass", flush=True)
            return True
        disturbed = noisy(taken)
        failures += not disturbed
        print(f"{gate.name}: {told}: short{f', but {disturbed}' if disturbed else ''}", flush=True)
        if failures == FAILURES:
            return False
    print(f"WARNING: {gate.name} was not judged, because the machine was not quiet", flush=True)
    return True


def main() -> int:
    """Judge all of them."""
    # Its own way to measure again is cheaper than that of each arm.
    rounds.TRIES = 1
    end = time.monotonic() + LONGEST
    with Server() as server:
        five(server)
        short = [gate.name for gate in GATES if not judge(gate, server, end)]
    if short:
        print(f"below 0.7 of the goal: {', '.join(short)}")
    return int(bool(short))


if __name__ == "__main__":
    sys.exit(main())
