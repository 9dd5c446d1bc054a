"""Records of Sora Cloud."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from metertap.models._flat import Flat

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["StatusThisMonth", "Traffic", "TrafficPeriod"]


@dataclass(frozen=True, slots=True)
class Traffic(Flat):
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
class TrafficPeriod(Flat):
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
class StatusThisMonth(Flat):
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
