"""F11: processes that are forked before, after and during calls, and workers of both other kinds."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

from figures import count, figure, percentile, remote_simulator

import metertap
import metertap.aio

LIMIT = 2.0


def ask_both(account: dict[str, Any]) -> int:
    """Ask through both doors with clients of this process's own."""
    number = metertap.Sora(**account).total_sessions_this_month()
    assert asyncio.run(metertap.aio.Sora(**account).total_sessions_this_month()) == number
    return number


def fork_once(client: Any, twin: Any, account: dict[str, Any], nested: bool) -> tuple[str | None, float]:
    """Fork, ask in the child with the parent's clients and with new ones, and return what went wrong, and the time."""
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        code = 4
        try:
            number = client.total_sessions_this_month()
            same = asyncio.run(twin.total_sessions_this_month()) == number == ask_both(account)
            if nested:
                problem, _ = fork_once(client, twin, account, nested=False)
                same = same and problem is None
            code = 0 if same else 3
        finally:
            os._exit(code)
    while time.monotonic() < began + 2 * LIMIT + 1:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code, took = os.waitstatus_to_exitcode(status), time.monotonic() - began
            return (f"exit {code}" if code else "too late" if took > LIMIT else None), took
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hangs", time.monotonic() - began


def situation(name: str, account: dict[str, Any], before: Callable[[Any], Any]) -> tuple[list[str], list[float]]:
    """Fork so many times in one situation."""
    client, twin = metertap.Sora(**account), metertap.aio.Sora(**account)
    problems, times = [], []
    stop = before(client)
    for number in range(count(50)):
        problem, took = fork_once(client, twin, account, nested=number % 10 == 9)
        times.append(took)
        if problem:
            problems.append(f"{name}: {problem}")
    if stop is not None:
        stop()
    return problems, times


def keep_calling(client: Any) -> Callable[[], None]:
    """Keep four threads in calls until told to stop."""
    done = threading.Event()

    def call() -> None:
        while not done.is_set():
            client.total_sessions_this_month()

    calling = [threading.Thread(target=call) for _ in range(4)]
    for thread in calling:
        thread.start()
    time.sleep(0.05)

    def stop() -> None:
        done.set()
        for thread in calling:
            thread.join()

    return stop


def in_workers(way: str, account: dict[str, Any], expected: int) -> tuple[str | None, float]:
    """Ask in two workers; the time is that of the calls, since starting an interpreter is not ours."""
    with multiprocessing.get_context(way).Pool(2) as pool:
        asked = pool.map_async(timed, [account] * 4)
        try:
            answers = asked.get(30)
        except multiprocessing.TimeoutError:
            return f"{way}: hangs", 30.0
        pool.close()
        pool.join()
    took = max(seconds for _, seconds in answers)
    if {number for number, _ in answers} != {expected}:
        return f"{way}: wrong answers", took
    return (f"{way}: too late" if took > LIMIT else None), took


def timed(account: dict[str, Any]) -> tuple[int, float]:
    """Ask, and tell how long it took."""
    began = time.monotonic()
    return ask_both(account), time.monotonic() - began


def main() -> None:
    # From Python 3.12 on, a fork while there are threads is warned of; that it works is what is shown here.
    warnings.simplefilter("ignore", DeprecationWarning)
    problems, times = [], []
    with remote_simulator() as simulator:
        account = simulator.account("sora")
        simulator.tell("add_fault", "latency:3")
        for name, before in (
            ("before use", lambda _: None),
            ("after use", lambda client: print("used:", client.total_sessions_this_month(), flush=True)),
            ("in flight", keep_calling),
        ):
            found, took = situation(name, account, before)
            problems += found
            times += took
            print(f"{name}: {len(found)} problems, slowest {max(took):.2f} s", flush=True)
        expected = ask_both(account)
        for way in ("spawn", "forkserver"):
            problem, seconds = in_workers(way, account, expected)
            problems += [problem] if problem else []
            times.append(seconds)
    forks = 3 * count(50)
    reached = (
        f"{len(times) - len(problems)} of {len(times)} ({forks} forks, spawn, forkserver); slowest {max(times):.2f} s, "
        f"p99 {percentile(times, 0.99):.2f} s"
    )
    figure("F11", reached, not problems, "; ".join(problems[:3]))


if __name__ == "__main__":
    main()
