"""`metertap sync`, `snapshot` and `ledger`, mostly in this process, with accounts at the simulator."""

from __future__ import annotations

import asyncio
import csv
import errno
import io
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support import NOW

import metertap as mt
import metertap.aio
from metertap.cli import _lock, main
from metertap.cli import sync as sync_command
from metertap.simulator import Simulator

PROGRAM = str(Path(sys.executable).with_name("metertap"))
MARCH = ("--start", "2026-03-01", "--end", "2026-04-01")
LATER = "2026-06-15T12:00:00Z"
SECRETS = {"api_key", "client_secret", "password", "secret_key"}
KEYS = ["calls", "new", "restated", "restated_settled", "unchanged", "holes", "complete", "seconds"]
ACTIONS: dict[str, tuple[str, ...]] = {
    "show": (),
    "holes": MARCH,
    "restatements": (),
    "tidy": (),
    "vacuum": (),
}
Configure = Callable[..., None]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Write the accounts file: an account of each provider that is named, at a simulator."""

    def write(simulator: Simulator, *providers: str) -> None:
        lines = []
        for provider in providers or simulator.providers:
            lines += [f"[accounts.my-{provider}]", f'provider = "{provider}"']
            lines.append(f'base_url = "{simulator.base_url(provider)}"')
            for name, value in simulator.credentials(provider).items():
                word = f"TEST_{provider}_{name}"
                monkeypatch.setenv(word, value)
                lines.append(f'{name} = {{env = "{word}"}}' if name in SECRETS else f'{name} = "{value}"')
            if provider == "uipath":
                lines += ["[accounts.my-uipath.select]", 'consumable_code = ["AIU", "PLTU"]']
        file = tmp_path / "config.toml"
        file.write_text("\n".join(lines), encoding="utf-8")
        monkeypatch.setenv("METERTAP_CONFIG", str(file))

    return write


@pytest.fixture(autouse=True)
def _config(configure: Configure, simulator: Simulator) -> None:
    configure(simulator)


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "usage")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(list(words))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Return the one JSON object that a complete run prints, without the time that it took."""
    status, out, err = run(capsys, *words, "--json")
    assert (status, err, out.count("\n")) == (0, "", 1)
    summary: dict[str, Any] = json.loads(out)
    assert list(summary) == KEYS
    assert 0 <= summary.pop("seconds") < 30
    return summary


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return the sentence with which a wrong command line is refused."""
    with pytest.raises(SystemExit) as stopped:
        main(list(words))
    captured = capsys.readouterr()
    assert (stopped.value.code, captured.out) == (2, "")
    return captured.err.splitlines()[-1].partition(": error: ")[2]


def figures(place: str) -> list[str]:
    """Return all that a ledger has of the year, in an order of its own: a reader may return any."""
    return sorted(map(str, mt.Ledger(place).usage("2026-01-01", "2026-04-01", now=LATER).to_dicts()))


def summary(**figures: Any) -> dict[str, Any]:
    none = {"calls": 0, "new": 0, "restated": 0, "restated_settled": 0, "unchanged": 0, "holes": [], "complete": True}
    return {**none, **figures}


@contextmanager
def day(configure: Configure, today: str, port: int) -> Iterator[int]:
    """Let it be another day for the services, at the address that they had: an account is where it is asked."""
    with Simulator(seed=7, now=today, port=port) as simulator:
        configure(simulator)
        yield int(simulator.origin.rpartition(":")[2])


@contextmanager
def holder(place: str) -> Iterator[subprocess.Popen[str]]:
    """Run a process that holds the lock of a ledger until it is ended."""
    code = """
import sys
from metertap.cli import _lock
with _lock.held(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""
    words = [sys.executable, "-c", code, place]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


# sync


def test_a_sync_prints_one_line_for_people(capsys, place):
    line = "11 calls: 10,844 new readings, 0 restated, 0 unchanged\n"
    assert run(capsys, "sync", place, *MARCH, "--now", NOW) == (0, line, "")


def test_the_second_of_two_runs_makes_no_call_for_what_is_settled(capsys, simulator, place):
    words = ("sync", place, *MARCH, "--now", LATER)
    assert told(capsys, *words) == summary(calls=11, new=10844)
    requests = simulator.counts.requests
    assert told(capsys, *words) == summary()
    assert simulator.counts.requests == requests


def test_a_start_moved_back_fetches_the_earlier_part_only(capsys, simulator, place):
    told(capsys, "sync", place, "my-ricoh", *MARCH, "--now", LATER)
    simulator.clear_requests()
    words = ("sync", place, "my-ricoh", "--start", "2026-02-01", "--end", "2026-04-01", "--now", LATER)
    assert told(capsys, *words)["calls"] == 1
    (request,) = simulator.requests
    assert request.query == "since=2026-02-01T00%3A00%3A00Z&until=2026-03-01T00%3A00%3A00Z"


def test_what_the_accounts_file_selects_is_what_is_synced(capsys, place):
    assert told(capsys, "sync", place, "my-uipath", *MARCH, "--now", LATER)["calls"] == 2
    usage = mt.Ledger(place).usage("2026-03-01", "2026-04-01")
    assert {row["consumable_code"] for row in usage.to_dicts()} == {"AIU", "PLTU"}
    assert {row["account"] for row in usage.to_dicts()} == {"my-uipath"}


@pytest.mark.parametrize(
    ("since", "zone", "now", "first"),
    [
        ("14d", "UTC", "2026-04-15T12:00:00Z", "2026-04-01T00:00:00Z"),
        ("0d", "UTC", "2026-04-15T12:00:00Z", "2026-04-15T00:00:00Z"),
        ("1d", "Asia/Tokyo", "2026-04-15T16:00:00Z", "2026-04-14T15:00:00Z"),
        ("3d", "America/New_York", "2026-03-10T12:00:00Z", "2026-03-07T05:00:00Z"),
    ],
)
def test_since_is_the_midnight_so_many_days_before_now(since, zone, now, first, capsys, simulator, place):
    words = ("sync", place, "my-ricoh", "--since", since, "--tz", zone, "--now", now)
    assert told(capsys, *words)["calls"] == 1
    (request,) = simulator.requests
    assert request.query == f"since={first}&until={now}".replace(":", "%3A")


def test_without_a_zone_and_a_now_since_counts_utc_days_of_the_machines_time(capsys, simulator, place):
    before = time.gmtime(time.time() - 86_400)
    run(capsys, "sync", place, "my-ricoh", "--since", "1d")
    after = time.gmtime(time.time() - 86_400)
    days = {time.strftime("since=%Y-%m-%dT00%%3A00%%3A00Z", moment) for moment in (before, after)}
    assert {request.query.partition("&")[0] for request in simulator.requests} <= days


def test_a_failed_call_is_status_3_and_the_next_run_asks_for_it_alone(capsys, simulator, place):
    simulator.add_fault("status:404", provider="ricoh")
    words = ("sync", place, *MARCH, "--now", LATER)
    status, out, err = run(capsys, *words, "--json")
    (line,) = out.splitlines()
    done = json.loads(line)
    assert (status, done["calls"], done["new"], done["complete"]) == (3, 11, 10833, False)
    (hole,) = done["holes"]
    assert hole.startswith(
        "my-ricoh cost_and_usage_total from 2026-03-01T00:00:00Z to 2026-04-01T00:00:00Z: ricoh "
        "clients/{client_id}/cost_and_usage/total: HTTP 404: Not Found"
    )
    assert err.splitlines() == [
        f"hole: {hole}",
        "metertap: incomplete: 1 hole; what did arrive is in the ledger",
    ]
    simulator.clear_faults()
    assert told(capsys, *words) == summary(calls=1, new=11)


def test_an_incomplete_line_for_people_counts_the_holes(capsys, simulator, place):
    simulator.add_fault("status:404", provider="ricoh")
    words = ("sync", place, "my-ricoh", "--start", "2025-07-01", "--end", "2026-04-01", "--now", NOW)
    status, out, err = run(capsys, *words)
    assert (status, out) == (3, "9 calls: 0 new readings, 0 restated, 0 unchanged; 9 holes\n")
    assert len(err.splitlines()) == 10
    assert err.endswith("metertap: incomplete: 9 holes; what did arrive is in the ledger\n")


def test_of_many_holes_twenty_are_told_and_all_are_in_the_json(capsys):
    done = mt.Sync(calls=25, holes=[f"number {number}" for number in range(25)])
    sync_command._tell(SimpleNamespace(json=True, quiet=False, ledger="usage"), done, 1.23456)
    out, err = capsys.readouterr()
    assert json.loads(out) == {**summary(calls=25, holes=done.holes, complete=False), "seconds": 1.235}
    assert err.splitlines()[19:] == [
        "hole: number 19",
        "… and 5 more holes",
        "metertap: incomplete: 25 holes; what did arrive is in the ledger",
    ]


def test_figures_that_were_called_settled_and_changed_are_told_loudly(capsys):
    sync_command._tell(SimpleNamespace(json=False, quiet=False, ledger="usage"), mt.Sync(1, 0, 3, 2, 7), 0.1)
    assert capsys.readouterr() == (
        "1 call: 0 new readings, 3 restated (2 of them called settled before), 7 unchanged\n",
        "metertap: warning: 2 figures that were called settled have changed; see metertap ledger restatements usage\n",
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nobody", *MARCH], "there is no account 'nobody'; there are my-sora, my-ricoh, my-uipath, "),
        ([], "a range is needed: --start 2026-03 (that month), --start 2026-03-01 (until now), --start and --end, or "),
        (["--since", "3d", "--start", "2026-03-01"], "--start and --since are two starts of one range: leave one"),
        (["--since", "3"], "since '3' means nothing here: write "),
        (["--since=-3d"], "since '-3d' means nothing here: write "),
        (["--since", "12345d"], "since '12345d' means nothing here: write "),
        (["--since", "٣d"], "since '٣d' means nothing here: write "),
        (["--since", "9999d", "--now", "0002-01-01"], "since '9999d' would begin before the year 1."),
        (["--start", "soon"], "start 'soon' is neither a date nor a period: write "),
        (["--start", "7d"], "start '7d' counts back from now: write --since '7d'."),
        (["--start", "2026-03-01", "--end", ""], "end '' is no date: write "),
        (["--start", "2026-03-01", "--end", "2026-03"], "end '2026-03' can be read in two ways: write 2026-04-01 to "),
        (["--start", "2026-03-01", "--now", "soon"], "now 'soon' is no date: write "),
        (["--start", "2026-03-01", "--end", "2026-03-01"], "start (2026-03-01T00:00:00+00:00) must be before end"),
        (["--start", "2026-05-01", "--now", NOW], "start (2026-05-01T00:00:00+00:00) must be before end"),
        (["--since", "3d", "--tz", "Mars"], "there is no time zone 'Mars'; write for example 'Asia/Tokyo'."),
        (
            ["--since", "3d", "--reread", "x"],
            "reread must be a number of days or hours such as '3d' or '12h', not 'x'.",
        ),
    ],
)
def test_a_wrong_question_is_status_2_and_nothing_is_sent_or_made(words, sentence, capsys, simulator, place):
    assert refused(capsys, "sync", place, *words).startswith(sentence)
    assert simulator.counts.requests == 0
    assert not Path(place).exists()


def test_a_place_that_is_no_ledger_is_one_sentence_and_keeps_what_it_has(capsys, simulator, tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").write_text("mine")
    for command in (("sync", "PLACE", *MARCH), ("snapshot", "PLACE"), ("ledger", "tidy", "PLACE")):
        file, folder = str(tmp_path / "file"), str(tmp_path / "folder")
        words = [file if word == "PLACE" else word for word in command]
        assert run(capsys, *words) == (1, "", f"metertap: {file} is a file; a ledger is a folder.\n")
        words = [folder if word == "PLACE" else word for word in command]
        sentence = f"{folder} is no ledger, and has other things in it, such as 'mine': choose an empty folder."
        assert run(capsys, *words) == (1, "", f"metertap: {sentence}\n")
        words = ["" if word == "PLACE" else word for word in command]
        sentence = "path is empty; give a folder or the address of one."
        assert run(capsys, *words) == (1, "", f"metertap: {sentence}\n")
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["mine"]
    assert simulator.counts.requests == 0


def test_without_the_extra_there_is_one_sentence(capsys, monkeypatch, simulator, place):
    monkeypatch.setitem(sys.modules, "deltalake", None)
    sentence = "this needs the package deltalake, which is not installed: pip install 'metertap[ledger]'."
    for words in (("sync", place, *MARCH), ("snapshot", place), ("ledger", "show", place)):
        assert run(capsys, *words) == (1, "", f"metertap: {sentence}\n")
    assert simulator.counts.requests == 0


def test_a_missing_secret_is_one_sentence_and_nothing_is_sent(capsys, monkeypatch, simulator, place):
    monkeypatch.delenv("TEST_sora_api_key")
    status, out, err = run(capsys, "sync", place, *MARCH)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert err.endswith("account 'my-sora': api_key: the environment variable TEST_sora_api_key is not set\n")
    assert simulator.counts.requests == 0


def test_reread_is_how_long_after_its_end_a_window_is_asked_again(capsys, place):
    # The simulator's answers are of 348 hours after the end of March.
    words = ("sync", place, "my-uipath", *MARCH, "--now", NOW)
    assert told(capsys, *words)["calls"] == 2
    assert told(capsys, *words) == summary()
    assert told(capsys, *words, "--reread", "14d") == summary()
    assert told(capsys, *words, "--reread", "347h") == summary()
    assert told(capsys, *words, "--reread", "349h") == summary(calls=2, unchanged=14)
    assert told(capsys, *words, "--reread", "15d") == summary(calls=2, unchanged=14)


def test_a_day_that_has_begun_in_the_zone_only_is_no_wrong_question(capsys, simulator, place):
    words = ("--start", "2026-04-15", "--tz", "Asia/Tokyo", "--now", "2026-04-14T20:00:00Z")
    assert told(capsys, "sync", place, "my-ricoh", *words)["calls"] == 1
    (request,) = simulator.requests
    assert request.query == "since=2026-04-14T15:00:00Z&until=2026-04-14T20:00:00Z".replace(":", "%3A")


# snapshot


def test_a_month_that_begins_now_has_its_counters(capsys, place):
    assert told(capsys, "snapshot", place, "my-sora", "--now", "2026-04-01") == summary(calls=9, new=10)


def test_a_snapshot_keeps_the_counters_and_names_who_has_none(capsys, place):
    status, out, err = run(capsys, "snapshot", place, "--now", NOW)
    assert (status, out) == (0, "9 calls: 10 new readings, 0 restated, 0 unchanged\n")
    assert err == (
        "left out, for want of counters of the month so far: my-ricoh, my-uipath, my-devicewise, my-volcengine\n"
    )
    assert [row["account"] for row in mt.Ledger(place).summary()["accounts"]] == ["my-sora"]


def test_a_snapshot_of_one_account_has_the_same_summary(capsys, place):
    assert told(capsys, "snapshot", place, "my-sora", "--now", NOW) == summary(calls=9, new=10)


def test_a_failed_snapshot_is_status_3(capsys, simulator, place):
    simulator.add_fault("status:404", path_contains="get-total-sessions-this-month")
    status, out, err = run(capsys, "snapshot", place, "my-sora", "--now", NOW, "--json")
    done = json.loads(out)
    assert (status, done["calls"], done["new"], done["complete"], len(done["holes"])) == (3, 9, 9, False, 1)
    assert err.endswith("metertap: incomplete: 1 hole; what did arrive is in the ledger\n")


def test_an_account_that_is_named_must_have_counters(capsys, simulator, place):
    sentence = "'my-ricoh' has no counters of the month so far; metertap sync keeps its history"
    assert refused(capsys, "snapshot", place, "my-sora", "my-ricoh") == sentence
    assert refused(capsys, "snapshot", place, "nobody").startswith("there is no account 'nobody'; there are my-sora, ")
    assert refused(capsys, "snapshot", place, "--now", "soon").startswith("now 'soon' is no date: ")
    assert simulator.counts.requests == 0


def test_it_is_an_error_if_no_account_has_counters(capsys, configure, simulator, place):
    configure(simulator, "ricoh", "volcengine")
    sentence = "none of these accounts has counters of the month so far; sync keeps their history."
    assert run(capsys, "snapshot", place) == (1, "", f"metertap: {sentence}\n")


# ledger


@pytest.mark.parametrize("is_there", [False, True], ids=["no folder", "an empty folder"])
@pytest.mark.parametrize("action", ACTIONS)
def test_of_an_empty_ledger_each_action_says_so(action, is_there, capsys, place):
    if is_there:
        Path(place).mkdir()
    words = ("ledger", action, place, *ACTIONS[action])
    assert run(capsys, *words) == (1, "", f"metertap: there is nothing in {place} yet: sync first.\n")
    assert (list(Path(place).iterdir()) == []) if is_there else not Path(place).exists()
    assert mt.Ledger(place).summary() == {
        "path": place,
        "version": None,
        "readings": 0,
        "last_sync": None,
        "accounts": [],
    }


def test_show_counts_each_reading_once_and_tells_the_range_of_each_account(capsys, configure, place):
    port, synced = 0, []
    for today in ("2026-04-10", "2026-04-15"):
        with day(configure, today, port) as port:
            words = ("sync", place, "my-ricoh", "my-uipath", "--start", "2026-02-01", "--end", "2026-04-15")
            done = told(capsys, *words, "--now", NOW)
            synced.append(mt.Ledger(place).summary()["last_sync"])
    assert done["restated"] > 0
    assert synced[0] < synced[1]
    status, out, err = run(capsys, "ledger", "show", place, "--json")
    shown = json.loads(out)
    assert (status, err, list(shown)) == (0, "", ["path", "version", "readings", "last_sync", "accounts"])
    assert (shown["path"], shown["version"]) == (place, 1)
    assert shown["readings"] == len(mt.Ledger(place).usage("2026-02-01", "2026-04-15", now=NOW))
    ricoh, uipath = shown["accounts"]
    assert {**ricoh, "last_sync": None, "readings": 0} == {
        "account": "my-ricoh",
        "provider": "ricoh",
        "readings": 0,
        "start": "2026-02-01T00:00:00Z",
        "end": "2026-04-15T00:00:00Z",
        "last_sync": None,
    }
    assert uipath["account"] == "my-uipath"
    assert ricoh["readings"] + uipath["readings"] == shown["readings"]
    assert max(ricoh["last_sync"], uipath["last_sync"]) == shown["last_sync"]
    _, out, _ = run(capsys, "ledger", "show", place)
    head, _, *rows, last = out.splitlines()
    assert head.split() == ["account", "provider", "readings", "from", "to", "last", "sync"]
    assert [row.split()[:3] for row in rows] == [
        [row["account"], row["provider"], str(row["readings"])] for row in (ricoh, uipath)
    ]
    assert asyncio.run(metertap.aio.Ledger(place).summary()) == mt.Ledger(place).summary()
    assert last == f"{shown['readings']} readings; the last sync was at {shown['last_sync']}; version 1"


def test_holes_are_a_table_and_status_3_if_something_failed(capsys, simulator, place):
    simulator.add_fault("status:404", provider="ricoh")
    run(capsys, "sync", place, "my-ricoh", *MARCH, "--now", LATER)
    words = ("ledger", "holes", place, *MARCH, "--now", LATER, "--format", "csv")
    status, out, err = run(capsys, *words)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (status, err) == (3, "holes: 5 failed\n")
    assert {(row["account"], row["start"], row["end"], row["state"]) for row in rows} == {
        ("my-ricoh", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", "failed")
    }
    simulator.clear_faults()
    run(capsys, "sync", place, "my-ricoh", *MARCH, "--now", LATER)
    status, out, err = run(capsys, *words)
    assert (status, list(csv.DictReader(io.StringIO(out))), err) == (0, [], "holes: none\n")


def test_what_was_never_asked_is_status_3_unless_it_can_no_longer_be_had(capsys, place):
    run(capsys, "sync", place, "my-ricoh", "my-volcengine", *MARCH, "--now", LATER)
    words = ("ledger", "holes", place, "--start", "2026-02-01", "--end", "2026-04-01", "--now", LATER)
    status, out, _ = run(capsys, *words, "--format", "json")
    assert status == 3
    status, _, err = run(capsys, *words[:-1], "2027-06-15", "--format", "json")
    assert (status, err) == (0, "holes: 10 unavailable\n")
    assert {row["state"] for row in json.loads(out) if row["account"] == "my-ricoh"} == {"failed"}
    status, out, err = run(capsys, "ledger", "holes", place, *MARCH, "--now", LATER, "--format", "json")
    assert (status, json.loads(out), err) == (0, [], "holes: none\n")


def test_restatements_are_a_table_of_both_figures(capsys, configure, place):
    port = 0
    for today in ("2026-03-20", "2026-04-02"):
        with day(configure, today, port) as port:
            done = told(capsys, "sync", place, "my-uipath", *MARCH, "--now", "2026-04-02")
    status, out, err = run(capsys, "ledger", "restatements", place, "--format", "json")
    rows = json.loads(out)
    assert done["restated"] > 0
    assert (status, len(rows)) == (0, done["restated"])
    assert err == f"restatements: {len(rows)}, of which 0 had been called settled\n"
    assert all(row["before"] != row["quantity"] for row in rows)
    for since, number in (("2026-04-01", len(rows)), ("2026-05-01", 0), ("9999d", len(rows))):
        status, out, _ = run(capsys, "ledger", "restatements", place, "--since", since, "--format", "jsonl")
        assert (status, len(out.splitlines())) == (0, number)


def test_tidy_joins_files_and_changes_no_figure(capsys, place):
    for month in ("2026-01-01", "2026-02-01", "2026-03-01"):
        run(capsys, "sync", place, "my-ricoh", "--start", month, "--end", "2026-04-01", "--now", LATER)
    before = figures(place)
    assert run(capsys, "ledger", "tidy", place) == (0, "0 files joined, 0 rows dropped that were there twice\n", "")
    for start in ("2025-11-01", "2025-10-01"):
        run(capsys, "sync", place, "my-ricoh", "--start", start, "--end", "2026-04-01", "--now", LATER)
    assert run(capsys, "ledger", "tidy", place) == (0, "3 files joined, 0 rows dropped that were there twice\n", "")
    assert figures(place) == before
    assert len(before) == 33


def test_vacuum_deletes_only_if_it_is_told_to(capsys, place):
    for start in ("2026-03-01", "2026-02-01"):
        run(capsys, "sync", place, "my-ricoh", "--start", start, "--end", "2026-04-01", "--now", LATER)
    run(capsys, "ledger", "tidy", place)
    assert run(capsys, "ledger", "vacuum", place) == (0, "", "0 files to be deleted; --delete does that\n")
    words = ("ledger", "vacuum", place, "--retain-days", "0", "--even-if-read")
    status, out, err = run(capsys, *words)
    files = [Path(place, name) for name in out.splitlines()]
    assert (status, len(files), err) == (0, 2, "2 files to be deleted; --delete does that\n")
    assert all(file.is_file() for file in files)
    assert run(capsys, *words, "--delete") == (0, out, "2 files deleted\n")
    assert not any(file.exists() for file in files)
    assert len(mt.Ledger(place).usage("2026-03-01", "2026-04-01", now=LATER)) == 11


@pytest.mark.parametrize("days", ["0", "0.5"])
@pytest.mark.parametrize("more", [[], ["--delete"]])
def test_vacuum_of_less_than_a_day_wants_a_word_that_means_it(days, more, capsys, place):
    run(capsys, "sync", place, "my-ricoh", *MARCH, "--now", LATER)
    assert refused(capsys, "ledger", "vacuum", place, "--retain-days", days, *more) == (
        f"--retain-days {days} would delete files that a process may be reading: give 1 or more, or add"
        " --even-if-read if none is"
    )


@pytest.mark.parametrize("days", ["-1", "nan", "inf", "1e3", "", "soon", "36526", "٣"])
def test_days_that_are_none_are_refused(days, capsys, place):
    sentence = f"argument --retain-days: must be a number of days from 0 to 36525, not {days!r}"
    assert refused(capsys, "ledger", "vacuum", place, f"--retain-days={days}") == sentence


@pytest.mark.parametrize("days", [float("inf"), 36_526, 1e300])
def test_a_ledger_refuses_more_days_than_there_are(days, place):
    with pytest.raises(
        mt.InvalidArgument, match=rf"^retain_days must be at most 36525, not {re.escape(repr(days))}\.$"
    ):
        mt.Ledger(place).vacuum(days)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["holes", "PLACE"], "a range is needed: --start 2026-03"),
        (
            ["holes", "PLACE", "--start", "2026-04-01", "--end", "2026-04-01"],
            "the range ends at 2026-04-01T00:00:00Z, ",
        ),
        (["holes", "PLACE", "--start", "soon", "--end", "2026-04-01"], "start 'soon' is neither "),
        (["holes", "PLACE", *MARCH, "--now", "soon"], "now 'soon' is no date: "),
        (["holes", "PLACE", *MARCH, "--tz", "Mars"], "there is no time zone 'Mars'"),
        (["holes", "PLACE", *MARCH, "--format", "parquet"], "--format parquet needs -o FILE"),
        (["restatements", "PLACE", "--since", "3x"], "since '3x' must end in h, d, w, mo or y"),
        (["vacuum"], "the following arguments are required: LEDGER"),
        (["burn", "PLACE"], "there is no command 'burn'; there are show, holes"),
    ],
)
def test_a_wrong_action_is_status_2_and_makes_nothing(words, sentence, capsys, place):
    assert refused(capsys, "ledger", *(place if word == "PLACE" else word for word in words)).startswith(sentence)
    assert not Path(place).exists()


# the lock


def test_a_second_run_ends_at_once_and_a_killed_one_stops_nobody(capsys, simulator, place):
    simulator.add_fault("hang:20000")
    words = ("sync", place, "my-ricoh", *MARCH, "--now", LATER)
    file = Path(place, ".lock")
    with subprocess.Popen([PROGRAM, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        try:
            until = time.monotonic() + 20
            while simulator.counts.requests == 0:
                assert time.monotonic() < until
                time.sleep(0.01)
            assert file.read_text() == f"{first.pid}\n"
            began = time.monotonic()
            sentence = (
                f"process {first.pid} is at work on {place}, and one at a time may be: try again when it has ended."
            )
            assert run(capsys, *words) == (1, "", f"metertap: {sentence}\n")
            assert time.monotonic() - began < 5
            assert simulator.counts.requests == 1
        finally:
            first.kill()
    assert first.returncode == -9
    assert file.read_text() == f"{first.pid}\n"
    simulator.clear_faults()
    assert told(capsys, *words) == summary(calls=1, new=11)
    assert file.read_text() == ""


def test_whatever_writes_takes_the_lock_and_what_only_reads_does_not(capsys, place):
    run(capsys, "sync", place, "my-ricoh", *MARCH, "--now", LATER)
    march, now = MARCH, ("--now", LATER)
    writing = [
        ("sync", place, *march),
        ("snapshot", place),
        ("ledger", "tidy", place),
        ("ledger", "vacuum", place, "--delete"),
    ]
    reading = [
        ("ledger", "show", place),
        ("ledger", "holes", place, *march, *now),
        ("ledger", "restatements", place),
        ("ledger", "vacuum", place),
    ]
    with holder(place) as process:
        for words in writing:
            status, out, err = run(capsys, *words)
            assert (status, out) == (1, ""), words
            assert f"metertap: process {process.pid} is at work on {place}, " in err
        assert [run(capsys, *words)[0] for words in reading] == [0, 0, 0, 0]
    assert run(capsys, "ledger", "tidy", place)[0] == 0


def test_a_holder_that_has_not_said_who_it_is_is_another_process(place):
    with holder(place):
        Path(place, ".lock").write_text("")
        with pytest.raises(mt.InvalidArgument, match=r"^another process is at work on "), _lock.held(place):
            pass


def test_the_file_of_the_lock_is_nothing_to_a_ledger(place):
    with _lock.held(place):
        assert mt.Ledger(place).summary()["readings"] == 0


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_a_lock_that_is_no_file_is_one_sentence_and_nothing_is_written_through_it(kind, capsys, place, tmp_path):
    (tmp_path / "mine").write_text("mine")
    Path(place).mkdir()
    if kind == "link":
        Path(place, ".lock").symlink_to(tmp_path / "mine")
    else:
        Path(place, ".lock").mkdir()
    status, out, err = run(capsys, "sync", place, *MARCH)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"metertap: {place} cannot be written: ")
    assert (tmp_path / "mine").read_text() == "mine"


def test_an_object_store_and_a_system_without_fcntl_have_no_lock(monkeypatch, place, tmp_path):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    with _lock.held("s3://bucket/usage"), _lock.held("s3://bucket/usage"):
        pass
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with _lock.held(place), _lock.held(place):
        pass
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_system_without_locks_is_told_and_stops_nobody(capsys, monkeypatch, place):
    def no_locks(_file: int, _what: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    status, out, err = run(capsys, "sync", place, "my-ricoh", *MARCH, "--now", LATER)
    assert (status, out) == (0, "1 call: 11 new readings, 0 restated, 0 unchanged\n")
    assert err == f"metertap: warning: {place} has no lock: No locks available\n"
