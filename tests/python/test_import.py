"""What importing metertap costs and touches, and what the wheel holds."""

from __future__ import annotations

import importlib.metadata
import json
import pickle
import re
import sys
from pathlib import Path

import pytest
from support import PROVIDERS, run_python

import metertap
from metertap._build import BUILT_IN


def test_importing_starts_nothing_and_opens_nothing() -> None:
    code = """
import os, sys, threading
sockets = []
sys.addaudithook(lambda event, args: sockets.append(event) if event.startswith(("socket.", "subprocess.")) else None)
import metertap, metertap.aio, metertap.clients, metertap.errors
threads = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1
print(threads, threading.active_count(), sockets)
"""
    assert run_python(code) == "1 1 []\n"


def test_building_a_client_opens_nothing_either() -> None:
    code = """
import os, sys
sockets = []
sys.addaudithook(lambda event, args: sockets.append(event) if event.startswith("socket.") else None)
import metertap
metertap.Sora(api_key="k"), metertap.aio.Sora(api_key="k")
print(len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1, sockets)
"""
    assert run_python(code) == "1 []\n"


def imported(statement: str) -> set[str]:
    code = f"""
import json, sys
before = set(sys.modules)
{statement}
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    # -I: neither the environment nor this folder counts; -S would hide the package itself.
    return set(json.loads(run_python(code, flags=["-I"])))


@pytest.mark.parametrize("statement", ["import metertap", "import metertap.aio", "from metertap import Sora, errors"])
def test_importing_brings_no_heavy_module_and_none_of_others(statement: str) -> None:
    modules = imported(statement)
    heavy = {"asyncio", "numpy", "pandas", "polars", "pyarrow", "ssl", "socket", "inspect", "dataclasses", "typing"}
    heavy |= {"http.client", "urllib.request", "email", "logging", "json", "tempfile", "subprocess", "threading"}
    heavy |= {"metertap.models", "metertap.simulator", "metertap.cli", "metertap.pytest_plugin"}
    assert not modules & heavy
    strangers = {name.split(".")[0] for name in modules} - set(sys.stdlib_module_names) - {"metertap"}
    assert strangers == set()


def test_the_table_of_a_provider_is_read_when_its_class_is_looked_up_and_no_earlier() -> None:
    code = """
import sys
asked = []
def watch(frame, event, what):
    if event == "c_call" and what.__name__ in ("provider", "providers", "meters", "shapes"):
        asked.append(what.__name__)
sys.setprofile(watch)
import metertap, metertap.aio, metertap.clients
names = [set(dir(module)) >= set(module.__all__) for module in (metertap, metertap.aio, metertap.clients)]
print(names, asked)
metertap.Sora, metertap.clients.Sora, metertap.Sora
print(asked)
sora = metertap.Sora.from_env(api_key="k")
print(asked, isinstance(sora, metertap.clients.Sora), isinstance(sora, metertap._client.Client))
print(sorted(name for name in metertap.clients.__all__ if name in vars(metertap.clients)))
"""
    lines = run_python(code, env={"METERTAP_SORA_BASE_URL": ""}).splitlines()
    assert lines == [
        "[True, True, True] []",
        "['provider']",
        "['provider', 'provider'] True True",
        "['Sora']",
    ]


def test_threads_that_look_up_a_class_at_once_get_the_same_one() -> None:
    code = """
import sys, threading
import metertap
sys.setswitchinterval(1e-6)
barrier, found = threading.Barrier(8), []
def work():
    barrier.wait()
    found.append((metertap.Volcengine, metertap.clients.Volcengine, metertap.aio.Volcengine))
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(found), len(set(found)), len({id(one) for one in found[0]}))
"""
    assert run_python(code) == "8 1 2\n"


def test_the_names_of_the_classes_are_those_of_the_tables() -> None:
    named = {facts["class"]: facts["name"] for facts in PROVIDERS.values()}
    assert named == BUILT_IN
    assert metertap.clients.__all__ == sorted(named)
    assert metertap.aio.__all__ == sorted([*named, "Ledger", "accounts", "connect", "fetch", "provider", "replay"])
    assert set(metertap.__all__) >= named.keys()
    for name in named:
        assert getattr(metertap, name) is getattr(metertap.clients, name)
        assert pickle.loads(pickle.dumps(getattr(metertap.aio, name))) is getattr(metertap.aio, name)
        assert pickle.loads(pickle.dumps(getattr(metertap, name))) is getattr(metertap, name)
    for module in (metertap.clients, metertap.aio):
        with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute 'Acme'"):
            module.Acme  # noqa: B018


def test_a_call_brings_no_asyncio_to_the_sync_door() -> None:
    assert "asyncio" not in imported(
        "from metertap.simulator import Simulator\n"
        "with Simulator(seed=7) as simulator: simulator.client('sora').total_sessions_this_month()"
    )


def test_the_package_depends_on_nothing() -> None:
    requirements = importlib.metadata.requires("metertap") or []
    assert [line for line in requirements if "extra ==" not in line] == []


def test_what_the_extra_all_brings_is_used() -> None:
    package = Path(metertap.__file__).parent
    source = "\n".join(file.read_text(encoding="utf-8") for file in package.rglob("*.py"))
    lines = [line for line in importlib.metadata.requires("metertap") or [] if "extra ==" in line]
    brought = {re.split(r"[^\w-]", line)[0] for line in lines if not re.search(r"extra == ['\"]test['\"]", line)}
    brought -= {"metertap"}
    assert brought >= {"pandas", "polars", "pyarrow", "matplotlib", "deltalake", "pyspark", "tqdm"}
    for name in brought:
        assert re.search(rf"needed\(\s*[\"']{name}\b|[\"']{name}[\"']|import {name}\b", source), name


def files() -> set[str]:
    return {str(file) for file in importlib.metadata.files("metertap") or ()}


@pytest.mark.parametrize(
    "name", ["py.typed", "_core.pyi", "clients.pyi", "aio.pyi", "__init__.py", "models/__init__.py"]
)
def test_the_wheel_has_what_type_checkers_need(name: str) -> None:
    assert f"metertap/{name}" in files()


def test_the_wheel_has_its_licences_and_nothing_strange() -> None:
    inside = files()
    for licence in ("LICENSE", "LICENSE-APACHE"):
        assert any(name.endswith(f".dist-info/licenses/{licence}") for name in inside)
    package = {name for name in inside if name.startswith("metertap/") and "__pycache__" not in name}
    data = {"metertap/provider.schema.json"}
    assert data <= package
    assert {name.rsplit(".", 1)[-1] for name in package - data} <= {"py", "pyi", "so", "pyd", "typed"}
    others = {name.split("/")[0] for name in inside - package if "__pycache__" not in name} - {".."}
    assert others == {f"metertap-{metertap.__version__}.dist-info"}
    assert not any("test" in name.removeprefix("metertap/").removeprefix("pytest_plugin") for name in package)


def test_the_core_is_built_for_every_python_from_3_10_on() -> None:
    [core] = [name for name in files() if name.startswith("metertap/_core.") and not name.endswith(".pyi")]
    assert "abi3" in core or sys.platform == "win32"


def test_the_version_is_that_of_the_package() -> None:
    assert metertap.__version__ == metertap._core.__version__ == importlib.metadata.version("metertap")


def test_all_public_names_are_there() -> None:
    assert len(set(metertap.__all__)) == len(metertap.__all__)
    for name in metertap.__all__:
        assert getattr(metertap, name) is not None
    assert set(metertap.__all__) <= set(dir(metertap))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        metertap.nonsense  # noqa: B018


def test_a_second_import_is_the_same_and_a_fresh_one_works() -> None:
    code = """
import importlib, sys
import metertap
again = importlib.reload(metertap)
print(again is metertap)
for name in [name for name in sys.modules if name.startswith("metertap")]:
    del sys.modules[name]
try:
    import metertap
    print(metertap.Sora(api_key="k"))
except ImportError as error:
    print("Sora")
"""
    first, second = run_python(code).splitlines()
    assert first == "True"
    assert second.startswith("Sora")


def test_the_fixture_of_the_package_is_a_simulator(usage_simulator: metertap.simulator.Simulator) -> None:
    assert usage_simulator.now.isoformat() == "2026-04-15T12:00:00+00:00"
    assert usage_simulator.client("sora").total_sessions_this_month() > 0


def test_the_module_of_types_can_be_imported_and_names_the_options_of_every_client() -> None:
    from metertap.typing import ClientOptions

    options = {
        "name": "mine",
        "base_url": "http://127.0.0.1:9",
        "timeout": 1.0,
        "retries": 0,
        "max_concurrency": 1,
        "max_per_second": 1.0,
        "ca_file": None,
        "proxy": None,
        "on_event": None,
    }
    assert options.keys() == ClientOptions.__optional_keys__
    assert metertap.Sora(api_key="a key", **options).name == "mine"
