"""Draw the pictures of the docs, from the simulator; run by ``make pictures``."""

import warnings
from pathlib import Path
from typing import Any

import matplotlib

import metertap as mt
from metertap._show.lanes import svg
from metertap._show.strip import strip as lanes
from metertap.simulator import Simulator

HERE = Path(__file__).resolve().parent.parent
NOW = "2026-06-01"


def strip() -> str:
    """Return a coverage strip with a hole of each kind."""
    with Simulator(seed=7, now=NOW) as simulator:
        simulator.switch("devicewise.record_cap", "1500")
        simulator.switch("devicewise.over_cap", "cut")
        simulator.add_fault("status:404", provider="sora", path_contains="traffics", times=1)
        accounts = [
            simulator.client("sora").select(meters=["sora.ingress", "sora.total_sessions"]),
            simulator.client("ricoh"),
            simulator.client("uipath").select(
                consumable_code="AIU",
                meters=["uipath.service_consumption"],
                tenant_id="7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44",
            ),
            simulator.client("devicewise").select(meters=["devicewise.api_calls"]),
            simulator.client("volcengine").select(meters=["volcengine.time_shift_storage"]),
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mt.CoverageWarning)
            usage = mt.fetch(accounts, "2026-03-01", "2026-06-15", now=NOW, on_error="keep")
    return svg(lanes(usage.timeline), alone=True)


def result() -> Any:
    """Return a picture of a quarter of three accounts."""
    with Simulator(seed=7, now=NOW) as simulator:
        accounts = [simulator.client("sora"), simulator.client("volcengine")]
        usage = mt.fetch(accounts, "2026-01-01", "2026-04-01", now=NOW)
    return usage.plot(["sora.egress", "volcengine.down_traffic", "volcengine.down_bandwidth"])


if __name__ == "__main__":
    folder = HERE / "docs" / "pictures"
    folder.mkdir(exist_ok=True)
    matplotlib.rcParams["svg.hashsalt"] = "metertap"  # else each run names its paths anew
    result().savefig(folder / "result.svg", metadata={"Date": None})
    (folder / "coverage-strip.svg").write_text(strip() + "\n", encoding="utf-8")
