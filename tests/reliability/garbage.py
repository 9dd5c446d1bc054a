"""F28: whatever the public API is given, it answers, or refuses with an error of ours or Python's own `TypeError`.

What is called is found by looking: the public names of the public modules, and the public methods of what they return.
Processes of their own make the calls, so that a crash or a call without an end is told and does not end the figure.
"""

from __future__ import annotations

import asyncio
import contextlib
import decimal
import faulthandler
import importlib
import inspect
import io
import itertools
import json
import os
import pkgutil
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from figures import NOW, PROVIDERS, SEED, clean_environment, count, figure

import metertap
from metertap import _client, errors
from metertap.simulator import Simulator

CALLS, PROCESSES = 10_000, 4
#: A call that takes longer has no end.
SECONDS = 20
#: What is made by other names and not by hand: their constructors take native objects.
NOT_BY_HAND = {"Plan", "RollUp", "Usage"}
#: A word to try where an argument with this name is wanted, so that the others are looked at, too.
SOUND: dict[str, Any] = {
    "start": "2026-03-01",
    "end": "2026-03-03",
    "since": "2026-03-01",
    "until": "2026-03-03",
    "now": NOW,
    "tz": "Asia/Tokyo",
    "consumable_code": "AIU",
    "year": 2026,
    "month": 2,
    "provider": "sora",
    "kind": "latency:1",
    "every": "day",
    "label": "default",
    "action": "DescribeLiveTimeShiftData",
    "command": "session.info",
    "on_error": "keep",
    "index": 0,
    "of": 2,
    "raw": True,
}


class Broken(tzinfo):
    """A zone that fails, or says what no zone can say."""

    def __init__(self, says: Any) -> None:
        self.says = says

    def utcoffset(self, _moment: datetime | None) -> Any:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    def dst(self, _moment: datetime | None) -> Any:
        return self.says

    def tzname(self, _moment: datetime | None) -> Any:
        return None


class Nowhere(tzinfo):
    """A zone of which nothing is defined."""


def zones() -> list[Any]:
    hours = [timezone(timedelta(hours=hours)) for hours in (-12, 10, 14)]
    odd = [timezone(timedelta(hours=5, minutes=45), "UTC"), timezone(timedelta(hours=23, minutes=59, seconds=59))]
    named = [ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Etc/GMT-14")]
    offsets = [timedelta(days=2), timedelta(microseconds=1), None, 7, "UTC", ValueError("no"), RuntimeError("no")]
    return [timezone.utc, *hours, *odd, *named, Nowhere(), *map(Broken, offsets)]


def texts() -> list[Any]:
    words = ["", " ", "\0", "a\0b", "\ud800", "caf\udce9", "\u202e", "本", "\u200b", "a/b", "..", "~nobody/x", "-1"]
    moments = ["2026-01-01", "2026-02-30", "9999-12-31T23:59:59Z", "0000-01-01", "-9999-01-01", "2026-01-01T00:00:00"]
    edges = ["9999-12-31", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.123456789Z", "today"]
    return [*words, *moments, *edges, "x" * 100_000, "\n" * 1000, "é" * 70_000, "{}", "[]", '{"format": 2}', "month"]


def numbers() -> list[Any]:
    whole = [True, False, 0, 1, -1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 2**70, 10**4000, 10**5000]
    fractions = [0.5, -0.0, float("nan"), float("inf"), -float("inf"), 1e308, 5e-324, 1e-9, 1767225600.0]
    odd = [Decimal("NaN"), Decimal("sNaN"), Decimal("1e1000000"), Decimal("0.1"), Fraction(1, 3), 1j, decimal.Context()]
    return [*whole, *fractions, *odd, 1767225600, 1767225600000, 253402300799999, -62135596800000]


def moments() -> list[Any]:
    utc = timezone.utc
    aware = [datetime(2026, 3, 1, tzinfo=zone) for zone in zones()]
    edges = [datetime.min.replace(tzinfo=utc), datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))]
    edges += [datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), datetime.max.replace(tzinfo=utc)]
    naive = [datetime(2026, 3, 1), datetime(2026, 3, 8, 2, 30, fold=1), date.min, date.max, date(2026, 3, 1)]  # noqa: DTZ001
    return [*aware, *edges, *naive, datetime(2026, 3, 1).time(), timedelta(days=1), timedelta.max]  # noqa: DTZ001


def boxes() -> list[Any]:
    endless_list: list[Any] = []
    endless_list.append(endless_list)
    endless_dict: dict[str, Any] = {}
    endless_dict["x"] = endless_dict
    deep: list[Any] = []
    for _ in range(20_000):
        deep = [deep]
    return [
        [], [None], [[]], ["a", 1], ("2026-01-01", None), set(), {1}, frozenset("ab"), {}, {"a": 1}, {1: 2},
        {"\ud800": 1}, {None: None}, {"a": object()}, {"a": float("nan")}, range(3), iter([1]), (x for x in "ab"),
        endless_list, endless_dict, deep, b"", b"bytes\xff", bytearray(b"x"), memoryview(b"x"), ["x"] * 5000,
    ]  # fmt: skip


def foreign() -> list[Any]:
    found: list[Any] = [
        object(),
        object,
        len,
        lambda: "x",
        lambda *_: None,
        Ellipsis,
        NotImplemented,
        sys,
        io.StringIO(),
    ]
    with contextlib.suppress(ModuleNotFoundError):
        numpy: Any = importlib.import_module("numpy")
        found += [numpy.int64(3), numpy.uint64(2**64 - 1), numpy.float64("nan"), numpy.float32(0.1), numpy.bool_(True)]
        found += [
            numpy.datetime64("2026-03-01"),
            numpy.datetime64("NaT"),
            numpy.timedelta64(1, "D"),
            numpy.str_("2026-03-01"),
        ]
        found += [numpy.array([1, 2]), numpy.array("x"), numpy.array([]), numpy.array([[1.5]]), numpy.void(b"x")]
    with contextlib.suppress(ModuleNotFoundError):
        pandas: Any = importlib.import_module("pandas")
        found += [
            pandas.Timestamp("2026-03-01"),
            pandas.Timestamp("2026-03-01", tz="Asia/Tokyo"),
            pandas.NaT,
            pandas.NA,
        ]
        found += [pandas.Timestamp.min, pandas.Timestamp.max.tz_localize("UTC"), pandas.Timedelta("1D")]
        found += [pandas.Period("2026-03"), pandas.Series([1, 2]), pandas.DataFrame({"a": [1]}), pandas.Index(["a"])]
        found += [pandas.Series(pandas.date_range("2026-03-01", periods=2, tz="UTC")), pandas.Categorical(["a"])]
    return found


def garbage() -> list[Any]:
    return [None, *texts(), *numbers(), *moments(), *zones(), *boxes(), *foreign()]


Target = tuple[str, Callable[..., Any], list[str], list[str]]


def modules() -> Iterator[Any]:
    """Return the public modules."""
    yield metertap
    for found in pkgutil.walk_packages(metertap.__path__, "metertap."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            yield importlib.import_module(found.name)


def keywords_of_clients() -> list[str]:
    """Return what the `**keywords` of clients, selections and environments may be."""
    found = {*_client.DEFAULTS, "meters", "nothing", "\udce9"}
    for facts in PROVIDERS.values():
        found |= {field["name"] for field in (*facts["settings"], *facts["secrets"])}
    for operation in itertools.chain.from_iterable(facts["operations"] for facts in PROVIDERS.values()):
        found |= {argument["name"] for argument in operation["arguments"]}
    return sorted(found | {"vhosts", "series", "by_label", "include_sub_orgs", "tenant_id"})


def target(label: str, function: Any, pool: list[str]) -> Target | None:
    """Return what can be called, with the names of its parameters, and the keywords that it may take besides."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY, p.POSITIONAL_ONLY)]
    return label, function, named, pool if any(p.kind is p.VAR_KEYWORD for p in parameters) else []


def targets(simulator: Simulator, spare: Simulator) -> list[Target]:
    """Return all that is public and can be called."""
    pool = keywords_of_clients()
    found: list[Target | None] = []
    for module in modules():
        for name in getattr(module, "__all__", []):
            value = getattr(module, name)
            if callable(value) and name not in NOT_BY_HAND and inspect.isroutine(value) | inspect.isclass(value):
                found.append(target(f"{module.__name__}.{name}", value, pool))
            if inspect.isclass(value):
                for member, what in inspect.getmembers(value, inspect.ismethod):  # of the class: other constructors
                    if not member.startswith("_"):
                        found.append(target(f"{module.__name__}.{name}.{member}", what, pool))
    for thing in things(simulator, spare):
        for member in dir(thing):
            # Exceptions and tuples have methods of Python's own.
            if not member.startswith("_") and callable(method := getattr(thing, member)) and inspect.isroutine(method):
                found += [target(f"{type(thing).__module__}.{type(thing).__name__}().{member}", method, pool)]
    known = {label: one for one in found if one is not None for label in [one[0]]}
    return [known[label] for label in sorted(known)]


def things(simulator: Simulator, spare: Simulator) -> Iterator[Any]:
    """Return what the public functions return, and the clients."""
    clients = simulator.clients()
    yield from (*clients, *simulator.clients(aio=True), spare)
    sora = clients[0]
    selection = sora.select(meters=["sora.egress"])
    usage = metertap.fetch(selection, "2026-03-01", "2026-04-01", now=NOW)
    plan = metertap.plan(selection, "2026-03-01", "2026-04-01", now=NOW)
    yield from (selection, usage, plan, usage.coverage, usage.evidence, usage.rollup("month"), metertap.meters()[0])
    yield from (plan.rows[0], usage.readings()[0])
    file = "accounts.toml"
    with open(file, "w", encoding="utf-8") as out:
        out.write(
            f'[accounts.x]\nprovider = "sora"\nbase_url = "{simulator.base_url("sora")}"\napi_key = {{file = "key"}}\n'
        )
    with open("key", "w", encoding="utf-8") as out:
        out.write(simulator.credentials("sora")["api_key"])
    yield metertap.config.accounts(file)["x"]  # type: ignore[attr-defined]


def chosen(parameter: str, sound: dict[str, Any], wrong: list[Any]) -> Any:
    if parameter in sound and random.random() < 0.5:
        return sound[parameter]
    return random.choice(wrong)


def call(one: Target, sound: dict[str, Any], wrong: list[Any]) -> tuple[str, Callable[[], Any]]:
    """Return a call with garbage for some of its arguments, and what it looks like."""
    label, function, named, pool = one
    given = {name: chosen(name, sound, wrong) for name in named if random.random() < 0.7}
    given.update(
        {name: chosen(name, sound, wrong) for name in random.sample(pool, min(len(pool), random.randint(0, 4)))}
    )
    if random.random() < 0.1:
        values = [random.choice(wrong) for _ in named[: random.randint(1, 4)]]
        return f"{label}(*{brief(values)})", lambda: function(*values)
    return f"{label}(**{brief(given)})", lambda: function(**given)


def brief(value: Any) -> str:
    """Return what something is, even if it cannot be shown."""
    try:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        shown = ", ".join(
            f"{key!r}: {type(item).__name__} {ascii(item)[:40]}" for key, item in pairs if not is_deep(item)
        )
    except (ValueError, RecursionError):
        shown = f"{[type(item).__name__ for item in value]}"
    return shown[:400]


def is_deep(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], list)


def made(make: Callable[[], Any]) -> Any:
    """Make a call, awaited if it wants to be, and look at what it returns."""
    answer = make()
    if inspect.isawaitable(answer):

        async def wait() -> Any:
            return await answer

        answer = asyncio.run(wait())
    # What it holds of its arguments may be too deep or too long for Python's own `repr`.
    with contextlib.suppress(RecursionError, ValueError):
        repr(answer)
    if isinstance(answer, Simulator):
        answer.stop()
    return answer


def work(seed: int, calls: int) -> None:
    """Make so many calls, and print a line for each that went wrong, and one for the rest."""
    random.seed(seed)
    warnings.simplefilter("ignore")
    outcomes: Counter[str] = Counter()
    slowest, slow = 0.0, ""
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder) if hasattr(contextlib, "chdir") else going_to(folder),
        Simulator(seed=7, now=NOW) as simulator,
        Simulator(seed=7, now=NOW) as spare,
        open(os.path.join(folder, "output"), "w", encoding="utf-8", errors="replace") as output,
    ):
        all_targets = targets(simulator, spare)
        clients = simulator.clients()
        sound = {
            **SOUND,
            "what": clients[0],
            "accounts": clients[:2],
            "path": os.path.join(folder, "here"),
            "argv": ["meters"],
        }
        for number in range(calls):
            if number % 50 == 0:  # some of it is used up
                wrong = garbage()
            label, make = call(all_targets[number % len(all_targets)], sound, wrong)
            tell({"about": label})
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            began = time.monotonic()
            try:
                with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                    made(make)
                outcomes["answered"] += 1
            except (errors.MetertapError, TypeError) as error:
                outcomes["refused"] += 1
                if isinstance(error, errors.InternalError):
                    tell({"wrong": f"{label}: {error}"})
            except SystemExit:  # how the command line refuses words
                outcomes["refused" if ".main(" in label else "other"] += 1
            except BaseException as error:
                outcomes["panics" if type(error).__name__ == "PanicException" else "other"] += 1
                tell({"wrong": f"{label}: {type(error).__name__}: {str(error)[:200]!r}"})
            faulthandler.cancel_dump_traceback_later()
            if (took := time.monotonic() - began) > slowest:
                slowest, slow = took, label
    tell({"done": outcomes, "targets": len(all_targets), "slowest": slowest, "slow": slow})


@contextlib.contextmanager
def going_to(folder: str) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    yield
    os.chdir(before)


def tell(what: dict[str, Any]) -> None:
    print(json.dumps(what), file=sys.__stdout__, flush=True)


def main() -> None:
    share = count(CALLS) // PROCESSES + 1
    outcomes: Counter[str] = Counter()
    wrong: list[str] = []
    named, slowest, slow = 0, 0.0, ""
    for process in range(PROCESSES):
        command = [sys.executable, "-X", "faulthandler", __file__, str(SEED + process), str(share)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=clean_environment(), errors="replace"
        )
        told = [json.loads(line) for line in done.stdout.splitlines()]
        wrong += [one["wrong"] for one in told if "wrong" in one]
        if done.returncode or not told or "done" not in told[-1]:
            last = next((one["about"] for one in reversed(told) if "about" in one), "the start")
            kind = "hangs" if "Timeout (" in done.stderr else "crashes"
            outcomes[kind] += 1
            wrong.append(f"{kind} at {last}")
            print(done.stderr[-3000:], flush=True)
            continue
        outcomes.update(told[-1]["done"])
        named = told[-1]["targets"]
        slowest, slow = max((slowest, slow), (told[-1]["slowest"], told[-1]["slow"]))
    for line in wrong[:40]:
        print(line, flush=True)
    made_calls = sum(outcomes[kind] for kind in ("answered", "refused", "other", "panics"))
    reached = (
        f"{made_calls:,} calls of {named} names: {outcomes['answered']:,} answered, {outcomes['refused']:,} refused, "
        f"{outcomes['other']} by other errors, {outcomes['panics']} panics, {outcomes['crashes']} crashes, "
        f"{outcomes['hangs']} hangs; slowest {slowest:.1f} s"
    )
    print(f"slowest: {slow}", flush=True)
    figure("F28", reached, not wrong and made_calls >= count(CALLS), "; ".join(wrong[:3]))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        work(int(sys.argv[1]), int(sys.argv[2]))
    else:
        main()
