"""What can be found out without the docs: names, signatures, examples, and what an error tells."""

from __future__ import annotations

import asyncio
import inspect
import pkgutil
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from support import CLASSES, METHODS, PROVIDERS, Door, run_python

import metertap as mt
from metertap import _build
from metertap.errors import InvalidArgument, WrongType
from metertap.simulator import Simulator

MODULES = [name for name in dir(mt) if inspect.ismodule(getattr(mt, name))]


# Names


def test_dir_shows_what_is_public_and_nothing_else() -> None:
    assert {"simulator", "config", "aio", "clients", "errors", "events", "typing", "models"} <= set(MODULES)
    assert set(dir(mt)) == {*mt.__all__, *MODULES}
    assert not {"TYPE_CHECKING", "annotations"} & set(dir(mt))
    assert [name for name in dir(mt) if name.startswith("_")] == ["__version__"]


@pytest.mark.parametrize("name", MODULES)
def test_dir_of_a_module_shows_what_is_public_and_nothing_else(name: str) -> None:
    module = getattr(mt, name)
    assert dir(module) == sorted(module.__all__)
    for public in module.__all__:
        assert getattr(module, public) is not None


def test_every_module_of_the_package_is_public_or_the_home_of_public_names() -> None:
    homes = {"catalogue", "cli", "fetching", "focus", "ledger", "planning", "plot", "pytest_plugin", "usage"}
    found = {info.name for info in pkgutil.iter_modules(mt.__path__) if not info.name.startswith("_")}
    assert found - homes <= set(MODULES)


def test_a_public_module_is_there_without_an_import_of_its_own() -> None:
    told = run_python("import metertap; print(metertap.config.load.__name__, metertap.simulator.Simulator.__name__)")
    assert told == "load Simulator\n"


def test_every_public_name_has_a_docstring_with_an_example() -> None:
    without = []
    for name in mt.__all__:
        value = getattr(mt, name)
        if inspect.isfunction(value) and ">>>" not in (value.__doc__ or ""):
            without.append(name)
    assert without == []


# Signatures


def shown(parameters: Iterator[inspect.Parameter]) -> list[tuple[str, object]]:
    return [(one.name, one.default) for one in parameters]


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_every_native_method_has_the_signature_of_its_operation(method: Any, door: Door) -> None:
    function = getattr(getattr(door.module, CLASSES[method.provider]), method.name)
    facts = next(one for one in PROVIDERS[method.provider]["operations"] if one["name"] == method.name)
    expected = [
        (name, inspect.Parameter.empty if required else default)
        for name, _, required, default in _build.parameters(facts)
    ]
    signature = inspect.signature(function)
    assert shown(iter(signature.parameters.values())) == [("self", inspect.Parameter.empty), *expected, ("raw", False)]
    assert not {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} & {
        one.kind for one in signature.parameters.values()
    }
    assert signature.return_annotation == method.returns
    assert ">>>" in function.__doc__


@pytest.mark.parametrize("name", CLASSES.values())
def test_every_client_shows_the_keywords_that_it_takes(name: str, door: Door) -> None:
    facts = PROVIDERS[getattr(mt, name)._provider]
    signature = inspect.signature(getattr(door.module, name))
    assert [*signature.parameters] == [*facts["keywords"], "options"]
    assert all(one.kind is not one.POSITIONAL_OR_KEYWORD for one in signature.parameters.values())


def test_a_notebook_shows_and_completes_what_a_method_takes() -> None:
    from IPython.core.completer import provisionalcompleter
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.push({"live": mt.Volcengine(access_key="k", secret_key="s"), "mt": mt})
    definition = shell.object_inspect("live.time_shift_data")["definition"]
    assert "aggregation: 'int' = 86400" in definition
    assert "*values" not in definition
    with provisionalcompleter():
        found = {one.text for one in shell.Completer.completions("live.time_shift_data(agg", 24)}
    assert "aggregation=" in found


# Accounts made by hand


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        (
            "Sora",
            {},
            'Sora() needs api_key=: write Sora(api_key="…"), or Sora.from_env(), which reads METERTAP_SORA_API_KEY, or'
            ' metertap.connect("NAME") for an account of the accounts file.',
        ),
        ("Sora", {"apikey": "a secret"}, "Sora has no argument 'apikey'; did you mean 'api_key'?"),
        ("Ricoh", {}, 'Ricoh() needs client_id= and client_secret=: write Ricoh(client_id="…", client_secret="…"), or'),
        ("UiPath", {"token": "a secret"}, "UiPath() needs organization_id=: write UiPath(organization_id="),
        ("Volcengine", {"access_key": "a secret"}, "Volcengine() needs secret_key=: write Volcengine(access_key="),
    ],
)
def test_an_account_without_its_key_says_what_to_pass_and_where_else_it_may_come_from(
    name: str, given: dict[str, Any], sentence: str, door: Door
) -> None:
    with pytest.raises(WrongType) as error:
        getattr(door.module, name)(**given)
    assert isinstance(error.value, TypeError)
    assert str(error.value).startswith(sentence)
    assert "a secret" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("UiPath", {"organization_id": "11111111-1111-1111-1111-111111111111"}),
        ("DeviceWise", {"base_url": "https://x.example"}),
    ],
)
def test_an_account_that_may_log_in_in_several_ways_says_them_and_where_else(name: str, given: Any, door: Door) -> None:
    with pytest.raises(InvalidArgument) as error:
        getattr(door.module, name)(**given)
    assert f"{name}.from_env(), which reads environment variables, or metertap.connect(" in str(error.value)


@pytest.mark.parametrize("name", CLASSES.values())
def test_a_word_without_its_keyword_says_what_to_write_and_is_shown_nowhere(name: str, door: Door) -> None:
    with pytest.raises(WrongType) as error:
        getattr(door.module, name)("canary-7f3a")
    assert str(error.value).startswith(f"{name}() takes keywords only: write {name}(")
    told = "".join(traceback.TracebackException.from_exception(error.value, capture_locals=True).format())
    ours = [
        part
        for part in told.split("  File ")
        if "metertap" in part.partition(",")[0] and "test_" not in part.partition(",")[0]
    ]
    assert ours
    assert not any("canary-7f3a" in part for part in ours)


def test_from_env_says_what_it_needs_and_where_it_looked(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("METERTAP_SORA_API_KEY", raising=False)
    with pytest.raises(InvalidArgument, match=r"^Sora needs api_key; looked for METERTAP_SORA_API_KEY, "):
        door.module.Sora.from_env()


# With


def test_a_client_works_in_a_with_block_and_after_it(simulator: Simulator) -> None:
    with simulator.client("sora") as sora:
        inside = sora.total_sessions_this_month()
    assert sora.total_sessions_this_month() == inside > 0


def test_a_client_works_in_an_async_with_block(simulator: Simulator) -> None:
    async def main() -> tuple[int, int]:
        async with simulator.client("sora", aio=True) as sora:
            inside = await sora.total_sessions_this_month()
        return inside, await sora.total_sessions_this_month()

    inside, after = asyncio.run(main())
    assert inside == after > 0


def test_a_client_of_the_sync_door_is_none_for_async_with(simulator: Simulator) -> None:
    async def main() -> None:
        async with simulator.client("sora"):
            pass

    with pytest.raises((TypeError, AttributeError)):
        asyncio.run(main())
