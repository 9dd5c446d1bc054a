"""``metertap accounts add``: asks what an account needs, and writes it into the configuration file."""

from __future__ import annotations

import getpass
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from metertap.cli import _parser

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

#: Names that TOML takes without quotes.
NAME = re.compile(r"[A-Za-z0-9_-]+")


def run(arguments: argparse.Namespace) -> int:
    """Ask, keep the secrets, and write the table of the account."""
    from metertap import _core, config, documents

    parser: _parser.Parser = arguments.parser
    file = config._file(arguments.config)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        parser.error(f"accounts add asks, and nobody is there to answer: write the table into {file} (metertap help)")
    if arguments.config is None or file.exists():
        config.register_providers(arguments.config)
    known = documents.names()
    provider = arguments.provider or _asked(f"provider ({', '.join(known)})", "sora")
    if provider not in known:
        parser.error(f"there is no provider {provider!r}{_parser.near(provider, known)}")
    documents.provider(provider)
    taken = config.accounts(arguments.config) if file.exists() else {}
    name = arguments.name or _asked("name of the account", provider)
    if not NAME.fullmatch(name):
        parser.error(f"the name {name!r} may have letters, digits, - and _ only")
    if name in taken:
        parser.error(f"{file} has an account {name!r} already")
    facts = _core.provider(provider)
    lines = [f"[accounts.{name}]", f'provider = "{provider}"']
    advice: list[str] = []
    secrets = {secret["name"]: secret["doc"] for secret in facts["secrets"]}
    settings = {one["name"]: one["doc"] for one in facts["settings"]}
    wanted = [*facts["keywords"], *(["base_url"] if facts["base_url"] is None else [])]
    for key in dict.fromkeys(wanted):
        doc = secrets.get(key) or settings.get(key) or "the service's address"
        needed = key in facts["required"] or (key == "base_url")
        note = "" if needed else "; empty to leave it out"
        if key in secrets:
            lines += _secret(name, key, f"{key}, {doc}{note}", needed, advice)
        elif value := _asked(f"{key}, {doc}{note}", None, needed):
            lines.append(f"{key} = {_quoted(value)}")
    _write(file, lines)
    print(f"{file} has the account {name} now.", file=sys.stderr)
    for line in advice:
        print(line, file=sys.stderr)
    print(f"Try it: metertap accounts check {name}", file=sys.stderr)
    return 0


def _asked(question: str, usual: str | None, needed: bool = True) -> str:
    while True:
        print(f"{question}{f' [{usual}]' if usual else ''}: ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            raise KeyboardInterrupt
        if answer := line.strip() or usual or "":
            return answer
        if not needed:
            return ""


def _secret(name: str, key: str, question: str, needed: bool, advice: list[str]) -> list[str]:
    """Keep a secret in the keyring; where there is none, say where to put it. It is never written into the file."""
    from metertap.config import variable

    user, place = f"{name}.{key}", variable(name, key)
    keyring = _keyring()
    if keyring is None:
        if not needed and _asked(f"{question}. Is there one (yes, no)?", "no") not in ("y", "yes"):
            return []
        advice.append(f"There is no keyring here that works: put {key} into the environment variable {place}.")
        return [f'{key} = {{env = "{place}"}}']
    while True:
        # The answer goes from the terminal to the keyring and is in no variable of ours for longer than that.
        word = getpass.getpass(f"{question} (not shown): ", stream=sys.stderr)
        if word or not needed:
            break
    if not word:
        return []
    keyring.set_password("metertap", user, word)
    return [f'{key} = {{keyring = "{user}"}}']


def _keyring() -> Any:
    """Return the keyring, if there is one that can keep something."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ModuleNotFoundError:
        return None
    try:
        keyring.get_password("metertap", "is there a keyring?")
    except (KeyringError, RuntimeError, OSError):
        return None
    return keyring


def _quoted(value: str) -> str:
    """Return a text as TOML has it."""
    import json

    return json.dumps(value, ensure_ascii=False)


def _write(file: Path, lines: list[str]) -> None:
    """Add lines to the file, which only its owner may read: it says where secrets are."""
    file.parent.mkdir(parents=True, exist_ok=True)
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with open(descriptor, "a", encoding="utf-8") as out:
        gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
        out.write(gap + "\n".join(lines) + "\n")
