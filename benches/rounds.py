"""Rounds: the server, the arms one after the other again and again (A B C A B C …), and medians of what they took.

Environment variables: ROUNDS (5) and SCALE (1) make it shorter or longer, and TRIES (3) says how often an arm is run
again because others used more than a tenth of the machine. Who is disturbed all the same is marked.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import bodies
from machine import quiet

HERE = Path(__file__).parent
ROOT = HERE.parent
SERVER = ROOT / "target" / "release" / "bench-server"
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SCALE = float(os.environ.get("SCALE", "1"))
TRIES = int(os.environ.get("TRIES", "3"))
#: Above this share of all cores, used by others, a measurement is taken again; above the second, it is marked.
DISTURBED, NOISY = 0.1, 0.15
#: Seconds to wait for others to end.
PATIENCE = 5.0
LONGEST = 300
#: Arms that do not share the environment of the others.
ENVIRONMENTS = {"dlt": "dlt", "airbyte": "airbyte", "volcengine": "volcengine"}


class Differs(Exception):
    """Two arms disagree."""


class Taken(NamedTuple):
    """What an arm took: medians over its rounds."""

    seconds: float
    #: Of the client's process, for each request.
    cpu: float
    #: MiB; only where memory was measured.
    memory: float
    #: Requests a second.
    rate: float
    rows: int
    digest: str
    others: float
    #: The medians of all that was printed.
    more: dict[str, float]


def scaled(number: int, least: int = 1) -> int:
    """Return a number of requests at this scale."""
    return max(least, round(number * SCALE))


class Server:
    """The loopback server, from its start to its end."""

    def __enter__(self) -> Server:
        self.folder = Path(tempfile.mkdtemp(prefix="bench-"))
        bodies.write(self.folder / "bodies")
        self.ca = self.folder / "ca.pem"
        command = [os.environ.get("BENCH_SERVER", str(SERVER)), self.folder / "bodies", "--ca", self.ca]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        plain, secure = self.process.stdout.readline().split()
        self.plain, self.secure = f"http://127.0.0.1:{plain}", f"https://localhost:{secure}"
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        self.process.kill()
        shutil.rmtree(self.folder)

    def arguments(self, arm: str, tls: bool) -> list[str]:
        """Return what an arm must know of it."""
        ca = ["--ca", str(self.ca if arm.startswith("metertap") else self.trusted())] if tls else []
        return ["--origin", self.secure if tls else self.plain, "--server", str(self.process.pid), *ca]

    def trusted(self) -> Path:
        """Return what peers trust: their usual list with this authority. metertap adds it to the platform's list."""
        bundle = self.folder / "bundle.pem"
        if not bundle.exists():
            import certifi

            bundle.write_text(certifi.contents() + self.ca.read_text())
        return bundle

    def size(self, name: str) -> float:
        """Return the size of the largest body of a set, in MiB."""
        return max(path.stat().st_size for path in (self.folder / "bodies" / name).iterdir()) / 2**20


def python(arm: str) -> str:
    """Return the interpreter of an arm's environment."""
    return str(ROOT / ".venv-bench" / ENVIRONMENTS.get(arm, "peers") / "bin" / "python")


def once(command: list[str]) -> dict[str, Any]:
    """Run an arm, again if others disturbed it; the least disturbed try counts."""
    best: dict[str, Any] | None = None
    for _ in range(max(1, TRIES)):
        if TRIES > 1:
            quiet(DISTURBED, PATIENCE)
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            left_behind = {**os.environ, "TMPDIR": folder}
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=LONGEST, check=False, env=left_behind
            )
        if done.returncode or not done.stdout.strip():
            raise RuntimeError(f"{' '.join(command[2:6])} failed: {done.stderr.strip()[-600:]}")
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        if best is None or told.get("others", 0.0) < best.get("others", 0.0):
            best = told
        if best.get("others", 0.0) <= DISTURBED:
            break
    assert best
    return best


def compare(
    server: Server,
    how: str,
    job: str,
    numbers: dict[str, int],
    *,
    rounds: int = 0,
    tls: bool = False,
    delay: int = 0,
    at_once: int = 64,
) -> dict[str, Taken]:
    """Let arms do a job, a round after the other, and return what each took.

    `numbers` says how many requests each makes. An arm may be told another job as `arm:job`; all must end in the same
    frame as metertap does for as many requests.
    """
    options = ["--delay", str(delay), "--at-once", str(at_once)]
    told: dict[str, list[dict[str, Any]]] = {arm: [] for arm in numbers}
    for _ in range(rounds or ROUNDS):
        for arm, number in numbers.items():
            name, _, other = arm.partition(":")
            command = [
                python(name),
                str(HERE / "arm.py"),
                how,
                name,
                other or job,
                str(number),
                *server.arguments(name, tls),
                *options,
            ]
            told[arm].append(once(command))
    taken = {arm: median(all_of_them) for arm, all_of_them in told.items()}
    check(server, how, job, numbers, taken)
    show(f"{how} {job}{' TLS' if tls else ''}{f' {delay} ms' if delay else ''}, {at_once} at once", taken, numbers)
    return taken


def median(told: list[dict[str, Any]]) -> Taken:
    """Return the medians."""
    digests = {one.get("digest", "") for one in told}
    if len(digests) > 1:
        raise Differs(f"one arm, several results: {digests}")

    def of(name: str) -> float:
        return statistics.median(one.get(name, 0.0) for one in told)

    figures = {name: of(name) for name, value in told[0].items() if isinstance(value, (int, float))}
    return Taken(
        figures["seconds"],
        figures.get("cpu", 0.0),
        figures.get("memory", 0.0),
        figures.get("rate", 0.0),
        told[0].get("rows", 0),
        digests.pop(),
        figures.get("others", 0.0),
        figures,
    )


def check(server: Server, how: str, job: str, numbers: dict[str, int], taken: dict[str, Taken]) -> None:
    """Compare the results with metertap's for as many requests, which it makes unmeasured if it did not before."""
    if how == "single":
        expected = dict.fromkeys(numbers.values(), next(iter(taken.values())).digest)
    else:
        expected = {numbers[arm]: taken[arm].digest for arm in reversed(numbers) if arm.startswith("metertap")}
    for arm, number in numbers.items():
        if number not in expected:
            options = [*server.arguments("metertap", tls=False), "--at-once", "64"]
            command = [python("metertap"), str(HERE / "arm.py"), "answers", "metertap", job, str(number), *options]
            expected[number] = once(command)["digest"]
        if taken[arm].digest != expected[number]:
            raise Differs(f"{job}: {arm} ends in {taken[arm].digest}, metertap in {expected[number]}")


def show(title: str, taken: dict[str, Taken], numbers: dict[str, int]) -> None:
    """Print what was taken, the first arm being the measure."""
    first = next(iter(taken.values()))
    print(f"{title}")
    for arm, one in taken.items():
        ratio = first.rate / one.rate if one.rate else 0.0
        mark = f"  others {one.others:.2f}{' NOISY' if one.others > NOISY else ''}"
        memory = f" {one.memory:7.0f} MiB" if one.memory else ""
        cpu = f"{one.cpu * 1e6:8.1f} us CPU each, {one.more['server'] * 1e6:5.1f} the server's"
        print(
            f"  {arm:24} {numbers[arm]:5} requests {one.seconds * 1e3:9.2f} ms {one.rate:9.0f}/s"
            f" {cpu}{memory}  x {ratio:6.2f}{mark}"
        )
    sys.stdout.flush()


def noisy(*all_of_them: dict[str, Taken]) -> str:
    """Return a remark if others disturbed any of these."""
    most = max((one.others for taken in all_of_them for one in taken.values()), default=0.0)
    return f"others used up to {most:.0%} of the machine" if most > NOISY else ""
