"""Take the figures P1 and P3 to P13: metertap beside what a user would pick instead, in one run.

Those that are wanted are in the variable FIGURES, such as `P3,P8`; all if there is none. `run.py` says what each means.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import traceback
from collections.abc import Callable
from typing import NamedTuple

from jobs import ACCESS_KEY, ORGANIZATION, SECRET_KEY
from rounds import ROOT, ROUNDS, Differs, Server, Taken, compare, noisy, scaled

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


def p1(server: Server) -> Figure:
    """Do a whole job with a new client."""
    number, latency, at_once = scaled(366), 20, 10
    arms = dict.fromkeys(("metertap", "requests-loop", "airbyte", "dlt"), number)
    taken = compare(server, "whole", "job", arms, delay=latency, at_once=at_once, rounds=min(ROUNDS, 3))
    bound = number * latency / 1000 / at_once
    goals = {"dlt": 15, "airbyte": 15, "requests-loop": 8}
    ratios = [faster(taken, peer, goal) for peer, goal in goals.items()]
    ratios.append(Ratio("the bound's speed", bound / taken["metertap"].seconds, 1 / 1.15))
    return figure("P1", ratios, f"{taken['metertap'].seconds:.2f} s, bound {bound:.2f} s", remark=noisy(taken))


def p8(server: Server) -> Figure:
    """Parse, with no network."""
    ratios, all_of_them = [], []
    for job, number, arrow, pandas in (
        ("medium", scaled(500), 12, 2.5),
        ("series", 1, 5, 4),
        ("rows", 1, 5, 4),
    ):
        arms = dict.fromkeys(("metertap-read-arrow", "metertap-read", "orjson"), number)
        taken = compare(server, "parse", job, arms)
        peer = taken["orjson"].seconds
        ratios.append(Ratio(f"{job} to Arrow", peer / taken["metertap-read-arrow"].seconds, arrow))
        ratios.append(Ratio(f"{job} to pandas", peer / taken["metertap-read"].seconds, pandas))
        all_of_them.append(taken)
    return figure("P8", ratios, remark=noisy(*all_of_them))


def p9(server: Server) -> Figure:
    """Hold 200,000 rows, in ten answers."""
    number, at_once = 10, 4
    arms = dict.fromkeys(("metertap", "metertap-arrow", "requests-loop", "requests-pages"), number)
    taken = compare(server, "memory", "many", arms, at_once=at_once)
    ours, arrow, peer = taken["metertap"].memory, taken["metertap-arrow"], taken["requests-loop"].memory
    table, bodies = arrow.more["held"], at_once * server.size("many")
    ratios = [
        Ratio("less than requests", peer / ours, 6),
        Ratio("less than table + bodies + 8 MiB", (table + bodies + 8) / arrow.memory, 1),
    ]
    told = (
        f"{ours:.0f} MiB to pandas, {arrow.memory:.0f} to Arrow (table {table:.0f}, {at_once} bodies {bodies:.0f})",
        f"requests {peer:.0f}, page by page {taken['requests-pages'].memory:.0f}",
    )
    return figure("P9", ratios, *told)


HEAVY = ("asyncio", "numpy", "pandas", "pyarrow", "ssl")


def p10(server: Server) -> Figure:
    """Import."""
    cpu: dict[str, list[float]] = {"metertap": [], "requests": []}
    for _ in range(3 * ROUNDS):
        for name, taken in cpu.items():
            taken.append(cpu_of_import(name))
    ours, peer = (statistics.median(taken) for taken in cpu.values())
    found = subprocess.run(
        [sys.executable, "-c", f"import sys, metertap; print(*(set({HEAVY}) & set(sys.modules)), len(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    *heavy, modules = found.stdout.split()
    share = ours / peer
    told = f"{share:.1%} of requests ({ours * 1e3:.1f} of {peer * 1e3:.0f} ms CPU), {modules} modules"
    return Figure("P10", told, share <= 0.05 and not heavy, f"imports {', '.join(heavy)}" if heavy else "")


def cpu_of_import(name: str) -> float:
    """Return the seconds of CPU of importing this in a new interpreter, by the clock of the process.

    What the system tells of a child's CPU is counted in hundredths of a second here; an import takes less.
    """
    code = f"import time; began = time.process_time(); import {name}; print(time.process_time() - began)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)


def p11(server: Server) -> Figure:
    """Make a client and its first call, over TLS."""
    taken = compare(server, "first", "small", {"metertap-sync": 1, "requests-loop": 1}, tls=True, rounds=2 * ROUNDS)
    ours, peer = taken["metertap-sync"].seconds, taken["requests-loop"].seconds
    told = f"{ours * 1e3:.1f} ms, requests {peer * 1e3:.1f} ms"
    return figure("P11", [Ratio("the speed of requests", peer / ours, 1 / 0.35)], told, remark=noisy(taken))


def p12(server: Server) -> Figure:
    """Ask as the vendor's client does."""
    taken = compare(server, "answers", "timeshift", dict.fromkeys(("metertap", "volcengine"), scaled(1000, 64)))
    ours, peer = taken["metertap"], taken["volcengine"]
    ratios = [faster(taken, "volcengine", 5), Ratio("less CPU than volcengine", peer.cpu / ours.cpu, 10)]
    told = f"{ours.cpu * 1e6:.0f} and {peer.cpu * 1e6:.0f} µs CPU each"
    return figure("P12", ratios, told, remark=noisy(taken))


def p13(server: Server) -> Figure:
    """Fetch while Python computes."""
    taken = compare(server, "beside", "small", dict.fromkeys(("metertap", "aiohttp"), scaled(3000)), delay=20)
    ours, peer = taken["metertap"], taken["aiohttp"]
    ratios = [
        Ratio("of its speed alone", ours.more["kept"], 0.9),
        Ratio("of the loop's speed alone", ours.more["loop"], 0.9),
        faster(taken, "aiohttp", 10),
    ]
    told = f"aiohttp keeps {peer.more['kept']:.2f}, the loop beside it {peer.more['loop']:.2f}"
    return figure("P13", ratios, told, remark=noisy(taken))


ALL = (p1, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13)
FIGURES: dict[str, Callable[[Server], Figure]] = {take.__name__.upper(): take for take in ALL}


def five(server: Server) -> None:
    """Ask all five providers once: the server must speak to real clients."""
    import metertap as mt

    base = f"{server.plain}/five/0"
    uipath = mt.UiPath(
        organization_id=ORGANIZATION, organization_name="acme", client_id="app", client_secret="hush", base_url=base
    )
    accounts = [
        mt.Sora(api_key="example", base_url=base),
        mt.Ricoh(client_id="app", client_secret="hush", base_url=base),
        uipath.select(consumable_code=["AIU"]),
        mt.DeviceWise(username="user", password="hush", base_url=base).select(meters=["devicewise.storage"]),
        mt.Volcengine(access_key=ACCESS_KEY, secret_key=SECRET_KEY, base_url=base).select(
            meters=["volcengine.up_traffic"]
        ),
    ]
    day = "2026-01-01T00:00:00+08:00", "2026-01-02T00:00:00+08:00"
    usage = mt.fetch(accounts, *day, now="2026-01-20", on_error="keep")
    if usage.missing or len({row["provider"] for row in usage.to_dicts()}) != 5:
        raise Differs(f"the server and the clients do not understand each other: {usage.missing}")


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
        five(server)
        for name in wanted.split(","):
            taken(name, server).tell()


if __name__ == "__main__":
    main()
