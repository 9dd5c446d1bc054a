"""README and docs run from top to end; see pages.py for what is done with each kind of block."""

from __future__ import annotations

import json
import re
import sys
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import jsonschema
import pytest
from support import clean_environment

import metertap
from metertap import config
from metertap.rate_card import RateCard
from metertap.simulator import Simulator
from pages import ROOT, blocks, move, run_line, run_page

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
#: Needs Spark, Dask and dlt, so that tests/spark runs it.
ELSEWHERE = ROOT / "docs/beyond.md"
RUN = [page for page in PAGES if any(language not in ("", "text") for language, *_ in blocks(page.read_text("utf-8")))]
RUN = [page for page in RUN if page != ELSEWHERE]


def check_readme(names: dict[str, Any], folder: Path) -> None:
    figures = [(one.meter, one.start, one.quantity) for one in metertap.fetch(names["plan"]).readings()]
    assert [(one.meter, one.start, one.quantity) for one in names["again"].readings()] == figures
    assert {call["id"] for call in names["part"].calls} < {call["id"] for call in names["plan"].calls}
    assert names["march"].is_complete
    assert names["plain"] == {"ingress": names["traffic"].ingress, "egress": names["traffic"].egress}
    assert names["status"].total_traffic_this_month == names["traffic"]
    assert len(names["storage"].rows) == 31
    assert names["usage"].results[0].items[0].item_name == "connection_time"
    tests = [value for name, value in names.items() if name.startswith("test_")]
    assert len(tests) == 1
    with Simulator(seed=7, now="2026-04-15T12:00:00Z") as fresh:
        tests[0](fresh)


def check_usage(names: dict[str, Any], folder: Path) -> None:
    assert set(names["holes"]["state"]) == {"unavailable"}
    assert {row["readings"] for row in names["monthly"].to_dicts()} == {28, 31}


def check_missing(names: dict[str, Any], folder: Path) -> None:
    assert names["whole"].is_complete
    assert (ROOT / "docs/pictures/coverage-strip.svg").is_file()


def check_focus(names: dict[str, Any], folder: Path) -> None:
    assert (folder / "march.csv").is_file()
    assert len(names["extract"].failing_rules) == 16
    assert sum(row["BilledCost"] is not None for row in names["priced"].to_dicts()) == 32
    from_file = RateCard.read_csv(folder / "rates.csv")
    assert from_file.rates[:2] == RateCard(names["rates"]).rates[:2]


def check_your_service(names: dict[str, Any], folder: Path) -> None:
    assert len(names["plan"]) == 6
    assert names["usage"].columns[:4] == ["provider", "account", "meter", "office"]
    schema = json.loads((ROOT / "python/metertap/provider.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(tomllib.loads((folder / "acme.toml").read_text(encoding="utf-8")), schema)


def check_schedule(names: dict[str, Any], folder: Path) -> None:
    """Run what the page's DAG would run, by a stand-in for Airflow, which is too large for a test."""
    tasks: list[dict[str, Any]] = []

    class Dag:
        def __init__(self, name: str, **given: Any) -> None:
            assert given["catchup"] is False

        def __enter__(self) -> Dag:
            return self

        def __exit__(self, *problem: object) -> None:
            pass

    bash = "airflow.providers.standard.operators.bash"
    names = ["airflow.sdk", *(bash.rsplit(".", count)[0] for count in range(4, 0, -1)), bash]
    stand_ins: dict[str, Any] = {name: types.ModuleType(name) for name in names}
    stand_ins["airflow.sdk"].DAG = Dag
    stand_ins[bash].BashOperator = lambda **given: tasks.append(given)
    with mock.patch.dict(sys.modules, stand_ins):
        exec((folder / "usage_dag.py").read_text(encoding="utf-8"), {})
    [task] = tasks
    command = task["bash_command"].replace("--since 90d", "--start 2026-01-15 --now 2026-04-15T12:00:00Z")
    assert task["append_env"]
    assert '"complete"' in run_line(command, None)


#: What a page leads to, beyond that it runs.
CHECKS: dict[str, Callable[[dict[str, Any], Path], None]] = {
    "README.md": check_readme,
    "docs/usage.md": check_usage,
    "docs/missing.md": check_missing,
    "docs/focus.md": check_focus,
    "docs/howto/schedule.md": check_schedule,
    "docs/your-service.md": check_your_service,
}
#: Pages on what is missing warn of it.
WARN = {"docs/your-service.md"}


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in set(os.environ) - set(clean_environment()):
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("quiet")
@pytest.mark.timeout(120)
@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_runs(page, tmp_path, monkeypatch, capsys):
    name = str(page.relative_to(ROOT))
    with Simulator(seed=7, now="2026-04-15T12:00:00Z") as simulator, warnings.catch_warnings():
        if name in WARN:
            warnings.simplefilter("ignore", metertap.CoverageWarning)
        ready = {provider: simulator.client(provider) for provider in simulator.providers}
        move(monkeypatch, simulator)
        names = run_page(page.read_text(encoding="utf-8"), tmp_path, simulator, monkeypatch, **ready)
        CHECKS.get(name, lambda names, folder: None)(names, tmp_path)


def test_every_block_has_a_language_that_somebody_runs():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert len(re.findall("^ *```", text, re.MULTILINE)) == 2 * len(list(blocks(text))), page


def test_the_check_of_commands_sees_what_is_wrong(tmp_path, monkeypatch):
    with Simulator(seed=7) as simulator:
        for wrong in (
            "```sh\nmake nothing\n```",
            "```sh\npip install 'metertap[nothing]'\n```",
            "```console\n$ metertap --version\nmetertap 99\n```",
            "```python\nassert False\n```",
            "```perl\nprint 1\n```",
            "```toml\na = \n```",
        ):
            with pytest.raises((AssertionError, tomllib.TOMLDecodeError)):
                run_page(f"{wrong}\n", tmp_path, simulator, monkeypatch)


def test_an_accounts_file_of_a_page_asks_the_simulator(tmp_path, monkeypatch):
    page = '```toml a.toml\n[accounts.x]\nprovider = "sora"\napi_key = {env = "MY_KEY"}\n```\n'
    with Simulator(seed=7) as simulator:
        run_page(page, tmp_path, simulator, monkeypatch)
        [client] = config.load(tmp_path / "a.toml").values()
        assert client.total_sessions_this_month() > 0
    assert re.search("127.0.0.1", (tmp_path / "a.toml").read_text(encoding="utf-8"))
