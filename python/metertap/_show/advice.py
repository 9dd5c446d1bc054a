"""What to write in place of a name that a table does not have."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Names that the users of other tables try.
INSTEAD = {
    "to_csv": ".write_csv(path)",
    "to_parquet": ".write_parquet(path)",
    "to_excel": ".to_pandas() and its to_excel, after dt.tz_localize(None)",
    "to_json": ".to_dicts(), or .to_pandas().to_json(path)",
    "to_dict": ".to_dicts()",
    "to_df": ".to_pandas() or .to_polars()",
    "to_list": ".to_dicts()",
    "plot": ".to_pandas().plot, or .plot() of the usage",
    "filter": ".to_polars().filter(…)",
    "query": ".to_pandas().query(…)",
    "groupby": ".rollup(by=…) of the usage, or .to_pandas().groupby(…)",
    "group_by": ".rollup(by=…) of the usage, or .to_polars().group_by(…)",
    "resample": ".rollup('month') of the usage",
    "sort_values": ".to_pandas().sort_values(…)",
    "sort": ".to_polars().sort(…)",
    "dtypes": ".to_pandas().dtypes, or .to_arrow().schema",
    "schema": ".to_arrow().schema",
    "describe": ".to_pandas().describe()",
    "iterrows": "for row in table",
    "itertuples": "for row in table, or .readings() of the usage",
    "iloc": "table[0] or table[:10]",
    "loc": ".to_pandas().loc",
    "values": ".to_dicts(), or table['quantity'] for one column",
    "index": ".to_pandas(), which has one",
    "empty": "len(table) == 0",
    "size": "len(table)",
    "num_rows": "len(table)",
}


def advice(kind: str, name: str) -> str:
    """Say that a table of some kind has nothing of that name, and what to write."""
    told = INSTEAD.get(name)
    return f"a {kind} has no {name!r}" + (f"; write {told}." if told else ".")


def nearest(word: str, names: Iterable[str]) -> str:
    """Say which of some names is meant, or which there are."""
    listed = list(names)
    if close := get_close_matches(word, listed, 1):
        return f"; write {close[0]!r}"
    shown = ", ".join(listed[:12])
    return f"; there are {shown}" + (f" and {len(listed) - 12:,} more" if len(listed) > 12 else "") if listed else ""
