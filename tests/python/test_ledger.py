"""The ledger: what is fetched again and what is not, what is stored, and what comes back."""

from __future__ import annotations

import asyncio
import json
import pickle
import random
import re
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from support import Reply, ScriptedServer

import metertap as mt
from metertap.simulator import Simulator

pytest.importorskip("deltalake")

NOW = datetime(2026, 5, 10, 12, tzinfo=timezone.utc)
ASIDE = ("fetched_at", "call_id")
TOY = Path(__file__).parents[1] / "common" / "toy.toml"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(seed=7, now=NOW) as simulator:
        yield simulator


@pytest.fixture
def ledger(tmp_path: Path) -> mt.Ledger:
    return mt.Ledger(tmp_path / "ledger")


def rows(usage: mt.Usage) -> list[dict[str, Any]]:
    """Return the readings without what tells when and by which call they came, in one order."""
    kept = [
        {name: value for name, value in row.items() if name not in ASIDE and value is not None}
        for row in usage.to_dicts()
    ]
    return sorted(kept, key=repr)


def asked(simulator: Simulator) -> int:
    """Return how many calls were answered since the last time, without logins."""
    count = sum("login" not in request.path and "token" not in request.path for request in simulator.requests)
    simulator.clear_requests()
    return count


@pytest.mark.parametrize("provider", ["ricoh", "volcengine", "devicewise", "sora"])
def test_what_a_ledger_has_is_what_a_fetch_returns(provider, simulator, ledger):
    client = simulator.client(provider)
    ledger.sync(client, "2026-01-01", "2026-05-01", now=NOW)
    stored = ledger.usage("2026-01-01", "2026-05-01", now=NOW)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fetched = mt.fetch(client, "2026-01-01", "2026-05-01", now=NOW, every="month", on_error="keep")
    assert rows(stored) == rows(fetched)
    assert stored.columns == fetched.columns
    assert stored.is_complete == fetched.is_complete
    without_counters = [one for one in fetched.holes.to_dicts() if "this_month" not in one["meter"]]
    states = {(one["meter"], one["start"], one["end"], one["state"]) for one in stored.holes.to_dicts()}
    assert states >= {(one["meter"], one["start"], one["end"], one["state"]) for one in without_counters} - {
        (one["meter"], one["start"], one["end"], one["state"])
        for one in fetched.holes.to_dicts()
        if "keeps no past ones" in one["reason"] or "current month" in one["reason"]
    }


def test_a_second_sync_makes_no_call_and_writes_no_row(simulator, ledger, tmp_path):
    clients = [simulator.client("ricoh"), simulator.client("volcengine")]
    first = ledger.sync(clients, "2026-01-01", "2026-04-01", now=NOW)
    assert (first.new > 0, first.restated, first.unchanged, first.is_complete) == (True, 0, 0, True)
    files = sorted((tmp_path / "ledger").rglob("*.parquet"))
    asked(simulator)
    second = ledger.sync(clients, "2026-01-01", "2026-04-01", now=NOW)
    assert (second.calls, second.new, second.unchanged, asked(simulator)) == (0, 0, 0, 0)
    assert sorted((tmp_path / "ledger").rglob("*.parquet")) == files


def test_a_start_that_moves_back_fetches_the_earlier_part_alone(simulator, ledger):
    ricoh = simulator.client("ricoh")
    ledger.sync(ricoh, "2026-03-01", "2026-04-01", now=NOW)
    asked(simulator)
    told = ledger.sync(ricoh, "2026-01-01", "2026-04-01", now=NOW)
    assert (told.calls, asked(simulator)) == (2, 2)
    assert ledger.sync(ricoh, "2026-01-01", "2026-04-01", now=NOW).calls == 0
    starts = {row["start"].month for row in ledger.usage("2026-01-01", "2026-04-01", now=NOW).to_dicts()}
    assert starts == {1, 2, 3}


def test_a_start_inside_a_stored_month_asks_for_the_whole_of_it_and_counts_it_once(simulator, ledger):
    ricoh = simulator.client("ricoh")
    ledger.sync(ricoh, "2026-03-10", "2026-04-01", now=NOW)
    assert ledger.sync(ricoh, "2026-03-01", "2026-04-01", now=NOW).calls == 1
    usage = ledger.usage("2026-03-01", "2026-04-01", now=NOW)
    assert rows(usage) == rows(mt.fetch(ricoh, "2026-03-01", "2026-04-01", now=NOW, every="month"))
    part = ledger.usage("2026-03-20", "2026-04-01", now=NOW)
    assert len(part) == 0
    assert {hole["reason"] for hole in part.holes.to_dicts()} == {
        "the ledger has one figure for 2026-03-01T00:00:00Z … 2026-04-01T00:00:00Z, which cannot be divided"
    }


def test_windows_that_would_overlap_become_one_and_never_count_twice(simulator, ledger):
    ricoh = simulator.client("ricoh")
    ledger.sync(ricoh, "2026-03-01", "2026-03-20", now=NOW)
    assert ledger.sync(ricoh, "2026-03-10", "2026-04-01", now=NOW).calls == 1
    usage = ledger.usage("2026-03-01", "2026-04-01", now=NOW)
    assert rows(usage) == rows(mt.fetch(ricoh, "2026-03-01", "2026-04-01", now=NOW, every="month"))
    with pytest.raises(mt.InvalidArgument, match="is stored by months of another time zone: pass the tz of then"):
        ledger.sync(ricoh, "2026-03-01", "2026-04-01", now=NOW, tz="Asia/Tokyo")


def test_a_meter_or_a_selection_more_fetches_exactly_that(simulator, ledger):
    volcengine = simulator.client("volcengine")
    hosts = sorted(
        {
            row["vhost"]
            for row in mt.fetch(
                volcengine.select(meters=["volcengine.time_shift_storage"]), "2026-04-01", "2026-04-02", now=NOW
            ).to_dicts()
        }
        - {None}
    )
    one = volcengine.select(meters=["volcengine.time_shift_storage"])
    ledger.sync(one, "2026-04-01", "2026-05-01", now=NOW)
    more = volcengine.select(meters=["volcengine.time_shift_storage", "volcengine.down_traffic"])
    told = ledger.sync(more, "2026-04-01", "2026-05-01", now=NOW)
    assert told.calls == 1
    assert hosts == [] or all(isinstance(host, str) for host in hosts)
    meters = {row["meter"] for row in ledger.usage("2026-04-01", "2026-05-01", now=NOW).to_dicts()}
    assert meters == {"volcengine.time_shift_storage", "volcengine.down_traffic"}
    assert len(ledger.usage("2026-04-01", "2026-05-01", meters="volcengine.down_traffic", now=NOW)) > 0


def day(number: int, count: int, day_of: str = "2026-05") -> str:
    return json.dumps({"day": f"{day_of}-{number:02d}T00:00:00Z", "size": "small", "count": count, "kg": 1})


def answer(*days: str, at: str = "2026-05-04T00:00:00") -> Reply:
    """Return an answer that was given at that moment (UTC)."""
    date = format_datetime(datetime.fromisoformat(at).replace(tzinfo=timezone.utc), usegmt=True)
    return Reply(body=f'{{"days": [{", ".join(days)}]}}'.encode(), headers={"Date": date})


@pytest.fixture
def toy(server: ScriptedServer) -> Any:
    return mt.register(TOY, replace=True)(api_key="k", base_url=server.origin)


def test_a_figure_that_changed_is_a_restatement_and_a_settled_one_says_so_loudly(server, toy, ledger, caplog):
    # Figures of the toy service are final an hour after their end.
    server.script = [answer(day(1, 10), day(2, 20), at="2026-05-02T12:00:00")]
    first = ledger.sync(toy, "2026-05-01", "2026-05-03", now="2026-05-02T12:00:00Z")
    assert (first.new, first.restated) == (4, 0)
    server.script = [answer(day(2, 25))]
    second = ledger.sync(toy, "2026-05-01", "2026-05-03", now="2026-05-04")
    assert (second.calls, second.new, second.restated, second.restated_settled) == (1, 0, 1, 0)
    [change] = ledger.restatements().to_dicts()
    assert (change["meter"], change["size"], change["before"], change["quantity"]) == (
        "toy.parcels",
        "small",
        Decimal(20),
        Decimal(25),
    )
    assert change["was_settled"] is False
    quantities = [row["quantity"] for row in ledger.usage("2026-05-01", "2026-05-03").to_dicts()]
    assert quantities == [10, 1, 25, 1]
    # A part of what is there would count twice, so it is not even asked for.
    with pytest.raises(mt.InvalidArgument, match="which count the same usage"):
        ledger.sync(toy.select(depots=["north"]), "2026-05-01", "2026-05-03", now="2026-05-04")
    assert ledger.restatements().to_dicts() == [change]
    assert len(ledger.restatements(since="2099-01-01")) == 0


def test_a_label_or_an_account_more_fetches_exactly_that(server, toy, ledger):
    server.script = [answer(day(1, 10))]
    ledger.sync(toy.select(depots=["north"]), "2026-05-01", "2026-05-02", now="2026-05-04")
    server.seen.clear()
    assert ledger.sync(toy.select(depots=["north", "south"]), "2026-05-01", "2026-05-02", now="2026-05-04").calls == 1
    assert [seen.query["depot"] for seen in server.seen] == [["south"]]
    other = mt.provider("toy")(api_key="k", base_url=server.origin, name="other")
    both = [toy.select(depots=["north", "south"]), other]
    assert ledger.sync(both, "2026-05-01", "2026-05-02", now="2026-05-04").calls == 1
    assert ledger.usage("2026-05-01", "2026-05-02", accounts="other").columns[:3] == ["provider", "account", "meter"]
    assert {row["account"] for row in ledger.usage("2026-05-01", "2026-05-02").to_dicts()} == {"toy", "other"}
    assert {row["account"] for row in ledger.usage("2026-05-01", "2026-05-02", accounts=[other]).to_dicts()} == {
        "other"
    }


def test_what_was_known_then_is_told_as_of_a_moment(server, toy, ledger):
    server.script = [answer(day(1, 10), at="2026-05-01T12:00:00")]
    ledger.sync(toy, "2026-05-01", "2026-05-02", now="2026-05-01T12:00:00Z")
    between = datetime.now(timezone.utc)
    server.script = [answer(day(1, 12))]
    ledger.sync(toy, "2026-05-01", "2026-05-02", now="2026-05-03")

    def parcels(**given: Any) -> list[Decimal]:
        usage = ledger.usage("2026-05-01", "2026-05-02", meters=["toy.parcels"], **given)
        return [row["quantity"] for row in usage.to_dicts()]

    assert (parcels(), parcels(as_of=between)) == ([12], [10])
    with pytest.warns(mt.CoverageWarning, match="the ledger had nothing then: its first sync was at 20"):
        nothing = ledger.usage("2026-05-01", "2026-05-02", as_of="2026-01-01")
    assert (len(nothing), nothing.is_complete) == (0, False)
    assert {row["state"] for row in nothing.holes} == {"failed"}
    assert nothing.missing == [
        "toy parcels_by_day from 2026-05-01T00:00:00Z to 2026-05-02T00:00:00Z: the call was not made"
    ]


def test_what_failed_is_a_hole_and_is_asked_again(server, toy, ledger):
    server.script = [Reply(status=403, body=b'{"message": "no"}')]
    with pytest.raises(mt.PermissionDenied, match="what did arrive is in the ledger") as caught:
        ledger.sync(toy, "2026-05-01", "2026-05-02", now="2026-05-03")
    assert isinstance(caught.value, mt.IncompleteUsage)
    assert not caught.value.usage.is_complete
    assert ledger.usage("2026-05-01", "2026-05-02").holes.to_dicts()[0]["state"] == "failed"
    server.script = [answer(day(1, 10))]
    assert ledger.sync(toy, "2026-05-01", "2026-05-02", now="2026-05-03").new == 2
    assert ledger.usage("2026-05-01", "2026-05-02").is_complete


def test_what_no_sync_asked_for_is_a_hole_and_can_be_fetched(server, toy, ledger):
    server.script = [answer(day(2, 20))]
    ledger.sync(toy, "2026-05-02", "2026-05-03", now="2026-05-09")
    usage = ledger.usage("2026-05-01", "2026-05-04", now="2026-05-09")
    holes = [(hole["start"].day, hole["end"].day, hole["state"]) for hole in usage.holes.to_dicts()]
    assert sorted(set(holes)) == [(1, 2, "failed"), (3, 4, "failed")]
    assert not usage.is_complete
    assert [call["start"].day for call in usage.remaining().calls] == [1, 3]


@pytest.mark.parametrize(
    ("reread", "later", "calls"),
    [("3d", "2026-05-04T12:00:00Z", 1), ("3d", "2026-05-09", 1), ("1d", "2026-05-04T12:00:00Z", 0)],
    ids=["within", "read before it", "past"],
)
def test_what_was_answered_without_a_row_is_read_again_for_a_while(server, toy, ledger, reread, later, calls):
    server.script = [answer(at="2026-05-03T12:00:00")]
    ledger.sync(toy, "2026-05-01", "2026-05-02", now="2026-05-03T12:00:00Z", reread=reread)
    server.script = [answer(at=f"{later[:10]}T12:00:00")]
    told = ledger.sync(toy, "2026-05-01", "2026-05-02", now=later, reread=reread)
    assert told.calls == calls


def test_counters_of_the_month_so_far_are_kept_by_snapshots(simulator, ledger):
    sora = simulator.client("sora")
    assert ledger.snapshot(sora, now=NOW).new == 10
    assert "sora.traffic" not in {row["meter"] for row in ledger.usage("2026-05-01", "2026-05-10", now=NOW).to_dicts()}
    kinds = {row["kind"] for row in ledger.usage("2026-05-01", "2026-06-01", now=NOW).to_dicts()}
    assert kinds == {"cumulative", "peak"}
    with pytest.raises(mt.InvalidArgument, match="none of these accounts has counters of the month so far"):
        ledger.snapshot(simulator.client("volcengine"), now=NOW)


def test_both_doors_keep_the_same(simulator, tmp_path):
    one, other = mt.Ledger(tmp_path / "one"), mt.aio.Ledger(tmp_path / "other")
    told = one.sync(simulator.client("volcengine"), "2026-04-01", "2026-05-01", now=NOW)

    async def all_of_it() -> tuple[mt.Sync, mt.Usage]:
        client = simulator.client("volcengine", aio=True)
        done = await other.sync(client, "2026-04-01", "2026-05-01", now=NOW)
        await other.tidy()
        assert await other.vacuum() == []
        assert len(await other.restatements()) == 0
        assert len(await other.holes("2026-04-01", "2026-05-01", now=NOW)) == 0
        return done, await other.usage("2026-04-01", "2026-05-01", now=NOW)

    done, usage = asyncio.run(all_of_it())
    assert done == told
    assert rows(usage) == rows(one.usage("2026-04-01", "2026-05-01", now=NOW))


def test_twins_of_two_processes_change_nothing_and_are_dropped(server, toy, ledger, tmp_path, monkeypatch):
    from metertap._delta import Store

    server.script = [answer(day(1, 10))]
    # Another process stored the same between the look and the write.
    ledger.sync(toy, "2026-05-01", "2026-05-02", now="2026-05-03")
    table = ledger._store.table("readings")
    again = table.to_pyarrow_table()
    ledger._store.add("readings", again)
    assert len(ledger.usage("2026-05-01", "2026-05-02")) == 2
    assert len(ledger.restatements()) == 0
    told = ledger.tidy()
    assert (told["twins"], ledger.tidy()["twins"]) == (2, 0)
    assert Store(str(tmp_path / "ledger"), None).table("readings").count() == 2
    assert len(ledger.usage("2026-05-01", "2026-05-02")) == 2


def test_bad_input_is_refused_in_a_sentence(server, toy, ledger, tmp_path):
    server.script = [answer(day(1, 10))]
    ledger.sync(toy, "2026-05-01", "2026-05-02", now="2026-05-03")
    (tmp_path / "file").write_text("x")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("x")
    other = mt.Volcengine(access_key="a", secret_key="b", name="toy")
    for attempt, said in [
        (lambda: mt.Ledger(7), "path must be a path or an address, not int."),
        (lambda: mt.Ledger(tmp_path / "new", "today"), "storage_options must be a dict of str to str."),
        (lambda: mt.Ledger(tmp_path / "new", {"a": 7}), "storage_options must be a dict of str to str."),
        (lambda: mt.Ledger("x" * 5000), "can be no ledger: [Errno 36] File name too long"),
        (lambda: mt.Ledger("a\0b"), "can be no ledger: "),
        (lambda: mt.Ledger(""), "path is empty; give a folder or the address of one."),
        (lambda: mt.Ledger(tmp_path / "file"), "is a file; a ledger is a folder."),
        (lambda: mt.Ledger(tmp_path / "other"), "is no ledger, and has other things in it, such as 'notes.txt'"),
        (lambda: ledger.sync(other, "2026-05-01", "2026-05-02", now="2026-05-03"), 'two accounts have the name "toy"'),
        (lambda: ledger.sync(toy, "2026-05-02", "2026-05-01", now="2026-05-03"), "must be before end"),
        (
            lambda: ledger.sync(toy, "2026-05-01", reread="soon"),
            "reread must be a number of days or hours such as '3d'",
        ),
        (lambda: ledger.sync(toy, "2026-05-01", on_error="no"), "on_error must be 'raise' or 'keep', not 'no'."),
        (
            lambda: ledger.usage("2026-05-02", "2026-05-01"),
            "the range ends at 2026-05-01T00:00:00Z, which is not after",
        ),
        (
            lambda: ledger.usage("2026-05-01", "2026-05-02", accounts="tox"),
            "the ledger has no account 'tox'; it has toy.",
        ),
        (lambda: ledger.usage("2026-05-01", "2026-05-02", meters="toy.parcel"), 'did you mean "toy.parcels"?'),
        (lambda: ledger.usage("2026-05-01", "2026-05-02", meters=7), "meters must be the name of a meter"),
        (lambda: ledger.vacuum(retain_days=0), "say even_if_read=True if none is."),
        (lambda: ledger.vacuum(retain_days=-1), "retain_days must be a number of days, not -1."),
        (lambda: mt.Ledger(tmp_path / "new").restatements(), "yet: sync first."),
        (lambda: mt.Ledger(tmp_path / "new").usage("2026-05-01", "2026-05-02"), "yet: sync first."),
        (lambda: ledger.vacuum(dry_run="no"), "dry_run must be True or False, not str."),
        (lambda: ledger.vacuum(0, even_if_read="no"), "even_if_read must be True or False, not str."),
    ]:
        with pytest.raises(mt.MetertapError) as caught:
            attempt()
        assert re.search(re.escape(said), str(caught.value)), str(caught.value)


def test_an_account_with_another_address_is_another_account(server, toy, ledger):
    server.script = [answer(day(1, 10))]
    ledger.sync(toy, "2026-05-01", "2026-05-02", now="2026-05-03")
    moved = mt.provider("toy")(api_key="k", base_url="http://127.0.0.1:9")
    with pytest.raises(mt.InvalidArgument, match="two accounts have the name"):
        ledger.sync(moved, "2026-05-01", "2026-05-02", now="2026-05-03")


def test_a_ledger_tells_rollups_like_a_fetch_and_its_range_may_cut_what_was_stored(simulator, ledger):
    volcengine = simulator.client("volcengine")
    ledger.sync(volcengine, "2026-01-01", "2026-05-01", now=NOW)
    for start, end in [("2026-01-01", "2026-05-01"), ("2026-02-03", "2026-03-09")]:
        stored = ledger.usage(start, end, now=NOW)
        fetched = mt.fetch(volcengine, start, end, now=NOW, every="month")
        assert rows(stored) == rows(fetched)
        assert stored.rollup("month").to_dicts() == fetched.rollup("month").to_dicts()


METERS = """
[account]
api_key = { secret = true, needed = true, doc = "the key" }

[shape.Count]
fields = { total = "integer", most = "integer" }

[[call]]
name = "so_far"
wire = "v1/so-far"
returns = "Count"
buckets = "month_so_far"
doc = "What was counted this month."
meter = [
    { value = "total", name = "total", unit = "requests", kind = "cumulative", doc = "Requests this month." },
    { value = "most", name = "most", unit = "requests", kind = "peak", doc = "The most at once." },
]
"""


def counting(name: str, zone: str = "") -> type[Any]:
    """Register a service that tells the month so far."""
    head = f"""metertap_spec = 1
name = "{name}"
class = "{name.title()}"
title = "{name.title()}"
doc = "{name.title()}: requests of the month so far."
base_url = "https://counting.example.com"
page = "https://docs.example.com/usage"
auth = {{ bearer = "api_key" }}
"""
    return mt.register(head + METERS.replace('doc = "What was', f'{zone}\ndoc = "What was'), replace=True)


def looked(server: ScriptedServer, ledger: mt.Ledger, client: Any, at: str, total: int) -> None:
    """Take a snapshot at a moment."""
    moment = datetime.fromisoformat(at).replace(tzinfo=timezone.utc)
    server.script = [
        Reply(headers={"Date": format_datetime(moment, usegmt=True)}, body=b'{"total": %d, "most": 3}' % total)
    ]
    assert ledger.snapshot(client, now=moment).new == 2


def told(usage: mt.Usage) -> list[tuple[str, str, int, str]]:
    return [
        (f"{row['start']:%m-%dT%H}", f"{row['end']:%m-%dT%H}", int(row["quantity"]), " ".join(row["flags"]))
        for row in sorted(usage.to_dicts(), key=lambda row: row["start"])
    ]


def test_snapshots_become_increments_with_resets_unknown_tails_and_restatements(server, ledger):
    client = counting("counting")(api_key="k", base_url=server.origin)
    for at, total in [
        ("2026-01-10T00:00", 100),
        ("2026-01-20T00:00", 150),
        # It falls: what was told on the 20th is restated.
        ("2026-01-25T00:00", 140),
        ("2026-01-28T00:00", 160),
        # A month that nobody looked at.
        ("2026-03-02T00:00", 7),
        ("2026-03-09T00:00", 9),
    ]:
        looked(server, ledger, client, at, total)
    usage = ledger.increments("counting.total")
    assert told(usage) == [
        ("01-01T00", "01-10T00", 100, ""),
        ("01-10T00", "01-25T00", 40, ""),
        ("01-25T00", "01-28T00", 20, ""),
        ("03-01T00", "03-02T00", 7, ""),
        ("03-02T00", "03-09T00", 2, ""),
    ]
    assert {row["kind"] for row in usage.to_dicts()} == {"sum"}
    [hole] = usage.holes.to_dicts()
    assert (f"{hole['start']:%m-%d}", f"{hole['end']:%m-%d}", hole["state"]) == ("01-28", "03-01", "unavailable")
    assert "what was counted then is not known" in hole["reason"]
    assert [note for row in usage.coverage.to_dicts() for note in row["notes"]] == [
        "the counter fell from 150 to 140 inside the month: it was restated"
    ]
    assert told(ledger.increments("counting.total", every="month")) == [
        ("01-01T00", "01-28T00", 160, ""),
        ("03-01T00", "03-09T00", 9, ""),
    ]
    again = pickle.loads(pickle.dumps(usage))
    assert again.rollup("month").to_dicts() == usage.rollup("month").to_dicts()
    assert [(row["period"], row["quantity"]) for row in again.rollup("month").to_dicts()] == [
        ("2026-01", 160),
        ("2026-02", None),
        ("2026-03", 9),
    ]


def test_a_month_that_may_begin_in_two_zones_is_told_so_and_what_lies_between_is_left_out(server, ledger):
    client = counting("zoned", 'other_zone = "+09:00"')(api_key="k", base_url=server.origin)
    for at, total in [
        ("2026-01-31T12:00", 90),
        # In Tokyo it is February already: of which month that is, nobody knows.
        ("2026-01-31T18:00", 95),
        ("2026-02-01T06:00", 8),
    ]:
        looked(server, ledger, client, at, total)
    assert told(ledger.increments("zoned.total")) == [
        ("01-01T00", "01-31T12", 90, "ambiguous_month"),
        ("02-01T00", "02-01T06", 8, "ambiguous_month"),
    ]


def test_increments_are_those_of_the_simulated_service_over_fourteen_months(tmp_path):
    """Snapshots at random moments, of which some weeks have none."""
    chance = random.Random(14)
    ledger = mt.Ledger(tmp_path / "ledger")
    at = datetime(2025, 1, 3, tzinfo=timezone.utc)
    counts: dict[tuple[int, int], list[tuple[datetime, int]]] = {}
    port = 0
    while at < datetime(2026, 3, 1, tzinfo=timezone.utc):
        # The same address each time: another one would be another account.
        with Simulator(seed=5, now=at, port=port) as simulator:
            port = int(simulator.origin.rpartition(":")[2])
            sora = simulator.client("sora")
            ledger.snapshot(sora.select(meters=["sora.total_sessions"]), now=at)
            counts.setdefault((at.year, at.month), []).append((at, sora.total_sessions_this_month()))
        at += timedelta(hours=chance.choice([5, 60, 90, 200]), minutes=chance.randrange(60))
    usage = ledger.increments("sora.total_sessions")
    found: dict[tuple[int, int], Decimal] = {}
    for row in usage.to_dicts():
        assert row["quantity"] >= 0
        month = (row["end"].year, row["end"].month)
        found[month] = found.get(month, Decimal(0)) + row["quantity"]
    day = timedelta(hours=9)
    last = {
        month: [total for moment, total in looks if (moment + day).month == month[1]] for month, looks in counts.items()
    }
    assert len(last) == 14
    assert found == {month: totals[-1] for month, totals in last.items() if totals}


def test_a_ledger_of_answers_without_a_reading_tells_holes_and_no_figure(ledger, simulator):
    # The counters are those of May, and the ledger is asked for August.
    told = ledger.snapshot(simulator.client("sora"), now="2026-08-10T12:00Z")
    assert (told.calls, told.new) == (9, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mt.CoverageWarning)
        grown = ledger.increments("sora.total_egress")
        kept = ledger.usage("2026-08-01", "2026-08-10")
    assert len(grown) == len(kept) == 0
    with pytest.raises(mt.InvalidArgument, match="has no reading yet"):
        ledger.restatements()
    assert set(kept.holes["state"]) == {"unavailable"}
    assert ledger.summary()["readings"] == 0
    assert ledger.tidy()["twins"] == 0
    assert ledger.vacuum() == []


def test_what_is_no_counter_has_no_increments(server, ledger, simulator):
    client = counting("counting")(api_key="k", base_url=server.origin)
    looked(server, ledger, client, "2026-01-10T00:00", 100)
    ledger.sync(simulator.client("volcengine"), "2026-04-01", "2026-04-03", now=NOW)
    for meter, every, said in [
        ("counting.most", None, "counting.most is a peak, and of two peaks no difference tells anything: usage() has"),
        ("counting.totl", None, 'the ledger has no meter "counting.totl"; did you mean "counting.total"?'),
        ("volcengine.down_traffic", None, "volcengine.down_traffic tells increments already: usage() has its readings"),
        ("counting.total", "fortnight", "fortnight"),
        (7, None, "meter must be a str, not int."),
        ("counting.total", 7, "every must be a str, not int."),
    ]:
        with pytest.raises(mt.MetertapError) as caught:
            ledger.increments(meter, every)
        assert said in str(caught.value)
    with pytest.raises(mt.InvalidArgument, match="yet: take a snapshot first"):
        mt.Ledger(Path(ledger._path).parent / "new").increments("counting.total")


def test_a_ledger_asks_a_simulator_at_the_simulators_time(simulator, ledger):
    assert ledger.snapshot(simulator.client("sora")).new == 10
    told = ledger.sync(simulator.client("volcengine"), since="7d")
    assert (told.is_complete, told.new > 0) == (True, True)
    assert ledger.usage("2026-05-03", "2026-05-10", accounts="volcengine").is_complete
