"""What shows itself: usages, plans and tables, in notebooks as HTML and in terminals as text."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest
from support import NOW, clean_environment

import metertap as mt
from metertap._show import lanes, moments, numbers, series, spark
from metertap._show.gaps import Gap
from metertap._show.lanes import Lane, Lanes, Stretch, folded
from metertap._show.states import LOOKS, RANK
from metertap.simulator import Simulator

MARCH = ("2026-03-01", "2026-04-01")


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    with Simulator(seed=7, now=NOW) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def usage() -> mt.Usage:
    with Simulator(seed=7, now="2026-06-01") as simulator:
        simulator.switch("devicewise.record_cap", "1500")
        simulator.switch("devicewise.over_cap", "cut")
        simulator.add_fault("status:404", provider="sora", path_contains="traffics", times=1)
        accounts = [simulator.client(name) for name in ("sora", "devicewise", "volcengine")]
        accounts.append(simulator.client("uipath").select(consumable_code=["AIU", "PLTU"]))
        accounts.append(simulator.client("ricoh").select(meters=["ricoh.cost"]))
        with pytest.warns(mt.CoverageWarning):
            return mt.fetch(accounts, "2026-03-01", "2026-06-15", tz="Asia/Tokyo", now="2026-06-01", on_error="keep")


def columns(line: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in line)


def parsed(html: str) -> ElementTree.Element:
    """Return HTML as a tree; what is not well-formed raises."""
    return ElementTree.fromstring(html)


# --- In a notebook ----------------------------------------------------------------------------------------------------


def test_in_a_notebook_usage_itself_shows_a_summary_with_small_charts(usage: mt.Usage) -> None:
    html = usage._repr_html_()
    page = parsed(html)
    assert f"{len(usage):,} readings of " in html
    assert "from 5 accounts; 2026-03-01 to 2026-06-15 (Asia/Tokyo)" in html
    assert '<b class="mt-bad">incomplete</b>' in html
    charts = [picture for picture in page.iter() if picture.tag.endswith("svg")]
    # The strip, and one for each account and meter: UiPath's fourteen series are four.
    pairs = {(row["account"], row["meter"]) for row in usage}
    assert len(charts) == 1 + len(pairs) + 3
    assert "more series, which usage.plot() draws" in html


def test_the_strip_shows_each_state_of_each_account_and_source_in_time(usage: mt.Usage) -> None:
    html = usage._repr_html_()
    there = {row["state"] for row in usage.timeline}
    assert there == {"got", "provisional", "missing", "failed", "unavailable"}
    for state in there:
        assert f'<rect class="mt-{state}"' in html
    for account in ("sora", "ricoh", "uipath", "devicewise", "volcengine"):
        assert f"<title>{account} " in html


def test_the_rows_that_are_shown_are_of_all_accounts(usage: mt.Usage) -> None:
    html = usage._repr_html_()
    *_, rows = parsed(html).iter("table")
    shown = [[cell.text for cell in row] for row in rows.iter("tr")]
    assert {row[0] for row in shown[1:]} == {"sora", "ricoh", "uipath", "devicewise", "volcengine"}
    assert len(shown) == 1 + 12


def test_columns_and_rows_are_never_left_out_without_a_word(usage: mt.Usage) -> None:
    for told in (usage._repr_html_(), " ".join(repr(usage).split())):
        assert f"12 of {len(usage):,} rows: some of each account; times in Asia/Tokyo" in told
        assert "not shown: provider, call_id, fetched_at" in told
        assert "labels are columns: " in told
        found = re.search(r"without a value here: ([\w, ]+)", told)
        assert found is not None
        assert "vhost" in found[1]


def test_months_of_tokyo_are_shown_as_months_of_tokyo(usage: mt.Usage) -> None:
    for told in (usage._repr_html_(), repr(usage), repr(usage.rollup("month", meters=["ricoh.cost"]))):
        # Sentences of what is missing are in UTC, and say so.
        assert re.search(r"15:00(?!:00Z)", told) is None
        assert "2026-04-01" in told


def test_dates_in_notebooks_do_not_break_into_lines(usage: mt.Usage) -> None:
    assert "white-space:nowrap" in usage._repr_html_()


def test_displays_are_for_light_and_dark_pages_and_have_no_script(usage: mt.Usage) -> None:
    for shown in (usage, usage.plan, usage.coverage, usage.holes, usage.evidence, usage.rollup(meters=["sora.egress"])):
        html = shown._repr_html_()
        parsed(html)
        assert "@media (prefers-color-scheme:dark)" in html
        assert 'body[data-jp-theme-light="false"] .metertap' in html
        assert 'body[data-jp-theme-light="true"] .metertap' in html
        # Else Jupyter's own rules win, which set all text of tables to the right and shrink charts to nothing.
        assert ".metertap.metertap.metertap td{" in html
        assert ".metertap.metertap.metertap td svg{max-width:none" in html
        assert "<script" not in html
        assert re.search(r"\son\w+=|javascript:|url\(|href=", html) is None


def test_names_of_people_are_escaped_in_every_display(simulator: Simulator) -> None:
    name = '<b onclick="x">&'
    simulator.add_fault("status:404", path_contains="traffics", times=1)
    asked = simulator.client("sora", name=name)
    plan = mt.plan(asked, "2026-02-01", "2026-04-01", now=NOW)
    with pytest.warns(mt.CoverageWarning):
        usage = mt.fetch(plan, on_error="keep")
    for shown in (plan, usage, usage.coverage, usage.holes, usage.timeline, usage.evidence):
        html = shown._repr_html_()
        parsed(html)
        assert "&lt;b onclick=&quot;x&quot;&gt;&amp;" in html
        assert "<b onclick" not in html


def test_displays_are_capped(world: Simulator) -> None:
    accounts = [world.client("sora", name=f"sora {number}") for number in range(50)]
    plan = mt.plan(accounts, *MARCH, now=NOW)
    usage = mt.fetch(plan)
    html = usage._repr_html_()
    assert html.count("<svg") == 1 + 30
    assert "and 170 more series" in html
    assert "and 60 more sources" in html
    assert len(html) < 200_000
    assert "60 of 100 rows: all are in .rows" in plan._repr_html_()


def test_a_plan_shows_its_windows_in_time_with_their_least_time(world: Simulator) -> None:
    domains = [f"d{number}.example.com" for number in range(31)]
    asked = world.client("volcengine").select(domains=domains, meters=["volcengine.up_traffic"])
    plan = mt.plan([asked, world.client("sora")], "2026-01-01", "2026-04-01", now=NOW)
    page = parsed(plan._repr_html_())
    drawn = [one.get("class") for one in page.iter() if one.tag.endswith("rect")]
    # Three months of one source of Sora, the windows of 31 domains, and legend.
    assert drawn.count("mt-call") == 3 + 31 + 1
    for told in (plan._repr_html_(), repr(plan)):
        assert "31 calls, 1.0 s" in told
        assert "unavailable" in told
        assert "34 calls to 2 accounts, at least 1.0 s" in told


# --- In a terminal ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_in_a_terminal_nothing_is_wider_than_it(width: int, usage: mt.Usage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    tables = (usage.coverage, usage.holes, usage.evidence, usage.rollup(meters=["sora.egress"]))
    for shown in (usage, usage.plan, *tables):
        lines = repr(shown).splitlines()
        # A name of a column is not broken.
        assert max(map(columns, lines)) <= max(width, 60)
        assert shown is not usage or any(columns(line) > width * 0.9 for line in lines)


def test_the_quantity_is_never_what_a_narrow_terminal_does_without(
    usage: mt.Usage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = repr(usage)
    [head] = [line for line in text.splitlines() if line.startswith("account ")]
    assert {"meter", "start", "quantity", "unit"} <= set(head.split())
    assert "no room for: end, labels, kind, status, flags" in " ".join(text.split())


def test_wide_characters_are_counted_as_wide(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    accounts = [simulator.client("sora", name="東京の配信"), simulator.client("ricoh", name="r")]
    usage = mt.fetch(accounts, *MARCH, now=NOW)
    lines = repr(usage).splitlines()
    strip = [line for line in lines if "traffics_for_month" in line or "cost_and_usage_total" in line]
    starts = {columns(line[: line.index("█")]) for line in strip}
    assert len(strip) == 2
    assert len(starts) == 1


def test_a_terminal_without_blocks_gets_ascii(usage: mt.Usage, monkeypatch: pytest.MonkeyPatch) -> None:
    class Plain:
        encoding = "ascii"

    monkeypatch.setattr("sys.stdout", Plain())
    drawn = repr(usage).splitlines()
    strip = [line for line in drawn if line.startswith(("sora ", "devicewise "))]
    assert strip
    for shown in (usage, usage.plan, usage.holes, usage.rollup(meters=["sora.egress"])):
        assert repr(shown).isascii()


def test_what_is_printed_fits_the_encoding_whatever_people_call_their_accounts() -> None:
    code = """
        import sys
        import metertap as mt
        from metertap.simulator import Simulator
        with Simulator(seed=7, now="2026-04-15") as simulator:
            accounts = [simulator.client("sora", name="東京"), simulator.client("ricoh")]
            usage = mt.fetch(accounts, "2026-03-01", "2026-04-01", now=simulator.now)
        print(usage, usage.plan, usage.coverage)
    """
    environment = clean_environment() | {"PYTHONIOENCODING": "ascii", "COLUMNS": "80"}
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, timeout=50, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert rb"\u6771\u4eac traffics_for_" in done.stdout
    assert b"####" in done.stdout


# --- Numbers and moments ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("1234.500000000000000000", "1,234.5"),
        ("0.333333333333333333", "0.333333…"),
        ("0.000000000000000001", "0.000000…"),
        ("-12", "-12"),
        ("100", "100"),
        ("99999999999999999999.999999999999999999", "99,999,999,999,999,999,999.999999…"),
    ],
)
def test_decimals_are_trimmed_and_never_rounded_without_a_sign(number: str, told: str) -> None:
    assert numbers.trimmed(Decimal(number)) == told


@pytest.mark.parametrize(
    ("number", "unit", "told"),
    [
        ("4395538228077", "bytes", "4.4 TB"),
        ("0.5", "GB", "500 MB"),
        ("1500", "GB", "1.5 TB"),
        ("1500", "GiB", "1.46 TiB"),
        ("0.5", "GiB", "512 MiB"),
        ("3240", "Mbps", "3.24 Gbps"),
        ("9999", "calls", "9,999 calls"),
        ("20000", "calls", "20 thousand calls"),
        ("563353.987", "JPY", "563 thousand JPY"),
        ("0", "GiB", "0 GiB"),
        ("-1500", "GB", "-1.5 TB"),
        ("99999999999999999999", "bytes", "100 EB"),
        ("7", "", "7"),
    ],
)
def test_units_get_the_prefix_that_people_read(number: str, unit: str, told: str) -> None:
    assert numbers.short(Decimal(number), unit) == told


def test_gb_and_gib_never_mix() -> None:
    names = [name for _, ladder in numbers.LADDERS for name in ladder]
    assert len(names) == len(set(names))
    for unit in names:
        for size in ("0.001", "1", "1e9"):
            name = numbers.scale(Decimal(size), unit)[1]
            assert name.endswith("iB") is unit.endswith("iB")
            assert name.endswith("bps") is unit.endswith("bps")


def test_a_zone_that_is_known_by_its_offsets_tells_local_time() -> None:
    summer = [(0, 3600), (1_774_746_000, 7200)]  # until the end of March 2026, and from then on
    where = moments.zone(summer)
    day = datetime(2026, 3, 1, tzinfo=timezone.utc) - timedelta(hours=1)
    assert moments.written([day], where) == ["2026-03-01"]
    later = datetime(2026, 4, 1, tzinfo=timezone.utc) - timedelta(hours=2)
    assert moments.written([day, later, None], where) == ["2026-03-01", "2026-04-01", None]
    assert later.astimezone(where).utcoffset() == timedelta(hours=2)
    assert moments.zone("Nowhere/At_all") is timezone.utc
    assert moments.zone_name([(0, 32_400)]) == "UTC+09:00"


# --- Strips and small charts ------------------------------------------------------------------------------------------


def test_a_strip_shows_every_kind_of_hole_and_stays_small() -> None:
    first = datetime(2020, 1, 1, tzinfo=timezone.utc)
    hour = timedelta(hours=1)

    def stretches(source: int) -> list[Stretch]:
        return [
            Stretch(first + place * hour, first + (place + 1) * hour, "got" if place % 2 else "absent", None)
            for place in range(2000 + source)
        ]

    many = [Lane(f"<{source}>", ["daily"], stretches(source)) for source in range(lanes.MOST + 3)]
    picture = lanes.svg(Lanes(folded(many)), alone=True)
    parsed(picture)
    assert "and 3 more sources" in picture
    assert "&lt;0&gt; daily" in picture
    assert "<0>" not in picture
    assert picture.count('class="mt-got"') <= (lanes.MOST + 1) * 600
    assert "<script" not in picture


def test_a_hole_of_an_hour_in_a_year_is_seen() -> None:
    first = datetime(2026, 1, 1, tzinfo=timezone.utc)
    hole, end = first + timedelta(days=200), first + timedelta(days=365)
    stretches = [
        Stretch(first, hole, "got", None),
        Stretch(hole, hole + timedelta(hours=1), "missing", "why"),
        Stretch(hole + timedelta(hours=1), end, "got", None),
    ]
    strip = Lanes([Lane("sora", ["daily"], stretches)])
    assert "!" in lanes.text(strip, 80)[1]
    assert 'class="mt-missing" x="' in lanes.svg(strip)
    assert "missing: 2026-07-20 00:00 to 2026-07-20 01:00; why" in lanes.svg(strip)


def test_lanes_of_one_account_that_tell_the_same_are_one() -> None:
    first = datetime(2026, 1, 1, tzinfo=timezone.utc)
    same = [Stretch(first, first + timedelta(days=1), "got", None)]
    other = [Stretch(first, first + timedelta(days=2), "got", None)]
    found = folded(
        [Lane("a", ["x"], same), Lane("a", ["y"], list(same)), Lane("a", ["z"], other), Lane("b", ["x"], same)]
    )
    assert [lane.name for lane in found] == ["a x and 1 more", "a z", "b x"]
    assert found[0].title == "a x, y"
    assert [lane.cut(12) for lane in found] == ["… and 1 more", "a z", "b x"]
    assert Lane("東京", ["operation", "b"]).cut(20) == "東京 ope… and 1 more"


def test_every_state_has_a_look_of_its_own() -> None:
    assert set(LOOKS) == set(RANK)
    same = [{"provisional", "unsettled"}, {"absent", "empty"}, {"got", "call"}]
    for one in LOOKS:
        for other in LOOKS:
            if one < other and {one, other} not in same:
                assert LOOKS[one].character != LOOKS[other].character


def points(*given: tuple[int, int, float]) -> list[series.Point]:
    return [series.Point(start, end, value, False) for start, end, value in given]


def made(kind: str, given: list[series.Point]) -> series.Series:
    one = series.Series("a", "m", {}, "bytes", kind, len(given), [0], None, None, None, {})
    one.__dict__["points"] = given
    return one


def test_a_chart_has_a_gap_where_there_is_a_hole() -> None:
    gauge = made("gauge", points((0, 10, 5.0), (20, 30, 7.0), (30, 40, 8.0)))
    picture = spark.svg(gauge, (0, 40), [Gap(10, 20, "failed", True)])
    [before, after] = re.findall(r'd="(M[^"]+)"', picture)
    assert (before.count("M"), before.count("L"), after.count("L")) == (1, 0, 1)
    assert '<rect class="mt-failed" x="60.0" y="0" width="60.0"' in picture
    assert spark.text(gauge, (0, 40), 8) == "▅▅  ▇▇██"


def test_a_zero_is_drawn_and_what_is_not_known_is_not() -> None:
    assert spark.text(made("sum", points((0, 10, 0.0), (20, 30, 4.0))), (0, 40), 4) == "▁ █"


def test_figures_of_windows_of_unequal_lengths_share_no_scale() -> None:
    hour, month = 3_600_000_000, 30 * 86_400_000_000
    uneven = made("sum", points((0, hour, 1.0), (hour, month, 719.0)))
    # The same use in each hour is one height, and no peak of the month.
    heights = set(re.findall(r"V([\d.]+)H", spark.svg(uneven, (0, month), [])))
    assert heights == {"2.0"}


def test_thinned_increments_add_up_peaks_stay_and_no_figure_reaches_over_a_gap() -> None:
    some = points(*((at, at + 1, float(at % 7)) for at in range(0, 100)), (200, 201, 5.0))
    added, many = series.thinned(some, "sum", 10)
    assert many == 11
    assert sum(point.value for point in added) == sum(point.value for point in some)
    assert max(point.value for point in series.thinned(some, "peak", 10)[0]) == 6.0
    assert series.thinned(some, "gauge", 10)[0][0].value == some[10].value
    assert [(point.start, point.end) for point in added[-2:]] == [(99, 100), (200, 201)]
    assert series.thinned(some, "sum", 1000) == (some, 1)


def test_labels_are_added_only_where_the_meters_rule_adds_them(usage: mt.Usage) -> None:
    found: dict[str, int] = {}
    for one in series.of(usage):
        found[one.meter] = found.get(one.meter, 0) + 1
    assert found["devicewise.api_calls"] == 1
    assert found["uipath.consumption"] == 14
    [calls] = [one for one in series.of(usage) if one.meter == "devicewise.api_calls"]
    quantities = [row["quantity"] for row in usage if row["meter"] == "devicewise.api_calls"]
    assert calls.sum == sum(quantities)
    assert sum(point.value for point in calls.points) == float(sum(quantities))
    assert (calls.largest, calls.rows) == (max(quantities), len(quantities))


# --- As a table's should ----------------------------------------------------------------------------------------------


def test_a_usage_works_as_a_table_should(usage: mt.Usage, tmp_path: Any) -> None:
    rows = usage.to_dicts()
    assert usage.shape == (len(usage), len(usage.columns))
    assert list(usage) == rows
    assert usage["quantity"] == [row["quantity"] for row in rows]
    assert (usage[0], usage[-1]) == (rows[0], rows[-1])
    assert usage[5:9].to_dicts() == rows[5:9]
    assert usage.head().to_dicts() == rows[:5]
    assert usage.head(-1).to_dicts() == rows[:-1]
    assert usage.tail(3).to_dicts() == rows[-3:]
    assert usage.tail(-2).to_dicts() == rows[2:]
    assert usage.tail(0).to_dicts() == []
    assert usage[["meter", "quantity"]][2:4].to_dicts() == [
        {name: row[name] for name in ("meter", "quantity")} for row in rows[2:4]
    ]
    assert "quantity" in usage
    assert "quantty" not in usage
    usage.head(2).write_csv(tmp_path / "head.csv")
    assert len((tmp_path / "head.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("wrong", "kind", "says"),
    [
        (lambda usage: usage["quantty"], mt.InvalidArgument, "no column 'quantty'; write 'quantity'."),
        (lambda usage: usage[["metr"]], mt.InvalidArgument, "no column 'metr'; write 'meter'."),
        (lambda usage: usage["x" * 99], mt.InvalidArgument, "there are provider, account, meter"),
        (lambda usage: usage[::2], mt.InvalidArgument, "to_pandas"),
        (lambda usage: usage[usage.to_pandas()["quantity"] > 0], mt.errors.WrongType, "to filter: .to_pandas"),
        (lambda usage: usage[1.5], mt.errors.WrongType, "not by float"),
        (
            lambda usage: usage[usage["meter"] == "sora.egress"],
            mt.errors.WrongType,
            "not by bool; to filter: .to_pandas",
        ),
        (lambda usage: usage.coverage[usage.coverage["state"] != "got"], mt.errors.WrongType, "not by bool; to filter"),
        (lambda usage: usage.to_pandas(exact="yes"), mt.errors.WrongType, "exact must be True or False, not str."),
        (lambda usage: usage[10**9], IndexError, "no row 1000000000"),
        (lambda usage: usage.head("5"), mt.errors.WrongType, "rows must be an int, not str"),
        (lambda usage: usage.to_csv("x"), AttributeError, "a Usage has no 'to_csv'; write .write_csv(path)."),
        (lambda usage: usage.coverage.groupby("state"), AttributeError, "a Coverage has no 'groupby'; write"),
        (lambda usage: usage.holes.nonsense, AttributeError, "a Holes has no 'nonsense'."),
    ],
)
def test_what_a_table_does_not_do_names_what_to_write(
    wrong: Any, kind: type[Exception], says: str, usage: mt.Usage
) -> None:
    with pytest.raises(kind) as caught:
        wrong(usage)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
