"""The machine while something is measured: what it cost, and how much of it others took."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1
MIB = 2**20


def busy() -> float:
    """Return for how many seconds the cores were not idle, since the start of the machine."""
    numbers = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(numbers) - numbers[3] - numbers[4]) / TICK


def cpu_of(process: int) -> float:
    """Return the seconds of CPU of a process, all its threads included; 0 if there is none."""
    try:
        words = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / TICK


def own() -> float:
    """Return the seconds of CPU of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def quiet(limit: float, patience: float, probe: float = 0.2) -> bool:
    """Wait until others use less than this share of the machine; False if they go on for longer than that."""
    end = time.monotonic() + patience
    while True:
        before, began = busy(), time.monotonic()
        time.sleep(probe)
        if (busy() - before) / ((time.monotonic() - began) * CORES) < limit:
            return True
        if time.monotonic() > end:
            return False


class Watch:
    """What happens in a block: seconds, CPU of this process and of others of ours, and the share that others took."""

    def __init__(self, *processes: int) -> None:
        """Count these processes as ours."""
        self.processes = processes
        self.seconds = self.cpu = self.others = self.theirs = 0.0

    def __enter__(self) -> Watch:
        self._before = busy(), sum(map(cpu_of, self.processes))
        self._own, self._began = own(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds, self.cpu = time.perf_counter() - self._began, own() - self._own
        self.theirs = sum(map(cpu_of, self.processes)) - self._before[1]
        self.others = max(0.0, busy() - self._before[0] - self.theirs - self.cpu) / (self.seconds * CORES)


def resident() -> float:
    """Return the memory in use, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MIB


def forget_peak() -> None:
    """Let the peak of memory start anew."""
    Path("/proc/self/clear_refs").write_text("5")


def peak() -> float:
    """Return the most memory since then, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
