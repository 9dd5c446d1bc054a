"""What README and docs say: the snippets run against the simulator, the names exist, the links lead somewhere."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import pytest

import metertap
from metertap import clients, config
from metertap.simulator import Simulator

if sys.version_info >= (3, 11):
    pass
else:
    pass

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
CLIENTS = [getattr(clients, name) for name in clients.__all__]


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def methods(client: type) -> set[str]:
    return {name for name, value in vars(client).items() if inspect.isfunction(value) and not name.startswith("_")}


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


def test_the_pages_of_the_providers_have_the_same_headings():
    found = {
        page.stem: re.findall("^## (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        for page in ROOT.glob("docs/providers/*.md")
    }
    assert len(found) == 5
    assert len(set(map(tuple, found.values()))) == 1, found
