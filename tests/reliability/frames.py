"""F27: no secret shows in an error of a client that is not built, nor in any frame that the error passed through.

Every argument of every constructor, of ``from_env`` and of the configuration is wrong in turn, while the secrets are
words that occur nowhere else. What a traceback with the variables of its frames shows is searched for them: Python's
own, IPython's verbose one, and what ``pytest -l`` prints. The frames of this file hold nothing in the open, so all of
the output counts.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import os
import pickle
import random
import string
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

from figures import PROVIDERS, ROOT, SEED, Door, clean_environment, count, figure

from metertap import _client, _core, config, errors

# The folder of these is known once `figures` is imported.
forms = importlib.import_module("canary").forms
WAYS = importlib.import_module("test_canary").WAYS
#: The same in the processes that this one starts.
WORD = "".join(random.Random(SEED).choices(string.ascii_letters, k=32))
FORMS = forms(WORD)
DOORS = (Door("sync"), Door("async"))
TABLE = "[accounts.x]\n"


class Case(NamedTuple):
    """A client that is made the wrong way; what it is made of is wrapped."""

    label: str
    environment: _core.Secret
    make: _core.Secret

    def __repr__(self) -> str:
        return f"<{self.label}>"


def wrong_values() -> list[Any]:
    """Return what is wrong for most arguments."""
    return [7, -1, 2**70, 1.5, float("nan"), True, "", "a\nb", "\0", "caf\udce9", "\ud800", b"bytes", [], {}, object()]


def wrong_secrets() -> list[Any]:
    """Return what cannot be a secret, but holds one."""
    words = [f"{WORD}\udce9", f"{WORD}\n{WORD}", f"Bearer {WORD}é", f"{WORD}\0"]
    return [*words, WORD.encode(), bytearray(WORD.encode()), [WORD], {"word": WORD}, (WORD,), {WORD}, Path(WORD)]


def wrong_addresses() -> list[str]:
    """Return addresses with a password that cannot be used."""
    return [
        f"https://u:{WORD}@[bad",
        f"u:{WORD}@host",
        f"https://u:{WORD}@host",
        f"https://host?key={WORD}",
        f"https://host#{WORD}",
        f"ftp://u:{WORD}@host",
        f"https://u:{WORD}@host\u200b",
        f"http://u:{WORD}@\udce9",
    ]


def wrong(provider: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return each argument of a provider's client with each value that is wrong for it, or close to it."""
    facts = PROVIDERS[provider]
    secrets = [field["name"] for field in facts["secrets"]]
    own = [*secrets, *(field["name"] for field in facts["settings"])]
    for name in [*own, *_client.DEFAULTS]:
        values = wrong_values()
        if name in secrets or name == "access_key":
            values += wrong_secrets() if name in secrets else []
        if name in ("base_url", "proxy"):
            values += wrong_addresses()
        for value in values:
            yield name, {name: value}
        if name in secrets:  # written with a slip
            yield f"{name}s", {f"{name}s": WORD}
            yield name[1:], {name[1:]: f"{WORD}\udce9"}
    yield "nothing", {"nothing": WORD}


def constructors() -> Iterator[Case]:
    """Return the cases of the constructors, of both doors."""
    for way, (provider, fields) in WAYS.items():
        good = {name: WORD if value is None else value for name, value in fields.items()}
        good.setdefault("base_url", "https://api.example.com")
        for name, given in wrong(provider):
            for door in DOORS:
                make = functools.partial(door.client, provider, **{**good, **given})
                yield case(f"{door} {way} {name}", {}, unwrapped(make))
        for door in DOORS:
            for missing in fields:
                rest = {name: value for name, value in good.items() if name != missing}
                yield case(
                    f"{door} {way} without {missing}", {}, unwrapped(functools.partial(door.client, provider, **rest))
                )
            yield case(f"{door} {way} by place", {}, functools.partial(class_of(door, provider), WORD))


def environments() -> Iterator[Case]:
    """Return the cases of ``from_env``, of both doors: wrong arguments beside good variables, and wrong variables."""
    for way, (provider, fields) in WAYS.items():
        good = {variable(provider, name): WORD if value is None else str(value) for name, value in fields.items()}
        good.setdefault(variable(provider, "base_url"), "https://api.example.com")
        for door in DOORS:
            from_env = class_of(door, provider).from_env
            for name, given in wrong(provider):
                yield case(f"{door} {way} from_env {name}", good, functools.partial(from_env, **given))
            for name in fields:
                if fields[name] is None:
                    for word in (f"{WORD}\udce9", f"{WORD}\n{WORD}", f"Bearer {WORD}é"):
                        yield case(f"{door} {way} ${name}", {**good, variable(provider, name): word}, from_env)
            for address in wrong_addresses():
                yield case(f"{door} {way} $base_url", {**good, variable(provider, "base_url"): address}, from_env)
                for proxy in ("HTTPS_PROXY", "all_proxy"):
                    yield case(f"{door} {way} ${proxy}", {**good, proxy: address}, from_env)


def configurations(folder: Path) -> Iterator[Case]:
    """Return the cases of the configuration file: wrong keys beside good secrets, and wrong places of secrets."""
    (folder / "latin").write_bytes(WORD.encode() + b"\xe9")
    (folder / "word").write_text(WORD, "utf-8")
    environment = {"F27_WORD": WORD, "F27_LATIN": f"{WORD}\udce9", "F27_LINES": f"{WORD}\n{WORD}"}
    places = [
        f'"{WORD}"',
        f'["{WORD}"]',
        f'{{word = "{WORD}"}}',
        '{env = "F27_LATIN"}',
        '{env = "F27_LINES"}',
        '{file = "latin"}',
        '{keyring = "raises"}',
        '{keyring = "latin"}',
        '{keyring = "lines"}',
        '{command = ["sh", "-c", "echo $F27_WORD; exit 3"]}',
        '{command = ["sh", "-c", "echo $F27_WORD; printf \\\\377"]}',
        '{command = ["sh", "-c", "echo $F27_LINES; echo $F27_LINES"]}',
    ]
    number = 0
    for way, (provider, fields) in WAYS.items():
        keys = {name: '{env = "F27_WORD"}' if value is None else f'"{value}"' for name, value in fields.items()}
        keys = {"provider": f'"{provider}"', "base_url": '"https://api.example.com"', **keys}
        secret = next(name for name, value in fields.items() if value is None)
        tries = [(secret, {secret: place}) for place in places]
        tries += [(name, {name: toml(address)}) for name in ("base_url", "proxy") for address in wrong_addresses()[:-1]]
        for name in [*keys, *_client.DEFAULTS, "select", "consumable_code"]:
            tries += [(name, {name: value}) for value in ("-1", "7", "true", '"a\\nb"', '""', "[]", "{}", "1.5", "= =")]
        tries += [(f"{secret}s", {f"{secret}s": f'"{WORD}"'}), ("syntax", {"x": f'"{WORD}'}), ("syntax", {"x y": WORD})]
        for name, given in tries:
            file = folder / f"{number}.toml"
            number += 1
            lines = [f"{key} = {value}" for key, value in {**keys, **given}.items()]
            file.write_text(TABLE + "\n".join(lines) + "\n", "utf-8")
            yield case(f"{way} file {name}", environment, functools.partial(config.load, file))


def toml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\") + '"'


def keyring() -> ModuleType:
    """Return a keyring with secrets that are none."""

    class KeyringError(Exception):
        pass

    def get_password(_service: str, user: str) -> Any:
        if user == "raises":
            raise KeyringError(WORD)
        return {"latin": f"{WORD}\udce9", "lines": f"{WORD}\n{WORD}"}[user]

    module: Any = ModuleType("keyring")
    module.errors = SimpleNamespace(KeyringError=KeyringError)
    module.get_password = get_password
    return module


def case(label: str, environment: dict[str, str], make: Callable[[], Any]) -> Case:
    return Case(label, _core.Secret(environment), _core.Secret(make))


def unwrapped(make: functools.partial[Any]) -> functools.partial[Any]:
    """Call the class itself: the frames of what the tests share hold their arguments in the open."""
    door = make.func.__self__  # type: ignore[attr-defined]
    return functools.partial(class_of(door, make.args[0]), **make.keywords)


def class_of(door: Door, provider: str) -> Any:
    return getattr(door.module, {cls._provider: name for name, cls in classes().items()}[provider])


def classes() -> dict[str, Any]:
    return {name: getattr(DOORS[0].module, name) for name in DOORS[0].module.clients.__all__}


def variable(provider: str, field: str) -> str:
    return f"METERTAP_{provider.upper()}_{field.upper()}"


FOLDER = tempfile.TemporaryDirectory(prefix="metertap-f27-")
CASES = [*constructors(), *environments(), *configurations(Path(FOLDER.name))]
CASES = random.Random(SEED).sample(CASES, count(len(CASES)))


def run(number: int) -> Any:
    """Make a client; this is the caller's frame, and has nothing in the open."""
    before = dict(clean_environment())
    os.environ.clear()
    os.environ.update(before)
    os.environ.update(CASES[number].environment.open())
    sys.modules["keyring"] = keyring()
    try:
        return CASES[number].make.open()()
    finally:
        os.environ.clear()
        os.environ.update(before)


def verbose() -> Callable[[BaseException], str] | None:
    """Return what IPython's verbose mode prints of an exception; None where it is not installed."""
    try:
        from IPython.core.ultratb import VerboseTB
    except ModuleNotFoundError:
        return None
    colours = {"theme_name": "nocolor"} if "theme_name" in inspect.signature(VerboseTB).parameters else {}
    shower: Any = VerboseTB(**(colours or {"color_scheme": "NoColor"}))
    return lambda error: str(shower.text(type(error), error, error.__traceback__))


def plain(error: BaseException) -> str:
    """Return an exception, all that it hangs on to, and the variables of all frames."""
    shown, seen = [], [error]
    for part in seen:
        shown.append("".join(traceback.TracebackException.from_exception(part, capture_locals=True).format()))
        shown.append(f"{part!r} {part} {part.args!r} {vars(part)!r} {str(vars(part)).encode('utf-8', 'replace')!r}")
        if isinstance(part, UnicodeError):
            shown.append(repr(getattr(part, "object", "")))
        seen += [other for other in (part.__cause__, part.__context__) if other is not None and other not in seen]
    try:
        shown.append(pickle.dumps(error).decode("latin-1"))
    except Exception as problem:
        shown.append(str(problem))
    return "\n".join(shown)


def has_word(text: str) -> bool:
    return any(form in text for form in FORMS)


TEST = """
import json
import os
import pytest
import frames

@pytest.mark.parametrize("number", json.loads(os.environ["NUMBERS"]))
def test_case(number):
    frames.run(number)
"""


def in_pytest(numbers: list[int]) -> tuple[int, int]:
    """Return how many of these cases fail under ``pytest -l``, and how many of them show a secret."""
    file = Path(FOLDER.name) / "test_frames.py"
    file.write_text(TEST, "utf-8")
    path = os.pathsep.join([str(Path(__file__).parent), str(ROOT / "tests" / "python")])
    options = ["-l", "-q", "--tb=long", "-p", "no:cacheprovider", "-p", "no:randomly", "-o", "addopts="]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", FOLDER.name, str(file)],
        capture_output=True,
        text=True,
        check=False,
        env={**clean_environment(), "SEED": str(SEED), "PYTHONPATH": path, "NUMBERS": json.dumps(numbers)},
    )
    parts = done.stdout.split("\n____")
    if len(parts) < 2 or "number" not in done.stdout:
        sys.exit(f"pytest did not run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return len(parts) - 1, sum(map(has_word, parts))


def way_of(tried: Case, error: BaseException) -> tuple[Any, ...]:
    """Return what tells apart where an error comes from: the argument and the frames; both doors go the same way."""
    frames = traceback.extract_tb(error.__traceback__)
    return tried.label.split()[-1], type(error), *((frame.filename, frame.lineno) for frame in frames)


def outcome(number: int) -> Any:
    """Return the client or the error; a frame of its own, whose variables are short, since they are searched, too."""
    try:
        return run(number)
    except Exception as error:
        return error


def main() -> None:
    ipython = verbose()
    ways: set[tuple[Any, ...]] = set()
    shown_apart: list[int] = []
    refused, hits, others = 0, Counter[str](), Counter[str]()
    for number, tried in enumerate(CASES):
        error = outcome(number)
        if not isinstance(error, Exception):
            if has_word(repr(error)):
                hits[f"{tried.label} (repr)"] += 1
            continue
        refused += 1
        if not isinstance(error, (errors.MetertapError, TypeError)):
            others[f"{tried.label}: {type(error).__name__}"] += 1
        if has_word(plain(error)):
            hits[f"{tried.label} (traceback)"] += 1
        if (way := way_of(tried, error)) not in ways:
            ways.add(way)
            shown_apart.append(number)
            if ipython is not None and has_word(ipython(error)):
                hits[f"{tried.label} (IPython)"] += 1
    failed, shows = in_pytest(shown_apart)
    FOLDER.cleanup()
    if others:
        print("\n".join(others))
    reached = (
        f"{len(CASES)} clients made the wrong way, {refused} refused; {len(ways)} ways through the frames, "
        f"{'' if ipython else 'no '}IPython and {failed} in pytest -l: {hits.total() + shows} hits, {others.total()} "
        "errors of others"
    )
    passed = not hits and not others and shows == 0 and failed > 0
    figure("F27", reached, passed, "; ".join([*hits, *others][:5]))


if __name__ == "__main__":
    main()
