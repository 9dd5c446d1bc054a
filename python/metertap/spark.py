"""A data source for PySpark: a question to many accounts, whose calls the executors make.

>>> import metertap.spark
>>> metertap.spark.register(spark)  # doctest: +SKIP
>>> spark.read.format("metertap").options(accounts="a,b", start="2026-01-01", end="2026-04-01").load()  # doctest: +SKIP

The driver plans, offline and without secrets; each executor has an accounts file of its own, see `metertap.config`, and
takes the secrets of an account from there. What travels is the plan and the names of the accounts.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from metertap import config
from metertap._extras import needed
from metertap.errors import InvalidArgument, MetertapError, WrongType
from metertap.fetching import check_on_error, fetch
from metertap.planning import Plan, plan
from metertap.usage import Table, Usage

__all__ = ["register"]

#: The tables of a usage that can be read.
TABLES = ("readings", "holes", "coverage", "timeline", "evidence")
#: The options, as they are told where one is not known.
OPTIONS = ("accounts", "start", "end", "tz", "now", "every", "table", "on_error", "partitions")
#: What the name of an option for a secret looks like.
SECRET = re.compile(r"key|secret|token|passw|pwd|credential|session|auth|mfa|bearer|signature", re.IGNORECASE)


def register(spark: Any) -> None:
    """Make the format ``metertap`` known to a Spark session.

    Its options are texts. ``accounts`` (names of the accounts file, parted by commas), ``start`` and ``end`` are
    needed; ``tz``, ``now`` and ``every`` are as in `metertap.plan`. What is asked of an account stands in the accounts
    file, as its ``select``. Besides:

    ``table`` is what is read: ``readings`` if left out, ``holes``, ``coverage``, ``timeline`` or ``evidence``.
    ``on_error`` is as in `metertap.fetch`; if left out, ``raise`` for readings, and ``keep`` for the tables that tell
    what is missing. ``partitions`` is in how many tasks, at most, the calls of one account are made, each with its
    share of the account's rate; 1 if left out.

    Parameters
    ----------
    spark : SparkSession
        A session of PySpark 4, whose executors have metertap and an accounts file.

    Raises
    ------
    MissingExtra
        If PySpark 4 or pyarrow is not installed.
    WrongType
        If this is no session of PySpark 4.

    Examples
    --------
    >>> import metertap.spark
    >>> metertap.spark.register(spark)  # doctest: +SKIP
    >>> question = {"accounts": "production,robots", "start": "2026-03-01", "end": "2026-04-01"}
    >>> spark.read.format("metertap").options(**question).load().groupBy("meter").count()  # doctest: +SKIP
    """
    needed("pyarrow", "spark")
    needed("pyspark.sql.datasource", "spark")
    registry: Any = getattr(spark, "dataSource", None)
    if not hasattr(registry, "register"):
        raise WrongType(f"spark must be a SparkSession of PySpark 4, not {type(spark).__name__}.")
    registry.register(_class("MetertapSource"))


@dataclass(frozen=True, slots=True)
class Question:
    """What the options ask."""

    accounts: tuple[str, ...]
    start: str
    end: str
    tz: str | None
    now: str | None
    every: str | None
    table: str
    on_error: str
    partitions: int

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Question:
        """Read the options; a value that could be a secret's is never told."""
        given = {name.lower(): value for name, value in options.items()}
        for name in given:
            if name not in OPTIONS:
                raise InvalidArgument(_unknown(name))
        for name in ("accounts", "start", "end"):
            if not given.get(name, "").strip():
                raise InvalidArgument(f"the option {name} is needed; the options are {', '.join(OPTIONS)}.")
        names = [name.strip() for name in given["accounts"].split(",") if name.strip()]
        if not names:
            raise InvalidArgument("the option accounts must name at least one account.")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise InvalidArgument(f"the option accounts names {twice[0]!r} twice.")
        table = given.get("table", "readings")
        if table not in TABLES:
            raise InvalidArgument(f"the option table must be one of {', '.join(TABLES)}, not {table[:60]!r}.")
        on_error = given.get("on_error", "raise" if table == "readings" else "keep")
        check_on_error(on_error)
        partitions = given.get("partitions", "1")
        if not re.fullmatch(r"[1-9][0-9]{0,5}", partitions):
            raise InvalidArgument("the option partitions must be a whole number of at least 1.")
        every = {name: given.get(name) for name in ("tz", "now", "every")}
        return cls(
            accounts=tuple(names),
            start=given["start"],
            end=given["end"],
            table=table,
            on_error=on_error,
            partitions=int(partitions),
            **every,
        )

    def plan(self) -> Plan:
        """Plan the calls, offline and without secrets."""
        accounts = [_account(name) for name in self.accounts]
        selections = [account.selected(account.planner()) for account in accounts]
        return plan(selections, self.start, self.end, tz=self.tz, now=self.now, every=self.every)

    def columns(self) -> dict[str, str]:
        """Return the columns of the answer, with their types as Spark names them."""
        blank = _table(Usage(self.plan()._core.blank()), self.table)
        schema = needed("pyarrow", "spark").schema(blank)
        return {field.name: _type_name(field.type) for field in schema}

    def parts(self) -> list[tuple[str, str]]:
        """Return account and plan of each task: whole sources, so that each judges its answers as one fetch would."""
        parts = self.plan()._core.by_sources(self.partitions)
        return [(part.accounts()[0], part.to_json()) for part in parts]

    def read(self, account: str, part: str, columns: list[str]) -> Iterator[Any]:
        """Make the calls of a part, with the secrets of this machine, and yield record batches with these columns."""
        client = _account(account).client()
        usage = fetch(Plan.from_json(part), accounts=[client], on_error=self.on_error)
        return iter(_fitted(_table(usage, self.table), columns).to_batches())


def _unknown(name: str) -> str:
    if SECRET.search(name):
        return (
            f"the option {name} looks like a secret: options travel and are written to logs; name accounts only, and "
            "let the accounts file of each executor say where their secrets are."
        )
    return f"there is no option {name}; the options are {', '.join(OPTIONS)}."


def _account(name: str) -> config.Account:
    """Return the account that this machine's accounts file describes."""
    here = f"on {socket.gethostname()}"
    try:
        known = config.accounts()
    except MetertapError as error:
        raise type(error)(f"{here}: {error}") from None
    if name not in known:
        file = next(iter(known.values())).file if known else "the accounts file"
        advice = "driver and executors each read the accounts file of their own machine, see METERTAP_CONFIG"
        raise InvalidArgument(f"{here}: {file} has no account {name!r}; {advice}.")
    return known[name]


def _table(usage: Usage, name: str) -> Table:
    return usage if name == "readings" else getattr(usage, name)


def _type_name(type_: Any) -> str:
    """Return the name of an Arrow type in Spark's SQL."""
    types = needed("pyarrow", "spark").types
    if types.is_dictionary(type_):
        return _type_name(type_.value_type)
    if types.is_list(type_):
        return f"array<{_type_name(type_.value_type)}>"
    if types.is_decimal128(type_):
        return f"decimal({type_.precision},{type_.scale})"
    names = {
        types.is_string: "string",
        types.is_timestamp: "timestamp",
        types.is_integer: "bigint",
        types.is_floating: "double",
        types.is_boolean: "boolean",
    }
    return next(name for is_of, name in names.items() if is_of(type_))


def _fitted(table: Table, columns: list[str]) -> Any:
    """Return an Arrow table with these columns: a label that no meter of this part has is null."""
    arrow = needed("pyarrow", "spark")
    own = arrow.table(table)
    made = {}
    for name in columns:
        if name not in own.column_names:
            made[name] = arrow.nulls(own.num_rows, arrow.string())
            continue
        column = own[name]
        if arrow.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        elif arrow.types.is_integer(column.type):
            column = column.cast(arrow.int64())
        made[name] = column
    return arrow.table(made)


class _Source:
    """What a data source of Spark is asked, apart from what PySpark's own class answers."""

    options: Mapping[str, str]

    @classmethod
    def name(cls) -> str:
        return "metertap"

    def schema(self) -> str:
        columns = Question.of(self.options).columns()
        return ", ".join(f"`{name}` {type_}" for name, type_ in columns.items())

    def reader(self, schema: Any) -> Any:
        return _class("MetertapReader")(Question.of(self.options), list(schema.names))


class _Reader:
    """What makes the tasks, on the driver, and does one, on an executor."""

    def __init__(self, question: Question, columns: list[str]) -> None:
        self.question, self.columns = question, columns

    def partitions(self) -> list[Any]:
        partition = needed("pyspark.sql.datasource", "spark").InputPartition
        return [partition(part) for part in self.question.parts()]

    def read(self, partition: Any) -> Iterator[Any]:
        account, part = partition.value
        return self.question.read(account, part, self.columns)


#: The classes that Spark knows, and what they are made of: PySpark's own, which may not be there, and ours.
_CLASSES = {"MetertapSource": ("DataSource", _Source), "MetertapReader": ("DataSourceReader", _Reader)}


def _class(name: str) -> Any:
    """Return one of them: it travels by its name to the executors, which have it in their own metertap."""
    if name not in globals():
        base, own = _CLASSES[name]
        bases = (own, getattr(needed("pyspark.sql.datasource", "spark"), base))
        globals()[name] = type(name, bases, {"__module__": __name__})
    return globals()[name]


def __getattr__(name: str) -> Any:
    if name in _CLASSES:
        return _class(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
