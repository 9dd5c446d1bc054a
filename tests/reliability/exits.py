"""F10: the interpreter ends with work in flight: quickly, with its own exit code, and without a word."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from figures import SEED, clean_environment, count, figure, percentile, remote_simulator

#: Prints the moment at which the program's last line was reached.
CHILD = """
import asyncio, json, logging, random, sys, threading, time
import metertap, metertap.aio
flight, account, seed, code = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
random.seed(seed)
client, twin = metertap.Sora(**account), metertap.aio.Sora(**account)
if "logging" in flight:
    class Slow(logging.Handler):
        def emit(self, record):
            self.format(record)
            time.sleep(0.002)
    logging.basicConfig(level=logging.DEBUG, handlers=[Slow()])
def call():
    try:
        while True:
            client.total_traffic_this_month()
    except metertap.errors.ShuttingDown:
        pass
async def many():
    tasks = [asyncio.ensure_future(twin.total_traffic_this_month()) for _ in range(5)]
    await asyncio.sleep(random.uniform(0, 0.03))
def awaited():
    async def forever():
        while True:
            await asyncio.gather(*(twin.total_traffic_this_month() for _ in range(5)))
    try:
        asyncio.run(forever())
    except (metertap.errors.ShuttingDown, RuntimeError):
        pass
if "sync" in flight:
    for _ in range(4):
        threading.Thread(target=call, daemon=True).start()
if "loop thread" in flight:
    threading.Thread(target=awaited, daemon=True).start()
if "pending" in flight:
    asyncio.run(many())
time.sleep(random.uniform(0, 0.03))
print(time.monotonic(), flush=True)
sys.exit(code)
"""

FLIGHTS = [
    "sync",
    "sync, logging",
    "pending",
    "pending, logging",
    "loop thread",
    "loop thread, logging",
    "sync, loop thread, pending, logging",
]
#: The service answers at once, late, or never.
FAULTS = [None, "latency:20", "hang:60000"]


def leave(number: int, account: str) -> tuple[str | None, float]:
    """Let one program end, and return what was wrong with its end and how long it took."""
    flight, code = FLIGHTS[number % len(FLIGHTS)], number % 2 * 3
    command = [sys.executable, "-X", "faulthandler", "-c", CHILD, flight, account, str(SEED + number), str(code)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, env=clean_environment())
    except subprocess.TimeoutExpired:
        return f"{flight}: hangs", 20.0
    ended = time.monotonic()
    if done.returncode != code or done.stderr:
        return f"{flight}: exit {done.returncode} in place of {code}, stderr {done.stderr[-3000:]!r}", 0.0
    took = ended - float(done.stdout)
    return (f"{flight}: {took:.2f} s", took) if took > 1 else (None, took)


def main() -> None:
    problems, times, rounds = [], [], count(500)
    with remote_simulator() as simulator, ThreadPoolExecutor(2) as pool:
        account = json.dumps({**simulator.account("sora"), "max_concurrency": 4})
        each = -(-rounds // len(FAULTS))
        for place, fault in enumerate(FAULTS):
            simulator.tell("clear_faults")
            if fault:
                simulator.tell("add_fault", fault)
            numbers = range(place * each, min(rounds, (place + 1) * each))
            for problem, took in pool.map(lambda number: leave(number, account), numbers):
                times.append(took)
                if problem:
                    problems.append(f"{fault}: {problem}")
                    print(problems[-1], flush=True)
                if len(times) % 100 == 0:
                    print(f"{len(times)} of {rounds}", flush=True)
    reached = (
        f"{rounds - len(problems)} of {rounds} clean; slowest {max(times) * 1000:.0f} ms, "
        f"p99 {percentile(times, 0.99) * 1000:.0f} ms"
    )
    figure("F10", reached, not problems, "; ".join(problems[:3]) + (f"; SEED={SEED}" if problems else ""))


if __name__ == "__main__":
    main()
