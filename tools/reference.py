"""Write the reference of the site from the docstrings; a part of ``make docs`` (tools/site.py).

Docstrings are in numpy's style, and a public name without one, or one that stands on no page, is an error.
"""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import metertap

#: The pages: title, an introduction, and the names, each in the module where people find it.
PAGES: dict[str, tuple[str, str, dict[str, tuple[str, ...]]]] = {
    "questions": (
        "Questions",
        "What is asked, offline and online. The same names in `metertap.aio` are async where they make requests.",
        {"metertap": ("plan", "fetch", "replay", "concat", "Plan", "Selection", "meters", "Meters", "Meter")},
    ),
    "tables": (
        "Tables",
        "What comes back.",
        {"metertap": ("Usage", "Table", "Reading"), "metertap.usage": ("RollUp",)},
    ),
    "ledger": ("The ledger", "History that the services do not keep.", {"metertap": ("Ledger", "Sync")}),
    "focus": (
        "FOCUS",
        "A usage in the columns of FOCUS, with a rate card of your own.",
        {"metertap.focus": ("Extract",), "metertap.rate_card": ("RateCard", "Rate")},
    ),
    "providers": (
        "Providers of your own",
        "Services as documents.",
        {"metertap": ("register", "provider", "providers", "Provider")},
    ),
    "accounts": (
        "Accounts",
        "Accounts by name, from a file or the environment. `metertap.aio` has `accounts` and `connect`, too.",
        {"metertap": ("connect", "accounts", "Accounts", "Account"), "metertap.config": ("load",)},
    ),
    "simulator": (
        "Simulator",
        "The five services on this machine, for tests.",
        {"metertap.simulator": ("Simulator", "Switch", "Fault", "fault_menu")},
    ),
    "events": ("Events", "What `on_event=` is called with.", {"metertap.events": ()}),
    "errors": ("Errors", "All derive from `MetertapError`.", {"metertap.errors": ()}),
    "sora": ("mt.Sora", "", {"metertap": ("Sora",)}),
    "ricoh": ("mt.Ricoh", "", {"metertap": ("Ricoh",)}),
    "uipath": ("mt.UiPath", "", {"metertap": ("UiPath",)}),
    "devicewise": ("mt.DeviceWise", "", {"metertap": ("DeviceWise",)}),
    "volcengine": ("mt.Volcengine", "", {"metertap": ("Volcengine",)}),
}
SECTIONS = {"Parameters", "Returns", "Raises", "Attributes", "Examples", "Notes", "Yields", "Warns"}
#: Bases that have a place of their own.
TOLD = {"Table", "MetertapError"}
#: Classes that nobody makes by hand.
RETURNED = {"Account", "Accounts", "Extract", "Fault", "Meter", "Meters", "Plan", "Provider", "Reading", "RollUp"}
RETURNED |= {"Selection", "Switch", "Sync", "Table", "Usage"}
LISTS = SECTIONS - {"Examples", "Notes"}


def write(folder: Path) -> list[str]:
    """Write the pages into a folder, and return their names in order."""
    folder.mkdir(parents=True, exist_ok=True)
    told: set[str] = set()
    for name, (title, introduction, modules) in PAGES.items():
        parts = [f"# {title}\n", f"{introduction}\n"]
        for module_name, names in modules.items():
            module = importlib.import_module(module_name)
            for public in names or sorted(module.__all__):
                parts += described(module, public)
                told.add(public)
        (folder / f"{name}.md").write_text("\n".join(parts), encoding="utf-8")
    untold = set(metertap.__all__) - told - {"__version__", "aio"} - set(dir(metertap.errors))
    modules_of_names = {name for name in untold if isinstance(getattr(metertap, name), ModuleType)}
    if untold - modules_of_names:
        raise SystemExit(f"{', '.join(sorted(untold - modules_of_names))}: on no page of tools/reference.py")
    return [f"{name}.md" for name in PAGES]


def described(module: ModuleType, name: str) -> list[str]:
    """Return the Markdown of a public name."""
    value = getattr(module, name)
    parts = [f"## {name}\n"]
    if name not in RETURNED and not (inspect.isclass(value) and issubclass(value, BaseException)):
        parts.append(f"```python\n{module.__name__}.{signature(name, value)}\n```\n")
    parts.append(markdown(value, name))
    if inspect.isclass(value):
        if value.__base__ and value.__base__.__name__ == "Table":
            parts.append("It is a [`Table`](tables.md#table), and has what that has.\n")
        for member, thing in members(value):
            if isinstance(thing, property):
                parts.append(f"### {name}.{member}\n")
            else:
                called = getattr(value, member)
                parts += [f"### {name}.{member}\n", f"```python\n{signature(member, called)}\n```\n"]
            parts.append(markdown(thing if isinstance(thing, property) else called, f"{name}.{member}"))
    return parts


def members(value: type) -> list[tuple[str, Any]]:
    """Return the public methods and properties of a class, its own and those of our base classes."""
    found: dict[str, Any] = {}
    for base in value.__mro__:
        # What a public base has is told there.
        if base.__module__.startswith("metertap") and (base is value or base.__name__ not in TOLD):
            for member, thing in vars(base).items():
                is_told = callable(thing) or isinstance(thing, (property, classmethod, staticmethod))
                if not member.startswith("_") and is_told and not inspect.isclass(thing):
                    found.setdefault(member, thing)
    return [(member, thing) for member, thing in found.items() if inspect.getdoc(thing)]


def signature(name: str, value: Any) -> str:
    """Return how a name is called."""
    try:
        found = str(inspect.signature(value))
    except (TypeError, ValueError):
        return name
    found = re.sub(r"\(self(?:, )?", "(", found)
    return name + re.sub(r"metertap\.\w+\.|typing\.|'", "", found)


def markdown(value: Any, name: str) -> str:
    """Return a docstring as Markdown."""
    doc = inspect.getdoc(value)
    if not doc:
        raise SystemExit(f"{name} has no docstring")
    lines, parts, section = doc.splitlines(), [], ""
    number = 0
    while number < len(lines):
        line = lines[number]
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if line in SECTIONS and re.fullmatch("-{3,}", following):
            section = line
            parts += ["", f"**{line}**", ""]
            number += 2
            continue
        if line.startswith(">>>"):
            end = next((n for n in range(number, len(lines)) if not lines[n].strip()), len(lines))
            parts += ["```pycon", *lines[number:end], "```"]
            number = end
            continue
        if section in LISTS and line and not line.startswith(" "):
            what, _, kind = line.partition(" : ")
            parts.append(f"* `{what}`{f' : *{plain(kind)}*' if kind else ''}")
        else:
            parts.append(plain(line.removesuffix(":") if line.endswith("::") else line))
        number += 1
    return "\n".join(parts) + "\n"


def plain(line: str) -> str:
    """Return a line of prose with nothing in it that Markdown would take for HTML."""
    pieces = re.split(r"(`+[^`]*`+)", line)
    return "".join(piece if piece.startswith("`") else piece.replace("<", "&lt;") for piece in pieces)
