"""The site of the docs: what its tools look for, they find; and tables written by hand say what the facts say."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from support import PROVIDERS

import metertap

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    # `site` is a module of Python's, too.
    spec = importlib.util.spec_from_file_location("docs_site", ROOT / "tools" / "site.py")  # type: ignore[attr-defined]
    site = importlib.util.module_from_spec(spec)  # type: ignore[attr-defined]
    spec.loader.exec_module(site)
    return {"site": site, "reference": importlib.import_module("reference")}


@pytest.mark.parametrize(
    ("page", "is_fetched"),
    [
        ('<script src="https://cdn.example/x.js"></script>', True),
        ('<script src="//cdn.example/x.js"></script>', True),
        ('<img alt="a" src="https://example.com/a.png">', True),
        ('<link rel="stylesheet" href="https://fonts.example/css">', True),
        ("<link rel=preconnect href=https://fonts.example crossorigin>", True),
        ('<script src="assets/x.js"></script><img src="a.png"><link rel="stylesheet" href="x.css">', False),
        ('<link rel="canonical" href="https://example.com/"><a href="https://example.com">read</a>', False),
    ],
)
def test_a_page_that_fetches_from_elsewhere_is_found(page, is_fetched, tools, tmp_path, monkeypatch):
    monkeypatch.setattr(tools["site"], "SITE", tmp_path)
    monkeypatch.setattr(tools["site"], "ROOT", tmp_path)
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    assert bool(tools["site"].fetched_from_elsewhere()) is is_fetched


def test_a_style_sheet_that_fetches_a_font_is_found(tools, tmp_path, monkeypatch):
    monkeypatch.setattr(tools["site"], "SITE", tmp_path)
    monkeypatch.setattr(tools["site"], "ROOT", tmp_path)
    (tmp_path / "a.css").write_text('@font-face{src:url("https://fonts.example/a.woff2")}', encoding="utf-8")
    assert len(tools["site"].fetched_from_elsewhere()) == 1


def test_the_reference_has_every_public_name_and_its_parameters(tools, tmp_path):
    reference = tools["reference"]
    pages = reference.write(tmp_path)
    text = "".join((tmp_path / page).read_text(encoding="utf-8") for page in pages)
    for name in set(metertap.__all__) - {"__version__", "aio"}:
        if not isinstance(getattr(metertap, name), ModuleType):
            assert f"## {name}\n" in text, name
    sora = (tmp_path / "sora.md").read_text(encoding="utf-8")
    assert "### Sora.traffics_for_month" in sora
    assert "* `year` : *int*" in sora
    assert "**Raises**" in sora


def test_a_name_without_a_page_or_a_docstring_stops_the_reference(tools, tmp_path, monkeypatch):
    reference = tools["reference"]
    pages = {name: page for name, page in reference.PAGES.items() if name != "ledger"}
    monkeypatch.setattr(reference, "PAGES", pages)
    with pytest.raises(SystemExit, match="Ledger, Sync: on no page"):
        reference.write(tmp_path)
    with pytest.raises(SystemExit, match="f has no docstring"):
        reference.markdown(lambda: None, "f")


def test_prose_of_docstrings_is_no_html(tools):
    assert tools["reference"].plain("a <b> and `<c>`") == "a &lt;b> and `<c>`"


def test_the_table_of_extras_has_them_all():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    page = (ROOT / "docs/howto/install.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(extras)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_table_of_credentials_names_what_there_is(provider):
    facts = PROVIDERS[provider]
    page = (ROOT / "docs/howto/accounts.md").read_text(encoding="utf-8")
    [row] = [
        line for line in page.splitlines() if f"/{provider}.md" not in line and line.startswith(f"| {ROWS[provider]} ")
    ]
    for secret in facts["secrets"]:
        assert f"`{secret['name']}`" in row
    known = {variable for _, variable in facts["environment"]}
    fields = [field["name"] for field in (*facts["secrets"], *facts["settings"])]
    known |= {f"METERTAP_{provider.upper()}_{name.upper()}" for name in (*fields, "base_url")}
    named = set(re.findall(r"`([A-Z][A-Z_]+[A-Z])`", row))
    assert named
    assert named <= known


ROWS = {"sora": "Sora", "ricoh": "RICOH", "uipath": "UiPath", "devicewise": "deviceWISE", "volcengine": "Volcengine"}
