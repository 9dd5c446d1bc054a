"""Rate cards: what a unit of a meter costs on which days, as the user says it. metertap knows no price of its own."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from metertap.errors import InvalidArgument, WrongType

if TYPE_CHECKING:
    from datetime import tzinfo

__all__ = ["Rate", "RateCard"]

#: The columns of a rate card; whatever stands in others are labels.
COLUMNS = ("meter", "unit", "price", "currency", "start", "end")
NEEDED = COLUMNS[:4]

_THOUSANDS = {f"{prefix}B": 1000**power for power, prefix in enumerate("KMGTPE", 1)}
_KIBIS = {f"{prefix}iB": 1024**power for power, prefix in enumerate("KMGTPE", 1)}
#: Units that measure the same thing, by how many of the smallest each is. Others are priced in their own name only.
_SAME = (
    {"bytes": 1, "B": 1, "kB": 1000, **_THOUSANDS, **_KIBIS},
    {"seconds": 1, "s": 1, "minutes": 60, "min": 60, "hours": 3600, "h": 3600},
)


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of a meter costs, from one day to another.

    Attributes
    ----------
    meter : str
        Such as ``"sora.egress"``.
    unit : str
        What the price is for: the meter's unit, another size of it (``"GB"`` where bytes are counted), or a number of
        either (``"1000 requests"``).
    price : Decimal
        The price of that; a text, an int or a Decimal, but no float, which would not be exact.
    currency : str
        Three letters, such as ``"JPY"``.
    start, end : date or None
        The days for which it holds, half-open; None where it has no beginning, or no end.
    labels : dict of str to str
        The readings that it is for, by their labels, such as ``{"consumable_code": "AIU"}``; of all if left out.

    Examples
    --------
    >>> from metertap.rate_card import Rate
    >>> Rate("sora.egress", "GB", "12.5", "JPY", start="2026-01-01").price
    Decimal('12.5')
    """

    meter: str
    unit: str
    price: Decimal
    currency: str
    start: date | None = None
    end: date | None = None
    labels: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("meter", "unit", "currency"):
            if not isinstance(getattr(self, name), str):
                raise WrongType(f"{name} of a rate must be a str, not {type(getattr(self, name)).__name__}.")
        labels: Any = self.labels
        if not isinstance(labels, Mapping) or not all(
            isinstance(text, str) for item in labels.items() for text in item
        ):
            raise WrongType("labels of a rate must be a dict of texts, such as {'consumable_code': 'AIU'}.")
        if not re.fullmatch("[A-Z]{3}", self.currency):
            raise InvalidArgument(
                f"currency of a rate must be three capital letters such as 'JPY', not {self.currency[:40]!r}."
            )
        _split(self.unit)
        # The one way to set an attribute of a frozen dataclass.
        object.__setattr__(self, "price", _price(self.price))
        object.__setattr__(self, "start", _day(self.start, "start"))
        object.__setattr__(self, "end", _day(self.end, "end"))
        object.__setattr__(self, "labels", dict(self.labels))
        if self.start and self.end and self.start >= self.end:
            raise InvalidArgument(f"a rate of {self.meter} ends on {self.end}, which is not after its start.")

    def holds_on(self, day: date) -> bool:
        """Tell whether the rate is that of a day."""
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)

    def quantity(self, quantity: Decimal, unit: str) -> Fraction:
        """Return a quantity of a meter in what the price is for, exactly."""
        number, priced = _split(self.unit)
        if priced == unit:
            return Fraction(quantity) / number
        for sizes in _SAME:
            if priced in sizes and unit in sizes:
                return Fraction(quantity) * sizes[unit] / sizes[priced] / number
        others = [name for sizes in _SAME if unit in sizes for name in sizes if name != unit]
        advice = f", or by {', '.join(others)}" if others else ""
        raise InvalidArgument(
            f"the rate of {self.meter} is by {self.unit!r}, but the meter counts {unit}: write it by {unit!r}{advice}."
        )

    def _is_for(self, labels: Mapping[str, str | None]) -> bool:
        return all(labels.get(name) == value for name, value in self.labels.items())

    def _name(self) -> str:
        return " ".join([self.meter, *(f"{name}={value}" for name, value in self.labels.items())])


class RateCard:
    """Rates of one currency.

    Parameters
    ----------
    rates : list of Rate or dict
        The rates. A dict has the keys ``meter``, ``unit``, ``price``, ``currency``, and optionally ``start`` and
        ``end``; any other key is a label.

    Raises
    ------
    InvalidArgument
        If a day has two prices, a price is none, or there are several currencies.

    Examples
    --------
    >>> from metertap.rate_card import RateCard
    >>> card = RateCard([
    ...     {"meter": "sora.egress", "unit": "GB", "price": "12", "currency": "JPY", "end": "2026-04-01"},
    ...     {"meter": "sora.egress", "unit": "GB", "price": "11", "currency": "JPY", "start": "2026-04-01"},
    ... ])
    >>> card.currency
    'JPY'
    """

    def __init__(self, rates: Iterable[Rate | Mapping[str, Any]]) -> None:
        if isinstance(rates, (str, Mapping)) or not isinstance(rates, Iterable):
            raise WrongType(f"a rate card is made of a list of rates, not of {type(rates).__name__}.")
        self.rates = [rate if isinstance(rate, Rate) else _rate(rate) for rate in rates]
        if not self.rates:
            raise InvalidArgument("a rate card without a rate prices nothing: leave out rate_card.")
        currencies = sorted({rate.currency for rate in self.rates})
        if len(currencies) > 1:
            raise InvalidArgument(
                f"a rate card has one currency, and this one has {' and '.join(currencies)}: make a card, and an "
                "extract, of each; nothing is converted."
            )
        self.currency = currencies[0]
        self._by_meter: dict[str, list[Rate]] = {}
        for rate in self.rates:
            same = self._by_meter.setdefault(rate.meter, [])
            for other in same:
                if other.labels == rate.labels and _overlap(other, rate):
                    day = max(filter(None, (other.start, rate.start)), default="every day")
                    raise InvalidArgument(f"{rate._name()} has two prices for one day ({day}): end one before it.")
            same.append(rate)

    @classmethod
    def read_csv(cls, path: str | os.PathLike[str]) -> RateCard:
        """Read a card from a CSV file, whose first line names the columns.

        Parameters
        ----------
        path : str or path
            A file in UTF-8 with the columns meter, unit, price and currency, and optionally start and end (days); any
            other column is a label. An empty cell says nothing.
        """
        if not isinstance(path, (str, os.PathLike)):
            raise WrongType(
                f"a rate card is a RateCard, a list of rates or the path of a CSV, not {type(path).__name__}."
            )
        name = ascii(os.fspath(path))[:80]
        try:
            with open(path, encoding="utf-8-sig", newline="") as file:
                rows = list(csv.DictReader(file, strict=True))
        except (OSError, ValueError, csv.Error) as problem:
            reason = getattr(problem, "strerror", None) or "it is no CSV in UTF-8"
            raise InvalidArgument(f"the rate card {name} cannot be read: {reason}.") from None
        rates = []
        for number, row in enumerate(rows, 2):
            if None in row or None in row.values():
                raise InvalidArgument(f"the rate card {name}, row {number}: it has not as many cells as its first row.")
            try:
                rates.append(_rate({key: text for key, text in row.items() if text.strip()}))
            except (InvalidArgument, WrongType) as problem:
                raise type(problem)(f"the rate card {name}, row {number}: {problem}") from None
        return cls(rates)

    def meters(self) -> set[str]:
        """Return the names of the meters that it prices."""
        return set(self._by_meter)

    def check(self, meters: Mapping[str, Mapping[str, Any]]) -> None:
        """Refuse what no reading can ever match, which would look like a price that nobody gave.

        Parameters
        ----------
        meters : dict
            All meters by their names, each with its ``dimensions`` and ``over_labels``.
        """
        import difflib

        for rate in self.rates:
            known = meters.get(rate.meter)
            if known is None:
                near = difflib.get_close_matches(rate.meter, list(meters), 1)
                advice = f"did you mean {near[0]!r}?" if near else "metertap.meters() lists all."
                raise InvalidArgument(f"the rate card prices {rate.meter[:80]!r}, which is no meter: {advice}")
            for label in rate.labels:
                if label not in known["dimensions"]:
                    names = ", ".join(known["dimensions"]) or "none"
                    raise InvalidArgument(
                        f"a rate of {rate.meter} names the label {label[:40]!r}, but its labels are: {names}."
                    )
            if known["over_labels"] == "add_within" and not rate.labels:
                raise InvalidArgument(
                    f"{rate.meter} counts different things by label, so one price for all is none: give the rate one "
                    f"of {', '.join(known['dimensions'])}."
                )

    def find(
        self, meter: str, labels: Mapping[str, str | None], start: datetime, end: datetime, zone: tzinfo
    ) -> Rate | None:
        """Return the rate of a reading, or None if the card has none for its meter and labels.

        Raises
        ------
        InvalidArgument
            If the card has a gap there, two prices, or a price that changes within the reading.
        """
        rates = [rate for rate in self._by_meter.get(meter, ()) if rate._is_for(labels)]
        if not rates:
            return None
        day = start.astimezone(zone).date()
        found = [rate for rate in rates if rate.holds_on(day)]
        if not found:
            raise InvalidArgument(
                f"the rate card has a gap: {rates[0]._name()} has no price for {day}; add a rate for that day."
            )
        if len(found) > 1:
            raise InvalidArgument(
                f"the rate card has two prices for {day}: {' and '.join(rate._name() for rate in found)}; "
                "give each the labels that it is for."
            )
        [rate] = found
        last = max(start, end - timedelta(microseconds=1)).astimezone(zone).date()
        if not rate.holds_on(last):
            raise InvalidArgument(
                f"one figure of {rate._name()} goes from {day} to {last} and the price ends on {rate.end} within it: "
                "plan with ends on that day, or write in tz= where the meter's days begin."
            )
        return rate


def card(given: Any) -> RateCard | None:
    """Return what a caller passed as a rate card."""
    if given is None or isinstance(given, RateCard):
        return given
    return RateCard.read_csv(given) if isinstance(given, (str, os.PathLike)) else RateCard(given)


def _rate(given: Any) -> Rate:
    if not isinstance(given, Mapping):
        raise WrongType(f"a rate must be a Rate or a dict, not {type(given).__name__}.")
    missing = [name for name in NEEDED if name not in given]
    if missing:
        raise InvalidArgument(f"a rate needs {', '.join(NEEDED)}, and this one has no {', '.join(missing)}.")
    labels = {name: value for name, value in given.items() if name not in COLUMNS}
    return Rate(**{name: given[name] for name in COLUMNS if name in given}, labels=labels)


def _split(unit: str) -> tuple[int, str]:
    found = re.fullmatch(r"(?:([1-9][0-9]{0,17}) )?([^\s0-9][^\n]{0,39})", unit)
    if not found:
        raise InvalidArgument(f"unit of a rate must be such as 'GB' or '1000 requests', not {unit[:40]!r}.")
    return int(found[1] or 1), found[2]


def _price(given: Any) -> Decimal:
    if isinstance(given, (bool, float)) or not isinstance(given, (str, int, Decimal)):
        raise WrongType(f"price of a rate must be a text, an int or a Decimal, not {type(given).__name__}.")
    try:
        price = Decimal(given)
    except InvalidOperation:
        raise InvalidArgument(f"price of a rate must be a number such as '12.5', not {str(given)[:40]!r}.") from None
    # A price of more digits than that is a slip of the keyboard, and would take for ever to multiply.
    shown = given if isinstance(given, str) else price  # an int may have more digits than Python writes
    if not price.is_finite() or price < 0 or price.adjusted() > 19 or int(price.as_tuple().exponent) < -30:
        raise InvalidArgument(
            f"price of a rate must be a number from 0 to below 10^20, of 30 digits behind the point at most, not "
            f"{str(shown)[:40]}."
        )
    return price


def _day(given: Any, name: str) -> date | None:
    if given is None:
        return None
    if isinstance(given, str):
        try:
            # Newer Pythons read other forms, too, such as weeks.
            return date.fromisoformat(given if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", given) else "")
        except ValueError:
            raise InvalidArgument(f"{name} of a rate must be a day such as '2026-04-01', not {given[:40]!r}.") from None
    if isinstance(given, datetime) or not isinstance(given, date):
        raise WrongType(f"{name} of a rate must be a date or a text such as '2026-04-01'.")
    return given


def _overlap(one: Rate, other: Rate) -> bool:
    return (one.end is None or other.start is None or other.start < one.end) and (
        other.end is None or one.start is None or one.start < other.end
    )


def __dir__() -> list[str]:
    return sorted(__all__)
