"""Change the code in small ways and count what the tests notice: `make mutants`; prints the line of figure F6.

    python tools/mutants.py [--shard 0/8] [--jobs 1]

What is changed and which tests run stands in .cargo/mutants.toml. A mutant counts as killed if a test fails; if the tests
do not end in time it counts as missed, since that may be the machine's doing. Those that do not compile do not count. A
part of the mutants shows nothing of the whole, so its figure neither passes nor fails.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: In per cent.
WANTED = 85.0


def run(shard: str, jobs: int) -> Path:
    """Run cargo-mutants and return the folder of what it found."""
    folder = ROOT / "target" / "mutants" / (f"part-{shard.replace('/', '-of-')}" if shard else "whole")
    folder.mkdir(parents=True, exist_ok=True)
    # One folder for all builds, so that dependencies are built once; less to write and to link without debug info.
    env = {
        "CARGO_TARGET_DIR": str(ROOT / "target" / "mutants" / "build"),
        "CARGO_PROFILE_DEV_DEBUG": "0",
        "PROPTEST_CASES": "64",
        **os.environ,
    }
    tool = os.environ.get("CARGO_MUTANTS", "target/tools/bin/cargo-mutants")
    command = [tool, "mutants", "--output", str(folder), "--jobs", str(jobs), "--no-shuffle"]
    part = ["--shard", shard, "--sharding", "round-robin"] if shard else []
    # 0: all caught; 2: some were missed; 3: some ran out of time.
    done = subprocess.run([*command, *part], cwd=ROOT, env=env, check=False)
    if done.returncode not in (0, 2, 3):
        sys.exit(f"cargo-mutants ended with {done.returncode}")
    return folder / "mutants.out"


def main() -> None:
    """Run a part or the whole, and tell what was caught."""
    parser = argparse.ArgumentParser(description="Change the code in small ways and count what the tests notice.")
    parser.add_argument("--shard", default="", help="such as 0/8: the first of eight parts; all of them if left out")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    given = parser.parse_args()
    found = run(given.shard, given.jobs)
    told = json.loads((found / "outcomes.json").read_text(encoding="utf-8"))
    caught, missed, late, unviable = (told[key] for key in ("caught", "missed", "timeout", "unviable"))
    tested = caught + missed + late
    share = 100 * caught / max(1, tested)
    for name in ("missed", "timeout"):
        print((found / f"{name}.txt").read_text(encoding="utf-8"), end="")
    reached = (
        f"{share:.1f} % of {tested} killed: {caught} caught, {missed} missed, {late} not done in time "
        f"({unviable} did not compile)"
    )
    reason = f"part {given.shard} only; make mutants runs them all" if given.shard else ""
    passed = None if given.shard else share >= WANTED
    print("FIGURE " + json.dumps({"id": "F6", "reached": reached, "pass": passed, "reason": reason}))
    sys.exit(passed is False)


if __name__ == "__main__":
    main()
