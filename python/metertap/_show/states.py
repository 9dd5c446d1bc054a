"""The states of a stretch of time: one colour, one character and one rank for each, in all pictures."""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """How a state looks."""

    light: str
    dark: str
    character: str
    plain: str


#: In the order of legends. Of several states that share a place, the one whose rank is lowest is shown.
LOOKS = {
    "got": Look("#2f9e62", "#43b97a", "█", "#"),
    "provisional": Look("#a8d8bc", "#2c6b4a", "▒", "+"),
    "unsettled": Look("#a8d8bc", "#2c6b4a", "▒", "+"),
    "short": Look("#e0763c", "#e58a55", "▞", "s"),
    "missing": Look("#d9383f", "#f2545b", "!", "!"),
    "failed": Look("#7d1d22", "#b3323a", "X", "X"),
    "absent": Look("#d9a441", "#c8963a", "?", "?"),
    "empty": Look("#d9a441", "#c8963a", "?", "?"),
    "unavailable": Look("#d7dade", "#4a4f57", "·", "."),
    "unknown": Look("#d7dade", "#4a4f57", " ", " "),
    "call": Look("#3b7dd8", "#5b9bf0", "█", "#"),
}
WORST = (
    "failed",
    "missing",
    "short",
    "absent",
    "empty",
    "provisional",
    "unsettled",
    "got",
    "call",
    "unavailable",
    "unknown",
)
RANK = {state: rank for rank, state in enumerate(WORST)}
#: What is no number.
HOLES = ("failed", "missing", "absent", "unavailable")
