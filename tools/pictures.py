"""Draw the pictures of the docs, from the simulator; run by ``make pictures``."""

import shutil
import subprocess
import sys
import tempfile
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
#: The width and height of a screenshot.
SIZE = "980,770"


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
    """Return a picture of a quarter of two accounts."""
    with Simulator(seed=7, now=NOW) as simulator:
        accounts = [simulator.client("sora"), simulator.client("volcengine")]
        usage = mt.fetch(accounts, "2026-01-01", "2026-04-01", now=NOW)
    return usage.plot(["sora.egress", "volcengine.down_bandwidth"])


def usage() -> mt.Usage:
    """Return a usage with a hole, small enough for a picture of it."""
    with Simulator(seed=7, now=NOW) as simulator:
        simulator.add_fault("status:404", provider="sora", path_contains="traffics", skip=1, times=1)
        accounts = [
            simulator.client("sora", max_concurrency=1).select(meters=["sora.egress", "sora.max_bandwidth"]),
            simulator.client("ricoh").select(meters=["ricoh.connection_time"]),
            simulator.client("volcengine").select(meters=["volcengine.time_shift_storage", "volcengine.up_traffic"]),
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mt.CoverageWarning)
            return mt.fetch(accounts, "2026-03-01", "2026-06-15", now=NOW, on_error="keep")


def screenshot(browser: str, html: str, theme: str, file: Path) -> None:
    """Take a picture of HTML as a notebook shows it, on a light or a dark page."""
    from PIL import Image

    ground = {"light": "#ffffff", "dark": "#111111"}[theme]
    page = (
        f'<html data-theme="{theme}"><body style="background:{ground};font:13px sans-serif;margin:12px">{html}</body>'
    )
    with tempfile.TemporaryDirectory() as folder:
        place, taken = Path(folder) / "page.html", Path(folder) / "page.png"
        place.write_text(f'<!doctype html><meta charset="utf-8">{page}</html>', encoding="utf-8")
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--screenshot={taken}", f"--window-size={SIZE}"]
        subprocess.run([browser, *options, place.as_uri()], check=True, capture_output=True)
        # A palette is enough, and half of the bytes.
        Image.open(taken).convert("RGB").quantize(256).save(file, optimize=True)


if __name__ == "__main__":
    folder = HERE / "docs" / "pictures"
    folder.mkdir(exist_ok=True)
    matplotlib.rcParams["svg.hashsalt"] = "metertap"  # else each run names its paths anew
    matplotlib.rcParams["svg.fonttype"] = "none"  # letters as letters: half of the size
    result().savefig(folder / "result.svg", metadata={"Date": None})
    (folder / "coverage-strip.svg").write_text(strip() + "\n", encoding="utf-8")
    if browser := shutil.which("chromium"):
        html = usage()._repr_html_()
        for theme in ("light", "dark"):
            screenshot(browser, html, theme, folder / f"usage-{theme}.png")
    else:
        sys.exit("usage-light.png and usage-dark.png stay as they are: there is no chromium (apt-get install chromium)")
