"""How the command line reads its words, and what it says of those that it does not know."""

from __future__ import annotations

import argparse
import difflib
import re
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Parser", "examples", "read"]

#: Below that, nothing can be told in columns.
NARROWEST = 40


class Parser(argparse.ArgumentParser):
    """A parser whose errors say what to write, and whose help is as wide as the terminal and ends with examples."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given, formatter_class=_Formatter)
        self.examples: list[str] = []

    def format_help(self) -> str:
        """Return the help, with the examples behind it."""
        told = super().format_help()
        if self.examples:
            told += "\nexamples:\n" + "".join(f"  {line}\n" for line in self.examples)
        return told

    def error(self, message: str) -> NoReturn:
        """Say in a line what is wrong, and in the one before where it says what there is."""
        print(f"see: {self.prog} --help", file=sys.stderr)
        self.exit(2, f"{self.prog}: error: {self._worded(message)}\n")

    def _worded(self, message: str) -> str:
        """Return argparse's message, with what was meant."""
        found = re.fullmatch(r"argument (\S+): invalid choice: '(.*?)' \(.*\)", message, flags=re.DOTALL)
        if found and found[1] in ("COMMAND", "{COMMAND}"):
            return f"there is no command {found[2]!r}{near(found[2], self.commands)}"
        if found:
            names = {"/".join(one.option_strings) or one.metavar or one.dest: one for one in self._actions}
            action = names.get(found[1])
            choices = [str(one) for one in action.choices or ()] if action else []
            return f"{found[1]} cannot be {found[2]!r}{near(found[2], choices)}"
        return message

    @property
    def commands(self) -> dict[str, Parser]:
        """The commands that stand below this one."""
        found: dict[str, Parser] = {}
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                found |= action.choices
        return found

    @property
    def options(self) -> list[str]:
        """The options, as they are written."""
        return [word for action in self._actions for word in action.option_strings]


class _Formatter(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        columns = max(NARROWEST, shutil.get_terminal_size((100, 24)).columns)
        super().__init__(prog, max_help_position=28, width=min(columns, 120) - 2)


def examples(parser: argparse.ArgumentParser, *lines: str) -> None:
    """Give a command examples, which the tests run."""
    if isinstance(parser, Parser):
        parser.examples += lines


def near(word: str, known: Sequence[str] | dict[str, Any]) -> str:
    """Return what was meant by a word, or what there is: the end of a message."""
    words = [*known]
    found = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    return f"; did you mean {found[0]!r}?" if found else f"; there are {', '.join(words)}" if words else ""


def read(parser: Parser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Read a command line; the names of accounts may stand anywhere among the options."""
    arguments, left = parser.parse_known_args(argv)
    command: Parser = getattr(arguments, "parser", None) or parser
    for word in left:
        if word.startswith("-") and word != "-":
            option, _, _ = word.partition("=")
            close = difflib.get_close_matches(option, command.options, n=1, cutoff=0.6)
            command.error(f"there is no option {option}" + (f"; did you mean {close[0]}?" if close else ""))
    if left:
        place = getattr(arguments, "takes", None)
        if place is None:
            command.error(f"{left[0]!r} is one word too many")
        setattr(arguments, place, [*getattr(arguments, place), *left])
    if named := getattr(arguments, "named", None):
        arguments.account = [*arguments.account, *named]
    return arguments


def overview(parser: Parser, groups: Mapping[str, Sequence[str]], lines: Sequence[str]) -> str:
    """Return the help of the whole program: its commands by what they are for."""
    columns = max(NARROWEST, min(120, shutil.get_terminal_size((100, 24)).columns)) - 1
    told = [f"usage: {parser.prog} COMMAND …", "", *textwrap.wrap(parser.description or "", columns)]
    indent = " " * (4 + max(len(name) for names in groups.values() for name in names))
    for title, names in groups.items():
        told += ["", title]
        for name in names:
            text = parser.commands[name].description or ""
            head = f"  {name:{len(indent) - 4}}  "
            told += textwrap.wrap(text, columns, initial_indent=head, subsequent_indent=indent)
    told += ["", "examples", *(f"  {line}" for line in lines), ""]
    after = f"{parser.prog} help COMMAND shows its options. Accounts stand in a file: {parser.prog} accounts add."
    told += textwrap.wrap(after, columns)
    return "\n".join(told) + "\n"
