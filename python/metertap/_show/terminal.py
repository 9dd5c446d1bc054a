"""What the terminal is like: how wide, and whether it can show more than ASCII."""

from __future__ import annotations

import shutil
import sys

#: Where no terminal watches.
WIDTH = 120


def width() -> int:
    """Return the columns of the terminal, or of what the environment says of it."""
    return max(40, shutil.get_terminal_size((WIDTH, 24)).columns)


def has_blocks() -> bool:
    """Tell whether standard output can show bars."""
    try:
        "█▁▒·…".encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


#: What stands for characters that a terminal's encoding lacks; each as wide, so that columns stay columns.
PLAIN = str.maketrans({"…": "~", "≥": ">", "–": "-", "·": ".", "×": "x"})


def said(text: str) -> str:
    """Return a text that standard output can take: with escapes in place of what its encoding lacks."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except LookupError:
        return text
    except UnicodeEncodeError:
        return text.translate(PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text


def folded(parts: list[str], columns: int) -> list[str]:
    """Put parts of a sentence into lines, parted by semicolons; a part that is too long stands alone, in lines."""
    import textwrap

    return textwrap.wrap("; ".join(parts), columns, break_long_words=False, break_on_hyphens=False) or [""]
