"""``metertap simulate``: serve the simulator, for scripts in any language."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from metertap._table import render
from metertap.cli import _options, _parser

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from metertap.simulator import Simulator

LONG = 3600.0


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "Serve the simulator on this machine until Ctrl-C, and print how to reach it."
    parser = commands.add_parser("simulate", help=text, description=text)
    parser.add_argument("--seed", type=_options.seed, default=0, help="the seed of the made-up usage (default 0)")
    parser.add_argument("--now", metavar="ISO", help="let the simulated time stand still here, such as 2026-04-15")
    parser.add_argument("--port", type=_options.port, default=0, help="the port for HTTP (default: any free one)")
    parser.add_argument("--tls", action="store_true", help="serve HTTPS, too, with a throwaway CA")
    parser.add_argument(
        "--switch", metavar="NAME=VALUE", nargs="+", action="extend", default=[], help="decide what no page documents"
    )
    parser.add_argument("--fault", metavar="KIND", nargs="+", action="extend", default=[], help="misbehave like this")
    parser.add_argument(
        "--provider",
        metavar="PATH",
        nargs="+",
        action="extend",
        default=[],
        help="serve the canned answers of these documents, too",
    )
    parser.add_argument("--seconds", type=float, help="stop after so many seconds")
    parser.add_argument("--list-switches", action="store_true", help="print what can be switched, and exit")
    parser.add_argument("--list-faults", action="store_true", help="print the kinds of fault, and exit")
    _parser.examples(
        parser, "metertap simulate --seed 7 --now 2026-04-15 --seconds 0", "metertap simulate --list-faults"
    )
    parser.set_defaults(run=run, parser=parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve, or print one of the lists."""
    from metertap import documents
    from metertap.simulator import Simulator, fault_menu

    if arguments.list_faults:
        print(render(("fault", "what happens"), [(fault.name, fault.doc) for fault in fault_menu()]))
        return 0
    made = {path: documents.register(path) for path in arguments.provider}
    try:
        simulator = Simulator(
            arguments.seed, arguments.now, port=arguments.port, tls=arguments.tls, providers=arguments.provider
        )
    except ValueError as problem:
        arguments.parser.error(str(problem))
    with simulator, _orderly_exit():
        if arguments.list_switches:
            rows = [(switch.name, " | ".join(switch.values) or "any text", switch.doc) for switch in simulator.switches]
            print(render(("switch", "values, the default first", "what it changes"), rows))
            return 0
        try:
            _set_up(simulator, arguments.switch, arguments.fault)
        except ValueError as problem:
            arguments.parser.error(str(problem))
        print("\n".join(_directions(simulator, made)), flush=True)
        places = " and ".join(filter(None, (simulator.origin, simulator.tls_origin)))
        until = "" if arguments.seconds is None else f" for {arguments.seconds:g} s"
        print(f"Serving at {places}{until}; Ctrl-C stops it.", file=sys.stderr, flush=True)
        _wait(arguments.seconds)
    return 0


@contextmanager
def _orderly_exit() -> Iterator[None]:
    """Leave on SIGTERM as on Ctrl-C, so that the CA's file is deleted."""
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _set_up(simulator: Simulator, switches: list[str], faults: list[str]) -> None:
    for text in switches:
        name, separator, value = text.partition("=")
        if not separator:
            raise ValueError(f"--switch wants NAME=VALUE, not {text!r}")
        simulator.switch(name, value)
    for kind in faults:
        simulator.add_fault(kind)


def _wait(seconds: float | None) -> None:
    end = None if seconds is None else time.monotonic() + seconds
    while end is None or time.monotonic() < end:
        time.sleep(LONG if end is None else max(0.0, min(LONG, end - time.monotonic())))


def _directions(simulator: Simulator, made: dict[str, type[Any]]) -> list[str]:
    """Return how to reach each provider: as Python, and as environment variables."""
    own = {kind: path for path, kind in made.items()}
    tls = simulator.tls_origin is not None
    python = ["# Python", "import metertap", ""]
    shell = ["# Environment, for metertap.<Client>.from_env()"]
    for provider in simulator.providers:
        client = type(simulator.client(provider, tls=tls))
        maker = f"metertap.{client.__name__}"
        if client in own:
            maker = client.__name__
            python.append(f"{maker} = metertap.register({os.path.abspath(own[client])!r})")
        fields = {**simulator.credentials(provider), "base_url": simulator.base_url(provider, tls=tls)}
        keywords = {**fields, "ca_file": simulator.ca_file} if tls else fields
        given = "".join(f"    {name}={value!r},\n" for name, value in keywords.items())
        python.append(f"{provider} = {maker}(\n{given})")
        shell += [f"export {_variable(provider, name)}={shlex.quote(value)}" for name, value in fields.items()]
    if tls:
        shell.append(f"# from_env() needs ca_file={simulator.ca_file!r} besides")
    return [*python, "", *shell, "", *_accounts_file(simulator, made, tls=tls)]


def _accounts_file(simulator: Simulator, made: dict[str, type[Any]], *, tls: bool) -> list[str]:
    """Return shell lines that write an accounts file for the same; its secrets are in the variables."""
    from metertap import _core

    own = {documents_name(kind): path for path, kind in made.items()}
    lines = ["# Accounts file, for the command line and metertap.accounts()", 'export METERTAP_CONFIG="$(mktemp)"']
    lines.append("cat > \"$METERTAP_CONFIG\" <<'END'")
    if own:
        lines += ["[providers]", *(f"{name} = {json.dumps(os.path.abspath(path))}" for name, path in own.items())]
    for provider in simulator.providers:
        secrets = {field["name"] for field in _core.provider(provider)["secrets"]}
        lines += [f"[accounts.{provider}]", f'provider = "{provider}"']
        lines.append(f"base_url = {json.dumps(simulator.base_url(provider, tls=tls))}")
        for name, value in simulator.credentials(provider).items():
            variable = json.dumps(_variable(provider, name))
            lines.append(f"{name} = {{env = {variable}}}" if name in secrets else f"{name} = {json.dumps(value)}")
        if tls:
            lines.append(f"ca_file = {json.dumps(simulator.ca_file)}")
        if provider == "uipath":
            lines += ["[accounts.uipath.select]", 'consumable_code = ["AIU"]']
    return [*lines, "END"]


def documents_name(kind: type[Any]) -> str:
    """Return the name of the provider of a class."""
    from metertap import _core

    return str(_core.provider(kind._provider)["name"])


def _variable(provider: str, field: str) -> str:
    """Return the variable that `from_env` looks at first."""
    from metertap import _core

    facts = _core.provider(provider)
    own = f"METERTAP_{provider.upper()}_{field.upper()}"
    return next((variable for name, variable in facts["environment"] if name == field), own)
