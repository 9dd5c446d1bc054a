"""The coverage strip: what is known of each stretch of time, source by source, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from metertap.usage import Usage

#: How many sources are drawn.
MOST = 40
WIDTH, LABEL, ROW, GAP, TOP = 880, 300, 16, 4, 22
#: States in the order of the legend, each with its colour on a light and on a dark page.
COLOURS = {
    "got": ("#2f9e62", "#43b97a"),
    "provisional": ("#a8d8bc", "#2c6b4a"),
    "missing": ("#d9383f", "#f2545b"),
    "failed": ("#7d1d22", "#b3323a"),
    "absent": ("#d9a441", "#c8963a"),
    "unavailable": ("#d7dade", "#4a4f57"),
}


def svg(usage: Usage) -> str:
    """Draw a line for each account and source, and on it the stretches of its timeline, coloured by their state.

    Parameters
    ----------
    usage : Usage
        What to draw.

    Returns
    -------
    str
        SVG without script, for light and dark pages; empty if nothing was asked.
    """
    sources: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in usage.timeline.to_dicts():
        sources.setdefault((row["account"], row["operation"], row["arguments"] or ""), []).append(row)
    stretches = [row for rows in sources.values() for row in rows]
    if not stretches:
        return ""
    start, end = min(row["start"] for row in stretches), max(row["end"] for row in stretches)
    shown = list(sources.items())[:MOST]
    height = TOP + len(shown) * (ROW + GAP) + 44
    states = [state for state in COLOURS if any(row["state"] == state for row in stretches)]
    parts = [_head(height), *_axis(start, end)]
    for place, (source, rows) in enumerate(shown):
        parts += _line(TOP + place * (ROW + GAP), source, rows, start, end)
    more = len(sources) - len(shown)
    parts += _legend(height - 12, states, f"and {more:,} more sources" if more else "")
    return "".join([*parts, "</svg>"])


def _head(height: int) -> str:
    def rules(dark: int) -> str:
        return "".join(f".{state}{{fill:{pair[dark]}}}" for state, pair in COLOURS.items())

    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'class="metertap-strip" role="img" aria-label="What is known of each stretch of time">'
        f"<style>.metertap-strip{{font:11px sans-serif;max-width:100%}}.metertap-strip text{{fill:#24292f}}{rules(0)}"
        f"@media (prefers-color-scheme:dark){{.metertap-strip text{{fill:#d4d9df}}{rules(1)}}}</style>"
    )


def _axis(start: datetime, end: datetime) -> list[str]:
    return [
        f'<text x="{LABEL}" y="12">{start:%Y-%m-%d}</text>',
        f'<text x="{WIDTH - 4}" y="12" text-anchor="end">{end:%Y-%m-%d}</text>',
    ]


def _line(top: int, source: tuple[str, ...], rows: list[dict[str, Any]], start: datetime, end: datetime) -> list[str]:
    from metertap._table import escape

    account, operation, arguments = source
    name = f"{account} {operation}" + (f" ({arguments})" if arguments else "")
    short = name if len(name) <= 46 else f"{name[:45]}…"
    scale = (WIDTH - LABEL - 4) / (end - start).total_seconds()
    parts = [
        f'<text x="{LABEL - 8}" y="{top + 12}" text-anchor="end">{escape(short)}<title>{escape(name)}</title></text>'
    ]
    drawn: dict[str, int] = {}
    for row in rows:
        left = LABEL + (row["start"] - start).total_seconds() * scale
        # A hole of an hour in a year is seen, too.
        wide = max((row["end"] - row["start"]).total_seconds() * scale, 1.0)
        # Of many that fall into one column of pixels, one of each state is drawn.
        if wide == 1.0 and drawn.get(row["state"]) == int(left):
            continue
        drawn[row["state"]] = int(left)
        told = f"{row['state']}: {row['start']:%Y-%m-%d %H:%M} to {row['end']:%Y-%m-%d %H:%M} UTC"
        reason = f"; {row['reason']}" if row["reason"] else ""
        parts.append(
            f'<rect class="{row["state"]}" x="{left:.1f}" y="{top}" width="{wide:.1f}" height="{ROW}">'
            f"<title>{escape(told + reason)}</title></rect>"
        )
    return parts


def _legend(bottom: int, states: list[str], more: str) -> list[str]:
    parts = []
    left = LABEL
    for state in states:
        parts.append(f'<rect class="{state}" x="{left}" y="{bottom - 9}" width="10" height="10"/>')
        parts.append(f'<text x="{left + 14}" y="{bottom}">{state}</text>')
        left += 30 + 7 * len(state)
    if more:
        parts.append(f'<text x="{LABEL - 8}" y="{bottom}" text-anchor="end">{more}</text>')
    return parts
