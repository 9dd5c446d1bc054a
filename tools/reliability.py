"""Run the figures F1 to F30 and say, one line each, what was promised and what was reached.

    python tools/reliability.py [--only F8,F11] [--write]

Exits with 1 if a promise falls short; the other figures are first guesses. ``--write`` puts the table into
docs/reliability.md; figures that were not run keep their line there. How figures are told is in board.py.
"""

import sys

from board import ROOT, Board, Command

HERE = "tests/reliability/"
PYTHON = [sys.executable, "-X", "faulthandler"]

PROMISES = {"F1", "F2", "F3", "F4", "F5", "F8", "F9", "F10", "F11", "F12", "F16", "F17"}
PROMISES |= {"F23", "F24", "F25", "F26", "F27", "F28", "F29", "F30"}

WHAT = {
    "F1": ("faults × providers × doors", "≥ 450 cases, all right, within deadline + 250 ms"),
    "F2": ("cut at every byte", "every byte of every fixture; 0 panics, 0 wrong tables"),
    "F3": ("every leaf replaced", "≥ 14 values × every leaf; 0 silent losses"),
    "F4": ("fuzzing", "≥ 10,000,000 runs per target (≥ 200,000 cases in CI), 0 crashes, ≤ 50 ms per MiB"),
    "F5": ("decompression bomb", "1 GiB refused in < 1 s, peak ≤ cap + 16 MiB"),
    "F6": ("mutants killed", "≥ 85 % in providers, retry, body"),
    "F7": ("coverage", "Rust ≥ 92 % (providers, engine ≥ 96 %), Python ≥ 97 %"),
    "F8": ("interrupts", "200 of 200; p99 ≤ 150 ms; disconnect seen ≤ 200 ms later"),
    "F9": ("cancels", "1,000 disconnects; permits and budget whole; 0 unraisable"),
    "F10": ("exits with work in flight", "500 clean, ≤ 1 s, nothing on stderr"),
    "F11": ("forks", "3 × 50 forks + spawn + forkserver within 2 s"),
    "F12": ("loops and threads", "200 loops, 16 threads, all right; ≥ 95 % on reused connections"),
    "F13": ("load", "20,000 requests, ≥ 3,000/s, p99 ≤ 60 ms, ≤ 20 MiB more, no descriptor left"),
    "F14": ("overload manners", "dead: ≤ calls + 36; 5 %: ≤ 1.06 per call; 0 inside a forbidden time; 1 refresh"),
    "F15": ("parse speed", "1,000,000 points: ≤ 3 × json.loads, peak ≤ 4 × the body"),
    "F16": ("exactness", "integers to 2^64−1, 28 digits: equal on all surfaces; sum of leaves in = sum out"),
    "F17": ("secrets", "0 canary hits; 15 kinds of redirect: 0 bytes at the second host"),
    "F18": ("import and size", "≤ 30 ms; no third-party module, thread or socket; wheel ≤ 6 MiB; 100 clients ≤ 50 ms"),
    "F19": ("types", "stubtest 0 differences; strict type check 0 errors; every public name documented"),
    "F20": ("conformance", "5 providers × ≥ 30 checks, all pass; a sixth one in a document of ≤ 60 lines"),
    "F21": ("notebook", "sync, await, gather, interrupt, pandas: 0 errors but the interrupt"),
    "F22": ("whole suite, again and again", "20 passes in random order"),
    "F23": (
        "parts taken away from answers",
        "every row, bucket, list, tail and number of every fixture; 0 silent that could show",
    ),
    "F24": ("logins", "≤ 1 refused login for a credential; hints obeyed; all others succeed"),
    "F25": ("rows that come twice", "every row of every fixture: once with a note, or an error; 0 added up"),
    "F26": ("roll-ups against a model", "10,000 cases: covered, flags, periods and figures equal"),
    "F27": ("secrets in frames", "each argument of each constructor, from_env and configuration wrong: 0 hits"),
    "F28": ("garbage", "≥ 10,000 calls of the public API: only our errors and TypeError; 0 panics, 0 hangs"),
    "F29": (
        "a ledger that is killed",
        "kill -9 at 200 moments, 4 writers at once, disk full: equal to the truth, no twin in the latest view",
    ),
    "F30": ("one wheel, every Python", "the whole Python suite passes on every CPython from 3.10 on that is found"),
}

# With as many cases as are due, whatever a trial has set.
HOSTILE = ["env", "-u", "PROPTEST_CASES", "cargo", "test", "--locked", "--no-default-features"]
HOSTILE += ["--features", "client,simulator", "--test", "hostile"]
COMMANDS = [
    Command(["F1"], [*PYTHON, HERE + "faults.py"], 600),
    Command(["F2", "F3", "F23", "F25"], [*HOSTILE, "--", "--skip", "exact", "--nocapture"], 1200),
    Command(["F5"], [*PYTHON, HERE + "bomb.py"], 120),
    Command(["F7"], ["make", "--no-print-directory", "coverage"], 3600),
    Command(["F8"], [*PYTHON, HERE + "interrupts.py"], 600),
    Command(["F9"], [*PYTHON, HERE + "cancels.py"], 300),
    Command(["F10"], [*PYTHON, HERE + "exits.py"], 900),
    Command(["F11"], [*PYTHON, HERE + "forks.py"], 300),
    Command(["F12"], [*PYTHON, HERE + "loops.py"], 120),
    Command(["F13"], [*PYTHON, HERE + "load.py"], 300),
    Command(["F14"], [*PYTHON, HERE + "manners.py"], 300),
    Command(["F15"], [*PYTHON, HERE + "parse.py"], 300),
    Command(["F16"], [*PYTHON, HERE + "exact.py", *HOSTILE, "exact", "--", "--nocapture"], 300),
    Command(["F17"], [*PYTHON, "-m", "pytest", "--quiet", "--figures"], 1200),
    Command(["F18"], [*PYTHON, HERE + "importing.py"], 120),
    Command(["F19"], [*PYTHON, HERE + "typed.py"], 600),
    Command(["F20"], [*PYTHON, HERE + "conforming.py"], 1200),
    Command(["F21"], [*PYTHON, HERE + "notebook.py"], 120),
    Command(["F24"], [*PYTHON, HERE + "logins.py"], 1800),
    Command(["F22"], [*PYTHON, HERE + "again.py"], 7200),
    Command(["F26"], [*PYTHON, HERE + "periods.py"], 1200),
    Command(["F27"], [*PYTHON, HERE + "frames.py"], 600),
    Command(["F28"], [*PYTHON, HERE + "garbage.py"], 600),
    Command(["F29"], [*PYTHON, HERE + "ledgers.py"], 1200),
    Command(["F30"], ["make", "--no-print-directory", "pythons"], 7200),
    # What `make fuzz` and `make mutants` found, which take hours and may run meanwhile.
    Command(["F4"], [*PYTHON, HERE + "fuzzing.py"], 60),
    Command(["F6"], [*PYTHON, HERE + "mutants.py"], 60),
]

BOARD = Board(WHAT, COMMANDS, ROOT / "docs" / "reliability.md", aim="target", short="FAIL")


def main() -> None:
    """Run what is asked for."""
    figures = BOARD.main("Run the figures F1 to F30.")
    short = [figure.name for figure in figures if figure.name in PROMISES and figure.passed is not True]
    if short:
        sys.exit(f"promises that fall short: {', '.join(short)}")


if __name__ == "__main__":
    main()
