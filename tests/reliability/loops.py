"""F12: one client in many event loops and threads, and how often its connections are used again."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from figures import NOW, count, figure

from metertap.simulator import Simulator


def main() -> None:
    with Simulator(seed=7, now=NOW) as simulator:
        client, twin = simulator.client("sora"), simulator.client("sora", aio=True)
        expected = client.total_sessions_this_month()
        wrong: list[Any] = []

        def check(answers: list[int]) -> None:
            wrong.extend(answer for answer in answers if answer != expected)

        async def gathered() -> list[int]:
            return await asyncio.gather(*(twin.total_sessions_this_month() for _ in range(5)))

        def loops(runs: int) -> None:
            for _ in range(runs):
                check(asyncio.run(gathered()))

        # 200 loops from 4 threads, while 16 threads make blocking calls with the same account.
        runs, rounds, barrier = count(200) // 4, count(50), threading.Barrier(20)

        def block() -> None:
            barrier.wait()
            check([client.total_sessions_this_month() for _ in range(rounds)])

        def loop() -> None:
            barrier.wait()
            loops(runs)

        with ThreadPoolExecutor(20) as pool:
            work = [pool.submit(loop) for _ in range(4)] + [pool.submit(block) for _ in range(16)]
            for one in work:
                one.result(120)
        counts = simulator.counts
    due = 1 + 4 * runs * 5 + 16 * rounds
    reused = 1 - counts.connections / counts.requests
    reached = (
        f"{4 * runs} loops and 16 threads, {due} calls, {len(wrong)} wrong; {counts.connections} connections, "
        f"{reused:.1%} of requests on a reused one"
    )
    figure("F12", reached, not wrong and counts.requests == due and reused >= 0.95)


if __name__ == "__main__":
    main()
