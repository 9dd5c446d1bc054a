"""Values of options that several commands take."""

from __future__ import annotations

import argparse


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
