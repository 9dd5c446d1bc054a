"""F22: the whole Python suite again and again, its tests in another order each time.

``ROUNDS`` says how often; one round takes minutes, so few are the default and 20 are the target.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from figures import ROOT, SEED, figure

TARGET = 20

#: A plugin of its own, so that no package is needed: modules are shuffled, and the tests inside each.
SHUFFLE = """
import os, random

def pytest_collection_modifyitems(items):
    chance = random.Random(int(os.environ["ORDER"]))
    modules = {}
    for item in items:
        modules.setdefault(item.module.__name__, []).append(item)
    groups = list(modules.values())
    chance.shuffle(groups)
    for group in groups:
        chance.shuffle(group)
    items[:] = [item for group in groups for item in group]
"""


def one(folder: str, number: int) -> str:
    """Run the suite in the order of this round, and return what is wrong."""
    order = str(SEED + number)
    env = {**os.environ, "PYTHONPATH": folder, "ORDER": order}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "shuffle_tests", "-p", "no:cacheprovider"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=env)
    last = " ".join(done.stdout.strip().splitlines()[-1:])
    print(f"round {number + 1}, ORDER={order}: {last}", flush=True)
    if done.returncode == 0:
        return ""
    print(done.stdout[-3000:], flush=True)
    return f"ORDER={order}: {last}"


def main() -> None:
    rounds = int(os.environ.get("ROUNDS") or 2)
    # Two at a time: a suite must not mind another one beside it either.
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        Path(folder, "shuffle_tests.py").write_text(SHUFFLE, encoding="utf-8")
        problems = list(filter(None, pool.map(lambda number: one(folder, number), range(rounds))))
    enough = rounds >= TARGET
    reason = "; ".join(problems) or ("" if enough else f"{rounds} rounds of {TARGET}; ROUNDS={TARGET} runs them all")
    figure("F22", f"{rounds - len(problems)} of {rounds} pass", False if problems else True if enough else None, reason)


if __name__ == "__main__":
    main()
