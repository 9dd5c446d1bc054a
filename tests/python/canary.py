"""A watch over every test: no secret that a client was given shows in anything that the test left behind.

After each test it searches what was printed, what was logged at DEBUG, the exceptions with the locals of the package's
frames, and the files in the test's own folder, for every secret of the test and its encodings.
"""

from __future__ import annotations

import base64
import json
import logging
import pickle
import traceback
import zlib
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from metertap import _build, _core, errors

#: Shorter words occur by chance.
SHORTEST = 12
#: Larger files are none of ours.
LARGEST = 4 << 20
#: Tests of commands that are there to show the simulator's own made-up credentials.
SHOWS_CREDENTIALS = ("test_cli.py", "test_readme.py", "test_docs.py")


def unpacked(content: bytes) -> bytes:
    """Unpack what is gzip, as far as it goes: some tests damage their archives."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    reader = zlib.decompressobj(wbits=31)
    try:
        return reader.decompress(content)
    except zlib.error:
        return content


class Tally:
    """What the watch counted; tests with servers of their own add to it."""

    tests = 0
    words = 0
    errors = 0
    #: Redirects that were tried, by status and by where they point.
    redirects: Counter[tuple[int, str]]
    leaked_bytes = 0
    hits: list[str]

    def __init__(self) -> None:
        self.redirects = Counter()
        self.hits = []


TALLY = Tally()


def forms(word: str) -> set[str]:
    """Return the ways in which a word may be written."""
    found = {
        word,
        json.dumps(word)[1:-1],
        json.dumps(json.dumps(word)[1:-1])[1:-1],
        quote(word, safe=""),
        quote_plus(word),
    }
    found.add("".join(f"%{byte:02X}" for byte in word.encode()))
    found.add(word.encode().hex())
    for shift in range(3):  # what base64 makes of a word depends on what stands before it
        packed = base64.b64encode(b"\0" * shift + word.encode()).decode()
        found.add(packed[shift and 4 : len(packed) // 4 * 4 - 4])
        found.add(packed[shift and 4 : len(packed) // 4 * 4 - 4].replace("+", "-").replace("/", "_"))
    return found


def places(words: set[str], text: str) -> list[str]:
    """Return the words that a text shows in any form."""
    return [word for word in words if any(form in text for form in forms(word))]


def everything(error: BaseException) -> str:
    """Return what a notebook in verbose mode shows of an exception: the package's frames with their locals."""
    try:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    except Exception as problem:  # something in a test's frame cannot be shown
        shown = traceback.TracebackException.from_exception(problem)
    for part in (shown, shown.__cause__, shown.__context__):
        if part is not None:
            ours = [frame for frame in part.stack if "site-packages/metertap" in frame.filename]
            part.stack = traceback.StackSummary.from_list(ours)
    text = "".join(shown.format()) + repr(error) + repr(vars(error))
    try:
        return text + pickle.dumps(error).decode("latin-1")
    except Exception as problem:  # some hold what no pickle takes, such as a client
        return text + str(problem)


class Logged(logging.Handler):
    """Keeps every record as text."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(f"{record.getMessage()} {vars(record)}")


class Watch:
    """The plugin."""

    def __init__(self) -> None:
        self.words: set[str] = set()
        self.errors: list[BaseException] = []
        self.logged = Logged()
        self.level = logging.NOTSET

    def pytest_configure(self) -> None:
        watch, init = self, errors.MetertapError.__init__

        def watched_client(
            provider: str, name: str, defaults: Any, given: _core.Secret, positional: int
        ) -> _core.Client:
            secrets = [field["name"] for field in _core.provider(provider)["secrets"]]
            words = [_core.hide(given.open().get(secret)) for secret in secrets]
            opened = [word.open() for word in words if word is not None]
            watch.words.update(word for word in opened if isinstance(word, str) and len(word) >= SHORTEST)
            del opened
            return _core.Client(provider, name, defaults, given, positional)

        def watched_init(error: errors.MetertapError, *args: Any, **kwargs: Any) -> None:
            init(error, *args, **kwargs)
            watch.errors.append(error)

        _build.core = SimpleNamespace(provider=_core.provider, Client=watched_client)  # type: ignore[assignment]
        errors.MetertapError.__init__ = watched_init  # type: ignore[method-assign, assignment]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        self.words.clear()
        self.errors.clear()
        self.logged.texts.clear()
        logger = logging.getLogger("metertap")
        logger.addHandler(self.logged)
        self.level = logger.level
        logger.setLevel(logging.DEBUG)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        if call.when == "call":
            TALLY.tests += 1
            TALLY.words += len(self.words)
            TALLY.errors += len(self.errors)
            found = [f"{item.nodeid} {where}" for where, text in self.left_behind(item) if places(self.words, text)]
            if found:
                TALLY.hits += found
                report.outcome = "failed"
                report.longrepr = f"a secret shows in {found}"
        elif call.when == "teardown":
            logger = logging.getLogger("metertap")
            logger.removeHandler(self.logged)
            logger.setLevel(self.level)
            self.errors.clear()
            shown = "".join(text for _, text in report.sections)
            if places(self.words, shown) and item.path.name not in SHOWS_CREDENTIALS:
                TALLY.hits.append(f"{item.nodeid} prints")
                report.outcome = "failed"
                report.longrepr = f"a secret is printed: {shown}"
        return report

    def left_behind(self, item: pytest.Item) -> Any:
        """Return what a test left behind, each with its name."""
        yield "the log", "\n".join(self.logged.texts)
        for error in self.errors:
            yield f"a {type(error).__name__}", everything(error)
        folder = getattr(item, "funcargs", {}).get("tmp_path")
        # Configuration files of the tests hold secrets, as their users' do; only what the package writes is searched.
        if isinstance(folder, Path):
            for manifest in folder.rglob("manifest.json"):
                for path in manifest.parent.rglob("*"):
                    if path.is_file() and path.stat().st_size < LARGEST:
                        content = path.read_bytes()
                        yield str(path.relative_to(folder)), unpacked(content).decode("latin-1")

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        if not config.getoption("--figures", False):
            return
        reached = (
            f"{TALLY.tests} tests with {TALLY.words} secrets and {TALLY.errors} errors: {len(TALLY.hits)} hits; "
            f"{TALLY.redirects.total()} redirects of {len(TALLY.redirects)} kinds: "
            f"{TALLY.leaked_bytes} bytes where they point"
        )
        # Whether a test failed, the exit code says.
        passed = not TALLY.hits and TALLY.words > 0 and TALLY.leaked_bytes == 0 and len(TALLY.redirects) == 15
        figure = {"id": "F17", "reached": reached, "pass": passed, "reason": "; ".join(TALLY.hits[:5])}
        terminalreporter.ensure_newline()
        terminalreporter.write_line(f"FIGURE {json.dumps(figure)}")
