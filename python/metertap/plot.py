"""Pictures of usage, with matplotlib (the extra ``plot``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metertap import _core
from metertap._extras import needed
from metertap.errors import InvalidArgument, WrongType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from metertap.usage import Reading, Usage

__all__ = ["plot"]

#: So many meters fit one picture, and so many lines one meter.
METERS, LINES = 12, 8


def plot(usage: Usage, meters: str | Iterable[str] | None = None) -> Any:
    """Draw readings over time: a panel for each meter, a line for each account and label.

    Parameters
    ----------
    usage : Usage
        The readings; those without a start are left out.
    meters : str or list of str, optional
        The meters to draw; the first twelve if left out.

    Returns
    -------
    matplotlib.figure.Figure
        The picture. A panel with more than eight lines shows the eight with the largest figures, and says so.

    Raises
    ------
    MissingExtra
        If matplotlib is not installed.
    InvalidArgument
        If there is nothing to draw.
    """
    # By what it holds: to import its class here would lead back to this module.
    if not isinstance(getattr(usage, "_core", None), _core.Usage):
        raise WrongType(f"usage must be a Usage, not {type(usage).__name__}.")
    figure_class = needed("matplotlib.figure", "plot").Figure
    wanted = [meters] if isinstance(meters, str) else None if meters is None else list(meters)
    panels: dict[str, dict[str, list[Reading]]] = {}
    for reading in usage.readings():
        if reading.start is not None and (wanted is None or reading.meter in wanted):
            name = " ".join([reading.account, *reading.dimensions.values()])
            panels.setdefault(reading.meter, {}).setdefault(name, []).append(reading)
    if not panels:
        raise InvalidArgument("there is nothing to draw: no reading of these meters has a start.")
    shown = list(panels.items())[:METERS]
    figure = figure_class(figsize=(9, 2.4 * len(shown)), layout="constrained")
    for axes, (meter, lines) in zip(figure.subplots(len(shown), squeeze=False).flat, shown, strict=True):
        _panel(axes, meter, lines)
    return figure


def _panel(axes: Any, meter: str, lines: dict[str, list[Reading]]) -> None:
    largest = sorted(lines, key=lambda name: -max(reading.quantity for reading in lines[name]))[:LINES]
    for name in largest:
        readings = lines[name]
        # A figure holds for its whole window, so it is a step and not a slope.
        axes.step([r.start for r in readings], [float(r.quantity) for r in readings], where="post", label=name)
    left_out = f", {LINES} of {len(lines)} lines" if len(lines) > LINES else ""
    axes.set_title(f"{meter}{left_out}", loc="left", fontsize="medium")
    axes.set_ylabel(next(iter(lines.values()))[0].unit)
    axes.margins(y=0.1)
    axes.set_ylim(bottom=0)
    axes.legend(fontsize="small", loc="upper left")
