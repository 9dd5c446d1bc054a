"""In a notebook: what a kernel sends for a browser to show."""

from __future__ import annotations

import asyncio
import base64
import textwrap
from pathlib import Path
from typing import Any

import pytest
from support import clean_environment

nbclient = pytest.importorskip("nbclient", reason="the test extra is not installed")
nbformat = pytest.importorskip("nbformat", reason="the test extra is not installed")
pytest.importorskip("matplotlib", reason="the extra plot is not installed")

# The kernel speaks over sockets of libraries that warn of themselves.
pytestmark = [pytest.mark.timeout(180), pytest.mark.filterwarnings("ignore")]

START = """
import metertap as mt
from metertap.simulator import Simulator
simulator = Simulator(seed=7, now="2026-04-15T12:00:00Z")
sora = simulator.client("sora")
usage = mt.fetch(sora, "2026-03-01", "2026-04-01", now=simulator.now, progress=True)
"""
CELLS = {
    "start": START,
    "usage": "usage",
    "plan": "usage.plan",
    "before inline": "usage.plot('sora.egress')",
    "assigned": "figure = usage.plot('sora.egress')",
    "pyplot": "import matplotlib.pyplot as plt; usage.plot('sora.egress')",
    "inline": "%matplotlib inline\nusage.plot('sora.egress')",
    "axes": "fig, ax = plt.subplots()\nusage.plot('sora.egress', ax=ax)",
    "svg": "%config InlineBackend.figure_formats = ['svg']\nusage.plot('sora.egress')",
    "end": "simulator.stop()",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Run a notebook as Jupyter does, and return what each cell shows."""
    folder: Path = tmp_path_factory.mktemp("jupyter")
    names = ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR")
    environment = clean_environment() | {name: str(folder / name) for name in names}
    cells = [nbformat.v4.new_code_cell(textwrap.dedent(cell).strip()) for cell in CELLS.values()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        client = nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True)
        asyncio.run(client.async_execute())
    return {name: cell.outputs for name, cell in zip(CELLS, notebook.cells, strict=True)}


def shown(outputs: list[Any], kind: str) -> list[Any]:
    return [part["data"][kind] for part in outputs if kind in part.get("data", {})]


def test_no_cell_fails_and_nothing_is_red(outputs: dict[str, list[Any]]) -> None:
    for name, parts in outputs.items():
        assert [part for part in parts if part.output_type == "error"] == [], name
        assert [part["text"] for part in parts if part.get("name") == "stderr"] == [], name


def test_progress_without_widgets_is_a_line_of_text_that_ends_at_all_calls(outputs: dict[str, list[Any]]) -> None:
    text = "".join(part["text"] for part in outputs["start"] if part.get("name") == "stdout")
    assert "0/1 [" in text
    assert "100%" in text.split("\r")[-1]
    assert "1/1 [" in text.split("\r")[-1]


def test_usage_and_plan_show_themselves_as_html(outputs: dict[str, list[Any]]) -> None:
    [html] = shown(outputs["usage"], "text/html")
    assert '<div class="metertap">' in html
    assert "<svg" in html
    [html] = shown(outputs["plan"], "text/html")
    assert 'class="mt-call"' in html


@pytest.mark.parametrize("cell", ["before inline", "pyplot", "inline", "axes"])
def test_a_picture_shows_itself_exactly_once_with_and_without_inline(cell: str, outputs: dict[str, list[Any]]) -> None:
    [png] = shown(outputs[cell], "image/png")
    assert base64.b64decode(png).startswith(b"\x89PNG")


def test_a_picture_that_is_kept_does_not_show_and_the_format_is_the_readers_choice(
    outputs: dict[str, list[Any]],
) -> None:
    assert shown(outputs["assigned"], "image/png") == []
    [picture] = shown(outputs["svg"], "image/svg+xml")
    assert "<svg" in picture
    assert len([part for part in outputs["svg"] if "data" in part]) == 1


def test_a_bar_of_widgets_is_made_once_its_length_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    from metertap import _progress

    made: list[Any] = []

    class Bar:
        def __init__(self, *, total: int, unit: str) -> None:
            self.total, self.n, self.closed = total, 0, False
            made.append(self)

        def update(self, more: int) -> None:
            self.n += more

        def close(self) -> None:
            self.closed = True

    monkeypatch.setattr(_progress, "_maker", lambda: Bar)
    show, close = _progress.progress_of(True)
    assert made == []
    show(0, 12)
    show(5, 12)
    [bar] = made
    assert (bar.total, bar.n) == (12, 5)
    close()
    assert bar.closed
