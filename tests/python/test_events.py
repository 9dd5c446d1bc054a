"""Events: what a listener hears through both doors, and what happens if it raises."""

from __future__ import annotations

import asyncio
import dataclasses
import pickle
import sys
from collections import Counter
from typing import Any

import pytest
from support import NOW, Door

import metertap as mt
from metertap import events
from metertap.errors import MetertapError, RateLimited, ServerError, WrongType
from metertap.simulator import Simulator

MONTH = ("2026-02-01", "2026-03-01")
YEAR = ("2025-03-01", "2026-03-01")


def fetch(door: Door, *args: Any, **kwargs: Any) -> mt.Usage:
    """Fetch through either door."""
    if door.name == "sync":
        return mt.fetch(*args, **kwargs)
    return asyncio.run(mt.aio.fetch(*args, **kwargs))


def call(door: Door, client: Any) -> int:
    """Make a native call through either door."""
    if door.name == "sync":
        return client.total_sessions_this_month()

    async def awaited() -> int:
        return await client.total_sessions_this_month()

    return asyncio.run(awaited())


def sora(door: Door, simulator: Simulator, **options: Any) -> Any:
    return simulator.client("sora", aio=door.name == "async", **options)


def kinds(seen: list[events.Event]) -> Counter[str]:
    return Counter(type(event).__name__ for event in seen)


def test_a_fetch_tells_each_request_and_login(door: Door, simulator: Simulator) -> None:
    seen: list[events.Event] = []
    asked = [simulator.client("sora"), simulator.client("devicewise", name="machines")]
    usage = fetch(door, asked, *MONTH, now=NOW, on_event=seen.append)
    answered = [event for event in seen if isinstance(event, events.Answered)]
    assert len(answered) == len(usage.evidence)
    assert {(event.provider, event.account) for event in answered} == {("sora", "sora"), ("devicewise", "machines")}
    assert all(event.status == 200 and event.attempt == 1 and event.seconds > 0 for event in answered)
    assert [event for event in seen if isinstance(event, events.LoggedIn)] == [
        events.LoggedIn("devicewise", "machines")
    ]


def test_a_native_call_tells_its_repetition_and_its_answers(door: Door, simulator: Simulator) -> None:
    seen: list[events.Event] = []
    client = sora(door, simulator, on_event=seen.append)
    simulator.add_fault("status:503", times=1)
    call(door, client)
    assert [type(event) for event in seen] == [events.Answered, events.Repeating, events.Answered]
    first, repeating, second = seen
    assert isinstance(first, events.Answered)
    assert isinstance(second, events.Answered)
    assert isinstance(repeating, events.Repeating)
    assert (first.attempt, first.status, second.attempt, second.status) == (1, 503, 2, 200)
    assert isinstance(repeating.error, ServerError)
    assert (repeating.error.attempts, repeating.operation) == (1, first.operation)
    assert 0 <= repeating.wait_seconds <= 0.1


def test_a_failure_is_told_before_it_is_raised(door: Door, simulator: Simulator) -> None:
    seen: list[events.Event] = []
    client = sora(door, simulator, on_event=seen.append, retries=0)
    simulator.add_fault("status:500")
    with pytest.raises(ServerError):
        call(door, client)
    assert isinstance(seen[-1], events.GaveUp)
    assert isinstance(seen[-1].error, ServerError)


def test_a_wait_for_the_limits_and_a_learned_rate_are_told(door: Door, simulator: Simulator) -> None:
    seen: list[events.Event] = []
    client = simulator.client("sora", max_per_second=100)
    simulator.add_fault("status:429;retry-after=0.05", skip=5, times=1)
    usage = fetch(door, client, *YEAR, now=NOW, on_event=seen.append)
    assert usage.is_complete
    learned = [event for event in seen if isinstance(event, events.LearnedLimit)]
    assert [event.per_second for event in learned] == [pytest.approx(25)]
    assert all(event.seconds >= 0.001 for event in seen if isinstance(event, events.Waited))
    assert kinds(seen)["Waited"] > 0
    assert [type(event.error) for event in seen if isinstance(event, events.Repeating)] == [RateLimited]


def test_events_of_a_fetch_come_while_it_runs(door: Door, simulator: Simulator) -> None:
    simulator.add_fault("status:503;retry-after=0.4", times=1)
    arrived: list[int] = []
    client = simulator.client("sora", max_concurrency=1)
    fetch(door, client, *MONTH, now=NOW, on_event=lambda event: arrived.append(simulator.counts.requests))
    # The first answer is told while the repetition is still put off.
    assert arrived[0] == 1


def test_a_listener_that_raises_does_not_end_what_it_watches(
    door: Door, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", reported.append)
    heard: list[events.Event] = []

    def raises(event: events.Event) -> None:
        heard.append(event)
        raise ValueError("a slip")

    client = sora(door, simulator, on_event=raises)
    assert call(door, client) >= 0
    assert call(door, client) >= 0
    usage = fetch(door, simulator.client("sora"), *MONTH, now=NOW, on_event=raises)
    assert usage.is_complete
    # Once by the client, once by the fetch; after that, neither calls it any more.
    assert [str(report.exc_value) for report in reported] == ["a slip", "a slip"]
    assert len(heard) == 2


def test_ctrl_c_in_a_listener_ends_the_call(simulator: Simulator) -> None:
    def stop(event: events.Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulator.client("sora", on_event=stop).total_sessions_this_month()


def test_only_a_callable_can_listen(door: Door, simulator: Simulator) -> None:
    with pytest.raises(WrongType, match="on_event must be a callable, not str"):
        fetch(door, simulator.client("sora"), *MONTH, now=NOW, on_event="print")


def test_events_are_frozen_compare_and_pickle(simulator: Simulator) -> None:
    seen: list[events.Event] = []
    simulator.add_fault("status:503", times=1)
    simulator.client("sora", on_event=seen.append).total_sessions_this_month()
    for event in seen:
        with pytest.raises(dataclasses.FrozenInstanceError):
            event.provider = "other"  # type: ignore[misc]
        again = pickle.loads(pickle.dumps(event))
        for field in dataclasses.fields(event):
            one, other = getattr(event, field.name), getattr(again, field.name)
            assert str(one) == str(other) if isinstance(one, MetertapError) else one == other


def test_no_event_holds_a_secret(simulator: Simulator) -> None:
    seen: list[events.Event] = []
    word = simulator.all_credentials("sora")["api_key"]
    simulator.add_fault(f"status:500;body={word}")
    with pytest.raises(ServerError):
        simulator.client("sora", on_event=seen.append, retries=1).total_sessions_this_month()
    assert len(seen) == 4
    assert word not in repr(seen) + "".join(str(vars(event.error)) for event in seen if hasattr(event, "error"))


def test_all_events_are_exported() -> None:
    classes = {
        name for name, value in vars(events).items() if isinstance(value, type) and value.__module__ == events.__name__
    }
    assert classes == set(events.__all__)
