"""Run the figures P1 to P16 and say, one line each, what is aimed at and what was reached.

    python benches/run.py [--only P3,P8] [--write]

``--write`` puts the table into docs/performance.md; figures that were not run keep their line there. The names of the
environments and how long and how often is measured: `rounds.py`.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tools"))

from board import ROOT, Board, Command  # noqa: E402

WHAT = {
    "P1": (
        "whole job: 366 calls × 240 rows, 20 ms each, 10 at once, to a pandas frame",
        "≥ 15 × dlt, ≥ 15 × Airbyte CDK, ≥ 8 × a `requests` loop; ≤ 1.15 × the bound",
    ),
    "P2": (
        "a year of 20 accounts at five providers under their declared limits, 80 ms latency",
        "≤ 1.05 × the least time of the plan, ≥ 0.95 of each account's rate, zero 429",
    ),
    "P3": (
        "3,000 small and 500 medium (20 KB) answers, 64 at once, to one frame",
        "≥ 9 × and ≥ 16 × aiohttp + orjson + pandas",
    ),
    "P4": (
        "5,000 small requests in one batch, 64 at once",
        "≥ 7 × aiohttp, ≥ 1.5 × pycurl CurlMulti, ≥ 50 × requests in 32 threads; TLS ≥ 6 × aiohttp",
    ),
    "P5": ("the same, one awaited native call each", "≥ 1.5 × aiohttp"),
    "P6": ("one warm blocking native call", "≤ 0.15 of requests, ≤ 2.5 × pycurl"),
    "P7": ("CPU per small request in a batch", "≤ 1/6 of aiohttp"),
    "P8": (
        "bytes to Arrow and to pandas: 20 KB, 5 MB series, 5 MB rows",
        "≥ 12 ×, 5 ×, 5 × orjson + pandas; to pandas ≥ 2.5 ×, 4 ×, 4 ×",
    ),
    "P9": (
        "peak memory of 200,000 rows",
        "≤ 1/6 of requests + orjson + pandas; ≤ table + bodies in flight + 8 MB",
    ),
    "P10": ("import", "≤ 5 % of `import requests`; no asyncio, numpy, pandas, pyarrow, ssl"),
    "P11": ("new client and first HTTPS call", "≤ 0.35 of requests"),
    "P12": (
        "1,000 signed DescribeLiveTimeShiftData calls",
        "≥ 5 × the vendor's client in 32 threads; ≥ 10 × less CPU",
    ),
    "P13": (
        "a batch beside a pure-Python computing thread",
        "both keep ≥ 90 % of their speed alone; ≥ 10 × aiohttp in the same place",
    ),
    "P14": ("time and memory of fetch, roll-up and export, 10⁴ to 10⁷ readings", "linear: exponents ≤ 1.1"),
    "P15": ("instructions of one small call of a batch, without SHA-256", "≤ 140,000"),
    "P16": (
        "a ledger: 1,000,000 readings into 10,000,000; the second sync of a year of 20 accounts",
        "≥ 0.5 of what deltalake alone does with the same rows; no call, < 2 s",
    ),
}

PYTHON = [sys.executable, "-X", "faulthandler"]
HERE_AND_NOW = [name for name in WHAT if name not in ("P2", "P14", "P15", "P16")]
BOARD = Board(
    WHAT,
    [
        Command(HERE_AND_NOW, [*PYTHON, str(HERE / "goals.py")], 3600),
        Command(["P2"], [*PYTHON, str(HERE / "rate.py")], 900),
        Command(["P14"], [*PYTHON, str(HERE / "growth.py")], 1200),
        Command(["P15"], [*PYTHON, str(HERE / "instructions.py")], 900),
        Command(["P16"], [*PYTHON, str(HERE / "ledger.py")], 1200),
    ],
    ROOT / "docs" / "performance.md",
    aim="goal",
    short="short",
)


if __name__ == "__main__":
    # To fall short is a result; to have none, or arms that differ, is not.
    broken = [figure.name for figure in BOARD.main("Run the figures P1 to P16.") if figure.reached == "nothing"]
    if broken:
        sys.exit(f"figures that could not be taken: {', '.join(broken)}")
