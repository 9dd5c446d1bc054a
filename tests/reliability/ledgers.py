"""F29: a ledger whose syncs are killed; it must end equal to what the simulator tells, with nothing lost and no twins.

Ledgers of a year of four accounts: each is synced again and again by a process that is killed (SIGKILL) at a random
moment, while the clock goes on and provisional figures settle; then one run goes to its end. After each kill the ledger
still has every reading that it had. Then four processes at once with overlapping ranges, and a disk that is full at
random moments.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from figures import clean_environment, count, figure

import metertap as mt
from metertap import _delta
from metertap.simulator import Simulator

START = datetime(2025, 5, 1, tzinfo=timezone.utc)
FIRST = datetime(2026, 4, 13, 6, tzinfo=timezone.utc)
#: What does not make a reading another one.
ASIDE = ("fetched_at", "call_id")
LEDGERS, KILLS = 25, 8
#: About how long a sync takes that only reads again what may still change, in seconds.
AGAIN = 0.4

CHILD = """
import json, resource, sys, warnings
import deltalake, metertap as mt, metertap.ledger
warnings.simplefilter("ignore")
accounts, path, start, end, now, most = json.loads(sys.argv[1])
metertap.ledger.ROUND = 0.02
clients = [mt.provider(name)(**given).select(**select) for name, given, select in accounts]
ledger = mt.Ledger(path)
print("ready", flush=True)
sys.stdin.readline()
if most:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
try:
    ledger.sync(clients, start, end, now=now, on_error="keep")
except mt.InvalidArgument as problem:
    print(problem)
    sys.exit(3)
"""

problems: list[str] = []
told = {"kills": 0, "readings": 0, "restated": 0, "twins": 0, "full": 0}


def check(is_so: bool, what: str) -> None:
    if not is_so:
        problems.append(what)
        print(what, flush=True)


class World:
    """A simulator whose clock can go on, at one address."""

    def __init__(self) -> None:
        self.now, self._simulator = FIRST, Simulator(seed=7, now=FIRST)
        self._port = int(self._simulator.origin.rpartition(":")[2])
        self._set()

    def _set(self) -> None:
        self._simulator.add_fault("latency:30")
        # The clock of its answers, by which it is judged what is settled.
        self._simulator.set_clock_offset(int((self.now - datetime.now(timezone.utc)).total_seconds()))

    def go_on(self, hours: float) -> None:
        self.now += timedelta(hours=hours)
        self._simulator.stop()
        self._simulator = Simulator(seed=7, now=self.now, port=self._port)
        self._set()

    def stop(self) -> None:
        self._simulator.stop()

    def accounts(self) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
        """Return what makes a selection: the provider, the client's keywords, and the selection's."""
        selects: dict[str, dict[str, Any]] = {
            "volcengine": {},
            "ricoh": {},
            "uipath": {"consumable_code": ["AIU", "PLTU"]},
            "devicewise": {"series": "day", "meters": ["devicewise.api_calls"]},
        }
        base = {name: self._simulator.base_url(name) for name in selects}
        known = {name: self._simulator.credentials(name) for name in selects}
        return [
            (name, {**known[name], "base_url": base[name], "max_per_second": 1e6}, select)
            for name, select in selects.items()
        ]

    def truth(self) -> mt.Usage:
        clients = [mt.provider(name)(**given).select(**select) for name, given, select in self.accounts()]
        return mt.fetch(clients, START, self.now, now=self.now, every="month", on_error="keep")


def rows(usage: mt.Usage) -> list[str]:
    return sorted(told_of(row, ASIDE) for row in usage.to_dicts())


def told_of(row: dict[str, Any], aside: Iterable[str]) -> str:
    """Return what a reading says; which columns there are depends on what else was asked."""
    return repr(sorted((name, value) for name, value in row.items() if name not in aside and value is not None))


def names(usage: mt.Usage) -> set[str]:
    """Return what makes each reading the one that it is; a month that still runs grows longer."""
    aside = {*ASIDE, "end", "quantity", "cost", "status", "flags"}
    return {told_of(row, aside) for row in usage.to_dicts()}


def twins(path: Path) -> int:
    """Return how many rows say of a reading what the version before says."""
    import deltalake

    table = deltalake.DeltaTable(str(path / "readings"))
    same = "array_to_string(flags, ' ')"
    over = "OVER (PARTITION BY reading_id ORDER BY fetched_at, synced_at, sync_id)"
    asked = deltalake.QueryBuilder().register("readings", table)
    found = asked.execute(
        "SELECT count(*) AS twins FROM (SELECT quantity = lag(quantity) "
        f'{over} AND status = lag(status) {over} AND "end" = lag("end") {over} AND {same} = lag({same}) {over}'
        " AS is_twin FROM readings) AS versions WHERE is_twin"
    )
    return int(mt.usage.Table(mt._core.taken(found)).to_dicts()[0]["twins"])


@contextmanager
def syncing(
    world: World, path: Path, start: datetime = START, end: datetime | None = None, most: int = 0
) -> Iterator[subprocess.Popen[str]]:
    """Start a sync in a process of its own; it is about to begin with what it does."""
    end = end or world.now
    given = [world.accounts(), str(path), start.isoformat(), end.isoformat(), world.now.isoformat(), most]
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, json.dumps(given)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        first = process.stdout.readline()
        if first != "ready\n":
            _, error = process.communicate()
            raise AssertionError(error[-500:])
        process.stdin.write("\n")
        process.stdin.flush()
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def finished(world: World, path: Path) -> None:
    with syncing(world, path) as process:
        _, error = process.communicate(timeout=120)
        check(process.returncode == 0, f"the last run ends with {process.returncode}: {error[-300:]}")


def whole_time() -> float:
    """Return how long a sync into an empty ledger takes."""
    world = World()
    try:
        with tempfile.TemporaryDirectory() as folder, syncing(world, Path(folder) / "ledger") as process:
            began = time.monotonic()
            process.wait()
            return time.monotonic() - began
    finally:
        world.stop()


def ended_right(world: World, path: Path, what: str) -> None:
    """The ledger is the truth, also after tidy, and has no twins."""
    truth = rows(world.truth())
    ledger = mt.Ledger(path)
    for when in ("", ", tidied"):
        found = rows(ledger.usage(START, world.now, now=world.now))
        lost, more = len(set(truth) - set(found)), len(set(found) - set(truth))
        check(found == truth, f"{what}{when}: {lost} of {len(truth)} readings lost, {more} that are not, {len(found)}")
        if not when:
            told["twins"] += twins(path)
            _delta.LEFT_BEHIND = timedelta(0)  # nobody writes any more
            ledger.tidy()
    check(twins(path) == 0, f"{what}: {twins(path)} twins after tidy")
    told["readings"] += len(truth)
    told["restated"] += len(ledger.restatements())


def killed(path: Path, number: int, takes: float) -> None:
    """Kill syncs of one ledger at moments of what is left to do; let the last go to its end."""
    world = World()
    try:
        left, known, kills = takes, set[str](), 0
        for _ in range(4 * KILLS):
            with syncing(world, path) as process:
                wait = random.uniform(0, left)
                time.sleep(wait)
                is_killed = process.poll() is None
                process.kill()
            kills += is_killed
            then = names(mt.Ledger(path).usage(START, world.now, now=world.now))
            check(known <= then, f"ledger {number}: {len(known - then)} of {len(known)} readings are gone after a kill")
            known = then
            if kills >= KILLS:
                break
            left -= wait
            if not is_killed or left < AGAIN:
                # What may still change is read again.
                world.go_on(random.choice([3, 7, 16, 30]))
                left = AGAIN
        told["kills"] += kills
        world.go_on(30)
        finished(world, path)
        ended_right(world, path, f"ledger {number}")
    finally:
        world.stop()


def at_once(path: Path) -> None:
    """Sync overlapping ranges in four processes at once."""
    world = World()
    try:
        months = [datetime(2025, 9, 1, tzinfo=timezone.utc), datetime(2025, 12, 1, tzinfo=timezone.utc)]
        ranges = [(START, None), (months[0], None), (START, months[1]), (months[1], None)]
        with (
            syncing(world, path, *ranges[0]) as one,
            syncing(world, path, *ranges[1]) as two,
            syncing(world, path, *ranges[2]) as three,
            syncing(world, path, *ranges[3]) as four,
        ):
            for process in (one, two, three, four):
                _, error = process.communicate(timeout=300)
                check(process.returncode == 0, f"one of four ends with {process.returncode}: {error[-300:]}")
        ended_right(world, path, "four at once")
    finally:
        world.stop()


def disk_full(path: Path) -> None:
    """Sync onto a disk that takes no larger files, until it takes them."""
    world = World()
    try:
        for most in (200, 2_000, 5_000, 10_000, 20_000):
            with syncing(world, path, most=most) as process:
                out, _ = process.communicate(timeout=120)
                is_told = process.returncode == 3 and out.count("\n") == 1 and "cannot be written: " in out
                check(is_told or process.returncode == 0, f"full at {most}: {process.returncode}, {out[-300:]}")
                told["full"] += process.returncode == 3
        finished(world, path)
        ended_right(world, path, "full disk")
    finally:
        world.stop()


def main() -> None:
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        takes = whole_time()
        for number in range(count(LEDGERS)):
            killed(Path(folder) / f"killed-{number}", number, takes)
        in_kills = told["twins"]
        at_once(Path(folder) / "four")
        disk_full(Path(folder) / "full")
    check(told["kills"] >= KILLS * count(LEDGERS), f"only {told['kills']} kills came before the end of the sync")
    check(told["restated"] > 0, "no figure was restated")
    check(told["full"] > 0, "no disk was full")
    others = told["twins"] - in_kills
    reached = (
        f"{told['kills']} kills of {count(LEDGERS)} ledgers, 4 writers at once, {told['full']} full disks:"
        f" {told['readings']:,} readings, {told['restated']:,} restated, {len(problems)} differences;"
        f" {in_kills} twins of kills and {others} of others dropped"
    )
    figure("F29", reached, not problems, "; ".join(problems[:3]))


if __name__ == "__main__":
    os.environ.pop("METERTAP_CONFIG", None)
    main()
