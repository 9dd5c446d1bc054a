"""Time zones: by name or as a `tzinfo`, and how the core is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metertap.errors import InvalidArgument, WrongType

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta, tzinfo

__all__ = ["told_zone", "zone_of"]


def told_zone(tz: str | tzinfo | None) -> str | list[tuple[int, int]]:
    """Return a time zone as the core wants it told: a name as it is, anything else by its offsets.

    A `tzinfo` is asked, never judged by its name: from 1990 to 2069, each offset in seconds with the second of the
    epoch from which on it holds.
    """
    from datetime import datetime, timedelta, timezone, tzinfo

    if tz is None:
        return "UTC"
    if isinstance(tz, str):
        return tz
    if not isinstance(tz, tzinfo):
        raise WrongType(f"tz must be a str such as 'Asia/Tokyo' or a tzinfo, not {type(tz).__name__}.")
    if isinstance(tz, timezone):
        return [(0, _seconds(tz.utcoffset(None)))]
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)

    def offset(second: int) -> int:
        try:
            offset = (epoch + timedelta(seconds=second)).astimezone(tz).utcoffset()
        except Exception as problem:  # whatever the zone raises
            raise InvalidArgument(f"tz does not work: it raised {type(problem).__name__}.") from problem
        return _seconds(offset)

    first, last, step = FIRST_ASKED, LAST_ASKED, 14 * 86_400
    told = [(first, offset(first))]
    for probe in range(first + step, last, step):
        if offset(probe) != told[-1][1]:
            told.append(_change(offset, probe - step, probe))
    return told


#: Between which seconds of the epoch a time zone is asked for its offsets: the years 1990 to 2069.
FIRST_ASKED, LAST_ASKED = 631_152_000, 3_155_760_000


def _seconds(offset: timedelta | None) -> int:
    if offset is None:
        raise InvalidArgument("tz has no UTC offset; pass a name such as 'Asia/Tokyo'.")
    return round(offset.total_seconds())


def _change(offset: Callable[[int], int], before: int, after: int) -> tuple[int, int]:
    """Return the second at which the offset of `after` begins to hold, and that offset."""
    wanted = offset(after)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if offset(middle) == wanted else (middle, after)
    return after, wanted


def zone_of(tz: Any) -> tzinfo:
    """Return the zone that was named; UTC if none was."""
    from datetime import timezone, tzinfo
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if tz is None:
        return timezone.utc
    if isinstance(tz, tzinfo):
        return tz
    if not isinstance(tz, str):
        raise WrongType(f"tz must be a str such as 'Asia/Tokyo' or a tzinfo, not {type(tz).__name__}.")
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a name too long for a file, or of a folder
        raise InvalidArgument(f"there is no time zone {tz[:60]!r}; write for example 'Asia/Tokyo'.") from None
