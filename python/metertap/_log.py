"""The logger; a module of its own, because importing `logging` takes longer than all the rest of metertap."""

from __future__ import annotations

import logging

_LOGGER = logging.getLogger("metertap")
# Nothing is printed unless the user sets logging up.
_LOGGER.addHandler(logging.NullHandler())


def emit(level: int, text: str) -> None:
    """Pass a line on to the logger; called by the native part while it is attached to the interpreter."""
    _LOGGER.log(level, "%s", text)
