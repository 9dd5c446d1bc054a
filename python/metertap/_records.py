"""The records of documents that were registered: frozen dataclasses, made when the first answer needs them."""

from __future__ import annotations

from dataclasses import field, fields, make_dataclass
from typing import Any

from metertap import _core as core
from metertap.models._flat import Flat

__all__ = ["record"]

_MADE: dict[tuple[str, str], type] = {}


def record(key: str, name: str) -> type:
    """Return the dataclass of a record.

    Parameters
    ----------
    key : str
        The digest of the document.
    name : str
        The record's name in it.
    """
    made = _MADE.get((key, name))
    if made is None:
        own = [(one["name"], one["type"]) for one in core.shapes(key)[name]]
        extra: tuple[str, str, Any] = ("extra", "dict[str, Any]", field(default_factory=dict))
        doc = f"A record of {core.provider(key)['title']}."
        namespace = {"__doc__": doc, "__module__": "metertap.models", "_document": key, "__reduce__": _reduce}
        kind = make_dataclass(name, [*own, extra], bases=(Flat,), namespace=namespace, frozen=True)
        # Of several threads that need it at once, all get the same class.
        made = _MADE.setdefault((key, name), kind)
    return made


def _reduce(self: Any) -> Any:
    """Carry the document along: the process that reads this may not have it."""
    kind = type(self)
    values = {one.name: getattr(self, one.name) for one in fields(self)}
    return _rebuilt, (core.document(kind._document), kind.__name__, values)


def _rebuilt(document: str, name: str, values: dict[str, Any]) -> Any:
    return record(core.keep(document), name)(**values)
