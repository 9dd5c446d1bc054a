"""What scripts that take figures share: run what prints them, tell them, and put them into a page.

A figure is a line ``FIGURE {"id": …, "reached": …, "pass": true, false or null, "reason": …}`` that a command prints;
null says that it cannot be reached here, and why. A command that ends without its figures, not well, or not in time,
fails them.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
MARKS = "<!-- figures -->", "<!-- end of figures -->"


def commit() -> str:
    """Return the commit that is measured; nothing outside of git."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def digest(patterns: Iterable[str]) -> str:
    """Return a word for what these files of the project hold now: what was found holds as long as it does."""
    command = ["git", "ls-files", "-z", *patterns]
    named = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = hashlib.sha256()
    for name in sorted(filter(None, named.split("\0"))):
        found.update(name.encode() + b"\0" + (ROOT / name).read_bytes() + b"\0")
    return found.hexdigest()[:12]


class Command(NamedTuple):
    """What prints some figures; the names of those that are wanted are in the variable FIGURES."""

    figures: list[str]
    command: list[str]
    #: Seconds; then it and what it started are ended.
    limit: int


class Figure(NamedTuple):
    """What one figure reached."""

    name: str
    reached: str
    passed: bool | None
    reason: str = ""

    def tell(self) -> None:
        """Print it as a line for `Board`."""
        told = {"id": self.name, "reached": self.reached, "pass": self.passed, "reason": self.reason}
        print(f"FIGURE {json.dumps(told, ensure_ascii=False)}", flush=True)


class Board(NamedTuple):
    """Some figures, what prints them, and the page that shows them."""

    #: For each figure, what it is about and what is aimed at.
    what: dict[str, tuple[str, str]]
    commands: list[Command]
    page: Path
    #: The heading of the column of aims, and the word for a figure that falls short of it.
    aim: str
    short: str

    def verdict(self, figure: Figure) -> str:
        """Return it in a word, and the reason."""
        word = {True: "pass", False: self.short, None: "not reached"}[figure.passed]
        return f"{word} ({figure.reason})" if figure.reason else word

    def line(self, figure: Figure) -> str:
        """Return the line that tells a figure."""
        return ": ".join([figure.name, *self.what[figure.name], figure.reached, self.verdict(figure)])

    def row(self, figure: Figure) -> str:
        """Return the row of the table."""
        cells = (figure.name, *self.what[figure.name], figure.reached, self.verdict(figure))
        return f"| {' | '.join(cell.replace('|', '/').replace(chr(10), ' ') for cell in cells)} |"

    def run(self, command: Command, names: Collection[str]) -> list[Figure]:
        """Run a command, show what it prints, and return its figures."""
        wanted = [name for name in command.figures if name in names]
        found: dict[str, Figure] = {}
        began = time.monotonic()
        with subprocess.Popen(
            command.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=ROOT,
            env={**os.environ, "FIGURES": ",".join(wanted)},
            start_new_session=True,
        ) as process:
            late = threading.Timer(command.limit, end, [process])
            late.start()
            for line in process.stdout or ():
                told = json.loads(line[len("FIGURE ") :]) if line.startswith("FIGURE ") else {}
                if told.get("id") in wanted:
                    figure = Figure(told["id"], told["reached"], told["pass"], told.get("reason") or "")
                    found[figure.name] = figure
                    print(f"{time.monotonic() - began:6.0f} s  {self.line(figure)}", flush=True)
                else:
                    print("   ", line.rstrip()[:300], flush=True)
            code = process.wait()
            on_time = late.is_alive()
            late.cancel()
        ended = f"ended with {code}" if on_time else f"not done after {command.limit} s"
        if code:  # what failed may be what a figure did not look at
            found = {
                name: figure._replace(passed=False, reason=ended) if figure.passed else figure
                for name, figure in found.items()
            }
        return [found.get(name) or Figure(name, "nothing", False, f"{ended} and no figure") for name in wanted]

    def write(self, figures: list[Figure]) -> None:
        """Put the rows between the marks of the page; a figure that was not run keeps its row."""
        page = self.page.read_text(encoding="utf-8")
        before, rest = page.split(MARKS[0])
        old, after = rest.split(MARKS[1])
        rows = {name: row for row, name in re.findall(r"^(\| ([A-Z]\d+) \|.*)$", old, re.MULTILINE)}
        rows.update({figure.name: self.row(figure) for figure in figures})
        table = [
            f"| figure | what | {self.aim} | reached | |",
            "|---|---|---|---|---|",
            *(rows[name] for name in self.what if name in rows),
        ]
        some = "" if len(figures) == len(self.what) else f" ({', '.join(figure.name for figure in figures)} only)"
        told = f"Last run: {machine()}{some}.\n\n" + "\n".join(table)
        self.page.write_text(f"{before}{MARKS[0]}\n{told}\n{MARKS[1]}{after}", encoding="utf-8")

    def wanted(self, only: str) -> set[str]:
        """Return the figures that are asked for."""
        names = {name.strip().upper() for name in only.split(",") if name.strip()}
        unknown = names - self.what.keys()
        if unknown:
            first, *_, last = self.what
            sys.exit(f"there is no figure {', '.join(sorted(unknown))}; there are {first} to {last}")
        return names or set(self.what)

    def main(self, description: str) -> list[Figure]:
        """Run what the command line asks for."""
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--only", default="", help="names of figures, with commas between; all if left out")
        parser.add_argument("--write", action="store_true", help=f"put the table into {self.page.relative_to(ROOT)}")
        given = parser.parse_args()
        names = self.wanted(given.only)
        # In the background of a shell it is ignored, and would be by everything that is started here.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        figures: dict[str, Figure] = {}
        with tempfile.TemporaryDirectory() as folder:
            os.environ["TMPDIR"] = folder
            for command in self.commands:
                if names & set(command.figures):
                    print(f"{', '.join(command.figures)}: {' '.join(command.command[-1:])}", flush=True)
                    figures.update({figure.name: figure for figure in self.run(command, names)})
        for name in names - figures.keys():
            figures[name] = Figure(name, "nothing", None, "no command here prints it")
        ordered = [figures[name] for name in self.what if name in figures and name in names]
        print()
        for figure in ordered:
            print(self.line(figure))
        if given.write:
            self.write(ordered)
        return ordered


def end(process: subprocess.Popen[str]) -> None:
    """End a command and what it started: it has a process group of its own."""
    os.killpg(process.pid, 9)


def machine() -> str:
    """Say what the figures were taken on; sizes only, no names."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    day = datetime.now(timezone.utc).date()
    python = platform.python_version()
    return f"{day}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, {pages:.0f} GiB, Python {python}"
