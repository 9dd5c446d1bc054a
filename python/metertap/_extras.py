"""The packages that only some methods need."""

from __future__ import annotations

import importlib
from typing import Any

from metertap.errors import MissingExtra


def needed(module: str, extra: str) -> Any:
    """Import a module that an extra brings along."""
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        advice = f"pip install 'metertap[{extra}]'"
        raise MissingExtra(f"this needs the package {package}, which is not installed: {advice}.") from None
