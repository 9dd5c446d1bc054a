"""What the command line says of itself, and of words that it does not know; how it completes them."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

import metertap
from metertap import _core, _table, events
from metertap.cli import GROUPS, _parser, completion, main, program
from metertap.cli._progress import Progress
from metertap.simulator import Simulator

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROGRAM = str(Path(sys.executable).with_name("metertap"))
NOW = "2026-04-15T12:00:00Z"


def every(parser: _parser.Parser) -> Iterator[_parser.Parser]:
    yield parser
    for command in parser.commands.values():
        yield from every(command)


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    """A simulator whose time is the machine's, as the examples name none."""
    with Simulator(seed=7) as simulator:
        yield simulator


@pytest.fixture
def place(tmp_path: Path, world: Simulator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an accounts file, in which the examples run."""
    file = tmp_path / "config.toml"
    lines = ["[accounts.production]", 'provider = "sora"', f'base_url = "{world.base_url("sora")}"']
    lines += ["[accounts.live]", 'provider = "volcengine"', f'base_url = "{world.base_url("volcengine")}"']
    file.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setenv("METERTAP_CONFIG", str(file))
    monkeypatch.setenv("METERTAP_PRODUCTION_API_KEY", world.credentials("sora")["api_key"])
    for name, value in world.credentials("volcengine").items():
        monkeypatch.setenv(f"METERTAP_LIVE_{name.upper()}", value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(list(words))
    captured = capsys.readouterr()
    assert (stopped.value.code, captured.out) == (2, "")
    return captured.err


# Help


def test_metertap_alone_and_help_show_the_commands_by_what_they_are_for(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for words in ([], ["help"]):
        assert main(words) == 0
        told.append(capsys.readouterr().out)
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    assert told == [capsys.readouterr().out] * 2
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(program().commands)
    for title, names in GROUPS.items():
        assert f"\n{title}\n" in told[0]
        for name in names:
            assert re.search(rf"^  {name} +[A-Z]", told[0], flags=re.MULTILINE)


def test_help_of_a_command_is_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "accounts", "check"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("usage: metertap accounts check ")
    assert told == program().commands["accounts"].commands["check"].format_help()


@pytest.mark.parametrize("columns", [80, 120])
def test_no_help_is_wider_than_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for parser in every(program()):
        told = parser.format_help().partition("\nexamples")[0]
        assert max(map(len, told.splitlines())) <= columns, parser.prog


EXAMPLES = [line for parser in every(program()) for line in parser.examples]


def test_every_command_that_asks_or_keeps_has_examples() -> None:
    for name in ("demo", "plan", "fetch", "sync", "snapshot", "meters", "completion", "simulate"):
        assert program().commands[name].examples, name


def test_the_examples_run(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from metertap.cli import EXAMPLES as FIRST

    # In this order: some read what others write.
    order = ("fetch", "sync", "snapshot", "ledger")
    lines = sorted({*EXAMPLES, *FIRST}, key=lambda line: (line.split()[1] in order and "--replay" in line, line))
    lines.sort(key=lambda line: line.split()[1] == "ledger")
    for line in lines:
        program_name, *words = shlex.split(line)
        assert program_name == "metertap"
        status = main(words)
        captured = capsys.readouterr()
        # What lies in the future of a period, or behind the history, is told with 3.
        assert status in ((0, 3) if words[0] in ("fetch", "ledger") else (0,)), (line, captured.err)
        assert "Traceback" not in captured.err


# Words that it does not know


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["fetchh"], "metertap: error: there is no command 'fetchh'; did you mean 'fetch'?"),
        (["xyz"], "metertap: error: there is no command 'xyz'; there are demo, plan, fetch, "),
        (["help", "fetchh"], "metertap: error: there is no command 'fetchh'; did you mean 'fetch'?"),
        (["accounts", "chek"], "metertap accounts: error: there is no command 'chek'; did you mean 'check'?"),
        (["fetch", "--formt", "csv"], "metertap fetch: error: there is no option --formt; did you mean --format?"),
        (["fetch", "--formt=csv"], "metertap fetch: error: there is no option --formt; did you mean --format?"),
        (["fetch", "--format", "cvs"], "metertap fetch: error: --format cannot be 'cvs'; did you mean 'csv'?"),
        (["sync"], "metertap sync: error: the following arguments are required: LEDGER"),
        (["demo", "extra"], "metertap demo: error: 'extra' is one word too many"),
        (["completion", "tcsh"], "metertap completion: error: shell cannot be 'tcsh'; there are bash, zsh, fish"),
    ],
)
def test_a_word_that_means_nothing_says_what_was_meant(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = refused(capsys, *words).splitlines()
    assert re.fullmatch(r"see: metertap( \w+)* --help", first)
    assert second.startswith(sentence)


@pytest.mark.parametrize("name", ["out.xlsx", "OUT.XLS", "table.ods", "out.foo"])
def test_a_file_of_a_kind_that_is_not_written_says_what_can_be(
    name: str, place: Path, world: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    world.clear_requests()
    told = refused(capsys, "fetch", "--since", "7d", "-o", name)
    assert f"{Path(name).suffix.lower()} files are not written here: " in told
    assert ("to_pandas().to_excel" in told) is (name != "out.foo")
    assert not (place / name).exists()
    assert world.requests == []


@pytest.mark.parametrize("name", ["out.csv", "out.CSV", "out.json", "out.parquet", "out.md", "out"])
def test_the_ending_of_a_file_is_its_format(name: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "production", "--start", "2026-11-01", "--now", "2026-11-05", "-o", name]) in (0, 3)
    content = (place / name).read_bytes()
    begins = {"json": b"[\n{", "parquet": b"PAR1", "md": b"| provider |"}
    assert content.startswith(begins.get(name.lower().partition(".")[2], b"provider,account,meter,"))
    capsys.readouterr()


# Accounts among the arguments


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "production", "--since", "7d"],
        ["plan", "--since", "7d", "production"],
        ["plan", "--since", "7d", "--account", "production"],
        ["plan", "--tz", "UTC", "production", "--since", "7d"],
        ["plan", "--account", "production", "--since", "7d"],
    ],
)
def test_an_account_may_stand_anywhere_among_the_options(
    words: list[str], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--format", "csv"]) == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert rows
    assert {row.partition(",")[0] for row in rows} == {"production"}


def test_accounts_may_stand_apart_from_each_other(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "production", "--since", "7d", "live", "--format", "csv"]) == 0
    assert {row.partition(",")[0] for row in capsys.readouterr().out.splitlines()[1:]} == {"production", "live"}


def test_accounts_of_a_sync_may_stand_behind_its_options(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sync", "ledger", "--since", "2d", "live", "--json"]) == 0
    assert main(["sync", "--since", "2d", "ledger", "live", "--json"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert '"new": 0,' in second
    assert '"new": 0,' not in first


# Accounts


def test_without_accounts_it_offers_the_demo_and_to_add_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("METERTAP_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["fetch", "--since", "7d"]) == 1
    told = capsys.readouterr().err
    assert "metertap demo" in told
    assert "metertap accounts add" in told
    lines = told.partition("\n\n")[2].strip()
    assert tomllib.loads(lines)["accounts"]["production"]["provider"] == "sora"


def test_a_wrong_secret_is_told_once(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("METERTAP_PRODUCTION_API_KEY", "not-the-one-0451")
    month = datetime.now(timezone.utc).strftime("%Y-%m-01")
    assert main(["fetch", "production", "--start", month]) == 3
    told = capsys.readouterr().err
    assert told.count("the API key is missing or wrong") == 1
    assert re.search(r"^failed: production, \d+ calls: HTTP 401: ", told, flags=re.MULTILINE)


def test_adding_an_account_asks_somebody_and_else_says_so(place: Path) -> None:
    words = [PROGRAM, "accounts", "add", "sora", "new"]
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "accounts add asks, and nobody is there to answer: write the table into " in done.stderr
    assert "new" not in (place / "config.toml").read_text()


def typed(words: list[str], answers: list[bytes], environment: dict[str, str]) -> tuple[int, str]:
    """Run a command on a terminal of its own, and type an answer to each question."""
    import pty

    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover - another process
        os.execve(words[0], words, environment)
    told, asked = b"", 0

    def more() -> bytes:
        try:
            return os.read(terminal, 1024)
        except OSError:  # it has ended
            return b""

    while part := more():
        told += part
        if told.endswith(b": ") and asked < len(answers):
            os.write(terminal, answers[asked] + b"\n")
            asked += 1
    _, status = os.waitpid(child, 0)
    assert asked == len(answers), told
    return os.waitstatus_to_exitcode(status), told.decode()


NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


def test_an_added_account_is_in_the_file_and_its_secret_is_not(tmp_path: Path, world: Simulator) -> None:
    file = tmp_path / "new" / "config.toml"
    words = [PROGRAM, "accounts", "add", "--config", str(file)]
    status, told = typed(words, [b"sora", b"my sora"], {**os.environ, **NO_KEYRING})
    assert status == 2
    assert "may have letters, digits, - and _ only" in told
    status, told = typed(words, [b"sora", b"my-sora"], {**os.environ, **NO_KEYRING})
    assert status == 0, told
    assert "put api_key into the environment variable METERTAP_MY_SORA_API_KEY." in told
    assert file.read_text() == ('[accounts.my-sora]\nprovider = "sora"\napi_key = {env = "METERTAP_MY_SORA_API_KEY"}\n')
    assert file.stat().st_mode & 0o777 == 0o600
    robots = [*words[:3], "uipath", "robots", *words[3:]]
    organization = b"3b9d5f10-7e42-4c86-9a0d-61c8e2f4b735"
    answers = {"organization_id": organization, "token": b"yes"}
    order = _core.provider("uipath")["keywords"]
    status, told = typed(robots, [answers.get(key, b"") for key in order], {**os.environ, **NO_KEYRING})
    assert status == 0, told
    assert tomllib.loads(file.read_text())["accounts"]["robots"] == {
        "provider": "uipath",
        "organization_id": organization.decode(),
        "token": {"env": "METERTAP_ROBOTS_TOKEN"},
    }
    status, told = typed([*words[:3], "sora", "my-sora", *words[3:]], [], {**os.environ, **NO_KEYRING})
    assert status == 2
    assert "has an account 'my-sora' already" in told


def test_a_keyring_keeps_the_secret_of_an_added_account(tmp_path: Path, world: Simulator) -> None:
    backend = tmp_path / "kept_in_a_file.py"
    backend.write_text(
        "import json, os, keyring.backend\n"
        f"FILE = {str(tmp_path / 'words.json')!r}\n"
        "class Keyring(keyring.backend.KeyringBackend):\n"
        "    priority = 1\n"
        "    def get_password(self, service, user):\n"
        "        return json.load(open(FILE)).get(service + ' ' + user) if os.path.exists(FILE) else None\n"
        "    def set_password(self, service, user, word):\n"
        "        json.dump({service + ' ' + user: word}, open(FILE, 'w'))\n"
    )
    environment = {**os.environ, "PYTHON_KEYRING_BACKEND": "kept_in_a_file.Keyring", "PYTHONPATH": str(tmp_path)}
    key, file = world.credentials("sora")["api_key"], tmp_path / "config.toml"
    words = [PROGRAM, "accounts", "add", "sora", "kept", "--config", str(file)]
    status, told = typed(words, [key.encode()], environment)
    assert status == 0, told
    assert key not in told
    assert key not in file.read_text()
    assert 'api_key = {keyring = "kept.api_key"}' in file.read_text()
    file.write_text(file.read_text() + f'base_url = "{world.base_url("sora")}"\n')
    check = [PROGRAM, "accounts", "check", "--config", str(file)]
    done = subprocess.run(check, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("kept (sora): ok, ")


def test_a_check_says_what_is_asked_and_the_newest_settled_day(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["accounts", "check"]) == 0
    told = capsys.readouterr().out
    assert re.search(r"^  asked: \d+ meters of \d+ operations$", told, flags=re.MULTILINE)
    assert re.search(r"^  newest settled day: \d{4}-\d\d-\d\d \(volcengine\.\w+\)$", told, flags=re.MULTILINE)
    assert "  newest settled day: no page says when its figures are final" in told
    assert main(["accounts", "check", "--quiet"]) == 0
    assert capsys.readouterr().out == ""


def test_what_simulate_prints_is_an_accounts_file_too() -> None:
    done = subprocess.run([PROGRAM, "simulate", "--seconds", "0"], capture_output=True, text=True, check=True)
    shell = done.stdout[done.stdout.index("# Environment") :]
    words = ["bash", "-ec", f'{shell}\n"{PROGRAM}" accounts list; "{PROGRAM}" plan --since 3d --format csv']
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    for provider in ("sora", "ricoh", "uipath", "devicewise", "volcengine"):
        assert re.search(rf"^{provider} +{provider} ", told, flags=re.MULTILINE)
        assert f"\n{provider},{provider}," in told


def test_python_runs_it_as_a_module() -> None:
    words = [sys.executable, "-m", "metertap", "--version"]
    assert (
        subprocess.run(words, capture_output=True, text=True, check=True).stdout == f"metertap {metertap.__version__}\n"
    )


# Quiet and verbose


def test_quiet_says_nothing_and_verbose_says_each_attempt(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["fetch", "live", "--since", "3d", "--format", "csv"]
    main(words)
    usual = capsys.readouterr()
    main([*words, "--quiet"])
    quiet = capsys.readouterr()
    main([*words, "--verbose"])
    verbose = capsys.readouterr()
    assert len(quiet.out.splitlines()) == len(usual.out.splitlines()) == len(verbose.out.splitlines())
    assert quiet.err == ""
    assert "account  calls" in usual.err.splitlines()[0] or usual.err.startswith("account")
    assert "DescribeLive" in verbose.err
    assert "DescribeLive" not in usual.err


# Completion


@pytest.mark.parametrize(
    ("words", "some"),
    [
        (["fe"], {"fetch"}),
        ([""], {"demo", "fetch", "accounts", "help"}),
        (["fetch", "--form"], {"--format"}),
        (["fetch", "--format", ""], {"table", "csv", "json", "jsonl", "parquet", "markdown"}),
        (["fetch", "--format", "=", "cs"], {"csv"}),
        (["fetch", "pro"], {"production"}),
        (["fetch", "--since", "7d", ""], {"production", "live"}),
        (["fetch", "--account", "production", "li"], {"live"}),
        (["fetch", "--meters", "sora.eg"], {"sora.egress"}),
        (["fetch", "-o", ""], {":files"}),
        (["sync", ""], {":files"}),
        (["sync", "ledger", ""], {"production", "live"}),
        (["accounts", ""], {"check", "add", "list"}),
        (["accounts", "check", "p"], {"production"}),
        (["fetch", "--tz", "Asia/Tok"], {"Asia/Tokyo"}),
        (["meters", "vol"], {"volcengine"}),
        (["completion", ""], {"bash", "zsh", "fish"}),
    ],
)
def test_a_word_is_completed_with_what_may_stand_there(
    words: list[str], some: set[str], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", "words", "--", *words]) == 0
    found = {line.partition("\t")[0] for line in capsys.readouterr().out.splitlines()}
    assert some <= found
    if words[-1] not in ("", "="):
        assert all(word.startswith(words[-1]) for word in found if word != ":files")


def test_a_file_that_cannot_be_read_completes_nothing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "config.toml").write_text("x = = 1")
    assert main(["completion", "words", "--", "fetch", ""]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def completed(shell: str, line: str, place: Path) -> list[str]:
    """Return what a shell itself makes of a line at its end."""
    path = f"{Path(PROGRAM).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "HOME": str(place)}
    if shell == "bash":
        code = f'eval "$(metertap completion bash)"; COMP_LINE={shlex.quote(line)}; COMP_POINT=${{#COMP_LINE}}; ' + (
            'read -ra COMP_WORDS <<<"$COMP_LINE"; [[ $COMP_LINE == *" " ]] && COMP_WORDS+=(""); '
            'COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); _metertap; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        words = ["bash", "--norc", "-c", code]
    elif shell == "fish":
        words = ["fish", "--no-config", "-c", f"metertap completion fish | source; complete -C {shlex.quote(line)}"]
    else:
        # Completion needs a line editor: a zsh on a terminal of its own, to which the line is typed.
        script = place / "zsh_complete"
        script.write_text(ZSH)
        words = ["zsh", "-f", str(script), line]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=50, check=False)
    return [word.partition("\t")[0].strip() for word in done.stdout.splitlines()]


ZSH = r"""
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1='> '; autoload -U compinit; compinit -u -D; eval \"\$(metertap completion zsh)\""
zpty -w z "unsetopt list_ambiguous; setopt auto_list no_beep; echo REA''DY"
zpty -r -m z text '*READY*'
zpty -w -n z "$1"$'\t\t'
sleep 3
text=''; while zpty -r -t z part; do text+="$part"; done
print -r -- "$text" | tr -s ' \r' '\n\n'
zpty -d z
"""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "word"),
    [("metertap fet", "fetch"), ("metertap fetch --form", "--format"), ("metertap accounts check prod", "production")],
)
def test_the_shell_itself_completes(shell: str, line: str, word: str, place: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    found: Any = completed(shell, line, place)
    assert any(word in one for one in found), found


def test_bash_completes_the_names_of_files(place: Path) -> None:
    (place / "a file.csv").write_text("")
    assert "a file.csv" in completed("bash", "metertap fetch -o a", place)


def test_the_scripts_are_there_for_three_shells(capsys: pytest.CaptureFixture[str]) -> None:
    for shell, script in completion.SCRIPTS.items():
        assert main(["completion", shell]) == 0
        assert capsys.readouterr().out == script


# What is under way


def test_the_line_says_what_is_done_and_what_is_waited_for(world: Simulator) -> None:
    plan = metertap.plan(world.client("volcengine", name="live"), since="1y")
    assert len(plan) > 2
    progress = Progress(plan, io.StringIO())
    began = time.monotonic()
    progress(1, len(plan))
    assert progress.line(began) == f"1 of {len(plan)} calls, 0 s"
    progress.hear(events.Waited("volcengine", "live", "DescribeLive", 0.5))
    told = progress.line(time.monotonic())
    assert re.search(r"; waiting for the limit of live \(30 requests/s\), until about \d\d:\d\d:\d\d$", told)
    error = metertap.RateLimited("slow down", provider="volcengine", http_status=429)
    progress.hear(events.Repeating("volcengine", "live", "DescribeLive", error, 20.0))
    told = progress.line(time.monotonic())
    assert re.search(r"; waiting for live to be asked again \(HTTP 429\), until \d\d:\d\d:\d\d$", told)
    progress(len(plan), len(plan))
    assert "waiting" not in progress.line(time.monotonic())


def test_a_sync_shows_its_progress_on_a_terminal(place: Path) -> None:
    environment = {**os.environ, "COLUMNS": "80"}
    status, told = typed([PROGRAM, "sync", "ledger", "live", "--since", "3d"], [], environment)
    assert status == 0, told
    assert re.search(r"\d+ of \d+ calls?, \d+ s", told)
    assert re.search(r"\d+ calls: \d+ new readings", told)


# Terminals


def told_in(language: str, words: list[str], **more: str) -> list[str]:
    environment = {**os.environ, "LC_ALL": language, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", **more}
    done = subprocess.run([PROGRAM, *words], capture_output=True, env=environment, check=True)
    return done.stdout.decode("utf-8" if "UTF-8" in language else "ascii").splitlines()


@pytest.mark.parametrize("language", ["C", "C.UTF-8"])
def test_wide_characters_keep_the_columns_in_a_pipe(language: str, place: Path, world: Simulator) -> None:
    file = place / "config.toml"
    file.write_text(file.read_text().replace("[accounts.production]", '[accounts."東京"]'), encoding="utf-8")
    words = ["fetch", "--start", "2026-11-01", "--end", "2026-11-03", "--now", "2026-11-05", "--format", "table"]
    key = world.credentials("sora")["api_key"]
    text = file.read_text(encoding="utf-8").replace('provider = "sora"', 'provider = "sora"\napi_key = {env = "KEY"}')
    file.write_text(text, encoding="utf-8")
    lines = told_in(language, [*words, "--meters", "sora.egress", "volcengine.down_traffic", "-q"], KEY=key)
    name = "東京" if "UTF-8" in language else "\\u6771\\u4eac"
    own = [line for line in lines if name in line]
    others = [line for line in lines if " live " in line]
    assert own
    assert others
    starts = {
        _table.width_of(line[: line.index(meter)])
        for line, meter in [*((line, "sora.egress") for line in own), *((line, "volcengine.down") for line in others)]
    }
    assert len(starts) == 1


@pytest.mark.parametrize("columns", [80, 120])
def test_no_table_breaks_in_a_terminal(columns: int, place: Path) -> None:
    environment = {**os.environ, "COLUMNS": str(columns)}
    for words in (["meters"], ["fetch", "--since", "3d"], ["plan", "--since", "30d"], ["accounts", "list"], ["demo"]):
        _, told = typed([PROGRAM, *words], [], environment)
        lines = [line.rpartition("\x1b[2K")[2].rstrip("\r") for line in told.split("\n")]
        assert max(_table.width_of(line) for line in lines) <= columns, (words, max(lines, key=_table.width_of))
