"""Archives that go on, that break, and that two would write; test_fetch.py has what they hold."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import pytest
from support import NOW, Door, Reply, ScriptedServer, Seen, clean_environment, good_body, questions, run_python

import metertap as mt
from metertap.errors import AuthenticationFailed, InvalidArgument
from metertap.simulator import Simulator

YEAR = ("2025-04-01", "2026-04-01")
QUARTER = ("2026-01-01", "2026-04-01")
SECRET = "hush-hush"


def fetch(door: Door, *args: Any, **kwargs: Any) -> mt.Usage:
    """Fetch through either door."""
    if door.name == "sync":
        return mt.fetch(*args, **kwargs)
    return asyncio.run(mt.aio.fetch(*args, **kwargs))


def rows(usage: mt.Usage) -> list[dict[str, Any]]:
    """Return the readings without the moment at which they were fetched."""
    return [{name: value for name, value in row.items() if name != "fetched_at"} for row in usage.to_dicts()]


def answers(folder: Path) -> set[str]:
    return {file.stem for file in folder.glob("*.gz")}


def ricoh(server: ScriptedServer, **options: Any) -> mt.Ricoh:
    return mt.Ricoh(
        client_id="a", client_secret=SECRET, base_url=server.base_url("ricoh"), max_concurrency=1, **options
    )


class Breaking:
    """Answers well, and takes the archive away once so many answers were given."""

    def __init__(self, folder: Path, after: int) -> None:
        self.folder, self.after, self.count = folder, after, 0

    def __call__(self, seen: Seen) -> Reply:
        self.count += 1
        if self.count == self.after + 1:
            self.folder.rename(self.folder.with_suffix(".gone"))
        return Reply(body=good_body("ricoh"))


# An archive that cannot be written leaves the usage


def test_an_archive_that_breaks_under_a_fetch_is_told_and_costs_no_answer(
    door: Door, server: ScriptedServer, tmp_path: Path
) -> None:
    server.script = [Reply(body=good_body("ricoh"))]
    whole = fetch(door, ricoh(server), *YEAR, now=NOW)
    for on_error in ("raise", "keep"):
        folder = tmp_path / on_error
        server.script = [Breaking(folder, after=4)]
        says = f"the archive is not whole, until the same fetch is made again: the archive's {folder}/"
        if on_error == "raise":
            with pytest.raises(mt.IncompleteUsage, match="what did arrive is in") as caught:
                fetch(door, ricoh(server), *YEAR, now=NOW, archive=folder)
            usage, text = caught.value.usage, str(caught.value)
            assert str(caught.value.archive_problem) in text
        else:
            with pytest.warns(mt.CoverageWarning) as warned:
                usage = fetch(door, ricoh(server), *YEAR, now=NOW, archive=folder, on_error="keep")
            (warning,) = warned
            text = str(warning.message)
        assert text.startswith(says)
        assert "cannot be written: No such file or directory" in text
        assert "\n" not in text
        assert usage.is_complete
        assert (len(usage.evidence), rows(usage)) == (12, rows(whole))
        gone = folder.with_suffix(".gone")
        assert len(answers(gone)) == 4
        # The archive says of itself that it is not whole, and the same fetch makes it so.
        with pytest.raises(
            mt.IncompleteUsage, match=r"^8 of 12 calls failed: .*: the call was not made \(and 7 more\)"
        ):
            mt.replay(gone)
        server.script, asked = [Reply(body=good_body("ricoh"))], len(server.seen)
        assert rows(fetch(door, ricoh(server), *YEAR, now=NOW, archive=gone)) == rows(whole)
        assert len(server.seen) - asked == 8
        assert rows(mt.replay(gone)) == rows(whole)


def test_failed_calls_and_a_broken_archive_are_told_together(server: ScriptedServer, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    breaking = Breaking(folder, after=4)
    server.script = [Reply(status=404), breaking]
    with pytest.raises(mt.IncompleteUsage) as caught:
        mt.fetch(ricoh(server), *YEAR, now=NOW, archive=folder)
    assert str(caught.value).startswith("1 of 12 calls failed: ")
    assert "; the archive is not whole, until the same fetch is made again: the archive's " in str(caught.value)
    assert len(caught.value.usage.missing) == 1


FULL = """
import resource, sys
import metertap as mt
# The answer does not fit into a file of this length, the manifest does.
resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000))
client = mt.Ricoh(client_id="a", client_secret="hush-hush", base_url=sys.argv[1])
try:
    mt.fetch(client, "2026-02-01", "2026-03-01", now=sys.argv[2], archive=sys.argv[3])
except mt.IncompleteUsage as error:
    print(len(error.usage), error.usage.is_complete)
    print(error.archive_problem)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits of files")
def test_a_full_disk_costs_no_answer_and_leaves_no_half_a_file(server: ScriptedServer, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    server.script = [Reply(body=good_body("ricoh"))]
    readings = len(mt.fetch(ricoh(server), "2026-02-01", "2026-03-01", now=NOW))
    noise = {**json.loads(good_body("ricoh")), "noise": os.urandom(20_000).hex()}
    server.script = [Reply(body=json.dumps(noise).encode())]
    came, problem = run_python(FULL, server.base_url("ricoh"), NOW, str(folder)).splitlines()
    assert came == f"{readings} True"
    assert problem.startswith(f"the archive's {folder}/")
    assert problem.endswith(".gz cannot be written: File too large (os error 27)")
    assert [file.name for file in folder.iterdir() if file.suffix in (".gz", ".part")] == []


def test_a_credential_that_cannot_be_read_any_more_costs_no_answer_and_keeps_none(
    server: ScriptedServer, tmp_path: Path
) -> None:
    calls = 0

    def secret() -> str:
        nonlocal calls
        calls += 1
        if calls == 2:  # once for the request, and once to search the answer for it
            raise OSError("the vault is closed")
        return SECRET

    server.script = [Reply(body=good_body("ricoh"))]
    client = mt.Ricoh(client_id="a", client_secret=secret, base_url=server.base_url("ricoh"), max_concurrency=1)
    with pytest.raises(mt.IncompleteUsage, match="the archive is not whole") as caught:
        mt.fetch(client, "2026-02-01", "2026-03-01", now=NOW, archive=tmp_path)
    assert caught.value.usage.is_complete
    assert answers(tmp_path) == set()


# An archive goes on


@pytest.fixture
def asked(simulator: Simulator) -> list[Any]:
    return questions(simulator)


def test_the_same_question_goes_on_with_what_failed_and_asks_nothing_else_again(
    door: Door, simulator: Simulator, asked: list[Any], tmp_path: Path
) -> None:
    folder = tmp_path / "archive"
    simulator.add_fault("status:404", provider="volcengine", times=2)
    with pytest.raises(mt.IncompleteUsage) as caught:
        fetch(door, asked, *QUARTER, now=NOW, archive=folder)
    lost = {row["call_id"] for row in caught.value.usage.evidence.to_dicts() if row["error"]}
    assert len(lost) == 2
    first = simulator.counts.requests
    done: list[tuple[int, int]] = []
    # Later, and without `now`: the archive has its own.
    whole = fetch(door, asked, *QUARTER, archive=folder, progress=lambda *counts: done.append(counts))
    assert whole.is_complete
    assert simulator.counts.requests - first == 2
    assert rows(whole) == rows(mt.fetch(asked, *QUARTER, now=NOW))
    evidence = {row["call_id"]: row for row in whole.evidence.to_dicts()}
    for row in caught.value.usage.evidence.to_dicts():
        assert (evidence[row["call_id"]] == row) is (row["call_id"] not in lost)
    assert done[-1] == (len(whole.evidence), len(whole.evidence))
    # It is whole now: nobody is asked, and it replays to the same.
    simulator.stop()
    for again in (fetch(door, asked, *QUARTER, archive=folder), mt.replay(folder)):
        assert again.to_arrow().equals(whole.to_arrow())
        assert again.evidence.to_arrow().equals(whole.evidence.to_arrow())
        assert again.coverage.to_arrow().equals(whole.coverage.to_arrow())


KILLED = """
import sys
import metertap as mt
client = mt.Ricoh(client_id="a", client_secret="hush-hush", base_url=sys.argv[1], max_concurrency=1)
mt.fetch(client, "2025-04-01", "2026-04-01", now=sys.argv[2], archive=sys.argv[3])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_fetch_is_finished_by_the_same_one(door: Door, server: ScriptedServer, tmp_path: Path) -> None:
    folder, reached = tmp_path / "archive", threading.Event()

    def answer(seen: Seen) -> Reply:
        if len(server.seen) > 5:
            reached.set()
            time.sleep(1)
        return Reply(body=good_body("ricoh"))

    server.script = [answer]
    command = [sys.executable, "-c", KILLED, server.base_url("ricoh"), NOW, str(folder)]
    process = subprocess.Popen(command, env=clean_environment())
    assert reached.wait(20)
    # Nobody else may write as long as it lives.
    with pytest.raises(InvalidArgument) as caught:
        fetch(door, ricoh(server), *YEAR, now=NOW, archive=folder)
    assert str(caught.value) == (
        f"another fetch writes into {folder} just now; wait for its end, or name another folder."
    )
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = answers(folder)
    assert len(before) in (5, 6, 7)
    server.script = [Reply(body=good_body("ricoh"))]
    server.seen.clear()
    usage = fetch(door, ricoh(server), *YEAR, archive=folder)
    assert (usage.is_complete, len(usage.evidence), len(server.seen)) == (True, 12, 12 - len(before))
    assert mt.replay(folder).to_dicts() == usage.to_dicts()


def test_an_interrupted_fetch_lets_go_of_its_archive(door: Door, simulator: Simulator, tmp_path: Path) -> None:
    asked = simulator.client("sora")
    whole = rows(mt.fetch(asked, *QUARTER, now=NOW))
    simulator.add_fault("latency:300", skip=1)

    def stop(event: object) -> None:
        raise KeyboardInterrupt

    async def interrupted() -> None:
        await asyncio.wait_for(mt.aio.fetch(asked, *QUARTER, now=NOW, archive=tmp_path), 0.1)

    def ask() -> None:
        if door.name == "sync":
            mt.fetch(asked, *QUARTER, now=NOW, archive=tmp_path, on_event=stop)
        else:
            asyncio.run(interrupted())

    with pytest.raises((KeyboardInterrupt, asyncio.TimeoutError)) as caught:
        ask()
    # At once, and while a traceback still holds all that was at work.
    simulator.clear_faults()
    assert rows(fetch(door, asked, *QUARTER, now=NOW, archive=tmp_path)) == whole
    assert caught.value is not None


def test_of_two_fetches_at_once_one_writes_and_the_other_takes_what_it_wrote_or_is_refused(
    simulator: Simulator, tmp_path: Path
) -> None:
    asked = simulator.client("sora")
    whole = mt.fetch(asked, *QUARTER, now=NOW)
    ended: list[object] = []

    def work() -> None:
        try:
            ended.append(rows(mt.fetch(asked, *QUARTER, now=NOW, archive=tmp_path)) == rows(whole))
        except InvalidArgument as error:
            ended.append("another fetch writes into" in str(error))

    before = simulator.counts.requests
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == [True] * 4
    # Nothing was asked twice.
    assert simulator.counts.requests - before == len(whole.evidence)


#: What is asked of the archive's folder besides; in what it differs.
OTHERS = [
    (lambda world: mt.plan(world.client("sora"), "2026-01-01", "2026-03-01", now=NOW), "of another range"),
    (lambda world: mt.plan(world.client("sora", name="other"), *QUARTER, now=NOW), "to other accounts"),
    (lambda world: mt.plan([world.client("sora"), world.client("ricoh")], *QUARTER, now=NOW), "to other accounts"),
    (lambda world: mt.plan(world.client("ricoh", name="sora"), *QUARTER, now=NOW), "to other accounts"),
    (
        lambda world: mt.plan(world.client("sora").select(meters=["sora.ingress"]), *QUARTER, now=NOW),
        "with another selection",
    ),
    (lambda world: mt.plan(world.client("sora"), *QUARTER, now=NOW).shard(0, 2), "of another part of a plan"),
]


@pytest.mark.parametrize(("ask", "differs"), OTHERS, ids=range(len(OTHERS)))
def test_another_question_is_refused(ask: Any, differs: str, door: Door, simulator: Simulator, tmp_path: Path) -> None:
    mt.fetch(simulator.client("sora"), *QUARTER, now=NOW, archive=tmp_path)
    asked, kept = simulator.counts.requests, answers(tmp_path)
    with pytest.raises(InvalidArgument) as caught:
        fetch(door, ask(simulator), archive=tmp_path)
    assert str(caught.value) == (f"{tmp_path} holds the answers to another question, {differs}; name another folder.")
    assert (simulator.counts.requests, answers(tmp_path)) == (asked, kept)


def test_labels_and_codes_are_part_of_the_question(simulator: Simulator, tmp_path: Path) -> None:
    client = simulator.client("uipath")
    mt.fetch(client.select(consumable_code=["AIU"]), *QUARTER, now=NOW, archive=tmp_path)
    with pytest.raises(InvalidArgument, match="with another selection"):
        mt.fetch(client.select(consumable_code=["PLTU"]), *QUARTER, now=NOW, archive=tmp_path)


def test_the_question_is_the_same_when_part_of_it_was_in_the_future_or_has_left_the_history(
    simulator: Simulator, tmp_path: Path
) -> None:
    asked = [simulator.client("sora"), simulator.client("volcengine")]
    range_ = ("2026-01-01", "2026-07-01")
    first = mt.fetch(asked, *range_, now=NOW, archive=tmp_path)
    requests = simulator.counts.requests
    for now in ("2026-06-15", "2027-03-01", "2028-01-01"):
        again = mt.fetch(asked, *range_, now=now, archive=tmp_path)
        assert again.to_arrow().equals(first.to_arrow())
        assert again.coverage.to_dicts() == first.coverage.to_dicts()
    assert simulator.counts.requests == requests


def test_an_archive_is_read_without_holding_up_the_loop(simulator: Simulator, tmp_path: Path) -> None:
    kept = mt.fetch(simulator.client("sora"), *QUARTER, now=NOW, archive=tmp_path)
    again = asyncio.run(mt.aio.replay(tmp_path))
    assert again.to_arrow().equals(kept.to_arrow())
    with pytest.raises(InvalidArgument):
        asyncio.run(mt.aio.replay(tmp_path / "nothing", on_error="keep"))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"archive": True}, "archive must be the path of a folder, not bool."),
        ({"progress": "no"}, "progress must be True, False or a callable, not str."),
    ],
)
def test_what_is_no_folder_and_no_progress_is_refused_before_anything_is_sent(
    given: Any, says: str, door: Door, simulator: Simulator
) -> None:
    with pytest.raises(mt.errors.WrongType) as caught:
        fetch(door, simulator.client("sora"), *QUARTER, now=NOW, **given)
    assert (str(caught.value), simulator.counts.requests) == (says, 0)


def test_the_parts_of_a_plan_go_on_each_in_its_own_folder(simulator: Simulator, tmp_path: Path) -> None:
    plan = mt.plan(simulator.client("sora"), *QUARTER, now=NOW)
    simulator.add_fault("status:404", times=1)
    with pytest.raises(mt.IncompleteUsage):
        mt.fetch(plan.shard(0, 2), archive=tmp_path / "0")
    mt.fetch(plan.shard(1, 2), archive=tmp_path / "1")
    mt.fetch(plan.shard(0, 2), archive=tmp_path / "0")
    parts = [rows(mt.replay(tmp_path / name)) for name in ("0", "1")]
    whole = rows(mt.fetch(plan))
    assert len(parts[0]) + len(parts[1]) == len(whole)
    assert all(row in whole for part in parts for row in part)


def test_a_damaged_answer_is_told_and_not_asked_again_behind_ones_back(simulator: Simulator, tmp_path: Path) -> None:
    asked = simulator.client("sora")
    usage = mt.fetch(asked, *QUARTER, now=NOW, archive=tmp_path)
    file = tmp_path / f"{next(iter(answers(tmp_path)))}.gz"
    file.write_bytes(file.read_bytes()[:-9])
    requests = simulator.counts.requests
    with pytest.raises(InvalidArgument, match=f"{file.name} is damaged"):
        mt.fetch(asked, *QUARTER, now=NOW, archive=tmp_path)
    assert simulator.counts.requests == requests
    # Whoever takes the file away wants a new answer.
    file.unlink()
    assert rows(mt.fetch(asked, *QUARTER, now=NOW, archive=tmp_path)) == rows(usage)
    assert simulator.counts.requests == requests + 1


def test_what_was_answered_and_is_not_understood_is_asked_again(simulator: Simulator, tmp_path: Path) -> None:
    asked = simulator.client("ricoh")
    usage = mt.fetch(asked, *QUARTER, now=NOW, archive=tmp_path)
    file = tmp_path / f"{sorted(answers(tmp_path))[0]}.gz"
    head, _, body = gzip.decompress(file.read_bytes()).partition(b"\n")
    # As an older version would have kept what today's refuses.
    import hashlib

    other = b'{"results": 5}'
    described = {**json.loads(head), "bytes": len(other), "sha256": hashlib.sha256(other).hexdigest()}
    file.write_bytes(gzip.compress(json.dumps(described).encode() + b"\n" + other))
    assert len(body) > len(other)
    with pytest.raises(mt.IncompleteUsage, match="1 of 3 calls failed"):
        mt.replay(tmp_path)
    assert rows(mt.fetch(asked, *QUARTER, now=NOW, archive=tmp_path)) == rows(usage)
    assert mt.replay(tmp_path).is_complete


def test_a_secret_never_enters_an_archive_that_goes_on(server: ScriptedServer, tmp_path: Path) -> None:
    server.script = [Reply(status=401, body=SECRET.encode())]
    with pytest.raises((mt.IncompleteUsage, AuthenticationFailed)):
        mt.fetch(ricoh(server), *YEAR, now=NOW, archive=tmp_path)
    quoting = json.dumps({**json.loads(good_body("ricoh")), "you": SECRET}).encode()
    server.script = [Reply(body=quoting)]
    assert mt.fetch(ricoh(server), *YEAR, now=NOW, archive=tmp_path).is_complete
    for file in tmp_path.iterdir():
        content = file.read_bytes()
        assert SECRET.encode() not in (gzip.decompress(content) if file.suffix == ".gz" else content)


# A replay says what is missing


@pytest.fixture
def incomplete(simulator: Simulator, tmp_path: Path) -> Path:
    simulator.add_fault("status:404", times=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mt.CoverageWarning)
        mt.fetch(simulator.client("sora"), *QUARTER, now=NOW, archive=tmp_path, on_error="keep")
    return tmp_path


def test_a_replay_raises_or_keeps_as_a_fetch_does(incomplete: Path) -> None:
    with pytest.raises(
        mt.IncompleteUsage, match=r"^1 of \d+ calls failed: sora .*; what did arrive is in .usage"
    ) as caught:
        mt.replay(incomplete)
    with pytest.warns(mt.CoverageWarning, match=r"^1 of \d+ calls failed: sora ") as warned:
        kept = mt.replay(incomplete, on_error="keep")
    assert len(warned) == 1
    assert warned[0].filename == __file__
    assert kept.to_dicts() == caught.value.usage.to_dicts() != []
    assert kept.missing == caught.value.usage.missing
    assert len(kept.missing) == 1
    with pytest.raises(InvalidArgument, match="on_error must be 'raise' or 'keep', not 'ignore'"):
        mt.replay(incomplete, on_error="ignore")
