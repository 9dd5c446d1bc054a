"""Accounts by name: from what is passed, the environment, the file and the keyring, in that order."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support import Door

import metertap as mt
from metertap import config
from metertap.errors import InvalidArgument, WrongType
from metertap.simulator import Simulator

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CANARY = "canary-51c0ffee"


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    with Simulator(seed=7, now="2026-04-15") as simulator:
        yield simulator


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A keyring of the test's own."""
    words: dict[str, str] = {}
    keyring: Any = ModuleType("keyring")
    keyring.get_password = lambda service, user: words.get(user) if service == "metertap" else None
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    return words


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: Simulator) -> Path:
    """A file with an account whose address is the simulator's."""
    path = tmp_path / "config.toml"
    path.write_text(f'[accounts.my-sora]\nprovider = "sora"\nbase_url = "{world.base_url("sora")}"\n')
    monkeypatch.setenv("METERTAP_CONFIG", str(path))
    monkeypatch.delenv("METERTAP_MY_SORA_API_KEY", raising=False)
    return path


def works(door: Door, client: Any) -> bool:
    try:
        return bool(door.ask(client, "total_sessions_this_month") > 0)
    except mt.AuthenticationFailed:
        return False


def test_an_argument_goes_before_the_environment_and_that_before_the_file_and_that_before_the_keyring(
    door: Door, world: Simulator, file: Path, kept: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, connect = world.credentials("sora")["api_key"], door.module.connect
    with pytest.raises(
        InvalidArgument, match=r"config.toml:1: account 'my-sora': api_key must be given: write api_key = "
    ):
        connect("my-sora")
    kept["my-sora.api_key"] = key
    assert works(door, connect("my-sora"))
    monkeypatch.setenv("FROM_FILE", "the wrong key")
    file.write_text(file.read_text() + 'api_key = {env = "FROM_FILE"}\n')
    assert not works(door, connect("my-sora"))
    monkeypatch.setenv("METERTAP_MY_SORA_API_KEY", key)
    assert works(door, connect("my-sora"))
    assert not works(door, connect("my-sora", api_key="the wrong key, too"))
    monkeypatch.setenv("METERTAP_MY_SORA_API_KEY", "the wrong key, again")
    assert works(door, connect("my-sora", api_key=key))
    assert connect("my-sora", api_key=key).name == "my-sora"
    assert isinstance(connect("my-sora", api_key=key), door.module.Sora)


def test_a_providers_name_needs_no_file(
    door: Door, world: Simulator, tmp_path: Path, kept: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("METERTAP_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    given = world.credentials("volcengine")
    monkeypatch.setenv("METERTAP_VOLCENGINE_ACCESS_KEY", given["access_key"])
    kept["volcengine.secret_key"] = given["secret_key"]
    assert door.module.connect("volcengine").name == "volcengine"
    assert door.module.connect("sora", api_key="a key", name="other").name == "other"
    with pytest.raises(InvalidArgument, match=r"^account 'sora': api_key must be given: write .*METERTAP_SORA_API_KEY"):
        door.module.connect("sora")


def test_without_a_file_five_lines_of_toml_are_shown_and_these_work(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("METERTAP_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for ask in (lambda: door.module.connect("production"), door.module.accounts, config.load):
        with pytest.raises(InvalidArgument) as error:
            ask()
        sentence, lines = str(error.value).split("\n\n")
        assert sentence.startswith(f"there is no configuration file {tmp_path}/.config/metertap/config.toml; write one")
        assert len(lines.splitlines()) == 5
        written = tmp_path / "written.toml"
        written.write_text(lines)
        assert tomllib.loads(lines)["accounts"]["production"]["provider"] == "sora"
        monkeypatch.setenv("SORA_API_KEY", "a key")
        assert config.load(written)["production"].provider == "sora"


def test_a_name_that_there_is_not_says_which_there_are(door: Door, file: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"config.toml has no account 'my-soar'; did you mean 'my-sora'\?$"):
        door.module.connect("my-soar")
    with pytest.raises(InvalidArgument, match=r"has no account 'xyz'; there are my-sora\.$"):
        door.module.connect("xyz")
    with pytest.raises(WrongType, match=r"name must be the name of an account, not int"):
        door.module.connect(7)


def test_accounts_print_as_a_table_without_a_secret(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(file.read_text() + f'api_key = "{CANARY}"\n[accounts.my-sora.select]\nmeters = ["sora.egress"]\n')
    told = repr(mt.accounts())
    assert told.splitlines()[0].split() == ["account", "provider", "secrets", "asked"]
    assert "meters = ['sora.egress']" in told
    monkeypatch.setenv("METERTAP_MY_SORA_API_KEY", "k")
    assert "api_key: env METERTAP_MY_SORA_API_KEY" in repr(mt.accounts())
    assert CANARY not in told + mt.accounts()._repr_html_()


def test_a_secret_in_clear_is_refused_with_the_command_that_mends_it(
    door: Door, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(file.read_text() + f'api_key = "{CANARY}"\n')
    for variable in (None, "a good key"):
        if variable:
            monkeypatch.setenv("METERTAP_MY_SORA_API_KEY", variable)
        with pytest.raises(InvalidArgument) as error:
            door.module.connect("my-sora")
        told = str(error.value)
        assert told.startswith(
            f"{file}:4: account 'my-sora': api_key must not stand here itself; write where it is, such as"
        )
        assert 'run: keyring set metertap my-sora.api_key, and write api_key = {keyring = "my-sora.api_key"}' in told
        trace = traceback.TracebackException.from_exception(error.value, capture_locals=True)
        assert CANARY not in "".join(trace.format())


def test_what_is_passed_shows_in_no_traceback_of_ours(door: Door, file: Path) -> None:
    with pytest.raises(InvalidArgument) as error:
        door.module.connect("my-sora", api_key=CANARY, base_url="nowhere")
    trace = traceback.TracebackException.from_exception(error.value, capture_locals=True)
    ours = [frame for frame in trace.stack if "site-packages" in frame.filename]
    assert {frame.name for frame in ours} >= {"connected", "client"}
    assert CANARY not in str([frame.locals for frame in ours])


def test_fetch_takes_the_accounts_of_a_file_as_they_are(
    world: Simulator, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METERTAP_MY_SORA_API_KEY", world.credentials("sora")["api_key"])
    file.write_text(file.read_text() + '[accounts.my-sora.select]\nmeters = ["sora.egress"]\n')
    usage = mt.fetch(mt.accounts(), "2026-03", now="2026-04-15")
    assert {row["meter"] for row in usage.to_dicts()} == {"sora.egress"}
    assert len(mt.fetch(mt.accounts()["my-sora"], "2026-03", now="2026-04-15")) == len(usage)
    assert len(mt.fetch(config.load(), "2026-03", now="2026-04-15")) > len(usage)
    with pytest.raises(WrongType, match=r"not str; write metertap.connect\('sora'\)\.$"):
        mt.fetch("sora", "2026-03")


def test_what_is_asked_in_a_file_is_refused_in_the_files_words(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    organization = 'organization_id = "11111111-1111-1111-1111-111111111111"\n'
    monkeypatch.setenv("METERTAP_ROBOTS_TOKEN", "a token")
    file.write_text(f'[accounts.robots]\nprovider = "uipath"\n{organization}')
    with pytest.raises(InvalidArgument) as error:
        mt.plan(mt.accounts(), "2026-03")
    assert str(error.value).endswith('name them: write consumable_code = ["AIU"] in [accounts.robots.select].')
    file.write_text(file.read_text() + '[accounts.robots.select]\nconsumable_codes = ["AIU"]\n')
    with pytest.raises(
        InvalidArgument, match=r"\[accounts\.robots\.select\] has no key .consumable_codes.; did you mean"
    ):
        mt.plan(mt.accounts(), "2026-03")
