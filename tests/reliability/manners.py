"""F14: how the assembled client treats a service that is down, shaky, or asks to be left alone; the server counts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from figures import NOW, PROVIDERS, QUESTIONS, Reply, ScriptedServer, count, figure, good_body

import metertap
from metertap import errors
from metertap.simulator import Simulator

problems: list[str] = []


async def ask(client: Any, calls: int) -> list[Any]:
    """Make so many calls and return their answers and exceptions."""
    method, arguments = QUESTIONS[client.provider]
    asked = (getattr(client, method)(**arguments) for _ in range(calls))
    return await asyncio.gather(*asked, return_exceptions=True)


def check(is_so: bool, what: str) -> None:
    if not is_so:
        problems.append(what)
        print(what, flush=True)


def logged_in(simulator: Simulator, provider: str, **options: Any) -> Any:
    """Return a client whose account is logged in, so that what follows counts questions only."""
    client = simulator.client(provider, aio=True, **options)
    asyncio.run(ask(client, 1))
    return client


def dead() -> int:
    """Return the most attempts beyond one per call at a service that always fails."""
    most, calls = 0, count(200)
    for provider in PROVIDERS:
        for fault in ("status:503", "reset", "truncated"):
            with Simulator(seed=7, now=NOW) as simulator:
                client = logged_in(simulator, provider)
                simulator.add_fault(fault)
                before = simulator.counts.requests
                answers = asyncio.run(ask(client, calls))
                requests = simulator.counts.requests - before
            attempts = sum(getattr(answer, "attempts", 0) for answer in answers)
            check(attempts == requests, f"{provider} {fault}: {attempts} attempts told, {requests} counted")
            check(requests <= calls + 36, f"{provider} {fault}: {requests} requests for {calls} calls")
            failed = all(isinstance(answer, errors.MetertapError) for answer in answers)
            check(failed, f"{provider} {fault}: an answer from a dead service")
            most = max(most, requests - calls)
    return most


def most_by_chance(calls: int, chance: float) -> int:
    """Return how many of so many calls fail by chance at most, but once in ten million times."""
    likely, beyond, failures = (1 - chance) ** calls, 1.0, 0
    while beyond > 1e-7:
        beyond -= likely
        likely *= (calls - failures) / (failures + 1) * chance / (1 - chance)
        failures += 1
    return failures - 1


def shaky() -> tuple[float, int]:
    """Return the most attempts per call at a service of which every twentieth answer fails, and how many calls failed.

    A call may fail: three answers in a row that it gets may be twentieth ones, by chance once in 8,000 calls. What the
    policy promises is that it fails only when its three attempts are used, or the budget is empty, which it never is.
    """
    most, all_failed, calls = 0.0, 0, count(1000)
    for provider in PROVIDERS:
        with Simulator(seed=7, now=NOW) as simulator:
            rounds = calls if PROVIDERS[provider]["per_second"] is None else min(calls, 300)
            client = logged_in(simulator, provider)
            simulator.add_fault("status:503", every=20)
            before = simulator.counts.requests
            answers = asyncio.run(ask(client, rounds))
            per_call = (simulator.counts.requests - before) / rounds
        check(per_call <= 1.06, f"{provider}: {per_call:.3f} attempts per call")
        failed = [answer for answer in answers if isinstance(answer, Exception)]
        early = [answer for answer in failed if not (isinstance(answer, errors.ServerError) and answer.attempts == 3)]
        check(not early, f"{provider}: {len(early)} calls failed before their attempts were used: {early[:1]}")
        allowed = most_by_chance(rounds, 1 / 8000)
        check(len(failed) <= allowed, f"{provider}: {len(failed)} of {rounds} calls failed, by chance {allowed}")
        most, all_failed = max(most, per_call), all_failed + len(failed)
    return most, all_failed


def forbidden() -> int:
    """Return how many requests came while the service had asked to be left alone."""
    inside = 0
    for provider in PROVIDERS:
        for seconds in (0.3, 1.0):
            with Simulator(seed=7, now=NOW) as simulator:
                client = logged_in(simulator, provider, max_concurrency=1)
                simulator.clear_requests()
                simulator.add_fault(f"status:429;retry-after={seconds}", times=1)
                asyncio.run(ask(client, 20))
                requests = sorted(simulator.requests, key=lambda request: request.arrived)
            refused = next(request for request in requests if request.status == 429)
            early = [r for r in requests if refused.arrived < r.arrived < refused.arrived + seconds]
            check(not early, f"{provider}: {len(early)} requests inside {seconds} s")
            check(len(requests) == 21, f"{provider}: {len(requests)} requests for 20 calls and one refusal")
            inside += len(early)
    return inside


@contextlib.contextmanager
def log_in_records() -> Iterator[list[str]]:
    """Collect what the client logs about logins."""
    records: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage().endswith(": logged in"):
                records.append(record.getMessage())

    logger, listener = logging.getLogger("metertap"), Listener()
    logger.addHandler(listener)
    logger.setLevel(logging.DEBUG)
    yield records
    logger.removeHandler(listener)
    logger.setLevel(logging.NOTSET)


def renewals() -> int:
    """Return the most logins of 50 calls at once that find their session ended."""
    most = 0
    for provider in ("uipath", "devicewise"):
        with Simulator(seed=7, now=NOW) as simulator:
            client = logged_in(simulator, provider)
            simulator.expire_sessions(provider)
            simulator.clear_requests()
            with log_in_records() as records:
                answers = asyncio.run(ask(client, 50))
            requests = len(simulator.requests)
        # deviceWISE has one path for everything and refuses with status 200, so the client says which were logins. The
        # server's count leaves no room for others: those that were under way with the old session were refused.
        logins, most_refused = len(records), PROVIDERS[provider]["concurrency"]
        check(50 + logins < requests <= 50 + logins + most_refused, f"{provider}: {requests} requests")
        check(logins == 1, f"{provider}: {logins} logins")
        check(not any(isinstance(answer, Exception) for answer in answers), f"{provider}: a call failed")
        most = max(most, logins)
    return most


def signatures() -> int:
    """Return how many different signatures the attempts of one call have; a second lies between them."""
    server = ScriptedServer()
    refused = Reply(503, {"Retry-After": "1.1"})
    server.script = [refused, refused, Reply(body=good_body("volcengine"))]
    client = metertap.Volcengine(access_key="a", secret_key="s", base_url=server.origin, retries=2)
    method, arguments = QUESTIONS["volcengine"]
    getattr(client, method)(**arguments)
    server.stop()
    dates = {request.headers["x-date"] for request in server.seen}
    signed = {request.headers["authorization"] for request in server.seen}
    check(len(server.seen) == len(dates) == len(signed) == 3, f"{len(signed)} signatures, {len(dates)} dates")
    return len(signed)


def main() -> None:
    beyond, (per_call, failed), inside, logins, signed = dead(), shaky(), forbidden(), renewals(), signatures()
    reached = (
        f"dead: calls + {beyond}; 5 % failing: {per_call:.3f} per call, {failed} calls failed; "
        f"{inside} requests inside a forbidden time; "
        f"{logins} login for 50 calls; {signed} signatures for 3 attempts"
    )
    figure("F14", reached, not problems, "; ".join(problems[:3]))


if __name__ == "__main__":
    main()
