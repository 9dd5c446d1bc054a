"""F24: how the assembled client logs in; the server counts what it refused, and what came while it wanted none.

Providers that log in, with 1, 4, 20 and 180 calls: a wrong credential, a wrong second factor, and logins that fail by
the way (429 with a hint, 503, cut), each at a server that answers at once and at one that takes its time, one call
after the other, in threads, awaited together, and through `fetch`.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from figures import NOW, QUESTIONS, count, figure

import metertap
import metertap.aio
from metertap import errors
from metertap.simulator import Simulator

#: A way to log in: the provider, the fields of its account, and the secret that may be wrong.
WAYS = {
    "uipath": ("uipath", ("organization_id", "organization_name", "client_id", "client_secret"), "client_secret"),
    "devicewise user": ("devicewise", ("username", "password"), "password"),
    "devicewise app": ("devicewise", ("app_id", "app_token", "thing_key"), "app_token"),
}
CALLS = (1, 4, 20, 180)
DOORS = ("sync", "threads", "async", "fetch", "aio.fetch")
#: How long the service asks us to wait, in seconds.
HINT = 0.4
PASSING = {"429 + hint": f"status:429;retry-after={HINT}", "503": "status:503", "cut": "truncated"}

problems: list[str] = []
cases = {"refused": 0, "second factor": 0, **dict.fromkeys(PASSING, 0)}
most_refused = 0
early = 0


def check(is_so: bool, what: str) -> None:
    if not is_so:
        problems.append(what)
        print(what, flush=True)


def plan_of(client: Any, calls: int) -> metertap.Plan:
    """Return a plan of so many calls, or of as many as this provider's limits make of 36 years."""
    if client.provider == "uipath":
        codes = [f"CODE{number}" for number in range(calls)]
        return metertap.plan(client.select(consumable_code=codes), "2026-04-01", "2026-04-10")
    years = {1: "2026-04-01", 4: "2026-04-01", 20: "2023-10-17", 180: "1990-01-01"}[calls]
    meters = {"meters": ["devicewise.api_calls"]} if calls == 1 else {}
    return metertap.plan(client.select(series="hour", **meters), years, "2026-04-15")


def fetch(client: Any, calls: int, is_aio: bool) -> list[Any]:
    """Return what became of each call of a fetch: its state, or its error."""
    plan = plan_of(client, calls)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if is_aio:
                usage = asyncio.run(metertap.aio.fetch(plan, accounts=[client], on_error="keep"))
            else:
                usage = metertap.fetch(plan, accounts=[client], on_error="keep")
    except errors.IncompleteUsage as problem:
        usage = problem.usage
    except errors.MetertapError as problem:
        return [problem] * len(plan.calls)
    rows = usage.evidence.to_dicts()
    return [errors.MetertapError(row["message"]) if row["error"] else row["http_status"] for row in rows]


def ask(client: Any, door: str, calls: int) -> list[Any]:
    """Make so many calls through this door and return their answers and exceptions."""
    if "fetch" in door:
        return fetch(client, calls, door == "aio.fetch")
    method, arguments = QUESTIONS[client.provider]

    def one(_: int) -> Any:
        try:
            return getattr(client, method)(**arguments)
        except errors.MetertapError as problem:
            return problem

    if door == "sync":
        return [one(number) for number in range(calls)]
    if door == "threads":
        with ThreadPoolExecutor(16) as pool:
            return list(pool.map(one, range(calls)))

    async def together() -> list[Any]:
        asked = (getattr(client, method)(**arguments) for _ in range(calls))
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(together())


def client_of(simulator: Simulator, way: str, door: str, **given: Any) -> Any:
    """Return a client that logs in this way."""
    provider, fields, _ = WAYS[way]
    known = simulator.all_credentials(provider)
    module = metertap.aio if door in ("async", "aio.fetch") else metertap
    kind = {"uipath": "UiPath", "devicewise": "DeviceWise"}[provider]
    account = {name: known[name] for name in fields}
    return getattr(module, kind)(**{**account, "base_url": simulator.base_url(provider), "timeout": 20, **given})


def refused(way: str, door: str, calls: int, is_slow: bool, second_factor: bool) -> None:
    """Ask with a credential that is refused: without a session every request is a login, or its second step."""
    global most_refused
    secret = WAYS[way][2]
    wrong = {"mfa_code": "654321"} if second_factor else {secret: "wrong and not real"}
    with Simulator(seed=7, now=NOW) as simulator:
        if second_factor:
            simulator.switch("devicewise.mfa", "on")
        if is_slow:
            simulator.add_fault("latency:40")
        client = client_of(simulator, way, door, **wrong)
        answers = ask(client, door, calls)
        answers += ask(client, door, 1)
        # The password of a second factor is right; the code is what is refused.
        logins = simulator.counts.requests - second_factor
    what = f"{way}, {door}, {calls} calls{', slow' if is_slow else ''}{', second factor' if second_factor else ''}"
    check(logins == 1, f"{what}: {logins} refused logins")
    check(all(isinstance(answer, errors.MetertapError) for answer in answers), f"{what}: an answer without a login")
    most_refused = max(most_refused, logins)
    cases["second factor" if second_factor else "refused"] += 1


def passing(way: str, door: str, calls: int, is_slow: bool, name: str) -> None:
    """Ask while the first login fails by the way: it is repeated, and everything succeeds."""
    global early
    with Simulator(seed=7, now=NOW) as simulator:
        if is_slow:
            simulator.add_fault("latency:40", times=3)
        simulator.add_fault(PASSING[name], times=1)
        client = client_of(simulator, way, door)
        answers = ask(client, door, calls)
        requests = sorted(simulator.requests, key=lambda request: request.arrived)
    what = f"{way}, {door}, {calls} calls, {name}{', slow' if is_slow else ''}"
    failed = [answer for answer in answers if isinstance(answer, Exception)]
    check(not failed, f"{what}: {len(failed)} of {len(answers)} calls failed: {failed[:1]}")
    check(
        len(requests) == len(answers) + 2, f"{what}: {len(requests)} requests for {len(answers)} calls and two logins"
    )
    if name == "429 + hint":
        first = requests[0].arrived
        inside = sum(first < request.arrived < first + HINT for request in requests)
        check(inside == 0, f"{what}: {inside} requests inside {HINT} s")
        early += inside
    cases[name] += 1


def changed(way: str) -> None:
    """Ask with a secret that is put right after it was refused, and with a client that is made anew."""
    secret = WAYS[way][2]
    with Simulator(seed=7, now=NOW) as simulator:
        words = ["wrong and not real"]
        client = client_of(simulator, way, "sync", **{secret: lambda: words[0]})
        first = ask(client, "sync", 4)
        words[0] = simulator.all_credentials(WAYS[way][0])[secret]
        then = ask(client, "sync", 4)
        requests = simulator.counts.requests
    check(all(isinstance(answer, errors.AuthenticationFailed) for answer in first), f"{way}: {first[:1]}")
    check(not any(isinstance(answer, Exception) for answer in then), f"{way}: a right secret is not tried: {then[:1]}")
    check(requests == 1 + 1 + 4, f"{way}: {requests} requests where a secret was put right")
    with Simulator(seed=7, now=NOW) as simulator:
        for _ in range(2):
            ask(client_of(simulator, way, "sync", **{secret: "wrong and not real"}), "sync", 4)
        requests = simulator.counts.requests
    check(requests == 2, f"{way}: {requests} logins of two clients")


def main() -> None:
    trials: list[Callable[[], None]] = []
    for way in WAYS:
        for door in DOORS:
            for calls in CALLS:
                for is_slow in (False, True):
                    trials.append(partial(refused, way, door, calls, is_slow, False))
                    if way == "devicewise user":
                        trials.append(partial(refused, way, door, calls, is_slow, True))
                    trials += [partial(passing, way, door, calls, is_slow, name) for name in PASSING]
        trials.append(partial(changed, way))
    for trial in trials[:: max(1, len(trials) // count(len(trials)))]:
        trial()
    told = ", ".join(f"{number} {name}" for name, number in cases.items())
    reached = f"{sum(cases.values())} cases ({told}): at most {most_refused} refused login, {early} requests too early"
    figure("F24", reached, not problems, "; ".join(problems[:3]))


if __name__ == "__main__":
    main()
