"""What README and docs say: the snippets run against the simulator, the names exist, the links lead somewhere."""

from __future__ import annotations

import inspect
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

import metertap
from metertap import clients, config
from metertap.rate_card import RateCard
from metertap.simulator import Simulator

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
CLIENTS = [getattr(clients, name) for name in clients.__all__]


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def run_page(text: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> dict:
    """Do what a page says, from its top to its end, in an empty folder; return the names of its Python.

    A block whose first line names a file is added to that file. A line of a console begins with `$`; what stands below
    is what is printed, in which `…` may be anything.
    """
    monkeypatch.chdir(folder)
    names: dict = {}
    for language, file, block in re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        if file:
            with (folder / file).open("a", encoding="utf-8") as written:
                written.write(f"{block}\n")
        elif language == "python":
            exec(block, names)
            capsys.readouterr()
        elif language == "console":
            for command, wanted in re.findall(r"^\$ ([^\n]*)\n((?:(?!\$ )[^\n]*\n)*)", block, re.MULTILINE):
                printed = run_line(command, monkeypatch)
                pattern = ".*".join(map(re.escape, wanted.split("…")))
                assert re.fullmatch(pattern, printed, re.DOTALL), f"{command}\n{printed}"
        else:
            raise AssertionError(f"nobody runs this block of {language}")
    return names


def run_line(command: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a line of a console, and return what it prints."""
    program, *words = shlex.split(command)
    if program == "export":
        for word in words:
            monkeypatch.setenv(*word.split("=", 1))
        return ""
    assert program in ("metertap", "sed")
    # A process of its own: what other tests registered is not there.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=30, env={**os.environ, "PATH": path}
    )
    return done.stdout + done.stderr


def methods(client: type) -> set[str]:
    return {name for name, value in vars(client).items() if inspect.isfunction(value) and not name.startswith("_")}


@pytest.fixture
def elsewhere(monkeypatch, usage_simulator):
    """Every client of metertap is one of the simulator's, whatever credentials it is given."""

    def moved(client: type) -> Callable[..., object]:
        def make(**given: str) -> object:
            if "base_url" in given:  # made by a simulator, which knows where it is
                return client(**given)
            own = usage_simulator.credentials(client._provider)
            assert given.keys() <= own.keys()
            return client(**own, base_url=usage_simulator.base_url(client._provider))

        return make

    for name in clients.__all__:
        for module in (metertap, metertap.aio):
            monkeypatch.setattr(module, name, moved(getattr(module, name)))


@pytest.mark.usefixtures("elsewhere")
def test_the_snippets_run(usage_simulator, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # one of them keeps an archive
    names: dict = {}
    for block in blocks("python"):
        exec(block, names)
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
    with Simulator(seed=7, now=usage_simulator.now) as fresh:
        tests[0](fresh)


@pytest.mark.usefixtures("elsewhere")
def test_the_snippets_of_the_page_on_usage_run():
    names: dict = {}
    for block in blocks("python", (ROOT / "docs/usage.md").read_text(encoding="utf-8")):
        exec(block, names)
    assert set(names["holes"]["state"]) == {"unavailable"}
    assert {row["readings"] for row in names["monthly"].to_dicts()} == {28, 31}


@pytest.mark.usefixtures("elsewhere")
def test_the_page_on_focus_runs(tmp_path, capsys, monkeypatch):
    names = run_page((ROOT / "docs/focus.md").read_text(encoding="utf-8"), tmp_path, capsys, monkeypatch)
    assert (tmp_path / "march.csv").is_file()
    assert len(names["extract"].failing_rules) == 16
    assert sum(row["BilledCost"] is not None for row in names["priced"].to_dicts()) == 32
    from_file = RateCard.read_csv(tmp_path / "rates.csv")
    assert from_file.rates[:2] == RateCard(names["rates"]).rates[:2]


@pytest.mark.filterwarnings("ignore::metertap.CoverageWarning")
def test_the_page_on_your_service_runs_from_its_top_to_its_end(tmp_path, capsys, monkeypatch):
    names = run_page((ROOT / "docs/your-service.md").read_text(encoding="utf-8"), tmp_path, capsys, monkeypatch)
    assert len(names["plan"]) == 6
    assert names["usage"].columns[:4] == ["provider", "account", "meter", "office"]
    schema = json.loads((ROOT / "python/metertap/provider.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(tomllib.loads((tmp_path / "acme.toml").read_text(encoding="utf-8")), schema)


def test_the_page_on_usage_names_every_column(usage_simulator):
    page = (ROOT / "docs/usage.md").read_text(encoding="utf-8")
    usage = metertap.fetch(usage_simulator.client("sora"), "2026-01-01", "2026-02-01")
    assert [name for name in usage.columns if f"`{name}`" not in page] == []


def test_the_configuration_is_one(tmp_path):
    (text,) = blocks("toml")
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    assert [(one.name, one.provider, one.select) for one in config.accounts(file).values()] == [
        ("production", "sora", {}),
        ("robots", "uipath", {"consumable_code": ["AIU", "PLTU"]}),
    ]


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
def test_the_table_names_methods_that_exist(client):
    row = next(line for line in README.splitlines() if line.startswith(f"| `{client.__name__}` |"))
    named = set(re.findall(r"`(\w+)`", row)) - {client.__name__}
    assert named <= methods(client)
    if client is not clients.Volcengine:
        assert named == methods(client)


def test_volcengines_page_names_every_usage_call():
    page = (ROOT / "docs/providers/volcengine.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+_data)`", page))
    assert named == methods(clients.Volcengine) - {"call"}
    assert len(named) == 27
    assert "and 24 more usage calls" in README
    assert "27 usage calls" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_every_provider_has_a_page_whose_switches_exist():
    with Simulator() as simulator:
        known = {switch.name for switch in simulator.switches}
        providers = simulator.providers
    assert sorted(page.stem for page in ROOT.glob("docs/providers/*.md")) == sorted(providers)
    for provider in providers:
        text = (ROOT / f"docs/providers/{provider}.md").read_text(encoding="utf-8")
        named = set(re.findall(rf"`({provider}\.\w+)`", text)) - {meter.name for meter in metertap.meters()}
        assert named, provider
        assert named <= known
