"""Ranges as people say them: read the same by plans, fetches, ledgers and the command line, through both doors."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from support import Door

import metertap as mt
from metertap._range import range_of, since_of, window
from metertap.errors import InvalidArgument, WrongType
from metertap.simulator import Simulator

NOW = "2026-04-15T09:30:30Z"
TOKYO = "Asia/Tokyo"


def fetch(door: Door, *args: Any, **kwargs: Any) -> mt.Usage:
    if door.name == "sync":
        return mt.fetch(*args, **kwargs)
    return asyncio.run(mt.aio.fetch(*args, **kwargs))


def ends(*given: Any, since: Any = None, tz: Any = None, now: str = NOW) -> tuple[str, str]:
    start, end = given if len(given) == 2 else (*given, *(None,) * (2 - len(given)))
    first, last = window(start, end, since, tz=tz, now=now)
    return f"{first:%Y-%m-%dT%H:%MZ}", f"{last:%Y-%m-%dT%H:%MZ}"


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2026", "2026-01-01", "2027-01-01"),
        ("2026-Q1", "2026-01-01", "2026-04-01"),
        ("2026q4", "2026-10-01", "2027-01-01"),
        ("2026-03", "2026-03-01", "2026-04-01"),
        (" 2025-12 ", "2025-12-01", "2026-01-01"),
        ("2026-W05", "2026-01-26", "2026-02-02"),
        ("2020-W53", "2020-12-28", "2021-01-04"),
        (np.datetime64("2026-03"), "2026-03-01", "2026-04-01"),
        (np.datetime64("2026"), "2026-01-01", "2027-01-01"),
        (pd.Period("2026-03", "M"), "2026-03-01", "2026-04-01"),
        (pd.Period("2026Q1"), "2026-01-01", "2026-04-01"),
        (pd.Period("2026-03-07", "D"), "2026-03-07", "2026-03-08"),
    ],
)
def test_a_period_alone_is_that_period(period: Any, first: str, last: str) -> None:
    assert ends(period) == (f"{first}T00:00Z", f"{last}T00:00Z")


def test_a_period_is_that_of_the_zone() -> None:
    assert ends("2026-03", tz=TOKYO) == ("2026-02-28T15:00Z", "2026-03-31T15:00Z")
    assert ends(pd.Period("2026-03", "M"), tz=ZoneInfo(TOKYO)) == ("2026-02-28T15:00Z", "2026-03-31T15:00Z")
    assert ends(pd.Period("2026-03-08T09", "h"), tz=TOKYO) == ("2026-03-08T00:00Z", "2026-03-08T01:00Z")
    # The clocks of New York are put forward on the 8th of March.
    assert ends("2026-03", tz="America/New_York") == ("2026-03-01T05:00Z", "2026-04-01T04:00Z")


@pytest.mark.parametrize("start", ["2026-03-01", "20260301", date(2026, 3, 1), np.datetime64("2026-03-01")])
def test_a_day_alone_runs_until_now(start: Any) -> None:
    assert ends(start) == ("2026-03-01T00:00Z", "2026-04-15T09:30Z")
    assert ends(start, tz=TOKYO) == ("2026-02-28T15:00Z", "2026-04-15T09:30Z")


def test_a_moment_alone_runs_until_now() -> None:
    assert ends(datetime(2026, 3, 1, 9, tzinfo=timezone.utc)) == ("2026-03-01T09:00Z", "2026-04-15T09:30Z")
    assert ends("2026-03-01T09:00+09:00") == ("2026-03-01T00:00Z", "2026-04-15T09:30Z")


@pytest.mark.parametrize(
    ("since", "tz", "first"),
    [
        ("7d", None, "2026-04-08T00:00Z"),
        ("0d", None, "2026-04-15T00:00Z"),
        ("2w", None, "2026-04-01T00:00Z"),
        ("3mo", None, "2026-01-15T00:00Z"),
        ("1y", None, "2025-04-15T00:00Z"),
        ("24h", None, "2026-04-14T09:00Z"),
        ("24H", None, "2026-04-14T09:00Z"),
        ("7d", TOKYO, "2026-04-07T15:00Z"),
        ("1h", "Asia/Kolkata", "2026-04-15T08:30Z"),
        (timedelta(days=2), None, "2026-04-13T09:30Z"),
        ("2026-03", None, "2026-03-01T00:00Z"),
        ("2026-03-01", TOKYO, "2026-02-28T15:00Z"),
        (pd.Timestamp("2026-03-01", tz="UTC"), None, "2026-03-01T00:00Z"),
        (pd.Period("2026-03", "M"), None, "2026-03-01T00:00Z"),
    ],
)
def test_since_counts_back_from_now_or_says_from_when(since: Any, tz: Any, first: str) -> None:
    assert ends(since=since, tz=tz) == (first, "2026-04-15T09:30Z")


@pytest.mark.parametrize(
    ("now", "since", "first"),
    [
        ("2026-03-31", "1mo", "2026-02-28"),
        ("2024-03-31", "1mo", "2024-02-29"),
        ("2024-02-29", "1y", "2023-02-28"),
        ("2026-01-31", "11mo", "2025-02-28"),
    ],
)
def test_months_back_end_with_a_shorter_month(now: str, since: str, first: str) -> None:
    assert ends(since=since, now=now)[0] == f"{first}T00:00Z"


def test_since_and_an_end_are_a_range() -> None:
    assert ends(None, "2026-04-10", since="7d") == ("2026-04-08T00:00Z", "2026-04-10T00:00Z")


def test_without_a_now_the_machines_is_both_now_and_the_end() -> None:
    before = datetime.now(timezone.utc).replace(microsecond=0)
    _, end, now = range_of(None, None, "7d", tz=None, now=None)
    assert before <= end <= datetime.now(timezone.utc)
    assert end == now
    assert abs(since_of("24h", None) - before + timedelta(hours=24)) <= timedelta(hours=1, minutes=1)


@pytest.mark.parametrize(
    ("given", "kind", "sentence"),
    [
        (
            {},
            InvalidArgument,
            'a range is needed: write start="2026-03" (that month), start="2026-03-01" (until now), ',
        ),
        ({"start": "2026-03", "since": "7d"}, InvalidArgument, "start and since are two starts of one range: leave"),
        ({"start": "7d"}, InvalidArgument, "start '7d' counts back from now: write since='7d'."),
        ({"start": "15 April"}, InvalidArgument, "start '15 April' is neither a date nor a period: write \"2026-03-01"),
        ({"start": "1 March 2026"}, InvalidArgument, "start '1 March 2026' is neither a date nor a period: write "),
        ({"since": "1 March 2026"}, InvalidArgument, 'since \'1 March 2026\' means nothing here: write "24h", "7d"'),
        (
            {"since": "2026-03-01 at 9"},
            InvalidArgument,
            'since cannot be read: "2026-03-01 at 9" is no RFC 3339 instant',
        ),
        ({"start": "2026-03", "now": "7d"}, InvalidArgument, "now '7d' is no date: write \"2026-03-01\" or "),
        ({"start": "2026-3"}, InvalidArgument, "start '2026-3' is neither a date nor a period: write \"2026-03-01\""),
        ({"start": "2026-13"}, InvalidArgument, "start '2026-13' is no period that there is."),
        ({"start": "2026-Q0"}, InvalidArgument, "start '2026-Q0' is no period that there is."),
        ({"start": "2026-W54"}, InvalidArgument, "start '2026-W54' is no period that there is."),
        ({"start": "9999"}, InvalidArgument, "start '9999' is no period that there is."),
        (
            {"start": 2026},
            WrongType,
            'start must be a text, a date or a datetime, not int: for the year write start="2026"',
        ),
        ({"start": "2026-02-30"}, InvalidArgument, "start '2026-02-30' is neither a date nor a period: write "),
        (
            {"start": "2026-01", "end": "2026-03"},
            InvalidArgument,
            "end '2026-03' can be read in two ways: write 2026-04-01 to have it in the range, or 2026-03-01 not to.",
        ),
        ({"start": "2026-01", "end": pd.Period("2026-03", "M")}, InvalidArgument, "end '2026-03' can be read in two "),
        (
            {"since": "3m"},
            InvalidArgument,
            "since '3m' must end in h, d, w, mo or y, such as 24h, 7d or 3mo; for months ",
        ),
        ({"since": "7 days"}, InvalidArgument, "since '7 days' must end in h, d, w, mo or y"),
        ({"since": "-3d"}, InvalidArgument, 'since \'-3d\' means nothing here: write "24h", "7d", "2w", "3mo" or "1y"'),
        ({"since": "9999y"}, InvalidArgument, "since '9999y' would begin before the year 1."),
        ({"since": timedelta(-1)}, InvalidArgument, "since counts back from now, and must not be negative."),
        ({"since": timedelta.max}, InvalidArgument, "since would begin before the year 1."),
        ({"since": 7}, WrongType, "since must be a text such as '7d', a date, an aware"),
        (
            {"start": datetime(2026, 3, 1, 9), "tz": TOKYO},  # noqa: DTZ001
            InvalidArgument,
            "start is a datetime without a zone, and tz= is for dates only: "
            "write datetime(2026, 3, 1, 9, tzinfo=ZoneInfo('Asia/Tokyo')).",
        ),
        (
            {"start": pd.Timestamp("2026-03-01 09:00"), "tz": TOKYO},
            InvalidArgument,
            "start is a datetime without a zone, and tz= is for dates only: "
            "write pandas.Timestamp(\"2026-03-01 09:00:00\", tz='Asia/Tokyo').",
        ),
        (
            {"start": "2026-03-01T09:00", "tz": TOKYO},
            InvalidArgument,
            "start '2026-03-01T09:00' has no UTC offset, and tz= is for dates only: "
            'write "2026-03-01T09:00:00+09:00".',
        ),
        (
            {"start": np.datetime64("2026-03-01T09:00")},
            InvalidArgument,
            'start is a numpy.datetime64, which has no zone: write pandas.Timestamp(start, tz="UTC")',
        ),
        ({"start": np.datetime64("NaT", "D")}, InvalidArgument, "start is NaT, which is no moment."),
        ({"start": pd.NaT, "tz": TOKYO}, InvalidArgument, "start is NaT, which is no moment"),
        ({"start": "2026-03", "tz": "Mars"}, InvalidArgument, "there is no time zone 'Mars'"),
        ({"start": "2026-03", "tz": 9}, WrongType, "tz must be a str such as 'Asia/Tokyo' or a tzinfo, not int."),
        ({"start": "2026-03", "now": "2026"}, InvalidArgument, "now '2026' is no date: write "),
    ],
)
def test_a_range_that_means_nothing_says_what_to_write(
    given: dict[str, Any], kind: type[Exception], sentence: str, world: Simulator
) -> None:
    with pytest.raises(kind) as error:
        mt.plan(world.client("volcengine"), **{"now": NOW, **given})
    assert str(error.value).startswith(sentence)


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    with Simulator(seed=7, now=NOW) as simulator:
        yield simulator


def test_a_plan_of_a_period_is_the_plan_of_its_ends(world: Simulator) -> None:
    client = world.client("ricoh")
    assert mt.plan(client, "2026-03", now=NOW) == mt.plan(client, "2026-03-01", "2026-04-01", now=NOW)
    local = mt.plan(client, "2026-03", tz=TOKYO, now=NOW)
    assert local == mt.plan(client, "2026-03-01", "2026-04-01", tz=TOKYO, now=NOW)
    assert local != mt.plan(client, "2026-03", now=NOW)


def test_fetch_takes_a_month_through_both_doors(door: Door, world: Simulator) -> None:
    client = door.simulated(world, "volcengine")
    whole = fetch(door, client, "2026-03-01", "2026-04-01", now=NOW)
    assert len(fetch(door, client, "2026-03", now=NOW)) == len(whole) > 0
    assert len(fetch(door, client, since="2026-03-01", end="2026-04-01", now=NOW)) == len(whole)


def test_a_plan_has_its_range_already(door: Door, world: Simulator) -> None:
    plan = mt.plan(door.simulated(world, "sora"), "2026-03", now=NOW)
    with pytest.raises(InvalidArgument, match="a plan has its range already; leave start, end and since out"):
        fetch(door, plan, since="7d")


def test_the_ledger_takes_the_same_words_through_both_doors(door: Door, tmp_path: Path, world: Simulator) -> None:
    client = door.simulated(world, "volcengine")
    ledger = door.module.Ledger(tmp_path / "ledger")

    def ask(method: str, *given: Any, **named: Any) -> Any:
        async def main() -> Any:
            return await getattr(ledger, method)(*given, **named)

        return asyncio.run(main()) if door.name == "async" else getattr(ledger, method)(*given, **named)

    done = ask("sync", client, since="7d", now=NOW, on_error="keep")
    assert done.calls > 0
    asked = ask("usage", since="7d", now=NOW)
    assert len(asked) == len(ask("usage", "2026-04-08", now=NOW)) == done.new
    assert len(ask("holes", since="7d", now=NOW)) == len(asked.holes)
    assert len(ask("restatements", since="7d")) == 0
