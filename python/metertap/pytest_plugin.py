"""The pytest fixture `usage_simulator`, for tests of scripts that use metertap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metertap.simulator import Simulator


@pytest.fixture
def usage_simulator() -> Iterator[Simulator]:
    """Start a simulator with seed 7, whose time stands still at 2026-04-15 12:00 UTC."""
    # Imported here: pytest loads plugins at every start, also where metertap is not used.
    from metertap.simulator import Simulator

    with Simulator(seed=7, now="2026-04-15T12:00:00Z") as simulator:
        yield simulator
