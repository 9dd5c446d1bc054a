"""Providers as documents: register your own, and find all that there are.

A document is a file of TOML that says what a service's account consists of, what it can be asked, what its answers
look like and what they measure. The built-in providers are such documents, too; ``docs/documents.md`` tells how to
write one.
"""

from __future__ import annotations

import importlib.metadata
import math
import os
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metertap import _core as core
from metertap._build import BUILT_IN, client_class
from metertap._given import flag
from metertap.errors import InvalidArgument, InvalidDocument, WrongType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Provider", "check", "provider", "providers", "register", "try_answers"]

#: Where packages name their documents.
ENTRY_POINTS = "metertap.providers"
#: Where the documents came from, by their digests.
_ORIGINS: dict[str, str] = {}
_CLASSES: dict[tuple[str, bool], type[Any]] = {}


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that there is.

    Attributes
    ----------
    name : str
        Its name, by which the accounts file and `metertap.provider` know it.
    title : str
        Its name for people.
    origin : str
        Where it comes from: ``"built in"``, a file, a package, or ``"registered"``.
    digest : str or None
        The SHA-256 of its document; None if it is built in.
    meters : list of str
        What it measures, by the names of the meters.

    Examples
    --------
    >>> mt.providers()[0].name
    'devicewise'
    """

    name: str
    title: str
    origin: str
    digest: str | None
    meters: list[str] = field(repr=False)


def register(
    document: str | os.PathLike[str] | Mapping[str, Any],
    *,
    readers: Mapping[str, Callable[[bytes], Any]] | None = None,
    replace: bool = False,
) -> type[Any]:
    """Make a provider of a document, for this process.

    Parameters
    ----------
    document : str, path or dict
        The path of a file of TOML, its text, or a dict of the same form. A str with a line break in it is a text.
    readers : dict of str to callable, optional
        Functions for calls whose answers are no JSON, by the names that the document has for them (``reader``). Each
        takes the bytes of an answer and returns dicts, lists, texts and numbers (`int`, `decimal.Decimal`), which are
        read as if the service had answered them as JSON; it must be pure. Archives keep the bytes.
    replace : bool, default False
        Take the name from another document that has it. Clients, plans and usages that were made with that one go on
        with it.

    Returns
    -------
    type
        The client class, as those that metertap has: its clients go to `metertap.plan`, `metertap.fetch` and all else.

    Raises
    ------
    InvalidDocument
        If something is wrong with it: all of that at once, each with its line and what to write.
    InvalidArgument
        If the file cannot be read, or the name is taken.

    Examples
    --------
    >>> Parcels = mt.register("parcels.toml")  # doctest: +SKIP
    >>> usage = mt.fetch(Parcels(api_key="…"), "2026-03-01", "2026-04-01")  # doctest: +SKIP
    """
    text, origin = _text(document)
    made = _registered(text, origin, replace=flag("replace", replace))
    if readers:
        _set_readers(made._provider, readers)
    return made


def check(document: str | os.PathLike[str] | Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a document, a sentence for each mistake; nothing if it is sound.

    Parameters
    ----------
    document : str, path or dict
        As for `register`; nothing is registered.

    Examples
    --------
    >>> mt.documents.check({"metertap_spec": 1})[0]
    'registered:1: the document needs auth, for example auth = { bearer = "api_key" }.'
    """
    text, origin = _text(document)
    return told(origin, core.mistakes(text))


def try_answers(document: str | os.PathLike[str] | Mapping[str, Any]) -> list[str]:
    """Read the canned answers of a document, and return how they differ from what it says of them.

    Parameters
    ----------
    document : str, path or dict
        As for `register`; it gets no name, but is kept as long as the process lives.

    Returns
    -------
    list of str
        A sentence for each answer that is not what its test says; nothing if all are.

    Raises
    ------
    InvalidDocument
        If something is wrong with the document.

    Examples
    --------
    >>> mt.documents.try_answers("parcels.toml")  # doctest: +SKIP
    []
    """
    text, origin = _text(document)
    if mistakes := core.mistakes(text):
        raise InvalidDocument("\n".join(told(origin, mistakes)), mistakes=mistakes)
    found = []
    key = core.keep(text)
    for place, (call, error, readings, usage, raised) in enumerate(core.canned(key), 1):
        if problem := _difference(core.provider(key)["name"], error, readings, usage, raised):
            found.append(f"{origin}: test {place}, of {call}: {problem}.")
    return found


def _difference(name: str, error: str | None, expected: Any, usage: Any, raised: Any) -> str | None:
    if raised is not None:
        told = f"it is {type(raised).__name__}: {str(raised).rstrip('.')}"
        return None if type(raised).__name__ == error else told
    if error is not None:
        return f"it is read, and should be {error}"
    rows = [] if usage is None else usage.readings().to_dicts(0, usage.readings().count())
    wanted = [_wanted(name, dict(reading)) for reading in expected]
    # What a reading is told by; of all else only what its own line names is compared.
    telling = {column for reading in wanted for column in reading if column not in ROW} | {"meter", "start", "quantity"}
    left = [_told(row) for row in rows]
    missing = []
    for reading in wanted:
        fits = [
            row for row in left if all(row.get(column) == reading.get(column) for column in telling | reading.keys())
        ]
        if fits:
            left.remove(fits[0])
        else:
            missing.append((reading, telling | reading.keys()))
    if missing:
        reading, columns = missing[0]
        other = {column: left[0][column] for column in sorted(columns) if column in left[0]} if left else None
        return f"it has no reading {reading}, but {other or 'no other either'}"
    if left:
        other = {column: left[0][column] for column in sorted(telling) if column in left[0]}
        return f"it has {len(rows)} readings, of which {len(wanted)} are told, not for example {other}"
    return None


#: The columns that readings have besides their dimensions.
ROW = frozenset(
    ("provider", "account", "end", "unit", "kind", "status", "cost", "currency", "flags", "call_id", "fetched_at")
)


def _wanted(name: str, reading: dict[str, str]) -> dict[str, str]:
    """Return a reading as a test tells it, in the form in which readings are compared."""
    meter = reading["meter"]
    reading["meter"] = meter if meter.startswith(f"{name}.") else f"{name}.{meter}"
    for column in ("start", "end"):
        if column in reading:
            reading[column] = _moment(reading[column])
    for column in ("quantity", "cost"):
        if column in reading:
            reading[column] = _digits(reading[column])
    return reading


def _told(row: dict[str, Any]) -> dict[str, str]:
    """Return a reading as text, as a test tells it."""
    told = {}
    for column, value in row.items():
        if isinstance(value, Decimal):
            told[column] = _digits(value)
        elif value is not None:
            told[column] = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return told


def _digits(number: Decimal | str) -> str:
    """Return a number with all of its digits and no zero that says nothing; what is no number as it is."""
    try:
        text = f"{Decimal(number):f}"
    except ArithmeticError:
        return str(number)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _moment(text: str) -> str:
    from datetime import datetime, timezone

    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc).isoformat()
    except ValueError:
        return text


def provider(name: str) -> type[Any]:
    """Return the client class of a provider, be it built in, registered, or named by an installed package.

    Parameters
    ----------
    name : str
        Its name, such as ``"sora"``.

    Raises
    ------
    InvalidArgument
        If there is none of that name.

    Examples
    --------
    >>> mt.provider("sora") is mt.Sora
    True
    """
    return client_class_of(name, is_async=False)


def providers() -> list[Provider]:
    """List all providers: those that are built in, registered, or named by installed packages.

    Returns
    -------
    list of Provider
        Name, title, where it comes from, and meters.

    Examples
    --------
    >>> [provider.name for provider in mt.providers() if provider.origin == "built in"]
    ['devicewise', 'ricoh', 'sora', 'uipath', 'volcengine']
    """
    for name in _packaged():
        client_class_of(name, is_async=False)
    meters: dict[str, list[str]] = {}
    for meter in core.meters():
        meters.setdefault(meter["provider"], []).append(meter["name"])
    known: list[tuple[str, str | None]] = [(name, None) for name in BUILT_IN.values()]
    found = []
    for name, digest in [*known, *core.registered()]:
        origin = "built in" if digest is None else _ORIGINS.get(digest, "registered")
        found.append(Provider(name, core.provider(name)["title"], origin, digest, meters.get(name, [])))
    return found


def names() -> list[str]:
    """Return the names of all providers; of those that packages name, none is read for that."""
    known = [*BUILT_IN.values(), *(name for name, _ in core.registered()), *_packaged()]
    return list(dict.fromkeys(known))


def _set_readers(key: str, readers: Mapping[str, Callable[[bytes], Any]]) -> None:
    known = core.readers(key)
    for name, function in readers.items():
        if name not in known:
            told = f"it has {', '.join(known)}" if known else "it has none"
            raise InvalidArgument(f"the document has no reader {name!r}; {told}.")
        if not callable(function):
            raise WrongType(f"the reader {name!r} must be a callable, not {type(function).__name__}.")
    core.set_readers(key, {name: _plain(function) for name, function in readers.items()})


def _plain(function: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Wrap a reader, so that what it returns has numbers as JSON has them."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(member) for key, member in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        if isinstance(value, int) and not isinstance(value, bool):
            return Decimal(value)
        if isinstance(value, (float, Decimal)) and not math.isfinite(value):
            raise ValueError(f"{value} is no number of JSON")
        return value

    return lambda body: plain(function(body))


def key_of(given: Any) -> str:
    """Return the digest of a document: of one that is registered, by its name, else of the one that is given."""
    known = dict(core.registered())
    if isinstance(given, str) and given in known:
        return known[given]
    digest: str = register(given)._provider
    return digest


def client_class_of(name: str, *, is_async: bool) -> type[Any]:
    """Return a provider's client class of one of the two doors."""
    if not isinstance(name, str):
        raise WrongType(f"name must be a str such as 'sora', not {type(name).__name__}.")
    built_in = {provider: kind for kind, provider in BUILT_IN.items()}
    if name in built_in:
        module = importlib.import_module("metertap.aio" if is_async else "metertap.clients")
        found: type[Any] = getattr(module, built_in[name])
        return found
    digest = dict(core.registered()).get(name)
    if digest is None and name in (packaged := _packaged()):
        _registered(*_text_of_package(packaged[name]))
        digest = dict(core.registered()).get(name)
        if digest is None:
            raise InvalidArgument(f"the entry point {name!r} of {ENTRY_POINTS} holds a document of another name.")
    if digest is None:
        raise InvalidArgument(f"there is no provider {name!r}, but {', '.join(names())}; register its document first.")
    return _made(digest, is_async=is_async)


def told(origin: str, mistakes: list[tuple[int, str]]) -> list[str]:
    """Return mistakes as sentences, each with its place."""
    return [f"{origin}:{line}: {mistake}." for line, mistake in mistakes]


def _made(digest: str, *, is_async: bool) -> type[Any]:
    if (digest, is_async) not in _CLASSES:
        # Of several threads that look it up at once, all get the same class.
        _CLASSES.setdefault((digest, is_async), client_class(core.provider(digest), is_async=is_async))
    return _CLASSES[digest, is_async]


def _registered(text: str, origin: str, *, replace: bool = False) -> type[Any]:
    digest, mistakes = core.register(text, replace)
    if digest is None:
        raise InvalidDocument("\n".join(told(origin, mistakes)), mistakes=mistakes)
    _ORIGINS.setdefault(digest, origin)
    return _made(digest, is_async=False)


def _text(document: Any) -> tuple[str, str]:
    """Return the text of a document, and where it comes from."""
    if isinstance(document, str) and "\n" in document:
        return document, "registered"
    if isinstance(document, (str, os.PathLike)):
        return _text_of_file(document)
    if isinstance(document, dict):
        return core.document_text(document), "registered"
    raise WrongType(f"document must be a path, a text of TOML or a dict, not {type(document).__name__}.")


def _text_of_file(path: str | os.PathLike[str]) -> tuple[str, str]:
    try:
        file = Path(path).expanduser()
        return file.read_text(encoding="utf-8"), str(file)
    except FileNotFoundError:
        problem = "there is no such file"
    except UnicodeDecodeError:
        problem = "it is not UTF-8"
    except (OSError, RuntimeError, ValueError, TypeError) as error:  # a home that is not there, a NUL, bytes
        problem = getattr(error, "strerror", None) or str(error)
    raise InvalidArgument(f"the document {str(path)[:200]!r} cannot be read: {problem}.")


def _packaged() -> dict[str, importlib.metadata.EntryPoint]:
    return {point.name: point for point in importlib.metadata.entry_points(group=ENTRY_POINTS)}


def _text_of_package(point: importlib.metadata.EntryPoint) -> tuple[str, str]:
    """Return the document that an installed package names: its text, its path, or a dict."""
    owner = point.dist.name if point.dist else point.value
    try:
        named = point.load()
    except Exception as problem:  # whatever the package raises
        raise InvalidArgument(
            f"the package {owner} does not give its document {point.name!r}: it raised {type(problem).__name__}."
        ) from problem
    text, _ = _text(os.fspath(named) if isinstance(named, os.PathLike) else named)
    return text, f"package {owner}"


def __dir__() -> list[str]:
    return sorted(__all__)
