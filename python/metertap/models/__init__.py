"""The records that native calls return: frozen dataclasses, one for each documented shape.

Fields have our names (the service's own, in snake case, unless it has no good one). Fractions are `decimal.Decimal`,
exactly as the service wrote them. None stands for what the service left out or answered with null; it is never 0.
What metertap does not know is kept in `extra`, by the service's own names.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # without importing typing, see metertap/__init__.py

if TYPE_CHECKING:
    from metertap.models.devicewise import CounterSeries, OrgUsage, UsageHistory, UsageReport
    from metertap.models.ricoh import CostAndUsage, LabelUsage, UsageItem, UsageSubItem
    from metertap.models.sora import StatusThisMonth, Traffic, TrafficPeriod
    from metertap.models.uipath import ConsumptionSummary, FolderConsumption, ServiceConsumption, TenantConsumption
    from metertap.models.volcengine import LiveUsage, LiveUsageDetail, LiveUsageRow

__all__ = [
    "ConsumptionSummary",
    "CostAndUsage",
    "CounterSeries",
    "FolderConsumption",
    "LabelUsage",
    "LiveUsage",
    "LiveUsageDetail",
    "LiveUsageRow",
    "OrgUsage",
    "ServiceConsumption",
    "StatusThisMonth",
    "TenantConsumption",
    "Traffic",
    "TrafficPeriod",
    "UsageHistory",
    "UsageItem",
    "UsageReport",
    "UsageSubItem",
]

# A provider's records are made when one of them is used: Python takes most of a millisecond to make a dataclass.
_MODULES = {
    "sora": ("StatusThisMonth", "Traffic", "TrafficPeriod"),
    "ricoh": ("CostAndUsage", "LabelUsage", "UsageItem", "UsageSubItem"),
    "uipath": ("ConsumptionSummary", "FolderConsumption", "ServiceConsumption", "TenantConsumption"),
    "devicewise": ("CounterSeries", "OrgUsage", "UsageHistory", "UsageReport"),
    "volcengine": ("LiveUsage", "LiveUsageDetail", "LiveUsageRow"),
}


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            value = getattr(importlib.import_module(f"metertap.models.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'metertap.models' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
