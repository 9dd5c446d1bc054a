"""Numbers as people read them: without idle zeros, and with the prefix of their unit that fits."""

from __future__ import annotations

from decimal import Decimal

#: So many digits behind the point are shown; an ellipsis shows that there are more.
PLACES = 6
#: Units that differ by powers of 1000, and of 1024; no unit is in two ladders, so GB and GiB never mix.
LADDERS = (
    (1000, ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")),
    (1024, ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")),
    (1000, ("bps", "kbps", "Mbps", "Gbps", "Tbps", "Pbps")),
)
#: For what is counted, and has no prefixes of its own.
WORDS = ("", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion")


def trimmed(number: Decimal) -> str:
    """Return a number with thousands separators and without idle zeros.

    Examples
    --------
    >>> trimmed(Decimal("1234.500000000000000000")), trimmed(Decimal("0.333333333333333333"))
    ('1,234.5', '0.333333…')
    """
    whole, _, fraction = f"{number:,f}".partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) > PLACES:
        return f"{whole}.{fraction[:PLACES]}…"
    return f"{whole}.{fraction}" if fraction else whole


def scale(largest: Decimal | float, unit: str) -> tuple[Decimal, str]:
    """Return by what to divide numbers of a unit, so that the largest is read easily, and what they are then.

    Examples
    --------
    >>> scale(21_563_851_466, "bytes"), scale(3000, "GiB")
    ((Decimal('1000000000'), 'GB'), (Decimal('1024'), 'TiB'))
    >>> scale(20_000, "calls"), scale(7, "calls")
    ((Decimal('1000'), 'thousand calls'), (Decimal('1'), 'calls'))
    """
    size = abs(Decimal(largest))
    for base, names in LADDERS:
        if unit in names:
            place = own = names.index(unit)
            while place + 1 < len(names) and size >= base:
                size, place = size / base, place + 1
            while place > 0 and 0 < size < 1:
                size, place = size * base, place - 1
            return Decimal(base) ** (place - own), names[place]
    # A year of four digits and a count of nine thousand are read as they are.
    place = 0
    while place + 1 < len(WORDS) and size >= (10_000 if place == 0 else 1000):
        size, place = size / 1000, place + 1
    return Decimal(1000) ** place, f"{WORDS[place]} {unit}".strip()


def short(number: Decimal, unit: str) -> str:
    """Return a number in three digits or so, with its unit.

    Examples
    --------
    >>> short(Decimal("4395538228077"), "bytes"), short(Decimal(35), "connections"), short(Decimal("33458.3"), "units")
    ('4.4 TB', '35 connections', '33.5 thousand units')
    """
    factor, name = scale(number, unit)
    return f"{digits(float(number / factor))} {name}".strip()


def digits(number: float) -> str:
    """Return a number in three digits or so."""
    size = abs(number)
    if size >= 100:
        return f"{number:,.0f}"
    text = f"{number:.1f}" if size >= 10 else f"{number:.2f}" if size >= 0.1 or size == 0 else f"{number:.3g}"
    return text if "e" in text else text.rstrip("0").rstrip(".") if "." in text else text
