"""Build the fuzz targets and run them one after the other; say, one line each, what came of it.

    python tools/fuzz.py [--seconds 60 | --runs 10000000] [TARGET …]

Needs a C++ compiler for libFuzzer; the Rust compiler is the stable one, with the flags that cargo-fuzz would pass, and
without a sanitizer, since there is no unsafe code here. Inputs that failed are kept in fuzz/artifacts; what the
targets learned, their logs and the results that tests/reliability/fuzzing.py reads are in build/fuzz. Exits with 1 if
anything was found.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from board import ROOT, commit, digest

FUZZ = ROOT / "fuzz"
ARTIFACTS = FUZZ / "artifacts"
WORK = ROOT / "build" / "fuzz"
TARGETS = sorted(path.stem for path in (FUZZ / "fuzz_targets").glob("*.rs"))

FLAGS = "-Cpasses=sancov-module " + " ".join(
    f"-Cllvm-args=-sanitizer-coverage-{what}"
    for what in ("level=4", "inline-8bit-counters", "pc-table", "trace-compares")
)
#: MiB of memory, and seconds after which an input counts as endless.
LIMITS = ["-rss_limit_mb=2048", "-timeout=10"]
#: The longest input. Nothing new comes with the five thousandth digit of a number, or with a longer header.
LONGEST, SHORT = 65536, {"numbers": 4096, "retry_after": 4096, "windows": 4096}


def build(profile: str, flags: str) -> Path:
    """Build the targets in a directory of their own, since they need flags of their own; return where they are."""
    told = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    host = re.findall(r"^host: (\S+)$", told, re.MULTILINE)[0]
    target = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").absolute() / "fuzz"
    # With --target, the flags are not those of build scripts.
    command = ["cargo", "build", "--quiet", "--locked", f"--profile={profile}", "--target", host]
    env = {**os.environ, "RUSTFLAGS": flags}
    subprocess.run([*command, "--target-dir", str(target)], cwd=FUZZ, env=env, check=True)
    return target / host / profile


def run(target: str, programs: Path, plain: Path, bounds: list[str], before: dict[str, Any]) -> dict[str, Any]:
    """Run a target, then all that it learned on the plain program; return what came of it and of the runs before."""
    corpus, slow, log = WORK / "corpus" / target, WORK / "slow" / target, WORK / f"{target}.log"
    for folder in (corpus, slow):
        folder.mkdir(parents=True, exist_ok=True)
    seeds = WORK / "seeds"
    command = [
        str(programs / target),
        *(str(corpus), str(seeds / target)),
        *(
            *bounds,
            *LIMITS,
            f"-max_len={SHORT.get(target, LONGEST)}",
            "-print_final_stats=1",
            f"-dict={seeds / target}.dict",
        ),
        f"-artifact_prefix={ARTIFACTS / target}-",
    ]
    began = time.monotonic()
    with log.open("wb") as out:
        env = {**os.environ, "SLOW": str(slow)}
        code = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, env=env, check=False).returncode
    seconds = time.monotonic() - began
    text = log.read_text("utf-8", "replace")
    runs = re.findall(r"^stat::number_of_executed_units: *(\d+)", text, re.MULTILINE)
    # Those of earlier runs, too, unless they are mended.
    failing = [path.name for path in sorted(ARTIFACTS.glob(f"{target}-*")) if fails(programs / target, path)]
    unkept = code and not re.search(r"Test unit written to", text)
    inputs = [path for folder in (corpus, slow, seeds / target) for path in folder.iterdir()]
    inputs += ARTIFACTS.glob(f"{target}-*")
    return {
        "executions": int(runs[-1] if runs else 0) + before.get("executions", 0),
        "seconds": round(seconds + before.get("seconds", 0), 1),
        "crashes": [*failing, *([f"exit {code}"] if unkept else [])],
        "problem": problem(text) if code else "",
        "slowest": max(slowest(text), before.get("slowest", 0)),
        "slowest_plain": replay(plain / target, inputs),
        "day": str(datetime.now(timezone.utc).date()),
    }


def fails(program: Path, path: Path) -> bool:
    """Return whether an input still makes a program fail."""
    return subprocess.run([program, *LIMITS, path], capture_output=True, check=False).returncode != 0


def slowest(text: str) -> float:
    """Return the slowest of what a program told, in milliseconds per MiB."""
    return max(map(float, re.findall(r"^SLOWEST ([\d.]+) ms per MiB", text, re.MULTILINE)), default=0.0)


def replay(program: Path, inputs: list[Path]) -> float:
    """Return the slowest of these inputs on a program without counters and checks."""
    found = 0.0
    for first in range(0, len(inputs), 500):
        command = [program, *inputs[first : first + 500]]
        told = subprocess.run(command, capture_output=True, check=True).stderr
        found = max(found, slowest(told.decode("utf-8", "replace")))
    return found


def problem(text: str) -> str:
    """Return the line that says what is wrong."""
    said = re.findall(r"panicked at [^\n]*\n([^\n]*)|^==\d+== *ERROR: ([^\n]*)", text, re.MULTILINE)
    return next((one or other for one, other in said), "see the log")[:300]


def line_of(target: str, result: dict[str, Any]) -> str:
    """Return the line that tells a result."""
    rate = result["executions"] / max(result["seconds"], 0.1)
    line = (
        f"{target}: {result['executions']:,} executions in {result['seconds']:.0f} s ({rate:,.0f}/s), "
        f"{len(result['crashes'])} crashes, slowest {result['slowest']} ms per MiB, as a release "
        f"{result['slowest_plain']}"
    )
    return f"{line}: {', '.join(result['crashes'])}: {result['problem']}" if result["crashes"] else line


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description="Build and run the fuzz targets.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"some of {', '.join(TARGETS)}; all if left out")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    parser.add_argument("--runs", type=int, help="executions of each target, instead of seconds")
    parser.add_argument("--add", action="store_true", help="count on from the last run, if it was of the same code")
    given = parser.parse_args()
    if unknown := set(given.targets) - set(TARGETS):
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    fuzzed = {"commit": commit(), "code": digest(["Cargo.toml", "src", "fuzz"])}
    programs, plain = build("release", FLAGS), build("plain", "")
    for folder in (ARTIFACTS, WORK / "seeds"):
        folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([programs / "seeds", WORK / "seeds"], check=True)
    bounds = [f"-runs={given.runs}"] if given.runs else [f"-max_total_time={given.seconds}"]
    kept = WORK / "results.json"
    found = False
    for target in given.targets or TARGETS:
        results = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
        before = results.get(target, {})
        # Executions of other code are no executions of this one.
        counts_on = given.add and before.get("code") == fuzzed["code"]
        result = {**run(target, programs, plain, bounds, before if counts_on else {}), **fuzzed}
        print(line_of(target, result), flush=True)
        found = found or bool(result["crashes"])
        # After each target, so that a run can be broken off; the others keep what they reached.
        results = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
        kept.write_text(json.dumps({**results, target: result}, indent=1), "utf-8")
    sys.exit(found)


if __name__ == "__main__":
    main()
