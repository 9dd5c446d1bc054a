"""The command line, in this process and as the installed program."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

import metertap
from metertap import _table
from metertap.cli import main
from metertap.cli.accounts import CHECKS
from metertap.simulator import Simulator, fault_menu

PROGRAM = str(Path(sys.executable).with_name("metertap"))
PROVIDERS = ["sora", "ricoh", "uipath", "devicewise", "volcengine"]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=30, check=False)


# tables


def test_texts_stand_left_and_numbers_right_with_separators():
    rows = [("a", 1234567, "x"), ("bbb", Decimal("0.25"), ""), ("c", None, "y")]
    assert _table.render(("name", "figure", "note"), rows).splitlines() == [
        "name     figure  note",
        "---------------------",
        "a     1,234,567  x",
        "bbb        0.25",
        "c             -  y",
    ]


def test_rows_stand_indented_under_their_heading():
    text = _table.render(("name", "n"), ["first", ("a", 1), "second", ("b", 22)])
    assert text.splitlines() == ["  name   n", "----------", "first", "  a      1", "second", "  b     22"]


def test_wide_and_combining_characters_keep_the_columns():
    text = _table.render(("名", "n"), [("東京", 1), ("cafe\u0301", 2)])
    assert text.splitlines() == ["名    n", "-------", "東京  1", "cafe\u0301  2"]


def test_numbers_are_written_out_whole():
    text = _table.render(("n",), [(Decimal("1E+3"),), (2**64 - 1,), (Decimal("149514.99999999997"),)])
    assert [line.strip() for line in text.splitlines()[2:]] == [
        "1,000",
        "18,446,744,073,709,551,615",
        "149,514.99999999997",
    ]


# simulate


@pytest.mark.parametrize("options", [[], ["--tls"]], ids=["http", "https"])
def test_what_simulate_prints_can_be_pasted(options, monkeypatch):
    with subprocess.Popen(
        [PROGRAM, "simulate", "--seed", "7", "--now", "2026-04-15", "--seconds", "30", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            last = "# from_env() needs" if options else "export METERTAP_VOLCENGINE_BASE_URL"
            lines: list[str] = []
            while not (lines and lines[-1].startswith(last)):
                lines.append(process.stdout.readline())
            python, _, shell = "".join(lines).partition("# Environment")
            pasted: dict = {}
            exec(python, pasted)
            assert pasted["sora"].total_sessions_this_month() > 0
            assert pasted["uipath"].consumption_summary("2026-03-01", "2026-04-01", "AIU").tenants != []
            words = ["bash", "-c", f"{shell.partition(chr(10))[2]}\nenv -0"]
            told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
            for pair in told.split("\0")[:-1]:
                name, _, value = pair.partition("=")
                monkeypatch.setenv(name, value)
            trust = {"ca_file": re.search(r"ca_file='(.+)'", shell)[1]} if options else {}
            for name in metertap.clients.__all__:
                client = getattr(metertap, name).from_env(**trust)
                assert client.base_url == pasted[client.provider].base_url
                assert client.base_url.startswith("https:" if options else "http:")
            day = ("2026-04-13", "2026-04-14")
            assert metertap.Volcengine.from_env(**trust).time_shift_data(*day).rows != []
        finally:
            process.send_signal(signal.SIGINT)
        assert process.stderr.read().startswith("Serving at http://127.0.0.1:")
        assert process.wait(10) == 130


def test_ctrl_c_is_silent_and_sigterm_takes_the_ca_file_along():
    for number, status in [(signal.SIGINT, 130), (signal.SIGTERM, 143)]:
        words = [PROGRAM, "simulate", "--tls", "--seconds", "30"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr.readline().startswith("Serving at ")
            process.send_signal(number)
            out, err = process.communicate(timeout=10)
            assert (process.returncode, err) == (status, "")
            assert not Path(re.search(r"ca_file='(.+)',", out)[1]).exists()


def test_simulate_ends_after_its_seconds(capsys):
    started = time.monotonic()
    assert main(["simulate", "--seconds", "0.2"]) == 0
    assert 0.2 <= time.monotonic() - started < 5
    assert capsys.readouterr().err.endswith(" for 0.2 s; Ctrl-C stops it.\n")


def test_switches_and_faults_are_set():
    words = ["--switch", "ricoh.label_path=labels", "sora.encoding=gzip", "--fault", "status:503", "--seconds", "30"]
    with subprocess.Popen([PROGRAM, "simulate", *words], stdout=subprocess.PIPE, text=True) as process:
        try:
            url = next(line for line in process.stdout if "base_url" in line).split("'")[1]
            with pytest.raises(metertap.errors.ServerError):
                metertap.Sora(api_key="x", base_url=url, retries=0).total_sessions_this_month()
        finally:
            process.terminate()


def test_the_lists_are_those_of_the_simulator(capsys):
    assert main(["simulate", "--list-faults"]) == 0
    faults = capsys.readouterr().out.splitlines()[2:]
    assert [line.split()[0] for line in faults] == [fault.name for fault in fault_menu()]
    assert main(["simulate", "--list-switches"]) == 0
    switches = capsys.readouterr().out
    with Simulator() as simulator:
        assert [line.split()[0] for line in switches.splitlines()[2:]] == [one.name for one in simulator.switches]
    assert "ricoh.month                     calendar | days31 | days30 " in switches


# status, streams


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["demo", "--seed", "-1"], "must be a whole number from 0 to 18446744073709551615, not '-1'"),
        (["demo", "--sed", "1"], "there is no option --sed; did you mean --seed?"),
        (["simulate", "--port", "70000"], "must be a whole number from 0 to 65535"),
        (["simulate", "--now", "soon"], "soon"),
        (["simulate", "--now", "2026-04-15T12:00:00"], "2026-04-15T12:00:00"),
        (["simulate", "--switch", "ricoh.month"], "--switch wants NAME=VALUE, not 'ricoh.month'"),
        (["simulate", "--switch", "ricoh.month=long"], "ricoh.month"),
        (["simulate", "--fault", "mood"], "mood"),
        (["accounts"], "required: COMMAND"),
    ],
)
def test_wrong_usage_is_status_2_with_a_sentence(words, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(words)
    captured = capsys.readouterr()
    assert stopped.value.code == 2
    assert captured.out == ""
    assert captured.err.startswith("see: metertap ")
    assert message in captured.err.splitlines()[-1]


def test_an_error_is_one_sentence_on_standard_error():
    with Simulator() as simulator:
        port = simulator.origin.rpartition(":")[2]
        done = run("simulate", "--port", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"metertap: the simulator cannot listen on port {port}: .+\n", done.stderr)


def test_the_program_says_its_version():
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"metertap {metertap.__version__}\n", "")


def test_the_version_loads_neither_the_simulator_nor_asyncio():
    code = "import sys, metertap.cli\ntry: metertap.cli.main(['--version'])\nfinally: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1].split()
    assert {"asyncio", "logging", "subprocess", "metertap.simulator", "metertap.config"}.isdisjoint(loaded)


@pytest.mark.parametrize("words", [["demo"], ["simulate", "--list-switches"], ["simulate", "--seconds", "9"]])
def test_a_closed_pipe_ends_it_quietly(words):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as pipe:
        done = subprocess.run([PROGRAM, *words], stdout=pipe, stderr=subprocess.PIPE, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_terminal_of_ascii_gets_escapes_and_no_traceback(tmp_path):
    file = tmp_path / "c.toml"
    file.write_text('[accounts."東京"]\nprovider = "sora"\napi_key = {env = "NOT_SET_ANYWHERE"}\n', encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    words = [PROGRAM, "accounts", "check", "--config", str(file)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("\\u6771\\u4eac (sora): failed: ")


# accounts check


@pytest.fixture
def living() -> Simulator:
    """A simulator whose time is the machine's, as `accounts check` asks about yesterday."""
    with Simulator(seed=7) as simulator:
        yield simulator


@pytest.fixture
def config(living, tmp_path, monkeypatch) -> Path:
    """A file with an account of each provider at that simulator."""
    secrets = {"api_key", "client_secret", "password", "secret_key"}
    lines = []
    for provider in living.providers:
        lines += [f"[accounts.my-{provider}]", f'provider = "{provider}"', f'base_url = "{living.base_url(provider)}"']
        for name, value in living.credentials(provider).items():
            variable = f"TEST_{provider}_{name}"
            monkeypatch.setenv(variable, value)
            lines.append(f'{name} = {{env = "{variable}"}}' if name in secrets else f'{name} = "{value}"')
    file = tmp_path / "config.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setenv("METERTAP_CONFIG", str(file))
    return file


def test_every_provider_has_a_check():
    assert list(CHECKS) == PROVIDERS


@pytest.mark.usefixtures("config")
def test_good_accounts_are_ok(capsys, living):
    assert main(["accounts", "check"]) == 0
    captured = capsys.readouterr()
    told = [line for line in captured.out.splitlines() if not line.startswith("  ")]
    assert [re.sub(r"\d+\.\d\d", "0", line) for line in told] == [
        f"my-{provider} ({provider}): ok, 0 s" for provider in PROVIDERS
    ]
    assert captured.err == ""
    first = {}
    for record in living.requests:
        if "token" not in record.path:
            first.setdefault(record.provider, record.path.rpartition("/")[2])
    assert first == {
        "sora": "get-total-sessions-this-month",
        "ricoh": "total",
        "uipath": "consumption-summary",
        "devicewise": "api",
        "volcengine": "",
    }
    assert len(living.requests) < 25


@pytest.mark.usefixtures("config")
def test_a_refused_account_is_named_with_its_sentence_and_the_others_go_on(capsys, living):
    living.add_fault("status:401", provider="ricoh")
    assert main(["accounts", "check"]) == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("  ")]
    assert [line.split(" ")[2].rstrip(",") for line in lines] == ["ok", "failed:", "ok", "ok", "ok"]
    assert lines[1].startswith(
        "my-ricoh (ricoh): failed: ricoh clients/{client_id}/cost_and_usage/total: HTTP 401: "
        "Unauthorized: client_id and client_secret are not accepted here"
    )


@pytest.mark.usefixtures("config")
def test_a_missing_secret_fails_its_own_account_only(capsys, monkeypatch):
    monkeypatch.delenv("TEST_sora_api_key")
    assert main(["accounts", "check", "my-sora", "my-volcengine"]) == 1
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.endswith("account 'my-sora': api_key: the environment variable TEST_sora_api_key is not set")
    assert second.startswith("my-volcengine (volcengine): ok")


@pytest.mark.usefixtures("config")
def test_a_clock_that_is_off_is_told(capsys, living):
    living.set_clock_offset(7200)
    assert main(["accounts", "check", "my-volcengine"]) == 0
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("my-volcengine (volcengine): ok")
    assert re.fullmatch(r"  volcengine: this machine's clock is off by (7199|7200) s; requests are signed .+", second)


@pytest.mark.usefixtures("config")
def test_an_unknown_account_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["accounts", "check", "nobody"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.endswith(
        "there is no account 'nobody'; there are " + ", ".join(f"my-{provider}" for provider in PROVIDERS) + "\n"
    )


def test_uipath_is_asked_for_the_configured_code(config, living, capsys):
    living.switch("uipath.unknown_code", "404")
    config.write_text(
        config.read_text().replace('provider = "uipath"', 'provider = "uipath"\nconsumable_code = "NOPE"')
    )
    assert main(["accounts", "check", "my-uipath"]) == 1
    assert "HTTP 404" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_an_error(capsys, tmp_path):
    assert main(["accounts", "check", "--config", str(tmp_path / "none.toml")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"metertap: there is no configuration file {tmp_path / 'none.toml'}; ")
