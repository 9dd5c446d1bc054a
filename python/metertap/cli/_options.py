"""Values of options that several commands take."""

from __future__ import annotations

import argparse
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def talk(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how much is told on standard error."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument("-q", "--quiet", action="store_true", help="tell nothing but what is wrong")
    how.add_argument("-v", "--verbose", action="store_true", help="tell each attempt, wait and limit, with its time")


def progress(parser: argparse.ArgumentParser) -> None:
    """Add the option that shows what is under way."""
    parser.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        help="show a line with the calls done and what is waited for (default: if a terminal watches)",
    )


@contextmanager
def told(is_verbose: bool) -> Iterator[None]:
    """Write what is logged to standard error, if that was asked for."""
    if not is_verbose:
        yield
        return
    import logging

    logger, handler = logging.getLogger("metertap"), logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def seed(text: str) -> int:
    """Return a seed: what the simulator's usage is made of."""
    return _whole(text, 2**64 - 1)


def port(text: str) -> int:
    """Return a TCP port; 0 is any free one."""
    return _whole(text, 65535)


def _whole(text: str, most: int) -> int:
    if text.isascii() and text.isdigit() and int(text) <= most:
        return int(text)
    raise argparse.ArgumentTypeError(f"must be a whole number from 0 to {most}, not {text!r}")
