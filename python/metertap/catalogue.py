"""The catalogue of meters: what can be read, a table that filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, overload

from metertap import _core
from metertap._given import flag
from metertap._selection import no_meter
from metertap.errors import InvalidArgument, WrongType
from metertap.usage import Table

if TYPE_CHECKING:
    from typing_extensions import Self

    from metertap._show.rows import Rows

__all__ = ["Meter", "Meters", "meters"]

#: What its columns hold, where that is no text.
KINDS = {"history_days": "count", "per_second": "number", "dimensions": "texts", "by_default": "flag"}
#: The columns of a print, which tell how its figures are to be read.
HEAD = ("name", "operation", "unit", "kind", "grain", "over_time", "rounding", "settles")


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

    Examples
    --------
    >>> meter = mt.meters("ricoh")[0]
    >>> meter.provider
    'ricoh'
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


class Meters(Table, Sequence[Meter]):
    """Meters: a sequence of `Meter`, and a table with a row for each, which converts as other tables do.

    Made by `meters`.

    Examples
    --------
    >>> import metertap as mt
    >>> found = mt.meters("volcengine", unit="GB")
    >>> found[0].name, found["volcengine.down_traffic"].kind
    ('volcengine.up_traffic', 'sum')
    >>> found.search("edge up")[0].name
    'volcengine.edge_up_traffic'
    """

    def __init__(self, rows: Iterable[Meter]) -> None:
        self._rows = tuple(rows)
        if strangers := [row for row in self._rows if type(row) is not Meter]:
            raise WrongType(f"rows must be Meter, not {type(strangers[0]).__name__}; metertap.meters() returns all.")
        columns = [
            (name, KINDS.get(name, "text"), [getattr(row, name) for row in self._rows]) for name in Meter.__slots__
        ]
        super().__init__(_core.Table.from_columns(columns))

    def filter(
        self,
        provider: str | Sequence[str] | None = None,
        *,
        operation: str | Sequence[str] | None = None,
        unit: str | Sequence[str] | None = None,
        kind: str | Sequence[str] | None = None,
        grain: str | Sequence[str] | None = None,
        rounding: str | Sequence[str] | None = None,
        dimension: str | Sequence[str] | None = None,
        by_default: bool | None = None,
    ) -> Self:
        """Return the meters of which all that is named is true; see `metertap.meters` for the parameters.

        Examples
        --------
        >>> import metertap as mt
        >>> mt.meters().filter("ricoh", kind="sum") == mt.meters("ricoh", kind="sum")
        True
        """
        if by_default is not None:
            flag("by_default", by_default)
        found = [row for row in self._rows if by_default is None or row.by_default is by_default]
        given = {"provider": provider, "operation": operation, "unit": unit, "kind": kind, "grain": grain}
        for name, wanted in {**given, "rounding": rounding, "dimension": dimension}.items():
            if wanted is not None:
                values = _values(name)
                words = _wanted(name, wanted, {word for row in self._rows for word in values(row)})
                found = [row for row in found if not words.isdisjoint(values(row))]
        return type(self)(found)

    def search(self, text: str) -> Self:
        """Return the meters in whose name, unit, dimensions or description each of these words is.

        Examples
        --------
        >>> import metertap as mt
        >>> [meter.name for meter in mt.meters(by_default=True).search("sora webhook")]
        ['sora.webhook_requests']
        """
        given: Any = text
        if not isinstance(given, str):
            raise WrongType(f"text must be a str, not {type(given).__name__}.")
        words = given.casefold().split()
        return type(self)(row for row in self._rows if all(word in _text(row) for word in words))

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Meter]:  # type: ignore[override]
        return iter(self._rows)

    @overload  # type: ignore[override]
    def __getitem__(self, at: int | str) -> Meter: ...
    @overload
    def __getitem__(self, at: slice) -> Self: ...
    def __getitem__(self, at: Any) -> Any:
        """Return a meter by its place or its name, some of them, or columns as of any table."""
        if isinstance(at, list) or (isinstance(at, str) and at in Meter.__slots__):
            return super().__getitem__(at)
        if isinstance(at, slice):
            return type(self)(self._rows[at])
        if isinstance(at, str):
            # A meter that several operations answer has a row for each.
            named = [row for row in self._rows if row.name == at]
            return next((row for row in named if row.by_default), None) or (named or _unknown(at, self._rows))[0]
        return self._rows[at]

    def __contains__(self, what: object) -> bool:
        return what in self._rows or any(row.name == what for row in self._rows)

    def __eq__(self, other: object) -> bool:
        return self._rows == tuple(other) if isinstance(other, (Meters, list, tuple)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (list(self._rows),))

    def _notes(self) -> list[str]:
        count = f"{len(self):,} {'meter' if len(self) == 1 else 'meters'}"
        return [f"{count}: filter(unit=…), search(…) and [name] narrow them, to_pandas() has all columns"]

    def __repr__(self) -> str:
        from metertap._show import rows
        from metertap._show.terminal import folded, width

        columns, found = width(), self._shown()
        lines = rows.text(found, columns)
        return "\n".join([*lines, *folded([*self._notes(), *found.notes[1:]], columns)])

    def _repr_html_(self) -> str:
        from metertap._show import tables

        return tables.shown(self._shown(), self._notes())

    def _shown(self) -> Rows:
        """Return all rows as texts: a catalogue is there to be looked through."""
        from metertap._show.rows import rows

        found = rows(Table(self._table.project(list(HEAD))), range(len(self)))
        found.whole[:1] = [True]  # names are there to be copied
        return found


def meters(
    provider: str | Sequence[str] | None = None,
    *,
    operation: str | Sequence[str] | None = None,
    unit: str | Sequence[str] | None = None,
    kind: str | Sequence[str] | None = None,
    grain: str | Sequence[str] | None = None,
    rounding: str | Sequence[str] | None = None,
    dimension: str | Sequence[str] | None = None,
    by_default: bool | None = None,
) -> Meters:
    """List the meters: all of them, or those of which all that is named is true.

    Parameters
    ----------
    provider : str or list of str, optional
        Only those of this provider, or of one of these.
    operation, unit, kind, grain, rounding : str or list of str, optional
        Only those with this value, or one of these, in that column, such as ``unit="GB"`` and ``kind="peak"``.
    dimension : str or list of str, optional
        Only those whose readings this column, or one of these, tells apart, such as ``"vhost"``.
    by_default : bool, optional
        Only those that are read, or not read, when no meters are named.

    Returns
    -------
    Meters
        A sequence of `Meter` that is a table, too, with units, rules, limits and source pages.

    Raises
    ------
    InvalidArgument
        If no meter has that value at all; the message says which there are.

    Examples
    --------
    >>> import metertap as mt
    >>> mt.meters()["volcengine.time_shift_storage"].unit
    'GiB'
    >>> [meter.name for meter in mt.meters("sora", unit="Mbps", by_default=False)]
    ['sora.project_monthly_max_bandwidth', 'sora.project_daily_max_bandwidth']
    """
    everything = Meters(Meter(**row) for row in _core.meters())
    return everything.filter(
        provider,
        operation=operation,
        unit=unit,
        kind=kind,
        grain=grain,
        rounding=rounding,
        dimension=dimension,
        by_default=by_default,
    )


def _values(name: str) -> Callable[[Meter], Sequence[str]]:
    """Return what reads a column's values, of which the dimensions are many."""
    return (lambda row: row.dimensions) if name == "dimension" else (lambda row: (getattr(row, name),))


def _wanted(name: str, given: Any, known: set[str]) -> set[str]:
    """Return the values that were named, refusing one that no meter has."""
    words: list[Any] = [given] if isinstance(given, str) else list(given) if isinstance(given, Iterable) else [None]
    if not all(isinstance(word, str) for word in words):
        raise WrongType(f"{name} must be a str or a list of str, not {type(given).__name__}.")
    for word in words:
        if word not in known:
            near = get_close_matches(word, known, n=1) or [one for one in known if one.casefold() == word.casefold()]
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known)) or 'none'}."
            raise InvalidArgument(f"no meter here has the {name} {word!r}; {hint}")
    return set(words)


def _unknown(name: str, rows: Sequence[Meter]) -> Any:
    raise KeyError(no_meter(name, (row.name for row in rows), " here"))


def _text(row: Meter) -> str:
    return " ".join([row.name, row.unit, row.kind, row.operation, row.doc, *row.dimensions]).casefold()


def __dir__() -> list[str]:
    return sorted(__all__)
