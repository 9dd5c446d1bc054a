"""What the figures share: how one is told, a simulator in a process of its own, and the size of this one."""

from __future__ import annotations

import contextlib
import json
import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "python"))

from support import (  # noqa: E402
    NOW,
    PROVIDERS,
    QUESTIONS,
    Door,
    Reply,
    ScriptedServer,
    clean_environment,
    good_body,
    run_python,
)

__all__ = [
    "NOW",
    "PROVIDERS",
    "QUESTIONS",
    "ROOT",
    "Door",
    "Reply",
    "ScriptedServer",
    "clean_environment",
    "count",
    "descriptors",
    "figure",
    "good_body",
    "memory",
    "percentile",
    "remote_simulator",
    "run_python",
    "threads",
    "within",
]

#: Set to a seed to see the same random moments again.
SEED = int(os.environ.get("SEED") or time.time_ns() % 1_000_000)
random.seed(SEED)
#: Which part of the rounds is run.
SCALE = float(os.environ.get("SCALE") or 1)


def figure(name: str, reached: str, passed: bool | None, reason: str = "") -> None:
    """Tell the runner what was reached; None for what cannot be reached here, or was not tried as often as is due."""
    if passed and SCALE < 1:
        passed, reason = None, f"a trial: SCALE={SCALE}"
    print("FIGURE", json.dumps({"id": name, "reached": reached, "pass": passed, "reason": reason}), flush=True)


def count(default: int) -> int:
    """Return how many rounds to run: fewer if SCALE says so, for a trial."""
    return max(1, int(default * SCALE))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that so large a share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def within(seconds: float, is_so: Callable[[], bool]) -> bool:
    """Wait until something is so; False if it is not in time."""
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(0.0005)
    return True


def memory() -> int:
    """Return the bytes of this process that stand in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors() -> int:
    """Return how many files and sockets this process has open."""
    return len(os.listdir("/proc/self/fd")) - 1  # without the one that reads the folder


def threads() -> int:
    """Return how many threads this process has, those of the core included."""
    return len(os.listdir("/proc/self/task"))


SERVER = """
import json, sys
from metertap.simulator import Simulator
with Simulator(seed=7, now=sys.argv[1]) as simulator:
    base_urls = {name: simulator.base_url(name) for name in simulator.providers}
    print(json.dumps([base_urls, {name: simulator.credentials(name) for name in base_urls}]), flush=True)
    for line in sys.stdin:
        name, *given = json.loads(line)
        answer = getattr(simulator, name)
        answer = answer(*given) if callable(answer) else answer
        if name == "counts":
            answer = [answer.connections, answer.requests, answer.disconnects]
        print(json.dumps(answer), flush=True)
"""


class RemoteSimulator:
    """A simulator in another process, so that this one holds the client only."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self.base_urls, self.credentials = json.loads(process.stdout.readline())

    def tell(self, name: str, *given: Any) -> Any:
        """Call one of the simulator's methods, or read one of its properties."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        print(json.dumps([name, *given]), file=stdin, flush=True)
        return json.loads(stdout.readline())

    def account(self, provider: str) -> dict[str, Any]:
        """Return the keywords of a client."""
        return {**self.credentials[provider], "base_url": self.base_urls[provider]}


@contextlib.contextmanager
def remote_simulator() -> Iterator[RemoteSimulator]:
    """Run a simulator in another process."""
    command = [sys.executable, "-c", SERVER, NOW]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_environment()
    ) as process:
        try:
            yield RemoteSimulator(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)
