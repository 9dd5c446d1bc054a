"""The records that native calls return: frozen dataclasses, one for each documented shape.

Fields have our names (the service's own, in snake case, unless it has no good one). Fractions are `decimal.Decimal`,
exactly as the service wrote them. None stands for what the service left out or answered with null; it is never 0.
What metertap does not know is kept in `extra`, by the service's own names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

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


# Sora Cloud


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes of this month so far.

    Attributes
    ----------
    ingress : int
        Bytes received by the service.
    egress : int
        Bytes sent by the service.
    extra : dict
        What else the service answered.
    """

    ingress: int
    egress: int
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrafficPeriod:
    """A row of a time series: a day or a month.

    Attributes
    ----------
    start : datetime
        Its first moment, as the service stamps it.
    max_concurrent_connections : int
        The most connections at once; a peak.
    max_bandwidth_mbps : int
        The highest bandwidth in Mbit/s, floored; a peak.
    ingress, egress : int
        Bytes received and sent by the service.
    extra : dict
        What else the service answered.
    """

    start: datetime
    max_concurrent_connections: int
    max_bandwidth_mbps: int
    ingress: int
    egress: int
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StatusThisMonth:
    """All nine counters of one month so far.

    Attributes
    ----------
    total_connections_this_month, total_sessions_this_month : int
        Connections; sessions.
    total_duration_min_this_month : int
        Minutes; each connection is floored first.
    total_traffic_this_month : Traffic
        Bytes.
    max_concurrent_connections_this_month, max_bandwidth_mbps_this_month : int
        Peaks: connections at once; Mbit/s, floored.
    total_api_requests_this_month, total_sora_api_requests_this_month, total_webhook_requests_this_month : int
        Requests.
    retrieved_at : datetime
        The service's time of the latest of the nine answers.
    extra : dict
        Empty: each answer is a record or a number of its own.
    """

    total_connections_this_month: int
    total_sessions_this_month: int
    total_duration_min_this_month: int
    total_traffic_this_month: Traffic
    max_concurrent_connections_this_month: int
    max_bandwidth_mbps_this_month: int
    total_api_requests_this_month: int
    total_sora_api_requests_this_month: int
    total_webhook_requests_this_month: int
    retrieved_at: datetime
    extra: dict[str, Any] = field(default_factory=dict)


# RICOH Live Streaming


@dataclass(frozen=True, slots=True)
class UsageSubItem:
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
class UsageItem:
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
class LabelUsage:
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
class CostAndUsage:
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


# UiPath


@dataclass(frozen=True, slots=True)
class TenantConsumption:
    """What one tenant consumed.

    Attributes
    ----------
    tenant_id : str
        Its GUID; the tenant may exist no more.
    consumed_from_tenant_pool : Decimal or None
        Units, of those reserved for the tenant.
    consumed_from_org_pool : Decimal or None
        Units, of the organisation's.
    extra : dict
        What else the service answered.
    """

    tenant_id: str
    consumed_from_tenant_pool: Decimal | None
    consumed_from_org_pool: Decimal | None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConsumptionSummary:
    """What an organisation consumed of one kind of unit.

    Attributes
    ----------
    consumed_from_org_without_tenant : Decimal or None
        Units that belong to no tenant.
    tenants : list of TenantConsumption
        A row per tenant.
    extra : dict
        What else the service answered.
    """

    consumed_from_org_without_tenant: Decimal | None
    tenants: list[TenantConsumption]
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceConsumption:
    """What one service consumed on one day.

    Attributes
    ----------
    date : date
        The UTC day.
    service : str or None
        The service's name.
    consumed_amount : Decimal or None
        Units.
    extra : dict
        What else the service answered.
    """

    date: date
    service: str | None
    consumed_amount: Decimal | None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FolderConsumption:
    """What one folder consumed, without its subfolders.

    Attributes
    ----------
    folder_key, folder_name : str or None
        The folder; None for use outside of folders.
    parent_folder_key : str or None
        The folder above it; None at a root.
    consumed_by_self : Decimal or None
        Units.
    process_count_self : int or None
        Processes.
    extra : dict
        What else the service answered.
    """

    folder_key: str | None
    folder_name: str | None
    parent_folder_key: str | None
    consumed_by_self: Decimal | None
    process_count_self: int | None
    extra: dict[str, Any] = field(default_factory=dict)


# deviceWISE


@dataclass(frozen=True, slots=True)
class CounterSeries:
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
class UsageHistory:
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


@dataclass(frozen=True, slots=True)
class OrgUsage:
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
class UsageReport:
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


# Volcengine Live


@dataclass(frozen=True, slots=True)
class LiveUsageRow:
    """A row of a usage call.

    Attributes
    ----------
    time_stamp : datetime or None
        The bucket, with the offset that the service wrote; None where rows have no time.
    values : dict of str to Decimal
        The figures, by name, such as ``{"storage": Decimal("4503380.1")}``; the call's docstring has their units.
    dimensions : dict of str to str
        What else tells the row from others, such as its resolution.
    extra : dict
        What else the service answered.
    """

    time_stamp: datetime | None
    values: dict[str, Decimal]
    dimensions: dict[str, str]
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LiveUsageDetail:
    """The figures for one value of what the rows are split by.

    Attributes
    ----------
    dimensions : dict of str to str
        The value, such as ``{"domain": "live.example.com"}``.
    totals : dict of str to Decimal
        Its totals.
    rows : list of LiveUsageRow
        Its rows.
    extra : dict
        What else the service answered.
    """

    dimensions: dict[str, str]
    totals: dict[str, Decimal]
    rows: list[LiveUsageRow]
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LiveUsage:
    """What a usage call answers; the same for all of them.

    Attributes
    ----------
    start_time, end_time : datetime or None
        The range, as the service echoes it: shorter than asked if it shortened it.
    aggregation : int or None
        The length of a bucket in seconds.
    totals : dict of str to Decimal
        The totals or peaks over the range, by name.
    rows : list of LiveUsageRow
        The rows. The service may leave days without use out; none are invented.
    details : list of LiveUsageDetail
        The same, split; only if the filter that is split by has two or more values.
    pagination : dict or None
        Where a paged answer stands.
    filters : dict
        The filters, as the service echoes them.
    extra : dict
        What else the service answered.
    """

    start_time: datetime | None
    end_time: datetime | None
    aggregation: int | None
    totals: dict[str, Decimal]
    rows: list[LiveUsageRow]
    details: list[LiveUsageDetail]
    pagination: dict[str, Any] | None
    filters: dict[str, Any]
    extra: dict[str, Any] = field(default_factory=dict)
