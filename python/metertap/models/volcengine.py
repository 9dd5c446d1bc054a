"""Records of Volcengine Live."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from metertap.models._flat import Flat

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

__all__ = ["LiveUsage", "LiveUsageDetail", "LiveUsageRow"]


@dataclass(frozen=True, slots=True)
class LiveUsageRow(Flat):
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
class LiveUsageDetail(Flat):
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
class LiveUsage(Flat):
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
