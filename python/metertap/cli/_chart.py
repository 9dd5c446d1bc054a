"""Bars made of characters."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

EIGHTHS = " ▏▎▍▌▋▊▉█"


def bars(figures: Sequence[Decimal | None], width: int, encoding: str | None) -> list[str]:
    """Return a bar for each figure, the longest of this many characters; for a missing one, nothing.

    Where the encoding has no blocks, the bars are of number signs.
    """
    blocks = _has_blocks(encoding)
    known = [figure or Decimal(0) for figure in figures]
    longest = max(known, default=Decimal(0))
    steps = 8 * width if blocks else width
    lengths = [round(steps * max(figure / longest, Decimal(0))) if longest > 0 else 0 for figure in known]
    return [_blocks(length) if blocks else "#" * length for length in lengths]


def _blocks(eighths: int) -> str:
    return (EIGHTHS[8] * (eighths // 8) + EIGHTHS[eighths % 8]).rstrip()


def _has_blocks(encoding: str | None) -> bool:
    try:
        EIGHTHS.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
