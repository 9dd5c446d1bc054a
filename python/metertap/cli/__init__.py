"""The command line: ``metertap``.

Data goes to standard output, messages go to standard error. Exit status: 0 done, 1 error, 2 wrong usage, 3 incomplete,
130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, cast

from metertap import __version__
from metertap.cli import (
    _options,
    _parser,
    accounts,
    completion,
    demo,
    fetch,
    ledger,
    meters,
    plan,
    providers,
    simulate,
    sync,
)
from metertap.errors import MetertapError, WrongType

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

# 128 and the signal's number, as shells report it.
INTERRUPTED = 130
PIPE_CLOSED = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        What follows the program's name; the process's own arguments if left out.

    Returns
    -------
    int
        The exit status.

    Examples
    --------
    >>> main(["demo", "--seed", "7"])  # doctest: +SKIP
    0
    """
    if argv is not None and not all(isinstance(word, str) for word in argv):
        raise WrongType("argv must be a list of texts, such as ['demo'].")
    words = sys.argv[1:] if argv is None else [*argv]
    if words[:2] == ["completion", "words"]:
        return completion.tell(program(), words[2 + (words[2:3] == ["--"]) :])
    arguments = _parser.read(program(), words)
    for stream in (sys.stdout, sys.stderr):
        # A label in Japanese must not end the program where the terminal knows ASCII only.
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")
    try:
        with _options.told(getattr(arguments, "verbose", False)):
            status = cast("int", arguments.run(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has what it wanted. At exit Python flushes once more, which must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except (MetertapError, OSError) as error:
        from metertap.cli import _output

        _output.tell(*f"metertap: {error}".split("\n"))
        return 1
    return status


def program() -> _parser.Parser:
    """Return the parser of all commands."""
    text = "Read the usage meters of cloud services into one table that can be trusted."
    parser = _parser.Parser(prog="metertap", description=text)
    parser.add_argument("--version", action="version", version=f"metertap {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in (demo, plan, fetch, sync, ledger, meters, providers, accounts, simulate, completion):
        command.add(commands)
    text = "Show the commands, or the options of one of them."
    helps = commands.add_parser("help", help=text, description=text)
    helps.add_argument("words", metavar="COMMAND", nargs="*", help="a command")
    helps.set_defaults(parser=helps)
    for shown in (parser, helps):
        shown.set_defaults(run=lambda arguments: _help(parser, arguments))
    _name(parser)
    parser.format_help = lambda: _parser.overview(parser, GROUPS, EXAMPLES)  # type: ignore[method-assign]
    return parser


def _name(parser: _parser.Parser) -> None:
    """Let each command know its own parser, which says what is wrong."""
    for command in parser.commands.values():
        command.set_defaults(parser=command)
        _name(command)


#: The commands by what they are for.
GROUPS = {
    "look around": ("demo", "meters", "providers", "provider"),
    "ask": ("plan", "fetch"),
    "keep": ("sync", "snapshot", "ledger"),
    "set up": ("accounts", "completion", "simulate", "help"),
}
EXAMPLES = (
    "metertap demo",
    "metertap fetch --since 7d",
    "metertap fetch --start 2026-03 --rollup month --format csv -o march.csv",
    "metertap sync usage --since 90d",
)


def _help(parser: _parser.Parser, arguments: argparse.Namespace) -> int:
    shown = parser
    for word in getattr(arguments, "words", ()):
        if word not in shown.commands:
            shown.error(f"there is no command {word!r}{_parser.near(word, shown.commands)}")
        shown = shown.commands[word]
    print(shown.format_help(), end="")
    return 0
