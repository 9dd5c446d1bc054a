"""FOCUS: usage in the columns of the FinOps Open Cost and Usage Specification.

A service that tells usage and no invoice cannot fill a FOCUS dataset: four cost columns must not be null there, and a
zero in place of what nobody knows is forbidden as well. So what comes of it is an extract, which says of itself that it
is no conformant dataset, and of which rules it breaks.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from metertap import _core
from metertap._extras import needed
from metertap._files import place
from metertap._given import flag
from metertap._zone import zone_of
from metertap.errors import InvalidArgument, WrongType
from metertap.rate_card import Rate, RateCard, card

if TYPE_CHECKING:
    from fractions import Fraction

    import pandas as pd
    import polars as pl

    from metertap.usage import Usage

__all__ = ["FAILING_RULES", "LINEAGE", "VERSIONS", "VIEWS", "Extract", "extract"]

#: The versions of FOCUS whose columns are known here. Newer ones are ratified; their rules could not be tried.
VERSIONS = ("1.2",)

#: What each column is made of: its type, and where its values come from.
LINEAGE: dict[str, tuple[str, str]] = {
    "BilledCost": ("decimal", "`PricingQuantity` × the price of the rate card; else null. An estimate, no invoice"),
    "BillingAccountId": ("text", "`billing_account_id=`; else null"),
    "BillingAccountName": ("text", "`billing_account_name=`; else null"),
    "BillingCurrency": ("text", "the rate card, where it has a price; else null"),
    "BillingPeriodEnd": ("moment", "the end of that month"),
    "BillingPeriodStart": ("moment", "derived: the calendar month of `tz=` in which the reading starts"),
    "ChargeCategory": ("text", "`Usage`, always"),
    "ChargeClass": ("text", "null, always: nothing here is a correction of a closed period"),
    "ChargeDescription": ("text", "what the catalogue says of the meter"),
    "ChargeFrequency": ("text", "`Usage-Based`, always"),
    "ChargePeriodEnd": ("moment", "`end` of the reading, up to a whole second; of a counter, when it was read"),
    "ChargePeriodStart": ("moment", "`start` of the reading, down to a whole second"),
    "CommitmentDiscountStatus": ("text", "null, always: no service here tells of commitments"),
    "ConsumedQuantity": ("decimal", "`quantity` of the reading"),
    "ConsumedUnit": ("text", "`unit` of the reading, as FOCUS writes it (`bytes` is `B`, `minutes` is `Minutes`)"),
    "ContractedCost": ("decimal", "as `BilledCost`"),
    "EffectiveCost": ("decimal", "as `BilledCost`"),
    "InvoiceId": ("text", "null, always: no service here tells of invoices"),
    "InvoiceIssuerName": ("text", "`invoice_issuer_name=`; else null"),
    "ListCost": ("decimal", "as `BilledCost`"),
    "PricingQuantity": ("decimal", "`quantity` in the unit of the rate card, where it has a price; else null"),
    "PricingUnit": ("text", "that unit, as FOCUS writes it; else null"),
    "ProviderName": ("text", "a constant of the provider"),
    "PublisherName": ("text", "the same constant"),
    "ServiceCategory": ("text", "a constant of the provider; `Other` for one that is a document"),
    "ServiceName": ("text", "the provider's title"),
    "ServiceSubcategory": ("text", "a constant of the provider"),
    "x_Account": ("text", "`account` of the reading"),
    "x_ApproximateCost": ("decimal", "`cost` of the reading: what the provider states, and calls approximate"),
    "x_ApproximateCostCurrency": ("text", "`currency` of the reading"),
    "x_CallId": ("text", "`call_id` of the reading, the key into evidence"),
    "x_CostBasis": ("text", "`user_rate_card`, `provider_approximate` or `none`"),
    "x_Flags": ("text", "`flags` of the reading; `rounded` too where a product has more than 18 digits"),
    "x_IsPartial": (
        "flag",
        "true for counters of the month so far, for `provisional` readings, and with the flags `partial_bucket`, "
        "`partial_period`, `lower_bound` or `ambiguous_month`; false if `settled`; else null",
    ),
    "x_Labels": ("text", "the labels of the reading, a JSON object; null if there are none"),
    "x_SourceMeter": ("text", "`meter` of the reading"),
}

COSTS = ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")

#: The rules of FOCUS 1.2 that focus-validator 2.2.1 finds broken, by what breaks them: a column that has a null,
#: "reseller" (an invoice issuer that is not the provider), or "always". Each with its reason. `make focus` runs the
#: validator, and compares.
FAILING_RULES: dict[str, dict[str, str]] = {
    "always": {
        "InvoiceId-C-005-C": "no service here tells of invoices; the rule is one half of an either-or, so that a null "
        "fails it even where no invoice was issued",
    },
    "BilledCost": {
        "BilledCost-C-003-M": "a row without a price has no cost, and a zero would be a lie",
        "BilledCost-C-000-M": "holds the rule above",
    },
    "BillingAccountId": {
        "BillingAccountId-C-001-M": "no service tells it, and billing_account_id= was not given",
        "BillingAccountId-C-000-M": "holds the rule above",
    },
    "BillingCurrency": {
        "BillingCurrency-C-004-M": "a row without a price has no currency",
        "BillingCurrency-C-000-M": "holds the rule above",
    },
    "ContractedCost": {
        "ContractedCost-C-003-M": "a row without a price has no cost, and a zero would be a lie",
        "ContractedCost-C-004-M": "null is no decimal",
        "ContractedCost-C-000-M": "holds the two above",
    },
    "EffectiveCost": {
        "EffectiveCost-C-003-M": "a row without a price has no cost, and a zero would be a lie",
        "EffectiveCost-C-004-M": "null is no decimal",
    },
    "InvoiceIssuerName": {
        "InvoiceIssuerName-C-003-M": "no service tells it, and invoice_issuer_name= was not given",
        "InvoiceIssuerName-C-000-M": "holds the rule above",
    },
    "ListCost": {
        "ListCost-C-003-M": "a row without a price has no cost, and a zero would be a lie",
        "ListCost-C-004-M": "null is no decimal",
    },
    "reseller": {
        "BilledCost-C-005-C": "the issuer is not the provider, and FOCUS wants a zero where another one is paid; the "
        "price of the rate card stays",
        "BilledCost-C-000-M": "holds the rule above",
    },
}

#: Meters that tell the same usage in different views, best first; only one of them becomes rows. Behind them: the
#: labels within which that is so, where they are not the whole account.
VIEWS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("sora.ingress", "sora.project_daily_ingress", "sora.project_monthly_ingress", "sora.total_ingress"), ()),
    (("sora.egress", "sora.project_daily_egress", "sora.project_monthly_egress", "sora.total_egress"), ()),
    # The item before its parts, since the provider states the cost of the item only.
    (("ricoh.bitrate_reservation_total", "ricoh.bitrate_reservation"), ()),
    (
        ("uipath.service_consumption", "uipath.consumption", "uipath.folder_consumption"),
        ("consumable_code", "tenant_id"),
    ),
    (("volcengine.up_traffic", "volcengine.edge_up_traffic", "volcengine.metric_up_traffic"), ()),
    (("volcengine.down_traffic", "volcengine.edge_down_traffic", "volcengine.metric_down_traffic"), ()),
    (("volcengine.edge_requests", "volcengine.session_requests", "volcengine.status_code_requests"), ()),
)

#: Provider, service, category and subcategory, in the words that FOCUS allows.
SERVICES = {
    "sora": ("Shiguredo", "Sora Cloud", "Media", "Media Streaming"),
    "ricoh": ("RICOH", "RICOH Live Streaming", "Media", "Media Streaming"),
    "uipath": ("UiPath", "UiPath", "Business Applications", "Other (Business Applications)"),
    "devicewise": ("deviceWISE", "deviceWISE", "Internet of Things", "IoT Platforms"),
    "volcengine": ("Volcengine", "Volcengine Live", "Media", "Media Streaming"),
}

#: Units that FOCUS writes in another way than with a capital.
UNITS = {"bytes": "B", "kB": "KB", "s": "Seconds", "min": "Minutes", "h": "Hours"}
PARTIAL = {"partial_bucket", "partial_period", "lower_bound", "ambiguous_month"}
#: The columns of a reading that are no labels.
FIXED = {"provider", "account", "meter", "start", "end", "quantity", "unit", "kind", "status", "cost", "currency"}
FIXED |= {"flags", "call_id", "fetched_at"}
#: The longest bucket: a local day on which clocks go back.
BUCKET = timedelta(hours=25)
#: How many rows become Python objects at a time.
BATCH = 10_000
SHOWN = 10
#: In a print, what tells most; the rest is there all the same.
PRINTED = (
    *("ChargePeriodStart", "x_SourceMeter", "ConsumedQuantity", "ConsumedUnit", "BilledCost", "BillingCurrency"),
    *("x_ApproximateCost", "x_CostBasis", "x_IsPartial"),
)


class Extract:
    """Usage in the columns of FOCUS. It is no conformant dataset, and says so.

    Attributes
    ----------
    version : str
        The version of FOCUS.
    is_conformant : bool
        False, always.
    statement : str
        What it is, in words that belong beside every file made of it.
    left_out : list of dict
        What did not become rows: account, meter, how many readings, and the reason.
    failing_rules : dict of str to str
        The rules of FOCUS that it breaks, each with the reason.
    lineage : dict of str to str
        Where the values of each column come from.

    Examples
    --------
    >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
    >>> usage.to_focus().statement.split(";")[0]
    'A usage extract in the columns of FOCUS 1.2'
    """

    is_conformant = False
    lineage: Mapping[str, str] = MappingProxyType({name: source for name, (_, source) in LINEAGE.items()})

    def __init__(self, version: str, rows: list[dict[str, Any]], left_out: list[dict[str, Any]], lacks: str) -> None:
        self.version = version
        self.left_out = left_out
        self._rows = rows
        self.failing_rules = {
            rule: reason
            for column, rules in FAILING_RULES.items()
            if _breaks(column, rows)
            for rule, reason in rules.items()
        }
        costs = {row["x_CostBasis"] for row in rows}
        priced = "Costs are estimates from a rate card, and no invoice. " if "user_rate_card" in costs else ""
        self.statement = (
            f"A usage extract in the columns of FOCUS {version}; not a conformant FOCUS dataset. {priced}{lacks}"
        ).strip()

    @property
    def columns(self) -> list[str]:
        """The names of the columns; those of metertap begin with ``x_``.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> usage.to_focus().columns[0]
        'BilledCost'
        """
        return list(LINEAGE)

    def __len__(self) -> int:
        return len(self._rows)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return a dict for each row: numbers are `decimal.Decimal`, moments are aware, unknown is None.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> print(usage.to_focus().to_dicts()[0]["BilledCost"])
        None
        """
        return [dict(row) for row in self._rows]

    def to_arrow(self) -> Any:
        """Return a `pyarrow.Table`, with decimal128(38, 18), and the statement in its metadata; needs ``arrow``.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> usage.to_focus().to_arrow().column_names[0]
        'BilledCost'
        """
        pa = needed("pyarrow", "arrow")
        types = {
            "text": pa.string(),
            "decimal": pa.decimal128(38, 18),
            "moment": pa.timestamp("us", "UTC"),
            "flag": pa.bool_(),
        }
        fields = [(name, types[kind]) for name, (kind, _) in LINEAGE.items()]
        about = {"focus_version": self.version, "is_conformant": "false", "statement": self.statement}
        return pa.Table.from_pylist(self._rows, schema=pa.schema(fields, metadata=about))

    def to_pandas(self, *, exact: bool = False) -> pd.DataFrame:
        """Return a `pandas.DataFrame`; needs the extra ``pandas``.

        Parameters
        ----------
        exact : bool, default False
            Keep numbers as `decimal.Decimal`; else they become the nearest float64.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> len(usage.to_focus().to_pandas()) > 0
        True
        """
        needed("pandas", "pandas")
        table = self.to_arrow()
        if not flag("exact", exact):
            pa = needed("pyarrow", "pandas")
            fields = [pa.field(f.name, pa.float64()) if pa.types.is_decimal(f.type) else f for f in table.schema]
            table = table.cast(pa.schema(fields))
        frame: pd.DataFrame = table.to_pandas()
        return frame

    def to_polars(self) -> pl.DataFrame:
        """Return a `polars.DataFrame`; needs the extras ``polars`` and ``arrow``.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> usage.to_focus().to_polars().height > 0
        True
        """
        frame: pl.DataFrame = needed("polars", "polars").DataFrame(self.to_arrow())
        return frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export the extract as an Arrow C stream; needs the extra ``arrow``."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def write_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a CSV file as FOCUS wants it: UTF-8, exact numbers, moments in UTC with a Z, nothing for null.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> usage.to_focus().write_csv("focus.csv")
        """
        from metertap._table import csv_lines

        with place(path) as name, open(name, "w", encoding="utf-8", newline="") as file:
            csv_lines(file, self.columns, self._rows)

    def write_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write a Parquet file; needs the extra ``arrow``.

        Examples
        --------
        >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
        >>> usage.to_focus().write_parquet("focus.parquet")
        """
        needed("pyarrow", "arrow")
        with place(path) as name:
            needed("pyarrow.parquet", "arrow").write_table(self.to_arrow(), name)

    def _rest(self) -> str:
        return f"… and {len(self) - SHOWN:,} more rows" if len(self) > SHOWN else f"{len(self):,} rows"

    def _head(self) -> list[list[Any]]:
        return [[row[name] for name in PRINTED] for row in self._rows[:SHOWN]]

    def __repr__(self) -> str:
        from metertap._table import text

        return f"{text(PRINTED, self._head())}\n{self._rest()}; {len(LINEAGE)} columns; {self.statement}"

    def _repr_html_(self) -> str:
        from metertap._show.rows import listed
        from metertap._show.tables import shown

        return shown(listed(PRINTED, self._head()), [self._rest(), f"{len(LINEAGE)} columns", self.statement])


def _breaks(what: str, rows: list[dict[str, Any]]) -> bool:
    """Tell whether rows break the rules that a column, or "reseller", stands for."""
    if what == "reseller":
        return any(row["BilledCost"] and row["InvoiceIssuerName"] not in (None, row["ProviderName"]) for row in rows)
    return what == "always" or any(row[what] is None for row in rows)


def extract(
    usage: Usage,
    version: str = "1.2",
    rate_card: Any = None,
    *,
    meters: Iterable[str] | None = None,
    billing_account_id: str | Mapping[str, str] | None = None,
    billing_account_name: str | Mapping[str, str] | None = None,
    invoice_issuer_name: str | Mapping[str, str] | None = None,
    tz: str | tzinfo = "UTC",
) -> Extract:
    """Return a usage in the columns of FOCUS; see `metertap.Usage.to_focus`, which is the same.

    Examples
    --------
    >>> usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
    >>> from metertap.focus import extract
    >>> len(extract(usage)) > 0
    True
    """
    if not isinstance(getattr(usage, "_core", None), _core.Usage):
        raise WrongType(f"usage must be what metertap.fetch returns, not {type(usage).__name__}.")
    if not isinstance(version, str):
        raise WrongType(f"version must be a str such as '1.2', not {type(version).__name__}.")
    if version not in VERSIONS:
        raise InvalidArgument(
            f"FOCUS {version[:20]!r} is not known: write version={VERSIONS[-1]!r}, the newest whose rules were tried."
        )
    prices = card(rate_card)
    zone = zone_of(tz)
    catalogue = {meter["name"]: meter for meter in _core.meters()}
    if prices:
        prices.check(catalogue)
    configured = {
        "BillingAccountId": _by_account("billing_account_id", billing_account_id),
        "BillingAccountName": _by_account("billing_account_name", billing_account_name),
        "InvoiceIssuerName": _by_account("invoice_issuer_name", invoice_issuer_name),
    }
    rows = list(_rows_of(usage))
    kept, left_out = _chosen(rows, prices, _named(meters, rows), zone)
    common: dict[tuple[str, str, str], dict[str, Any]] = {}
    made = []
    for row in kept:
        key = (row["account"], row["meter"], row["unit"])
        if key not in common:
            common[key] = _common(row, catalogue, configured)
        made.append(_made(row, common[key], prices, zone))
    return Extract(version, made, left_out, _lacks(usage))


def _rows_of(usage: Usage) -> Iterable[dict[str, Any]]:
    table = usage._table
    for start in range(0, len(usage), BATCH):
        yield from table.to_dicts(start, start + BATCH)


def _named(meters: Iterable[str] | None, rows: list[dict[str, Any]]) -> set[str] | None:
    if meters is None:
        return None
    names = {meters} if isinstance(meters, str) else set(meters)
    unknown = sorted(names - {row["meter"] for row in rows})
    if unknown:
        raise InvalidArgument(f"the usage has no reading of {unknown[0][:80]!r}: name meters that it has.")
    for views, _ in VIEWS:
        same = [name for name in views if name in names]
        if len(same) > 1:
            raise InvalidArgument(f"{' and '.join(same)} tell the same usage, which would count twice: name one.")
    return names


def _chosen(
    rows: list[dict[str, Any]], prices: RateCard | None, named: set[str] | None, zone: tzinfo
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the readings that become rows, and what is left out with its reasons."""
    priced = prices.meters() if prices else set()
    best: dict[tuple[Any, ...], str] = {}
    spans: dict[tuple[Any, ...], dict[str, tuple[datetime, datetime]]] = {}
    latest: dict[tuple[Any, ...], Any] = {}
    wanted = [row for row in rows if named is None or row["meter"] in named]
    for row in wanted:
        key, rank = _view(row, priced, zone)
        if key:
            first, last = row["start"], max(row["start"], min(row["end"], row["fetched_at"]))
            of_it = spans.setdefault(key, {})
            known = of_it.get(row["meter"], (first, last))
            of_it[row["meter"]] = min(known[0], first), max(known[1], last)
        if key and (key not in best or rank < _view({**row, "meter": best[key]}, priced, zone)[1]):
            best[key] = row["meter"]
        if row["kind"] == "cumulative" and row["start"]:
            series = _series(row)
            latest[series] = max(latest.get(series, row["end"]), row["end"])
    for key, of_it in spans.items():
        _refuse_halves(key, best[key], of_it)
    kept: list[dict[str, Any]] = []
    counts: dict[tuple[str, str, str], int] = {}
    for row in rows:
        reason = "not named in meters=" if named is not None and row["meter"] not in named else _unfit(row)
        if not reason:
            key, _ = _view(row, priced, zone)
            if key and best[key] != row["meter"]:
                reason = f"the same usage as {best[key]}, which would count twice"
            elif row["kind"] == "cumulative" and row["end"] != latest[_series(row)]:
                reason = "a later reading of the same counter and month is there"
        if reason:
            what = (row["account"], row["meter"], reason)
            counts[what] = counts.get(what, 0) + 1
        else:
            kept.append(row)
    return kept, [
        {"account": account, "meter": meter, "readings": count, "reason": reason}
        for (account, meter, reason), count in counts.items()
    ]


def _refuse_halves(key: tuple[Any, ...], best: str, spans: Mapping[str, tuple[datetime, datetime]]) -> None:
    """Refuse views of one month of which the best does not tell what another one does."""
    start, end = spans[best]
    for other, (first, last) in spans.items():
        # A running day and the moment of a counter end within a day of each other.
        if first < start - BUCKET or last > end + BUCKET:
            raise InvalidArgument(
                f"{best} tells {start:%Y-%m-%d} to {end:%Y-%m-%d} of {key[1]} and {other} {first:%Y-%m-%d} to "
                f"{last:%Y-%m-%d}, and both tell the same usage of one month: name one of them with meters=."
            )


def _view(row: dict[str, Any], priced: set[str], zone: tzinfo) -> tuple[tuple[Any, ...] | None, tuple[bool, int]]:
    """Return which usage of which month a reading is a view of, and how good a view: one that has a price is best."""
    if row["start"] is None or row["end"] is None:
        return None, (True, 0)
    month = row["start"].astimezone(zone).strftime("%Y-%m")
    for number, (views, within) in enumerate(VIEWS):
        if row["meter"] in views:
            labels = tuple(row.get(name) for name in within)
            return (number, row["account"], month, *labels), (row["meter"] not in priced, views.index(row["meter"]))
    return None, (True, 0)


def _series(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["account"], row["meter"], row["start"], *(row[name] for name in row if name not in FIXED))


def _unfit(row: dict[str, Any]) -> str | None:
    """Say why a reading is no quantity that a charge can be made of."""
    if row["kind"] in ("peak", "gauge"):
        return {"peak": "a peak", "gauge": "a level"}[row["kind"]] + ", which does not add up"
    if len(row["unit"]) == 3 and row["unit"].isalpha() and row["unit"].isupper():
        return "money, and no quantity that was consumed"
    if row["start"] is None or row["end"] is None:
        return "the provider gives no window"
    return None


def _common(
    row: dict[str, Any], catalogue: Mapping[str, Any], configured: Mapping[str, Mapping[str, str] | str | None]
) -> dict[str, Any]:
    """Return what is the same for all readings of an account and a meter."""
    known = catalogue.get(row["meter"])
    provider, service, category, subcategory = SERVICES.get(row["provider"]) or _unlisted(row["provider"])
    made: dict[str, Any] = dict.fromkeys(LINEAGE)
    made.update(
        ChargeCategory="Usage",
        ChargeDescription=known["doc"] if known else row["meter"],
        ChargeFrequency="Usage-Based",
        ConsumedUnit=focus_unit(row["unit"]),
        ProviderName=provider,
        PublisherName=provider,
        ServiceCategory=category,
        ServiceName=service,
        ServiceSubcategory=subcategory,
        x_Account=row["account"],
        x_SourceMeter=row["meter"],
    )
    for column, given in configured.items():
        made[column] = given.get(row["account"]) if isinstance(given, Mapping) else given
    return made


def _made(row: dict[str, Any], common: dict[str, Any], prices: RateCard | None, zone: tzinfo) -> dict[str, Any]:
    labels = {name: row[name] for name in row if name not in FIXED and row[name] is not None}
    flags = list(row["flags"])
    made = common.copy()
    made["BillingPeriodStart"], made["BillingPeriodEnd"] = _month(row, zone)
    made["ChargePeriodStart"] = row["start"].replace(microsecond=0)
    made["ChargePeriodEnd"] = _up(row["end"])
    made["ConsumedQuantity"] = row["quantity"]
    made["x_ApproximateCost"] = row["cost"]
    made["x_ApproximateCostCurrency"] = row["currency"]
    made["x_CallId"] = row["call_id"]
    made["x_CostBasis"] = "none" if row["cost"] is None else "provider_approximate"
    made["x_IsPartial"] = _is_partial(row)
    made["x_Labels"] = _json(labels) if labels else None
    rate = prices.find(row["meter"], labels, row["start"], row["end"], zone) if prices else None
    if rate:
        made.update(_priced(row, rate, flags))
    made["x_Flags"] = " ".join(flags)
    return made


def _priced(row: dict[str, Any], rate: Rate, flags: list[str]) -> dict[str, Any]:
    if row["currency"] not in (None, rate.currency):
        raise InvalidArgument(
            f"the rate card prices {rate.meter} in {rate.currency}, and its provider states {row['currency']}: write "
            f"the price in {row['currency']}; nothing is converted."
        )
    amount = rate.quantity(row["quantity"], row["unit"])
    quantity, is_exact = _decimal(amount, rate.meter)
    cost, cost_is_exact = _decimal(amount * _fraction(rate.price), rate.meter)
    if not (is_exact and cost_is_exact) and "rounded" not in flags:
        flags.append("rounded")
    return {
        **dict.fromkeys(COSTS, cost),
        "BillingCurrency": rate.currency,
        "PricingQuantity": quantity,
        "PricingUnit": focus_unit(rate.unit),
        "x_CostBasis": "user_rate_card",
    }


def focus_unit(unit: str) -> str:
    """Return a unit as FOCUS writes it: sizes of data by their abbreviation, everything else with a capital."""
    number, _, name = unit.partition(" ") if unit[:1].isdigit() else ("", "", unit)
    if name.endswith(" h"):
        return f"{number} {name.removesuffix(' h')}-Hours".lstrip()
    return f"{number} {UNITS.get(name, name[:1].upper() + name[1:])}".lstrip()


def _unlisted(provider: str) -> tuple[str, str, str, str]:
    facts = _core.provider(provider)
    title = facts["title"] if facts else provider
    return title, title, "Other", "Other (Other)"


def _is_partial(row: dict[str, Any]) -> bool | None:
    if row["kind"] == "cumulative" or row["status"] == "provisional" or PARTIAL & set(row["flags"]):
        return True
    return False if row["status"] == "settled" else None


def _month(row: dict[str, Any], zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the month in which a reading starts; one that holds days of two months is of neither."""
    local = row["start"].astimezone(zone)
    first = datetime(local.year, local.month, 1, tzinfo=zone)
    following = datetime(local.year + local.month // 12, local.month % 12 + 1, 1, tzinfo=zone)
    start, end = first.astimezone(timezone.utc), following.astimezone(timezone.utc)
    if row["end"] > end and row["end"] - row["start"] > BUCKET:
        raise InvalidArgument(
            f"one figure of {row['meter']} (account {row['account']}) goes from {row['start']:%Y-%m-%dT%H:%MZ} to "
            f"{row['end']:%Y-%m-%dT%H:%MZ}, which is no one month to bill it in: plan with every='month' and the same "
            "tz=, or name other meters."
        )
    return start, end


def _up(moment: datetime) -> datetime:
    return moment if not moment.microsecond else moment.replace(microsecond=0) + timedelta(seconds=1)


def _fraction(number: Decimal) -> Fraction:
    from fractions import Fraction

    return Fraction(number)


def _decimal(number: Fraction, meter: str) -> tuple[Decimal, bool]:
    """Return a fraction with 18 digits after the point, half to even, and whether nothing was lost."""
    scaled = number * 10**18
    whole = round(scaled)
    if abs(whole) >= 10**38:
        raise InvalidArgument(f"a cost or a quantity of {meter} has more than 20 digits before the point.")
    text = f"{abs(whole):019d}"
    text = f"{text[:-18]}.{text[-18:]}".rstrip("0").rstrip(".")
    return Decimal(f"-{text}" if whole < 0 else text), scaled.denominator == 1


def _json(labels: dict[str, str]) -> str:
    import json

    return json.dumps(labels, ensure_ascii=False, sort_keys=True)


def _by_account(name: str, given: Any) -> Mapping[str, str] | str | None:
    texts = given.values() if isinstance(given, Mapping) else [given]
    if given is not None and not all(isinstance(text, str) for text in texts):
        raise WrongType(f"{name} must be a text, or a dict of account names to texts.")
    if given is not None and not all(text.strip() for text in texts):
        raise InvalidArgument(f"{name} must not be empty: leave it out where it is not known.")
    return given  # type: ignore[no-any-return] # as checked


def _lacks(usage: Usage) -> str:
    part = usage._core.part()
    if part:
        return f"Of a usage that is {part} of a plan."
    return "" if usage.is_complete else "Of a usage that is incomplete: see usage.missing."
