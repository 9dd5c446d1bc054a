"""``metertap completion``: what a shell needs to complete our command lines.

The shells ask ``metertap completion words -- WORD …`` what the last of these words may become, so that all three know
the same: commands, options, and the values of options, among them the accounts of the file.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from metertap.cli import _parser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

#: Stands for the names of files, which the shell knows best.
FILES = ":files"

SCRIPTS = {
    "bash": r"""# metertap's completion for bash; put into ~/.bashrc: eval "$(metertap completion bash)"
_metertap() {
    local cur="${COMP_WORDS[COMP_CWORD]}" word rest
    local -a files
    COMPREPLY=()
    [[ $cur == "=" ]] && cur=""
    while IFS=$'\t' read -r word rest; do
        if [[ $word == ":files" ]]; then
            compopt -o filenames 2>/dev/null
            mapfile -t files < <(compgen -f -- "$cur")
            COMPREPLY+=("${files[@]}")
        elif [[ -n $word ]]; then
            COMPREPLY+=("$word")
        fi
    done < <(metertap completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _metertap metertap
""",
    "zsh": r"""#compdef metertap
# metertap's completion for zsh; put into ~/.zshrc behind compinit: eval "$(metertap completion zsh)"
_metertap() {
    local line
    local -a found
    for line in "${(@f)$(metertap completion words -- "${(@)words[2,$CURRENT]}" 2>/dev/null)}"; do
        if [[ $line == ":files" ]]; then
            _files
        elif [[ -n $line ]]; then
            found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
        fi
    done
    (( $#found )) && _describe metertap found
}
compdef _metertap metertap
""",
    "fish": r"""# metertap's completion for fish; write it to ~/.config/fish/completions/metertap.fish
function __metertap_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in (metertap completion words -- $words[2..-1] 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c metertap -f -a '(__metertap_complete)'
""",
}


def add(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    text = "Print the completion of command lines for a shell."
    parser = commands.add_parser("completion", help=text, description=text)
    parser.add_argument("shell", choices=[*SCRIPTS], help="bash, zsh or fish")
    _parser.examples(parser, "metertap completion bash", "metertap completion fish")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the script."""
    print(SCRIPTS[arguments.shell], end="")
    return 0


def tell(parser: _parser.Parser, words: Sequence[str]) -> int:
    """Print what the last word may become, one a line, with a tab before what it is."""
    from metertap.errors import MetertapError

    try:
        found = candidates(parser, words)
    except (MetertapError, OSError):  # a file that cannot be read is nothing to talk of between two keys
        found = []
    last = words[-1] if words else ""
    for word, text in found:
        if word == FILES or word.startswith("" if last == "=" else last):
            print(f"{word}\t{text}" if text else word)
    return 0


def candidates(parser: _parser.Parser, words: Sequence[str]) -> list[tuple[str, str]]:
    """Return what may stand in place of the last word, whatever of it is there already."""
    *before, last = words or [""]
    # Bash makes three words of --format=csv.
    before = [word for word in before if word != "="]
    given: argparse.Action | None = None
    positional = 0
    config = None
    for place, word in enumerate(before):
        if word.startswith("-"):
            option, equals, _ = word.partition("=")
            given = None if equals else parser._option_string_actions.get(option)
            if given is not None and given.nargs == 0:
                given = None
            if option == "--config":
                config = before[place + 1] if place + 1 < len(before) else None
        elif given is not None:
            given = given if given.nargs == "+" else None
        elif word in parser.commands:
            parser = parser.commands[word]
        else:
            positional += 1
    if last.startswith("-"):
        return [(option, _help(action)) for action in parser._actions for option in action.option_strings]
    if given is not None:
        return _values(given, config)
    if parser.commands:
        return [(name, command.description or "") for name, command in parser.commands.items()]
    places = [action for action in parser._actions if not action.option_strings]
    if not places:
        return [(option, _help(action)) for action in parser._actions for option in action.option_strings]
    return _values(places[min(positional, len(places) - 1)], config)


def _help(action: argparse.Action) -> str:
    return " ".join((action.help or "").replace("%%", "%").split())


def _values(action: argparse.Action, config: str | None) -> list[tuple[str, str]]:
    if action.choices is not None:
        return [(str(choice), "") for choice in action.choices]
    read = VALUES.get(action.dest)
    return [] if read is None else [*read(config)]


def _accounts(config: str | None) -> Iterable[tuple[str, str]]:
    from metertap.config import accounts

    return [(account.name, account.provider) for account in accounts(config).values()]


def _meters(_config: str | None) -> Iterable[tuple[str, str]]:
    from metertap.catalogue import meters

    return dict.fromkeys((meter.name, f"{meter.unit}, {meter.kind}") for meter in meters())


def _providers(_config: str | None) -> Iterable[tuple[str, str]]:
    from metertap import documents

    return [(name, "") for name in documents.names()]


def _zones(_config: str | None) -> Iterable[tuple[str, str]]:
    from zoneinfo import available_timezones

    return [(zone, "") for zone in sorted(available_timezones())]


def _ranges(_config: str | None) -> Iterable[tuple[str, str]]:
    return [("7d", "from the midnight 7 days ago"), ("30d", ""), ("24h", ""), ("3mo", ""), ("1y", "")]


def _files(_config: str | None) -> Iterable[tuple[str, str]]:
    return [(FILES, "")]


#: What reads the values of an option or a place, by its name.
VALUES: dict[str, Callable[[str | None], Iterable[tuple[str, str]]]] = {
    "account": _accounts,
    "named": _accounts,
    "names": _accounts,
    "meters": _meters,
    "providers": _providers,
    "tz": _zones,
    "since": _ranges,
    **dict.fromkeys(("config", "output", "archive", "replay", "ledger", "document", "documents", "path"), _files),
}
