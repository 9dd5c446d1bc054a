"""What is asked of an account."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from metertap._client import Client

__all__ = ["Selection", "no_meter"]


@dataclass(frozen=True, slots=True)
class Selection:
    """An account, and what is asked of it; made by a client's `select`.

    Attributes
    ----------
    client : Client
        The account.
    wanted : dict
        What is asked, as it was given to `select`.

    Examples
    --------
    >>> selection = ricoh.select(meters=["ricoh.cost"])
    >>> len(mt.plan(selection, "2026-03", now="2026-04-15"))
    1
    """

    client: Client
    wanted: Mapping[str, Any]


def no_meter(name: str, names: Iterable[str], where: str = "") -> str:
    """Say that there is no meter of that name, and which of these may be meant."""
    known = list(names)
    # Most leave out the provider; what is misspelt besides is found by its letters.
    near = [one for one in known if one.partition(".")[2] == name] or get_close_matches(name, known, n=1)
    return f"there is no meter {name!r}{where}" + (f"; did you mean {near[0]!r}?" if near else "")
