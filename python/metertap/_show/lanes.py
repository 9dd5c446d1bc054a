"""Lanes in time: a line for each source, and on it stretches that are coloured by their state."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from metertap._show.html import escape, style
from metertap._show.moments import stretch, written, zone, zone_name
from metertap._show.states import LOOKS, RANK
from metertap._table import clip, width_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, tzinfo

    from metertap._show.moments import Told

#: A blank at which no line ends.
JOINED = "\0"
#: How many lanes are drawn.
MOST = 40
WIDTH, LABEL, ROW, GAP, TOP = 880, 300, 16, 4, 22
#: So many characters of a name fit before a lane, and of a note behind it.
LONGEST, NOTE = 48, 24


class Stretch(NamedTuple):
    """A stretch of time in one state."""

    start: datetime
    end: datetime
    state: str
    reason: str | None


@dataclass
class Lane:
    """A line: whose it is, of what, its stretches in order, and what is told behind it."""

    account: str
    names: list[str]
    stretches: list[Stretch] = field(default_factory=list)
    note: str = ""

    @property
    def name(self) -> str:
        """What stands before it."""
        return self.cut(10_000)

    def cut(self, width: int) -> str:
        """Return what stands before it in at most so many columns; how many are together is never cut."""
        first, *more = self.names
        count = f" and {len(more):,} more" if more else ""
        return clip(f"{self.account} {first}", width - len(count)) + count

    @property
    def title(self) -> str:
        """All that it is of."""
        return f"{self.account} {', '.join(self.names)}"


def folded(lanes: Iterable[Lane]) -> list[Lane]:
    """Put lanes of one account together that tell the same."""
    found: dict[tuple[object, ...], Lane] = {}
    for lane in lanes:
        same = (lane.account, lane.note, tuple(stretch[:3] for stretch in lane.stretches))
        if same in found:
            found[same].names += lane.names
        else:
            found[same] = lane
    for lane in found.values():
        if len(lane.names) > 1 and lane.note:
            lane.note += " each"
    return list(found.values())


@dataclass
class Lanes:
    """Lines of one time, and the zone in which that is told."""

    lanes: list[Lane]
    told: Told = "UTC"
    title: str = "What is known of each stretch of time"

    @property
    def where(self) -> tzinfo:
        """The zone."""
        return zone(self.told)

    @property
    def range(self) -> tuple[datetime, datetime] | None:
        """From when to when there are stretches; None if there are none."""
        stretches = [one for lane in self.lanes for one in lane.stretches]
        if not stretches:
            return None
        return min(one.start for one in stretches), max(one.end for one in stretches)

    @property
    def states(self) -> list[str]:
        """The states that there are, in the order of the legend."""
        there = {one.state for lane in self.lanes for one in lane.stretches}
        return [state for state in LOOKS if state in there]

    @property
    def more(self) -> str:
        """How many lanes are too many; empty if none is."""
        count = len(self.lanes) - MOST
        return f"and {count:,} more sources" if count > 0 else ""


def svg(lanes: Lanes, *, alone: bool = False) -> str:
    """Draw the lanes as SVG without script; empty if there is nothing to draw.

    Parameters
    ----------
    lanes : Lanes
        What to draw; more than `MOST` are counted, not drawn.
    alone : bool, default False
        Make a file of its own, which brings its colours along.
    """
    if (times := lanes.range) is None:
        return ""
    start, end = times
    shown = lanes.lanes[:MOST]
    height = TOP + len(shown) * (ROW + GAP) + 44
    first, last = written([start, end], lanes.where)
    noted = any(lane.note for lane in shown)
    right = WIDTH - (130 if noted else 4)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'class="{"metertap " if alone else ""}mt-svg mt-lanes" role="img" aria-label="{escape(lanes.title)}">',
        style() if alone else "",
        f'<text x="{LABEL}" y="12">{first}</text>',
        f'<text x="{(LABEL + right) / 2}" y="12" text-anchor="middle" class="mt-dim">{escape(zone_name(lanes.told))}'
        "</text>",
        f'<text x="{right}" y="12" text-anchor="end">{last}</text>',
    ]
    for place, lane in enumerate(shown):
        parts += _lane(TOP + place * (ROW + GAP), lane, start, end, right, lanes.where)
    return "".join([*parts, *_legend(height - 12, lanes.states, lanes.more), "</svg>"])


def _lane(top: int, lane: Lane, start: datetime, end: datetime, right: int, where: tzinfo) -> list[str]:
    short = lane.cut(LONGEST)
    scale = (right - LABEL) / (end - start).total_seconds()
    name = f"{escape(short)}<title>{escape(lane.title)}</title>"
    parts = [f'<text x="{LABEL - 8}" y="{top + 12}" text-anchor="end">{name}</text>']
    if lane.note:
        parts.append(f'<text x="{right + 6}" y="{top + 12}">{escape(clip(lane.note, NOTE))}</text>')
    drawn: dict[str, int] = {}
    for one in lane.stretches:
        left = LABEL + (one.start - start).total_seconds() * scale
        # A hole of an hour in a year is seen, too.
        wide = max((one.end - one.start).total_seconds() * scale, 1.0)
        # Of many that fall into one column of pixels, one of each state is drawn.
        if wide == 1.0 and drawn.get(one.state) == int(left):
            continue
        drawn[one.state] = int(left)
        told = f"{one.state}: {stretch(one.start, one.end, where)}" + (f"; {one.reason}" if one.reason else "")
        parts.append(
            f'<rect class="mt-{one.state}" x="{left:.1f}" y="{top}" width="{wide:.1f}" height="{ROW}">'
            f"<title>{escape(told)}</title></rect>"
        )
    return parts


def _legend(bottom: int, states: list[str], more: str) -> list[str]:
    parts = []
    left = LABEL
    for state in states if states != ["call"] else []:
        parts.append(f'<rect class="mt-{state}" x="{left}" y="{bottom - 9}" width="10" height="10"/>')
        parts.append(f'<text x="{left + 14}" y="{bottom}">{state}</text>')
        left += 30 + 7 * len(state)
    if more:
        parts.append(f'<text x="{LABEL - 8}" y="{bottom}" text-anchor="end">{more}</text>')
    return parts


def text(lanes: Lanes, width: int, *, blocks: bool = True) -> list[str]:
    """Draw the lanes with characters, in lines of at most so many columns; of a place with several states, the worst.

    Parameters
    ----------
    lanes : Lanes
        What to draw.
    width : int
        The columns of the terminal.
    blocks : bool, default True
        False where the terminal's encoding has ASCII only.
    """
    if (times := lanes.range) is None:
        return []
    start, end = times
    shown = lanes.lanes[:MOST]
    notes = max((width_of(lane.note) + 2 for lane in shown if lane.note), default=0)
    label = min(max(width_of(lane.name) for lane in shown), max(16, (width - notes) * 2 // 5))
    room = max(10, width - label - 2 - notes)
    first, last = written([start, end], lanes.where)
    middle = zone_name(lanes.told)
    ends = f"{first}{middle.center(room - len(first or '') - len(last or ''))}{last}"
    lines = [" " * (label + 2) + (ends if len(ends) <= room else f"{first} …")]
    for lane in shown:
        name = lane.cut(label)
        drawn = _characters(lane.stretches, start, end, room, blocks=blocks)
        note = f"  {lane.note}" if lane.note else ""
        lines.append(f"{name}{' ' * (label - width_of(name))}  {drawn}{note}".rstrip())
    told = [f"{_character(state, blocks=blocks)} {state}" for state in lanes.states if state != "call"]
    if told or lanes.more:
        words = "   ".join(word.replace(" ", JOINED) for word in [*told, *([lanes.more] if lanes.more else [])])
        indent = " " * (label + 2 if label + 2 + len(words) <= width else 2)
        wrapped = textwrap.wrap(words, width, initial_indent=indent, subsequent_indent=indent)
        lines += [line.replace(JOINED, " ") for line in wrapped]
    return lines


def _characters(stretches: Sequence[Stretch], start: datetime, end: datetime, room: int, *, blocks: bool) -> str:
    scale = room / (end - start).total_seconds()
    places: list[str | None] = [None] * room
    for one in stretches:
        # A place is of what fills most of it; only what failed or is missing is seen wherever it is.
        left, right = ((at - start).total_seconds() * scale for at in (one.start, one.end))
        lost = one.state in ("failed", "missing", "short")
        first, last = (int(left), -int(-right // 1)) if lost else (round(left), round(right))
        for place in range(max(first, 0), min(max(last, first + 1), room)):
            before = places[place]
            if before is None or RANK[one.state] < RANK[before]:
                places[place] = one.state
    return "".join(" " if state is None else _character(state, blocks=blocks) for state in places)


def _character(state: str, *, blocks: bool) -> str:
    return LOOKS[state].character if blocks else LOOKS[state].plain
