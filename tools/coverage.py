"""Measure the lines of Rust that the Rust tests run: `make coverage`; prints the line of figure F7.

The compiler counts, and the LLVM tools of its toolchain (`rustup component add llvm-tools`) read the counters.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORK = ROOT / "build" / "coverage"
TESTS = ["cargo", "test", "--locked", "--no-default-features", "--features", "client,simulator", "--no-fail-fast"]
#: Of all lines, and of the folders that must not be wrong.
WANTED, WANTED_CORE = 92.0, 96.0
CORE = ("src/providers/", "src/engine/")
#: The binding is run by the Python tests, and the simulator is a test itself.
LEFT_OUT = ("src/python/", "src/simulator/")


def tool(name: str) -> str:
    """Return the path of an LLVM tool of the toolchain."""
    sysroot = Path(run("rustc", "--print", "sysroot").strip())
    found = next(sysroot.glob(f"lib/rustlib/*/bin/{name}*"), None)
    if found is None:
        sys.exit(f"{name} is missing: rustup component add llvm-tools")
    return str(found)


def run(*command: str, env: dict[str, str] | None = None) -> str:
    """Run a command and return what it printed."""
    done = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def binaries(env: dict[str, str]) -> list[str]:
    """Build the tests and return their paths."""
    lines = run(*TESTS, "--no-run", "--message-format=json", env=env).splitlines()
    built = (json.loads(line) for line in lines if line.startswith("{"))
    return [one["executable"] for one in built if one.get("executable") and one["profile"]["test"]]


def covered(files: dict[str, tuple[int, int]], folders: tuple[str, ...] = ("",)) -> float:
    """Return the share of lines in these folders that were run, in per cent."""
    chosen = [counts for name, counts in files.items() if name.startswith(folders)]
    return 100 * sum(hit for hit, _ in chosen) / max(1, sum(lines for _, lines in chosen))


def main() -> None:
    """Build with counters, run the tests, and add up the lines."""
    WORK.mkdir(parents=True, exist_ok=True)
    for old in WORK.glob("*.profraw"):
        old.unlink()
    env = {
        **os.environ,
        "RUSTFLAGS": "-Cinstrument-coverage",
        "CARGO_TARGET_DIR": str(WORK / "target"),
        "LLVM_PROFILE_FILE": str(WORK / "run-%p-%4m.profraw"),
        "PROPTEST_CASES": os.environ.get("PROPTEST_CASES", "300"),
    }
    objects = binaries(env)
    run(*TESTS, "--quiet", env=env)
    merged = str(WORK / "all.profdata")
    run(tool("llvm-profdata"), "merge", "-sparse", "-o", merged, *map(str, WORK.glob("*.profraw")))
    more = [part for path in objects[1:] for part in ("-object", path)]
    report = json.loads(run(tool("llvm-cov"), "export", "-summary-only", f"-instr-profile={merged}", objects[0], *more))
    files = {}
    for one in report["data"][0]["files"]:
        name = os.path.relpath(one["filename"], ROOT)
        if name.startswith("src/") and not name.startswith(LEFT_OUT):
            files[name] = (one["summary"]["lines"]["covered"], one["summary"]["lines"]["count"])
    for name, counts in sorted(files.items(), key=lambda item: item[1][0] / max(1, item[1][1])):
        print(f"{100 * counts[0] / max(1, counts[1]):6.1f} %  {name}")
    whole, core = covered(files), covered(files, CORE)
    reached = (
        f"Rust lines {whole:.1f} % by the Rust tests alone, providers and engine {core:.1f} %; Python not measured"
    )
    passed = None if whole >= WANTED and core >= WANTED_CORE else False
    reason = "without the binding, the simulator and the Python suite"
    print("FIGURE " + json.dumps({"id": "F7", "reached": reached, "pass": passed, "reason": reason}))


if __name__ == "__main__":
    main()
