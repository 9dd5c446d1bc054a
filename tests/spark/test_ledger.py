"""Spark reads the Parquet files of a ledger, and loses no row to a filter; `make spark` runs this."""

from __future__ import annotations

import json
import os
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from deltalake import DeltaTable
from test_ledger_readers import FIGURES, START, ledger, place  # noqa: F401 - fixtures

from metertap.ledger import LATEST_SQL


@pytest.mark.timeout(400)
def test_spark_finds_every_figure_and_the_latest_of_each(place: str) -> None:  # noqa: F811
    table = DeltaTable(place)
    equal = [f"quantity = CAST('{figure:f}' AS DECIMAL(38, 18))" for figure in FIGURES]
    ranges = [
        "quantity BETWEEN CAST('1' AS DECIMAL(38, 18)) AND CAST('9007199254740993' AS DECIMAL(38, 18))",
        f"start >= TIMESTAMP '{START:%Y-%m-%d} 00:00:00+00:00'",
        "meter = 'toy.weight' AND month = '2026-05'",
    ]
    asked = {"place": place, "files": table.file_uris(), "filters": equal + ranges, "latest": LATEST_SQL}
    command = [os.environ["METERTAP_SPARK_PYTHON"], str(Path(__file__).with_name("read.py"))]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, timeout=380)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    found = [[Decimal(text) for text in texts] for texts in told["found"]]
    assert found[: len(FIGURES)] == [[figure] for figure in FIGURES]
    low, high = Decimal(1), Decimal(9007199254740993)
    wanted = [
        sorted(figure for figure in FIGURES if low <= figure <= high),
        sorted(FIGURES),
        sorted(figure for day, figure in enumerate(FIGURES) if (START.day + day) > 30),
    ]
    assert [sorted(figures) for figures in found[len(FIGURES) :]] == wanted
    assert sorted(Decimal(text) for _, text in told["latest"]) == sorted(FIGURES)
