"""F26: roll-ups of random questions, parts, zones, periods and holes, against a slow model that knows the truth.

Most cases are answers made up on the spot, read by the core; some are the simulator's, of which calls fail. The model,
in tests/python/rollups.py, looks at every bucket by itself. A case that differs prints its number, which makes it
again: ``CASE=4711 python tests/reliability/periods.py``.
"""

from __future__ import annotations

import os
import random
from collections import Counter

from figures import SEED, count, figure

# isort: split
import rollups

from metertap.simulator import Simulator

#: One of so many cases is the simulator's.
EACH = 20


def main() -> None:
    cases = count(10_000)
    only = os.environ.get("CASE")
    numbers = range(SEED * 100_000, SEED * 100_000 + cases) if only is None else [int(only)]
    kinds: Counter[str] = Counter()
    problems = []
    with Simulator(seed=7, now=rollups.NOW) as simulator:
        for number in numbers:
            chance = random.Random(number)
            is_simulated = number % EACH == 0
            case, usage = rollups.simulated(simulator, chance) if is_simulated else rollups.case(chance)
            rollups.choose(case, chance)
            found = rollups.differences(case, usage)
            kinds["simulated"] += is_simulated
            kinds["parts"] += case.is_part
            kinds["with holes"] += any(call.rows is None for call in case.calls)
            kinds["refused"] += not found and rollups.expected(case) is None
            if found:
                problems.append(f"CASE={number}, by {case.every} in {case.zone}: {found[0]}")
                print(problems[-1], *found[1:5], sep="\n    ", flush=True)
    told = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items())
    reached = f"{len(numbers) - len(problems):,} of {len(numbers):,} equal ({told})"
    figure("F26", reached, not problems, "; ".join(problems[:2]))


if __name__ == "__main__":
    main()
