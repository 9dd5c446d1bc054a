"""F8: Ctrl-C at random moments, in every phase of a call and through both doors."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from typing import Any

from figures import NOW, SEED, Door, count, figure, percentile, within

from metertap.simulator import Simulator

#: What the call is doing when the signal comes: connecting, sending, waiting for the head, reading the body, waiting to
#: try again, waiting for its permit.
PHASES = [
    "slow_accept:3000",
    "latency:3000",
    "hang:3000",
    "hang_in_body:3000",
    "drip:200",
    "status:503;retry-after=30",
    "permit",
]
#: In these nothing of the call is at the server, which could see it go.
WITHOUT_REQUEST = ("slow_accept:3000", "permit", "status:503;retry-after=30")


class Trial:
    """One interrupt: when it was sent, when it was felt, and when the server knew."""

    def __init__(self, simulator: Simulator, door: Door, phase: str) -> None:
        self.simulator, self.phase = simulator, phase
        self.client = door.simulated(simulator, "sora", retries=9, timeout=60, max_concurrency=1)
        self.expected = door.ask(self.client, "total_traffic_this_month")
        self.door = door

    def hold_the_permit(self) -> threading.Thread:
        """Let another thread's call take the only permit."""
        before = self.simulator.counts.requests
        thread = threading.Thread(target=self.client_of_another_thread.total_traffic_this_month)
        thread.start()
        assert within(2, lambda: self.simulator.counts.requests > before)
        return thread

    @property
    def client_of_another_thread(self) -> Any:
        return self.simulator.client("sora", max_concurrency=1)

    def run(self) -> tuple[str | None, float, float]:
        """Return what went wrong, the seconds until the interrupt was felt, and until the server saw it."""
        holder = None
        if self.phase == "permit":
            self.simulator.add_fault("latency:400", times=1)
            holder = self.hold_the_permit()
        else:
            if self.phase.startswith("slow"):
                self.simulator.add_fault("close", times=1)  # a new connection is needed
            self.simulator.add_fault(self.phase)
        before = self.simulator.counts
        sent: list[float] = []
        begins = threading.Event()

        def interrupt() -> None:
            begins.wait()
            time.sleep(random.uniform(0.001, 0.12))
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        ended: Any = "nothing"
        thread.start()
        try:
            try:
                begins.set()
                ended = repr(self.door.ask(self.client, "total_traffic_this_month"))
            except Exception as problem:
                ended = repr(problem)
            thread.join()
            time.sleep(1)  # an interrupt that comes after the call is not ours
        except KeyboardInterrupt:
            ended = None if ended == "nothing" else f"{ended} before the interrupt"
        felt = time.monotonic()
        thread.join()
        gone = within(2, lambda: self.left_behind(before) <= 0)
        seen = time.monotonic() - felt
        self.simulator.clear_faults()
        if holder is not None:
            holder.join()
        if ended is not None:
            return f"{self.door} {self.phase}: {ended} in place of KeyboardInterrupt", 0, 0
        if not gone:
            return f"{self.door} {self.phase}: the server saw no disconnect", felt - sent[0], seen
        if self.door.ask(self.client, "total_traffic_this_month") != self.expected:
            return f"{self.door} {self.phase}: the next call is wrong", felt - sent[0], seen
        return None, felt - sent[0], seen

    def left_behind(self, before: Any) -> int:
        """How many requests still wait at the server: that arrived, were not answered, and were not given up."""
        now = self.simulator.counts
        if self.phase in WITHOUT_REQUEST:
            return 0
        return int((now.requests - before.requests) - (now.disconnects - before.disconnects))


def main() -> None:
    problems, felt, seen, rounds = [], [], [], count(200)
    for number in range(2 * rounds):
        door = Door("sync" if number % 2 else "async")
        with Simulator(seed=7, now=NOW) as simulator:
            problem, until_felt, until_seen = Trial(simulator, door, PHASES[number // 2 % len(PHASES)]).run()
        if problem:
            problems.append(problem)
            print(problem, flush=True)
        felt.append(until_felt)
        seen.append(until_seen)
        if number % 50 == 49:
            print(f"{number + 1} of {2 * rounds}", flush=True)
    p99, latest = percentile(felt, 0.99), max(seen)
    with_request = len(PHASES) - len(WITHOUT_REQUEST)
    reached = (
        f"{2 * rounds - len(problems)} of {2 * rounds} (two doors); p99 {p99 * 1000:.0f} ms; "
        f"disconnect seen ≤ {latest * 1000:.0f} ms later, in {with_request} of {len(PHASES)} phases: "
        "in the others nothing of the call is at the server"
    )
    passed = not problems and p99 <= 0.150 and latest <= 0.200
    figure("F8", reached, passed, "; ".join(problems[:3]) or ("" if passed else f"too slow; SEED={SEED}"))


if __name__ == "__main__":
    main()
