"""What is repeated, what is not, for how long, and at whose expense: counted by the simulator."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from support import PROVIDERS, QUESTIONS, Door, Reply, ScriptedServer, good_body, json_reply

from metertap import MetertapError, errors, events
from metertap.simulator import Simulator


def ask(door: Door, client: Any) -> Any:
    method, arguments = QUESTIONS[client.provider]
    return door.ask(client, method, **arguments)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    "fault",
    ["status:503", "status:500", "status:429", "reset", "close", "truncated", "reset_in_body", "bad_status_line"],
)
def test_what_is_temporary_is_repeated(provider: str, fault: str, door: Door, simulator: Simulator) -> None:
    client = door.simulated(simulator, provider)
    expected = ask(door, client)
    before = simulator.counts.requests
    if fault == "status:429":
        fault += ";retry-after=0.01"  # without it, deviceWISE is given its minute
    simulator.add_fault(fault, times=1)
    assert ask(door, client) == expected
    assert simulator.counts.requests - before == 2


def test_two_failures_are_followed_by_a_third_attempt(door: Door, simulator: Simulator) -> None:
    simulator.add_fault("status:503", times=2)
    assert ask(door, door.simulated(simulator, "sora")) > 0
    assert [request.status for request in simulator.requests] == [503, 503, 200]


def test_three_failures_are_the_end_by_default(door: Door, simulator: Simulator) -> None:
    simulator.add_fault("status:503")
    with pytest.raises(errors.ServerError, match="Tried 3 times") as caught:
        ask(door, door.simulated(simulator, "sora"))
    assert caught.value.attempts == simulator.counts.requests == 3
    assert caught.value.is_temporary
    assert not caught.value.retries_suppressed
    assert caught.value.elapsed > 0


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_retries_are_counted_as_the_caller_says(retries: int, door: Door, simulator: Simulator) -> None:
    simulator.add_fault("reset")
    with pytest.raises(errors.ConnectionLost) as caught:
        ask(door, door.simulated(simulator, "sora", retries=retries))
    assert caught.value.attempts == simulator.counts.requests == retries + 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("status:400", errors.InvalidRequest),
        ("status:401", errors.AuthenticationFailed),
        ("status:403", errors.PermissionDenied),
        ("status:404", errors.NotFound),
        ("status:422", errors.InvalidRequest),
        ("status:501", errors.ServerError),
        ("status:302", errors.UnexpectedRedirect),
        ("garbage_json", errors.UnexpectedResponse),
        ("gzip_bomb", errors.ResponseTooLarge),
    ],
)
def test_what_would_fail_again_is_not_repeated(
    fault: str, error: type[MetertapError], door: Door, simulator: Simulator
) -> None:
    simulator.add_fault(fault)
    with pytest.raises(error) as caught:
        ask(door, door.simulated(simulator, "sora", retries=5))
    assert caught.value.attempts == simulator.counts.requests == 1
    assert not caught.value.is_temporary


@pytest.mark.parametrize(
    "fault",
    ["gzip_mislabelled", "gzip_unmarked", "bom", "informational", "latency:20", "twice", "stale", "huge_headers:8"],
)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_only_odd_does_no_harm(fault: str, provider: str, door: Door, simulator: Simulator) -> None:
    client = door.simulated(simulator, provider)
    expected = ask(door, client)
    simulator.add_fault(fault, times=2)
    assert ask(door, client) == expected
    assert ask(door, client) == expected


def test_a_body_that_drips_is_read_to_its_end(door: Door, simulator: Simulator) -> None:
    client = door.simulated(simulator, "sora")
    expected = door.ask(client, "total_traffic_this_month")
    simulator.add_fault("drip:1")
    assert door.ask(client, "total_traffic_this_month") == expected


def test_each_attempt_is_signed_anew(door: Door, server: ScriptedServer) -> None:
    # A second and more later, so that the date, which the signature covers, is another one.
    server.script = [Reply(503, {"Retry-After": "1.1"}), Reply(body=good_body("volcengine"))]
    client = door.client("volcengine", access_key="a", secret_key="s", base_url=server.origin, retries=1)
    ask(door, client)
    first, second = (request.headers for request in server.seen)
    assert first["x-date"] < second["x-date"]
    assert first["authorization"] != second["authorization"]
    # The same key and the same headers are signed: only the signature differs.
    assert first["authorization"].rpartition("=")[0] == second["authorization"].rpartition("=")[0]


# What the server wants


@pytest.mark.parametrize("status", [429, 503])
def test_a_short_wish_to_wait_is_obeyed(status: int, door: Door, simulator: Simulator) -> None:
    simulator.add_fault(f"status:{status};retry-after=0.15", times=1)
    assert ask(door, door.simulated(simulator, "sora")) > 0
    refused, answered = simulator.requests
    assert answered.arrived - refused.arrived >= 0.15


@pytest.mark.parametrize("wish", [7, 121, 3600])
def test_a_long_wish_is_told_at_once(wish: int, door: Door, simulator: Simulator) -> None:
    simulator.add_fault(f"status:429;retry-after={wish}", times=1)
    began = time.monotonic()
    with pytest.raises(errors.RateLimited) as caught:
        ask(door, door.simulated(simulator, "sora", timeout=5))
    assert caught.value.retry_after == wish
    assert caught.value.attempts == 1
    assert time.monotonic() - began < 6


def test_a_service_that_locks_out_for_a_minute_is_given_it(door: Door, simulator: Simulator) -> None:
    """The pages of deviceWISE say that whoever is too fast may be locked out for a minute."""
    client = door.simulated(simulator, "devicewise", timeout=30)
    ask(door, client)
    simulator.add_fault("status:429")
    with pytest.raises(errors.RateLimited) as caught:
        ask(door, client)
    assert (caught.value.retry_after, caught.value.attempts) == (60, 1)


@pytest.mark.parametrize("wish", ["-1", "nan", "inf", "soon", "0", "1e9", "9" * 35])
def test_a_wish_that_makes_no_sense_does_no_harm(wish: str, door: Door, simulator: Simulator) -> None:
    simulator.add_fault(f"status:503;retry-after={wish}", times=1)
    client = door.simulated(simulator, "sora", timeout=5)
    if len(wish) > 30:
        with pytest.raises(errors.ServerError) as caught:
            ask(door, client)
        assert caught.value.retry_after is not None
        assert caught.value.retry_after > 120
    else:
        assert ask(door, client) > 0


def test_nothing_is_sent_while_the_service_wants_nothing(door: Door, simulator: Simulator) -> None:
    """The wish holds for all clients of the account, not only for the call that got it."""
    simulator.add_fault("status:429;retry-after=0.2", times=1)
    with pytest.raises(errors.RateLimited):
        ask(door, door.simulated(simulator, "sora", retries=0))
    assert ask(door, door.simulated(simulator, "sora", name="another")) > 0
    refused, answered = simulator.requests
    assert answered.arrived - refused.arrived >= 0.19


def test_requests_keep_the_declared_rate(simulator: Simulator) -> None:
    per_second = PROVIDERS["volcengine"]["per_second"]
    client = simulator.client("volcengine", aio=True)
    method, arguments = QUESTIONS["volcengine"]

    async def main() -> None:
        await asyncio.gather(*(getattr(client, method)(**arguments) for _ in range(10)))

    asyncio.run(main())
    arrivals = sorted(request.arrived for request in simulator.requests)
    assert len(arrivals) == 10
    # Nine gaps; one gap's slack for the time on the way.
    assert arrivals[-1] - arrivals[0] >= 8 / per_second


def test_no_more_requests_are_under_way_than_allowed(simulator: Simulator) -> None:
    simulator.add_fault("latency:30")
    client = simulator.client("sora", aio=True, max_concurrency=2)

    async def main() -> None:
        await asyncio.gather(*(client.total_sessions_this_month() for _ in range(6)))

    asyncio.run(main())
    arrivals = sorted(request.arrived for request in simulator.requests)
    assert all(later - earlier >= 0.029 for earlier, later in zip(arrivals, arrivals[2:], strict=False))
    assert simulator.counts.connections <= 2


# Credentials that end


@pytest.mark.parametrize("provider", [name for name in ("uipath", "devicewise") if name in PROVIDERS])
def test_a_session_that_ended_is_renewed_once(provider: str, door: Door, simulator: Simulator) -> None:
    client = door.simulated(simulator, provider)
    expected = ask(door, client)
    simulator.expire_sessions(provider)
    simulator.clear_requests()
    assert ask(door, client) == expected
    # Refused, logged in, answered.
    assert len(simulator.requests) == 3
    simulator.clear_requests()
    assert ask(door, client) == expected
    assert len(simulator.requests) == 1


@pytest.mark.parametrize("provider", [name for name in ("uipath", "devicewise") if name in PROVIDERS])
def test_a_session_that_ends_for_ever_is_renewed_only_once(provider: str, door: Door, simulator: Simulator) -> None:
    client = door.simulated(simulator, provider)
    ask(door, client)
    simulator.clear_requests()
    simulator.add_fault("expire")
    with pytest.raises(errors.AuthenticationFailed):
        ask(door, client)
    assert len(simulator.requests) <= 4


@pytest.mark.parametrize("provider", [name for name in ("uipath", "devicewise") if name in PROVIDERS])
def test_fifty_calls_that_find_the_session_ended_log_in_once(provider: str, simulator: Simulator) -> None:
    client = simulator.client(provider, aio=True)
    method, arguments = QUESTIONS[provider]

    async def many(count: int) -> list[Any]:
        return await asyncio.gather(*(getattr(client, method)(**arguments) for _ in range(count)))

    [expected] = asyncio.run(many(1))
    simulator.expire_sessions(provider)
    simulator.clear_requests()
    assert asyncio.run(many(50)) == [expected] * 50
    most = PROVIDERS[provider]["concurrency"]
    # Those that were under way with the old session were refused: at most as many as may be.
    assert 50 + 1 + 1 <= len(simulator.requests) <= 50 + 1 + most


def test_a_ready_token_is_not_renewed(door: Door, simulator: Simulator) -> None:
    token = simulator.all_credentials("uipath")["token"]
    organization = simulator.credentials("uipath")["organization_id"]
    options = {"organization_id": organization, "base_url": simulator.base_url("uipath")}
    assert ask(door, door.client("uipath", token=token, **options)).tenants
    simulator.clear_requests()
    with pytest.raises(errors.AuthenticationFailed) as caught:
        ask(door, door.client("uipath", token="wrong", **options))
    assert caught.value.attempts == len(simulator.requests) == 1


def test_a_callable_token_is_asked_again_when_it_is_refused(door: Door, simulator: Simulator) -> None:
    good = simulator.all_credentials("uipath")["token"]
    tokens = iter(["old", good, good])
    organization = simulator.credentials("uipath")["organization_id"]
    client = door.client(
        "uipath", organization_id=organization, token=lambda: next(tokens), base_url=simulator.base_url("uipath")
    )
    assert ask(door, client).tenants
    assert [request.status for request in simulator.requests] == [401, 200]


def test_a_refused_login_is_never_repeated(door: Door, simulator: Simulator) -> None:
    for provider, secret in (("uipath", "client_secret"), ("devicewise", "password")):
        simulator.clear_requests()
        with pytest.raises(errors.AuthenticationFailed):
            ask(door, door.simulated(simulator, provider, retries=5, **{secret: "wrong"}))
        assert len(simulator.requests) == 1


def test_a_second_factor_is_asked_for_by_name(door: Door, server: ScriptedServer) -> None:
    wants = {"auth": {"success": False, "errorCodes": [-90041], "errorMessages": ["code?"]}}
    opened = {"auth": {"success": True, "params": {"orgKey": "O", "sessionId": "s"}}}
    answer = {"get": {"success": True, "params": {"ts": ["2026-01-01T00:00:00Z"], "connected": [3]}}}
    account = {"username": "u", "password": "p", "base_url": server.origin}
    server.script = [json_reply(wants)]
    with pytest.raises(errors.MfaRequired, match="pass the six-digit code as mfa_code="):
        ask(door, door.client("devicewise", **account))
    assert len(server.seen) == 1
    server.script = [json_reply(wants), json_reply(opened), json_reply(answer)]
    history = ask(door, door.client("devicewise", **account, mfa_code=lambda: "123456"))
    assert [(series.path, series.values) for series in history.series] == [(["connected"], [3])]
    assert server.seen[2].json["auth"]["params"]["password"] == "123456"


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_clock_that_is_off_is_corrected_once(seconds: int, door: Door, simulator: Simulator) -> None:
    client = door.simulated(simulator, "volcengine")
    expected = ask(door, client)
    simulator.set_clock_offset(seconds)
    simulator.clear_requests()
    assert ask(door, client) == expected
    assert [request.status for request in simulator.requests] == [400, 200]
    simulator.clear_requests()
    # The account remembers it, also for another client.
    assert ask(door, door.simulated(simulator, "volcengine", name="another")) == expected
    assert len(simulator.requests) == 1


# Budget and deadline


def test_a_dead_service_gets_fewer_requests_and_not_more(door: Door, simulator: Simulator) -> None:
    simulator.add_fault("reset")  # repeated at once, so that the test does not wait
    client = door.simulated(simulator, "sora", retries=1)
    problems = []
    for _ in range(200):
        with pytest.raises(errors.ConnectionLost) as caught:
            ask(door, client)
        problems.append(caught.value)
    # A full budget of 500 pays for 35 repetitions of 14.
    assert simulator.counts.requests == sum(problem.attempts for problem in problems)
    assert simulator.counts.requests <= 200 + 36
    assert not problems[0].retries_suppressed
    assert problems[-1].retries_suppressed
    # An account of another name has the same budget, another account has its own.
    with pytest.raises(errors.ConnectionLost) as caught:
        ask(door, door.simulated(simulator, "sora", retries=1, name="another"))
    assert caught.value.attempts == 1
    with pytest.raises(errors.ConnectionLost) as caught:
        ask(door, door.simulated(simulator, "sora", retries=1, api_key="another"))
    assert caught.value.attempts == 2


@pytest.mark.parametrize("fault", ["hang", "hang_in_body", "latency:20000", "drip:100"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_deadline_ends_whatever_stalls(fault: str, provider: str, door: Door, simulator: Simulator) -> None:
    ask(door, door.simulated(simulator, provider))  # logs in, and knows the way
    simulator.add_fault(fault)
    began = time.monotonic()
    with pytest.raises(errors.RequestTimeout, match=r"no answer within the timeout of 0\.1 s") as caught:
        door.ask(
            door.simulated(simulator, provider, timeout=0.1),
            QUESTIONS[provider][0],
            **QUESTIONS[provider][1],
        )
    assert isinstance(caught.value, TimeoutError)
    assert 0.1 <= caught.value.elapsed < 10
    assert time.monotonic() - began < 10
    assert caught.value.provider == provider


def test_the_deadline_covers_waits_and_tells_the_last_failure(door: Door, simulator: Simulator) -> None:
    simulator.add_fault("status:503;retry-after=0.2;body=busy")
    with pytest.raises((errors.ServerError, errors.RequestTimeout)) as caught:
        ask(door, door.simulated(simulator, "sora", timeout=0.3, retries=9))
    assert caught.value.http_status == 503
    assert caught.value.attempts == 2


def test_the_deadline_covers_the_wait_for_a_permit(simulator: Simulator) -> None:
    simulator.add_fault("latency:200")
    patient = simulator.client("sora", aio=True, max_concurrency=1)
    hurried = simulator.client("sora", aio=True, max_concurrency=1, timeout=0.05)

    async def main() -> list[Any]:
        first = asyncio.create_task(patient.total_sessions_this_month())
        while simulator.counts.requests < 1:
            await asyncio.sleep(0.005)
        calls = (hurried.total_sessions_this_month() for _ in range(3))
        return [*await asyncio.gather(*calls, return_exceptions=True), await first]

    *late, answer = asyncio.run(main())
    assert [(type(problem), problem.attempts) for problem in late] == [(errors.RequestTimeout, 0)] * 3
    assert answer > 0
    assert simulator.counts.requests == 1


def test_a_stale_connection_is_replaced_at_once(door: Door, simulator: Simulator) -> None:
    seen: list[events.Event] = []
    client = door.simulated(simulator, "sora", on_event=seen.append)
    ask(door, client)
    simulator.add_fault("stale", times=1)
    assert ask(door, client) > 0
    assert simulator.counts.connections == 2
    assert [event.wait_seconds for event in seen if isinstance(event, events.Repeating)] == [0]


def test_a_connection_that_was_closed_between_two_calls_is_not_used_again(door: Door, server: ScriptedServer) -> None:
    """Nobody watches the connections of blocking calls in between, so the next call looks first."""
    server.script = [Reply(body=b"1")]
    client = door.client("sora", api_key="k", base_url=server.origin, retries=0)
    for _ in range(10):
        assert ask(door, client) == 1
        server.hang_up()
        time.sleep(0.02)


def test_an_answer_of_two_months_is_asked_again(door: Door, server: ScriptedServer) -> None:
    """Nine counters are one answer only if they are of one month."""

    def by_path(seen: Any) -> Reply:
        count = sum(other.path == seen.path for other in server.seen)
        late = seen.path.endswith("webhook-requests-this-month") and count == 1
        reply = Reply(
            headers={"Date": "Sun, 01 Feb 2026 00:00:00 GMT" if late else "Sat, 31 Jan 2026 23:59:59 GMT"}, body=b"1"
        )
        return reply._replace(body=b'{"ingress":1,"egress":2}') if "traffic" in seen.path else reply

    server.script = [by_path]
    status = door.ask(door.client("sora", api_key="k", base_url=server.origin), "status_this_month")
    assert status.retrieved_at.isoformat() == "2026-01-31T23:59:59+00:00"
    assert len(server.seen) == 18
