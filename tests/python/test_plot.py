"""Usage as a picture."""

from __future__ import annotations

import math
import pickle
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from support import NOW, Reply, ScriptedServer

import metertap as mt
from metertap._show import panel, series
from metertap.errors import InvalidArgument, WrongType
from metertap.simulator import Simulator

pytest.importorskip("matplotlib", reason="the extra plot is not installed")

from matplotlib.collections import PolyCollection
from matplotlib.dates import date2num
from matplotlib.figure import Figure

MARCH = ("2026-03-01", "2026-04-01")


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    with Simulator(seed=7, now=NOW) as simulator:
        yield simulator


def day(text: str) -> float:
    return float(date2num(datetime.fromisoformat(f"{text}+00:00")))


def bars(axes: Any) -> list[tuple[float, float, float, float]]:
    """Return left, right, bottom and top of each bar, first those of the first series."""
    found = []
    for collection in axes.collections:
        # Shades reach over the height of the axes, and stand in another measure.
        if isinstance(collection, PolyCollection) and collection.get_offset_transform() is not None:
            if collection.get_transform() == axes.get_xaxis_transform():
                continue
            for path in collection.get_paths():
                across, heights = path.vertices[:, 0], path.vertices[:, 1]
                found.append((across.min(), across.max(), heights.min(), heights.max()))
    return found


def shades(axes: Any) -> list[tuple[float, float, float]]:
    """Return left, right and height of each shade."""
    found = []
    for collection in axes.collections:
        if collection.get_transform() == axes.get_xaxis_transform():
            for path in collection.get_paths():
                across, heights = path.vertices[:, 0], path.vertices[:, 1]
                found.append((across.min(), across.max(), heights.max()))
    return found


def legend(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()] if axes.get_legend() else []


# --- What is drawn ----------------------------------------------------------------------------------------------------


def test_a_picture_has_a_panel_for_each_meter_and_a_series_for_each_label(world: Simulator) -> None:
    vhosts = ["www.example.com", "event.example.com"]
    volcengine = world.client("volcengine").select(vhosts=vhosts, meters=["volcengine.time_shift_storage"])
    usage = mt.fetch([world.client("sora"), volcengine], *MARCH, now=NOW)
    figure = usage.plot(["sora.egress", "volcengine.time_shift_storage"])
    assert isinstance(figure, Figure)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["sora.egress", "volcengine.time_shift_storage"]
    assert legend(figure.axes[1])[:2] == vhosts
    # No legend where there is no choice.
    assert legend(figure.axes[0]) == []
    assert [axes.get_ylabel() for axes in figure.axes] == ["GB", "PiB"]
    figure.savefig("/dev/null", format="png")


def test_increments_are_bars_as_wide_as_their_buckets_the_last_one_too(world: Simulator) -> None:
    usage = mt.fetch(world.client("sora"), *MARCH, now=NOW)
    [axes] = usage.plot("sora.egress").axes
    drawn = bars(axes)
    assert len(drawn) == 31
    assert all(right - left == pytest.approx(1) and bottom == 0 for left, right, bottom, _ in drawn)
    assert drawn[-1][1] == day("2026-04-01") == axes.get_xlim()[1]
    quantities = [float(row["quantity"]) / 1e9 for row in usage if row["meter"] == "sora.egress"]
    assert [top for *_, top in drawn] == pytest.approx(quantities)


def test_one_month_of_ricoh_is_a_bar_of_a_month(world: Simulator) -> None:
    usage = mt.fetch(world.client("ricoh").select(meters=["ricoh.connection_time"]), *MARCH, now=NOW)
    [axes] = usage.plot().axes
    assert [(left, right) for left, right, *_ in bars(axes)] == [(day("2026-03-01"), day("2026-04-01"))]
    assert axes.get_xlim() == (day("2026-03-01"), day("2026-04-01"))


def test_increments_that_add_up_stand_on_each_other(world: Simulator) -> None:
    asked = world.client("devicewise").select(meters=["devicewise.api_calls"], series="day")
    usage = mt.fetch(asked, *MARCH, now=NOW)
    [axes] = usage.plot().axes
    start = usage[len(usage) // 2]["start"]
    drawn = [bar for bar in bars(axes) if bar[0] == pytest.approx(float(date2num(start)))]
    on_day = [row for row in usage if row["start"] == start]
    assert len(drawn) == len(on_day) > 3
    total = float(sum(row["quantity"] for row in on_day))
    assert max(top for *_, top in drawn) * (1000 if "thousand" in axes.get_ylabel() else 1) == pytest.approx(total)
    assert legend(axes) == [row["service"] for row in on_day]


def test_increments_of_codes_that_nothing_adds_are_not_stacked(world: Simulator) -> None:
    asked = world.client("uipath").select(consumable_code=["AIU", "PLTU"], meters=["uipath.consumption"])
    [axes] = mt.fetch(asked, *MARCH, now=NOW).plot().axes
    assert bars(axes) == []
    assert len(axes.lines) == 8
    assert "not added to each other" in axes.get_title(loc="right")
    assert "the 8 largest of 14 series" in axes.get_title(loc="right")


def test_peaks_and_levels_are_steps_and_a_month_so_far_is_a_mark(world: Simulator) -> None:
    usage = mt.fetch(world.client("sora"), "2026-04-01", "2026-04-16", now=NOW)
    figure = usage.plot(["sora.max_bandwidth", "sora.total_egress"])
    peaks, so_far = figure.axes
    assert peaks.get_title(loc="right") == "peaks"
    [across, heights] = peaks.lines[0].get_data()
    assert list(across[:4]) == [day("2026-04-01"), day("2026-04-02"), day("2026-04-02"), day("2026-04-03")]
    assert heights[0] == heights[1]
    assert heights[2] == heights[3]
    assert so_far.get_title(loc="right") == "the month so far"
    marks = [line for line in so_far.lines if line.get_marker() == "o" and len(line.get_xdata())]
    [when] = [line.get_xdata()[0] for line in marks]
    row = next(row for row in usage if row["meter"] == "sora.total_egress")
    assert when == pytest.approx(float(date2num(row["end"])))


def test_what_may_still_change_is_hatched(world: Simulator) -> None:
    usage = mt.fetch(world.client("sora"), "2026-04-01", "2026-04-16", now=NOW)
    [axes] = usage.plot("sora.egress").axes
    waiting = sum(row["status"] == "provisional" for row in usage if row["meter"] == "sora.egress")
    hatched = [one for one in axes.collections if one.get_hatch()]
    assert sum(len(one.get_paths()) for one in hatched) == waiting == 1
    assert "provisional" in legend(axes)


def holed(simulator: Simulator, meter: str) -> mt.Usage:
    """Return three months, of which the second failed."""
    simulator.add_fault("status:404", path_contains="traffics", skip=1, times=1)
    asked = simulator.client("sora", max_concurrency=1).select(meters=[meter])
    with pytest.warns(mt.CoverageWarning):
        return mt.fetch(asked, "2026-01-01", "2026-04-01", now=NOW, on_error="keep")


def test_holes_are_shaded_and_no_line_goes_through_them(simulator: Simulator) -> None:
    [axes] = holed(simulator, "sora.max_bandwidth").plot().axes
    left, right = day("2026-02-01"), day("2026-03-01")
    assert shades(axes) == [(left, right, 1.0)]
    assert legend(axes) == ["failed"]
    [across, heights] = axes.lines[0].get_data()
    points = list(zip(across, heights, strict=True))
    assert not any(left < x < right for x, _ in points)
    # Between the sides of the hole stands what is no number, so that nothing is drawn, at no height.
    place = max(place for place, (x, _) in enumerate(points) if x == left)
    assert math.isnan(points[place + 1][0])


def test_a_hole_is_no_bar_of_zero(simulator: Simulator) -> None:
    [axes] = holed(simulator, "sora.egress").plot().axes
    assert [bar for bar in bars(axes) if day("2026-02-01") <= bar[0] < day("2026-03-01")] == []
    assert len(bars(axes)) == 62


def test_a_hole_of_one_of_two_accounts_is_shaded_at_the_foot(simulator: Simulator) -> None:
    simulator.add_fault("status:404", path_contains="traffics", times=1)
    names = ("a", "b")
    accounts = [simulator.client("sora", name=name, max_concurrency=1).select(meters=["sora.egress"]) for name in names]
    with pytest.warns(mt.CoverageWarning):
        usage = mt.fetch(accounts, "2026-01-01", "2026-04-01", now=NOW, on_error="keep")
    [axes] = usage.plot().axes
    [(left, right, height)] = shades(axes)
    assert (left, right) == (day("2026-01-01"), day("2026-02-01"))
    assert height < 0.1
    assert legend(axes) == ["a", "b", "failed (some)"]


def test_figures_of_hours_and_of_a_month_share_no_scale() -> None:
    hour = 3_600_000_000
    start = series.micros(datetime(2026, 3, 1, tzinfo=timezone.utc))
    windows = [
        series.Point(start, start + 9 * hour, 9.0, False),
        series.Point(start + 9 * hour, start + 744 * hour, 735.0, False),
    ]
    one = series.Series("a", "m.use", {}, "units", "sum", 2, [0, 1], None, None, None, {"starts": b"x"})
    one.__dict__["points"] = windows
    axes = Figure().subplots()
    panel.draw(axes, panel.Panel("m.use", [one], None, [], None, timezone.utc))
    assert axes.get_ylabel() == "units per day"
    assert [top for *_, top in bars(axes)] == pytest.approx([24, 24])
    assert "per day, since windows differ in length" in axes.get_title(loc="right")


def test_time_is_that_of_the_question_or_of_tz(world: Simulator) -> None:
    asked = world.client("sora").select(meters=["sora.egress"])
    usage = mt.fetch(asked, *MARCH, tz="Asia/Tokyo", now=NOW)
    for axes, zone, hours in ((usage.plot().axes[0], "Asia/Tokyo", 9), (usage.plot(tz="UTC").axes[0], "UTC", 0)):
        formatter = axes.xaxis.get_major_formatter()
        assert str(formatter._tz) == zone
        assert axes.get_xlim()[0] == pytest.approx(day("2026-03-01") - 9 / 24)
        ticks = axes.xaxis.get_major_locator()()
        assert {round((tick + hours / 24) % 1, 6) for tick in ticks} == {0.0}
    with pytest.raises(InvalidArgument, match="no time zone 'Asia/Tokio'"):
        usage.plot(tz="Asia/Tokio")


# --- Other pictures ---------------------------------------------------------------------------------------------------


def test_coverage_plan_holes_and_roll_ups_have_pictures(simulator: Simulator) -> None:
    simulator.add_fault("status:404", path_contains="traffics", skip=1, times=1)
    plan = mt.plan(
        [simulator.client("sora", max_concurrency=1), simulator.client("ricoh")], "2026-01-01", "2026-04-01", now=NOW
    )
    with pytest.warns(mt.CoverageWarning):
        usage = mt.fetch(plan, on_error="keep")
    for figure in (usage.plot(kind="coverage"), usage.coverage.plot(), usage.holes.plot(), plan.plot()):
        [axes] = figure.axes
        names = [label.get_text() for label in axes.get_yticklabels()]
        assert any(name.startswith("sora ") for name in names)
        figure.savefig("/dev/null", format="png")
    [shown] = usage.plot(kind="coverage").legends
    assert [text.get_text() for text in shown.get_texts()] == ["got", "failed", "unavailable"]
    notes = [text.get_text() for text in plan.plot().axes[0].texts]
    assert notes == ["3 calls", "", "3 calls"] or notes == ["3 calls", "3 calls"]
    rolled = usage.rollup("month", meters=["sora.egress"])
    figure = rolled.plot()
    assert rolled.remark in figure.get_suptitle()
    [axes] = figure.axes
    assert [(left, right) for left, right, *_ in bars(axes)] == [
        (day("2026-01-01"), day("2026-02-01")),
        (day("2026-03-01"), day("2026-04-01")),
    ]
    assert shades(axes) == [(day("2026-02-01"), day("2026-03-01"), 1.0)]


def test_what_is_left_out_of_a_picture_is_said(world: Simulator) -> None:
    accounts = [world.client("sora"), world.client("devicewise"), world.client("volcengine")]
    usage = mt.fetch(accounts, *MARCH, now=NOW)
    count = len(set(usage["meter"]))
    assert count > 12
    figure = usage.plot()
    assert len(figure.axes) == 12
    assert f"the first 12 of {count} meters; meters=[…] draws others" in figure.get_suptitle()


def test_a_picture_is_drawn_where_it_shall_be(world: Simulator) -> None:
    usage = mt.fetch(world.client("sora"), *MARCH, now=NOW)
    own = Figure().subplots(2)
    assert usage.plot("sora.egress", ax=own[0]) is own[0]
    assert usage.plot(kind="coverage", ax=own[1]) is own[1]
    assert own[0].get_title(loc="left") == "sora.egress"
    with pytest.raises(InvalidArgument, match=r"ax= takes one meter, and there are 4; write meters='sora.ingress'"):
        usage.plot(ax=own[0])
    with pytest.raises(WrongType, match="ax must be an Axes of matplotlib, not str"):
        usage.plot("sora.egress", ax="here")


# --- Bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "kind", "says"),
    [
        ({"meters": "sora.egres"}, InvalidArgument, "there are no readings of 'sora.egres'; write 'sora.egress'."),
        ({"meters": ["sora.egress", "x"]}, InvalidArgument, "no readings of 'x'; there are sora.ingress, sora.egress"),
        ({"meters": [1]}, WrongType, "meters must be the name of a meter, or a list of them."),
        ({"meters": []}, InvalidArgument, "nothing to draw"),
        ({"kind": "pie"}, InvalidArgument, "kind must be 'readings' or 'coverage', not 'pie'."),
        ({"kind": "coverage", "meters": "sora.egress"}, InvalidArgument, "leave meters out"),
        ({"tz": 9}, WrongType, "tz must be a str such as 'Asia/Tokyo'"),
    ],
)
def test_a_wrong_word_says_what_to_write(
    options: dict[str, Any], kind: type[Exception], says: str, world: Simulator
) -> None:
    usage = mt.fetch(world.client("sora"), *MARCH, now=NOW)
    with pytest.raises(kind) as caught:
        usage.plot(**options)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_to_draw_is_said_in_a_sentence(server: ScriptedServer) -> None:
    server.script = [Reply(body=b'{"results": []}')]
    ricoh = mt.Ricoh(client_id="a", client_secret="secret", base_url=server.base_url("ricoh"))
    usage = mt.fetch(ricoh, *MARCH, now=NOW)
    with pytest.raises(InvalidArgument, match=r"nothing to draw: there are no readings; usage.plot\(kind='coverage'\)"):
        usage.plot()
    usage.plot(kind="coverage").savefig("/dev/null", format="png")
    with pytest.raises(InvalidArgument, match="nothing to draw"):
        usage.rollup("month").plot()


def hourly(hours: int, figure: str, services: int = 1) -> bytes:
    start = datetime(2023, 1, 1, tzinfo=timezone.utc)
    stamps = ",".join(f'"{start + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}"' for hour in range(hours))
    figures = ",".join([figure] * hours)
    counters = ",".join(f'"s{number:02}":[{figures}]' for number in range(services))
    return f'{{"get":{{"success":true,"params":{{"counters":{{{counters}}},"ts":[{stamps}]}}}}}}'.encode()


def scripted(server: ScriptedServer, hours: int, figure: str, services: int = 1) -> mt.Usage:
    server.script = [Reply(body=hourly(hours, figure, services))]
    account = mt.DeviceWise(base_url=server.origin, session_id="s").select(meters=["devicewise.api_calls"])
    end = datetime(2023, 1, 1, tzinfo=timezone.utc) + timedelta(hours=hours)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mt.CoverageWarning)
        return mt.fetch(account, "2023-01-01", end, now="2026-01-01", on_error="keep")


def test_one_reading_is_drawn(server: ScriptedServer) -> None:
    usage = scripted(server, 1, "7")
    [axes] = usage.plot().axes
    [(left, right, bottom, top)] = bars(axes)
    assert (right - left, bottom, top) == (pytest.approx(1 / 24), 0, 7)
    usage.plot().savefig("/dev/null", format="png")


def test_figures_beyond_what_a_float_tells_apart_are_drawn_and_shown_exactly(server: ScriptedServer) -> None:
    usage = scripted(server, 2, "18446744073709551615")
    [axes] = usage.plot().axes
    assert axes.get_ylabel() == "quintillion calls"
    assert bars(axes)[0][3] == pytest.approx(18.446744, rel=1e-6)
    usage.plot().savefig("/dev/null", format="png")
    assert "18,446,744,073,709,551,615" in repr(usage)
    assert "18,446,744,073,709,551,615" in usage._repr_html_()


def test_a_million_readings_are_thinned_and_the_picture_says_so(server: ScriptedServer) -> None:
    usage = scripted(server, 24_000, "2", 42)
    assert len(usage) == 1_008_000
    [axes] = usage.plot().axes
    drawn = bars(axes)
    assert len(drawn) == 8 * 2000
    assert "the 8 largest of 42 series; thinned: 12 readings each, added" in axes.get_title(loc="right")
    # Nothing is lost: a bar is the sum of its hours.
    assert max(top for *_, top in drawn) == 8 * 12 * 2
    assert len(usage._repr_html_()) < 50_000


def test_a_picture_pickles_as_a_figure_that_anybody_can_read(world: Simulator) -> None:
    figure = mt.fetch(world.client("sora"), *MARCH, now=NOW).plot("sora.egress")
    again = pickle.loads(pickle.dumps(figure))
    assert type(again) is Figure
    assert [axes.get_title(loc="left") for axes in again.axes] == ["sora.egress"]
