"""Records of RICOH Live Streaming."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from metertap.models._flat import Flat

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["CostAndUsage", "LabelUsage", "UsageItem", "UsageSubItem"]


@dataclass(frozen=True, slots=True)
class UsageSubItem(Flat):
    """A setting of the reserved bandwidth.

    Attributes
    ----------
    item_name : str
        The reserved bandwidth in Mbit/s.
    usage : Decimal or None
        Minutes; each room is floored first.
    approximate_cost : Decimal or None
        JPY, if the service states it here; the parent's cost covers it already.
    extra : dict
        What else the service answered.
    """

    item_name: str
    usage: Decimal | None
    approximate_cost: Decimal | None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UsageItem(Flat):
    """An item of the bill.

    Attributes
    ----------
    item_name : str
        ``connection_time`` (minutes), ``traffic_volume`` (GiB) or ``bitrate_reservation`` (minutes, in sub-items).
    usage : Decimal or None
        In the unit of the item.
    approximate_cost : Decimal or None
        JPY, approximate, before tax; with that of the sub-items.
    sub_items : list of UsageSubItem or None
        The parts of the item, if it has any.
    extra : dict
        What else the service answered.
    """

    item_name: str
    usage: Decimal | None
    approximate_cost: Decimal | None
    sub_items: list[UsageSubItem] | None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LabelUsage(Flat):
    """What one classification label, or the whole application, used.

    Attributes
    ----------
    label : str or None
        The label; None where the service names none.
    approximate_total_cost : Decimal or None
        JPY, approximate, before tax.
    items : list of UsageItem
        The items.
    extra : dict
        What else the service answered.
    """

    label: str | None
    approximate_total_cost: Decimal | None
    items: list[UsageItem]
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CostAndUsage(Flat):
    """Approximate cost and usage.

    Attributes
    ----------
    results : list of LabelUsage
        One for the whole application, or one for each label.
    extra : dict
        What else the service answered.
    """

    results: list[LabelUsage]
    extra: dict[str, Any] = field(default_factory=dict)
