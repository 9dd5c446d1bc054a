"""What the data source for Spark does on both sides, without Spark itself, which `make spark` brings."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from support import NOW, accounts_file

import metertap
from metertap import config
from metertap.errors import (
    AuthenticationFailed,
    CoverageWarning,
    IncompleteUsage,
    InvalidArgument,
    MissingExtra,
    WrongType,
)
from metertap.simulator import Simulator
from metertap.spark import OPTIONS, TABLES, Question

RANGE = ("2026-01-01", "2026-04-16")
ASKED = {"start": RANGE[0], "end": RANGE[1], "now": NOW}
#: What differs between two fetches of the same, whoever makes them.
OF_THE_MOMENT = {"fetched_at", "asked_at", "answered_at", "elapsed", "request_id", "sha256", "bytes"}


@pytest.fixture
def accounts(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, config.Account]:
    """The accounts of the file that is the machine's own."""
    file = accounts_file(simulator, tmp_path)
    monkeypatch.setenv("METERTAP_CONFIG", str(file))
    return config.accounts()


def question(**options: str) -> Question:
    return Question.of({"accounts": "sora,ricoh,uipath,devicewise,volcengine", **ASKED, **options})


def rows(table: Any) -> list[str]:
    told = [{key: value for key, value in row.items() if key not in OF_THE_MOMENT} for row in table.to_pylist()]
    return sorted(json.dumps(row, default=str, sort_keys=True) for row in told)


def plainly(table: Any) -> Any:
    return pa.table(table)


@pytest.mark.filterwarnings("ignore::metertap.CoverageWarning")
@pytest.mark.parametrize("partitions", ["1", "3", "999"])
@pytest.mark.parametrize("table", TABLES)
def test_the_parts_together_are_the_table_of_one_fetch(
    table: str, partitions: str, accounts: dict[str, config.Account]
) -> None:
    asked = question(table=table, partitions=partitions)
    columns = asked.columns()
    parts = asked.parts()
    assert len(parts) >= min(int(partitions), 3) * 3 + 2
    batches = [batch for account, part in parts for batch in asked.read(account, part, list(columns))]
    usage = metertap.fetch([one.selection() for one in accounts.values()], *RANGE, now=NOW)
    whole = plainly(usage if table == "readings" else getattr(usage, table))
    assert list(columns) == whole.column_names
    assert len({str(batch.schema) for batch in batches}) == 1
    assert rows(pa.Table.from_batches(batches)) == rows(whole)
    assert whole.num_rows > 10


def test_the_parts_of_an_account_share_its_rate(accounts: dict[str, config.Account]) -> None:
    for partitions in (1, 3):
        plans = [json.loads(part) for _, part in question(accounts="volcengine", partitions=str(partitions)).parts()]
        assert len(plans) == partitions
        assert [float(plan["accounts"][0]["per_second"]) for plan in plans] == [30.0 / partitions] * partitions


def test_planning_reads_no_secret_and_what_travels_has_none(
    accounts: dict[str, config.Account], tmp_path: Path, simulator: Simulator
) -> None:
    # Where there is no secret at all, planning works, and a call does not.
    for file in tmp_path.glob("*-*"):
        file.unlink()
    parts = question().parts()
    text = json.dumps(parts)
    for provider in simulator.providers:
        for name, word in simulator.credentials(provider).items():
            if (tmp_path / f"{provider}-{name}").name in accounts[provider].file.read_text():
                assert word not in text
    planner = accounts["sora"].planner()
    with pytest.raises(AuthenticationFailed, match="the callable for api_key raised InvalidArgument"):
        planner.total_sessions_this_month()
    account, part = parts[0]
    with pytest.raises(InvalidArgument, match="sora-api_key"):
        next(question().read(account, part, []))
    assert simulator.requests == []


def test_a_secret_that_stands_in_the_file_itself_is_refused_by_a_planner_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "accounts.toml"
    file.write_text('[accounts.a]\nprovider = "sora"\napi_key = "canary-word"\n', encoding="utf-8")
    monkeypatch.setenv("METERTAP_CONFIG", str(file))
    with pytest.raises(InvalidArgument, match="must not stand here itself") as caught:
        question(accounts="a").parts()
    assert "canary-word" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["api_key", "apiKey", "token", "client_secret", "password", "access_key", "session_id", "mfa_code", "auth"]
)
def test_an_option_that_looks_like_a_secret_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgument, match=f"the option {name.lower()} looks like a secret") as caught:
        question(**{name: "canary-word"})
    assert "canary-word" not in str(caught.value)


def test_every_secret_of_every_provider_looks_like_one() -> None:
    for provider in metertap._core.providers():
        for secret in provider["secrets"]:
            with pytest.raises(InvalidArgument, match="looks like a secret"):
                question(**{secret["name"]: "x"})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"user": "x"}, f"there is no option user; the options are {', '.join(OPTIONS)}"),
        ({"accounts": " , "}, "at least one account"),
        ({"accounts": ""}, "the option accounts is needed"),
        ({"start": ""}, "the option start is needed"),
        ({"accounts": "a,b,a"}, "names 'a' twice"),
        ({"table": "costs"}, "must be one of readings, holes, coverage, timeline, evidence, not 'costs'"),
        ({"on_error": "ignore"}, "on_error must be 'raise' or 'keep'"),
        ({"partitions": "0"}, "whole number of at least 1"),
        ({"partitions": "two"}, "whole number of at least 1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        question(**options)
    assert sentence in str(caught.value)


def test_an_account_that_a_machine_lacks_is_one_sentence(accounts: dict[str, config.Account], tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"accounts\.toml has no account 'robots'; driver and executors"):
        question(accounts="sora,robots").parts()
    account, part = question(accounts="sora").parts()[0]
    (tmp_path / "accounts.toml").write_text("[accounts]\n", encoding="utf-8")
    with pytest.raises(InvalidArgument, match="has no account 'sora'"):
        next(question(accounts="sora").read(account, part, []))
    (tmp_path / "accounts.toml").unlink()
    with pytest.raises(InvalidArgument, match="there is no configuration file"):
        next(question(accounts="sora").read(account, part, []))


def test_what_is_missing_is_raised_or_told_by_its_table(
    accounts: dict[str, config.Account], simulator: Simulator
) -> None:
    simulator.add_fault("status:403", path_contains="DescribeLiveTimeShiftData")
    account, part = question(accounts="volcengine").parts()[0]
    with pytest.raises(IncompleteUsage):
        question(accounts="volcengine").read(account, part, ["account"])
    with pytest.warns(CoverageWarning):
        kept = list(question(accounts="volcengine", on_error="keep").read(account, part, ["meter"]))
    assert sum(batch.num_rows for batch in kept) > 0
    # The tables that tell what is missing are read although something is.
    with pytest.warns(CoverageWarning):
        holes = pa.Table.from_batches(question(table="holes").read(account, part, ["state", "reason"]))
    assert "failed" in holes["state"].to_pylist()


def test_registering_needs_pyspark_4(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.delitem(sys.modules, "pyspark.sql", raising=False)
    with pytest.raises(MissingExtra, match=r"needs the package pyspark.*pip install 'metertap\[spark\]'"):
        metertap.spark.register(SimpleNamespace())


def test_only_a_session_of_pyspark_4_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pyspark", "pyspark.sql", "pyspark.sql.datasource"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    with pytest.raises(WrongType, match="spark must be a SparkSession of PySpark 4, not SimpleNamespace"):
        metertap.spark.register(SimpleNamespace())
