"""Both doors under the circumstances of real programs: loops, threads, cancelling, Ctrl-C, forks, notebooks."""

from __future__ import annotations

import asyncio
import inspect
import json
import multiprocessing
import os
import pydoc
import re
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support import CLASSES, COMPOSITES, METHODS, NOW, Door, Method, clean_environment, run_python

import metertap
from metertap.simulator import Simulator


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    with Simulator(seed=7, now=NOW) as simulator:
        yield simulator


@pytest.fixture
def sora(world: Simulator) -> Any:
    return world.client("sora", aio=True)


@pytest.fixture
def expected(world: Simulator) -> int:
    return world.client("sora").total_sessions_this_month()


# What the doors are


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_the_async_twin_of_a_method_is_a_coroutine_function_of_the_same_signature(method: Method) -> None:
    sync = getattr(getattr(metertap, CLASSES[method.provider]), method.name)
    awaited = getattr(getattr(metertap.aio, CLASSES[method.provider]), method.name)
    assert inspect.iscoroutinefunction(awaited)
    assert not inspect.iscoroutinefunction(sync)
    assert inspect.signature(awaited) == inspect.signature(sync)
    # Their examples differ: there the call is awaited.
    assert awaited.__doc__.partition("Examples\n")[0] == sync.__doc__.partition("Examples\n")[0]
    assert sync.__doc__


@pytest.mark.parametrize("method", [*METHODS, *COMPOSITES], ids=str)
def test_the_signature_of_a_method_is_what_the_table_says(method: Method, door: Door) -> None:
    client = getattr(door.module, CLASSES[method.provider])
    function = getattr(client, method.name)
    signature = inspect.signature(function)
    itself, *parameters, raw = signature.parameters.values()
    assert itself.name == "self"
    assert [parameter.name for parameter in parameters] == [argument["name"] for argument in method.arguments]
    for parameter, argument in zip(parameters, method.arguments, strict=True):
        assert parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        assert parameter.default == (parameter.empty if argument["required"] else argument["default"])
        or_none = "" if argument["required"] or argument["default"] is not None else " | None"
        assert parameter.annotation == argument["type"] + or_none
    assert str(raw) == "raw: 'bool' = False"
    assert raw.kind is raw.KEYWORD_ONLY
    assert signature.return_annotation == method.returns
    assert function.__annotations__ == {
        **{parameter.name: parameter.annotation for parameter in (*parameters, raw)},
        "return": method.returns,
    }
    assert (function.__module__, function.__qualname__) == (client.__module__, f"{client.__name__}.{method.name}")
    assert function.__name__ == method.name
    # Python 3.13 gives each parameter of a long signature a line of its own.
    shown = re.sub(r"\s+", " ", pydoc.render_doc(function, renderer=pydoc.plaintext))
    assert f"{method.name}{signature}" in shown.replace("( self", "(self").replace(", ) ->", ") ->").replace(" )", ")")


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("Sora", "(*, api_key: 'SecretWord', **options: 'Unpack[ClientOptions]') -> 'None'"),
        (
            "Ricoh",
            "(*, client_id: 'str', client_secret: 'SecretWord', label_template: 'str | None' = None, "
            "labels_template: 'str | None' = None, utc_offset: 'str | None' = None, "
            "**options: 'Unpack[ClientOptions]') -> 'None'",
        ),
        (
            "UiPath",
            "(*, organization_id: 'str', token: 'SecretWord | None' = None, client_id: 'str | None' = None, "
            "client_secret: 'SecretWord | None' = None, organization_name: 'str | None' = None, "
            "scope: 'str | None' = None, token_url: 'str | None' = None, organization_segment: 'bool | None' = None, "
            "**options: 'Unpack[ClientOptions]') -> 'None'",
        ),
        (
            "DeviceWise",
            "(*, username: 'str | None' = None, password: 'SecretWord | None' = None, "
            "mfa_code: 'SecretWord | None' = None, app_id: 'str | None' = None, "
            "app_token: 'SecretWord | None' = None, thing_key: 'str | None' = None, "
            "session_id: 'SecretWord | None' = None, org_key: 'str | None' = None, "
            "**options: 'Unpack[ClientOptions]') -> 'None'",
        ),
        (
            "Volcengine",
            "(*, access_key: 'SecretWord', secret_key: 'SecretWord', session_token: 'SecretWord | None' = None, "
            "region: 'str | None' = None, **options: 'Unpack[ClientOptions]') -> 'None'",
        ),
    ],
)
def test_the_signature_of_a_client_names_what_its_account_is_made_of(name: str, signature: str, door: Door) -> None:
    client = getattr(door.module, name)
    assert str(inspect.signature(client)) == signature
    assert str(inspect.signature(client.__init__)) == signature.replace("(*", "(self, *")


# asyncio


async def test_a_sync_call_works_inside_a_running_loop(world: Simulator, expected: int) -> None:
    assert world.client("sora").total_sessions_this_month() == expected


async def test_every_way_to_await_gives_the_answer(sora: Any, expected: int) -> None:
    assert await sora.total_sessions_this_month() == expected
    assert await asyncio.create_task(sora.total_sessions_this_month()) == expected
    assert await asyncio.wait_for(sora.total_sessions_this_month(), 10) == expected
    assert await asyncio.shield(sora.total_sessions_this_month()) == expected
    many = await asyncio.gather(*(sora.total_sessions_this_month() for _ in range(20)))
    assert many == [expected] * 20
    done, waiting = await asyncio.wait([asyncio.ensure_future(sora.total_sessions_this_month())])
    assert [task.result() for task in done] == [expected]
    assert not waiting


@pytest.mark.skipif(sys.version_info < (3, 11), reason="task groups came with Python 3.11")
async def test_a_task_group_gives_the_answers(sora: Any, expected: int) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(sora.total_sessions_this_month()) for _ in range(5)]
    assert [task.result() for task in tasks] == [expected] * 5


async def test_an_error_in_one_of_many_leaves_the_others_alone(world: Simulator, sora: Any, expected: int) -> None:
    wrong = world.client("sora", aio=True, api_key="wrong")
    answers = await asyncio.gather(
        sora.total_sessions_this_month(), wrong.total_sessions_this_month(), return_exceptions=True
    )
    assert answers[0] == expected
    assert isinstance(answers[1], metertap.errors.AuthenticationFailed)


async def test_the_loop_goes_on_while_a_call_waits(simulator: Simulator) -> None:
    simulator.add_fault("latency:150")
    call = asyncio.ensure_future(simulator.client("sora", aio=True).total_sessions_this_month())
    turns = 0
    while not call.done():
        turns += 1
        await asyncio.sleep(0.01)
    assert turns >= 5
    await call


def test_one_client_serves_any_number_of_loops_and_keeps_its_connection(simulator: Simulator) -> None:
    client = simulator.client("sora", aio=True)

    async def main() -> int:
        return await client.total_sessions_this_month()

    assert len({asyncio.run(main()) for _ in range(20)}) == 1
    assert simulator.counts.requests == 20
    assert simulator.counts.connections == 1


def test_a_coroutine_that_nobody_awaits_sends_nothing(simulator: Simulator) -> None:
    coroutine = simulator.client("sora", aio=True).total_sessions_this_month()
    assert inspect.iscoroutine(coroutine)
    time.sleep(0.05)
    assert simulator.counts.connections == 0
    coroutine.close()


async def test_a_bad_question_is_refused_when_it_is_awaited(sora: Any) -> None:
    coroutine = sora.traffics_for_month(2026, 13)
    with pytest.raises(metertap.errors.InvalidArgument):
        await coroutine


@pytest.mark.parametrize("fault", ["latency:5000", "hang:5000", "hang_in_body:5000"])
async def test_cancelling_drops_the_request(fault: str, simulator: Simulator) -> None:
    client = simulator.client("sora", aio=True, max_concurrency=1)
    await client.total_sessions_this_month()
    simulator.add_fault(fault)
    task = asyncio.create_task(client.total_sessions_this_month())
    while simulator.counts.requests < 2:
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: simulator.counts.disconnects == 1)
    # The permit is free again: there is only one.
    simulator.clear_faults()
    assert await asyncio.wait_for(client.total_sessions_this_month(), 5) >= 0


async def test_a_timeout_of_asyncio_drops_the_request(simulator: Simulator) -> None:
    simulator.add_fault("hang:5000")
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(simulator.client("sora", aio=True).total_sessions_this_month(), 0.1)
    await until(lambda: simulator.counts.disconnects == 1)


async def test_cancelling_at_any_moment_loses_no_permit(simulator: Simulator) -> None:
    client = simulator.client("sora", aio=True, max_concurrency=2)
    expected = await client.total_sessions_this_month()
    for moment in range(40):
        task = asyncio.create_task(client.total_sessions_this_month())
        await asyncio.sleep(moment * 0.0001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    answers = asyncio.gather(*(client.total_sessions_this_month() for _ in range(4)))
    assert await asyncio.wait_for(answers, 5) == [expected] * 4


class Deaf(asyncio.SelectorEventLoop):
    """A loop that cannot watch sockets, as on Windows."""

    def add_reader(self, *_: Any) -> None:
        raise NotImplementedError


def uvloop_loop() -> Any:
    return pytest.importorskip("uvloop").new_event_loop()


@pytest.mark.parametrize("new_loop", [Deaf, uvloop_loop], ids=["a loop that cannot watch sockets", "uvloop"])
def test_other_loops_get_answers_and_errors_and_can_cancel(new_loop: Any, simulator: Simulator, expected: int) -> None:
    client = simulator.client("sora", aio=True)
    wrong = simulator.client("sora", aio=True, api_key="wrong")

    async def main() -> None:
        assert await asyncio.gather(*(client.total_sessions_this_month() for _ in range(20))) == [expected] * 20
        with pytest.raises(metertap.errors.AuthenticationFailed):
            await wrong.total_sessions_this_month()
        simulator.add_fault("hang:5000")
        before = simulator.counts.requests
        task = asyncio.ensure_future(client.total_sessions_this_month())
        await until(lambda: simulator.counts.requests > before)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: simulator.counts.disconnects == 1)

    loop = new_loop()
    loop.run_until_complete(main())
    loop.close()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="this system does not list descriptors")
def test_loops_leave_no_descriptor_behind() -> None:
    """Neither those that end in good order nor those that are closed amid calls, once there is another loop."""
    code = """
import asyncio, gc, os, time
from metertap.simulator import Simulator
def descriptors():
    return len(os.listdir("/proc/self/fd"))
def more_than(before):
    until = time.monotonic() + 5
    while descriptors() > before and time.monotonic() < until:
        time.sleep(0.01)
    # What was about to be closed when the counting began may be missing now.
    return max(descriptors() - before, 0)
with Simulator(seed=7) as simulator:
    client = simulator.client("sora", aio=True)
    async def call():
        return await client.total_sessions_this_month()
    async def cancelled():
        task = asyncio.ensure_future(call())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    asyncio.run(call())
    before = descriptors()
    for _ in range(20):
        asyncio.run(call())
    print(more_than(before))
    for _ in range(20):
        asyncio.run(cancelled())
        simulator.add_fault("hang:20000", times=1)
        loop = asyncio.new_event_loop()
        task = loop.create_task(call())
        task._log_destroy_pending = False
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()
        del task, loop
        simulator.clear_faults()
    asyncio.run(call())
    gc.collect()  # a task that never ended is in a cycle with what it waits for
    print(more_than(before))
"""
    assert run_python(code) == "0\n0\n"


async def until(is_so: Any) -> None:
    """Wait until something is so, at most as long as a busy machine may need."""
    for _ in range(2000):
        if is_so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


def test_a_loop_that_closes_first_leaves_no_complaint() -> None:
    code = """
import asyncio, sys
from metertap.simulator import Simulator
sys.stderr = sys.stdout
sys.unraisablehook = lambda seen: print("unraisable", seen.exc_value)
with Simulator(seed=7) as simulator:
    simulator.add_fault("latency:5")
    for moment in range(30):
        client = simulator.client("sora", aio=True)
        async def main():
            asyncio.ensure_future(client.total_sessions_this_month())
            await asyncio.sleep(moment * 0.0005)
        asyncio.run(main())
"""
    assert run_python(code) == ""


def test_an_answer_that_comes_after_its_loop_has_closed_is_dropped_without_a_word() -> None:
    code = """
import asyncio, os, sys, time
from metertap.simulator import Simulator
sys.stderr = sys.stdout
with Simulator(seed=7) as simulator:
    simulator.add_fault("latency:50")
    client = simulator.client("sora", aio=True)
    loop = asyncio.new_event_loop()
    task = loop.create_task(client.total_sessions_this_month())
    loop.run_until_complete(asyncio.sleep(0.02))
    loop.close()
    while simulator.requests[-1:] == [] or simulator.requests[-1].status is None:
        time.sleep(0.01)
    time.sleep(0.05)
    simulator.clear_faults()
    async def again():
        return await client.total_sessions_this_month()
    print(asyncio.run(again()) > 0, flush=True)
os._exit(0)  # asyncio itself complains of the task that never ended
"""
    assert run_python(code) == "True\n"


# Threads


def test_eight_threads_share_a_client_from_its_first_call_on() -> None:
    """In a fresh process, so that the runtime itself is started by eight threads at once."""
    code = """
import threading
import metertap
from metertap.simulator import Simulator
with Simulator(seed=7) as simulator:
    client, barrier, answers = simulator.client("sora"), threading.Barrier(8), []
    def work():
        barrier.wait()
        for _ in range(10):
            answers.append(client.total_sessions_this_month())
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print(len(answers), len(set(answers)))
"""
    assert run_python(code) == "80 1\n"


def test_loops_in_several_threads_share_a_client(world: Simulator, expected: int) -> None:
    client = world.client("sora", aio=True)

    async def main() -> list[int]:
        return await asyncio.gather(*(client.total_sessions_this_month() for _ in range(5)))

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: asyncio.run(main()), range(8)))
    assert answers == [[expected] * 5] * 8


def test_other_threads_run_while_a_call_waits(simulator: Simulator) -> None:
    simulator.add_fault("latency:150")
    ticks = []
    done = threading.Event()

    def tick() -> None:
        while not done.wait(0.005):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    simulator.client("sora").total_sessions_this_month()
    done.set()
    thread.join()
    assert len(ticks) >= 10


# Ctrl-C

INTERRUPTED = """
import signal, sys, threading, time
from metertap.simulator import Simulator
with Simulator(seed=7) as simulator:
    client = simulator.client("sora", retries=9)
    expected = client.total_sessions_this_month()
    simulator.add_fault(sys.argv[1])
    main = threading.main_thread().ident
    threading.Timer(0.15, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    began = time.monotonic()
    try:
        client.total_sessions_this_month()
    except KeyboardInterrupt:
        took = time.monotonic() - began
        print("interrupted", "quickly" if took < 1 else took)
    simulator.clear_faults()
    print(client.total_sessions_this_month() == expected)
    while simulator.counts.disconnects < int(sys.argv[2]) and time.monotonic() < began + 5:
        time.sleep(0.01)
    print(simulator.counts.disconnects)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent to threads in another way there")
@pytest.mark.parametrize(
    ("fault", "disconnects"),
    [("hang:5000", 1), ("hang_in_body:5000", 1), ("latency:5000", 1), ("status:503;retry-after=30", 0)],
)
def test_ctrl_c_ends_a_call_that_blocks_and_the_next_one_works(fault: str, disconnects: int) -> None:
    assert run_python(INTERRUPTED, fault, str(disconnects)) == f"interrupted quickly\nTrue\n{disconnects}\n"


# Processes

FORKED = """
import os, sys, threading, time
from metertap.simulator import Simulator
import metertap
with Simulator(seed=7) as simulator:
    client = simulator.client("sora", retries=0)
    expected = None
    if sys.argv[1] != "before use":
        expected = client.total_sessions_this_month()
    if sys.argv[1] == "in flight":
        simulator.add_fault("latency:200", times=1)
        thread = threading.Thread(target=client.total_sessions_this_month)
        thread.start()
        while simulator.counts.requests < 2:
            time.sleep(0.005)
    child = os.fork()
    if child == 0:
        try:
            answer = client.total_sessions_this_month()
            import asyncio
            twin = simulator.client("sora", aio=True)
            async def main():
                return await twin.total_sessions_this_month()
            os._exit(0 if answer == asyncio.run(main()) and expected in (None, answer) else 3)
        except BaseException as problem:
            print(repr(problem), flush=True)
            os._exit(4)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            print(os.waitstatus_to_exitcode(status))
            break
        time.sleep(0.01)
    else:
        os.kill(child, 9)
        print("the child hangs")
    print(client.total_sessions_this_month() >= 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("moment", ["before use", "after use", "in flight"])
def test_a_forked_child_answers_and_so_does_its_parent(moment: str) -> None:
    # From Python 3.12 on, a fork while there are threads is warned of; the simulator has some.
    assert run_python(FORKED, moment, flags=["-W", "ignore::DeprecationWarning"]) == "0\nTrue\n"


WORKER = """
import multiprocessing, sys
import metertap

def work(place):
    base_url, key = place
    return metertap.Sora(api_key=key, base_url=base_url).total_sessions_this_month()

if __name__ == "__main__":
    from metertap.simulator import Simulator
    with Simulator(seed=7) as simulator:
        place = simulator.base_url("sora"), simulator.credentials("sora")["api_key"]
        expected = work(place)
        with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
            print(pool.map(work, [place] * 4) == [expected] * 4)
            pool.close()
            pool.join()
"""


@pytest.mark.parametrize("way", ["spawn", "forkserver", "fork"])
def test_worker_processes_make_calls(way: str, tmp_path: Any) -> None:
    if way not in multiprocessing.get_all_start_methods():
        pytest.skip("this system cannot")
    script = tmp_path / "work.py"
    script.write_text(WORKER)
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", str(script), way],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=clean_environment(),
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


@pytest.mark.parametrize(
    "flight",
    [
        "pass",
        "threading.Thread(target=call, daemon=True).start()",
        "threading.Thread(target=await_call, daemon=True).start()",
    ],
    ids=["idle", "a call that blocks a thread", "a call that a thread awaits"],
)
def test_the_interpreter_ends_quickly_and_quietly(flight: str) -> None:
    code = f"""
import asyncio, sys, threading, time
from metertap.simulator import Simulator
sys.stderr = sys.stdout
simulator = Simulator(seed=7)
client, twin = simulator.client("sora"), simulator.client("sora", aio=True)
client.total_sessions_this_month()
simulator.add_fault("hang:20000")
def call():
    try:
        client.total_sessions_this_month()
    except BaseException:
        pass
def await_call():
    async def main():
        await twin.total_sessions_this_month()
    try:
        asyncio.run(main())
    except BaseException:
        pass
{flight}
time.sleep(0.05)
"""
    began = time.monotonic()
    assert run_python(code) == ""
    assert time.monotonic() - began < 10


# Notebooks


def test_a_notebook_takes_sync_awaited_and_gathered_calls(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    cells = [
        """
        from metertap.simulator import Simulator
        simulator = Simulator(seed=7, now="2026-04-15T12:00:00Z")
        sora, twin = simulator.client("sora"), simulator.client("sora", aio=True)
        """,
        "sora.total_sessions_this_month()",
        "await twin.total_sessions_this_month()",
        """
        import asyncio
        await asyncio.gather(twin.total_sessions_this_month(), twin.total_sessions_this_month())
        """,
        """
        import signal, threading, time
        simulator.add_fault("hang:5000")
        threading.Timer(0.15, lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)).start()
        try:
            sora.total_sessions_this_month()
        except KeyboardInterrupt:
            print("interrupted")
        simulator.clear_faults()
        """,
        "sora.total_sessions_this_month()",
        "simulator.stop()",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(textwrap.dedent(cell)) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbclient.NotebookClient(notebook, timeout=30, kernel_name="python3").execute()
    outputs = [output(cell) for cell in notebook.cells]
    number = int(outputs[1])
    assert outputs[2:6] == [str(number), json.dumps([number, number]), "interrupted", str(number)]


def output(cell: Any) -> str:
    return "".join(part.get("text", "") or part.get("data", {}).get("text/plain", "") for part in cell.outputs).strip()
