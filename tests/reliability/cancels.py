"""F9: cancelling at random moments; what the server saw, and what the account has left afterwards."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import time
from typing import Any

from figures import NOW, SEED, count, figure, within

import metertap.errors
from metertap.simulator import Simulator

FAULTS = ["hang:30000", "latency:30000", "hang_in_body:30000", "drip:500"]
PERMITS = 8


async def cancel_some(client: Any, rounds: int, longest: float) -> int:
    """Cancel so many calls, each after a moment of its own, and return how many ended as cancelled."""

    async def one() -> bool:
        task = asyncio.ensure_future(client.total_traffic_this_month())
        await asyncio.sleep(random.uniform(0, longest))
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return True
        except metertap.errors.MetertapError as problem:
            print(problem, flush=True)
        return False

    cancelled = 0
    while rounds > 0:
        cancelled += sum(await asyncio.gather(*(one() for _ in range(min(rounds, PERMITS)))))
        rounds -= PERMITS
    return cancelled


async def permits_free(client: Any, simulator: Simulator) -> bool:
    """True if as many requests as ever go at once: each of them is held long enough to count them."""
    simulator.add_fault("latency:400")
    before = simulator.counts.requests
    calls = [asyncio.ensure_future(client.total_traffic_this_month()) for _ in range(PERMITS)]
    await asyncio.sleep(0.3)
    under_way = simulator.counts.requests - before
    await asyncio.gather(*calls)
    simulator.clear_faults()
    return under_way == PERMITS


async def repetitions_left(client: Any, simulator: Simulator) -> int:
    """How many repetitions the account pays for: 35 with a whole budget of 500 at 14 each."""
    simulator.add_fault("reset")
    before, calls = simulator.counts.requests, 60
    for _ in range(calls):
        try:
            await client.total_traffic_this_month()
        except metertap.errors.MetertapError:  # noqa: PERF203 - it is what is tried
            continue
    simulator.clear_faults()
    return simulator.counts.requests - before - calls


async def run(complaints: list[str]) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(str(context)))
    problems, cancelled, arrived, gone, rounds = [], 0, 0, 0, count(1000)
    each, made = -(-rounds // len(FAULTS)), 0
    for fault in FAULTS:
        with Simulator(seed=7, now=NOW) as simulator:
            client = simulator.client("sora", aio=True, max_concurrency=PERMITS, retries=1)
            await client.total_traffic_this_month()
            simulator.add_fault(fault)
            before = simulator.counts
            # Some are cancelled before anything was sent, so it goes on until enough have reached the server.
            while simulator.counts.requests - before.requests < each and made < 10 * rounds:
                cancelled += await cancel_some(client, PERMITS, 0.03)
                made += PERMITS

            def left(before: Any = before, simulator: Simulator = simulator) -> int:
                now = simulator.counts
                return int(now.requests - before.requests - (now.disconnects - before.disconnects))

            if not within(2, lambda left=left: left() <= 0):  # type: ignore[misc]
                problems.append(f"{fault}: {left()} requests saw no disconnect")
            arrived += simulator.counts.requests - before.requests
            gone += simulator.counts.disconnects - before.disconnects
            simulator.clear_faults()
            if not await permits_free(client, simulator):
                problems.append(f"{fault}: a permit is lost")
    # Cancelled while it waits to try again: nothing is at the server, but a repetition has been paid for.
    with Simulator(seed=7, now=NOW) as simulator:
        client = simulator.client("sora", aio=True, max_concurrency=PERMITS, retries=1)
        await client.total_traffic_this_month()
        simulator.add_fault("status:503;retry-after=20")
        # Nearly each of them pays 14 out of 500, so many that a loss would show.
        cancelled += await cancel_some(client, each, 0.03)
        made += each
        simulator.clear_faults()
        if not await permits_free(client, simulator):
            problems.append("while waiting: a permit is lost")
        left_over = await repetitions_left(client, simulator)
        if left_over != 35:
            problems.append(f"the budget pays for {left_over} repetitions, not 35")
    gc.collect()
    await asyncio.sleep(0.1)
    if cancelled != made:
        problems.append(f"{made - cancelled} calls did not end as cancelled")
    if gone < rounds:
        problems.append(f"only {gone} disconnects")
    if complaints:
        problems.append(f"{len(complaints)} unraisable: {complaints[0]}")
    print("\n".join(problems), flush=True)
    reached = (
        f"{cancelled} of {made} cancelled; {arrived} had reached the server, {gone} disconnects; "
        f"budget pays for {left_over} of 35; {len(complaints)} unraisable"
    )
    figure("F9", reached, not problems, "; ".join(problems) + (f"; SEED={SEED}" if problems else ""))


def main() -> None:
    complaints: list[str] = []
    sys.unraisablehook = lambda seen: complaints.append(repr(seen.exc_value))
    began = time.monotonic()
    asyncio.run(run(complaints))
    print(f"{time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()
