"""Plans: the exact calls for a question, made offline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from metertap import _core
from metertap._client import Client
from metertap._selection import Selection
from metertap.errors import InvalidArgument, WrongType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta, tzinfo

    from metertap.typing import Asked, Moment

#: The columns of a printed plan, and how wide it may become.
HEAD = ("account", "operation", "calls", "from (UTC)", "to (UTC)", "least", "cut by")
WIDEST = 120

__all__ = ["Meter", "Plan", "PlanRow", "Selection", "meters", "plan"]


@dataclass(frozen=True, slots=True)
class Meter:
    """One thing that a provider measures.

    Attributes
    ----------
    name : str
        Such as ``"volcengine.time_shift_storage"``.
    provider, operation : str
        Where its readings come from.
    unit : str
        The unit; base 1000 and base 1024 never share a name (GB, GiB).
    kind : str
        ``sum`` (increment), ``cumulative`` (month so far), ``peak`` or ``gauge`` (level).
    over_time, over_labels : str
        How readings may be put together: ``add``, ``max``, ``last`` or ``refuse``.
    rounding : str
        ``exact``, ``floored`` or ``approximate``.
    grain : str
        What one reading covers.
    span : str
        The longest window of one call.
    history_days : int or None
        How far back the provider answers; None where that is not documented.
    per_second : float or None
        How many requests an account may send in a second; None where that is not documented.
    writes : str
        Whether an answer has a row for every bucket: ``yes`` (one without a row is missing), ``no`` (buckets without
        use are left out) or ``unknown``.
    ready : str
        When a reading is first in an answer.
    settles : str
        When a reading is final.
    dimensions : list of str
        The columns that tell its readings apart.
    by_default : bool
        Whether it is read when no meters are named.
    doc, page : str
        What it is, and where that is documented.
    """

    name: str
    provider: str
    operation: str
    unit: str
    kind: str
    over_time: str
    over_labels: str
    rounding: str
    grain: str
    span: str
    history_days: int | None
    per_second: float | None
    writes: str
    ready: str
    settles: str
    dimensions: list[str]
    by_default: bool
    doc: str
    page: str


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A row of a plan's summary: one source of one account.

    Attributes
    ----------
    account, provider, operation : str
        Whom is asked, and what.
    calls : int
        How many requests that takes; 0 if the row says what cannot be answered.
    start, end : datetime
        The range of their windows.
    cut_by : str
        What cut the windows, or why nothing can be answered.
    seconds : float
        The least time that the calls take at the declared rate.
    """

    account: str
    provider: str
    operation: str
    calls: int
    start: Any
    end: Any
    cut_by: str
    seconds: float


class Plan:
    """The exact calls for a question. A value: it prints, compares, pickles and splits.

    Made by `plan`. A pickled plan holds no client and no secret: pass the accounts again to `fetch`.
    """

    def __init__(self, core: _core.Plan, clients: Mapping[str, Client] | None = None) -> None:
        self._core = core
        self._clients = dict(clients or {})

    @property
    def accounts(self) -> list[str]:
        """The names of the accounts that are asked."""
        return self._core.accounts()

    @property
    def least_seconds(self) -> float:
        """The least time that all calls take at the declared rates, if every answer came at once."""
        return self._core.least_seconds()

    @property
    def rows(self) -> list[PlanRow]:
        """A summary: a row for each source of each account, and for what cannot be answered."""
        return [PlanRow(*row) for row in self._core.rows()]

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The calls, in their order: id, account, provider, operation, arguments, start, end, meters."""
        return self._core.calls()

    def shard(self, index: int, of: int) -> Plan:
        """Return one part of the plan, of as many as machines work on it; together they are the plan.

        Parameters
        ----------
        index : int
            Which part, from 0.
        of : int
            How many parts there are. Each part has its share of every account's rate.

        Returns
        -------
        Plan
            The part.
        """
        return Plan(self._core.shard(index, of), self._clients)

    def to_json(self) -> str:
        """Return the plan as JSON; `from_json` reads it."""
        return self._core.to_json()

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Return the plan that `to_json` wrote."""
        return cls(_core.Plan.from_json(text))

    def __len__(self) -> int:
        return self._core.count()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __reduce__(self) -> tuple[Any, ...]:
        return (Plan.from_json, (self.to_json(),))

    def __repr__(self) -> str:
        from metertap._table import text

        summary = f"{len(self)} calls to {len(self.accounts)} accounts, at least {self.least_seconds:.1f} s"
        return f"{text(HEAD, self._cells(), widest=WIDEST)}\n{summary}"

    def _repr_html_(self) -> str:
        from metertap._table import html

        return html(HEAD, self._cells())

    def _cells(self) -> list[list[Any]]:
        return [_cells(row) for row in folded(self.rows)]


def folded(rows: Iterable[PlanRow]) -> list[PlanRow]:
    """Put the rows of one account that nothing can answer together, if they tell the same reason and range."""
    groups: dict[tuple[Any, ...], list[PlanRow]] = {}
    for row in rows:
        same = (row.account, row.start, row.end, row.cut_by)
        groups.setdefault((*same, row.operation) if row.calls else same, []).append(row)
    return [
        group[0] if len(group) == 1 else replace(group[0], operation=f"{len(group)} operations")
        for group in groups.values()
    ]


def _cells(row: PlanRow) -> list[Any]:
    least = f"{row.seconds:.1f} s" if row.calls else ""
    return [row.account, row.operation, row.calls, _minute(row.start), _minute(row.end), least, row.cut_by]


def _minute(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def plan(
    accounts: Asked | Iterable[Asked],
    start: Moment,
    end: Moment,
    *,
    tz: str | tzinfo | None = None,
    now: Moment | None = None,
    every: str | None = None,
) -> Plan:
    """Plan the calls for a question, offline.

    Parameters
    ----------
    accounts : client, selection or list of them
        Whom to ask: a client (its default meters) or what its `select` returns. Their names must differ.
    start, end : date, datetime or str
        The range ``[start, end)``; a reading belongs to it if it starts in it. A naive datetime is refused.
    tz : str or tzinfo, optional
        Where a date, or a text that is only a date, has its midnight, and whose months and days cut the calls of
        services that know months; UTC if left out.
    now : date, datetime or str, optional
        The time to plan for; the machine's if left out.
    every : {"hour", "day", "week", "month", "quarter", "year"}, optional
        Cut the calls of sources that answer a whole window with one figure (UiPath's summary, RICOH) at the periods of
        `tz`, so that the figures can be told by them. It costs a call for each.

    Returns
    -------
    Plan
        The calls.

    Raises
    ------
    InvalidArgument
        If there is nothing to ask, two accounts have one name, a meter is unknown, or the range is empty or wholly in
        the future.

    Examples
    --------
    >>> import metertap as mt
    >>> plan = mt.plan([sora, volcengine], start="2026-01-01", end="2026-04-01", now="2026-04-15")
    >>> plan.accounts
    ['sora', 'volcengine']
    >>> plan == mt.Plan.from_json(plan.to_json())
    True
    """
    asked = listed(accounts)
    selections = [item if isinstance(item, Selection) else Selection(client_of(item), {}) for item in asked]
    clients = {selection.client.name: selection.client for selection in selections}
    parts = [(selection.client._core, dict(selection.wanted)) for selection in selections]
    if not (every is None or isinstance(every, str)):
        raise WrongType(f"every must be a str such as 'month', not {type(every).__name__}.")
    first, last = at(start, tz), at(end, tz)
    moment = None if now is None else at(now, tz)
    core = _core.Plan(parts, start=first, end=last, now=moment, zone=told_zone(tz), every=every)
    return Plan(core, clients)


def listed(accounts: Any) -> list[Any]:
    """Return one account, or several, as a list."""
    if isinstance(accounts, (Client, Selection)):
        return [accounts]
    return list(accounts) if isinstance(accounts, Iterable) else [client_of(accounts)]


def client_of(item: Any) -> Client:
    """Return the client, or say that it is none."""
    if isinstance(item, Client):
        return item
    raise WrongType(f"accounts must be clients or what their select() returns, not {type(item).__name__}.")


def at(moment: Any, tz: str | tzinfo | None) -> Any:
    """Put a date's midnight where the caller means it; leave everything else to the core."""
    if tz is None:
        return moment
    from datetime import date, datetime, time, tzinfo

    if not isinstance(tz, (str, tzinfo)):
        raise WrongType(f"tz must be a str such as 'Asia/Tokyo' or a tzinfo, not {type(tz).__name__}.")
    if isinstance(moment, str) and len(moment.strip()) == 10:
        try:
            moment = date.fromisoformat(moment.strip())
        except ValueError:
            return moment
    if isinstance(moment, date) and not isinstance(moment, datetime):
        return datetime.combine(moment, time(), tzinfo=_zone(tz))
    return moment


def told_zone(tz: str | tzinfo | None) -> str | list[tuple[int, int]]:
    """Return a time zone as the core wants it told: a name as it is, anything else by its offsets.

    A `tzinfo` is asked, never judged by its name: from 1990 to 2069, each offset in seconds with the second of the
    epoch from which on it holds.
    """
    from datetime import datetime, timedelta, timezone, tzinfo

    if tz is None:
        return "UTC"
    if isinstance(tz, str):
        return tz
    if not isinstance(tz, tzinfo):
        raise WrongType(f"tz must be a str such as 'Asia/Tokyo' or a tzinfo, not {type(tz).__name__}.")
    if isinstance(tz, timezone):
        return [(0, _seconds(tz.utcoffset(None)))]
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)

    def offset(second: int) -> int:
        try:
            offset = (epoch + timedelta(seconds=second)).astimezone(tz).utcoffset()
        except Exception as problem:  # whatever the zone raises
            raise InvalidArgument(f"tz does not work: it raised {type(problem).__name__}.") from problem
        return _seconds(offset)

    first, last, step = FIRST_ASKED, LAST_ASKED, 14 * 86_400
    told = [(first, offset(first))]
    for probe in range(first + step, last, step):
        if offset(probe) != told[-1][1]:
            told.append(_change(offset, probe - step, probe))
    return told


#: Between which seconds of the epoch a time zone is asked for its offsets: the years 1990 to 2069.
FIRST_ASKED, LAST_ASKED = 631_152_000, 3_155_760_000


def _seconds(offset: timedelta | None) -> int:
    if offset is None:
        raise InvalidArgument("tz has no UTC offset; pass a name such as 'Asia/Tokyo'.")
    return round(offset.total_seconds())


def _change(offset: Callable[[int], int], before: int, after: int) -> tuple[int, int]:
    """Return the second at which the offset of `after` begins to hold, and that offset."""
    wanted = offset(after)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if offset(middle) == wanted else (middle, after)
    return after, wanted


def _zone(tz: str | tzinfo) -> tzinfo:
    if not isinstance(tz, str):
        return tz
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a name too long for a file, or of a folder
        raise InvalidArgument(f"there is no time zone {tz[:60]!r}; write for example 'Asia/Tokyo'.") from None


def meters() -> list[Meter]:
    """List every meter of every provider.

    Returns
    -------
    list of Meter
        The catalogue, with units, rules, limits and source pages.

    Examples
    --------
    >>> import metertap as mt
    >>> next(meter.unit for meter in mt.meters() if meter.name == "volcengine.time_shift_storage")
    'GiB'
    """
    return [Meter(**row) for row in _core.meters()]
