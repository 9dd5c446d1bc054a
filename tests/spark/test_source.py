"""The data source for Spark against the simulator, and the recipes of docs/beyond.md; `make spark` runs this."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support import NOW, ROOT, accounts_file

import metertap
from metertap import config
from metertap.simulator import Simulator

ALL = "sora,ricoh,uipath,devicewise,volcengine"
RANGE = {"start": "2026-02-01", "end": "2026-04-16", "now": NOW}
#: What differs between two fetches of the same, whoever makes them.
OF_THE_MOMENT = {"fetched_at", "asked_at", "answered_at", "elapsed", "request_id", "sha256", "bytes"}
CANARY = "hunter2-canary-of-an-option"
SCANNED = ("plans", "ui", "log", "refused", "lacking", "said")

pytestmark = [pytest.mark.timeout(400), pytest.mark.filterwarnings("ignore::metertap.CoverageWarning")]


@dataclass
class Told:
    """What Spark told, and what a fetch on this machine tells."""

    answer: dict[str, Any]
    whole: metertap.Usage
    quarter: metertap.Usage
    secrets: dict[str, str]
    unsteady: int


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("spark")
    (folder / "events").mkdir()
    with Simulator(seed=7, now=NOW) as simulator, Simulator(seed=7, now=NOW) as unsteady:
        file = accounts_file(simulator, folder)
        secrets = {path.name: path.read_text() for path in folder.glob("*-*")}
        secrets["an option"] = CANARY
        with file.open("a", encoding="utf-8") as more:
            # An account whose first call fails once; the client does not repeat it, so Spark repeats the task.
            more.write(f'[accounts.unsteady]\nprovider = "sora"\nbase_url = "{unsteady.base_url("sora")}"\n')
            more.write('api_key = {file = "sora-api_key"}\nretries = 0\n')
            more.write(f'[accounts.locked]\nprovider = "sora"\nbase_url = "{simulator.base_url("sora")}"\n')
            more.write('api_key = {file = "wrong"}\n')
        (folder / "wrong").write_text("wrong-canary-key", encoding="utf-8")
        secrets["a key that is refused"] = "wrong-canary-key"
        unsteady.add_fault("status:500", skip=2, times=1)
        asked = {
            "events": str(folder / "events"),
            "answer": str(folder / "answer.json"),
            "tables": {
                "readings": {"accounts": ALL, **RANGE},
                "shared": {"accounts": ALL, **RANGE, "partitions": "3"},
                "holes": {"accounts": ALL, **RANGE, "table": "holes"},
                "unsteady": {"accounts": "unsteady", **RANGE},
            },
            "refused": [
                {"accounts": ALL, **RANGE, "api_key": CANARY},
                {"accounts": "nobody", **RANGE},
                {"accounts": "locked", **RANGE},
            ],
            "lacking": {"accounts": "sora", **RANGE},
            "page": (ROOT / "docs/beyond.md").read_text(encoding="utf-8"),
        }
        python = os.environ["METERTAP_SPARK_PYTHON"]
        environment = {
            **os.environ,
            "METERTAP_CONFIG": str(file),
            "PYSPARK_PYTHON": python,
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "DLT_DATA_DIR": str(folder / "dlt"),
            "SPARK_LOCAL_IP": "127.0.0.1",
        }
        command = [python, str(Path(__file__).with_name("source.py"))]
        done = subprocess.run(
            command, input=json.dumps(asked), capture_output=True, text=True, timeout=380, env=environment, cwd=folder
        )
        assert done.returncode == 0, done.stderr[-3000:]
        answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
        answer["said"] = done.stdout + done.stderr
        accounts = config.accounts(file)
        selections = [accounts[name].selection() for name in ALL.split(",")]
        whole = metertap.fetch(selections, RANGE["start"], RANGE["end"], now=NOW)
        page = [accounts[name].selection() for name in ("sora", "volcengine")]
        quarter = metertap.fetch(page, "2026-01-01", "2026-04-01")
        yield Told(answer, whole, quarter, secrets, len(unsteady.requests))


def plain(value: Any) -> Any:
    """Return a value as source.py writes it."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.astimezone(timezone.utc).isoformat() if isinstance(value, datetime) else value


def counted(rows: list[dict[str, Any]]) -> Counter[str]:
    return Counter(
        json.dumps({key: plain(value) for key, value in row.items() if key not in OF_THE_MOMENT}) for row in rows
    )


@pytest.mark.parametrize("table", ["readings", "shared"])
def test_spark_reads_row_by_row_what_a_fetch_reads(told: Told, table: str) -> None:
    wanted = counted(told.whole.to_dicts())
    assert counted(told.answer["tables"][table]) == wanted
    assert sum(wanted.values()) == len(told.whole) > 1000


def test_spark_reads_the_holes_of_a_fetch(told: Told) -> None:
    holes = told.whole.holes.to_dicts()
    assert counted(told.answer["tables"]["holes"]) == counted(holes)
    assert len(holes) > 3


def test_a_task_that_fails_once_makes_no_twin(told: Told) -> None:
    assert sum(told.answer["failed_tasks"]) >= 1
    rows = told.answer["tables"]["unsteady"]
    sora = [row for row in told.answer["tables"]["readings"] if row["account"] == "sora"]
    assert len(rows) == len(sora) > 100
    first, second = (
        Counter(str([row[name] for name in ("meter", "start", "end", "quantity")]) for row in of) for of in (rows, sora)
    )
    assert first == second
    calls = len({row["call_id"] for row in rows})
    # The calls of the first try were made, too.
    assert calls < told.unsteady <= 3 * calls


def test_what_cannot_be_asked_is_one_sentence(told: Told) -> None:
    option, nobody, locked = told.answer["refused"]
    assert "InvalidArgument: the option api_key looks like a secret: options travel" in option
    assert "accounts.toml has no account 'nobody'; driver and executors each read the accounts file" in nobody
    assert "AuthenticationFailed" in locked
    assert "accounts.toml has no account 'sora'; driver and executors each read" in told.answer["lacking"]


@pytest.mark.parametrize("place", SCANNED)
def test_no_secret_is_in_what_spark_shows_and_keeps(told: Told, place: str) -> None:
    text = json.dumps(told.answer[place])
    assert len(text) > 1000
    assert [name for name, word in told.secrets.items() if word in text] == []
    # What is looked at is the right thing.
    assert {"plans": "BatchScan metertap", "log": "SparkListenerTaskEnd"}.get(place, "metertap") in text


def test_the_recipes_of_the_page_run(told: Told) -> None:
    assert told.answer["page"] == ""
    figures, readings = told.answer["figures"], told.quarter.readings()
    days = Counter((one.account, one.meter) for one in readings)
    assert {(account, meter): count for account, meter, count in figures["days"]} == days
    assert figures["missing"] == 0
    totals: dict[str, float] = defaultdict(float)
    largest: dict[str, Decimal] = {}
    months: dict[str, Any] = defaultdict(lambda: [0, Decimal(0)])
    for one in readings:
        assert one.start is not None
        if one.kind == "sum":
            totals[one.meter] += float(one.quantity)
        if one.account == "sora":
            largest[one.meter] = max(one.quantity, largest.get(one.meter, one.quantity))
        month = months[f"{one.start:%Y-%m}"]
        month[0], month[1] = month[0] + 1, month[1] + one.quantity
    assert figures["totals"] == pytest.approx(totals)
    assert {row["meter"]: row["quantity"] for row in figures["largest"]} == {
        meter: plain(quantity) for meter, quantity in largest.items()
    }
    # February was loaded twice, and stands there once, exactly.
    assert figures["months"] == [[month, count, plain(total)] for month, (count, total) in sorted(months.items())]
