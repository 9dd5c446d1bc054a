"""Fetching through both doors: what comes, what is missing, how one watches it, stops it and replays it."""

from __future__ import annotations

import asyncio
import gzip
import inspect
import itertools
import pickle
import re
import shutil
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import NOW, Door, Reply, ScriptedServer, Seen, questions, run_python

import metertap as mt
from metertap.errors import InvalidArgument, NotFound, ServerError, WrongType
from metertap.simulator import Simulator

MONTH = ("2026-02-01", "2026-03-01")
QUARTER = ("2026-01-01", "2026-04-01")


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    with Simulator(seed=7, now=NOW) as simulator:
        yield simulator


def fetch(door: Door, *args: Any, **kwargs: Any) -> mt.Usage:
    """Fetch through either door."""
    if door.name == "sync":
        return mt.fetch(*args, **kwargs)
    return asyncio.run(mt.aio.fetch(*args, **kwargs))


def rows(usage: mt.Usage) -> list[dict[str, Any]]:
    """Return the readings without the moment at which they were fetched."""
    return [{name: value for name, value in row.items() if name != "fetched_at"} for row in usage.to_dicts()]


def states(usage: mt.Usage) -> dict[str, str]:
    return {row["call_id"]: row["state"] for row in usage.coverage.to_dicts() if row["call_id"]}


# Both doors


def test_both_doors_and_both_kinds_of_clients_fetch_the_same(world: Simulator) -> None:
    usages = [
        fetch(Door(name), questions(world, aio=aio), *MONTH, now=NOW)
        for name in ("sync", "async")
        for aio in (False, True)
    ]
    assert len(usages[0]) > 9000
    assert all(usage.is_complete for usage in usages)
    assert all(rows(usage) == rows(usages[0]) for usage in usages)


def test_the_doors_have_the_same_parameters() -> None:
    assert inspect.iscoroutinefunction(mt.aio.fetch)
    assert list(inspect.signature(mt.aio.fetch).parameters) == list(inspect.signature(mt.fetch).parameters)


def test_a_question_is_fetched_like_its_plan(door: Door, world: Simulator) -> None:
    asked = [world.client("sora"), world.client("volcengine")]
    plan = mt.plan(asked, *MONTH, now=NOW)
    assert rows(fetch(door, asked, *MONTH, now=NOW)) == rows(fetch(door, plan))


async def test_fetches_run_inside_a_running_loop_which_goes_on(simulator: Simulator) -> None:
    sora = simulator.client("sora")
    simulator.add_fault("latency:50")  # else the answers may be there before the loop has turned
    turns = 0

    async def tick() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.001)

    ticking = asyncio.ensure_future(tick())
    many = await asyncio.gather(*(mt.aio.fetch(sora, *MONTH, now=NOW) for _ in range(5)))
    ticking.cancel()
    assert turns > 3
    # The blocking door works there, too.
    expected = rows(mt.fetch(sora, *MONTH, now=NOW))
    assert all(rows(usage) == expected for usage in many)


async def test_a_fetch_that_nobody_awaits_sends_nothing(simulator: Simulator) -> None:
    coroutine = mt.aio.fetch(simulator.client("sora"), *MONTH, now=NOW)
    await asyncio.sleep(0.05)
    assert simulator.counts.connections == 0
    coroutine.close()


def test_accounts_are_asked_at_once_and_no_account_more_than_it_may(simulator: Simulator) -> None:
    simulator.add_fault("latency:150")
    asked = [simulator.client("ricoh"), simulator.client("sora", max_concurrency=1).select(meters=["sora.ingress"])]
    mt.fetch(asked, *QUARTER, now=NOW)
    requests = sorted(simulator.requests, key=lambda request: request.arrived)
    # Ricoh may have two under way and Sora one: the first three come together, and the rest when these are answered.
    assert sorted(request.provider or "" for request in requests[:3]) == ["ricoh", "ricoh", "sora"]
    sora = [request.arrived for request in requests if request.provider == "sora"]
    assert all(later - earlier >= 0.15 for earlier, later in itertools.pairwise(sora))


# Holes


def broken(simulator: Simulator) -> list[Any]:
    """Return two accounts, of which the second one's middle call of three will fail."""
    simulator.add_fault("status:404", path_contains="since=2026-02-01")
    return [simulator.client("sora").select(meters=["sora.egress"]), simulator.client("ricoh")]


def test_a_call_that_fails_raises_with_all_that_did_arrive(door: Door, simulator: Simulator) -> None:
    whole = mt.fetch(
        [simulator.client("sora").select(meters=["sora.egress"]), simulator.client("ricoh")], *QUARTER, now=NOW
    )
    with pytest.raises(mt.IncompleteUsage, match=r"^1 of 6 calls failed: ricoh cost_and_usage_total from") as caught:
        fetch(door, broken(simulator), *QUARTER, now=NOW)
    error = caught.value
    assert isinstance(error, mt.MetertapError)
    assert "\n" not in str(error)
    assert re.search(r"Tried once, \d\.\d s; what did arrive is in \.usage\.$", str(error))
    usage = error.usage
    assert usage is error.partial
    assert not usage.is_complete
    (lost,) = usage.missing
    assert lost.startswith(
        "ricoh cost_and_usage_total from 2026-02-01T00:00:00Z to 2026-03-01T00:00:00Z: ricoh clients/"
    )
    assert "HTTP 404" in lost
    killed = next(call for call, state in states(usage).items() if state == "failed")
    assert [row for row in rows(whole) if row["call_id"] != killed] == rows(usage)
    (hole,) = [row for row in usage.coverage.to_dicts() if row["state"] == "failed"]
    assert (hole["start"].month, hole["end"].month, hole["readings"]) == (2, 3, 0)
    (evidence,) = [row for row in usage.evidence.to_dicts() if row["call_id"] == killed]
    assert (evidence["http_status"], evidence["attempts"], evidence["error"]) == (404, 1, "NotFound")


def test_an_incomplete_usage_survives_pickle_with_all_that_did_arrive(simulator: Simulator) -> None:
    with pytest.raises(mt.IncompleteUsage) as caught:
        mt.fetch(broken(simulator), *QUARTER, now=NOW)
    usage, twin = caught.value.usage, pickle.loads(pickle.dumps(caught.value))
    assert type(twin) is mt.IncompleteUsage
    assert str(twin) == str(caught.value)
    assert (twin.usage.is_complete, twin.usage.missing) == (False, usage.missing)
    for ours, theirs in [
        (usage, twin.usage),
        (usage.coverage, twin.usage.coverage),
        (usage.evidence, twin.usage.evidence),
    ]:
        assert ours.to_dicts() == theirs.to_dicts()
    assert twin.usage.rollup("month").to_dicts() == usage.rollup("month").to_dicts()


def test_what_arrived_is_kept_with_a_warning_that_points_at_the_caller(simulator: Simulator) -> None:
    asked = broken(simulator)
    with pytest.warns(mt.CoverageWarning, match=r"^1 of 6 calls failed: ricoh") as caught:
        usage = mt.fetch(asked, *QUARTER, now=NOW, on_error="keep")
    assert [warning.filename for warning in caught] == [__file__]
    assert len(usage.missing) == 1
    with pytest.warns(mt.CoverageWarning):
        again = asyncio.run(mt.aio.fetch(asked, *QUARTER, now=NOW, on_error="keep"))
    assert rows(again) == rows(usage)


def test_many_holes_are_counted_and_the_first_is_told(simulator: Simulator) -> None:
    simulator.add_fault("status:404")
    with pytest.raises(mt.IncompleteUsage, match=r"3 of 3 calls failed: ricoh .* \(and 2 more\); what did arrive"):
        mt.fetch(simulator.client("ricoh"), *QUARTER, now=NOW)


def test_wrong_credentials_are_holes_of_that_account_alone(simulator: Simulator) -> None:
    wrong = simulator.client("sora", api_key="wrong", name="wrong")
    with pytest.raises(mt.IncompleteUsage) as caught:
        mt.fetch([wrong, simulator.client("ricoh")], *MONTH, now=NOW)
    usage = caught.value.usage
    assert all("AuthenticationFailed" in row["error"] for row in usage.evidence.to_dicts() if row["error"])
    assert {row["account"] for row in usage.to_dicts()} == {"ricoh"}


def test_a_retry_mends_what_it_can(door: Door, simulator: Simulator) -> None:
    simulator.add_fault("status:503", times=2)
    usage = fetch(door, simulator.client("ricoh"), *QUARTER, now=NOW)
    assert usage.is_complete
    assert sum(row["attempts"] for row in usage.evidence.to_dicts()) == 5


# Progress


def test_progress_is_called_with_growing_numbers(door: Door, simulator: Simulator) -> None:
    simulator.add_fault("latency:120")
    told: list[tuple[int, int]] = []
    asked = simulator.client("ricoh", max_concurrency=1)
    fetch(door, asked, *QUARTER, now=NOW, progress=lambda done, total: told.append((done, total)))
    assert {total for _, total in told} == {3}
    done = [done for done, _ in told]
    assert done == sorted(done)
    assert set(done) == {0, 1, 2, 3}
    assert done[-1] == 3


def test_a_bar_is_shown_when_asked_for(door: Door, world: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    fetch(door, world.client("ricoh"), *QUARTER, now=NOW)
    assert capsys.readouterr() == ("", "")
    fetch(door, world.client("ricoh"), *QUARTER, now=NOW, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "3/3" in err


def test_what_progress_raises_ends_the_fetch(simulator: Simulator) -> None:
    simulator.add_fault("latency:300")

    def fail(done: int, total: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        mt.fetch(simulator.client("ricoh", max_concurrency=1), *QUARTER, now=NOW, progress=fail)
    until(lambda: simulator.counts.disconnects == 1)
    assert simulator.counts.requests == 1


def until(seen: Callable[[], bool]) -> None:
    start = time.monotonic()
    while not seen():
        assert time.monotonic() - start < 30, "it never happened"
        time.sleep(0.005)


# Stopping


async def test_cancelling_drops_the_requests(simulator: Simulator) -> None:
    simulator.add_fault("latency:5000")
    task = asyncio.ensure_future(mt.aio.fetch(simulator.client("ricoh"), *QUARTER, now=NOW, progress=lambda *_: None))
    while simulator.counts.requests < 2:
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(until, lambda: simulator.counts.disconnects == 2)
    assert simulator.counts.requests == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent with os.kill")
def test_ctrl_c_stops_a_fetch_at_once() -> None:
    code = textwrap.dedent("""
        import os, signal, threading, time
        import metertap as mt
        from metertap.simulator import Simulator

        def interrupt():
            while simulator.counts.requests < 2:
                time.sleep(0.005)
            os.kill(os.getpid(), signal.SIGINT)

        with Simulator(seed=7, now="2026-04-15T12:00:00Z") as simulator:
            simulator.add_fault("latency:20000")
            threading.Thread(target=interrupt).start()
            start = time.monotonic()
            try:
                mt.fetch(simulator.client("ricoh"), "2026-01-01", "2026-04-01", now=simulator.now)
            except KeyboardInterrupt:
                print("stopped", time.monotonic() - start < 5)
            # Another fetch works afterwards.
            simulator.clear_faults()
            print(mt.fetch(simulator.client("ricoh"), "2026-01-01", "2026-04-01", now=simulator.now).is_complete)
    """)
    assert run_python(code).split() == ["stopped", "True", "True"]


# Plans from elsewhere


def test_an_unpickled_plan_takes_its_accounts(door: Door, world: Simulator) -> None:
    asked = [world.client("sora"), world.client("ricoh")]
    plan = mt.plan(asked, *MONTH, now=NOW)
    sent = pickle.loads(pickle.dumps(plan))
    expected = rows(mt.fetch(plan))
    assert rows(fetch(door, sent, accounts=asked)) == expected
    # A client of the other door will do, and more clients than are needed do no harm.
    others = [world.client(name, aio=True) for name in world.providers]
    assert rows(fetch(door, sent, accounts=others)) == expected
    alone = mt.plan(asked[0], *MONTH, now=NOW)
    assert rows(fetch(door, mt.Plan.from_json(alone.to_json()), accounts=asked[0])) == rows(mt.fetch(alone))


def test_the_shards_together_read_what_the_plan_reads(world: Simulator) -> None:
    plan = mt.plan(questions(world), *MONTH, now=NOW)
    whole = rows(mt.fetch(plan))
    shards = [rows(mt.fetch(plan.shard(index, 4))) for index in range(4)]
    key = lambda row: (row["call_id"], row["meter"], row["start"], str(sorted(map(str, row.items()))))  # noqa: E731

    def filled(row: dict[str, Any]) -> dict[str, Any]:
        # A shard has columns for the labels of its own meters only.
        return {name: value for name, value in row.items() if value is not None}

    together = [filled(row) for shard in shards for row in shard]
    assert sorted(together, key=key) == sorted(map(filled, whole), key=key)


# What is refused before anything is sent

#: What is done with a plan and a client; the class of the refusal; what it says.
REFUSED: list[tuple[Callable[[mt.Plan, Any, Door], object], type[InvalidArgument], str]] = [
    (lambda plan, sora, door: fetch(door, []), InvalidArgument, "a range is needed: write start="),
    (lambda plan, sora, door: fetch(door, [], *MONTH), InvalidArgument, "no account is given: pass one at least"),
    (lambda plan, sora, door: fetch(door, [sora, sora], *MONTH), InvalidArgument, 'two accounts have the name "sora"'),
    (lambda plan, sora, door: fetch(door, sora), InvalidArgument, "a range is needed: write start="),
    (lambda plan, sora, door: fetch(door, plan, *MONTH), InvalidArgument, "a plan has its range already; leave start"),
    (
        lambda plan, sora, door: fetch(door, plan, on_error="ignore"),
        InvalidArgument,
        "on_error must be 'raise' or 'keep', not 'ignore'",
    ),
    (
        lambda plan, sora, door: fetch(door, mt.Plan.from_json(plan.to_json())),
        InvalidArgument,
        "the plan's account 'sora' has no client here; pass it in accounts=[…]",
    ),
    (
        lambda plan, sora, door: fetch(door, mt.Plan.from_json(plan.to_json()), accounts=["sora"]),
        WrongType,
        "accounts must be clients",
    ),
    (
        lambda plan, sora, door: fetch(door, plan, accounts=[mt.Ricoh(name="sora", client_id="c", client_secret="s")]),
        InvalidArgument,
        'the plan\'s account "sora" needs a client of sora',
    ),
    (lambda plan, sora, door: mt.replay("no such folder"), InvalidArgument, "no such folder is no archive"),
]


@pytest.mark.parametrize(("ask", "kind", "says"), REFUSED, ids=[says[:40] for _, _, says in REFUSED])
def test_what_cannot_be_fetched_is_refused_before_any_request(
    ask: Callable[[mt.Plan, Any, Door], object],
    kind: type[InvalidArgument],
    says: str,
    door: Door,
    simulator: Simulator,
) -> None:
    sora = simulator.client("sora")
    with pytest.raises(InvalidArgument) as caught:
        ask(mt.plan(sora, *MONTH, now=NOW), sora, door)
    assert type(caught.value) is kind
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert simulator.counts.connections == 0


def test_an_archive_that_cannot_be_written_is_refused_before_any_request(simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "manifest.json").write_text("{}")
    for folder, says in [("file", "cannot be written"), ("taken", "was written in another format")]:
        with pytest.raises(InvalidArgument, match=says):
            mt.fetch(simulator.client("sora"), *MONTH, now=NOW, archive=tmp_path / folder)
    assert simulator.counts.connections == 0


# Archive and replay


def replayed(folder: Path) -> mt.Usage:
    """Return what an archive holds, complete or not."""
    try:
        return mt.replay(str(folder))
    except mt.IncompleteUsage as error:
        return error.usage


@pytest.mark.parametrize("fault", [None, "status:404"])
def test_an_archive_replays_to_the_same_tables(
    fault: str | None, door: Door, simulator: Simulator, tmp_path: Path
) -> None:
    if fault:
        simulator.add_fault(fault, path_contains="until=2026-03-01")
    asked = questions(simulator)
    folder = tmp_path / "deep" / "archive"
    try:
        usage = fetch(door, asked, *QUARTER, now=NOW, archive=folder)
    except mt.IncompleteUsage as error:
        usage = error.usage
    assert usage.is_complete is (fault is None)
    simulator.stop()
    again = replayed(folder)
    for one, other in [(usage, again), (usage.coverage, again.coverage), (usage.evidence, again.evidence)]:
        assert one.to_dicts() == other.to_dicts()
        assert one.to_arrow().equals(other.to_arrow())
    assert again.missing == usage.missing
    by = ["meter", "consumable_code"]
    assert again.rollup("quarter", by).to_dicts() == usage.rollup("quarter", by).to_dicts()


#: How an archive is spoiled, given its folder and the file of a call; what is said.
DAMAGES: list[tuple[Callable[[Path, Path], object], str]] = [
    (lambda folder, call: shutil.rmtree(folder), "is no archive"),
    (lambda folder, call: (folder / "manifest.json").unlink(), "is no archive"),
    (lambda folder, call: (folder / "manifest.json").write_text("{"), "is damaged"),
    (lambda folder, call: (folder / "manifest.json").write_text('{"format": 2}'), "another format"),
    (lambda folder, call: call.unlink(), "cannot be read"),
    (lambda folder, call: call.write_bytes(call.read_bytes()[:-9]), "is damaged"),
    (lambda folder, call: call.write_bytes(b"not gzip"), "is damaged"),
    (lambda folder, call: call.write_bytes(gzip.compress(gzip.decompress(call.read_bytes()) + b" ")), "is damaged"),
]


@pytest.mark.parametrize(("damage", "says"), DAMAGES, ids=range(len(DAMAGES)))
def test_a_damaged_archive_is_one_sentence(
    damage: Callable[[Path, Path], object], says: str, world: Simulator, tmp_path: Path
) -> None:
    folder = tmp_path / "archive"
    usage = mt.fetch(world.client("ricoh"), *MONTH, now=NOW, archive=folder)
    (call,) = states(usage)
    damage(folder, folder / f"{call}.gz")
    with pytest.raises(InvalidArgument) as caught:
        mt.replay(folder)
    assert says in str(caught.value)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def written(folder: Path) -> bytes:
    """Return all that an archive holds, unpacked."""
    files = [file.read_bytes() for file in sorted(folder.iterdir())]
    return b"".join(gzip.decompress(file) if file.startswith(b"\x1f\x8b") else file for file in files)


def test_no_secret_enters_an_archive(world: Simulator, tmp_path: Path) -> None:
    asked = questions(world)
    mt.fetch(asked, *QUARTER, now=NOW, archive=tmp_path / "archive")
    text = written(tmp_path / "archive")
    assert len(text) > 100_000
    public = ("organization_id", "organization_name", "client_id", "username", "thing_key", "app_id")
    secrets = [
        word for name in world.providers for field, word in world.all_credentials(name).items() if field not in public
    ]
    assert len(secrets) >= 6
    for word in secrets:
        assert word.encode() not in text
    assert b"uthorization" not in text
    assert b"sessionId" not in text


CANARY = "canary-7f3a+/=9"


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_that_quotes_a_secret_is_kept_without_it(status: int, server: ScriptedServer, tmp_path: Path) -> None:
    def echo(seen: Seen) -> Reply:
        said = f'{{"results": [], "you": "{seen.headers["authorization"]}", "secret": "{CANARY}"}}'
        return Reply(status=status, body=said.encode())

    server.script = [echo]
    ricoh = mt.Ricoh(client_id="app", client_secret=CANARY, base_url=server.base_url("ricoh"), retries=0)
    folder = tmp_path / "archive"
    try:
        usage = mt.fetch(ricoh, *MONTH, now=NOW, archive=folder)
    except mt.IncompleteUsage as error:
        usage = error.usage
    assert usage.is_complete is (status == 200)
    text = written(folder)
    # As it is, and in the base64 of HTTP Basic.
    for form in (b"canary-7f3a", b"YXBwOmNhbmFyeS03ZjNh", b"Y2FuYXJ5LTdmM2"):
        assert form not in text
        assert form not in repr(usage.evidence.to_dicts()).encode()
    assert b"***" in text
    again = replayed(folder)
    assert again.coverage.to_dicts() == usage.coverage.to_dicts()
    assert again.evidence.to_dicts() == usage.evidence.to_dicts()


# The rest of the process


def test_threads_fetch_at_once(world: Simulator) -> None:
    asked = [world.client("sora"), world.client("ricoh")]
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(rows(mt.fetch(asked, *MONTH, now=NOW)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(one == found[0] for one in found)


def test_the_errors_of_calls_are_those_of_native_methods(simulator: Simulator) -> None:
    for fault, kind in [("status:404", NotFound), ("status:500", ServerError)]:
        simulator.clear_faults()
        simulator.add_fault(fault)
        ricoh = simulator.client("ricoh", retries=0)
        with pytest.raises(kind) as native:
            ricoh.cost_and_usage_total(*MONTH)
        with pytest.raises(mt.IncompleteUsage) as caught:
            mt.fetch(ricoh, *MONTH, now=NOW)
        (row,) = caught.value.usage.evidence.to_dicts()
        assert row["error"] == kind.__name__
        assert row["http_status"] == native.value.http_status
