"""A bar that shows how a fetch goes on, in terminals and notebooks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from metertap._extras import needed
from metertap.errors import WrongType

if TYPE_CHECKING:
    from collections.abc import Callable


def progress_of(progress: bool | Callable[[int, int], object]) -> tuple[Any, Callable[[], object]]:
    """Return what is called with the numbers of calls done and of all, and what ends it."""
    if callable(progress):
        return progress, lambda: None
    if not isinstance(progress, bool):
        raise WrongType(f"progress must be True, False or a callable, not {type(progress).__name__}.")
    if not progress:
        return None, lambda: None
    make = _maker()
    bars: list[Any] = []

    def show(done: int, total: int) -> None:
        # Made once it is known how long it is: a notebook's bar of unknown length stays a stub.
        if not bars:
            bars.append(make(total=total, unit="call"))
        [bar] = bars
        if bar.total != total:
            bar.reset(total)
        bar.update(done - bar.n)

    def close() -> None:
        for bar in bars:
            bar.close()

    return show, close


def _maker() -> Callable[..., Any]:
    """Return what makes a bar here: of widgets in a notebook that has them, else of text."""
    plain = needed("tqdm.std", "cli").tqdm
    if not _in_notebook():
        return plain  # type: ignore[no-any-return]
    # Without ipywidgets `tqdm.auto` warns, in red, and writes to standard error, which notebooks show in red, too.
    notebook = needed("tqdm.notebook", "cli")
    if notebook.IProgress is not None:
        return notebook.tqdm  # type: ignore[no-any-return]
    return lambda **options: plain(file=sys.stdout, **options)


def _in_notebook() -> bool:
    """Tell whether a kernel of Jupyter runs this."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")
