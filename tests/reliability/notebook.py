"""F21: a notebook, executed cell by cell.

The interrupted cell is a blocking one. An awaited one is the kernel's own affair: ipykernel 7 lets even a plain
``await asyncio.sleep(…)`` run on until its loop wakes by itself.
"""

from __future__ import annotations

import os
import tempfile
import textwrap

import nbclient
import nbformat
from figures import figure

CELLS = [
    """
    from metertap.simulator import Simulator
    import metertap
    simulator = Simulator(seed=7, now="2026-04-15T12:00:00Z")
    sora, twin = simulator.client("sora"), simulator.client("sora", aio=True)
    ricoh = simulator.client("ricoh")
    """,
    "sora.total_sessions_this_month()",
    "await twin.total_sessions_this_month()",
    """
    import asyncio
    sum(await asyncio.gather(*(twin.total_sessions_this_month() for _ in range(20))))
    """,
    # The interrupted cell: what the stop button does is to send this signal.
    """
    import os, signal, threading
    simulator.add_fault("hang:20000")
    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    sora.total_sessions_this_month()
    """,
    "simulator.clear_faults(); sora.total_sessions_this_month()",
    """
    usage = metertap.fetch(ricoh, "2026-02-01", "2026-03-01")
    frame = usage.to_pandas()
    (len(frame) > 0, str(type(frame)))
    """,
    "simulator.stop()",
]
INTERRUPTED = 4


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
            os.environ[name] = os.path.join(folder, name)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(textwrap.dedent(cell)) for cell in CELLS])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=True).execute()
    problems, interrupts = [], 0
    for number, cell in enumerate(notebook.cells):
        errors = [part for part in cell.outputs if part.output_type == "error"]
        names = [part.ename for part in errors]
        if number == INTERRUPTED:
            interrupts += names == ["KeyboardInterrupt"]
        elif names:
            problems.append(f"cell {number}: {names}: {errors[0].evalue[:200]}")
    shown = [
        "".join(part.get("data", {}).get("text/plain", "") for part in cell.outputs if part.output_type != "error")
        for cell in notebook.cells
    ]
    number = int(shown[1])
    if [shown[2], shown[3], shown[5]] != [str(number), str(20 * number), str(number)]:
        problems.append(f"wrong answers: {shown}")
    if not shown[6].startswith("(True"):
        problems.append(f"no rows: {shown[6]}")
    if not interrupts:
        problems.append("the interrupted cell was not")
    reached = f"{len(CELLS)} cells, {interrupts} interrupted as meant, {len(problems)} other problems"
    figure("F21", reached, not problems, "; ".join(problems))


if __name__ == "__main__":
    main()
