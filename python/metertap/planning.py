"""Plans: the exact calls for a question, made offline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from metertap import _core
from metertap._client import Client
from metertap._range import range_of
from metertap._selection import Selection, no_meter
from metertap._zone import told_zone
from metertap.errors import InvalidArgument, WrongType

if TYPE_CHECKING:
    from datetime import datetime, timedelta, tzinfo

    from metertap.typing import Moment, When, Whom

__all__ = ["Plan", "PlanRow", "Selection", "plan"]


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

    Examples
    --------
    >>> plan = mt.plan([sora, ricoh], "2026-Q1", now="2026-04-15")
    >>> plan.rows[0].account
    'sora'
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

    Examples
    --------
    >>> plan = mt.plan([sora, ricoh], "2026-Q1", now="2026-04-15")
    >>> len(plan), plan.accounts
    (6, ['sora', 'ricoh'])
    """

    def __init__(self, core: _core.Plan, clients: Mapping[str, Client] | None = None) -> None:
        self._core = core
        self._clients = dict(clients or {})

    @property
    def accounts(self) -> list[str]:
        """The names of the accounts that are asked.

        Examples
        --------
        >>> plan = mt.plan([sora, ricoh], "2026-Q1", now="2026-04-15")
        >>> plan.accounts
        ['sora', 'ricoh']
        """
        return self._core.accounts()

    @property
    def least_seconds(self) -> float:
        """The least time that all calls take at the declared rates, if every answer came at once.

        Examples
        --------
        >>> plan = mt.plan([sora, ricoh], "2026-Q1", now="2026-04-15")
        >>> plan.least_seconds < 60
        True
        """
        return self._core.least_seconds()

    @property
    def rows(self) -> list[PlanRow]:
        """A summary: a row for each source of each account, and for what cannot be answered.

        Examples
        --------
        >>> plan = mt.plan([sora, ricoh], "2026-Q1", now="2026-04-15")
        >>> {row.account for row in plan.rows} == {"sora", "ricoh"}
        True
        """
        return [PlanRow(*row) for row in self._core.rows()]

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The calls, in their order: id, account, provider, operation, arguments, start, end, meters.

        Examples
        --------
        >>> plan = mt.plan([sora, ricoh], "2026-Q1", now="2026-04-15")
        >>> plan.calls[0]["account"]
        'sora'
        """
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

        Examples
        --------
        >>> plan = mt.plan([sora, ricoh], "2026-Q1", now="2026-04-15")
        >>> sum(len(plan.shard(part, of=3)) for part in range(3)) == len(plan)
        True
        """
        return Plan(self._core.shard(index, of), self._clients)

    def to_json(self) -> str:
        """Return the plan as JSON; `from_json` reads it.

        Examples
        --------
        >>> plan = mt.plan([sora, ricoh], "2026-Q1", now="2026-04-15")
        >>> mt.Plan.from_json(plan.to_json()) == plan
        True
        """
        return self._core.to_json()

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Return the plan that `to_json` wrote.

        Examples
        --------
        >>> plan = mt.plan([sora, ricoh], "2026-Q1", now="2026-04-15")
        >>> mt.Plan.from_json(plan.to_json()) == plan
        True
        """
        return cls(_core.Plan.from_json(text))

    def plot(self, *, ax: Any = None) -> Any:
        """Draw the windows of the calls in time, with the least time that they take; needs the extra ``plot``.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; else a figure is made.

        Returns
        -------
        matplotlib.figure.Figure or matplotlib.axes.Axes
            The picture, which a notebook shows; or `ax`, if that was given.

        Examples
        --------
        >>> plan = mt.plan([sora, ricoh], "2026-Q1", now="2026-04-15")
        >>> figure = plan.plot()
        """
        from metertap._show.windows import windows
        from metertap.plot import drawn_lanes

        return drawn_lanes(windows(self), ax)

    def __len__(self) -> int:
        return self._core.count()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __reduce__(self) -> tuple[Any, ...]:
        return (Plan.from_json, (self.to_json(),))

    def __repr__(self) -> str:
        from metertap._show import plans

        return plans.text(self, folded(self.rows))

    def _repr_html_(self) -> str:
        from metertap._show import plans

        return plans.html(self, folded(self.rows))


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


def plan(
    accounts: Whom,
    start: When | None = None,
    end: When | None = None,
    *,
    since: When | timedelta | None = None,
    tz: str | tzinfo | None = None,
    now: Moment | None = None,
    every: str | None = None,
    meters: str | Iterable[str] | None = None,
) -> Plan:
    """Plan the calls for a question, offline.

    Parameters
    ----------
    accounts : client, selection, or list or dict of them
        Whom to ask: a client (its default meters), what its `select` returns, or accounts of a file
        (`metertap.accounts`). Their names must differ.
    start, end : date, datetime, str or pandas.Period, optional
        The range ``[start, end)``; a reading belongs to it if it starts in it. Without `end` it runs until `now`; a
        period alone (``"2026"``, ``"2026-Q1"``, ``"2026-03"``, ``"2026-W05"``) is that period. A naive datetime is
        refused.
    since : str, timedelta, date or datetime, optional
        In place of `start`: how far back from `now`, as a number of ``h``, ``d``, ``w``, ``mo`` or ``y``, such as
        ``"7d"``: the midnight (or the full hour) so long ago, by the calendar of `tz`. Or from when on.
    tz : str or tzinfo, optional
        Where a date, or a text that is only a date or a period, has its midnight, and whose months and days cut the
        calls of services that know months; UTC if left out.
    now : date, datetime or str, optional
        The time to plan for; if left out, the machine's, or for the clients of one simulator whose time stands still,
        that time.
    every : {"hour", "day", "week", "month", "quarter", "year"}, optional
        Cut the calls of sources that answer a whole window with one figure (UiPath's summary, RICOH) at the periods of
        `tz`, so that the figures can be told by them. It costs a call for each.
    meters : str or list of str, optional
        Only these, each of the account whose provider has it: short for ``client.select(meters=[…])``.

    Returns
    -------
    Plan
        The calls.

    Raises
    ------
    InvalidArgument
        If there is nothing to ask, two accounts have one name, a meter is unknown, or the range is empty, wholly in
        the future, or can be read in two ways.

    Examples
    --------
    >>> import metertap as mt
    >>> plan = mt.plan([sora, volcengine], start="2026-01-01", end="2026-04-01", now="2026-04-15")
    >>> plan.accounts
    ['sora', 'volcengine']
    >>> plan == mt.Plan.from_json(plan.to_json())
    True
    >>> plan == mt.plan([sora, volcengine], "2026-Q1", now="2026-04-15")
    True
    >>> len(mt.plan(volcengine, since="7d", now="2026-04-15"))
    3
    """
    asked = listed(accounts)
    selections = [item if isinstance(item, Selection) else _usual(client_of(item)) for item in asked]
    if meters is not None:
        selections = _narrowed(selections, meters)
    clients = {selection.client.name: selection.client for selection in selections}
    parts = [(selection.client._core, dict(selection.wanted)) for selection in selections]
    if not (every is None or isinstance(every, str)):
        raise WrongType(f"every must be a str such as 'month', not {type(every).__name__}.")
    if now is None:
        now = _simulated_now(clients.values())
    first, last, moment = range_of(start, end, since, tz=tz, now=now)
    core = _core.Plan(parts, start=first, end=last, now=moment, zone=told_zone(tz), every=every)
    return Plan(core, clients)


def _usual(client: Client) -> Selection:
    """Return what is asked of an account of which nothing is said."""
    return Selection(client, dict(client._simulated_selection or {}))


def simulated_now(accounts: Any) -> datetime | None:
    """Return the time of the simulator, if all of these accounts are of one whose time stands still."""
    return _simulated_now(item.client if isinstance(item, Selection) else client_of(item) for item in listed(accounts))


def _simulated_now(clients: Iterable[Client]) -> datetime | None:
    nows = {client._simulated_now for client in clients}
    return nows.pop() if len(nows) == 1 else None


def _narrowed(selections: list[Selection], meters: Any) -> list[Selection]:
    """Return what is asked of each account, with those of the meters that its provider has."""
    words: list[Any] = [meters] if isinstance(meters, str) else list(meters) if isinstance(meters, Iterable) else []
    if not words or not all(isinstance(word, str) for word in words):
        raise WrongType("meters must be the name of a meter, or a list of them, such as ['sora.egress'].")
    narrowed, left = [], dict.fromkeys(words)
    for selection in selections:
        client = selection.client
        if "meters" in selection.wanted:
            raise InvalidArgument(f"what is asked of {client.name!r} names its meters already; leave meters= out.")
        own = [word for word in words if word.startswith(f"{client.provider}.")]
        if not own and len(selections) > 1:
            _refuse_unknown(words)
            raise InvalidArgument(f"none of these meters is one of {client.provider}; leave {client.name!r} out.")
        for word in own:
            left.pop(word, None)
        # Of a single account any word can only be meant for it, and the core says what is wrong with that word.
        narrowed.append(Selection(client, {**selection.wanted, "meters": own if len(selections) > 1 else words}))
    if left and len(selections) > 1:
        _refuse_unknown(left)
        raise InvalidArgument(f"none of these accounts has the meter {next(iter(left))!r}.")
    return narrowed


def _refuse_unknown(words: Iterable[str]) -> None:
    """Refuse names that no meter has, before it is said of an account that it lacks them."""
    known = [row["name"] for row in _core.meters()]
    for word in words:
        if word not in known:
            raise InvalidArgument(no_meter(word, known))


def listed(accounts: Any) -> list[Any]:
    """Return one account, or several, as a list."""
    if isinstance(accounts, (Client, Selection)) or hasattr(accounts, "selection"):
        accounts = [accounts]
    if isinstance(accounts, str) or not isinstance(accounts, Iterable):
        return [client_of(accounts)]
    items = accounts.values() if isinstance(accounts, Mapping) else accounts
    # An account of a file becomes what that file says is asked of it.
    return [item.selection() if hasattr(item, "selection") else item for item in items]


def client_of(item: Any) -> Client:
    """Return the client, or say that it is none."""
    if isinstance(item, Client):
        return item
    hint = f"; write metertap.connect({item!r})" if isinstance(item, str) and item.isidentifier() else ""
    raise WrongType(f"accounts must be clients or what their select() returns, not {type(item).__name__}{hint}.")
