"""The table in the other major version of pandas, in an environment of its own that `make test` builds."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

import metertap as mt

PYTHON = os.environ.get("METERTAP_PANDAS2_PYTHON", "")

SCRIPT = """
import json
import metertap as mt
import pandas as pd
from metertap.simulator import Simulator

with Simulator(seed=7, now="2026-04-15T12:00:00Z") as simulator:
    usage = mt.fetch(simulator.client("volcengine"), "2026-03-01", "2026-04-01", now=simulator.now)
floats, exact = usage.to_pandas(), usage.to_pandas(exact=True)
print(json.dumps({
    "version": pd.__version__,
    "floats": floats["quantity"].tolist(),
    "exact": [str(number.normalize()) for number in exact["quantity"]],
    "starts": [moment.isoformat() for moment in floats["start"]],
    "meters": floats["meter"].astype(str).tolist(),
    "kind": str(floats["quantity"].dtype),
}))
"""


@pytest.mark.skipif(not PYTHON, reason="make test sets METERTAP_PANDAS2_PYTHON to an interpreter with pandas 2")
def test_pandas_2_reads_the_same_table_as_pandas_3(usage_simulator):
    told = json.loads(subprocess.run([PYTHON, "-c", SCRIPT], check=True, capture_output=True, text=True).stdout)
    assert told["version"].startswith("2.")
    usage = mt.fetch(usage_simulator.client("volcengine"), "2026-03-01", "2026-04-01", now=usage_simulator.now)
    here = usage.to_pandas()
    assert told["kind"] == str(here["quantity"].dtype) == "float64"
    assert told["floats"] == here["quantity"].tolist()
    assert told["exact"] == [str(reading.quantity.normalize()) for reading in usage.readings()]
    assert told["starts"] == [moment.isoformat() for moment in here["start"]]
    assert told["meters"] == here["meter"].astype(str).tolist()
