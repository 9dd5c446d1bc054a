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

Each keyword of an account is looked for in this order: what `connect` is given, the environment variable
``METERTAP_<NAME>_<KEYWORD>`` of the account (``METERTAP_PRODUCTION_API_KEY``), the file, and for secrets that the file
does not mention the system's keyring, as user ``<name>.<keyword>`` of the service "metertap".

A service of your own is a document, see `metertap.register`, and has its name in the table of providers::

    [providers]
    acme = "acme.toml"                                # relative to this file

    [accounts.office]
    provider = "acme"
    api_key = {env = "ACME_API_KEY"}
"""

from __future__ import annotations

import difflib
import importlib
import os
import re
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metertap import _core, documents
from metertap._client import DEFAULTS, Client, hide, plainly, truth
from metertap.errors import InvalidArgument, InvalidDocument, MetertapError, MissingExtra, WrongType

if TYPE_CHECKING:
    from collections.abc import Callable

    from metertap.planning import Selection

__all__ = ["Account", "Accounts", "accounts", "connect", "load"]

USUAL_PATH = "~/.config/metertap/config.toml"
COMMAND_SECONDS = 60


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

    Examples
    --------
    >>> from pathlib import Path
    >>> toml = 'accounts.work = {provider = "sora", api_key = {env = "SORA_KEY"}}'
    >>> written = Path("accounts.toml").write_text(toml)
    >>> mt.accounts("accounts.toml")["work"].provider
    'sora'
    """

    name: str
    provider: str
    consumable_code: str | None
    select: dict[str, Any] = field(repr=False)
    file: Path
    _keywords: dict[str, _core.Secret] = field(repr=False)
    _lines: dict[tuple[str, str], int] = field(repr=False)
    _is_async: bool = field(default=False, repr=False)

    def client(self, **keywords: Any) -> Client:
        """Read the secrets and build the client.

        Parameters
        ----------
        **keywords
            Keywords of the client that go before everything else.

        Returns
        -------
        Client
            A client of `metertap`, or of `metertap.aio` if the account is from there.

        Raises
        ------
        InvalidArgument
            If a secret is not where the file says, or the client refuses a keyword.
        MissingExtra
            If a secret is in the keyring, and the package ``keyring`` is not installed.

        Examples
        --------
        >>> accounts("accounts.toml")["production"].client()  # doctest: +SKIP
        Sora(name='production', base_url='https://api.sora-cloud.shiguredo.app')
        """
        keywords = given = hide(keywords)
        return self._built(given, self._found(given))

    def planner(self) -> Client:
        """Build a client that can plan and cannot call, since no secret is read.

        For a machine that plans what others fetch, and may not have the secrets.

        Returns
        -------
        Client
            A client of `metertap`; every call of it fails.

        Raises
        ------
        InvalidArgument
            If the client refuses a keyword.

        Examples
        --------
        >>> from pathlib import Path
        >>> toml = 'accounts.work = {provider = "sora", api_key = {env = "SORA_KEY"}}'
        >>> written = Path("accounts.toml").write_text(toml)
        >>> planner = mt.accounts("accounts.toml")["work"].planner()
        >>> len(mt.plan(planner, "2026-04", now="2026-04-15")) > 0
        True
        """
        nothing = _core.Secret({})
        return self._built(nothing, self._found(nothing, is_sealed=True))

    def _built(self, given: Any, found: dict[str, Any]) -> Client:
        try:
            make: Callable[..., Client] = documents.client_class_of(self.provider, is_async=self._is_async)
            return make(**{"name": self.name, **found, **given.open()})
        except MetertapError as error:
            # The message begins with the keyword, if it is about one.
            told = type(error)(plainly(error)) if type(error) is InvalidArgument else error
            raise self._blame(str(error).partition(" ")[0], told) from None

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

        Examples
        --------
        >>> account = mt.accounts("accounts.toml")["work"]  # doctest: +SKIP
        >>> usage = mt.fetch(account.selection(meters=["sora.egress"]), "2026-03")  # doctest: +SKIP
        """
        return self.selected(self.client(), **more)

    def selected(self, client: Client, **more: Any) -> Selection:
        """Select what the file says, of a client that was built by `client` or `planner`.

        Parameters
        ----------
        client : Client
            The client.
        **more
            As in `selection`.

        Returns
        -------
        Selection
            To be passed to `metertap.plan` or `metertap.fetch`.

        Raises
        ------
        InvalidArgument
            If the selection makes no sense; the message has the file and the line.

        Examples
        --------
        >>> from pathlib import Path
        >>> toml = 'accounts.work = {provider = "sora", api_key = {env = "SORA_KEY"}}'
        >>> written = Path("accounts.toml").write_text(toml)
        >>> account = mt.accounts("accounts.toml")["work"]
        >>> len(mt.plan(account.selected(account.planner()), "2026-04", now="2026-04-15")) > 0
        True
        """
        from metertap.planning import plan

        if not isinstance(client, Client):
            raise WrongType(f"client must be what client() or planner() returns, not {type(client).__name__}.")
        usual = {} if self.consumable_code is None else {"consumable_code": [self.consumable_code]}
        selection = client.select(**{**usual, **self.select, **more})
        try:
            # Offline, for any month: what is wrong with the selection is told with its place in the file.
            plan(selection, "2026-01-01", "2026-02-01", now="2026-01-15")
        except MetertapError as error:
            raise self._blame("select", InvalidArgument(self._in_the_files_words(str(error)))) from None
        return selection

    def _in_the_files_words(self, text: str) -> str:
        """Return a message about a selection, which speaks of a call in Python, as one about this file."""
        table = f"[accounts.{self.name}.select]"
        told = re.sub(r"\w+\.select\((\w+)=(\[[^\])]*\])\)", rf"write \1 = \2 in {table}", text)
        told = told.replace("give it to select(), too", f"write it in {table}, too").replace("select()", table)
        told = told.replace("has no argument", "has no key")
        return told if table in told else f"{told.rstrip('.')} (what is asked stands in {table})"

    def _places(self) -> str:
        """Tell where its secrets are."""
        secrets = [secret["name"] for secret in _core.provider(self.provider)["secrets"]]
        told = []
        for key in secrets:
            reference = self._keywords[key].open() if key in self._keywords else None
            if os.environ.get(self._variable(key)):
                told.append(f"{key}: env {self._variable(key)}")
            elif isinstance(reference, dict) and len(reference) == 1:
                (kind, place), *_ = reference.items()
                told.append(f"{key}: {kind} {' '.join(place) if isinstance(place, list) else place}")
        return ", ".join(told)

    def _check_keys(self) -> None:
        facts = _core.provider(self.provider)
        known = ["provider", *facts["keywords"], *(key for key in DEFAULTS if key not in ("name", "on_event"))]
        for key in self._keywords:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise self._blame(key, InvalidArgument(f"{key} is nothing that {self.provider} takes{hint}"))

    def _found(self, given: Any, *, is_sealed: bool = False) -> dict[str, Any]:
        """Return the keywords that are not given: from the environment, the file or the keyring.

        If it is sealed, no secret is read, and something else stands for it.
        """
        facts = _core.provider(self.provider)
        secrets = [secret["name"] for secret in facts["secrets"]]
        for key in secrets:
            if key in self._keywords:
                self._refuse_clear(key, self._keywords[key])
        found: dict[str, Any] = {}
        for key in dict.fromkeys((*facts["keywords"], "base_url", *self._keywords)):
            if key in given.open():
                continue
            is_secret = key in secrets or (key in facts["rotating"] and self._is_elsewhere(key))
            if is_sealed and is_secret and (key in self._keywords or os.environ.get(self._variable(key))):
                found[key] = _core.Secret(_unread)
            elif (word := self._from_environment(key, facts)) is not None:
                found[key] = word
            elif key in self._keywords:
                found[key] = self._value(key, self._keywords[key])
        for key in secrets:
            is_needed = key in facts["required"] or not (is_sealed or any(name in found for name in secrets))
            if is_needed and key not in found and key not in given.open():
                word = _core.Secret(_unread) if is_sealed else _kept(f"{self.name}.{key}")
                found |= {} if word is None else {key: word}
        if missing := [name for name in facts["required"] if name not in found and name not in given.open()]:
            raise self._blame("", InvalidArgument(self._lacks(missing, secrets)))
        return found

    def _is_elsewhere(self, key: str) -> bool:
        return key in self._keywords and isinstance(self._keywords[key].open(), dict)

    def _lacks(self, missing: list[str], secrets: list[str]) -> str:
        key = missing[0]
        reference = f'{key} = {{env = "{self._variable(key)}"}}' if key in secrets else f'{key} = "…"'
        return f"{' and '.join(missing)} must be given: write {reference}, or set {self._variable(key)}"

    def _variable(self, key: str) -> str:
        """Return the environment variable that goes before the file."""
        return variable(self.name, key)

    def _from_environment(self, key: str, facts: Any) -> Any:
        names = [self._variable(key)]
        if not self._lines:  # no account of a file, so that what the vendor's own tools read is meant for it
            names += [variable for name, variable in facts["environment"] if name == key]
        flags = {setting["name"] for setting in facts["settings"] if setting["type"] == "bool"}
        for name in names:
            if os.environ.get(name):
                return hide(truth(os.environ[name])) if key in flags else _from_env(name, self.file.parent)
        return None

    def _refuse_clear(self, key: str, value: _core.Secret) -> None:
        if isinstance(value.open(), dict):
            return
        user = f"{self.name}.{key}"
        text = (
            f'{key} must not stand here itself; write where it is, such as {key} = {{env = "{self._variable(key)}"}},'
        )
        more = f'or run: keyring set metertap {user}, and write {key} = {{keyring = "{user}"}}'
        raise self._blame(key, InvalidArgument(f"{text} {more}"))

    def _value(self, key: str, value: _core.Secret) -> _core.Secret:
        if not isinstance(value.open(), dict):
            return value
        try:
            return _word(value, self.file.parent)
        except MetertapError as error:
            raise self._blame(key, type(error)(f"{key}: {error}")) from None

    def _blame(self, key: str, error: MetertapError) -> MetertapError:
        table = f"accounts.{self.name}"
        line = self._lines.get((f"{table}.{key}", "")) or self._lines.get((table, key)) or self._lines.get((table, ""))
        place = f"{_place(self.file, line)}: " if self._lines else ""
        return type(error)(f"{place}account {self.name!r}: {error}")


def variable(name: str, key: str) -> str:
    """Return the environment variable of an account's keyword."""
    return re.sub(r"[^A-Z0-9]", "_", f"METERTAP_{name}_{key}".upper())


class Accounts(dict[str, Account]):
    """The accounts of a file by name: a dict that prints as a table, and that `metertap.fetch` takes as it is.

    Examples
    --------
    >>> from pathlib import Path
    >>> toml = 'accounts.work = {provider = "sora", api_key = {env = "SORA_KEY"}}'
    >>> written = Path("accounts.toml").write_text(toml)
    >>> list(mt.accounts("accounts.toml"))
    ['work']
    """

    def __repr__(self) -> str:
        from metertap._show import rows
        from metertap._show.terminal import width

        return "\n".join(rows.text(rows.listed(self._HEAD, self._cells()), width()))

    def _repr_html_(self) -> str:
        from metertap._show import rows, tables

        return tables.shown(rows.listed(self._HEAD, self._cells()), [])

    _HEAD = ("account", "provider", "secrets", "asked")

    def _cells(self) -> list[list[Any]]:
        return [[one.name, one.provider, one._places(), _told(one.select)] for one in self.values()]


def _told(select: dict[str, Any]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in select.items()) or "the usual meters"


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


def connect(name: str, /, *, path: str | os.PathLike[str] | None = None, **keywords: Any) -> Any:
    """Return a client of an account, by its name.

    Each keyword is looked for in this order: here, in the environment variable ``METERTAP_<NAME>_<KEYWORD>``, in the
    accounts file, and for secrets in the system's keyring as user ``<name>.<keyword>`` of the service "metertap". A
    provider's name is the name of an account, too, that needs no file.

    Parameters
    ----------
    name : str
        The account's name, as in ``[accounts.NAME]``, or that of a provider.
    path : str or path, optional
        The file; ``METERTAP_CONFIG`` or ``~/.config/metertap/config.toml`` if left out.
    **keywords
        Keywords of the client that go before everything else.

    Returns
    -------
    Client
        A client of `metertap`; `metertap.aio.connect` returns one of `metertap.aio`.

    Raises
    ------
    InvalidArgument
        If there is no such account, or something that it needs is in none of these places.

    Examples
    --------
    >>> import metertap as mt, os
    >>> os.environ["METERTAP_SORA_API_KEY"] = "example"
    >>> mt.connect("sora", timeout=5)
    Sora(name='sora', base_url='https://api.sora-cloud.shiguredo.app')
    """
    keywords = given = hide(keywords)
    return connected(name, path, given, is_async=False)


def connected(name: Any, path: Any, given: Any, *, is_async: bool) -> Client:
    """Return a client of an account; the keywords are wrapped."""
    if not isinstance(name, str):
        raise WrongType(f"name must be the name of an account, not {type(name).__name__}.")
    file = _file(path)
    is_there = path is not None or bool(os.environ.get("METERTAP_CONFIG")) or file.exists()
    known = accounts(path) if is_there else Accounts()
    account = known.get(name)
    if account is None and name in documents.names():
        documents.provider(name)  # that of a package is registered when it is first named
        account = Account(name, name, None, {}, file, {}, {})
    if account is None:
        if not is_there:
            raise InvalidArgument(_no_file(file))
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known) or 'none'}."
        raise InvalidArgument(f"{file} has no account {name!r}; {hint}")
    return replace(account, _is_async=is_async).client(**given.open())


def accounts(path: str | os.PathLike[str] | None = None) -> Accounts:
    """Read the accounts of the configuration file, but none of their secrets.

    Parameters
    ----------
    path : str or path, optional
        The file; ``METERTAP_CONFIG`` or ``~/.config/metertap/config.toml`` if left out.

    Returns
    -------
    Accounts
        The accounts by name, in the file's order: a dict that `metertap.fetch` takes as it is.

    Raises
    ------
    InvalidArgument
        If the file cannot be read, or something in it is wrong; the message has the file and the line.
    MissingExtra
        If Python has no TOML reader of its own and ``tomli`` is not installed.

    Examples
    --------
    >>> accounts("accounts.toml")  # doctest: +SKIP
    account     provider  secrets                     asked
    -----------------------------------------------------------------
    production  sora      api_key: env SORA_API_KEY   the usual meters
    streaming   ricoh     client_secret: keyring ric  the usual meters
    >>> mt.fetch(mt.accounts("accounts.toml"), since="7d")  # doctest: +SKIP
    """
    file = _file(path)
    text = _read(file)
    lines = _lines_of(text)
    document = _parse(file, text)
    for key in document.open():
        if key not in ("accounts", "providers"):
            place = _place(file, lines.get((key, "")) or lines.get(("", key)))
            raise InvalidArgument(f"{place}: {key!r} is not known here; accounts are tables like [accounts.NAME]")
    _register(document.open().get("providers", {}), file, lines)
    tables = _tables(document)
    if tables is None:
        raise InvalidArgument(f"{file}: accounts are tables like [accounts.NAME]")
    return Accounts({name: _account(name, table, file, lines) for name, table in tables.items()})


def awaited(path: str | os.PathLike[str] | None = None) -> Accounts:
    """Read the accounts, for clients of `metertap.aio`."""
    return Accounts({name: replace(account, _is_async=True) for name, account in accounts(path).items()})


def register_providers(path: str | os.PathLike[str] | None = None) -> None:
    """Register the documents that the configuration file names; without a file there are none.

    Parameters
    ----------
    path : str or path, optional
        The file, which must be there; ``METERTAP_CONFIG`` or ``~/.config/metertap/config.toml`` if left out.

    Raises
    ------
    InvalidArgument
        If the file or a document cannot be read; the message has the file and the line.
    InvalidDocument
        If something is wrong with a document.
    """
    file = _file(path)
    if path is None and not file.exists():
        return
    text = _read(file)
    if "providers" not in text.open():  # so that a file without them needs no reader of TOML
        return
    _register(_parse(file, text).open().get("providers", {}), file, _lines_of(text))


def _unread() -> str:
    """Stand for a secret that a planner does not read."""
    raise InvalidArgument("this client can only plan: no secret was read for it.")


def _file(path: str | os.PathLike[str] | None) -> Path:
    return _path(os.environ.get("METERTAP_CONFIG") or USUAL_PATH if path is None else path)


def _register(named: Any, file: Path, lines: dict[tuple[str, str], int]) -> None:
    """Register the documents of the file's own providers."""
    if not isinstance(named, dict):
        raise InvalidArgument(f'{file}: providers are a table of names and documents, such as acme = "acme.toml"')
    for name, document in named.items():
        place = _place(file, lines.get(("providers", name)) or lines.get(("providers", "")))
        if not isinstance(document, str) or "\n" in document:
            raise InvalidArgument(f'{place}: {name} wants the path of its document, such as {name} = "{name}.toml"')
        try:
            made = documents.register(file.parent / Path(document).expanduser())
        except InvalidDocument:
            raise
        except MetertapError as error:
            raise InvalidArgument(f"{place}: {error}") from None
        if (own := _core.provider(made._provider)["name"]) != name:
            raise InvalidArgument(f"{place}: the document {document} is that of {own}; write {own} = {document!r}")


def _tables(document: _core.Secret) -> dict[str, dict[str, _core.Secret]] | None:
    """Return the tables of the accounts, each value wrapped: a secret may stand there by mistake."""
    tables = document.open().get("accounts", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        return None
    return {name: {key: _core.Secret(value) for key, value in table.items()} for name, table in tables.items()}


def _account(name: str, table: dict[str, _core.Secret], file: Path, lines: dict[tuple[str, str], int]) -> Account:
    keywords = {key: value for key, value in table.items() if key not in ("provider", "consumable_code", "select")}
    given = {key: table[key].open() for key in ("provider", "consumable_code", "select") if key in table}
    provider, code, select = given.get("provider"), given.get("consumable_code"), given.get("select", {})
    account = Account(name, str(provider), code, select, file, keywords, lines)
    known = documents.names()
    if not isinstance(provider, str) or provider not in known:
        raise account._blame("provider", InvalidArgument(f"provider must be one of {', '.join(known)}"))
    documents.provider(provider)  # that of a package is registered when it is first named
    if code is not None and (provider != "uipath" or not isinstance(code, str)):
        raise account._blame("consumable_code", InvalidArgument("consumable_code is a text, and for uipath only"))
    if not isinstance(select, dict):
        raise account._blame("select", InvalidArgument(f"select is a table like [accounts.{name}.select]"))
    account._check_keys()
    return account


def _path(given: str | os.PathLike[str]) -> Path:
    """Return the path of the file; a home that nobody knows, and what is no path, is refused."""
    try:
        return Path(given).expanduser()
    except TypeError:
        raise WrongType(f"path must be a str or a path, not {type(given).__name__}.") from None
    except RuntimeError:
        raise InvalidArgument(f"path {str(given)!r} begins with a home that cannot be found.") from None


def _read(file: Path) -> _core.Secret:
    """Read the file, in which a secret may stand by mistake."""
    problem = f"{file} is not UTF-8"
    try:
        text = _core.hide_text(file.read_bytes())
    except FileNotFoundError:
        problem = _no_file(file)
    except OSError as error:
        problem = f"{file} cannot be read: {error.strerror}"
    except ValueError:  # a NUL in the name
        problem = f"{str(file)!r} cannot be the name of a file"
    else:
        if text is not None:
            return text
    raise InvalidArgument(problem)


#: What an accounts file looks like, for those who have none.
EXAMPLE = """
[accounts.production]             # any name
provider = "sora"                 # or ricoh, uipath, devicewise, volcengine
api_key = {env = "SORA_API_KEY"}  # or {keyring = "…"}, {file = "…"}, {command = ["…"]}
[accounts.production.select]      # what to ask, if not the usual meters
meters = ["sora.egress"]"""


def _no_file(file: Path) -> str:
    ways = "write one, name another in METERTAP_CONFIG, or run metertap accounts add; metertap demo needs none"
    return f"there is no configuration file {file}; {ways}. Five lines are enough:\n{EXAMPLE}"


def _parse(file: Path, text: _core.Secret) -> _core.Secret:
    for name in ("tomllib", "tomli"):
        try:
            toml = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        try:
            return _core.Secret(toml.loads(text.open()))
        except toml.TOMLDecodeError as problem:
            found = re.search(r"(.*) \(at line (\d+), column \d+\)", str(problem))
            what, line = (found[1], int(found[2])) if found else ("it ends too early", None)
        except (ValueError, RecursionError) as problem:  # an int of too many digits, a date that there is not, a maze
            what, line = f"it cannot be read ({type(problem).__name__})", None
        # Not inside the handler: the reader's own error, which would hang on to ours, has frames with the whole text.
        raise InvalidArgument(f"{_place(file, line)}: not TOML: {what}")
    raise MissingExtra("Python before 3.11 cannot read TOML by itself: pip install 'metertap[cli]'")


def _place(file: Path, line: int | None) -> str:
    return str(file) if line is None else f"{file}:{line}"


def _lines_of(text: _core.Secret) -> dict[tuple[str, str], int]:
    """Find the lines of tables and keys, which the TOML reader does not tell: (table, key or nothing) to line."""
    lines: dict[tuple[str, str], int] = {}
    table = ""
    for number, line in enumerate(text.open().splitlines(), 1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            table = re.sub(r"[\s\"']", "", header[1])
            lines.setdefault((table, ""), number)
        elif key := re.match(r"\s*[\"']?([\w-]+)[\"']?\s*=", line):
            lines.setdefault((table, key[1]), number)
    return lines


def _word(reference: _core.Secret, folder: Path) -> _core.Secret:
    """Return the word that a reference such as ``{env = "NAME"}`` stands for."""
    kind = next(iter(reference.open()), "")
    if len(reference.open()) != 1 or kind not in _PLACES:
        raise InvalidArgument(f"expected one of {', '.join(f'{{{place} = …}}' for place in _PLACES)}")
    value = reference.open()[kind]  # it is the name of a place, not what is there
    is_list = kind == "command"
    parts = value if is_list else [value]
    if not isinstance(parts, list) or not parts or not all(isinstance(part, str) and part for part in parts):
        raise InvalidArgument(f"{kind} wants {'a list of texts' if is_list else 'a text'}")
    word = _PLACES[kind](value, folder)
    if not word:
        raise InvalidArgument(f"{kind} {value!r} gave nothing")
    return word


# Each of these returns the word wrapped, has it in no variable, and raises outside of its handlers: what an exception
# of others holds on to, such as the output of a program, would hang on to ours.


def _from_env(variable: str, _folder: Path) -> _core.Secret:
    if variable not in os.environ:
        raise InvalidArgument(f"the environment variable {variable} is not set")
    word = _core.hide_text(os.environ[variable])
    if word is None:
        raise InvalidArgument(f"the environment variable {variable} is not UTF-8")
    return word


def _from_keyring(user: str, _folder: Path) -> _core.Secret:
    try:
        keyring = importlib.import_module("keyring")
    except ModuleNotFoundError:
        raise MissingExtra("reading the system's keyring needs a package: pip install keyring") from None
    problem = f"the keyring has no {user!r} for metertap; store it with: keyring set metertap {user}"
    try:
        found = hide(keyring.get_password("metertap", user))
    except keyring.errors.KeyringError as error:
        problem = f"the keyring cannot be read ({type(error).__name__})"
        found = None
    word = None if found is None else _core.hide_text(str(found.open()))
    if found is not None and word is None:
        problem = f"what the keyring has for {user!r} is no text"
    if word is None:
        raise InvalidArgument(problem)
    return word


def _kept(user: str) -> _core.Secret | None:
    """Return what the keyring has for a user; nothing if there is none, or no keyring."""
    try:
        found = hide(importlib.import_module("keyring").get_password("metertap", user))
    except Exception:  # a keyring may fail in any way, and nobody has said that there is one
        return None
    return None if found is None else _core.hide_text(str(found.open()))


def _from_file(name: str, folder: Path) -> _core.Secret:
    try:
        file = folder / Path(name).expanduser()
    except RuntimeError:
        raise InvalidArgument(f"{name!r} begins with a home that cannot be found") from None
    problem = f"{file} is not UTF-8"
    word = None
    try:
        word = _core.hide_text(file.read_bytes())
    except OSError as error:
        problem = f"{file} cannot be read: {error.strerror}"
    except ValueError:
        problem = f"{str(file)!r} cannot be the name of a file"
    if word is None:
        raise InvalidArgument(problem)
    return word


def _from_command(words: list[str], _folder: Path) -> _core.Secret:
    program = words[0]
    problem = f"{program} printed what is not UTF-8"
    word = None
    try:
        # The user's own command, from the user's own file, and without a shell.
        with subprocess.Popen(words, stdout=subprocess.PIPE) as process:  # noqa: S603
            try:
                word = _core.hide_text(process.communicate(timeout=COMMAND_SECONDS)[0])
            except BaseException:
                process.kill()
                raise
    except subprocess.TimeoutExpired:
        problem = f"{program} did not end within {COMMAND_SECONDS} s"
    except OSError as error:
        problem = f"{program} cannot be run: {error.strerror}"
    except ValueError:  # a NUL in a word
        problem = f"{program!r} cannot be run: its words hold a NUL"
    else:
        if process.returncode != 0:
            problem, word = f"{program} ended with status {process.returncode}", None
    if word is None:
        raise InvalidArgument(problem)
    return word


_PLACES: dict[str, Callable[[Any, Path], _core.Secret]] = {
    "env": _from_env,
    "keyring": _from_keyring,
    "file": _from_file,
    "command": _from_command,
}


def __dir__() -> list[str]:
    return sorted(__all__)
