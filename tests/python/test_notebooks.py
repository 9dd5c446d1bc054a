"""The notebooks of the docs run without an account, and show what they say they show."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        spec = importlib.util.spec_from_file_location("notebooks", ROOT / "tools" / "notebooks.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.pop(0)


def shown(notebook: Any) -> str:
    """Return the texts of all outputs."""
    outputs = [one for cell in notebook.cells for one in cell.get("outputs", [])]
    return "\n".join(one.get("text", "") + one.get("data", {}).get("text/plain", "") for one in outputs)


#: What each must show.
SHOWS = {
    "first-look": ("sora.egress", "volcengine.down_traffic", "complete"),
    "monthly-report": ("4711", "4720", "True"),
    "holes": ("(True, [])", "lower_bound", "failed"),
    "costs": (
        "not a conformant FOCUS dataset",
        "has a gap: sora.egress has no price for 2026-03-15",
        "InvoiceId-C-005-C",
    ),
}


def test_there_are_four() -> None:
    assert [notebook.stem for notebook in NOTEBOOKS] == sorted(SHOWS)


@pytest.mark.filterwarnings("ignore")  # of the kernel's client, which are no business of ours
@pytest.mark.timeout(120)
@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_runs_and_shows_what_it_says(file: Path, tool: ModuleType, tmp_path: Path) -> None:
    notebook = tool.executed(file)
    text = shown(notebook)
    for part in SHOWS[file.stem]:
        assert part in text
    page = tool.page(notebook, file.stem, tmp_path)
    assert page.startswith("# ")
    assert "<script" not in page
    if file.stem == "first-look":
        assert "![](first-look-" in page
        assert list(tmp_path.glob("*.png"))


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_is_kept_without_outputs(file: Path) -> None:
    notebook: Any = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell for cell in code if cell.outputs or cell.execution_count] == []
