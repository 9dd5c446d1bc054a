"""Change the code in small ways and count what the tests notice: `make mutants`; what came of it is figure F6.

    python tools/mutants.py [--shard 0/8] [--jobs 1]

cargo-mutants says which changes there are (.cargo/mutants.toml names the code), and this makes them, each in a copy of
the tree: first the tests beside the providers run, built without the client, which takes two seconds; what they do not
notice is tried with all those that ask every provider or read every fixture. (cargo-mutants itself builds every test of
the tree for every change, which takes ten times as long.) A mutant counts as killed if a test fails; if the tests do
not end within a minute it counts as missed, since that may be the machine's doing. Those that do not compile do not
count. What became of each is kept in build/mutants, under the digest of the code and the tests, from where a run goes
on that was broken off; tests/reliability/mutants.py tells it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from board import ROOT, commit, digest

TREES = ROOT / "target" / "mutants"
RESULTS = ROOT / "build" / "mutants"
CORE = ["cargo", "test", "--quiet", "--locked", "--no-default-features"]
#: The tests beside the code.
QUICK = [*CORE, "--lib", "--", "--skip", "plan::"]
#: Those as well that ask every provider or read every fixture, but for the slowest, and for what is not changed.
ALL = [*CORE, "--features", "client,simulator", "--lib"]
ALL += [
    word for name in ("goldens", "meanings", "fixtures", "plan_goldens", "conformance") for word in ("--test", name)
]
SLOW = ["plan::", "usage::", "simulator::", "engine::transport", "noise", "a_hostile_value", "a_cut_answer"]
SLOW += ["a_missing_key", "an_unknown_key"]
ALL += ["--", *(word for name in SLOW for word in ("--skip", name))]
#: Seconds after which tests count as endless; they take less than ten on a machine that does nothing else.
PATIENCE = 60


#: What decides a mutant's fate.
JUDGED = ["Cargo.lock", "Cargo.toml", ".cargo", "src", "tests", ":!tests/python", ":!tests/reliability"]


def mutants() -> list[dict[str, Any]]:
    """Return the changes that cargo-mutants would make."""
    tool = os.environ.get("CARGO_MUTANTS", "target/tools/bin/cargo-mutants")
    told = subprocess.run([tool, "mutants", "--list", "--json"], cwd=ROOT, capture_output=True, check=True).stdout
    return json.loads(told)


def changed(text: str, mutant: dict[str, Any]) -> str:
    """Return the source with the change."""
    lines = text.splitlines(keepends=True)
    edge = [sum(map(len, lines[: at["line"] - 1])) + at["column"] - 1 for at in mutant["span"].values()]
    return text[: min(edge)] + mutant["replacement"] + text[max(edge) :]


def tree(number: int) -> Path:
    """Copy the tree for one worker, once."""
    copy = TREES / f"tree-{number}"
    told = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, told.split("\0")):
        source, target = ROOT / name, copy / name
        # A file that did not change keeps its date, so that cargo does not build it again.
        if source.exists() and not (target.exists() and target.read_bytes() == source.read_bytes()):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return copy


def fate(copy: Path, command: list[str], patience: float | None = PATIENCE) -> str:
    """Run tests in a copy, and say what they make of it."""
    env = {
        **os.environ,
        "CARGO_TARGET_DIR": str(copy / "target"),
        "CARGO_PROFILE_DEV_DEBUG": "0",
        "PROPTEST_CASES": "64",
    }
    running = subprocess.Popen(
        command, cwd=copy, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        told, _ = running.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        return "timeout"
    if running.returncode == 0:
        return "missed"
    return "unviable" if "error: could not compile" in told else "caught"


def tried(copy: Path, mutant: dict[str, Any]) -> str:
    """Make one change in a copy, run the tests, and take the change back."""
    path = copy / mutant["file"]
    text = path.read_text("utf-8")
    path.write_text(changed(text, mutant), "utf-8")
    try:
        quick = fate(copy, QUICK)
        return fate(copy, ALL) if quick == "missed" else quick
    finally:
        path.write_text(text, "utf-8")


def main() -> None:
    """Run a part or the whole, and tell what was not caught."""
    parser = argparse.ArgumentParser(description="Change the code in small ways and count what the tests notice.")
    parser.add_argument("--shard", default="0/1", help="such as 0/8: the first of eight parts; all of them if left out")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    given = parser.parse_args()
    part, parts = map(int, given.shard.split("/"))
    every, at = mutants(), commit()
    kept = RESULTS / f"{digest(JUDGED)}.json"
    known: dict[str, str] = json.loads(kept.read_text("utf-8"))["fates"] if kept.exists() else {}
    RESULTS.mkdir(parents=True, exist_ok=True)
    waiting = [mutant for mutant in every[part::parts] if mutant["name"] not in known]
    # Of a run that is broken off, what was tried is a fair sample.
    waiting.sort(key=lambda mutant: hashlib.sha256(mutant["name"].encode()).digest())
    lock = threading.Lock()

    copies = [tree(number) for number in range(given.jobs)]
    # Without a change, and without a limit: a new copy builds everything first.
    if any(fate(copy, tests, patience=None) != "missed" for copy in copies for tests in (QUICK, ALL)):
        sys.exit("the tests fail without any change")

    def work(copy: Path) -> None:
        while True:
            with lock:
                if not waiting:
                    return
                mutant = waiting.pop(0)
            became = tried(copy, mutant)
            with lock:
                known[mutant["name"]] = became
                told = {"commit": at, "of": len(every), "fates": known}
                kept.write_text(json.dumps(told, indent=1), "utf-8")
                if became in ("missed", "timeout"):
                    print(f"{became}: {mutant['name']}", flush=True)

    workers = [threading.Thread(target=work, args=(copy,)) for copy in copies]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(f"{len(known)} of {len(every)} mutants tried at {at}")


if __name__ == "__main__":
    main()
