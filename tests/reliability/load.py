"""F13: many requests at once, and what is left of them in this process afterwards."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from typing import Any

from figures import RemoteSimulator, count, descriptors, figure, memory, percentile, remote_simulator, threads

import metertap
import metertap.aio
from metertap import errors

AT_ONCE = 64


async def load(client: Any, requests: int) -> tuple[float, list[float]]:
    """Make so many requests, 64 at once; return the seconds in all and those of each."""
    took: list[float] = []
    left = iter(range(requests))

    async def work() -> None:
        for _ in left:
            began = time.perf_counter()
            await client.total_sessions_this_month()
            took.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return time.perf_counter() - began, took


async def many(client: Any, calls: int) -> int:
    """Make so many calls of all fates: answered, failed, cancelled."""
    failed = 0
    for _ in range(calls // 10):
        tasks = [asyncio.ensure_future(client.total_traffic_this_month()) for _ in range(10)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        failed += sum(isinstance(answer, errors.MetertapError) for answer in answers)
    return failed


def mixed(simulator: RemoteSimulator, client: Any, blocking: Any, calls: int) -> int:
    """Make so many calls, a fifth under each fault; return how many failed."""
    failed = 0
    for fault in ("status:404", "truncated", "close", "garbage_json", None):
        if fault:
            simulator.tell("add_fault", fault)
        failed += asyncio.run(many(client, calls // 5))
        simulator.tell("clear_faults")
    for _ in range(calls // 10):
        blocking.total_sessions_this_month()
    return failed


def settled() -> tuple[int, int, int, int]:
    """Return this process's memory, descriptors, threads and objects, once idle connections and threads have gone."""
    time.sleep(35)  # connections stay for 30 s, threads for 10 s
    gc.collect()
    return memory(), descriptors(), threads(), sys.getallocatedblocks()


def left(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Return whether there are more descriptors or threads than before; what was open then may be closed since."""
    return after[1] > before[1] or after[2] > before[2]


def main() -> None:
    problems = []
    with remote_simulator() as simulator:
        account = {**simulator.account("sora"), "max_concurrency": AT_ONCE}
        client, blocking = metertap.aio.Sora(**account), metertap.Sora(**account)
        simulator.tell("add_fault", "latency:1")
        asyncio.run(load(client, 2000))
        before = settled()
        seconds, took = asyncio.run(load(client, count(20_000)))
        after = settled()
        rate, p99 = len(took) / seconds, percentile(took, 0.99)
        grown = (after[0] - before[0]) / 2**20
        print(f"{rate:.0f}/s, p50 {percentile(took, 0.5) * 1000:.1f} ms, {grown:.1f} MiB", flush=True)
        if left(before, after):
            problems.append(f"descriptors {before[1]} → {after[1]}, threads {before[2]} → {after[2]}")
        # The leak check: 10,000 calls of all fates, after some to get used to them.
        calls = count(10_000)
        mixed(simulator, client, blocking, calls // 5)
        start = settled()
        failed = mixed(simulator, client, blocking, calls)
        finish = settled()
        leak, kept = (finish[0] - start[0]) / 2**20, finish[3] - start[3]
        if left(start, finish):
            problems.append(
                f"descriptors {start[1]} → {finish[1]}, threads {start[2]} → {finish[2]} after {calls} calls"
            )
        if leak > 5 or kept > calls // 10:
            problems.append(f"{leak:.1f} MiB and {kept} objects more after {calls} calls")
        if failed < calls // 2:
            problems.append(f"only {failed} calls failed, though most should have")
    reached = (
        f"{len(took)} requests, {rate:.0f}/s, p99 {p99 * 1000:.0f} ms, {grown:+.1f} MiB, descriptors "
        f"{before[1]} → {after[1]}; then {calls} calls of all fates: {leak:+.1f} MiB, {kept:+d} objects, "
        f"descriptors {start[1]} → {finish[1]}, threads {start[2]} → {finish[2]}"
    )
    if rate < 3000 or p99 > 0.060 or grown > 20:
        problems.append("rate, p99 or memory misses the target")
    figure("F13", reached, not problems, "; ".join(problems))


if __name__ == "__main__":
    main()
