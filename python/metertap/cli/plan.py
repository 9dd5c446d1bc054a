"""``metertap plan``: the calls for a question, offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metertap.cli import _output, _parser, _question

if TYPE_CHECKING:
    import argparse


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "Show the calls that a question to the configured accounts takes; nothing is sent."
    parser = commands.add_parser("plan", help=text, description=text)
    _question.add(parser)
    _output.add(parser)
    parser.add_argument("--json", action="store_true", help="print the plan itself, for metertap.Plan.from_json")
    _parser.examples(
        parser,
        "metertap plan --since 90d",
        "metertap plan production --start 2026-Q1 --format csv",
        "metertap plan --start 2026 --json -o plan.json",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Plan, and print the summary or the plan."""
    if arguments.json and arguments.format:
        arguments.parser.error("--json prints the plan itself; leave --format out")
    _output.check(arguments)
    plan = _question.asked(arguments)
    if arguments.json:
        _output.write_text(arguments, plan.to_json())
    else:
        _output.write(arguments, plan.rows, lambda: repr(plan))
    return 0
