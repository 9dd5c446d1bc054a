"""The examples in the docstrings, run against the simulator; and every public name has a docstring."""

from __future__ import annotations

import ast
import asyncio
import dataclasses
import doctest
import importlib
import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import CLASSES, COMPOSITES, METHODS, NOW, PROVIDERS, Method

import metertap
from metertap import errors
from metertap.simulator import Simulator

MODULES = [
    "_selection",
    "catalogue",
    "clients",
    "_client",
    "aio",
    "config",
    "documents",
    "simulator",
    "errors",
    "fetching",
    "focus",
    "ledger",
    "models",
    "planning",
    "rate_card",
    "usage",
]


@pytest.fixture(scope="module")
def names() -> Iterator[dict[str, Any]]:
    """What stands in the examples without having been made there."""
    before = dict(os.environ)
    with Simulator(seed=7, now=NOW) as simulator:
        clients = {provider: simulator.client(provider) for provider in simulator.providers}
        yield {**clients, **{name: getattr(metertap, name) for name in CLASSES.values()}, "simulator": simulator} | {
            "mt": metertap
        }
    os.environ.clear()
    os.environ.update(before)


def examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = []
    for name in MODULES:
        module = importlib.import_module(f"metertap.{name}")
        found += finder.find(module, f"metertap.{name}", globs={})
    for name in CLASSES.values():
        # Its functions are made elsewhere, so that as a part of the module they would not be found.
        found += finder.find(getattr(metertap.clients, name), f"metertap.clients.{name}", module=False, globs={})  # type: ignore[arg-type]
    return [test for test in found if test.examples]


EXAMPLES = {test.name: test for test in examples()}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_shows_what_happens(
    name: str, names: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    test = EXAMPLES[name]
    test.globs = dict(names)
    if name == "metertap.aio":
        # The examples of the async door use its clients.
        simulator: Simulator = names["simulator"]
        test.globs |= {provider: simulator.client(provider, aio=True) for provider in simulator.providers}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.FAIL_FAST)
    said: list[str] = []
    result = runner.run(test, out=said.append, clear_globs=False)
    assert result.failed == 0, "".join(said)


def test_there_are_examples() -> None:
    assert {name.split(".")[1] for name in EXAMPLES} >= {"clients", "_client", "aio", "simulator"}


@pytest.mark.parametrize("method", [*METHODS, *COMPOSITES], ids=str)
def test_every_example_of_the_tables_is_run(method: Method) -> None:
    facts = PROVIDERS[method.provider]
    [what] = [one for one in (*facts["operations"], *facts["composites"]) if one["name"] == method.name]
    name = f"metertap.clients.{CLASSES[method.provider]}.{method.name}"
    assert name in EXAMPLES
    assert what["name"] in EXAMPLES[name].docstring.partition("Examples\n")[2]


@pytest.mark.parametrize("method", [*METHODS, *COMPOSITES], ids=str)
def test_an_example_of_the_async_door_awaits_and_shows_what_happens(method: Method, names: dict[str, Any]) -> None:
    text = inspect.getdoc(getattr(getattr(metertap.aio, CLASSES[method.provider]), method.name)) or ""
    simulator: Simulator = names["simulator"]
    scope = {method.provider: simulator.client(method.provider, aio=True)}
    parts = doctest.DocTestParser().get_examples(text)
    assert any("await " in part.source for part in parts)

    async def run() -> None:
        for part in parts:
            kind = "eval" if part.want else "exec"
            code = compile(part.source.strip(), "<example>", kind, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            value = eval(code, scope)
            value = await value if inspect.iscoroutine(value) else value
            assert not part.want or repr(value) == part.want.strip()

    asyncio.run(run())


@pytest.mark.parametrize("method", [*METHODS, *COMPOSITES], ids=str)
def test_what_is_said_of_an_operation_stands_in_its_docstring(method: Method) -> None:
    facts = PROVIDERS[method.provider]
    [what] = [one for one in (*facts["operations"], *facts["composites"]) if one["name"] == method.name]
    prose, text = what["prose"], inspect.getdoc(getattr(getattr(metertap, CLASSES[method.provider]), method.name)) or ""
    words = " ".join(text.split())
    arguments = [argument["doc"][1:] for argument in what.get("arguments", [])]
    for said in (what["doc"], what["page"], prose["returns"], prose["raw"], prose["notes"], *arguments):
        assert said in words
    for error, when in prose["raises"]:
        assert issubclass(getattr(errors, error), errors.MetertapError)
        assert f"{error} {when}" in words
    assert prose["example"] in text


def test_everything_that_a_table_says_of_a_client_stands_in_its_docstring() -> None:
    for provider, name in CLASSES.items():
        facts = PROVIDERS[provider]
        words = " ".join((inspect.getdoc(getattr(metertap, name)) or "").split())
        for said in (
            facts["doc"],
            facts["notes"],
            *(field["doc"][1:] for field in facts["settings"] + facts["secrets"]),
        ):
            assert " ".join(said.split()) in words


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_every_method_has_a_page_a_result_and_its_arguments_in_its_docstring(method: Method) -> None:
    text = inspect.getdoc(getattr(getattr(metertap, CLASSES[method.provider]), method.name)) or ""
    sections = ["Parameters", "Returns", "Raises"]
    assert [section for section in sections if f"{section}\n---" not in text] == []
    assert "Source:" in text or method.name == "call"
    for argument in method.arguments:
        assert argument["name"] in text


@pytest.mark.parametrize("module", ["clients", "errors", "models", "simulator", "aio", "rate_card"])
def test_every_public_name_is_documented(module: str) -> None:
    of = importlib.import_module(f"metertap.{module}")
    for name in of.__all__:
        value = getattr(of, name)
        assert inspect.getdoc(value), name
        for member, thing in vars(value).items() if inspect.isclass(value) else ():
            if not member.startswith("_") and (callable(thing) or isinstance(thing, property)):
                assert inspect.getdoc(thing), f"{name}.{member}"


def test_the_keywords_of_all_clients_are_documented_with_each() -> None:
    for name in CLASSES.values():
        lines = (inspect.getdoc(getattr(metertap, name)) or "").splitlines()
        for keyword in metertap._client.DEFAULTS:
            entry, *_ = [number for number, line in enumerate(lines) if line.startswith(f"{keyword} : ")]
            assert lines[entry + 1].startswith("    "), f"{name}: {keyword}"
        assert "**options" not in "".join(lines)


def public_names() -> Iterator[tuple[str, Any]]:
    """Yield what a user calls: public classes and functions, and their public methods; not what is returned by them."""
    modules = [metertap, *map(importlib.import_module, ("metertap.focus", "metertap.spark", "metertap.simulator"))]
    seen = set()
    for module in modules:
        for name in module.__all__:
            value = getattr(module, name)
            if not callable(value) or name in seen:
                continue
            seen.add(name)
            is_record = dataclasses.is_dataclass(value) and module is not metertap
            if not is_record and name not in CLASSES.values():
                yield name, value
            for member, thing in vars(value).items() if inspect.isclass(value) and name not in CLASSES.values() else ():
                function = getattr(thing, "__func__", thing)
                if not member.startswith("_") and inspect.isfunction(function):
                    yield f"{name}.{member}", function


@pytest.mark.parametrize(("name", "value"), list(public_names()))
def test_every_public_name_has_an_example(name: str, value: Any) -> None:
    assert ">>> " in (value.__doc__ or ""), name
