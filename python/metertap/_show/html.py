"""HTML for notebooks: escaped, without script, in the colours of a light or a dark page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metertap._show.states import LOOKS

if TYPE_CHECKING:
    from collections.abc import Sequence

LIGHT = {"ink": "#1f2328", "dim": "#59636e", "line": "#d1d9e0", "bar": "#3b7dd8", "soft": "#a9c8f2", "bad": "#b3261e"}
DARK = {"ink": "#e6edf3", "dim": "#9198a1", "line": "#3d444d", "bar": "#5b9bf0", "soft": "#2d4f80", "bad": "#ff7b72"}
#: What says that a page is dark, or light, whatever the system prefers: JupyterLab, VS Code, and pages made of them.
DARK_PAGES = (
    'body[data-jp-theme-light="false"]',
    'html[data-theme="dark"]',
    'html[theme="dark"]',
    "body.vscode-dark",
    "body.vscode-high-contrast",
)
LIGHT_PAGES = ('body[data-jp-theme-light="true"]', 'html[data-theme="light"]', "body.vscode-light")


THRICE = ".metertap.metertap.metertap"


def escape(word: str) -> str:
    """Escape a text for HTML."""
    return word.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def style() -> str:
    """Return the style of all displays; it names nothing outside of them."""

    def colours(words: dict[str, str], *, dark: bool) -> str:
        states = {state: look.dark if dark else look.light for state, look in LOOKS.items()}
        return "".join(f"--mt-{name}:{colour};" for name, colour in (words | states).items())

    def pages(selectors: Sequence[str]) -> str:
        return ",".join(f"{selector} .metertap" for selector in selectors)

    light, dark = colours(LIGHT, dark=False), colours(DARK, dark=True)
    return (
        f"<style>.metertap{{{light}color:var(--mt-ink)}}"
        f"@media (prefers-color-scheme:dark){{.metertap{{{dark}}}}}"
        f"{pages(LIGHT_PAGES)}{{{light}}}{pages(DARK_PAGES)}{{{dark}}}"
        ".metertap .mt-lanes,.mt-lanes.metertap{max-width:100%;height:auto}"
        ".mt-svg{font:11px sans-serif;vertical-align:middle}.mt-svg text{fill:var(--mt-ink)}"
        ".mt-svg text.mt-dim{fill:var(--mt-dim)}"
        + "".join(f".mt-{state}{{fill:var(--mt-{state})}}" for state in LOOKS)
        + ".mt-call{stroke:var(--mt-soft)}"
        ".mt-bar{fill:var(--mt-bar)}.mt-soft{fill:var(--mt-soft)}"
        ".mt-step{fill:none;stroke:var(--mt-bar);stroke-width:1.5}.mt-wait{stroke:var(--mt-soft)}"
        ".metertap p,.metertap ul,.metertap details{margin:.3em 0;font-size:13px}"
        ".metertap .mt-dim{color:var(--mt-dim)}.metertap .mt-bad{color:var(--mt-bad)}.metertap .mt-t{overflow-x:auto}"
        # Written thrice, it counts for more than what Jupyter says of every table: numbers only stand right.
        f"{THRICE} table{{border-collapse:collapse;margin:.5em 0;font-size:12px}}{THRICE} tr{{background:none}}"
        f"{THRICE} th,{THRICE} td{{padding:2px 8px;text-align:left;white-space:nowrap;max-width:none;border:0;"
        f"border-bottom:1px solid var(--mt-line);background:none;color:var(--mt-ink)}}{THRICE} th{{font-weight:600}}"
        f"{THRICE} td svg{{max-width:none;min-width:240px}}"
        f"{THRICE} .mt-n{{text-align:right;font-variant-numeric:tabular-nums}}"
        f"{THRICE} .mt-w{{white-space:normal;min-width:24em;max-width:40em}}</style>"
    )


def page(*parts: str) -> str:
    """Return a display of these parts, with its style."""
    return f'<div class="metertap">{style()}{"".join(parts)}</div>'


def table(header: Sequence[str], rows: Sequence[Sequence[Any]], right: Sequence[bool]) -> str:
    """Return a table of texts, of numbers where `right` says so, and of what is HTML already (`Ready`)."""
    head = "".join(_cell("th", name, number=is_right) for name, is_right in zip(header, right, strict=True))
    body = "".join(
        f"<tr>{''.join(_cell('td', cell, number=number) for cell, number in zip(row, right, strict=True))}</tr>"
        for row in rows
    )
    return f'<div class="mt-t"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


class Ready(str):
    """A text that is HTML already."""

    __slots__ = ()


#: A text that is longer may break into lines.
LONG = 60


def _cell(tag: str, text: str | None, *, number: bool) -> str:
    kind = ' class="mt-n"' if number else ' class="mt-w"' if text and len(text) > LONG and tag == "td" else ""
    inner = "" if text is None else text if isinstance(text, Ready) else escape(text)
    if isinstance(text, Ready):
        kind = ""
    return f"<{tag}{kind}>{inner}</{tag}>"
