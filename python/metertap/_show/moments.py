"""Moments as people read them: in the zone of the question, as short as they all allow."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

#: A zone as the core tells it: by its name, or by its offsets, each with the second from which on it holds.
Told: TypeAlias = str | list[tuple[int, int]]

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Offsets(tzinfo):
    """A zone that is known by its offsets only."""

    def __init__(self, told: list[tuple[int, int]]) -> None:
        self.told = told

    def _at(self, seconds: float) -> timedelta:
        place = bisect_right([since for since, _ in self.told], seconds) - 1
        return timedelta(seconds=self.told[max(place, 0)][1])

    def fromutc(self, moment: datetime) -> datetime:
        """Return a moment, which says this zone and means UTC, in this zone."""
        return moment + self._at((moment.replace(tzinfo=timezone.utc) - EPOCH).total_seconds())

    def utcoffset(self, moment: datetime | None) -> timedelta:
        """Return the offset that holds at a moment of this zone."""
        if moment is None:
            return self._at(0)
        local = (moment.replace(tzinfo=timezone.utc) - EPOCH).total_seconds()
        return self._at(local - self._at(local).total_seconds())

    def dst(self, moment: datetime | None) -> timedelta:
        """Return nothing: what of an offset is daylight saving is not known."""
        return timedelta(0)

    def tzname(self, moment: datetime | None) -> str:
        """Return the offset as text."""
        return timezone(self.utcoffset(moment)).tzname(None)


def zone(told: Told) -> tzinfo:
    """Return the zone; UTC where the machine does not know its name."""
    if not isinstance(told, str):
        return Offsets(told)
    if told == "UTC":
        return timezone.utc
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(told)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return timezone.utc


def zone_name(told: Told) -> str:
    """Return the name of the zone that `zone` returns."""
    found = zone(told)
    if isinstance(found, Offsets):
        return found.tzname(None) if len(found.told) == 1 else "the zone of tz="
    return told if isinstance(told, str) and found is not timezone.utc else "UTC"


def written(moments: Iterable[datetime | None], where: tzinfo) -> list[str | None]:
    """Return moments of one column as texts of one form: days if all are midnights, else minutes, or seconds."""
    local = [None if moment is None else moment.astimezone(where) for moment in moments]
    form = _form([moment for moment in local if moment is not None])
    return [None if moment is None else f"{moment:{form}}" for moment in local]


def stretch(start: datetime, end: datetime, where: tzinfo) -> str:
    """Return a stretch of time in words."""
    first, last = written([start, end], where)
    return f"{first} to {last}"


def _form(moments: list[datetime]) -> str:
    if any(moment.second or moment.microsecond for moment in moments):
        return "%Y-%m-%d %H:%M:%S"
    return "%Y-%m-%d %H:%M" if any(moment.hour or moment.minute for moment in moments) else "%Y-%m-%d"
