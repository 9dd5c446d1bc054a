"""What callers pass, checked: who gives a value of another type gets the argument's name and what it takes."""

from __future__ import annotations

from metertap.errors import InvalidArgument, WrongType

TYPE_CHECKING = False  # without importing typing, see metertap/__init__.py

if TYPE_CHECKING:
    from typing import Any

__all__ = ["flag", "whole"]


def flag(name: str, value: Any) -> bool:
    """Return a bool, refusing what only looks like one."""
    if not isinstance(value, bool):
        raise WrongType(f"{name} must be True or False, not {type(value).__name__}.")
    return value


def whole(name: str, value: Any, *, least: int = 0, most: int = 2**32 - 1) -> int:
    """Return an int that can be passed on, refusing what is none and what is too large."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise WrongType(f"{name} must be an int, not {type(value).__name__}.")
    if not least <= value <= most:
        raise InvalidArgument(f"{name} must be an int from {least} to {most}.")
    return value
