"""The configuration file."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import metertap
from metertap import config
from metertap.errors import InvalidArgument, MissingExtra, WrongType

WORD = "hunter2-canary"
GOOD = '[accounts.x]\nprovider = "sora"\n'


@pytest.fixture
def write(tmp_path):
    """Write the file and return its path."""

    def write(text: str) -> Path:
        file = tmp_path / "config.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def secret_of(client: metertap.Sora, simulator) -> bool:
    """True if the client's key is the simulator's: it is good for a call."""
    return client.total_sessions_this_month() > 0 and client.base_url == simulator.base_url("sora")


def file_for(write, simulator, reference: str) -> Path:
    return write(f'{GOOD}base_url = "{simulator.base_url("sora")}"\napi_key = {reference}\n')


# where secrets are


@pytest.mark.parametrize(
    "reference",
    [
        '{env = "TEST_KEY"}',
        '{file = "key"}',
        '{file = "~/key"}',
        '{command = ["cat", "KEYFILE"]}',
        '{keyring = "sora"}',
    ],
)
def test_a_secret_is_read_from_where_it_is(reference, write, usage_simulator, tmp_path, monkeypatch):
    key = usage_simulator.credentials("sora")["api_key"]
    (tmp_path / "key").write_text(f"{key}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TEST_KEY", key)
    keyring = ModuleType("keyring")
    keyring.get_password = lambda service, user: key if (service, user) == ("metertap", "sora") else None
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    file = file_for(write, usage_simulator, reference.replace("KEYFILE", str(tmp_path / "key")))
    clients = config.load(file)
    assert list(clients) == ["x"]
    assert clients["x"].name == "x"
    assert secret_of(clients["x"], usage_simulator)


def test_a_command_runs_once_and_not_in_a_shell(write, usage_simulator, tmp_path):
    script = tmp_path / "tell.py"
    script.write_text(
        f"import sys; open({str(tmp_path / 'runs')!r}, 'a').write('x'); assert sys.argv[1] == '$HOME;'; "
        f"print({usage_simulator.credentials('sora')['api_key']!r})"
    )
    reference = f'{{command = ["{sys.executable}", "{script}", "$HOME;"]}}'
    client = config.load(file_for(write, usage_simulator, reference))["x"]
    assert client.status_this_month().total_sessions_this_month > 0
    assert (tmp_path / "runs").read_text() == "x"


def test_settings_may_be_elsewhere_too(write, monkeypatch):
    monkeypatch.setenv("TEST_URL", "https://example.com")
    monkeypatch.setenv("TEST_KEY", WORD)
    text = f'{GOOD}base_url = {{env = "TEST_URL"}}\napi_key = {{env = "TEST_KEY"}}\ntimeout = 5\nretries = 0\n'
    assert config.load(write(text))["x"].base_url == "https://example.com"


def test_accounts_are_read_without_their_secrets(write):
    text = '[accounts.b]\nprovider = "sora"\napi_key = {env = "NOT_SET_ANYWHERE"}\n'
    text += (
        '[accounts.a]\nprovider = "uipath"\norganization_id = "11111111-1111-1111-1111-111111111111"\n'
        'consumable_code = "PLTU"\ntoken = {command = ["false"]}\n'
    )
    accounts = config.accounts(write(text))
    assert [(one.name, one.provider, one.consumable_code) for one in accounts.values()] == [
        ("b", "sora", None),
        ("a", "uipath", "PLTU"),
    ]


def test_the_variable_names_the_file(write, monkeypatch, tmp_path):
    monkeypatch.setenv("METERTAP_CONFIG", str(write(f'{GOOD}api_key = {{env = "HOME"}}\n')))
    assert list(config.accounts()) == ["x"]
    monkeypatch.delenv("METERTAP_CONFIG")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(InvalidArgument, match=r"there is no configuration file .*/\.config/metertap/config\.toml; "):
        config.accounts()


# what is wrong


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (f'{GOOD}api_key = "{WORD}"', 3, "account 'x': api_key must not stand here itself; write where it is"),
        (f'{GOOD}\napi_key = {{env = "NOT_SET_ANYWHERE"}}', 4, "the environment variable NOT_SET_ANYWHERE is not set"),
        (f'{GOOD}api_key = {{file = "none"}}', 3, "none cannot be read: No such file or directory"),
        (f'{GOOD}api_key = {{file = "empty"}}', 3, "file 'empty' gave nothing"),
        (f'{GOOD}api_key = {{file = "binary"}}', 3, "binary is not UTF-8"),
        (f'{GOOD}api_key = {{command = ["false"]}}', 3, "false ended with status 1"),
        (f'{GOOD}api_key = {{command = ["/none/such"]}}', 3, "/none/such cannot be run: No such file or directory"),
        (f'{GOOD}api_key = {{command = ["printf", "\\\\377"]}}', 3, "printf printed what is not UTF-8"),
        (f'{GOOD}api_key = {{command = "pass sora"}}', 3, "command wants a list of texts"),
        (f"{GOOD}api_key = {{command = []}}", 3, "command wants a list of texts"),
        (f"{GOOD}api_key = {{env = 3}}", 3, "env wants a text"),
        (f'{GOOD}api_key = {{envv = "X"}}', 3, "expected one of {env = …}, {keyring = …}, {file = …}, {command = …}"),
        (f"{GOOD}api_key = {{}}", 3, "expected one of {env = …}, {keyring = …}, {file = …}, {command = …}"),
        (f'{GOOD}api_key = {{env = "A", file = "b"}}', 3, "expected one of"),
        (f'{GOOD}api_kye = {{env = "HOME"}}', 3, "api_kye is nothing that sora takes; did you mean api_key?"),
        (f'{GOOD}name = "y"', 3, "name is nothing that sora takes"),
        (f'{GOOD}api_key = {{env = "HOME"}}\nbase_url = "https:///h"', 4, 'base_url "https:///h" has no host behind'),
        (f'{GOOD}api_key = {{env = "LATIN"}}', 3, "the environment variable LATIN is not UTF-8"),
        (f'{GOOD}api_key = {{file = "a\\u0000b"}}', 3, "cannot be the name of a file"),
        (f'{GOOD}api_key = {{file = "~nobody-such/x"}}', 3, "begins with a home that cannot be found"),
        (f'{GOOD}api_key = {{command = ["a\\u0000b"]}}', 3, "its words hold a NUL"),
        (f"{GOOD}api_key = {'[' * 5000}", None, "not TOML: it cannot be read (RecursionError)"),
        (f"{GOOD}timeout = {'9' * 5000}", None, "not TOML: it cannot be read (ValueError)"),
        (f'{GOOD}api_key = {{env = "HOME"}}\ntimeout = "soon"', 4, "timeout must be seconds as a number, not str"),
        (f'{GOOD}api_key = {{env = "HOME"}}\nconsumable_code = "AIU"', 4, "for uipath only"),
        (GOOD, 1, "account 'x': api_key must be given"),
        ('[accounts.x]\nprovider = "soar"', 2, "provider must be one of "),
        ("[accounts.x]\n", 1, "provider must be one of "),
        ("\nx = = 1", 2, "not TOML: Invalid value"),
        ("\n[other]\n", 2, "'other' is not known here; accounts are tables like [accounts.NAME]"),
        ("accounts = 3", None, "accounts are tables like [accounts.NAME]"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(text, line, message, write, tmp_path, monkeypatch):
    monkeypatch.setenv("LATIN", "caf\udce9")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    file = write(text)
    with pytest.raises(InvalidArgument) as raised:
        config.load(file)
    place = str(file) if line is None else f"{file}:{line}"
    assert str(raised.value).startswith(f"{place}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path):
    with pytest.raises(InvalidArgument, match=r"cannot be read: Is a directory$"):
        config.load(tmp_path)
    (tmp_path / "latin").write_bytes(b"# \xe9\n")
    with pytest.raises(InvalidArgument, match=r"latin is not UTF-8$"):
        config.load(tmp_path / "latin")


@pytest.mark.parametrize(
    ("path", "kind", "says"),
    [
        ("\0", InvalidArgument, r"'\\x00' cannot be the name of a file"),
        ("a\0b.toml", InvalidArgument, r"cannot be the name of a file"),
        (3, WrongType, r"path must be a str or a path, not int"),
        ("~nobody-such/x", InvalidArgument, r"begins with a home that cannot be found"),
        ("x" * 10_000, InvalidArgument, r"cannot be read: File name too long"),
    ],
)
def test_a_path_that_can_be_none_is_refused(path, kind, says):
    for read in (config.load, config.accounts):
        with pytest.raises(kind, match=says):
            read(path)


def test_a_command_that_does_not_end_is_given_up(write, monkeypatch):
    monkeypatch.setattr(config, "COMMAND_SECONDS", 0.2)
    with pytest.raises(InvalidArgument, match=r"sleep did not end within 0\.2 s$"):
        config.load(write(f'{GOOD}api_key = {{command = ["sleep", "20"]}}'))


def test_a_missing_package_is_a_sentence_with_the_command_that_installs_it(write, monkeypatch):
    file = write(f'{GOOD}api_key = {{keyring = "sora"}}')
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(MissingExtra, match=r"config\.toml:3: account 'x': api_key: .*: pip install keyring$"):
        config.load(file)
    monkeypatch.setitem(sys.modules, "tomllib", None)
    monkeypatch.setitem(sys.modules, "tomli", None)
    with pytest.raises(MissingExtra, match=r"pip install 'metertap\[cli\]'$"):
        config.load(file)


def test_a_keyring_that_has_nothing_or_fails_is_a_sentence(write, monkeypatch):
    class KeyringError(Exception):
        pass

    def locked(service: str, user: str) -> str:
        raise KeyringError(f"{service} {user} {WORD}")

    keyring = ModuleType("keyring")
    keyring.errors = SimpleNamespace(KeyringError=KeyringError)
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    file = write(f'{GOOD}api_key = {{keyring = "sora"}}')
    keyring.get_password = lambda service, user: None
    with pytest.raises(InvalidArgument, match=r"the keyring has no 'sora' .* keyring set metertap sora$"):
        config.load(file)
    keyring.get_password = locked
    with pytest.raises(InvalidArgument, match=r"the keyring cannot be read \(KeyringError\)$"):
        config.load(file)


# secrets


@pytest.mark.parametrize(
    "text",
    [
        f'{GOOD}api_key = "{WORD}"',
        f'{GOOD}api_key = {{env = "TEST_KEY"}}\nbase_url = "nowhere"',
        f'{GOOD}api_key = {{command = ["sh", "-c", "echo $TEST_KEY; exit 3"]}}',
        f'{GOOD}api_key = {{env = "TEST_KEY"}}\nproxy = "http://me:{WORD}@["',
    ],
)
def test_no_message_and_no_traceback_shows_a_secret(text, write, monkeypatch):
    monkeypatch.setenv("TEST_KEY", WORD)
    with pytest.raises(InvalidArgument) as raised:
        config.load(write(text))
    trace = traceback.TracebackException.from_exception(raised.value)
    assert WORD not in "".join(trace.format())
    assert WORD not in repr(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        f'{GOOD}api_key = {{env = "TEST_KEY"}}\nbase_url = "nowhere"',
        f'{GOOD}api_key = "{WORD}"',
        f'{GOOD}api_key = {{env = "TEST_KEY"}}\nproxy = "http://me:{WORD}@["',
        f'{GOOD}api_key = "{WORD}"\nx = =',
        f'{GOOD}api_kye = "{WORD}"',
        f'{GOOD}api_key = {{command = ["sh", "-c", "echo $TEST_KEY; exit 3"]}}',
        f'{GOOD}api_key = {{command = ["sh", "-c", "echo $TEST_KEY; printf \\\\377"]}}',
        f'{GOOD}api_key = {{file = "latin"}}',
        f'[accounts]\nx = "{WORD}"',
    ],
)
def test_variables_in_a_traceback_show_no_secret(text, write, monkeypatch, tmp_path):
    monkeypatch.setenv("TEST_KEY", WORD)
    (tmp_path / "latin").write_bytes(f"{WORD} caf\xe9".encode("latin-1"))
    with pytest.raises(InvalidArgument) as raised:
        config.load(write(text))
    # Nor does anything that hangs on to the error: the output of a program, a decoder's input.
    assert WORD not in str([vars(error) for error in (raised.value, raised.value.__context__) if error])
    assert not isinstance(raised.value.__context__, UnicodeError)
    trace = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    frames = [frame for frame in trace.stack if "metertap" in Path(frame.filename).parts]
    assert {frame.name for frame in frames} >= {"load"}
    assert WORD not in str([frame.locals for frame in frames])


def test_an_account_shows_neither_secrets_nor_settings(write):
    file = write(f'{GOOD}api_key = "{WORD}"')
    assert repr(config.accounts(file)["x"]) == (
        f"Account(name='x', provider='sora', consumable_code=None, file={file!r})"
    )
