"""Count the instructions of one small call of a batch (P15), and say where they go.

    python benches/instructions.py [--check] [--write] [--runs 2] [--base OTHER-BENCH-CALLS]

A client (benches/calls) plans so many calls of ten readings each, makes them over plain HTTP on loopback, 64 at once on
one thread, and puts all of it into one table. `valgrind --tool=callgrind` counts the instructions of that process; the
server is another one, which is not counted. It is run with few and with many calls: the difference, by the difference
of the calls, is what one costs, and the start drops out. There are two kinds: `signed` are days of Volcengine's
time-shift storage, each request signed; `token` are UiPath's days by service with a bearer token, the small answers of
P3, P4 and P7.

SHA-256 is counted apart: all instructions in functions of the crate `sha2`, and not what surrounds them (HMAC,
hexadecimal digits). Valgrind's processor has no SHA instructions, so that they are many times of what they really are.

A room's instructions are those of its functions, and of functions that belong to nobody (the standard library, JSON,
dates, Arrow), by who calls them: where several do, each has its share by what its calls cost. Memory is what the
allocator and copying take; in the second column it is told with who asks for it.

What was counted once is in instructions.json. ``--check`` fails where a figure is more than a tenth above it, and
``--write`` writes today's; a rise is a commit of its own. ``--base`` counts another build in the same run. Only the
same compiler and C library count the same.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from rounds import HERE, ROOT, Server

# Behind the others: the tests import this module, and have names of their own.
sys.path.append(str(ROOT / "tools"))

from board import Figure

CALLS = ROOT / "target" / "release" / "bench-calls"
BASELINE = HERE / "instructions.json"
KINDS = ("signed", "token")
#: How many calls are made, and how many at least.
FEW, MANY = 256, 1280
#: What each of them is to be.
GOAL = 140_000
#: What a figure may be of its baseline.
ALLOWED = 1.10
#: Seconds; it takes three.
LONGEST = 300

SHA, MEMORY, REST = "SHA-256", "memory", "the rest"
PROVIDER = r"as metertap::\w+(::\w+)*::Provider>::"
#: Whose a function is, by its name: the first pattern that is found in it.
ROOMS = [
    (SHA, r"\bsha2::"),
    (
        MEMORY,
        r"^(_int_|__libc_)?(malloc|free|realloc|calloc|memalign)|^(unlink_chunk|sysmalloc|systrim|tcache_)"
        r"|^(__)?mem(cpy|move|set)|__(rdl|rust|rustc)_?\w*alloc",
    ),
    (
        "the address taken apart (url)",
        r"\b(url|idna|idna_adapter|icu_\w+|utf8_iter|form_urlencoded)::",
    ),
    ("signing", rf"\bmetertap::signing::|{PROVIDER}sign\b"),
    (
        "building the request",
        rf"\bmetertap::(providers::\w+::query|spec::request|service::http)\b|{PROVIDER}request\b",
    ),
    ("planning", rf"\bmetertap::(plan|spec::select)\b|{PROVIDER}(asked|operation)\b"),
    ("evidence", r"\bmetertap::usage::evidence\b"),
    ("coverage, timelines and holes", r"\bmetertap::usage::(coverage|covered|timeline|holes|runs|remaining)\b"),
    ("columns of readings", r"\bmetertap::usage\b"),
    ("reading the answer", r"\bmetertap::(providers|spec)\b"),
    ("the engine", r"\bmetertap::engine\b"),
    (
        "reqwest, hyper, tokio",
        r"\b(reqwest|hyper|hyper_util|hyper_rustls|http|http_body|http_body_util|httparse|h2|tower|tower_http"
        r"|tower_service|tokio|tokio_util|mio|socket2|bytes|want|futures_\w+|try_lock|sync_wrapper)::",
    ),
]
PATTERNS = [(room, re.compile(pattern)) for room, pattern in ROOMS]


class Count(NamedTuple):
    """What was counted of a run, or of one call: all of it, and by room."""

    total: float
    rooms: dict[str, float]
    #: The same, where memory belongs to who asks for it.
    with_memory: dict[str, float]

    @property
    def figure(self) -> float:
        """Return what is judged."""
        return self.total - self.rooms.get(SHA, 0.0)

    def each(self, few: Count) -> Count:
        """Return what one call costs, where this is of many calls."""

        def by(many: dict[str, float], few: dict[str, float]) -> dict[str, float]:
            return {room: (many.get(room, 0.0) - few.get(room, 0.0)) / (MANY - FEW) for room in many | few}

        total = (self.total - few.total) / (MANY - FEW)
        return Count(total, by(self.rooms, few.rooms), by(self.with_memory, few.with_memory))


def main() -> int:
    """Count, and return the exit status."""
    parser = argparse.ArgumentParser(description="Count the instructions of one small call of a batch.")
    parser.add_argument("--check", action="store_true", help="fail if a figure rose by more than a tenth")
    parser.add_argument("--write", action="store_true", help=f"write the figures into {BASELINE.name}")
    parser.add_argument("--runs", type=int, default=2, help="how often all of it is counted; the least counts")
    parser.add_argument("--base", type=Path, help="another bench-calls, to compare with")
    given = parser.parse_args()
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is needed to count instructions: install it, for example by apt-get install valgrind")
    own = Path(os.environ.get("BENCH_CALLS", str(CALLS)))
    with Server() as server:
        counted = {kind: least(own, kind, server.plain, given.runs) for kind in KINDS}
        if given.base:
            for kind, ours in counted.items():
                base = least(given.base, kind, server.plain, given.runs)
                ratio = ours.figure / base.figure
                print(f"{kind}: base {base.figure:,.0f}, this {ours.figure:,.0f}: {ratio:.3f} of it")
    figures = {kind: round(one.figure) for kind, one in counted.items()}
    told = "; ".join(f"{figure:,} {kind}" for kind, figure in figures.items())
    Figure("P15", told, max(figures.values()) <= GOAL).tell()
    if given.write:
        BASELINE.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return judged(figures, json.loads(BASELINE.read_text(encoding="utf-8"))) if given.check else 0


def judged(figures: dict[str, int], baseline: dict[str, int]) -> int:
    """Compare with what was counted once, tell it, and return the exit status."""
    risen = 0
    for kind, figure in figures.items():
        of = figure / baseline[kind]
        risen += of > ALLOWED
        verdict = f"more than {ALLOWED:.2f}: find out why, or write a new baseline" if of > ALLOWED else "pass"
        print(f"{kind}: {figure:,} instructions, {of:.3f} of the baseline: {verdict}")
    return int(bool(risen))


def least(client: Path, kind: str, origin: str, runs: int) -> Count:
    """Count several times, show it, and return the least."""
    counts = [one(client, kind, MANY, origin).each(one(client, kind, FEW, origin)) for _ in range(max(1, runs))]
    best = min(counts, key=lambda count: count.figure)
    show(f"{kind} ({client})", best, [count.figure for count in counts])
    return best


def one(client: Path, kind: str, calls: int, origin: str) -> Count:
    """Count one process."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        profile = Path(folder) / "profile"
        # Names as they are: those of the same generic function for several types differ in their ends.
        counter = ["valgrind", "--tool=callgrind", "--demangle=no", "--compress-strings=no", "--compress-pos=no"]
        command = [*counter, f"--callgrind-out-file={profile}", str(client), kind, str(calls), origin]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
        if done.returncode:
            raise RuntimeError(f"{client.name} {kind} failed: {done.stderr.strip()[-600:]}")
        count = of_profile(profile.read_text(encoding="utf-8", errors="replace"))
        if not count.rooms.get(SHA):
            raise RuntimeError("no function of sha2 is in the profile: the compiler names functions in another way")
        return count


def of_profile(text: str) -> Count:
    """Return what a profile has counted."""
    own, callers = functions(text)
    rooms = {name: room(name) for name in own.keys() | callers.keys()}
    nobody = {name: None if of == MEMORY else of for name, of in rooms.items()}
    return Count(sum(own.values()), shared(own, callers, rooms), shared(own, callers, nobody))


def functions(text: str) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """Return what each function needs by itself, and what the calls to it cost, by caller."""
    own: dict[str, int] = defaultdict(int)
    callers: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    function = called = ""
    is_call = False
    for line in text.splitlines():
        if line.startswith("fn="):
            function = demangled(line[3:])
        elif line.startswith("cfn="):
            called = demangled(line[4:])
        elif line.startswith("calls="):
            is_call = True
        elif line[:1].isdigit():
            cost = int(line.split()[1])
            if is_call:
                callers[called][function] += cost
            else:
                own[function] += cost
            is_call = False
    return own, callers


def demangled(name: str) -> str:
    """Return a name of Rust's in words; its end tells it from others of the same words."""
    recursion = name.partition("'")[0]
    if not recursion.startswith("_ZN"):
        return recursion
    words, place = [], 3
    while found := re.compile(r"\d+").match(recursion, place):
        end = found.end() + int(found[0])
        words.append(recursion[found.end() : end])
        place = end
    path = "::".join(words)
    for code, sign in (("$LT$", "<"), ("$GT$", ">"), ("$RF$", "&"), ("$C$", ","), ("$u20$", " "), ("..", "::")):
        path = path.replace(code, sign)
    return path


def room(name: str) -> str | None:
    """Return whose a function is, if it is somebody's."""
    return next((room for room, pattern in PATTERNS if pattern.search(name)), None)


def shared(own: dict[str, int], callers: dict[str, dict[str, int]], rooms: dict[str, str | None]) -> dict[str, float]:
    """Return what each room needs. What nobody's functions need is told with their callers, and theirs."""
    known = {name: {of: 1.0} for name, of in rooms.items() if of}
    shares = {name: known.get(name, {REST: 1.0}) for name in rooms}
    for _ in range(60):
        for name, by in callers.items():
            by_others = {caller: cost for caller, cost in by.items() if caller != name and cost}
            if name in known or not by_others:
                continue
            all_of_it = sum(by_others.values())
            mixed: dict[str, float] = defaultdict(float)
            for caller, cost in by_others.items():
                for of, share in shares[caller].items():
                    mixed[of] += share * cost / all_of_it
            shares[name] = mixed
    needed: dict[str, float] = defaultdict(float)
    for name, cost in own.items():
        for of, share in shares[name].items():
            needed[of] += share * cost
    return needed


def show(title: str, count: Count, figures: list[float]) -> None:
    """Print where a call's instructions go."""
    print(f"{title}: instructions of one call")
    print(f"  {'':34}{'':>10}{'with its memory':>18}")
    for name in sorted(count.with_memory | count.rooms, key=lambda name: -count.rooms.get(name, 0.0)):
        print(f"  {name:34}{count.rooms.get(name, 0.0):10,.0f}{count.with_memory.get(name, 0.0):18,.0f}")
    print(f"  {'all':34}{count.total:10,.0f}")
    apart = (max(figures) - min(figures)) / min(figures)
    runs = ", ".join(f"{figure:,.0f}" for figure in figures)
    print(f"  {'without SHA-256':34}{count.figure:10,.0f}   runs: {runs}, {apart:.2%} apart")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
