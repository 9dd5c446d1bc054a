"""Write the type stubs of the client classes from the tables of the providers, or check that they are as written.

The classes are made from the same tables when metertap runs, so type checkers and editors see nothing of them but these
stubs, which therefore have the docstrings, too. The methods are the same in `metertap` and `metertap.aio`, but for
`async`, and each has two forms: with ``raw=True`` it returns plain JSON.

    python tools/stubs.py            write python/metertap/clients.pyi and aio.pyi
    python tools/stubs.py --check    exit with 1 if they would change
"""

from __future__ import annotations

import inspect
import pathlib
import re
import subprocess
import sys
import textwrap
from typing import Any

from metertap import _client, _core, fetching
from metertap._build import BUILT_IN, keywords, parameters, returns
from metertap._prose import class_doc, method_doc

STUBS = pathlib.Path("python/metertap")

HEADER = '''# Written by tools/stubs.py from the tables of the providers; do not edit.
"""{doc}"""

{imports}from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, overload

from metertap._client import {base}
from metertap.events import Event
from metertap.typing import Moment, SecretWord
from metertap.models import (
    {models},
)

__all__ = {names}
'''

FETCH_IMPORTS = """from collections.abc import Callable, Iterable
from datetime import timedelta, tzinfo
from metertap._aledger import Ledger
from metertap._client import Client
from metertap.config import Accounts
from metertap.planning import Plan
from metertap.typing import When, Whom
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

OTHERS = """
def accounts(path: str | PathLike[str] | None = None) -> Accounts: ...
def connect(name: str, /, *, path: str | PathLike[str] | None = None, **keywords: Any) -> Any: ...
def provider(name: str) -> type[Any]: ...
async def replay(path: str | PathLike[str], *, on_error: str = "raise") -> Usage: ...
"""

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
    bodies = "\n".join(client(_core.provider(provider), is_async) for provider in BUILT_IN.values())
    models = [*_core.shapes(), *(one["record"] for facts in _core.providers() for one in facts["composites"])]
    used = sorted(name for name in models if re.search(rf"-> .*\b{name}\b.*:$", bodies, flags=re.MULTILINE))
    doc = "The clients, to be awaited." if is_async else "The clients."
    names = (
        sorted([*BUILT_IN, "Ledger", "accounts", "connect", "fetch", "provider", "replay"]) if is_async else [*BUILT_IN]
    )
    imports = FETCH_IMPORTS if is_async else ""
    head = HEADER.format(doc=doc, imports=imports, base=base(is_async), models=",\n    ".join(used), names=names)
    return formatted(head + bodies + (fetch() if is_async else ""))


def base(is_async: bool) -> str:
    """Return the class that the clients are subclasses of."""
    return "AwaitedClient" if is_async else "Client"


def formatted(text: str) -> str:
    """Return a stub as ruff would have it."""
    for command in (("check", "--quiet", "--fix-only", "--select", "I"), ("format", "--quiet")):
        words = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(STUBS / "stub.pyi"), "-"]
        text = subprocess.run(words, input=text, capture_output=True, text=True, check=True).stdout
    return text


def fetch() -> str:
    """Return the stubs of the functions of `metertap.aio`: `fetch` has the parameters of the sync one."""
    found = list(inspect.signature(fetching.fetch).parameters.values())
    given = [(p.name, str(p.annotation).replace("os.PathLike", "PathLike"), default(p)) for p in found]
    first = sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in found)
    return f"\nasync def fetch({joined(given[:first])}, *, {joined(given[first:])}) -> Usage: ...\n{OTHERS}"


def client(facts: Any, is_async: bool) -> str:
    """Return the stub of one client class."""
    own = [stubbed(parameter) for parameter in keywords(facts)]
    if facts["base_url"] is None:
        own.append(("base_url", "str", ""))
    names = [name for name, *_ in own]
    shared = [(key, kind, literal(_client.DEFAULTS[key])) for key, kind in OPTIONS.items() if key not in names]
    required_first = sorted([*own, *shared], key=lambda p: p[2] != "")
    lines = ["", f"class {facts['class']}({base(is_async)}):", *docstring(class_doc(facts), 4)]
    lines.append(f"    def __init__(self, *, {joined(required_first)}) -> None: ...")
    for what in (*facts["operations"], *facts["composites"]):
        lines += both_forms(what, is_async, facts["name"])
    return "\n".join(lines) + "\n"


def docstring(doc: str, indent: int) -> list[str]:
    """Return the lines of a docstring."""
    mark = '"""'
    text = f"{mark}{doc}{mark}" if "\n" in doc.strip() else f"{mark}{doc.strip()}{mark}"
    return textwrap.indent(text, " " * indent).split("\n")


def stubbed(parameter: tuple[str, str, bool, object]) -> Parameter:
    """Return a parameter of the tables as it stands in a stub."""
    name, kind, is_required, default = parameter
    return name, kind, "" if is_required else literal(default)


def default(parameter: inspect.Parameter) -> str:
    """Return a parameter's default as it stands in a stub; nothing if it has none."""
    return "" if parameter.default is parameter.empty else literal(parameter.default)


def both_forms(what: Any, is_async: bool, provider: str) -> list[str]:
    """Return the two overloads of the method for an operation or a composite."""
    prefix = "async def" if is_async else "def"
    given, result = [stubbed(parameter) for parameter in parameters(what)], returns(what)
    before = f"self, {joined(given)}, *" if given else "self, *"
    return [
        "    @overload",
        f"    {prefix} {what['name']}({before}, raw: Literal[False] = False) -> {result}:",
        *docstring(method_doc(what, result, provider, is_async=is_async), 8),
        "    @overload",
        f"    {prefix} {what['name']}({before}, raw: Literal[True]) -> Any: ...",
    ]


def joined(given: list[Parameter]) -> str:
    """Return parameters as they stand in a signature."""
    return ", ".join(f"{name}: {kind}" + (f" = {default}" if default else "") for name, kind, default in given)


def literal(value: Any) -> str:
    """Return a default as it stands in a stub."""
    return f'"{value}"' if isinstance(value, str) else repr(value)


if __name__ == "__main__":
    sys.exit(main())
