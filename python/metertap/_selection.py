"""What is asked of an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metertap._client import Client

__all__ = ["Selection"]


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
