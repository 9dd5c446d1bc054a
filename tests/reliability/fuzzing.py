"""F4: what the last run of each fuzz target reached, as `make fuzz` wrote it down; prints the line of the figure."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "build" / "fuzz" / "results.json"
#: Executions of each target in a release run.
WANTED = 10_000_000
#: Milliseconds for a MiB, for a release: all inputs that a target keeps are read again by a program without counters
#: and checks, which make a program several times slower.
ALLOWED = 50


def main() -> None:
    """Read the results and judge them."""
    targets = sorted(path.stem for path in (ROOT / "fuzz" / "fuzz_targets").glob("*.rs"))
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    runs = {target: results.get(target, {}).get("executions", 0) for target in targets}
    crashes = [f"{target}: {name}" for target in targets for name in results.get(target, {}).get("crashes", [])]
    slowest = max([results[target]["slowest_plain"] for target in targets if target in results], default=0)
    commits = sorted({result["commit"] for result in results.values()})
    reached = f"{', '.join(f'{target} {count:,}' for target, count in runs.items())}; {len(crashes)} crashes"
    if results:
        reached += f"; slowest {slowest} ms per MiB; at {', '.join(commits)}"
    short = [target for target, count in runs.items() if count < WANTED]
    if crashes:
        passed, reason = False, ", ".join(crashes[:5])
    elif slowest > ALLOWED:
        passed, reason = False, "too slow"
    elif short:
        passed = None
        reason = (
            f"{len(short)} of {len(targets)} targets with fewer than {WANTED:,} executions; make fuzz RUNS={WANTED}"
        )
    else:
        passed, reason = True, ""
    print("FIGURE " + json.dumps({"id": "F4", "reached": reached, "pass": passed, "reason": reason}))


if __name__ == "__main__":
    main()
