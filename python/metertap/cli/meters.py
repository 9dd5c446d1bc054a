"""``metertap meters``: the catalogue of what can be read."""

from __future__ import annotations

import sys
import textwrap
from itertools import groupby
from typing import TYPE_CHECKING

from metertap._show.terminal import width
from metertap.cli import _output, _parser, _question

if TYPE_CHECKING:
    import argparse

    from metertap.catalogue import Meter


#: What a narrow terminal does without first.
SPARED = ("rounding", "default", "over labels", "over time")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "List the meters: unit, kind, rules, limits."
    parser = commands.add_parser("meters", help=text, description=text)
    parser.add_argument("providers", metavar="PROVIDER", nargs="*", default=[], help="only those of these providers")
    _question.add_config(parser)
    _output.add(parser)
    _parser.examples(parser, "metertap meters volcengine", "metertap meters sora ricoh --format csv")
    parser.set_defaults(run=run, takes="providers")


def run(arguments: argparse.Namespace) -> int:
    """Print the catalogue."""
    from metertap import config, documents
    from metertap.catalogue import meters

    config.register_providers(arguments.config)
    known = documents.names()
    for name in arguments.providers:
        if name not in known:
            arguments.parser.error(f"there is no provider {name!r}; there are {', '.join(known)}")
    for name in arguments.providers or known:
        documents.provider(name)  # that of a package is registered when it is first named
    _output.check(arguments)
    chosen = [meter for meter in meters() if meter.provider in (arguments.providers or known)]
    _output.write(arguments, chosen, lambda: _text(chosen))
    return 0


def _text(chosen: list[Meter]) -> str:
    columns = width() if sys.stdout.isatty() else 10_000
    head = ("meter", "unit", "kind", "over time", "over labels", "rounding", "default")
    cells = [
        [
            f"  {one.name}",
            one.unit,
            one.kind,
            one.over_time,
            one.over_labels,
            one.rounding,
            "yes" if one.by_default else None,
        ]
        for one in chosen
    ]
    table = _output.fitted(head, cells, sys.stdout, whole=["meter"], spared=SPARED)
    lines, body = table[:2], iter(table[2:])
    for source, group in groupby(chosen, _source):
        lines += textwrap.wrap(source, columns, subsequent_indent="    ")
        lines += [next(body) for _ in group]
    return "\n".join([*lines, *body])


def _source(meter: Meter) -> str:
    """Return what the meters of one operation have in common."""
    facts = [meter.grain]
    if meter.span != "no limit known":
        facts.append(f"calls of {meter.span}")
    if meter.history_days is not None:
        facts.append(f"{meter.history_days} days of history")
    if meter.per_second is not None:
        facts.append(f"{meter.per_second:g} requests/s")
    if meter.settles != "unknown":
        facts.append(f"settled {meter.settles}")
    return f"{meter.provider} {meter.operation}: {'; '.join(facts)}"
