"""Write the tables of methods, meters, limits and credentials in the pages of the providers, or check them.

What stands around them in ``docs/providers`` is written by hand; the tables are the tables of facts themselves:

    python tools/pages.py            write the tables into docs/providers/*.md
    python tools/pages.py --check    exit with 1 if a page would change
"""

from __future__ import annotations

import pathlib
import sys
from typing import Any

from metertap import _core
from metertap._build import parameters, returns

PAGES = pathlib.Path("docs/providers")
BEGIN, END = (
    "<!-- Written by tools/pages.py from the tables of the provider. -->\n",
    "<!-- Written by hand again. -->\n",
)


def main() -> int:
    """Write the pages, or check them."""
    stale = False
    for facts in _core.providers():
        file = PAGES / f"{facts['name']}.md"
        old = file.read_text(encoding="utf-8")
        before, begin, rest = old.partition(BEGIN)
        _, end, after = rest.partition(END)
        if not begin or not end:
            print(f"{file} has no place for the tables: write these two lines into it:\n{BEGIN}{END}", file=sys.stderr)
            return 1
        tables = {
            "Methods": methods(facts),
            "What it measures": meters(facts["name"]),
            "Spans, history, and when figures are final": sources(facts["name"]),
            "Credentials and settings": fields(facts),
        }
        text = "\n".join(f"## {heading}\n\n{rows}" for heading, rows in tables.items())
        new = f"{before}{BEGIN}\n{text}\n{END}{after}"
        if sys.argv[1:] == ["--check"]:
            if new != old:
                print(f"{file} is stale: run python tools/pages.py", file=sys.stderr)
                stale = True
        else:
            file.write_text(new, encoding="utf-8")
    return int(stale)


def methods(facts: Any) -> str:
    """Return the table of what can be called."""
    rows = [
        (f"`{what['name']}({signature(what)})`", f"`{returns(what)}`", what["doc"])
        for what in (*facts["operations"], *facts["composites"])
    ]
    return table(("method", "returns", "what"), rows)


def signature(what: Any) -> str:
    """Return the parameters of a method as people write them."""
    return ", ".join(
        name if is_required else f"{name}={default!r}" for name, _, is_required, default in parameters(what)
    )


def meters(provider: str) -> str:
    """Return the table of the meters."""
    rows = [
        (f"`{meter['name']}`", meter["unit"], meter["kind"], rules(meter), meter["grain"], meter["doc"])
        for meter in _core.meters()
        if meter["provider"] == provider
    ]
    # A meter that two calls answer has a row for each in the catalogue.
    return table(("meter", "unit", "kind", "over time, over labels", "grain", "what"), list(dict.fromkeys(rows)))


def sources(provider: str) -> str:
    """Return the table of what each call may ask for, and of when its figures are there and final."""
    rows = [
        (
            f"`{meter['operation']}`",
            meter["grain"],
            meter["span"],
            "not documented" if meter["history_days"] is None else f"{meter['history_days']} days",
            "not documented" if meter["per_second"] is None else f"{meter['per_second']:g} a second",
            meter["writes"],
            meter["ready"],
            meter["settles"],
        )
        for meter in _core.meters()
        if meter["provider"] == provider
    ]
    head = ("call", "grain", "longest range", "history", "rate", "writes every bucket", "there", "final")
    return table(head, list(dict.fromkeys(rows)))


def fields(facts: Any) -> str:
    """Return the table of what a client is made of, and of the variables that `from_env` reads."""
    rows = []
    for field in (*facts["secrets"], *facts["settings"]):
        variables = [variable for name, variable in facts["environment"] if name == field["name"]]
        variables.append(f"METERTAP_{facts['name'].upper()}_{field['name'].upper()}")
        rows.append((f"`{field['name']}`", field["doc"].lstrip(": "), ", ".join(f"`{name}`" for name in variables)))
    return table(("keyword", "what", "variables, the first that is set counts"), rows)


def rules(meter: Any) -> str:
    """Return how readings may be put together."""
    return f"{meter['over_time']}, {meter['over_labels']}"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a table in Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
