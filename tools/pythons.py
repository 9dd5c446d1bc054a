"""Run the whole Python suite with the one wheel of `make wheel` on every CPython that is found: figure F30.

    python tools/pythons.py [3.10 3.13]

Looked at are the folders of PATH, and what pyenv has. Of several Pythons of one minor version the newest is taken. Each
has an environment of its own in .venv-pythons; what of the test packages cannot be installed there is told, and its
tests are skipped or fail by themselves. What pytest says of each run is kept in target/pythons.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from board import ROOT, Figure

OLDEST = (3, 10)
PLACE = ROOT / ".venv-pythons"
LOGS = ROOT / "target/pythons"

#: What a Python says of itself. The free-threaded build of a version is another Python.
ASKED = """
import json, platform, sys, sysconfig
print(json.dumps([
    platform.python_implementation(), list(sys.version_info[:3]), sys.version_info.releaselevel,
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")), getattr(sys, "_base_executable", None) or sys.executable,
]))
"""


class Python(NamedTuple):
    """A CPython that was found."""

    version: tuple[int, ...]
    is_free_threaded: bool
    executable: str

    @property
    def name(self) -> str:
        """Its minor version, with a t behind it if it has no global lock."""
        return f"{self.version[0]}.{self.version[1]}{'t' if self.is_free_threaded else ''}"

    @property
    def told(self) -> str:
        """Its whole version."""
        return ".".join(map(str, self.version)) + ("t" if self.is_free_threaded else "")


def candidates() -> Iterator[Path]:
    """Return everything that looks like a Python 3."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    roots = [os.environ.get("PYENV_ROOT")]
    if pyenv := shutil.which("pyenv"):
        done = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=False)
        roots.append(done.stdout.strip())
    folders += [folder for root in roots if root for folder in sorted(Path(root).glob("versions/*/bin"))]
    for folder in folders:
        if folder.is_dir():
            yield from sorted(path for path in folder.iterdir() if re.fullmatch(r"python3(\.\d+t?)?", path.name))


def found() -> tuple[list[Python], list[str]]:
    """Return one Python of each minor version, and in words what was left out."""
    best: dict[str, Python] = {}
    seen: set[str] = set()
    left: list[str] = []
    for path in candidates():
        if (python := asked(path)) is None or os.path.realpath(python.executable) in seen:
            continue
        seen.add(os.path.realpath(python.executable))
        known = best.get(python.name)
        if known is None or known.version < python.version:
            best[python.name] = python
        if known is not None:
            left.append(f"{min(known, python).told} is another {python.name}")
    return sorted(best.values()), sorted(set(left))


def asked(path: Path) -> Python | None:
    """Ask what this is; nothing if it is no CPython that metertap is for, or does not run."""
    try:
        done = subprocess.run([path, "-I", "-c", ASKED], capture_output=True, text=True, check=False, timeout=60)
        kind, version, level, is_free_threaded, executable = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):  # such as pyenv's stand-ins for versions that are off
        return None
    if kind != "CPython" or tuple(version[:2]) < OLDEST or level != "final":
        return None
    return Python(tuple(version), is_free_threaded, executable)


def install(python: Python, wheel: Path) -> tuple[Path, str]:
    """Make the environment with the wheel and the test packages; return its Python, and what cannot be installed."""
    own = PLACE / python.name / "bin" / "python"
    pip = [str(own), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not own.exists():
        subprocess.run([python.executable, "-m", "venv", PLACE / python.name], check=True)
    done = subprocess.run([*pip, "--no-deps", "--force-reinstall", wheel], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return own, f"the wheel: {last_line(done.stderr)}"
    if subprocess.run([*pip, f"{wheel}[test]"], check=False, capture_output=True).returncode == 0:
        return own, ""
    lacking = []
    needed = subprocess.run([own, "-c", NEEDED], capture_output=True, text=True, check=True).stdout.splitlines()
    for package in needed:
        done = subprocess.run([*pip, package], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lacking.append(f"{package} ({last_line(done.stderr)})")
    return own, "; ".join(lacking)


#: Prints the packages of the test extra, one a line, as far as they are for that Python.
NEEDED = """
import importlib.metadata
from pip._vendor.packaging.requirements import Requirement

def of(extra):
    for need in map(Requirement, importlib.metadata.requires("metertap")):
        if need.marker and need.marker.evaluate({"extra": extra}):
            need.marker = None
            yield from (name for of_it in need.extras for name in of(of_it)) if need.name == "metertap" else [str(need)]

print("\\n".join(dict.fromkeys(of("test"))))
"""


def last_line(text: str) -> str:
    """Return the last line that says something."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def run(own: Path, python: Python) -> tuple[bool, str]:
    """Run the suite; return whether it passes, and what pytest counts."""
    command = [own, "-m", "pytest", "--quiet", "-p", "no:cacheprovider"]
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    LOGS.mkdir(parents=True, exist_ok=True)
    (LOGS / f"{python.name}.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode != 0:
        print("\n".join(done.stdout.splitlines()[-40:]), flush=True)
    counts = re.findall(r"\d+ (?:passed|failed|errors?|skipped|xfailed)", last_line(done.stdout))
    return done.returncode == 0, ", ".join(counts) or f"pytest ended with {done.returncode}"


def main() -> None:
    """Run what is asked for, and tell the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="*", help="minor versions, such as 3.12; all that are found if left out")
    only = parser.parse_args().only
    wheels = sorted((ROOT / "dist").glob("*.whl"))
    if len(wheels) != 1:
        sys.exit("there must be one wheel in dist: make wheel")
    pythons, left = found()
    for line in left:
        print(f"left out: {line}", flush=True)
    told, problems, reasons = [], [], []
    for python in pythons:
        if only and python.name not in only:
            reasons.append(f"{python.name} was not asked for")
            continue
        began = time.monotonic()
        own, lacking = install(python, wheels[0])
        if lacking:
            reasons.append(f"not to be installed on {python.name}: {lacking}")
        if lacking.startswith("the wheel"):
            problems.append(python.name)
            continue
        passes, counts = run(own, python)
        print(f"{python.told}: {counts}, in {time.monotonic() - began:.0f} s", flush=True)
        told.append(f"{python.told}: {counts}")
        problems += [] if passes else [python.name]
    if problems:
        reasons.insert(0, f"{', '.join(problems)} fail")
    passed = False if problems else None if any("was not asked for" in reason for reason in reasons) else bool(told)
    Figure("F30", "; ".join(told) or "no Python was found", passed, "; ".join(reasons)).tell()
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
