"""Run the notebooks of ``docs/notebooks``, and write them as pages of the site; a part of ``make docs``.

They hold no outputs: what stands in the site is what they say today, of the simulator.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

#: A page is no place for more of a print than this.
LONGEST = 6_000


def write(source: Path, folder: Path) -> list[str]:
    """Run all notebooks of a folder, write a page of each, and return their names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for file in sorted(source.glob("*.ipynb")):
        notebook = executed(file)
        (folder / f"{file.stem}.md").write_text(page(notebook, file.stem, folder), encoding="utf-8")
        names.append(f"{file.stem}.md")
    return names


def executed(file: Path) -> Any:
    """Run a notebook in a folder of its own; an error in a cell is an error here."""
    import tempfile

    notebook: Any = nbformat.read(file, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=60,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            extra_arguments=["--IPKernelApp.log_level=40"],  # it warns of its own loopback
        )
        client.execute()
    return notebook


def page(notebook: Any, name: str, folder: Path) -> str:
    """Return an executed notebook as Markdown."""
    parts: list[str] = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(f"```python\n{cell.source}\n```")
        parts += [output(one, f"{name}-{number}", folder) for one in cell.outputs]
        if number == 1:
            parts.insert(1, f"*This page is [a notebook]({name}.ipynb): download it and run it, no account is needed.*")
    return "\n\n".join(part for part in parts if part) + "\n"


def output(told: Any, name: str, folder: Path) -> str:
    """Return what a cell printed or showed."""
    if told.output_type == "stream":
        return f"```text\n{told.text.rstrip()[:LONGEST]}\n```"
    data = told.get("data", {})
    if "image/png" in data:
        (folder / f"{name}.png").write_bytes(base64.b64decode(data["image/png"]))
        return f"![]({name}.png)"
    if "text/html" in data:
        # In Markdown, HTML ends at an empty line.
        html = re.sub(r"\n\s*", " ", re.sub(r"<style[^>]*scoped.*?</style>", "", data["text/html"], flags=re.DOTALL))
        return f'<div class="output">{html}</div>'
    return f"```text\n{data['text/plain'][:LONGEST]}\n```" if "text/plain" in data else ""
