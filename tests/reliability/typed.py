"""F19: the stubs say what the code does, strict type checking finds nothing, and every public name is documented."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from typing import Any

from figures import ROOT, figure

import metertap


def checked(*command: str) -> tuple[bool, str]:
    """Run a checker and return whether it is content, and its last line."""
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False, cwd=ROOT)
    lines = (done.stdout + done.stderr).strip().splitlines()
    print("\n".join(lines[-20:]), flush=True)
    return done.returncode == 0, lines[-1] if lines else ""


def undocumented() -> tuple[int, list[str]]:
    """Return how many public names there are, and those without a docstring."""
    named, bare = 0, []
    modules = [metertap] + [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(metertap.__path__, "metertap.")
        if not any(part.startswith("_") for part in found.name.split("."))
    ]
    for module in modules:
        for name in getattr(module, "__all__", []):
            value: Any = getattr(module, name)
            if not (inspect.isclass(value) or inspect.isroutine(value) or inspect.ismodule(value)):
                continue
            named += 1
            bare += [] if inspect.getdoc(value) else [f"{module.__name__}.{name}"]
            members = vars(value).items() if inspect.isclass(value) else ()
            for member, what in members:
                if not member.startswith("_") and (inspect.isroutine(what) or isinstance(what, property)):
                    named += 1
                    bare += [] if inspect.getdoc(what) else [f"{module.__name__}.{name}.{member}"]
    return named, bare


def main() -> None:
    stubs_fit, stubs = checked("mypy.stubtest", "metertap", "--mypy-config-file", "pyproject.toml")
    types_fit, types = checked("mypy")
    named, bare = undocumented()
    reached = f"stubtest: {stubs}; mypy: {types}; {named - len(bare)} of {named} public names documented"
    figure("F19", reached, stubs_fit and types_fit and not bare, ", ".join(bare[:5]))


if __name__ == "__main__":
    main()
