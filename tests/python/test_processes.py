"""Ends, cancels, forks, threads and re-imports, each idea once; tests/reliability shows them in numbers."""

from __future__ import annotations

import asyncio
import copy
import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support import NOW, clean_environment, run_python

import metertap
from metertap import _core, errors
from metertap.simulator import Simulator, fault_menu

# The end of a program

ENDING = """
import asyncio, logging, sys, threading, time
import metertap.aio
from metertap.simulator import Simulator
simulator = Simulator(seed=7)
client, twin = simulator.client("sora"), simulator.client("sora", aio=True)
class Slow(logging.Handler):
    def emit(self, record):
        self.format(record)
        time.sleep(0.002)
logging.basicConfig(level=logging.DEBUG, handlers=[Slow()])
def call():
    while True:
        client.total_traffic_this_month()
def awaited():
    async def forever():
        while True:
            await asyncio.gather(*(twin.total_traffic_this_month() for _ in range(5)))
    asyncio.run(forever())
for work in (call, call, call, awaited):
    threading.Thread(target=work, daemon=True).start()
time.sleep(float(sys.argv[1]))
sys.exit(3)
"""


def test_a_program_that_ends_amid_calls_ends_with_its_own_code_and_without_a_word() -> None:
    """Each with its own moment: before, every eighth of them was aborted."""

    def end(moment: int) -> tuple[int, str]:
        command = [sys.executable, "-X", "faulthandler", "-c", ENDING, str(moment / 500)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=clean_environment())
        return done.returncode, done.stderr

    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(end, range(16))) == {(3, "")}


def test_a_call_at_the_very_end_is_refused_in_the_main_thread() -> None:
    code = """
import atexit
from metertap.simulator import Simulator
simulator = Simulator(seed=7)
client = simulator.client("sora")
def late():
    try:
        client.total_sessions_this_month()
    except Exception as problem:
        print(type(problem).__name__)
import metertap
atexit.unregister(metertap._core.shut_down)
atexit.register(late)
atexit.register(metertap._core.shut_down)
client.total_sessions_this_month()
"""
    assert run_python(code) == "ShuttingDown\n"


# Cancelling


async def test_cancelling_gives_back_what_the_repetitions_cost(simulator: Simulator) -> None:
    client = simulator.client("sora", aio=True, retries=1)
    await client.total_sessions_this_month()
    simulator.add_fault("status:503;retry-after=20")
    for number in range(40):
        task = asyncio.ensure_future(client.total_sessions_this_month())
        while simulator.counts.requests < number + 2:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    simulator.clear_faults()
    simulator.add_fault("reset")
    with pytest.raises(errors.ConnectionLost) as caught:
        await client.total_sessions_this_month()
    assert caught.value.attempts == 2
    assert not caught.value.retries_suppressed


async def test_a_hundred_cancels_leave_permits_and_no_request_behind(simulator: Simulator) -> None:
    client = simulator.client("sora", aio=True, max_concurrency=4)
    await client.total_sessions_this_month()
    simulator.add_fault("hang:20000")
    for round_ in range(25):
        tasks = [asyncio.ensure_future(client.total_sessions_this_month()) for _ in range(4)]
        await asyncio.sleep(round_ * 0.0005)
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) for one in ended)
    until = time.monotonic() + 5
    while (counts := simulator.counts).requests - 1 > counts.disconnects:
        assert time.monotonic() < until, counts
        await asyncio.sleep(0.01)
    simulator.clear_faults()
    answers = await asyncio.wait_for(asyncio.gather(*(client.total_sessions_this_month() for _ in range(8))), 10)
    assert len(set(answers)) == 1


# Threads


def test_a_slow_log_handler_holds_nobody_for_ever() -> None:
    code = """
import logging, threading, time
from metertap.simulator import Simulator
class Slow(logging.Handler):
    def emit(self, record):
        self.format(record)
        time.sleep(0.005)
logging.basicConfig(level=logging.DEBUG, handlers=[Slow()])
with Simulator(seed=7) as simulator:
    simulator.add_fault("status:503", every=7, times=2)  # fewer than one call can take
    barrier, answers = threading.Barrier(8), []
    def work():
        barrier.wait()
        for _ in range(10):
            answers.append(simulator.client("sora").total_sessions_this_month())
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print(len(answers), len(set(answers)))
"""
    assert run_python(code) == "80 1\n"


def test_loops_and_threads_share_connections(simulator: Simulator) -> None:
    client, twin = simulator.client("sora"), simulator.client("sora", aio=True)
    expected, wrong = client.total_sessions_this_month(), []
    barrier = threading.Barrier(8)

    async def gathered() -> list[int]:
        return await asyncio.gather(*(twin.total_sessions_this_month() for _ in range(5)))

    def work(number: int) -> None:
        barrier.wait()
        for _ in range(10):
            answers = asyncio.run(gathered()) if number % 2 else [client.total_sessions_this_month()]
            wrong.extend(answer for answer in answers if answer != expected)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert wrong == []
    assert simulator.counts.requests == 1 + 4 * 10 * 5 + 4 * 10
    assert simulator.counts.connections <= simulator.counts.requests * 0.05


# Bugs of ours


@pytest.mark.parametrize("awaited", [False, True])
def test_a_panic_is_an_error_and_the_next_call_works(
    awaited: bool, simulator: Simulator, capfd: pytest.CaptureFixture[str]
) -> None:
    async def breaks() -> Any:
        return await _core._panic(True)  # type: ignore[attr-defined]

    with pytest.raises(errors.InternalError, match="please report") as caught:
        asyncio.run(breaks()) if awaited else _core._panic(False)  # type: ignore[attr-defined]
    assert "on purpose" not in str(caught.value)
    capfd.readouterr()
    assert simulator.client("sora").total_sessions_this_month() > 0


# Importing and copying


def test_importing_again_does_no_harm() -> None:
    code = """
import importlib, sys
import metertap, metertap.aio, metertap.errors
from metertap.simulator import Simulator
with Simulator(seed=7) as simulator:
    number = simulator.client("sora").total_sessions_this_month()
    importlib.reload(metertap)
    print(simulator.client("sora").total_sessions_this_month() == number)
    for name in [name for name in sys.modules if name.split(".")[0] == "metertap"]:
        del sys.modules[name]
    try:
        import metertap.simulator
        print(metertap.Sora(api_key="k", base_url="http://127.0.0.1:9").name != "")
    except ImportError as problem:
        print(True)
"""
    assert run_python(code) == "True\nTrue\n"


def test_a_sub_interpreter_gets_the_module_or_an_import_error() -> None:
    code = """
try:
    import _xxsubinterpreters as interpreters
    run = lambda name, code: interpreters.run_string(name, code)
    name = interpreters.create()
except ImportError:
    import _interpreters as interpreters
    run = lambda name, code: interpreters.exec(name, code)
    name = interpreters.create()
run(name, '''
try:
    import metertap
except ImportError:
    pass
''')
print("alive")
import metertap
print(metertap.__version__ != "")
"""
    assert run_python(code) == "alive\nTrue\n"


def test_the_end_of_a_sub_interpreter_ends_nothing_of_the_main_one() -> None:
    code = """
from metertap.simulator import Simulator
try:
    import _xxsubinterpreters as interpreters
    run = lambda name, code: interpreters.run_string(name, code)
except ImportError:
    import _interpreters as interpreters
    run = lambda name, code: interpreters.exec(name, code)
with Simulator(seed=7) as simulator:
    client = simulator.client("sora")
    number = client.total_sessions_this_month()
    name = interpreters.create()
    run(name, '''
try:
    import metertap
except ImportError:
    pass
''')
    interpreters.destroy(name)
    print(client.total_sessions_this_month() == number)
"""
    assert run_python(code) == "True\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of descriptors")
def test_a_start_that_failed_for_want_of_descriptors_is_tried_again() -> None:
    code = """
import asyncio, os, resource
import metertap
from metertap.simulator import Simulator
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
simulator = Simulator(seed=7)
client, twin = simulator.client("sora"), simulator.client("sora", aio=True)
loop = asyncio.new_event_loop()
calls = [client.total_sessions_this_month, lambda: loop.run_until_complete(twin.total_sessions_this_month())]
for call in calls:
    held = []
    try:
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    try:
        call()
    except metertap.MetertapError as problem:
        print("cannot be started" in str(problem))
    for descriptor in held:
        os.close(descriptor)
    print(call() > 0)
"""
    assert run_python(code) == "True\n" * 4


def test_what_can_be_pickled_comes_back_equal_and_the_rest_says_so() -> None:
    with Simulator(seed=7, now=NOW) as simulator:
        client = simulator.client("ricoh")
        client.cost_and_usage_total(since="2026-02-01", until="2026-03-01")
        plan = metertap.plan(client, "2026-02-01", "2026-03-01")
        usage = metertap.fetch(plan, accounts=[client])
        records: list[Any] = [*simulator.switches, simulator.counts, *simulator.requests, *fault_menu()]
        for record in records:
            assert pickle.loads(pickle.dumps(record)) == copy.copy(record) == copy.deepcopy(record) == record
        for meter in metertap.meters():
            assert pickle.loads(pickle.dumps(meter)) == meter
        for table in (usage, usage.coverage, usage.evidence, usage.rollup("month")):
            for again in (pickle.loads(pickle.dumps(table)), copy.copy(table), copy.deepcopy(table)):
                assert type(again) is type(table)
                assert again.to_dicts() == table.to_dicts()
        for holder in (client, simulator, client.select()):
            with pytest.raises(TypeError, match="cannot"):
                pickle.dumps(holder)
        assert repr(pickle.loads(pickle.dumps(plan))) == repr(plan)
