"""Write the type stubs of the client classes from the classes themselves, or check that they are as written.

The methods are the same in `metertap` and `metertap.aio`, but for `async`, and each has two forms: with ``raw=True`` it
returns plain JSON. Writing that out by hand, five clients twice, would drift; so it is written by this script:

    python tools/stubs.py            write python/metertap/clients.pyi and aio.pyi
    python tools/stubs.py --check    exit with 1 if they would change
"""

from __future__ import annotations

import inspect
import pathlib
import subprocess
import sys
from typing import Any

from metertap import _client, _core, clients, fetching

STUBS = pathlib.Path("python/metertap")

HEADER = '''# Written by tools/stubs.py from the classes in clients.py; do not edit.
"""{doc}"""

{imports}from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, overload

from metertap._client import Client
from metertap.events import Event
from metertap.typing import Moment, SecretWord
from metertap.models import (
    {models},
)

__all__ = {names}
'''

FETCH_IMPORTS = """from collections.abc import Callable, Iterable
from datetime import tzinfo
from metertap.planning import Plan
from metertap.typing import Asked
from metertap.usage import Usage
"""

OPTIONS = {
    "name": "str | None",
    "base_url": "str | None",
    "timeout": "float",
    "retries": "int",
    "max_concurrency": "int | None",
    "max_per_second": "float | None",
    "ca_file": "str | PathLike[str] | None",
    "proxy": "str | None",
    "on_event": "Callable[[Event], object] | None",
}

Parameter = tuple[str, str, str]  # name, annotation, default ("" for none)


def main() -> int:
    """Write the stubs, or check them."""
    stale = False
    for name, is_async in (("clients", False), ("aio", True)):
        file = STUBS / f"{name}.pyi"
        text = module(is_async)
        if sys.argv[1:] == ["--check"]:
            if not file.exists() or file.read_text(encoding="utf-8") != text:
                print(f"{file} is stale: run python tools/stubs.py", file=sys.stderr)
                stale = True
        else:
            file.write_text(text, encoding="utf-8")
    return int(stale)


def module(is_async: bool) -> str:
    """Return the text of one stub."""
    bodies = "\n".join(client(name, is_async) for name in clients.__all__)
    models = sorted(name for name in _core.shapes() if name in bodies)
    models = sorted({*models, *(c["record"] for facts in _core.providers() for c in facts["composites"])})
    used = [name for name in models if f"{name}:" in bodies or f"{name}]:" in bodies]
    doc = "The clients, to be awaited." if is_async else "The clients."
    names = [*clients.__all__, "fetch"] if is_async else clients.__all__
    imports = FETCH_IMPORTS if is_async else ""
    head = HEADER.format(doc=doc, imports=imports, models=",\n    ".join(used), names=names)
    return formatted(head + bodies + (fetch() if is_async else ""))


def formatted(text: str) -> str:
    """Return a stub as ruff would have it."""
    for command in (("check", "--quiet", "--fix-only", "--select", "I"), ("format", "--quiet")):
        words = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(STUBS / "stub.pyi"), "-"]
        text = subprocess.run(words, input=text, capture_output=True, text=True, check=True).stdout
    return text


def fetch() -> str:
    """Return the stub of the awaited `fetch`, whose parameters are those of the sync one."""
    found = list(inspect.signature(fetching.fetch).parameters.values())
    given = [(p.name, str(p.annotation).replace("os.PathLike", "PathLike"), default(p)) for p in found]
    first = sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in found)
    return f"\nasync def fetch({joined(given[:first])}, *, {joined(given[first:])}) -> Usage: ...\n"


def client(name: str, is_async: bool) -> str:
    """Return the stub of one client class."""
    cls = getattr(clients, name)
    lines = ["", f"class {name}(Client):"]
    own = [p for p in parameters(cls.__init__) if p[0] != "options"]
    if cls._provider == "devicewise":
        own.append(("base_url", "str", ""))
    shared = [(key, kind, literal(_client.DEFAULTS[key])) for key, kind in OPTIONS.items() if key not in dict_of(own)]
    required_first = sorted([*own, *shared], key=lambda p: p[2] != "")
    lines.append(f"    def __init__(self, *, {joined(required_first)}) -> None: ...")
    for method, function in vars(cls).items():
        if not method.startswith("_"):
            lines += both_forms(method, *signature(cls._provider, method, function), is_async)
    return "\n".join(lines) + "\n"


def signature(provider: str, method: str, function: Any) -> tuple[list[Parameter], str]:
    """Return the parameters of a method, without `self` and `raw`, and what it returns."""
    table = next(facts for facts in _core.providers() if facts["name"] == provider)["operations"]
    fact = next((operation for operation in table if operation["name"] == method), None)
    if "return" in function.__annotations__ and function.__annotations__["return"] != "Any":
        return [p for p in parameters(function) if p[0] != "raw"], str(function.__annotations__["return"])
    if fact is None or method == "call":
        return [p for p in parameters(function) if p[0] != "raw"], "Any"
    return [from_fact(argument) for argument in fact["arguments"]], str(fact["returns"])


def parameters(function: Any) -> list[Parameter]:
    """Return the parameters of a function, without `self`."""
    found = list(inspect.signature(function).parameters.values())[1:]
    return [(p.name, str(p.annotation), default(p)) for p in found]


def default(parameter: inspect.Parameter) -> str:
    """Return a parameter's default as it stands in a stub; nothing if it has none."""
    return "" if parameter.default is parameter.empty else literal(parameter.default)


def from_fact(argument: dict[str, Any]) -> Parameter:
    """Return the parameter for an argument of the table of facts."""
    if argument["required"]:
        return argument["name"], argument["type"], ""
    default = literal(argument["default"])
    return argument["name"], argument["type"] + (" | None" if argument["default"] is None else ""), default


def both_forms(name: str, given: list[Parameter], returns: str, is_async: bool) -> list[str]:
    """Return the two overloads of a method."""
    prefix = "async def" if is_async else "def"
    before = f"self, {joined(given)}, *" if given else "self, *"
    return [
        "    @overload",
        f"    {prefix} {name}({before}, raw: Literal[False] = False) -> {returns}: ...",
        "    @overload",
        f"    {prefix} {name}({before}, raw: Literal[True]) -> Any: ...",
    ]


def joined(given: list[Parameter]) -> str:
    """Return parameters as they stand in a signature."""
    return ", ".join(f"{name}: {kind}" + (f" = {default}" if default else "") for name, kind, default in given)


def literal(value: Any) -> str:
    """Return a default as it stands in a stub."""
    return f'"{value}"' if isinstance(value, str) else repr(value)


def dict_of(given: list[Parameter]) -> dict[str, str]:
    """Return the annotations by name."""
    return {name: kind for name, kind, _ in given}


if __name__ == "__main__":
    sys.exit(main())
