"""F4: how often each fuzz target was executed, by the counts that `make fuzz` keeps; prints the line of the figure."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Executions of each target in a release run.
WANTED = 10_000_000


def main() -> None:
    """Read the counts and the logs of the last run."""
    work = ROOT / "build" / "fuzz"
    targets = sorted(path.stem for path in (ROOT / "fuzz" / "fuzz_targets").glob("*.rs"))
    counts = {}
    for target in targets:
        total = work / f"{target}.total"
        counts[target] = int(total.read_text() or 0) if total.exists() else 0
    crashes = sorted(path.name for path in (work / "artifacts").glob("*")) if work.exists() else []
    slowest = 0
    for target in targets:
        log = work / f"{target}.log"
        found = re.findall(r"slowest_unit_time_sec: *(\d+)", log.read_text("utf-8", "replace")) if log.exists() else []
        slowest = max([slowest, *map(int, found)])
    shown = ", ".join(f"{target} {count:,}" for target, count in counts.items())
    reached = f"{shown}; {len(crashes)} crashes; slowest unit {slowest} s"
    short = [target for target, count in counts.items() if count < WANTED]
    passed = False if crashes or slowest > 0 else (None if short else True)
    reason = ", ".join(crashes[:5]) or (f"fewer than {WANTED:,} executions: {', '.join(short)}" if short else "")
    print("FIGURE " + json.dumps({"id": "F4", "reached": reached, "pass": passed, "reason": reason}))


if __name__ == "__main__":
    main()
