"""Run the figures F1 to F22 and say, one line each, what was promised and what was reached.

    python tools/reliability.py [--only F8,F11] [--write]

A figure is a line ``FIGURE {"id": …, "reached": …, "pass": true, false or null, "reason": …}`` that a command prints;
null says that it cannot be reached here, and why. A command that ends without its figures, or not in time, fails them.
Exits with 1 if a promise falls short; the other figures are first guesses. ``--write`` puts the table into
docs/reliability.md; figures that were not run keep their line there.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
MARKS = "<!-- figures -->", "<!-- end of figures -->"
HERE = "tests/reliability/"
PYTHON = [sys.executable, "-X", "faulthandler"]

PROMISES = {"F1", "F2", "F3", "F4", "F5", "F8", "F9", "F10", "F11", "F12", "F16", "F17"}

WHAT = {
    "F1": ("faults × providers × doors", "≥ 450 cases, all right, within deadline + 250 ms"),
    "F2": ("cut at every byte", "every byte of every fixture; 0 panics, 0 wrong tables"),
    "F3": ("every leaf replaced", "≥ 14 values × every leaf; 0 silent losses"),
    "F4": ("fuzzing", "≥ 10,000,000 runs per target (≥ 200,000 cases in CI), 0 crashes, ≤ 50 ms per MiB"),
    "F5": ("decompression bomb", "1 GiB refused in < 1 s, peak ≤ cap + 16 MiB"),
    "F6": ("mutants killed", "≥ 85 % in providers, retry, body"),
    "F7": ("coverage", "Rust ≥ 92 % (providers, engine ≥ 96 %), Python ≥ 97 %"),
    "F8": ("interrupts", "200 of 200; p99 ≤ 150 ms; disconnect seen ≤ 200 ms later"),
    "F9": ("cancels", "1,000 disconnects; permits and budget whole; 0 unraisable"),
    "F10": ("exits with work in flight", "500 clean, ≤ 1 s, nothing on stderr"),
    "F11": ("forks", "3 × 50 forks + spawn + forkserver within 2 s"),
    "F12": ("loops and threads", "200 loops, 16 threads, all right; ≥ 95 % on reused connections"),
    "F13": ("load", "20,000 requests, ≥ 3,000/s, p99 ≤ 60 ms, ≤ 20 MiB more, no descriptor left"),
    "F14": ("overload manners", "dead: ≤ calls + 36; 5 %: ≤ 1.06 per call; 0 inside a forbidden time; 1 refresh"),
    "F15": ("parse speed", "1,000,000 points: ≤ 3 × json.loads, peak ≤ 4 × the body"),
    "F16": ("exactness", "integers to 2^64−1, 28 digits, sums: equal on all surfaces"),
    "F17": ("secrets", "0 canary hits; 15 redirects: 0 bytes at the second host"),
    "F18": ("import and size", "≤ 60 ms; no third-party module, thread or socket; wheel ≤ 6 MiB"),
    "F19": ("types", "stubtest 0 differences; strict type check 0 errors; every public name documented"),
    "F20": ("conformance", "5 providers × ≥ 30 checks, all pass; a toy provider in ≤ 120 lines"),
    "F21": ("notebook", "sync, await, gather, interrupt, pandas: 0 errors but the interrupt"),
    "F22": ("whole suite, again and again", "20 passes in random order"),
}


class Command(NamedTuple):
    """What prints some figures."""

    figures: list[str]
    command: list[str]
    #: Seconds; then it and what it started are ended.
    limit: int


HOSTILE = ["cargo", "test", "--locked", "--no-default-features", "--features", "client,simulator", "--test", "hostile"]
COMMANDS = [
    Command(["F1"], [*PYTHON, HERE + "faults.py"], 600),
    Command(["F2", "F3", "F16"], [*HOSTILE, "--", "--nocapture"], 1200),
    Command(["F5"], [*PYTHON, HERE + "bomb.py"], 120),
    # A part of the mutants, since all of them take hours: `make mutants` for those.
    Command(["F6"], ["make", "--no-print-directory", "mutants", "SHARD=0/64"], 3600),
    Command(["F7"], ["make", "--no-print-directory", "coverage"], 3600),
    Command(["F8"], [*PYTHON, HERE + "interrupts.py"], 600),
    Command(["F9"], [*PYTHON, HERE + "cancels.py"], 300),
    Command(["F10"], [*PYTHON, HERE + "exits.py"], 900),
    Command(["F11"], [*PYTHON, HERE + "forks.py"], 300),
    Command(["F12"], [*PYTHON, HERE + "loops.py"], 120),
    Command(["F13"], [*PYTHON, HERE + "load.py"], 300),
    Command(["F14"], [*PYTHON, HERE + "manners.py"], 300),
    Command(["F15"], [*PYTHON, HERE + "parse.py"], 300),
    Command(["F17"], [*PYTHON, "-m", "pytest", "--quiet", "--figures"], 1200),
    Command(["F18"], [*PYTHON, HERE + "importing.py"], 120),
    Command(["F19"], [*PYTHON, HERE + "typed.py"], 600),
    Command(["F20"], [*PYTHON, HERE + "conforming.py"], 1200),
    Command(["F21"], [*PYTHON, HERE + "notebook.py"], 120),
    Command(["F22"], [*PYTHON, HERE + "again.py"], 7200),
]


class Figure(NamedTuple):
    """What one figure reached."""

    name: str
    reached: str
    passed: bool | None
    reason: str

    @property
    def verdict(self) -> str:
        """Return it in a word."""
        return {True: "pass", False: "FAIL", None: "not reached"}[self.passed]

    def row(self) -> str:
        """Return the row of the table."""
        what, target = WHAT[self.name]
        verdict = self.verdict + (f" ({self.reason})" if self.reason else "")
        cells = (self.name, what, target, self.reached, verdict)
        return f"| {' | '.join(cell.replace('|', '/').replace(chr(10), ' ') for cell in cells)} |"


def run(command: Command) -> list[Figure]:
    """Run a command, show what it prints, and return its figures."""
    found: dict[str, Figure] = {}
    began = time.monotonic()
    with subprocess.Popen(
        command.command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd=ROOT,
        start_new_session=True,
    ) as process:
        late = threading.Timer(command.limit, end, [process])
        late.start()
        for line in process.stdout or ():
            if line.startswith("FIGURE "):
                told = json.loads(line[len("FIGURE ") :])
                found[told["id"]] = Figure(told["id"], told["reached"], told["pass"], told.get("reason") or "")
            else:
                print("   ", line.rstrip()[:300], flush=True)
        code = process.wait()
        on_time = late.is_alive()
        late.cancel()
    missing = f"ended with {code} and no figure" if on_time else f"not done after {command.limit} s"
    figures = [found.get(name) or Figure(name, "nothing", False, missing) for name in command.figures]
    for figure in figures:
        print(f"{time.monotonic() - began:6.0f} s  {line_of(figure)}", flush=True)
    return figures


def end(process: subprocess.Popen[str]) -> None:
    """End a command and what it started: it has a process group of its own."""
    os.killpg(process.pid, 9)


def line_of(figure: Figure) -> str:
    """Return the line that tells a figure."""
    what, target = WHAT[figure.name]
    told = f"{figure.name}: {what}: {target}: {figure.reached}: {figure.verdict}"
    return f"{told} ({figure.reason})" if figure.reason else told


def machine() -> str:
    """Say what the figures were taken on; sizes only, no names."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    day = datetime.now(timezone.utc).date()
    python = platform.python_version()
    return f"{day}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, {pages:.0f} GiB, Python {python}"


def write(figures: list[Figure]) -> None:
    """Put the rows between the marks of the page; a figure that was not run keeps its row."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(MARKS[0])
    old, after = rest.split(MARKS[1])
    rows = dict(re.findall(r"^\| (F\d+) (\|.*)$", old, re.MULTILINE))
    rows = {name: f"| {name} {row}" for name, row in rows.items()}
    rows.update({figure.name: figure.row() for figure in figures})
    table = [
        "| figure | what | target | reached | |",
        "|---|---|---|---|---|",
        *(rows[name] for name in WHAT if name in rows),
    ]
    last = f"Last run: {machine()}" + (
        "." if len(figures) == len(WHAT) else f" ({', '.join(f.name for f in figures)} only)."
    )
    PAGE.write_text(f"{before}{MARKS[0]}\n{last}\n\n" + "\n".join(table) + f"\n{MARKS[1]}{after}", encoding="utf-8")


def wanted(only: str) -> set[str]:
    """Return the figures that are asked for."""
    names = {name.strip().upper() for name in only.split(",") if name.strip()}
    unknown = names - WHAT.keys()
    if unknown:
        sys.exit(f"there is no figure {', '.join(sorted(unknown))}; there are F1 to F{len(WHAT)}")
    return names or set(WHAT)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description="Run the figures F1 to F22.")
    parser.add_argument("--only", default="", help="such as F8,F11; all of them if left out")
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    given = parser.parse_args()
    names = wanted(given.only)
    figures: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMPDIR"] = folder
        for command in COMMANDS:
            if names & set(command.figures):
                print(f"{', '.join(command.figures)}: {' '.join(command.command[-1:])}", flush=True)
                figures.update({figure.name: figure for figure in run(command)})
    for name in names - figures.keys():
        figures[name] = Figure(name, "nothing", None, "no command here prints it")
    ordered = [figures[name] for name in WHAT if name in figures and name in names]
    print()
    for figure in ordered:
        print(line_of(figure))
    if given.write:
        write(ordered)
    short = [figure.name for figure in ordered if figure.name in PROMISES and figure.passed is not True]
    if short:
        sys.exit(f"promises that fall short: {', '.join(short)}")


if __name__ == "__main__":
    main()
