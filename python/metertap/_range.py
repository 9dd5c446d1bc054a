"""The range of a question, in the ways that people say it.

``start`` and ``end``; ``start`` alone, which is a whole period (``"2026"``, ``"2026-Q1"``, ``"2026-03"``,
``"2026-W05"``, a `pandas.Period`) or else runs until now; ``since``, which counts back from now (``"7d"``) or says from
when. Plans, fetches, ledgers and the command line all read it here.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any

from metertap import _core
from metertap._zone import zone_of
from metertap.errors import InvalidArgument, WrongType

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["at", "moment", "range_of", "since_of", "window"]

#: What to write for a range, where none or no readable one was given.
WAYS = 'start="2026-03" (that month), start="2026-03-01" (until now), start= and end=, or since="7d"'
PERIOD = re.compile(
    r"(?P<year>[0-9]{4})(?:-?Q(?P<quarter>[0-9])|-W(?P<week>[0-9][0-9])|-(?P<month>[0-9][0-9]))?", re.IGNORECASE
)
DAY = re.compile(r"([0-9]{4})-?([0-9][0-9])-?([0-9][0-9])")
#: How all that can be read begins; the core says what is wrong with the rest of it.
LIKE_A_DATE = re.compile(r"[0-9]{4}-?[0-9]")
BACK = re.compile(r"(?P<count>[0-9]{1,4}) ?(?P<unit>[a-z]+)", re.IGNORECASE)
UNITS = ("h", "d", "w", "mo", "y")


def range_of(start: Any, end: Any, since: Any, *, tz: Any, now: Any) -> tuple[Any, Any, Any]:
    """Return start, end and now of a question, as the core takes them.

    Parameters
    ----------
    start, end, since, tz, now
        As `metertap.plan` takes them.

    Returns
    -------
    tuple
        The two ends of the range ``[start, end)`` and now; that is None if it was not given and nothing hangs on it.

    Raises
    ------
    InvalidArgument
        If there is no range, or two of them, or one that can be read in two ways.
    """
    if since is not None and start is not None:
        raise InvalidArgument("start and since are two starts of one range: leave one of them out.")
    if since is None and start is None:
        raise InvalidArgument(f"a range is needed: write {WAYS}.")
    last = None if end is None else at(_no_period(end), tz, "end")
    told = None if now is None else at(now, tz, "now")
    period = None if start is None else _period(start, "start")
    if period is not None:
        first, after = (_local(day, tz) for day in period)
        return first, after if last is None else last, told
    if since is None and last is not None:
        return at(start, tz, "start"), last, told
    # What runs until now, and what counts back from it, are of the same now as the plan.
    present = datetime.now(timezone.utc).replace(microsecond=0) if told is None else _core.moment(told, "now")
    first = at(start, tz, "start") if since is None else _since(since, present, tz)
    return first, present if last is None else last, present


def window(start: Any, end: Any, since: Any, *, tz: Any, now: Any) -> tuple[datetime, datetime]:
    """Return the two ends of a range in UTC; it must not be empty."""
    first, last, _ = range_of(start, end, since, tz=tz, now=now)
    began, ended = _core.moment(first, "start"), _core.moment(last, "end")
    if ended <= began:
        told = (
            f"the range ends at {ended:%Y-%m-%dT%H:%M:%SZ}, which is not after its start, {began:%Y-%m-%dT%H:%M:%SZ}."
        )
        raise InvalidArgument(told)
    return began, ended


def since_of(since: Any, tz: Any, now: Any = None) -> datetime:
    """Return the moment that ``since`` means, in UTC."""
    present = datetime.now(timezone.utc) if now is None else moment(now, "now", tz)
    return _core.moment(_since(since, present, tz), "since")


def moment(given: Any, name: str, tz: Any = None) -> datetime:
    """Return a moment in UTC."""
    return _core.moment(at(given, tz, name), name)


def at(given: Any, tz: Any, name: str) -> Any:
    """Put a date's midnight where the caller means it; leave everything else to the core."""
    given = _unboxed(given, name)
    if isinstance(given, str):
        text = given.strip()
        back = BACK.fullmatch(text)
        if back and back["unit"].lower() in UNITS and name in ("start", "end"):
            raise InvalidArgument(f"{name} {text!r} counts back from now: write since={text!r}.")
        if not LIKE_A_DATE.match(text):
            raise InvalidArgument(_unread(name, text[:40]))
        if len(text) <= 10:
            try:
                given = date(*map(int, DAY.fullmatch(text).groups()))  # type: ignore[union-attr]
            except (AttributeError, ValueError):
                raise InvalidArgument(_unread(name, text)) from None
        elif tz is not None and (naive := _naive_text(text)) is not None:
            told = naive.replace(tzinfo=zone_of(tz)).isoformat()
            raise InvalidArgument(f'{name} {text!r} has no UTC offset, and tz= is for dates only: write "{told}".')
    if isinstance(given, date) and not isinstance(given, datetime):
        return _local(given, tz)
    if isinstance(given, datetime) and tz is not None and _is_naive(given):
        raise InvalidArgument(
            f"{name} is a datetime without a zone, and tz= is for dates only: write {_aware(given, tz)}."
        )
    return given


def _unread(name: str, text: str) -> str:
    """Say what can be written in place of a short text that means nothing."""
    moments = '"2026-03-01" or "2026-03-01T09:00Z"'
    if name == "since":
        back = '"24h", "7d", "2w", "3mo" or "1y"'
        return f"{name} {text!r} means nothing here: write {back}, or from when on, as {moments}."
    if name == "start":
        periods = '"2026-03", "2026-Q1", "2026-W05" or "2026"'
        return f"{name} {text!r} is neither a date nor a period: write {moments}, or for a period {periods}."
    return f"{name} {text!r} is no date: write {moments}."


def _local(day: date | datetime, tz: Any) -> Any:
    """Return a day's midnight, or a local time; without a zone a day is for the core to read."""
    if isinstance(day, datetime):
        return day.replace(tzinfo=zone_of(tz))
    return day if tz is None else datetime.combine(day, time(), tzinfo=zone_of(tz))


def _unboxed(given: Any, name: str) -> Any:
    """Return numpy's moments as texts: they have no zone, so that only dates and periods can be taken."""
    if type(given).__name__ != "datetime64" or type(given).__module__ != "numpy":
        return given
    text = str(given)
    if len(text) > 10:
        wanted = f'pandas.Timestamp({name}, tz="UTC")'
        raise InvalidArgument(f"{name} is a numpy.datetime64, which has no zone: write {wanted}, or in its own zone.")
    if text == "NaT":
        raise InvalidArgument(f"{name} is NaT, which is no moment.")
    return text


def _naive_text(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is None else None


def _is_naive(given: datetime) -> bool:
    try:
        return given == given and given.utcoffset() is None  # pandas.NaT calls itself a datetime, and equals nothing
    except Exception:  # a zone of the caller's that does not work, which the core tells
        return False


def _aware(given: datetime, tz: Any) -> str:
    if type(given).__name__ == "Timestamp":
        return f'pandas.Timestamp("{given}", tz={str(tz)!r})'
    parts = [given.year, given.month, given.day, given.hour, given.minute, given.second, given.microsecond]
    while len(parts) > 3 and parts[-1] == 0:
        parts.pop()
    zone = f"ZoneInfo({tz!r})" if isinstance(tz, str) else "tz"
    return f"datetime({', '.join(map(str, parts))}, tzinfo={zone})"


def _is_period_of_pandas(given: Any) -> bool:
    return type(given).__name__ == "Period" and type(given).__module__.partition(".")[0] == "pandas"


def _period(given: Any, name: str) -> tuple[date, date] | None:
    """Return the first day of a period and that after its last one, or None if it is none."""
    if _is_period_of_pandas(given):
        first, after = given.start_time.to_pydatetime(), (given + 1).start_time.to_pydatetime()
        whole = not any((first.hour, first.minute, first.second, first.microsecond)) and given.freqstr not in ("h", "H")
        return (first.date(), after.date()) if whole and after.time() == time() else (first, after)
    if isinstance(given, int) and not isinstance(given, bool) and 1000 <= given <= 9999:
        raise WrongType(f'{name} must be a text, a date or a datetime, not int: for the year write {name}="{given}".')
    given = _unboxed(given, name)
    found = PERIOD.fullmatch(given.strip()) if isinstance(given, str) else None
    if found is None:
        return None
    year = int(found["year"])
    try:
        if found["week"]:
            monday = date.fromisocalendar(year, int(found["week"]), 1)
            return monday, monday + timedelta(days=7)
        quarter = int(found["quarter"] or 0)
        if found["quarter"] and not 1 <= quarter <= 4:
            raise ValueError
        month = quarter * 3 - 2 if quarter else int(found["month"] or 1)
        months = 3 if quarter else 1 if found["month"] else 12
        return date(year, month, 1), _later(date(year, month, 1), months)
    except (ValueError, OverflowError):
        raise InvalidArgument(f"{name} {given.strip()!r} is no period that there is.") from None


def _no_period(end: Any) -> Any:
    """Refuse a period as an end: some mean that it is in the range, and some that it is not."""
    period = _period(end, "end")
    if period is None:
        return end
    (first, after), told = (f"{day:%Y-%m-%d}" for day in period), str(_unboxed(end, "end")).strip()
    raise InvalidArgument(
        f"end {told!r} can be read in two ways: write {after} to have it in the range, or {first} not to."
    )


def _since(since: Any, now: datetime, tz: Any) -> Any:
    """Return from when on, as the core takes it."""
    if isinstance(since, timedelta):
        if since < timedelta(0):
            raise InvalidArgument("since counts back from now, and must not be negative.")
        return _sound(lambda: now - since, "since")
    since = _unboxed(since, "since")
    if not (isinstance(since, (str, date)) or _is_period_of_pandas(since)):
        wanted = "a text such as '7d', a date, an aware datetime or a timedelta"
        raise WrongType(f"since must be {wanted}, not {type(since).__name__}.")
    text = since.strip() if isinstance(since, str) else ""
    back = BACK.fullmatch(text)
    if back is None:
        period = _period(since, "since")
        if period is not None:
            return _local(period[0], tz)
        found = at(since, tz, "since")
        if isinstance(found, str):
            _core.moment(found, "since")  # which the core would be told of as start
        return found
    count, unit = int(back["count"]), back["unit"].lower()
    if unit not in UNITS:
        hint = f"; for months write {count}mo" if unit.startswith("m") else ""
        raise InvalidArgument(f"since {text!r} must end in h, d, w, mo or y, such as 24h, 7d or 3mo{hint}.")
    return _sound(lambda: _back(count, unit, now, tz), f"since {text!r}")


def _back(count: int, unit: str, now: datetime, tz: Any) -> Any:
    """Return the beginning of the hour or the day that is so far back, by the calendar of the zone."""
    try:
        local = now.astimezone(zone_of(tz))
    except (InvalidArgument, OverflowError):
        raise
    except Exception as problem:  # whatever a zone of the caller's raises
        raise InvalidArgument(f"tz does not work: it raised {type(problem).__name__}.") from problem
    if unit == "h":
        return now - timedelta(hours=count, minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    if unit in ("d", "w"):
        return _local(local.date() - timedelta(days=count * (7 if unit == "w" else 1)), tz)
    return _local(_later(local.date(), -count * (12 if unit == "y" else 1)), tz)


def _sound(reckon: Callable[[], Any], what: str) -> Any:
    try:
        return reckon()
    except InvalidArgument:
        raise
    except (OverflowError, ValueError):
        raise InvalidArgument(f"{what} would begin before the year 1.") from None


def _later(day: date, months: int) -> date:
    """Return the same day so many months later, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
