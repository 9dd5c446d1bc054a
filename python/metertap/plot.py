"""Pictures of usage, with matplotlib (the extra ``plot``).

What is drawn is what the numbers are: increments as bars as wide as their buckets, peaks and levels as steps, a month
so far as a mark at the moment of the answer. What may still change is hatched, what is not known is shaded, and no line
is drawn through it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from metertap import _core
from metertap._extras import needed
from metertap._show import series as many
from metertap._show.advice import nearest
from metertap._show.gaps import gaps
from metertap._show.moments import zone
from metertap._show.panel import Panel, draw
from metertap._zone import told_zone, zone_of
from metertap.errors import InvalidArgument, WrongType

if TYPE_CHECKING:
    from collections.abc import Hashable
    from datetime import tzinfo

    from metertap._show.gaps import Gap
    from metertap._show.lanes import Lanes
    from metertap._show.moments import Told
    from metertap._show.series import Series
    from metertap.usage import Table, Usage

__all__ = ["plot"]

#: So many meters fit one picture.
METERS = 12


def plot(
    usage: Usage,
    meters: str | Iterable[str] | None = None,
    *,
    kind: str = "readings",
    tz: str | tzinfo | None = None,
    ax: Any = None,
) -> Any:
    """Draw readings over time: a panel for each meter, a colour for each account and label.

    Parameters
    ----------
    usage : Usage
        The readings; those without a start are left out, and counted.
    meters : str or list of str, optional
        The meters to draw; the first twelve if left out, and the picture says how many there are.
    kind : {"readings", "coverage"}
        What to draw: the readings, or what is known of each stretch of time, source by source.
    tz : str or tzinfo, optional
        The zone of the axis of time; that of the question if left out.
    ax : matplotlib.axes.Axes, optional
        Where to draw; one meter only. Else a figure is made.

    Returns
    -------
    matplotlib.figure.Figure or matplotlib.axes.Axes
        The picture, which a notebook shows; or `ax`, if that was given, since its figure shows itself. A panel with
        more than eight series shows the eight with the largest figures, and says so. Of a series of more than 2,000
        readings neighbours are put together, which is said, too.

    Raises
    ------
    MissingExtra
        If matplotlib is not installed.
    InvalidArgument
        If there is nothing to draw, a meter has no readings, or `ax` is for one meter and there are several.

    Examples
    --------
    >>> usage = mt.fetch(sora, "2026-03-01", "2026-04-01", now="2026-04-15")
    >>> figure = usage.plot("sora.egress")
    >>> figure.axes[0].get_ylabel()
    'GB'
    """
    # By what it holds: to import its class here would lead back to this module.
    if not isinstance(getattr(usage, "_core", None), _core.Usage):
        raise WrongType(f"usage must be a Usage, not {type(usage).__name__}.")
    if not isinstance(kind, str):
        raise WrongType(f"kind must be 'readings' or 'coverage', not {type(kind).__name__}.")
    if kind not in ("readings", "coverage"):
        raise InvalidArgument(f"kind must be 'readings' or 'coverage', not {kind!r}.")
    told = _told(usage._told, tz)
    if kind == "coverage":
        from metertap._show.strip import strip

        if meters is not None:
            raise InvalidArgument("coverage is of sources, not of meters; leave meters out.")
        return drawn_lanes(strip(usage.timeline, told), ax)
    _, _, ranges = usage._core.plan().question()
    span = (many.micros(min(one for one, _ in ranges)), many.micros(max(other for _, other in ranges)))
    return drawn(usage, meters, told, ax, span=span, lacks=gaps(usage.timeline, lambda _, meter: meter))


def drawn(
    table: Table,
    meters: str | Iterable[str] | None,
    told: Told,
    ax: Any,
    *,
    span: tuple[int, int] | None = None,
    lacks: dict[Hashable, list[Gap]] | None = None,
    remark: str = "",
) -> Any:
    """Draw a table of readings, or a roll-up of them."""
    needed("matplotlib.figure", "plot")
    chosen = _chosen(many.of(table, apart=True), meters)
    wanted = list(chosen)[:METERS]
    if ax is not None and len(chosen) > 1:
        raise InvalidArgument(f"ax= takes one meter, and there are {len(chosen):,}; write meters={wanted[0]!r}.")
    rules = many.rules()
    panels = [
        Panel(meter, chosen[meter], rules.get(meter), (lacks or {}).get(meter, []), span, zone(told))
        for meter in wanted
    ]
    if ax is not None:
        draw(_axes(ax), panels[0])
        return ax
    from metertap._show.picture import picture

    figure = picture(figsize=(9, max(2.6 * len(panels), 2.8)), layout="constrained")
    for axes, panel in zip(figure.subplots(len(panels), squeeze=False).flat, panels, strict=True):
        draw(axes, panel)
    if len(chosen) > len(wanted):
        more = f"the first {len(wanted)} of {len(chosen):,} meters; meters=[…] draws others"
        remark = f"{more}; {remark}" if remark else more
    if remark:
        figure.suptitle(remark, fontsize="small", x=0.01, ha="left")
    return figure


def drawn_lanes(lanes: Lanes, ax: Any = None) -> Any:
    """Draw lanes in time."""
    needed("matplotlib.figure", "plot")
    from metertap._show.lanes import MOST
    from metertap._show.panel import draw_lanes

    if lanes.range is None:
        raise InvalidArgument("there is nothing to draw: nothing was asked.")
    if ax is not None:
        if handles := draw_lanes(_axes(ax), lanes):
            ax.legend(handles=handles, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
        return ax
    from metertap._show.picture import picture

    count = min(len(lanes.lanes), MOST)
    figure = picture(figsize=(9, 1.2 + 0.26 * count), layout="constrained")
    if handles := draw_lanes(figure.subplots(), lanes):
        figure.legend(handles=handles, fontsize="small", loc="outside lower center", ncols=6, frameon=False)
    return figure


def _told(own: Told, tz: Any) -> Told:
    if tz is None:
        return own
    zone_of(tz)  # refuses a name that does not exist
    return told_zone(tz)


def _axes(ax: Any) -> Any:
    if not hasattr(ax, "add_collection"):
        raise WrongType(f"ax must be an Axes of matplotlib, not {type(ax).__name__}.")
    return ax


def _chosen(found: list[Series], meters: str | Iterable[str] | None) -> dict[str, list[Series]]:
    """Return the series that are wanted, by meter."""
    by_meter: dict[str, list[Series]] = {}
    for one in found:
        by_meter.setdefault(one.meter, []).append(one)
    if meters is not None:
        names = [meters] if isinstance(meters, str) else list(meters)
        for name in names:
            if not isinstance(name, str):
                raise WrongType("meters must be the name of a meter, or a list of them.")
            if name not in by_meter:
                raise InvalidArgument(f"there are no readings of {name[:60]!r}{nearest(name, by_meter)}.")
        by_meter = {name: by_meter[name] for name in names}
    dated = {meter: some for meter, some in by_meter.items() if any(one.is_dated for one in some)}
    if not dated:
        raise InvalidArgument(
            "there is nothing to draw: no reading of these meters has a start."
            if by_meter
            else "there is nothing to draw: there are no readings; usage.plot(kind='coverage') draws what is known."
        )
    return dated
