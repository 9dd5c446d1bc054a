"""Take the figures P1 and P3 to P13: metertap beside what a user would pick instead, in one run.

Those that are wanted are in the variable FIGURES, such as `P3,P8`; all if there is none. `run.py` says what each means.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import NamedTuple

from rounds import ROOT, Server, Taken, compare, noisy, scaled

sys.path.insert(0, str(ROOT / "tools"))

from board import Figure

#: Arms that need this many times longer than the others make fewer requests.
SLOW = {"httpx": 10, "requests": 4, "requests-loop": 4}


class Ratio(NamedTuple):
    """How many times better, than whom, and how many times it should be."""

    peer: str
    reached: float
    goal: float

    def told(self) -> str:
        """Return it in words."""
        return f"{self.reached:.3g} × {self.peer} (goal {self.goal:g})"


def figure(name: str, ratios: list[Ratio], *also: str, remark: str = "") -> Figure:
    """Make a figure of ratios, all of which must reach their goals, and of what is told besides."""
    passed = all(ratio.reached >= ratio.goal for ratio in ratios)
    return Figure(name, "; ".join([ratio.told() for ratio in ratios] + list(also)), passed, remark)


def numbers(number: int, *arms: str) -> dict[str, int]:
    """Return how many requests each arm makes."""
    return {arm: max(64, number // SLOW.get(arm, 1)) for arm in arms}


def faster(taken: dict[str, Taken], peer: str, goal: float, ours: str = "metertap") -> Ratio:
    """Compare requests a second."""
    return Ratio(peer, taken[ours].rate / taken[peer].rate, goal)


def others(taken: dict[str, Taken], *judged: str, ours: str = "metertap") -> str:
    """Tell the ratios that have no goal."""
    told = [f"{taken[ours].rate / one.rate:.3g} × {arm}" for arm, one in taken.items() if arm not in (ours, *judged)]
    return f"beside: {', '.join(told)}" if told else ""


HTTP = ("aiohttp", "pycurl-multi", "wreq", "pyreqwest", "httpx", "requests")


def p3(server: Server) -> Figure:
    """Fetch and parse to one frame."""
    small = compare(server, "frame", "small", numbers(scaled(3000), "metertap", "metertap-aio", *HTTP))
    medium = compare(server, "frame", "medium", numbers(scaled(500), "metertap", *HTTP, "aiohttp:medium-by-hand"))
    return figure(
        "P3",
        [
            faster(small, "aiohttp", 9)._replace(peer="aiohttp (small)"),
            faster(medium, "aiohttp", 16)._replace(peer="aiohttp (20 KB)"),
        ],
        others(small, "aiohttp"),
        others(medium, "aiohttp").replace("beside", "20 KB"),
        remark=noisy(small, medium),
    )


_throughput: dict[str, Taken] = {}


def throughput(server: Server) -> dict[str, Taken]:
    """Many small requests, as P4 and P7 need them."""
    if not _throughput:
        _throughput.update(compare(server, "answers", "small", numbers(scaled(5000), "metertap", *HTTP)))
    return _throughput


def p4(server: Server) -> Figure:
    """Ask many small requests in one batch."""
    plain = throughput(server)
    tls = compare(
        server, "answers", "small", numbers(scaled(5000), "metertap", "aiohttp", "pycurl-multi", "wreq"), tls=True
    )
    return figure(
        "P4",
        [
            faster(plain, "aiohttp", 7),
            faster(plain, "pycurl-multi", 1.5),
            faster(plain, "requests", 50)._replace(peer="requests in 32 threads"),
            faster(tls, "aiohttp", 6)._replace(peer="aiohttp (TLS)"),
        ],
        others(plain, "aiohttp", "pycurl-multi", "requests"),
        others(tls, "aiohttp").replace("beside", "TLS"),
        remark=noisy(plain, tls),
    )


def p5(server: Server) -> Figure:
    """Await each call."""
    taken = compare(
        server, "answers", "small", numbers(scaled(5000), "metertap-await", "aiohttp", "wreq", "pyreqwest", "httpx")
    )
    ratio = faster(taken, "aiohttp", 1.5, "metertap-await")
    return figure("P5", [ratio], others(taken, "aiohttp", ours="metertap-await"), remark=noisy(taken))


def p6(server: Server) -> Figure:
    """Make one warm call after the other."""
    arms = ("metertap-sync", "requests-loop", "pycurl", "urllib3")
    taken = compare(server, "single", "small", dict.fromkeys(arms, scaled(1000, 600)))
    ours = taken["metertap-sync"].seconds
    ratios = [
        Ratio("the speed of requests", taken["requests-loop"].seconds / ours, 1 / 0.15),
        Ratio("the speed of pycurl", taken["pycurl"].seconds / ours, 1 / 2.5),
    ]
    told = ", ".join(f"{arm} {one.seconds * 1e6:.0f} µs" for arm, one in taken.items())
    return figure("P6", ratios, told, remark=noisy(taken))


def p7(server: Server) -> Figure:
    """Count the CPU of P4's requests."""
    taken = throughput(server)
    ours = taken["metertap"].cpu
    told = ", ".join(f"{arm} {one.cpu * 1e6:.0f} µs" for arm, one in taken.items())
    return figure("P7", [Ratio("less than aiohttp", taken["aiohttp"].cpu / ours, 6)], told, remark=noisy(taken))


FIGURES: dict[str, Callable[[Server], Figure]] = {"P3": p3, "P4": p4, "P5": p5, "P6": p6, "P7": p7}


def taken(name: str, server: Server) -> Figure:
    """Take a figure; one that fails does not keep the others."""
    try:
        return FIGURES[name](server)
    except Exception as error:
        traceback.print_exc(file=sys.stdout)
        return Figure(name, "nothing", False, f"{type(error).__name__}: {error}"[:300])


def main() -> None:
    """Take what is wanted."""
    wanted = os.environ.get("FIGURES") or ",".join(FIGURES)
    with Server() as server:
        for name in wanted.split(","):
            taken(name, server).tell()


if __name__ == "__main__":
    main()
