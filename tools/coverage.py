"""Measure the lines that both suites run, of Rust and of Python: `make coverage`; prints the line of figure F7.

The Rust tests and an extension module are built with the compiler's own counters (`-Cinstrument-coverage`, for this
crate only), both suites run, and what the counters say is merged. Python lines are counted by coverage.py in that run.

Lines of tests do not count, neither as run nor as lines: what stands under `#[cfg(test)]`, be it in braces or a file of
its own, is left out, and `tests/` is no part of the sources. A line that several instances of a function share counts
once. Nor does a `const fn` count that is not public and never runs: it makes tables while the compiler runs, which no
counter sees, and the compiler would warn if nobody called it. Lines that run in a process that a test kills are lost,
so the shares are rather too low than too high.

Run by the interpreter that the suite is to run on, in an environment that may be changed: the extension module that is
built here is installed into it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
WORK = ROOT / "build" / "coverage"
TESTS = ["cargo", "test", "--locked", "--no-default-features", "--features", "client,simulator"]
#: Of all lines of Rust, of the folders that must not be wrong, and of Python; in per cent.
WANTED, WANTED_CORE, WANTED_PYTHON = 92.0, 96.0, 97.0
CORE = ("src/service/", "src/providers/", "src/engine/")

#: Counters are for this crate: dependencies are built as ever.
WRAPPER = '#!/bin/sh\nexec "$@" -Cinstrument-coverage\n'

#: What it says of loaded modules is not so under coverage.py, which loads some of its own into each process.
LEFT_OUT = ["tests/python/test_cli.py::test_the_version_loads_neither_the_simulator_nor_asyncio"]

CONFIGURATION = """
[run]
source = metertap
branch = False
parallel = True
concurrency = thread, multiprocessing
patch = subprocess
data_file = {work}/python.data
disable_warnings = no-data-collected, module-not-imported, module-not-measured, couldnt-parse

[report]
exclude_also =
    if TYPE_CHECKING:
    @overload
"""


class Share(NamedTuple):
    """How many lines ran, of how many."""

    ran: int
    lines: int

    @property
    def per_cent(self) -> float:
        """Return it in per cent."""
        return 100 * self.ran / max(1, self.lines)


def total(shares: Iterator[Share]) -> Share:
    """Return the sum."""
    every = list(shares)
    return Share(sum(share.ran for share in every), sum(share.lines for share in every))


def tool(name: str) -> str:
    """Return the path of an LLVM tool of the toolchain."""
    sysroot = Path(output("rustc", "--print", "sysroot").strip())
    found = next(sysroot.glob(f"lib/rustlib/*/bin/{name}"), None)
    if found is None:
        sys.exit(f"{name} is missing: rustup component add llvm-tools")
    return str(found)


def output(*command: str, env: dict[str, str] | None = None) -> str:
    """Run a command and return what it printed."""
    return subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


def environment() -> dict[str, str]:
    """Return the environment of builds and runs with counters."""
    wrapper = WORK / "instrumented"
    wrapper.write_text(WRAPPER, encoding="ascii")
    wrapper.chmod(0o755)
    return {
        "PROPTEST_CASES": "300",
        "CARGO_TARGET_DIR": str(ROOT / "target" / "coverage"),
        **os.environ,
        "RUSTC_WORKSPACE_WRAPPER": str(wrapper),
        # Processes that fork share their parent's file, so the runtime merges under a lock.
        "LLVM_PROFILE_FILE": str(WORK / "rust-%p-%2m.profraw"),
    }


def rust_tests(env: dict[str, str]) -> list[str]:
    """Build and run the Rust tests, and return the paths of their programs."""
    lines = output(*TESTS, "--no-run", "--message-format=json", env=env).splitlines()
    built = (json.loads(line) for line in lines if line.startswith("{"))
    programs = [one["executable"] for one in built if one.get("executable") and one["profile"]["test"]]
    subprocess.run([*TESTS, "--quiet"], cwd=ROOT, env=env, check=True)
    return programs


def install(env: dict[str, str]) -> str:
    """Build the wheel with counters, install it here, and return the path of its extension module."""
    for old in WORK.glob("*.whl"):
        old.unlink()
    pip = [sys.executable, "-m", "pip"]
    env = {**env, "MATURIN_PEP517_ARGS": "--profile dev"}
    subprocess.run([*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", WORK, "."], cwd=ROOT, env=env, check=True)
    (wheel,) = WORK.glob("*.whl")
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--force-reinstall", wheel], cwd=WORK, check=True)
    code = "import metertap._core; print(metertap._core.__file__)"
    return output(sys.executable, "-c", code, env={**env, "LLVM_PROFILE_FILE": os.devnull}).strip()


def python_suite(env: dict[str, str]) -> tuple[int, dict[str, Share]]:
    """Run the Python suite; return its exit code and the shares of the modules."""
    settings = WORK / "coverage.ini"
    settings.write_text(CONFIGURATION.format(work=WORK), encoding="utf-8")
    coverage = [sys.executable, "-m", "coverage"]
    with_file = [f"--rcfile={settings}"]
    suite = ["-m", "pytest", "-q", *(f"--deselect={name}" for name in LEFT_OUT)]
    code = subprocess.run([*coverage, "run", *with_file, *suite], cwd=ROOT, env=env, check=False).returncode
    subprocess.run([*coverage, "combine", "--quiet", *with_file], cwd=ROOT, env=env, check=True)
    told = WORK / "python.json"
    subprocess.run([*coverage, "json", "--quiet", *with_file, "-o", told], cwd=ROOT, env=env, check=True)
    shares = {}
    for path, one in json.loads(told.read_text(encoding="utf-8"))["files"].items():
        name = "python/metertap/" + path.split("/metertap/", 1)[1]
        shares[name] = Share(one["summary"]["covered_lines"], one["summary"]["num_statements"])
        say_missing(name, one["missing_lines"])
    return code, shares


def items_of_tests(path: Path) -> Iterator[tuple[int, int, str]]:
    """Yield first line, last line and name of what is compiled for tests only; the layout is rustfmt's."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for index, line in enumerate(lines):
        if line.strip() == "#[cfg(test)]":
            indent = line[: len(line) - len(line.lstrip())]
            start = next(at for at in range(index + 1, len(lines)) if not lines[at].lstrip().startswith("#["))
            name = re.search(r"\bmod (\w+)", lines[start])
            end = start
            if not lines[start].endswith(";"):
                end = next(at for at in range(start, len(lines)) if lines[at] == indent + "}")
            yield index + 1, end + 1, name[1] if name and end == start else ""


def lines_of_tests() -> dict[str, set[int]]:
    """Return for each source file the lines that are compiled for tests only."""
    found: dict[str, set[int]] = {}
    for path in (ROOT / "src").rglob("*.rs"):
        for start, end, module in items_of_tests(path):
            found.setdefault(str(path), set()).update(range(start, end + 1))
            if module:
                folder = path.parent if path.name in ("mod.rs", "lib.rs") else path.with_suffix("")
                file = folder / f"{module}.rs"
                file = file if file.exists() else folder / module / "mod.rs"
                found.setdefault(str(file), set()).update(range(1, len(file.read_text().splitlines()) + 1))
    return found


def made_by_the_compiler(path: Path, counts: dict[int, int]) -> set[int]:
    """Return the lines of each `const fn` that is not public and that never ran."""
    lines, found = path.read_text(encoding="utf-8").splitlines(), set[int]()
    for index, line in enumerate(lines):
        start = re.match(r"( *)(pub\(\w+\) )?const fn ", line)
        if start:
            end = next(at for at in range(index, len(lines)) if lines[at] == start[1] + "}")
            body = set(range(index + 1, end + 2))
            if not any(counts.get(number) for number in body):
                found |= body
    return found


def rust_lines(objects: list[str]) -> dict[str, Share]:
    """Merge what the counters say and return the shares of the source files."""
    merged, profiles = WORK / "rust.profdata", WORK / "profiles.txt"
    profiles.write_text("\n".join(map(str, WORK.glob("*.profraw"))), encoding="utf-8")
    # A process that was killed may leave a file that is cut.
    subprocess.run(
        [tool("llvm-profdata"), "merge", "-sparse", "--failure-mode=all", "-f", profiles, "-o", merged], check=True
    )
    more = [part for path in objects[1:] for part in ("-object", path)]
    told = output(tool("llvm-cov"), "export", "-format=lcov", f"-instr-profile={merged}", objects[0], *more)
    tests = lines_of_tests()
    shares, name, counts = {}, "", dict[int, int]()
    for line in told.splitlines():
        key, _, value = line.partition(":")
        if key == "SF":
            name, counts = value, {}
        elif key == "DA":
            number, count = map(int, value.split(",")[:2])
            if number not in tests.get(name, ()):
                counts[number] = count
        elif line == "end_of_record" and counts and name.startswith(f"{ROOT}/src/"):
            short = os.path.relpath(name, ROOT)
            unseen = made_by_the_compiler(Path(name), counts)
            counts = {number: count for number, count in counts.items() if number not in unseen}
            shares[short] = Share(sum(count > 0 for count in counts.values()), len(counts))
            say_missing(short, [number for number, count in counts.items() if not count])
    return shares


def say_missing(name: str, numbers: list[int]) -> None:
    """Note the lines that did not run, as ranges."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    told = ", ".join(str(start) if start == end else f"{start}-{end}" for start, end in ranges)
    with (WORK / "missing.txt").open("a", encoding="utf-8") as file:
        if told:
            file.write(f"{name}: {told}\n")


def main() -> None:
    """Build with counters, run both suites, and add up the lines."""
    parser = argparse.ArgumentParser(description="Measure the lines that both suites run.")
    parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    for old in [*WORK.glob("*.profraw"), *WORK.glob("python.data*"), WORK / "missing.txt"]:
        old.unlink(missing_ok=True)
    env = environment()
    objects = rust_tests(env)
    objects.append(install(env))
    code, python = python_suite(env)
    rust = rust_lines(objects)
    for name, share in sorted({**rust, **python}.items(), key=lambda item: item[1].per_cent):
        print(f"{share.per_cent:6.1f} %  {share.lines - share.ran:4} of {share.lines:5} missing  {name}")
    print(f"lines that did not run: {os.path.relpath(WORK, ROOT)}/missing.txt")
    whole, in_python = total(iter(rust.values())), total(iter(python.values()))
    core = total(share for name, share in rust.items() if name.startswith(CORE))
    reached = (
        f"Rust {whole.per_cent:.1f} % of {whole.lines} lines (providers, engine {core.per_cent:.1f} % of {core.lines})"
        f", Python {in_python.per_cent:.1f} % of {in_python.lines}; lines of tests not counted"
    )
    enough = whole.per_cent >= WANTED and core.per_cent >= WANTED_CORE and in_python.per_cent >= WANTED_PYTHON
    reason = f"the Python suite ended with {code}" if code else ""
    print("FIGURE " + json.dumps({"id": "F7", "reached": reached, "pass": enough and not code, "reason": reason}))
    sys.exit(not enough or code != 0)


if __name__ == "__main__":
    main()
