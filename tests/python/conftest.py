"""Fixtures of all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from canary import Watch
from support import NOW, Door, ScriptedServer

from metertap.simulator import Simulator


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--figures", action="store_true", help="print a line for each figure that was measured")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Watch(), "canary")


@pytest.fixture(params=["sync", "async"])
def door(request: pytest.FixtureRequest) -> Door:
    """Both ways to make a call; a test that takes it runs through each."""
    return Door(request.param)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulator of the test's own, whose time stands still."""
    with Simulator(seed=7, now=NOW) as simulator:
        yield simulator


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that says what it is told to."""
    server = ScriptedServer()
    yield server
    server.stop()
