"""F6: what the tests noticed of the mutants, as `make mutants` wrote it down; prints the line of the figure."""

from __future__ import annotations

import json
from collections import Counter

from figures import ROOT, figure

RESULTS = ROOT / "build" / "mutants"
#: In per cent.
WANTED = 85.0


def main() -> None:
    ran = [json.loads(path.read_text("utf-8")) for path in RESULTS.glob("*.json")]
    # The code of which the most was tried.
    nothing = {"commit": "no commit", "of": 0, "fates": {}}
    run = max(ran, key=lambda each: len(each["fates"]), default=nothing)
    counts, number, tried = Counter(run["fates"].values()), run["of"], len(run["fates"])
    tested = counts["caught"] + counts["missed"] + counts["timeout"]
    share = 100 * counts["caught"] / max(1, tested)
    reached = f"{share:.1f} % of {tested} killed: {counts['caught']} caught, {counts['missed']} missed"
    reached += f", {counts['timeout']} not done in time; {counts['unviable']} more did not compile; at {run['commit']}"
    if tried < number or not tested:
        figure("F6", reached, None, f"{tried} of {number} mutants tried; make mutants goes on with the others")
    else:
        figure("F6", reached, share >= WANTED, "" if share >= WANTED else f"fewer than {WANTED:.0f} %")


if __name__ == "__main__":
    main()
