"""Answers as flat rows, for data frames and files of plain columns."""

from __future__ import annotations

import dataclasses
import re

TYPE_CHECKING = False  # without importing typing, see metertap/__init__.py

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    import pandas as pd

#: The type of a list of records: their names begin with a capital.
_LIST = re.compile(r"list\[[A-Z]")
#: Maps whose keys are names of columns by themselves; those of other maps need the map's name.
PLAIN = ("dimensions", "values")


class Flat:
    """What a record can be turned into."""

    __slots__ = ()

    def records(self) -> list[dict[str, Any]]:
        """Return flat rows: a dict for each record that this one lists, or one for itself if it lists none.

        Maps become columns. What is listed deeper makes rows of its own, whose columns begin with the list's name, so
        that no figure stands twice; texts that say what a list is of are repeated on its rows. Totals and whatever else
        this record tells of itself stay where they are.
        """
        return list(self._flat_rows())

    def to_pandas(self, *, exact: bool = False) -> pd.DataFrame:
        """Return the flat rows as a `pandas.DataFrame`, with times in UTC; needs the extra ``pandas``.

        Parameters
        ----------
        exact : bool, default False
            Keep fractions as `decimal.Decimal`; else they become the nearest float64.
        """
        return frame(self.records(), exact=exact)

    def _flat_rows(self) -> Iterator[dict[str, Any]]:
        lists = _lists(self)
        if not lists:
            yield _row(self, "")
            return
        # Further lists hold the same figures in another division.
        name = next(iter(lists))
        for record in lists[name]:
            yield from _rows(record, "", _texts(self, ""))


def frame(rows: list[dict[str, Any]], *, exact: bool) -> pd.DataFrame:
    """Return flat rows as a frame."""
    from datetime import datetime, timezone
    from decimal import Decimal

    from metertap._extras import needed

    def cell(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(timezone.utc)
        return float(value) if isinstance(value, Decimal) and not exact else value

    pandas = needed("pandas", "pandas")
    columns = dict.fromkeys(name for row in rows for name in row)
    made: pd.DataFrame = pandas.DataFrame({name: [cell(row.get(name)) for row in rows] for name in columns})
    return made


def _rows(record: Any, prefix: str, texts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {**texts, **_row(record, prefix)}
    own = {**texts, **_texts(record, prefix)}
    for name, listed in _lists(record).items():
        for item in listed:
            yield from _rows(item, f"{prefix}{name}.", own)


def _lists(record: Any) -> dict[str, list[Any]]:
    """Return the lists of records, by their names; by their types, since they may be empty."""
    found = ((field.name, _LIST.match(str(field.type))) for field in dataclasses.fields(record))
    return {name: getattr(record, name) or [] for name, match in found if match}


def _row(record: Any, prefix: str) -> dict[str, Any]:
    lists = _lists(record)
    row: dict[str, Any] = {}
    for field in dataclasses.fields(record):
        if field.name not in lists:
            _spread(row, prefix, field.name, getattr(record, field.name))
    return row


def _spread(row: dict[str, Any], prefix: str, name: str, value: Any) -> None:
    """Put a value into a row: a map and a record become several columns, a list becomes a text."""
    if dataclasses.is_dataclass(value):
        row.update(_row(value, f"{prefix}{name}."))
    elif isinstance(value, dict):
        for key, member in value.items():
            is_free = name in PLAIN and f"{prefix}{key}" not in row
            _spread(row, prefix if is_free else f"{prefix}{name}.", str(key), member)
    else:
        row[f"{prefix}{name}"] = " ".join(map(str, value)) if isinstance(value, list) else value


def _texts(record: Any, prefix: str) -> dict[str, Any]:
    """Return the columns that say what a record's lists are of."""
    row: dict[str, Any] = {}
    for field in dataclasses.fields(record):
        if field.name == "dimensions" or "str" in str(field.type).split(" | "):
            _spread(row, prefix, field.name, getattr(record, field.name))
    return row
