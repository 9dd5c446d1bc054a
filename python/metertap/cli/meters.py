"""``metertap meters``: the catalogue of what can be read."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from metertap.cli import _output, _question

if TYPE_CHECKING:
    import argparse

    from metertap.catalogue import Meter
    from metertap.typing import Line


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "List the meters: unit, kind, rules, limits."
    parser = commands.add_parser("meters", help=text, description=text)
    parser.add_argument("providers", metavar="PROVIDER", nargs="*", help="only those of these providers")
    _question.add_config(parser)
    _output.add(parser)
    parser.set_defaults(run=run, parser=parser)


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
    from metertap._table import render

    lines: list[Line] = []
    for source, group in groupby(chosen, _source):
        lines.append(source)
        for one in group:
            default = "yes" if one.by_default else ""
            lines.append((one.name, one.unit, one.kind, one.over_time, one.over_labels, one.rounding, default))
    return render(("meter", "unit", "kind", "over time", "over labels", "rounding", "default"), lines)


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
