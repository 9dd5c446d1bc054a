"""`metertap providers` and `provider`, and what the other commands do with documents."""

from __future__ import annotations

import csv
import importlib.resources
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import ROOT

import metertap as mt
from metertap.cli import main
from metertap.simulator import Simulator

PROGRAM = str(Path(sys.executable).with_name("metertap"))
BUILT_IN = ["devicewise", "ricoh", "sora", "uipath", "volcengine"]
MAY = ["--start", "2026-05-01", "--end", "2026-05-03", "--now", "2026-06-01"]
READINGS = """readings = [
    { meter = "parcels", start = "2026-05-01", quantity = "18446744073709551614", size = "small" },
    { meter = "weight", start = "2026-05-01", quantity = "0.1", size = "small" },
    { meter = "parcels", start = "2026-05-02", quantity = "3", size = "small" },
    { meter = "weight", start = "2026-05-02", quantity = "12.5", size = "small" },
]
"""
ANSWERS = (
    """
[[tests]]
call = "parcels_by_day"
given = { start = "2026-05-01", end = "2026-05-03" }
at = "2026-06-01T00:00:00Z"
answer = '''{"from": "2026-05-01T00:00:00Z", "days": [
  {"day": "2026-05-01T00:00:00Z", "size": "small", "count": 18446744073709551614, "kg": 0.1},
  {"day": "2026-05-02T00:00:00Z", "size": "small", "count": 3, "kg": 12.50}]}'''
"""
    + READINGS.replace('-01"', '-01T00:00:00Z"').replace('-02"', '-02T00:00:00Z"')
    + """
[[tests]]
call = "parcels_by_day"
given = { start = "2026-05-03", end = "2026-05-04" }
status = 403
answer = '{"code": "NO_DEPOT", "message": "this key is of no depot"}'
error = "permission_denied"
"""
)
TEXT = (ROOT / "tests" / "common" / "toy.toml").read_text(encoding="utf-8") + ANSWERS


@pytest.fixture(autouse=True)
def _toy() -> Iterator[None]:
    """Give the name back to the document that other tests know."""
    mt.register(TEXT, replace=True)
    yield
    mt.register(ROOT / "tests" / "common" / "toy.toml", replace=True)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with a document and no accounts file but its own."""
    (tmp_path / "toy.toml").write_text(TEXT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("METERTAP_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def accounts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A simulator of the document, and an accounts file that leads there."""
    with Simulator(now="2026-06-01", providers=[folder / "toy.toml"]) as simulator:
        file = folder / "config.toml"
        file.write_text(
            f'[providers]\ntoy = "toy.toml"\n[accounts.depot]\nprovider = "toy"\n'
            f'base_url = "{simulator.base_url("toy")}"\napi_key = {{env = "K"}}\n',
            encoding="utf-8",
        )
        monkeypatch.setenv("K", "k")
        monkeypatch.setenv("METERTAP_CONFIG", str(file))
        yield simulator


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(list(words))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return the sentence with which a wrong command line is refused."""
    with pytest.raises(SystemExit) as stopped:
        main(list(words))
    assert stopped.value.code == 2
    return capsys.readouterr().err.splitlines()[-1].partition(": error: ")[2]


def written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return name


# providers


@pytest.mark.usefixtures("accounts")
def test_providers_lists_those_of_the_accounts_file_beside_the_built_in_ones(folder):
    out = subprocess.run([PROGRAM, "providers", "--format", "json"], capture_output=True, text=True, check=True).stdout
    rows = {row["name"]: row for row in json.loads(out)}
    assert list(rows) == [*BUILT_IN, "toy"]
    assert rows["sora"] == {"name": "sora", "title": "Sora Cloud", "origin": "built in", "meters": 22}
    assert rows["toy"] == {"name": "toy", "title": "Toy Parcels", "origin": str(folder / "toy.toml"), "meters": 2}


@pytest.mark.usefixtures("folder")
def test_providers_without_an_accounts_file_lists_the_built_in_ones():
    done = subprocess.run([PROGRAM, "providers", "--format", "table"], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["provider", "title", "origin", "meters"]
    assert [line.split()[0] for line in lines[2:]] == BUILT_IN


# provider check


def planned(out: str) -> list[str]:
    """Return the words of the first row of the plan that is shown."""
    lines = out.splitlines()
    return lines[next(place for place, line in enumerate(lines) if line.startswith("account ")) + 2].split()


def test_a_sound_document_is_shown_with_its_plan_of_last_month(folder, capsys):
    status, out, err = run(capsys, "provider", "check", "toy.toml", "--now", "2026-06-15T09:00:00+09:00")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "toy.toml: toy, Toy Parcels: 1 call, 2 meters, 2 canned answers"
    assert planned(out)[:5] == ["toy", "parcels_by_day", "1", "2026-05-01", "2026-06-01"]
    assert run(capsys, "provider", "check", "toy.toml")[0] == 0


@pytest.mark.usefixtures("folder")
def test_the_sample_takes_a_range_and_selections(capsys):
    words = ["provider", "check", "toy.toml", *MAY, "--select", "depots=north", "depots=7"]
    status, out, _ = run(capsys, *words)
    assert status == 0
    assert planned(out)[2:5] == ["2", "2026-05-01", "2026-05-03"]
    assert planned(out)[-3:] == ["2", "of", "depots"]


def test_all_examples_are_sound_and_planned_with_what_their_canned_answers_select(capsys):
    examples = sorted((Path(__file__).parents[2] / "examples" / "providers").glob("*.toml"))
    assert len(examples) >= 6
    status, out, err = run(capsys, "provider", "check", *map(str, examples), *MAY)
    assert (status, err) == (0, "")
    assert len(re.findall(r" calls? to 1 account, at least ", out)) == len(examples)


def test_a_selection_that_a_document_needs_is_asked_for_and_taken_as_its_type(folder, capsys):
    needs = TEXT.replace(
        'depots = { accepts = { texts = "plain" }, each = true',
        'depots = { accepts = { whole = [1, 5] }, missing = "depots must be given"',
    ).replace(
        'accepts = { texts = "plain" }, wire = "depot"', 'accepts = { whole = [1, 5] }, needed = true, wire = "depot"'
    )
    needs = needs.replace('2026-05-03" }', '2026-05-03", depots = 1 }').replace('-05-04" }', '-05-04", depots = 1 }')
    name = written(folder, "needs.toml", needs.replace('"toy"', '"needing"'))
    status, _, err = run(capsys, "provider", "check", name, *MAY)
    text = "needs.toml: no plan can be made: depots must be given; if it needs a selection, give --select NAME=VALUE.\n"
    assert (status, err) == (1, text)
    assert run(capsys, "provider", "check", name, *MAY, "--select", "depots=5")[::2] == (0, "")
    status, _, err = run(capsys, "provider", "check", name, *MAY, "--select", "depots=many")
    assert (status, err) == (1, "needs.toml: no plan can be made: depots must be an int, not a str.\n")


def test_all_mistakes_of_all_documents_are_told_with_their_lines(folder, capsys):
    bad = TEXT.replace('unit = "kg", kind = "gauge"', 'unit = "kg", kind = "gouge"').replace("zone =", "zune =")
    written(folder, "bad.toml", bad)
    status, out, err = run(capsys, "provider", "check", "bad.toml", "nowhere.toml", "toy.toml", *MAY)
    assert status == 1
    assert err.splitlines() == [
        'bad.toml:45: call "parcels_by_day" zune is no key that is known here; did you mean "zone"?.',
        'bad.toml:52: call "parcels_by_day" meter "weight" kind must be one of sum, cumulative, peak, gauge, '
        'not "gouge"; did you mean "gauge"?.',
        "the document 'nowhere.toml' cannot be read: there is no such file.",
    ]
    assert out.startswith("toy.toml: toy, Toy Parcels")


def test_an_answer_that_is_not_what_its_test_says_is_told_beside_the_plan(folder, capsys):
    written(
        folder, "toy.toml", TEXT.replace('quantity = "3"', 'quantity = "4"').replace("permission_denied", "not_found")
    )
    mt.register(folder / "toy.toml", replace=True)
    status, out, err = run(capsys, "provider", "check", "toy.toml", *MAY)
    first, second = err.splitlines()
    assert (status, planned(out)[1]) == (1, "parcels_by_day")
    assert first.startswith("toy.toml: test 1, of parcels_by_day: it has no reading {")
    assert second.startswith("toy.toml: test 2, of parcels_by_day: it is PermissionDenied: ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('quantity = "3"', 'quantity = "3.0", unit = "parcels", kind = "sum", end = "2026-05-03T00:00:00Z"', None),
        ('quantity = "3"', 'quantity = "3", unit = "boxes"', "it has no reading {'meter': 'toy.parcels'"),
        (
            '"kg": 0.1}',
            '"kg": 0.100000000000000001}',
            "but {'meter': 'toy.weight', 'quantity': '0.100000000000000001'",
        ),
        (
            'quantity = "3", size = "small"',
            'quantity = "3"',
            "but {'meter': 'toy.parcels', 'quantity': '3', 'size': 'small'",
        ),
        (
            READINGS.splitlines()[2].replace('-01"', '-01T00:00:00Z"'),
            "",
            "it has 4 readings, of which 3 are told, not for",
        ),
        ('quantity = "3"', 'quantity = "three"', "'quantity': 'three'"),
    ],
    ids=["more is told", "another unit", "the 18th digit", "a dimension is not told", "one is not told", "no number"],
)
def test_readings_are_compared_exactly_by_what_their_own_line_names(old, new, said):
    assert old in TEXT
    told = mt.documents.try_answers(TEXT.replace(old, new))
    assert len(told) == (said is not None)
    assert said is None or said in told[0]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sora", 'other.toml: "sora" is a built-in provider: give the document another name.'),
        ("toy", 'other.toml: "toy" is registered already, by document '),
    ],
)
def test_a_name_that_another_document_has_is_told(folder, capsys, name, said):
    other = TEXT.replace('name = "toy"', f'name = "{name}"').replace("Toy Parcels", "Others")
    written(folder, "other.toml", other)
    status, out, err = run(capsys, "provider", "check", "toy.toml", "other.toml", *MAY)
    assert (status, len(re.findall("calls? to", out))) == (1, 1)
    assert err.startswith(said)
    assert len(err.splitlines()) == 1


def test_an_account_that_its_own_checks_refuse_is_told(folder, capsys):
    tenant = 'tenant = { needed = true, accepts = { text = "guid" }, doc = "the tenant" }'
    text = TEXT.replace("[account]", f"[account]\n{tenant}")
    written(folder, "picky.toml", text.replace('name = "toy"', 'name = "picky"'))
    status, _, err = run(capsys, "provider", "check", "picky.toml", *MAY)
    assert status == 1
    assert re.fullmatch(
        r"picky.toml: its made-up account is refused: tenant .*; write an example into \[account\].\n", err
    )


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--select", "depots"], "--select wants NAME=VALUE, not 'depots'"),
        (["--start", "2026-05-01"], "a range has --start and --end; give both, or none"),
    ],
)
def test_a_wrong_command_line_is_refused(capsys, words, said):
    assert refused(capsys, "provider", "check", "toy.toml", *words) == said


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--select", "depot=a"], 'select() has no argument "depot"; did you mean "depots"?.'),
        (["--start", "2026-05-03", "--end", "2026-05-01"], "if it needs a selection, give --select NAME=VALUE."),
        (["--now", "yesterday"], "if it needs a selection, give --select NAME=VALUE."),
    ],
)
def test_a_plan_that_cannot_be_made_is_told(capsys, words, said):
    status, out, err = run(capsys, "provider", "check", "toy.toml", *words)
    assert (status, out) == (1, "")
    assert err.startswith("toy.toml: no plan can be made: ")
    assert err.rstrip("\n").endswith(said)


# provider schema


def test_the_schema_is_printed(folder, capsys):
    status, out, err = run(capsys, "provider", "schema")
    assert (status, err) == (0, "")
    assert out == importlib.resources.files("metertap").joinpath("provider.schema.json").read_text(encoding="utf-8")
    assert run(capsys, "provider", "schema", "-o", "schema.json") == (0, "", "")
    assert (folder / "schema.json").read_text(encoding="utf-8") == out


# simulate


def test_simulate_serves_a_document_and_says_how_to_reach_it(folder, monkeypatch):
    words = [PROGRAM, "simulate", "--provider", "toy.toml", "--now", "2026-06-01", "--seconds", "20"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            lines: list[str] = []
            while not (lines and lines[-1].startswith("export METERTAP_TOY_BASE_URL")):
                lines.append(process.stdout.readline())
            python, _, shell = "".join(lines).partition("# Environment")
            pasted: dict = {}
            exec(python, pasted)
            assert f"Toy = metertap.register({str(folder / 'toy.toml')!r})" in python.splitlines()
            usage = mt.fetch(pasted["toy"], "2026-05-01", "2026-05-03", now="2026-06-01")
            assert [str(row["quantity"]) for row in usage.to_dicts()] == ["18446744073709551614", "0.1", "3", "12.5"]
            for name, value in re.findall(r"export (\w*TOY\w*)='?([^'\n]*)'?", shell):
                monkeypatch.setenv(name, value)
            assert pasted["Toy"].from_env().base_url == pasted["toy"].base_url
        finally:
            process.terminate()
    missing = subprocess.run(
        [PROGRAM, "simulate", "--provider", "no.toml"], capture_output=True, text=True, check=False
    )
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr == "metertap: the document 'no.toml' cannot be read: there is no such file.\n"


# accounts of documents


@pytest.mark.usefixtures("accounts")
def test_meters_knows_the_documents_of_the_accounts_file():
    words = [PROGRAM, "meters", "toy", "--format", "csv"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert [row["name"] for row in csv.DictReader(io.StringIO(done.stdout))] == ["toy.parcels", "toy.weight"]
    done = subprocess.run([PROGRAM, "meters", "tory"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(f"there is no provider 'tory'; there are {', '.join(BUILT_IN)}, toy")


def test_plan_and_fetch_ask_accounts_of_documents(accounts, capsys):
    status, out, _ = run(capsys, "plan", *MAY, "--format", "csv")
    assert (status, [row["operation"] for row in csv.DictReader(io.StringIO(out))]) == (0, ["parcels_by_day"])
    assert accounts.counts.requests == 0
    status, out, _ = run(capsys, "fetch", *MAY, "--meters", "toy.parcels", "--rollup", "all", "--format", "csv")
    [row] = csv.DictReader(io.StringIO(out))
    assert (status, row["account"], row["quantity"]) == (0, "depot", "18446744073709551617")
    assert accounts.counts.requests == 1


def test_accounts_check_makes_the_first_call_of_a_plan(accounts, capsys):
    status, out, _ = run(capsys, "accounts", "check")
    assert status == 0
    assert 1 <= accounts.counts.requests <= 8
    assert re.match(r"depot \(toy\): ok, \d+\.\d\d s\n  asked: 2 meters of 1 operation\n", out)


def test_accounts_check_tells_what_the_service_refuses(accounts, capsys):
    accounts.add_fault("status:401")
    status, out, _ = run(capsys, "accounts", "check")
    assert status == 1
    assert out.startswith("depot (toy): failed: toy parcels/daily: HTTP 401")


def test_accounts_check_says_that_there_is_nothing_to_ask_for(folder, accounts, capsys):
    never = TEXT.replace("history_days = 366", "history_days = 0")
    written(folder, "toy.toml", never)
    mt.register(folder / "toy.toml", replace=True)
    status, out, _ = run(capsys, "accounts", "check")
    assert (status, accounts.counts.requests) == (1, 0)
    assert out.startswith("depot (toy): failed: there is nothing to ask it for: ")


def test_a_broken_document_of_the_accounts_file_is_told_with_its_lines(folder, accounts):
    written(folder, "toy.toml", TEXT.replace("zone =", "zune ="))
    for words in (["meters"], ["providers"], ["accounts", "check"]):
        done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f'metertap: {folder / "toy.toml"}:45: call "parcels_by_day" zune is no key that is known here; '
            'did you mean "zone"?.\n'
        )
