"""Roll-ups against a slow model that knows the truth; `make reliability` tries thousands more of them (F26)."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import rollups

from metertap.simulator import Simulator


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    with Simulator(seed=7, now=rollups.NOW) as simulator:
        yield simulator


@pytest.mark.parametrize("start", range(0, 200, 50))
def test_roll_ups_of_made_up_answers_are_those_of_the_model(start: int) -> None:
    for number in range(start, start + 50):
        chance = random.Random(number)
        case, usage = rollups.case(chance)
        rollups.choose(case, chance)
        assert rollups.differences(case, usage) == [], f"case {number}"


def test_roll_ups_of_the_simulators_answers_are_those_of_the_model(world: Simulator) -> None:
    for number in range(20):
        chance = random.Random(number)
        case, usage = rollups.simulated(world, chance)
        rollups.choose(case, chance)
        assert rollups.differences(case, usage) == [], f"case {number}"
