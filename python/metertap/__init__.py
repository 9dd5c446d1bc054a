"""metertap reads the usage meters of cloud services into one table that can be trusted.

Everything here is sync; the same names in `metertap.aio` are async.
"""

from __future__ import annotations

import atexit as _atexit
from typing import TYPE_CHECKING

from metertap import _core, aio
from metertap._core import __version__
from metertap.clients import DeviceWise, Ricoh, Sora, UiPath, Volcengine
from metertap.errors import MetertapError

if TYPE_CHECKING:
    from metertap.fetching import fetch, replay
    from metertap.planning import Meter, Plan, Selection, meters, plan
    from metertap.usage import CoverageWarning, IncompleteUsage, Reading, Table, Usage

__all__ = [
    "CoverageWarning",
    "DeviceWise",
    "IncompleteUsage",
    "Meter",
    "MetertapError",
    "Plan",
    "Reading",
    "Ricoh",
    "Selection",
    "Sora",
    "Table",
    "UiPath",
    "Usage",
    "Volcengine",
    "__version__",
    "aio",
    "fetch",
    "meters",
    "plan",
    "replay",
]

# Imported when they are used: dataclasses alone would double the time that importing metertap takes.
_LATER = {
    "metertap.fetching": ("fetch", "replay"),
    "metertap.planning": ("Meter", "Plan", "Selection", "meters", "plan"),
    "metertap.usage": ("CoverageWarning", "IncompleteUsage", "Reading", "Table", "Usage"),
}


def __getattr__(name: str) -> object:
    for module, names in _LATER.items():
        if name in names:
            import importlib

            value = getattr(importlib.import_module(module), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'metertap' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


_atexit.register(_core.shut_down)
