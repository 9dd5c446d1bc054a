"""A figure of matplotlib that shows itself."""

from __future__ import annotations

from io import BytesIO
from typing import Any

_CLASSES: list[Any] = []


def picture(**options: Any) -> Any:
    """Return a figure that a notebook shows once, whether or not ``%matplotlib inline`` was said.

    It is no figure of pyplot's, which would show it a second time, and keep it.
    """
    from matplotlib.figure import Figure

    if not _CLASSES:
        # Made when it is needed, since matplotlib is a heavy import.
        _CLASSES.append(type("Picture", (Figure,), {"_repr_png_": _png, "__reduce__": _plain}))
    return _CLASSES[0](**options)


def _png(figure: Any) -> bytes:
    """Return a figure as PNG, for notebooks that have not been told how to show one."""
    file = BytesIO()
    figure.savefig(file, format="png", dpi=figure.dpi)
    return file.getvalue()


def _plain(figure: Any) -> Any:
    """Pickle a figure as a plain one, whose class can be named."""
    return _empty, (), figure.__getstate__()


def _empty() -> Any:
    """Return a plain figure that a pickle fills."""
    from matplotlib.figure import Figure

    return Figure.__new__(Figure)
