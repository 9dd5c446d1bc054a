"""Pages that run: every block of README and of docs is done, from a page's top to its end.

| block | what is done with it |
|---|---|
| ``python`` | run; names go on from block to block |
| a language and a file, such as ``toml acme.toml`` | added to that file |
| ``toml``, ``json`` without a file | read |
| ``console`` | lines that begin with ``$`` are run; below is what they print, in which ``…`` is anything |
| ``sh`` | each line is run; of ``pip install`` and ``make`` it is checked that extras and targets exist |
| ``text``, or no language | nothing: what a program printed, a crontab |

The services are a simulator's: whatever credentials a page gives a client, in Python, in the environment or in an
accounts file, they become the simulator's, and so does the address.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import metertap
from metertap import clients
from metertap.simulator import Simulator

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^( *)```(\w*)(?: (\S+))?\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
#: Programs that a line may run.
PROGRAMS = ("metertap", "python", "sed", "cat", "ls", "head")


class Moved:
    """A client class whose clients ask a simulator."""

    def __init__(self, client: type, simulator: Simulator) -> None:
        self._client, self._simulator = client, simulator

    def __call__(self, **given: Any) -> Any:
        if str(given.get("base_url", "")).startswith("http://127."):  # made by a simulator, which knows where it is
            return self._client(**given)
        provider = self._client._provider  # type: ignore[attr-defined]
        own = self._simulator.all_credentials(provider)
        for name in given.keys() & own.keys():
            # A callable stays one: what it returns is what the page made up.
            given[name] = (lambda value: lambda: value)(own[name]) if callable(given[name]) else own[name]
        return self._client(**{**given, "base_url": self._simulator.base_url(provider)})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def move(monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> None:
    """Let every client that is made, in this process and in those it starts, ask a simulator."""
    for name in clients.__all__:
        for module in (metertap, metertap.aio):
            monkeypatch.setattr(module, name, Moved(getattr(module, name), simulator))
    for provider in simulator.providers:
        facts = metertap._core.provider(provider)
        monkeypatch.setenv(f"METERTAP_{provider.upper()}_BASE_URL", simulator.base_url(provider))
        for field, value in simulator.credentials(provider).items():
            variables = [variable for name, variable in facts["environment"] if name == field]
            for variable in [*variables, f"METERTAP_{provider.upper()}_{field.upper()}"]:
                monkeypatch.setenv(variable, value)


def moved_accounts(text: str, monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> str:
    """Return an accounts file with the simulator's addresses and credentials in it."""
    own: Mapping[str, str] = {}
    lines = []
    for line in text.splitlines():
        key, _, value = (part.strip() for part in line.partition("="))
        provider = value.partition("#")[0].strip(' "')
        if line.startswith("["):
            own = {}
        if key == "provider" and provider in simulator.providers:
            own = simulator.all_credentials(provider)
            line += f'\nbase_url = "{simulator.base_url(provider)}"'
        elif key in own:
            variable = re.match(r'\{ ?env = "(\w+)" ?\}', value)
            if variable:
                monkeypatch.setenv(variable[1], own[key])
            else:
                line = f"{key} = {json.dumps(own[key])}"
        lines.append(line)
    return "\n".join(lines)


def blocks(text: str) -> Iterator[tuple[str, str, str]]:
    """Return language, file and text of each block."""
    for indent, language, file, block in FENCE.findall(text):
        yield language, file, textwrap.dedent(block) if indent else block


def run_page(text: str, folder: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, **names: Any) -> dict:
    """Do what a page says in a folder, and return the names of its Python."""
    monkeypatch.chdir(folder)
    scope: dict[str, Any] = {"__name__": "__main__", **names}
    for language, file, block in blocks(text):
        if file:
            with (folder / file).open("a", encoding="utf-8") as written:
                is_accounts = language == "toml" and "[accounts." in block
                written.write(moved_accounts(block, monkeypatch, simulator) if is_accounts else block)
                written.write("\n")
        elif language == "python":
            exec(compile(block, f"<block that begins with {block[:30]!r}>", "exec"), scope)
        elif language == "toml":
            tomllib.loads(block)
        elif language == "json":
            json.loads(block)
        elif language == "console":
            for command, wanted in re.findall(r"^\$ ([^\n]*)\n((?:(?!\$ )[^\n]*\n)*)", block, re.MULTILINE):
                printed = run_line(command, monkeypatch)
                pattern = ".*".join(map(re.escape, wanted.split("…")))
                assert not wanted or re.fullmatch(pattern, printed, re.DOTALL), f"{command}\n{printed}"
        elif language == "sh":
            for line in block.splitlines():
                command = line.partition("  #")[0].partition("# ")[0].strip()
                if command:
                    run_line(command, monkeypatch)
        else:
            assert language in ("", "text"), f"nobody runs this block of {language}"
    return scope


def run_line(command: str, monkeypatch: pytest.MonkeyPatch | None) -> str:
    """Run a line of a console, and return what it prints."""
    program, *words = shlex.split(command)
    if program == "export" and monkeypatch:
        for word in words:
            monkeypatch.setenv(*word.split("=", 1))
        return ""
    if program in ("pip", "make", "uv"):
        return check(program, words)
    assert program in PROGRAMS, command
    # A process of its own: what other tests registered is not there.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=50, env={**os.environ, "PATH": path}
    )
    return done.stdout + done.stderr


def check(program: str, words: list[str]) -> str:
    """Check that what a line installs or makes exists."""
    if program == "make":
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
        assert {word for word in words if "=" not in word} <= targets, words
        return ""
    assert words[0] == "install" or words[:2] == ["pip", "install"], words
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for extras in re.findall(r"\[([^]]*)\]", " ".join(words)):
        assert set(extras.split(",")) <= set(project["optional-dependencies"]), words
    return ""
