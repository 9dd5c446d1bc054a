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
from metertap.cli import accounts, demo, fetch, ledger, meters, plan, providers, simulate, sync
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
    arguments = _parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        # A label in Japanese must not end the program where the terminal knows ASCII only.
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")
    try:
        status = cast("int", arguments.run(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has what it wanted. At exit Python flushes once more, which must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except (MetertapError, OSError) as error:
        print(f"metertap: {error}", file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="metertap", description="Read the usage meters of cloud services.")
    parser.add_argument("--version", action="version", version=f"metertap {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (demo, plan, fetch, sync, ledger, meters, providers, accounts, simulate):
        command.add(commands)
    return parser
