"""Usage as a picture."""

from __future__ import annotations

import pytest

import metertap as mt
from metertap.errors import InvalidArgument

pytest.importorskip("matplotlib", reason="the extra plot is not installed")


def test_a_picture_has_a_panel_for_each_meter_and_a_line_for_each_label(usage_simulator):
    vhosts = ["www.example.com", "event.example.com"]
    volcengine = usage_simulator.client("volcengine").select(vhosts=vhosts, meters=["volcengine.time_shift_storage"])
    usage = mt.fetch([usage_simulator.client("sora"), volcengine], "2026-03-01", "2026-04-01", now=usage_simulator.now)
    figure = usage.plot(["sora.egress", "volcengine.time_shift_storage"])
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["sora.egress", "volcengine.time_shift_storage"]
    assert [len(axes.lines) for axes in figure.axes] == [1, 2]
    assert [axes.get_ylabel() for axes in figure.axes] == ["bytes", "GiB"]
    assert len(figure.axes[0].lines[0].get_xdata()) == 31


def test_nothing_to_draw_is_said_in_a_sentence(usage_simulator):
    usage = mt.fetch(usage_simulator.client("sora"), "2026-03-01", "2026-04-01", now=usage_simulator.now)
    with pytest.raises(InvalidArgument, match="nothing to draw"):
        usage.plot("sora.nothing")
