"""`metertap plan`, `fetch`, `meters` and `demo`, mostly in this process."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from support import NOW

import metertap as mt
from metertap.cli import _chart, _output, main
from metertap.errors import InvalidArgument
from metertap.simulator import Simulator

MARCH = ["--start", "2026-03-01", "--end", "2026-04-01", "--now", NOW]
SORA = ["--account", "my-sora"]
QUARTER_OF_SORA = ["--start", "2026-01-01", "--end", "2026-04-01", "--now", NOW, *SORA]
SECRETS = {"api_key", "client_secret", "password", "secret_key"}


@pytest.fixture
def config(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file with an account of each provider at the simulator; UiPath's says which codes."""
    lines = []
    for provider in simulator.providers:
        lines += [f"[accounts.my-{provider}]", f'provider = "{provider}"']
        lines.append(f'base_url = "{simulator.base_url(provider)}"')
        for name, value in simulator.credentials(provider).items():
            monkeypatch.setenv(f"TEST_{provider}_{name}", value)
            lines.append(f'{name} = {{env = "TEST_{provider}_{name}"}}' if name in SECRETS else f'{name} = "{value}"')
        if provider == "uipath":
            lines += ["[accounts.my-uipath.select]", 'consumable_code = ["AIU", "PLTU"]']
    file = tmp_path / "config.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setenv("METERTAP_CONFIG", str(file))
    return file


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(list(words))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return the sentence with which a wrong command line is refused."""
    with pytest.raises(SystemExit) as stopped:
        main(list(words))
    captured = capsys.readouterr()
    assert (stopped.value.code, captured.out) == (2, "")
    return captured.err.splitlines()[-1].partition(": error: ")[2]


def asked(simulator: Simulator) -> list[object]:
    clients = {provider: simulator.client(provider, name=f"my-{provider}") for provider in simulator.providers}
    return [
        client.select(consumable_code=["AIU", "PLTU"]) if provider == "uipath" else client
        for provider, client in clients.items()
    ]


def move_when_there(folder: Path, file: str) -> None:
    """Take a folder away from those who write into it, as soon as it has this file."""
    while not (folder / file).exists():
        time.sleep(0.001)
    folder.rename(folder.with_suffix(".gone"))


# plan


@pytest.mark.usefixtures("config")
def test_plan_prints_what_the_plan_prints_and_sends_nothing(capsys, simulator):
    status, out, err = run(capsys, "plan", *MARCH, "--format", "table")
    assert (status, out, err) == (0, f"{mt.plan(asked(simulator), '2026-03-01', '2026-04-01', now=NOW)!r}\n", "")
    assert simulator.counts.requests == 0
    assert out.splitlines()[-1] == "11 calls to 5 accounts, at least 0.1 s"


def test_a_printed_plan_folds_what_is_out_of_reach_and_keeps_its_width(simulator):
    plan = mt.plan(asked(simulator), "2026-01-01", "2026-04-01", now=NOW)
    lines = repr(plan).splitlines()
    (folded,) = [line for line in lines if " 9 operations " in line]
    assert folded.startswith("my-sora ")
    assert folded.endswith("…")
    assert len(folded) <= max(map(len, lines)) == 120
    assert len([row for row in plan.rows if row.calls == 0]) == 9
    html = plan._repr_html_()
    assert html[html.index("<table>") :].count("keeps no past ones") == 1
    assert "9 operations" in html


@pytest.mark.usefixtures("config")
def test_plan_json_and_shards_are_the_plans(capsys, simulator):
    plan = mt.plan(asked(simulator), "2026-03-01", "2026-04-01", now=NOW)
    _, whole, _ = run(capsys, "plan", *MARCH, "--json")
    assert mt.Plan.from_json(whole) == plan
    parts = [mt.Plan.from_json(run(capsys, "plan", *MARCH, "--json", "--shard", f"{i}/3")[1]) for i in range(3)]
    assert parts == [plan.shard(i, 3) for i in range(3)]


@pytest.mark.usefixtures("config")
def test_a_plan_in_a_pipe_is_csv(capsys):
    _, out, _ = run(capsys, "plan", *MARCH, *SORA)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 10
    assert {name: rows[0][name] for name in ("account", "operation", "calls", "start", "cut_by")} == {
        "account": "my-sora",
        "operation": "traffics_for_month",
        "calls": "1",
        "start": "2026-03-01T00:00:00Z",
        "cut_by": "",
    }


@pytest.mark.usefixtures("config")
def test_dates_have_their_midnight_in_the_zone(capsys):
    _, out, _ = run(capsys, "plan", *MARCH, "--tz", "Asia/Tokyo", "--account", "my-ricoh", "--format", "json")
    assert [(row["start"], row["end"]) for row in json.loads(out)] == [("2026-02-28T15:00:00Z", "2026-03-31T15:00:00Z")]


# fetch


def fetched(simulator: Simulator) -> mt.Usage:
    return mt.fetch(asked(simulator)[0], "2026-03-01", "2026-04-01", now=NOW)


@pytest.mark.parametrize("encoding", ["cp932", "ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "markdown"])
def test_data_is_utf_8_whatever_the_terminal_is(
    encoding: str, form: str, simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    key = simulator.credentials("sora")["api_key"]
    monkeypatch.setenv("TEST_KEY", key)
    head = f'[accounts."本番 café"]\nprovider = "sora"\nbase_url = "{simulator.base_url("sora")}"\n'
    file.write_text(f'{head}api_key = {{env = "TEST_KEY"}}\n', encoding="utf-8")
    env = {**os.environ, "METERTAP_CONFIG": str(file), "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    program = Path(sys.executable).with_name("metertap")
    words = [str(program), "fetch", *MARCH, "--format", form]
    done = subprocess.run(words, capture_output=True, timeout=60, check=False, env=env)
    assert done.returncode == 0, done.stderr
    assert "本番 café" in done.stdout.decode("utf-8")
    assert b"\\u672c" not in done.stdout
    written = subprocess.run(
        [*words, "-o", str(tmp_path / "out")], capture_output=True, timeout=60, check=True, env=env
    )
    assert written.stdout == b""
    assert "本番 café" in (tmp_path / "out").read_bytes().decode("utf-8")


@pytest.mark.usefixtures("config")
def test_fetch_writes_the_readings_as_csv_and_the_coverage_beside(capsys, simulator):
    status, out, err = run(capsys, "fetch", *MARCH, *SORA)
    rows = list(csv.DictReader(io.StringIO(out)))
    readings = fetched(simulator).readings()
    assert status == 0
    assert [(row["meter"], Decimal(row["quantity"]), row["flags"]) for row in rows] == [
        (one.meter, one.quantity, " ".join(one.flags)) for one in readings
    ]
    assert rows[0]["start"] == "2026-03-01T00:00:00Z"
    assert err.splitlines()[2].split() == ["my-sora", "1", "1", "0", "0", "0", "0", "9", "124", "0"]
    assert err.splitlines()[3].startswith("unavailable: my-sora, 9 operations, 2026-03-01 to 2026-04-01: the service ")
    assert len(err.splitlines()) == 4


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_json_has_every_digit(form, capsys, simulator):
    _, out, _ = run(capsys, "fetch", *MARCH, "--account", "my-ricoh", "--format", form)
    text = out if form == "json" else f"[{','.join(out.splitlines())}]"
    rows = json.loads(text, parse_float=Decimal)
    own = mt.fetch(asked(simulator)[1], "2026-03-01", "2026-04-01", now=NOW).to_dicts()
    assert [row["quantity"] for row in rows] == [row["quantity"] for row in own]
    assert [row["flags"] for row in rows] == [row["flags"] for row in own]
    assert any(isinstance(row["quantity"], Decimal) for row in rows)


@pytest.mark.usefixtures("config")
def test_a_file_has_the_format_that_its_name_says(capsys, simulator, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    status, out, _ = run(capsys, "fetch", *MARCH, *SORA, "-o", str(tmp_path / "march.parquet"))
    assert (status, out) == (0, "")
    read = parquet.read_table(tmp_path / "march.parquet")
    assert read.column("quantity").to_pylist() == [row["quantity"] for row in fetched(simulator).to_dicts()]
    run(capsys, "fetch", *MARCH, *SORA, "--rollup", "all", "-o", str(tmp_path / "march.md"))
    lines = (tmp_path / "march.md").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("| provider | account | meter | period | start | end | covered | quantity | unit |")
    assert len(lines) == 6
    run(capsys, "meters", "-o", str(tmp_path / "meters.parquet"))
    assert parquet.read_table(tmp_path / "meters.parquet").num_rows == len(mt.meters())


def test_markdown_keeps_its_cells(capsys):
    _output.WRITERS["markdown"](sys.stdout, ["a", "b"], [{"a": "x|y\nz", "b": None}])
    assert capsys.readouterr().out == "| a | b |\n| --- | --- |\n| x\\|y z |  |\n"


@pytest.mark.usefixtures("config")
def test_a_roll_up_is_the_usages(capsys, simulator):
    _, out, _ = run(capsys, "fetch", *MARCH, *SORA, "--rollup", "week", "--by", "meter,unit", "--format", "json")
    own = fetched(simulator).rollup("week", ["meter", "unit"]).to_dicts()
    assert [(row["meter"], row["quantity"]) for row in json.loads(out)] == [
        (row["meter"], row["quantity"]) for row in own
    ]


@pytest.mark.usefixtures("config")
def test_a_roll_up_of_everything_is_not_refused_by_default(capsys):
    status, out, _ = run(capsys, "fetch", *MARCH, "--rollup", "month", "--format", "jsonl")
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert {row["account"] for row in rows} == {
        f"my-{name}" for name in ("sora", "ricoh", "uipath", "devicewise", "volcengine")
    }
    assert sorted(row["consumable_code"] for row in rows if row["provider"] == "uipath") == ["AIU", "PLTU"]


@pytest.mark.usefixtures("config")
def test_a_roll_up_by_month_plans_by_month(capsys, simulator):
    quarter = ["--start", "2026-01-01", "--end", "2026-04-01", "--now", NOW]
    words = ["fetch", *quarter, "--account", "my-uipath", "--meters", "uipath.consumption"]
    status, out, _ = run(capsys, *words, "--rollup", "month", "--format", "jsonl")
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [(row["consumable_code"], row["period"], row["covered"]) for row in rows] == [
        (code, f"2026-0{month}", 1.0) for code in ("AIU", "PLTU") for month in (1, 2, 3)
    ]
    assert sum("consumption-summary" in request.path for request in simulator.requests) == 6
    _, out, _ = run(capsys, *words, "--rollup", "year", "--format", "table")
    line = out.splitlines()[2].split()
    assert line[4:9] == ["2026", "2026-01-01", "2027-01-01", "24.6", "%"]


@pytest.mark.usefixtures("config")
def test_a_roll_up_tells_what_is_known_in_part(capsys):
    _, _, err = run(capsys, "fetch", *MARCH, *SORA, "--rollup", "quarter")
    assert err.splitlines()[-1] == "roll-up: 1 of 1 periods is known in part"
    _, _, err = run(capsys, "fetch", *MARCH, *SORA, "--rollup", "month")
    assert "roll-up" not in err


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize(
    ("start", "meters", "period", "says"),
    [
        ("2026-04-01", "sora.total_connections", "day", "sora.total_connections: one figure (month so far)"),
        ("2026-04-01", "sora.egress", "hour", "sora.egress: one figure (day (UTC))"),
    ],
)
def test_what_no_answer_could_tell_by_a_period_is_not_asked(start, meters, period, says, capsys, simulator):
    words = ["--start", start, "--end", "2026-05-01", "--now", NOW, "--meters", meters, "--rollup", period]
    status, out, err = run(capsys, "fetch", *words)
    assert (status, out) == (1, "")
    way = "choose a longer period, or leave the meter out with --meters."
    assert err == f"metertap: {says} cannot be told by the {period}; {way}\n"
    assert simulator.counts.requests == 0


@pytest.mark.usefixtures("config")
def test_what_cannot_be_told_by_a_period_is_refused_in_the_words_of_the_command_line(capsys, tmp_path):
    archive = str(tmp_path / "archive")
    quarter = ["--start", "2026-01-01", "--end", "2026-04-01", "--now", NOW]
    run(capsys, "fetch", *quarter, "--account", "my-uipath", "--archive", archive)
    status, out, err = run(capsys, "fetch", "--replay", archive, "--rollup", "month")
    assert (status, out) == (1, "")
    assert err.endswith("fetch it anew with --rollup month, or leave the meter out with --meters.\n")
    _, _, err = run(capsys, "fetch", "--replay", archive, "--rollup", "quarter", "--by", "account")
    assert err.endswith("write --by account consumable_code.\n")


@pytest.mark.usefixtures("config")
def test_a_roll_up_that_adds_peaks_of_domains_is_refused(capsys, config):
    names = '["pull.www.example.com", "push.www.example.com"]'
    config.write_text(f"{config.read_text()}\n[accounts.my-volcengine.select]\ndomains = {names}\n", encoding="utf-8")
    words = [
        "fetch",
        *MARCH,
        "--account",
        "my-volcengine",
        "--meters",
        "volcengine.down_bandwidth",
        "--rollup",
        "month",
    ]
    status, out, err = run(capsys, *words, "--by", "meter")
    assert (status, out) == (1, "")
    assert err.startswith("metertap: volcengine.down_bandwidth: ")
    status, out, _ = run(capsys, *words, "--format", "json")
    assert status == 0
    assert [row["domain"] for row in json.loads(out)] == ["pull.www.example.com", "push.www.example.com"]


@pytest.mark.usefixtures("config")
def test_named_meters_go_to_the_accounts_that_have_them(capsys, simulator):
    words = ["--meters", "sora.egress", "volcengine.down_traffic", "--rollup", "all", "--format", "json"]
    _, out, _ = run(capsys, "fetch", *MARCH, *words)
    assert [row["meter"] for row in json.loads(out)] == ["sora.egress", "volcengine.down_traffic"]
    assert {request.provider for request in simulator.requests} == {"sora", "volcengine"}


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize("on_error", ["raise", "keep"])
def test_what_arrived_is_written_and_the_status_is_3(on_error, capsys, simulator):
    simulator.add_fault("status:404", provider="ricoh")
    words = ["--account", "my-sora", "my-ricoh", "--on-error", on_error]
    status, out, err = run(capsys, "fetch", *MARCH, *words)
    assert status == 3
    assert len(out.splitlines()) == 1 + 124
    lines = err.splitlines()
    assert lines[3].split() == ["my-ricoh", "1", "0", "0", "0", "0", "1", "0", "0", "0"]
    assert lines[4].startswith(
        "failed: my-ricoh cost_and_usage_total from 2026-03-01T00:00:00Z to 2026-04-01T00:00:00Z: "
    )
    word = "incomplete" if on_error == "raise" else "warning: incomplete"
    assert lines[-1] == f"metertap: {word}: 1 of 2 calls failed; what did arrive is written"


@pytest.mark.usefixtures("config")
def test_an_archive_replays_to_the_same_bytes_and_asks_nobody(capsys, simulator, tmp_path):
    archive = str(tmp_path / "archive")
    _, first, coverage = run(capsys, "fetch", *MARCH, "--account", "my-volcengine", "--archive", archive)
    asked = simulator.counts.requests
    status, again, coverage_again = run(capsys, "fetch", "--replay", archive)
    assert (status, again, coverage_again) == (0, first, coverage)
    assert simulator.counts.requests == asked
    status, out, err = run(capsys, "fetch", *MARCH, *SORA, "--archive", archive)
    assert (status, out) == (1, "")
    assert err.endswith("holds the answers to another question, to other accounts; name another folder.\n")
    assert simulator.counts.requests == asked
    # The same question is answered from the archive.
    status, again, _ = run(capsys, "fetch", *MARCH, "--account", "my-volcengine", "--archive", archive)
    assert (status, again, simulator.counts.requests) == (0, first, asked)


@pytest.mark.usefixtures("config")
def test_an_incomplete_archive_is_replayed_with_the_status_of_an_incomplete_fetch(capsys, simulator, tmp_path):
    archive = str(tmp_path / "archive")
    simulator.add_fault("status:404", skip=1, times=1)
    fetched = run(capsys, "fetch", *QUARTER_OF_SORA, "--archive", archive)
    replayed = run(capsys, "fetch", "--replay", archive)
    assert replayed == fetched
    assert fetched[0] == 3
    assert run(capsys, "fetch", *QUARTER_OF_SORA, "--archive", archive)[0] == 0
    assert run(capsys, "fetch", "--replay", archive)[0] == 0


@pytest.mark.usefixtures("config")
def test_an_archive_that_breaks_costs_no_row_and_is_told_by_the_status(capsys, simulator, tmp_path):
    _, whole, _ = run(capsys, "fetch", *QUARTER_OF_SORA)
    simulator.add_fault("latency:200")
    archive = tmp_path / "archive"
    breaking = threading.Thread(target=move_when_there, args=(archive, "manifest.json"))
    breaking.start()
    status, out, err = run(capsys, "fetch", *QUARTER_OF_SORA, "--archive", str(archive), "--on-error", "keep")
    breaking.join()
    assert (status, len(out.splitlines())) == (3, len(whole.splitlines()))
    last = err.splitlines()[-1]
    assert "metertap: warning: incomplete: the archive is not whole, until the same fetch is made again: " in last


@pytest.mark.usefixtures("config")
def test_a_table_for_people_leaves_out_what_is_for_machines_and_says_nothing(capsys):
    _, out, _ = run(capsys, "fetch", *MARCH, *SORA, "--format", "table")
    lines = out.splitlines()
    head = ["provider", "account", "meter", "start (UTC)", "end (UTC)", "quantity", "unit", "kind", "status", "flags"]
    assert re.split(r" {2,}", lines[0]) == head
    assert len(lines) == 2 + 124


class Terminal(io.StringIO):
    """A stream that a person watches."""

    def isatty(self) -> bool:
        return True


@pytest.mark.usefixtures("config")
def test_a_terminal_gets_a_table_of_fifty_rows_and_a_line_of_what_is_under_way(monkeypatch):
    out, err = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    assert main(["fetch", *MARCH, *SORA]) == 0
    lines = out.getvalue().splitlines()
    assert len(lines) == 2 + 50 + 1
    assert lines[-1] == "… and 74 more rows; -o FILE keeps all"
    assert "1 of 1 call, 0 s" in err.getvalue()
    err.truncate(0)
    assert main(["fetch", *MARCH, *SORA, "--no-progress"]) == 0
    assert " of 1 call, " not in err.getvalue()


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize(
    ("words", "module", "sentence"),
    [
        (["--format", "parquet", "-o", "x.parquet"], "pyarrow.parquet", "pip install 'metertap[arrow]'"),
    ],
)
def test_a_missing_extra_is_one_sentence_before_any_request(words, module, sentence, capsys, simulator, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    status, out, err = run(capsys, "fetch", *MARCH, *SORA, *words)
    assert (status, out) == (1, "")
    assert re.fullmatch(
        rf"metertap: this needs the package \w+, which is not installed: {re.escape(sentence)}\.\n", err
    )
    assert simulator.counts.requests == 0


@pytest.mark.usefixtures("config")
def test_the_parts_of_a_plan_fetch_what_the_whole_would(capsys):
    words = ["fetch", *MARCH, "--account", "my-sora", "my-volcengine", "--format", "jsonl"]
    whole = sorted(run(capsys, *words)[1].splitlines())
    parts = [run(capsys, *words, "--shard", f"{part}/2")[1].splitlines() for part in range(2)]

    def figures(lines: list[str]) -> list[tuple[str, ...]]:
        return sorted((row["meter"], row["start"], str(row["quantity"])) for row in map(json.loads, lines))

    assert all(parts)
    assert figures([*parts[0], *parts[1]]) == figures(whole)


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["plan"], "a range is needed: --start 2026-03 (that month), "),
        (["fetch", "--start", "2026-03", "--since", "7d"], "--start and --since are two starts of one range"),
        (["plan", *MARCH, "--account", "nobody"], "there is no account 'nobody'; there are my-sora, my-ricoh, "),
        (["plan", *MARCH, "--meters", "sora.egres"], "there is no meter 'sora.egres'; did you mean 'sora.egress'?"),
        (
            ["plan", *MARCH, "--meters", "sora.egress", "--account", "my-ricoh"],
            "none of these meters is one of ricoh, which 'my-ricoh' is of",
        ),
        (["plan", *MARCH, "--shard", "2"], "--shard wants I/N, such as 0/4, not '2'"),
        (["plan", *MARCH, "--shard", "2/2"], "there is no shard 2 of 2"),
        (["plan", "--start", "2026-03-01", "--end", "2026-03-01"], "start (2026-03-01T00:00:00+00:00) must be before "),
        (["plan", "--start", "2026-03-01T00:00", "--end", "2026-04-01"], "start cannot be read"),
        (["plan", *MARCH, "--tz", "Asia/Tokio"], "there is no time zone 'Asia/Tokio'"),
        (["plan", *MARCH, "--json", "--format", "csv"], "--json prints the plan itself; leave --format out"),
        (["plan", *MARCH, "--format", "parquet"], "--format parquet needs -o FILE"),
        (["fetch", *MARCH, "-o", "/nowhere/at/all.csv"], "/nowhere/at/all.csv cannot be written"),
        (["fetch", *MARCH, "--by", "mter"], "the readings will have no column 'mter'; --by takes provider, account, "),
        (["fetch", *MARCH, "--rollup", "decade"], "--rollup cannot be 'decade'; there are hour, day"),
        (["fetch", "--replay", "x", "--start", "2026-03-01"], "--replay has its question already; leave --start out"),
        (["meters", "soar"], "there is no provider 'soar'; there are devicewise, ricoh, sora, uipath, volcengine"),
    ],
)
def test_wrong_usage_is_one_sentence_before_any_request(words, sentence, capsys, simulator):
    assert refused(capsys, *words).startswith(sentence)
    assert simulator.counts.requests == 0


def test_no_account_that_has_the_meters_is_wrong_usage(config, capsys):
    config.write_text('[accounts.x]\nprovider = "ricoh"\nclient_id = "x"\nclient_secret = {env = "HOME"}\n')
    assert (
        refused(capsys, "plan", *MARCH, "--meters", "sora.egress") == "no account of the file has one of these meters"
    )


# the configuration file


@pytest.mark.parametrize(
    ("select", "place", "sentence"),
    [
        (
            "\n[accounts.x.select]\nmeter = ['sora.egress']",
            5,
            '[accounts.x.select] has no key "meter"; did you mean "meters"?',
        ),
        ("\n[accounts.x.select]\nmeters = ['sora.egres']", 5, 'Sora Cloud has no meter "sora.egres"; did you mean '),
        ("select = 7", 4, "select is a table like [accounts.x.select]"),
    ],
)
def test_a_wrong_selection_is_told_with_its_place(select, place, sentence, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TEST_KEY", "x")
    file = tmp_path / "c.toml"
    file.write_text(f'[accounts.x]\nprovider = "sora"\napi_key = {{env = "TEST_KEY"}}\n{select}\n')
    status, out, err = run(capsys, "plan", *MARCH, "--config", str(file))
    assert (status, out) == (1, "")
    assert err.startswith(f"metertap: {file}:{place}: account 'x': {sentence}")


def test_uipaths_code_is_the_configured_one_unless_more_are_selected(config, simulator):
    text = config.read_text().replace('[accounts.my-uipath.select]\nconsumable_code = ["AIU", "PLTU"]', "")
    config.write_text(text)
    with pytest.raises(
        InvalidArgument, match=r"name them: write consumable_code = \[\"AIU\"\] in \[accounts\.my-uipath\.select\]\.$"
    ):
        mt.config.accounts()["my-uipath"].selection()
    config.write_text(text.replace('provider = "uipath"', 'provider = "uipath"\nconsumable_code = "PLTU"'))
    assert mt.config.accounts()["my-uipath"].selection().wanted == {"consumable_code": ["PLTU"]}
    assert simulator.counts.requests == 0


# meters


def test_meters_lists_the_catalogue(capsys):
    _, out, _ = run(capsys, "meters", "--format", "json")
    assert [row["name"] for row in json.loads(out)] == [meter.name for meter in mt.meters()]
    _, out, _ = run(capsys, "meters", "sora", "volcengine", "--format", "table")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[2:4] == [
        "sora traffics_for_month: day (UTC); calls of a calendar month",
        "sora.ingress bytes sum add add exact yes",
    ]
    limits = "calls of 93 days; 366 days of history; 30 requests/s; settled 15 min after its end"
    assert f"volcengine bandwidth_data: day (UTC+8); {limits}" in lines
    assert not any(line.startswith("ricoh") for line in lines)


# demo


def demo(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main(["demo", *words]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out.splitlines()


def test_the_demo_shows_a_quarter_of_every_provider_in_seconds(capsys):
    started = time.monotonic()
    lines = demo(capsys)
    assert time.monotonic() - started < 10
    assert len(lines) <= 115
    assert max(map(len, lines)) <= 110
    assert lines[0] == (
        "The plan for 2026-01-01 to 2026-04-01, made offline: 19 calls, at least 0.1 s at the declared rates"
    )
    assert [line for line in lines if line in ("sora", "ricoh", "uipath", "devicewise", "volcengine")] == [
        "sora",
        "ricoh",
        "uipath",
        "devicewise",
        "volcengine",
    ]
    assert "What came: complete" in lines
    assert "5 native calls, sync and async with equal answers" in lines
    # 19 calls, 13 + 13 native requests (nine of them Sora's), and a login for UiPath and deviceWISE each.
    assert lines[-1].startswith("5 providers, 47 requests in ")


def test_the_demos_figures_are_those_of_the_api(capsys):
    shown = [" ".join(line.split()) for line in demo(capsys, "--seed", "11")]
    with Simulator(seed=11, now=NOW) as simulator:
        sora, volcengine = simulator.client("sora"), simulator.client("volcengine")
        usage = mt.fetch([sora, volcengine], "2026-01-01", "2026-04-01", now=NOW)
        status = sora.status_this_month()
        units = simulator.client("uipath").consumption_summary("2026-03-01", "2026-04-01", "AIU")
        calls = simulator.client("devicewise").api_usage_history("2026-04-14", "2026-04-15")
    months = [row["quantity"] for row in usage.rollup("month", meters="sora.egress").to_dicts()]
    assert f"egress {' '.join(f'{figure:,}' for figure in months)} bytes sum" in shown
    weeks = [row["quantity"] for row in usage.rollup("week", meters="volcengine.down_traffic").to_dicts()]
    assert [line.split()[-1] for line in shown if re.match(r"202\d-\d\d-\d\d [█▏▎▍▌▋▊▉]", line)] == [
        f"{figure:,}" for figure in weeks
    ]
    assert f"total_traffic, egress {status.total_traffic_this_month.egress:,} bytes" in shown
    assert f"max_bandwidth_mbps {status.max_bandwidth_mbps_this_month:,} Mbps floored peak: do not add" in shown
    assert f"no tenant, org pool {units.consumed_from_org_without_tenant:,} units" in shown
    assert f"total {calls.total:,} calls of {len(calls.series)} services" in shown


def test_the_same_seed_shows_the_same_demo(capsys):
    def shown(*seed: str) -> list[str]:
        return demo(capsys, *seed)[:-1]

    assert shown() == shown("--seed", "7") != shown("--seed", "8")


def test_the_bars_of_a_terminal_of_ascii_are_ascii():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    words = [sys.executable, "-c", "from metertap.cli import main; main(['demo'])"]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=30, check=True)
    bars = [line.split()[1] for line in done.stdout.splitlines() if re.match(r"202\d-\d\d-\d\d +#", line)]
    assert len(bars) == 14
    assert max(map(len, bars)) == 24


def test_bars_are_in_proportion():
    figures = [Decimal(8), Decimal(4), Decimal(1), Decimal(0), None, Decimal(-3)]
    assert _chart.bars(figures, 2, "utf-8") == ["██", "█", "▎", "", "", ""]
    assert _chart.bars(figures, 8, "ascii") == ["########", "####", "#", "", "", ""]
    assert _chart.bars([Decimal(0), None], 8, None) == ["", ""]
    assert _chart.bars([], 8, "utf-8") == []
