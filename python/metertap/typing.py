"""Types for annotations: what metertap's functions take."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol, TypeAlias, TypedDict

from metertap._client import Client
from metertap.config import Account
from metertap.events import Event
from metertap.planning import Selection

__all__ = ["Asked", "Cell", "ClientOptions", "Line", "Moment", "PeriodLike", "SecretWord", "When", "Whom"]

#: A word, or a callable without arguments that returns it; the callable is asked anew for every request.
SecretWord: TypeAlias = str | Callable[[], str]

#: An aware datetime (a pandas.Timestamp is one), a date (midnight UTC) or an ISO text with its offset.
Moment: TypeAlias = datetime | date | str


class PeriodLike(Protocol):
    """A `pandas.Period`."""

    @property
    def freqstr(self) -> str:
        """The name of its length."""

    @property
    def start_time(self) -> Any:
        """When it starts, in no zone."""


#: An end of a range: a moment, a period such as ``"2026-03"``, or one of pandas.
When: TypeAlias = Moment | PeriodLike

#: An account (its default meters are asked for), a selection of it, or an account of a file.
Asked: TypeAlias = Client | Selection | Account

#: Whom a question is for.
Whom: TypeAlias = Asked | Iterable[Asked] | Mapping[str, Asked]

#: A cell of a printed table.
Cell: TypeAlias = str | int | Decimal | None

#: A row of a printed table, or a heading for the rows that follow it.
Line: TypeAlias = Sequence[Cell] | str


class ClientOptions(TypedDict, total=False):
    """The keywords that every client takes."""

    name: str | None
    base_url: str | None
    timeout: float
    retries: int
    max_concurrency: int | None
    max_per_second: float | None
    ca_file: str | os.PathLike[str] | None
    proxy: str | None
    on_event: Callable[[Event], object] | None


def __dir__() -> list[str]:
    return sorted(__all__)
