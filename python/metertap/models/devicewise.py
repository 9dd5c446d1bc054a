"""Records of deviceWISE."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from metertap.models._flat import Flat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

__all__ = ["CounterSeries", "OrgUsage", "UsageHistory", "UsageReport"]


@dataclass(frozen=True, slots=True)
class CounterSeries(Flat):
    """One counter.

    Attributes
    ----------
    path : list of str
        The keys that lead to it, such as ``["usage"]``, or ``["ACME", "usage"]`` if split by organisation.
    values : list of (int or None)
        A value for each of the history's timestamps.
    value : int or None
        Its one value, if it is not split by time.
    extra : dict
        Empty.
    """

    path: list[str]
    values: list[int | None]
    value: int | None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UsageHistory(Flat):
    """Counters over time.

    Attributes
    ----------
    series : list of CounterSeries
        The counters.
    total : int or None
        What the service calls the total; in some answers the total is a series instead. It is not checked here.
    timestamps : list of datetime
        The buckets, each with the offset that the service wrote.
    extra : dict
        What else the service answered.
    """

    series: list[CounterSeries]
    total: int | None
    timestamps: list[datetime]
    extra: dict[str, Any] = field(default_factory=dict)

    def _flat_rows(self) -> Iterator[dict[str, Any]]:
        # Values and timestamps stand beside each other: a row for each pair, and one for a counter without time.
        for series in self.series:
            pairs = zip_longest(self.timestamps, series.values) if series.values else [(None, series.value)]
            for timestamp, value in pairs:
                yield {"path": " ".join(series.path), "timestamp": timestamp, "value": value}


@dataclass(frozen=True, slots=True)
class OrgUsage(Flat):
    """What one organisation used in a billing period.

    Attributes
    ----------
    org_key : str
        The organisation.
    parent_org_key : str or None
        The one above it.
    count_billable_things, count_things, count_connections, count_api_calls, count_storage : int or None
        Counts.
    count_lwm2m_messages, count_trigger_actions, count_sms : int or None
        Counts that older servers leave out.
    extra : dict
        What else the service answered.
    """

    org_key: str
    parent_org_key: str | None
    count_billable_things: int | None
    count_things: int | None
    count_connections: int | None
    count_api_calls: int | None
    count_storage: int | None
    count_lwm2m_messages: int | None
    count_trigger_actions: int | None
    count_sms: int | None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UsageReport(Flat):
    """A billing report.

    Attributes
    ----------
    header : dict
        What the report is about, by the service's names.
    report : list of OrgUsage
        A row per organisation.
    extra : dict
        What else the service answered.
    """

    header: dict[str, Any]
    report: list[OrgUsage]
    extra: dict[str, Any] = field(default_factory=dict)
