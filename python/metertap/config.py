"""Accounts from a configuration file, so that scripts and the command line need no secrets in them.

The file is ``~/.config/metertap/config.toml``, or the one that METERTAP_CONFIG names. It has a table for each account:
the provider, and the keywords of its client. Secrets never stand in it, only where they are::

    [accounts.production]
    provider = "sora"
    api_key = {env = "SORA_API_KEY"}              # an environment variable

    [accounts.streaming]
    provider = "ricoh"
    client_id = "my-client-id"
    client_secret = {keyring = "ricoh"}           # user name "ricoh" of the service "metertap" in the system's keyring

    [accounts.robots]
    provider = "uipath"
    organization_id = "00000000-0000-0000-0000-000000000000"
    token = {file = "/run/secrets/uipath"}        # a file; relative to this one
    consumable_code = "PLTU"                      # what `metertap accounts check` asks for

    [accounts.robots.select]                      # what `metertap plan` and `fetch` ask for, as in `client.select`
    consumable_code = ["AIU", "PLTU"]

    [accounts.live]
    provider = "volcengine"
    access_key = "AKLT..."
    secret_key = {command = ["pass", "volcengine"]}   # what a program prints
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metertap import _core, clients
from metertap._client import DEFAULTS
from metertap.errors import InvalidArgument, MetertapError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable

    from metertap._client import Client
    from metertap.planning import Selection

__all__ = ["Account", "accounts", "load"]

USUAL_PATH = "~/.config/metertap/config.toml"
COMMAND_SECONDS = 60
_CLASSES: dict[str, type[Client]] = {
    getattr(clients, name)._provider: getattr(clients, name) for name in clients.__all__
}


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the file describes it; no secret is read before `client` is called.

    Attributes
    ----------
    name : str
        Its label: the name of its table.
    provider : str
        The provider's name.
    consumable_code : str or None
        For UiPath: the kind of unit to ask for, where a question needs one.
    select : dict
        What `plan` and `fetch` ask of it, as the keywords of the client's `select`.
    file : Path
        The file.
    """

    name: str
    provider: str
    consumable_code: str | None
    select: dict[str, Any] = field(repr=False)
    file: Path
    _keywords: dict[str, Any] = field(repr=False)
    _lines: dict[tuple[str, str], int] = field(repr=False)

    def client(self) -> Client:
        """Read the secrets and build the client.

        Returns
        -------
        Client
            A client of `metertap`.

        Raises
        ------
        InvalidArgument
            If a secret is not where the file says, or the client refuses a keyword.
        MissingExtra
            If a secret is in the keyring, and the package ``keyring`` is not installed.
        """
        keywords = {key: self._value(key, value) for key, value in self._keywords.items()}
        try:
            make: Callable[..., Client] = _CLASSES[self.provider]
            return make(name=self.name, **keywords)
        except MetertapError as error:
            # The message begins with the keyword, if it is about one.
            raise self._blame(str(error).partition(" ")[0], error) from None

    def selection(self, **more: Any) -> Selection:
        """Read the secrets, and select what the file says.

        Parameters
        ----------
        **more
            Keywords of the client's `select` that go before the file's.

        Returns
        -------
        Selection
            To be passed to `metertap.plan` or `metertap.fetch`.

        Raises
        ------
        InvalidArgument
            As by `client`, or if the selection makes no sense; the message has the file and the line.
        """
        from metertap.planning import plan

        usual = {} if self.consumable_code is None else {"consumable_code": [self.consumable_code]}
        selection = self.client().select(**{**usual, **self.select, **more})
        try:
            # Offline, for any month: what is wrong with the selection is told with its place in the file.
            plan(selection, "2026-01-01", "2026-02-01", now="2026-01-15")
        except MetertapError as error:
            hint = f"(what is selected stands in [accounts.{self.name}.select])"
            raise self._blame("select", InvalidArgument(f"{str(error).rstrip('.')} {hint}")) from None
        return selection

    def _check_keys(self) -> None:
        parameters = inspect.signature(_CLASSES[self.provider]).parameters.values()
        own = [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
        known = ["provider", *own, *(key for key in DEFAULTS if key not in ("name", "on_event"))]
        for key in self._keywords:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise self._blame(key, InvalidArgument(f"{key} is nothing that {self.provider} takes{hint}"))
        needed = [
            parameter.name for parameter in parameters if parameter.name in own and parameter.default is parameter.empty
        ]
        if missing := [name for name in needed if name not in self._keywords]:
            raise self._blame("", InvalidArgument(f"{' and '.join(missing)} must be given"))

    def _value(self, key: str, value: Any) -> Any:
        facts = next(facts for facts in _core.providers() if facts["name"] == self.provider)
        is_secret = key in [secret["name"] for secret in facts["secrets"]]
        if not isinstance(value, dict):
            if is_secret:
                text = f'{key} must not stand here itself; write where it is, such as {key} = {{env = "VARIABLE"}}'
                raise self._blame(key, InvalidArgument(text))
            return value
        try:
            # Wrapped at once: no traceback that shows variables shows the word.
            return _core.Secret(_word(value, self.file.parent)) if is_secret else _word(value, self.file.parent)
        except MetertapError as error:
            raise self._blame(key, type(error)(f"{key}: {error}")) from None

    def _blame(self, key: str, error: MetertapError) -> MetertapError:
        table = f"accounts.{self.name}"
        line = self._lines.get((f"{table}.{key}", "")) or self._lines.get((table, key)) or self._lines.get((table, ""))
        return type(error)(f"{_place(self.file, line)}: account {self.name!r}: {error}")


def load(path: str | os.PathLike[str] | None = None) -> dict[str, Client]:
    """Build a client for every account of the configuration file.

    Parameters
    ----------
    path : str or path, optional
        The file; ``METERTAP_CONFIG`` or ``~/.config/metertap/config.toml`` if left out.

    Returns
    -------
    dict of str to Client
        The clients by the names of their accounts, in the file's order. Secrets are read now, once.

    Raises
    ------
    InvalidArgument
        If the file cannot be read, or something in it is wrong; the message has the file and the line.
    MissingExtra
        If a package is needed that is not installed.

    Examples
    --------
    >>> clients = load("accounts.toml")  # doctest: +SKIP
    >>> clients["production"].total_sessions_this_month()  # doctest: +SKIP
    1273
    """
    return {name: account.client() for name, account in accounts(path).items()}


def accounts(path: str | os.PathLike[str] | None = None) -> dict[str, Account]:
    """Read the accounts of the configuration file, but none of their secrets.

    Parameters
    ----------
    path : str or path, optional
        The file; ``METERTAP_CONFIG`` or ``~/.config/metertap/config.toml`` if left out.

    Returns
    -------
    dict of str to Account
        The accounts by name, in the file's order.

    Raises
    ------
    InvalidArgument
        If the file cannot be read, or something in it is wrong; the message has the file and the line.
    MissingExtra
        If Python has no TOML reader of its own and ``tomli`` is not installed.

    Examples
    --------
    >>> [account.provider for account in accounts("accounts.toml").values()]  # doctest: +SKIP
    ['sora', 'ricoh']
    """
    file = Path(path or os.environ.get("METERTAP_CONFIG") or USUAL_PATH).expanduser()
    text = _read(file)
    lines = _lines_of(text)
    document = _parse(file, text)
    for key in document:
        if key != "accounts":
            place = _place(file, lines.get((key, "")) or lines.get(("", key)))
            raise InvalidArgument(f"{place}: {key!r} is not known here; accounts are tables like [accounts.NAME]")
    tables = document.get("accounts", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise InvalidArgument(f"{file}: accounts are tables like [accounts.NAME]")
    return {name: _account(name, table, file, lines) for name, table in tables.items()}


def _account(name: str, table: dict[str, Any], file: Path, lines: dict[tuple[str, str], int]) -> Account:
    keywords = {key: value for key, value in table.items() if key not in ("provider", "consumable_code", "select")}
    provider, code, select = table.get("provider"), table.get("consumable_code"), table.get("select", {})
    account = Account(name, str(provider), code, select, file, keywords, lines)
    if provider not in _CLASSES:
        raise account._blame("provider", InvalidArgument(f"provider must be one of {', '.join(_CLASSES)}"))
    if code is not None and (provider != "uipath" or not isinstance(code, str)):
        raise account._blame("consumable_code", InvalidArgument("consumable_code is a text, and for uipath only"))
    if not isinstance(select, dict):
        raise account._blame("select", InvalidArgument(f"select is a table like [accounts.{name}.select]"))
    account._check_keys()
    return account


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = f"there is no configuration file {file}; write one, or name another in METERTAP_CONFIG"
        raise InvalidArgument(text) from None
    except UnicodeDecodeError:
        raise InvalidArgument(f"{file} is not UTF-8") from None
    except OSError as problem:
        raise InvalidArgument(f"{file} cannot be read: {problem.strerror}") from None


def _parse(file: Path, text: str) -> dict[str, Any]:
    for name in ("tomllib", "tomli"):
        try:
            toml = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        try:
            document: dict[str, Any] = toml.loads(text)
        except toml.TOMLDecodeError as problem:
            found = re.search(r"(.*) \(at line (\d+), column \d+\)", str(problem))
            what, line = (found[1], int(found[2])) if found else (str(problem), None)
            raise InvalidArgument(f"{_place(file, line)}: not TOML: {what}") from None
        return document
    raise MissingExtra("Python before 3.11 cannot read TOML by itself: pip install 'metertap[cli]'")


def _place(file: Path, line: int | None) -> str:
    return str(file) if line is None else f"{file}:{line}"


def _lines_of(text: str) -> dict[tuple[str, str], int]:
    """Find the lines of tables and keys, which the TOML reader does not tell: (table, key or nothing) to line."""
    lines: dict[tuple[str, str], int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            table = re.sub(r"[\s\"']", "", header[1])
            lines.setdefault((table, ""), number)
        elif key := re.match(r"\s*[\"']?([\w-]+)[\"']?\s*=", line):
            lines.setdefault((table, key[1]), number)
    return lines


def _word(reference: dict[str, Any], folder: Path) -> str:
    """Return the word that a reference such as ``{env = "NAME"}`` stands for."""
    kind, value = next(iter(reference.items()), ("", None))
    if len(reference) != 1 or kind not in _PLACES:
        raise InvalidArgument(f"expected one of {', '.join(f'{{{place} = …}}' for place in _PLACES)}")
    is_list = kind == "command"
    parts = value if is_list else [value]
    if not isinstance(parts, list) or not parts or not all(isinstance(part, str) and part for part in parts):
        raise InvalidArgument(f"{kind} wants {'a list of texts' if is_list else 'a text'}")
    word = _PLACES[kind](value, folder).rstrip("\r\n")
    if not word:
        raise InvalidArgument(f"{kind} {value!r} gave nothing")
    return word


def _from_env(variable: str, _folder: Path) -> str:
    if variable not in os.environ:
        raise InvalidArgument(f"the environment variable {variable} is not set")
    return os.environ[variable]


def _from_keyring(user: str, _folder: Path) -> str:
    try:
        keyring = importlib.import_module("keyring")
    except ModuleNotFoundError:
        raise MissingExtra("reading the system's keyring needs a package: pip install keyring") from None
    try:
        word = keyring.get_password("metertap", user)
    except keyring.errors.KeyringError as problem:
        raise InvalidArgument(f"the keyring cannot be read ({type(problem).__name__})") from None
    if word is None:
        raise InvalidArgument(f"the keyring has no {user!r} for metertap; store it with: keyring set metertap {user}")
    return str(word)


def _from_file(name: str, folder: Path) -> str:
    file = folder / Path(name).expanduser()
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidArgument(f"{file} is not UTF-8") from None
    except OSError as problem:
        raise InvalidArgument(f"{file} cannot be read: {problem.strerror}") from None


def _from_command(words: list[str], _folder: Path) -> str:
    program = words[0]
    try:
        # The user's own command, from the user's own file, and without a shell.
        done = subprocess.run(words, stdout=subprocess.PIPE, timeout=COMMAND_SECONDS, check=False)  # noqa: S603
        word = done.stdout.decode()
    except subprocess.TimeoutExpired:
        raise InvalidArgument(f"{program} did not end within {COMMAND_SECONDS} s") from None
    except UnicodeDecodeError:
        raise InvalidArgument(f"{program} printed what is not UTF-8") from None
    except OSError as problem:
        raise InvalidArgument(f"{program} cannot be run: {problem.strerror}") from None
    if done.returncode != 0:
        raise InvalidArgument(f"{program} ended with status {done.returncode}")
    return word


_PLACES: dict[str, Callable[[Any, Path], str]] = {
    "env": _from_env,
    "keyring": _from_keyring,
    "file": _from_file,
    "command": _from_command,
}
