"""F1: every fault × every provider × both doors; each case ends in the right rows or in the right class, and in time.

A case is its fault, how often it strikes, and what must come of it: ``ROWS`` (the very rows of a healthy service) or
one class. Providers whose pages say otherwise have their own line. Each case has a server of its own, so that no budget
and no closed account is carried over; that the fault struck, and that a pause was kept, the server says.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email.utils import format_datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from figures import NOW, PROVIDERS, QUESTIONS, Door, figure, good_body, within

from metertap import errors
from metertap.simulator import Simulator, fault_menu

ROWS = "rows"
#: How much later than its deadline a call may end.
GRACE = 0.25


class Case(NamedTuple):
    """A fault and its right end."""

    name: str
    fault: str
    end: str
    times: int | None = None
    timeout: float = 5.0
    own: Mapping[str, str] = MappingProxyType({})
    retries: int = 1
    providers: Sequence[str] = tuple(PROVIDERS)
    #: How many seconds the service wants to be left alone.
    pause: float = 0


def always(fault: str, end: str, **more: Any) -> Case:
    return Case(fault, fault, end, **more)


def once(fault: str, end: str = ROWS, **more: Any) -> Case:
    return Case(f"{fault} once", fault, end, times=1, **more)


#: What stalls ends at a short deadline.
SHORT = 0.3
#: These two log in first, and a session that is refused is renewed once.
SESSIONS = ("uipath", "devicewise")
LOST, CUT, ODD, DOWN = "ConnectionLost", "IncompleteResponse", "UnexpectedResponse", "ServerError"
#: deviceWISE locks out for a minute, its pages say: without a hint the caller is told so.
MINUTE = {"devicewise": "RateLimited"}

# The server's clock counts, not this machine's.
THERE = datetime.fromisoformat(NOW.replace("Z", "+00:00"))
LATER = format_datetime(THERE + timedelta(hours=1), usegmt=True)
EARLIER = format_datetime(THERE - timedelta(hours=1), usegmt=True)

CASES = [
    # Besides the answer.
    once("latency:50"),
    always("latency:5000", "RequestTimeout", timeout=SHORT),
    once("expire", providers=SESSIONS),
    always("expire", "AuthenticationFailed", providers=SESSIONS),
    # To the connection.
    once("reset_on_accept", retries=2),
    # Which of the two depends on whether the request went out before the reset came in.
    always("reset_on_accept", "ConnectionFailed or ConnectionLost", retries=2),
    once("slow_accept:50", retries=2),
    always("slow_accept:5000", "RequestTimeout", timeout=SHORT),
    once("stale"),
    once("close"),
    always("close", LOST),
    once("reset"),
    always("reset", LOST),
    always("hang:5000", "RequestTimeout", timeout=SHORT),
    once("reset_in_body"),
    always("reset_in_body", CUT),
    once("truncated"),
    always("truncated", CUT),
    always("hang_in_body:5000", "RequestTimeout", timeout=SHORT),
    once("drip:1"),
    always("drip:2000", "RequestTimeout", timeout=SHORT),
    # To the bytes on the wire.
    once("informational"),
    once("twice"),
    once("huge_headers:8"),
    always("huge_headers:1024", LOST),
    once("bad_status_line"),
    always("bad_status_line", LOST),
    once("bad_chunk_size"),
    always("bad_chunk_size", CUT),
    always("short_length", ODD),
    # To the body.
    always("empty", ODD),
    always("garbage_json", ODD),
    always("cut_json", ODD),
    always("deep_json", ODD),
    always("duplicate_keys", ODD),
    always("wrong_types", ODD),
    always("nan", ODD),
    always("bom", ROWS),
    always("charset", ODD),
    always("gzip_mislabelled", ROWS),
    always("gzip_unmarked", ROWS),
    always("gzip_cut", CUT),
    always("gzip_bomb:256", "ResponseTooLarge"),
    # Statuses.
    always("html:200", ODD),
    always("html:502", DOWN),
    once("html:503"),
    *(
        always(f"status:{code};location=http://127.0.0.1:9/x", "UnexpectedRedirect")
        for code in (301, 302, 303, 307, 308)
    ),
    always("status:400", "InvalidRequest"),
    once("status:401", "AuthenticationFailed", own=dict.fromkeys(SESSIONS, ROWS)),
    always("status:401", "AuthenticationFailed"),
    # deviceWISE says with it that a session has ended.
    always("status:403", "PermissionDenied", own={"devicewise": "AuthenticationFailed"}),
    always("status:404", "NotFound"),
    once("status:408"),
    always("status:408", DOWN),
    always("status:410", "NotFound"),
    always("status:418", "InvalidRequest"),
    always("status:422", "InvalidRequest"),
    once("status:425"),
    *(once(f"status:{code}") for code in (500, 502, 503, 504)),
    *(always(f"status:{code}", DOWN) for code in (500, 502, 503, 504)),
    always("status:501", DOWN),
    # Only the pages of these two know such a thing; to the others it is an answer that is not understood.
    always("error_in_200", ODD, own={"volcengine": DOWN, "devicewise": "InvalidRequest"}),
    # What a service that wants fewer requests says.
    once("status:429;retry-after=0.05", pause=0.05),
    once("status:429;retry-after=1", pause=1),
    once("status:429;ratelimit-reset=1", pause=1),
    once("status:429;retry-after=30", "RateLimited"),
    once("status:429;retry-after=121", "RateLimited"),
    once("status:429;retry-after=3600", "RateLimited"),
    once(f"status:429;retry-after={LATER}", "RateLimited"),
    once(f"status:429;retry-after={'9' * 35}", "RateLimited"),
    once("status:429", own=MINUTE),
    once("status:429;retry-after=-1", own=MINUTE),
    once("status:429;retry-after=nan", own=MINUTE),
    once("status:429;retry-after=inf", own=MINUTE),
    once("status:429;retry-after=soon", own=MINUTE),
    once("status:429;retry-after=0", own=MINUTE),
    once(f"status:429;retry-after={EARLIER}", own=MINUTE),
    always("status:429;retry-after=0.05", "RateLimited"),
    once("status:503;retry-after=0.2", pause=0.2),
    once("status:503;retry-after=30", DOWN),
]


def ask(door: Door, client: Any) -> Any:
    method, arguments = QUESTIONS[client.provider]
    return door.ask(client, method, **arguments)


def ending(door: Door, client: Any, expected: Any) -> tuple[str, float]:
    """Return how a call ends, and after how many seconds."""
    began = time.monotonic()
    try:
        answer = ask(door, client)
        end = ROWS if answer == expected else f"other rows: {answer!r:.80}"
    except errors.MetertapError as error:
        end = type(error).__name__
    except Exception as error:
        end = f"{type(error).__name__}: {error}"
    return end, time.monotonic() - began


def judged(name: str, wanted: str, timeout: float, ended: tuple[str, float]) -> str | None:
    """Return what was wrong, or None."""
    end, took = ended
    if end not in wanted.split(" or "):
        return f"{name}: {end} in place of {wanted}"
    if took > timeout + GRACE:
        return f"{name}: {took:.2f} s, though its deadline is {timeout} s"
    return None


def run_case(case: Case, provider: str, door: Door) -> str | None:
    """Run one case of the table."""
    with Simulator(seed=7, now=NOW) as simulator:
        client = door.simulated(simulator, provider, timeout=case.timeout, retries=case.retries)
        expected = ask(door, client)
        if "accept" in case.fault:  # the connection that stands is closed first, and must not be counted as the fault
            simulator.add_fault("close", times=1)
        simulator.add_fault(case.fault, times=case.times)
        connections = simulator.counts.connections
        name, wanted = f"{case.name} × {provider} × {door}", case.own.get(provider, case.end)
        problem = judged(name, wanted, case.timeout, ending(door, client, expected))
        if problem is None and not within(1, lambda: struck(simulator, case, connections)):
            problem = f"{name}: the fault did not strike"
        return problem or early(simulator, case, name)


def struck(simulator: Simulator, case: Case, connections: int) -> bool:
    """Return whether the server says that it did what it was told to."""
    kind = case.fault.split(":")[0]
    if kind.endswith("accept"):  # no request is there to be noted; what is not let in comes again
        return simulator.counts.connections - connections >= (2 if kind.startswith("reset") else 1)
    return any(kind in (request.fault or "") for request in simulator.requests)


def early(simulator: Simulator, case: Case, name: str) -> str | None:
    """Return what was wrong with the moment of the second attempt, or None."""
    if not case.pause:
        return None
    first, second = [request.arrived for request in simulator.requests][-2:]
    return None if second - first >= case.pause else f"{name}: again after {second - first:.3f} s"


# --- What no simulator can do to itself -------------------------------------------------------------------------------


@contextlib.contextmanager
def socket_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port where each connection is handed to a function."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=one, args=[connection], daemon=True).start()

        def one(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                serve(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(2)


def mute(connection: socket.socket) -> None:
    """Take what comes and say nothing: a TLS handshake that never ends."""
    while connection.recv(4096):
        pass


def cut(connection: socket.socket) -> None:
    """Close in the middle of the handshake."""
    connection.recv(4096)


def babble(connection: socket.socket) -> None:
    """Speak before being asked, and no HTTP."""
    connection.sendall(b"220 mail.example.com ESMTP\r\n")
    connection.recv(4096)


def elsewhere(provider: str, door: Door, base_url: str, **options: Any) -> Any:
    """Return a client with good credentials for another address."""
    with Simulator(seed=7, now=NOW) as simulator:
        given = simulator.credentials(provider)
    return door.client(provider, **given, base_url=base_url, **options)


def refused(provider: str, door: Door) -> tuple[str, tuple[str, float], float]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        client = elsewhere(provider, door, f"http://127.0.0.1:{free.getsockname()[1]}", timeout=2, retries=1)
        return "ConnectionFailed", ending(door, client, None), 2


def unknown_name(provider: str, door: Door) -> tuple[str, tuple[str, float], float]:
    client = elsewhere(provider, door, "https://meter.invalid", timeout=3, retries=1, proxy=None)
    return "ConnectionFailed", ending(door, client, None), 3


def against(
    serve: Callable[[socket.socket], None], scheme: str, end: str, timeout: float
) -> Callable[[str, Door], tuple[str, tuple[str, float], float]]:
    def run(provider: str, door: Door) -> tuple[str, tuple[str, float], float]:
        with socket_server(serve) as port:
            client = elsewhere(provider, door, f"{scheme}://127.0.0.1:{port}", timeout=timeout, retries=1)
            return end, ending(door, client, None), timeout

    return run


#: How to log in where no login is made first.
GRANTED: dict[str, dict[str, Any]] = {
    "sora": {"api_key": "k"},
    "ricoh": {"client_id": "a", "client_secret": "s"},
    "uipath": {"organization_id": "11111111-1111-1111-1111-111111111111", "token": "t"},
    "devicewise": {"session_id": "s"},
    "volcengine": {"access_key": "a", "secret_key": "s"},
}


def cut_after(tenths: int) -> Callable[[str, Door], tuple[str, tuple[str, float], float]]:
    """The first answer ends after so many tenths of its bytes, those after it are whole."""

    def run(provider: str, door: Door) -> tuple[str, tuple[str, float], float]:
        body = good_body(provider)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        whole = head.encode() + b"Connection: close\r\n\r\n" + body
        parts: list[bytes] = []

        def serve(connection: socket.socket) -> None:
            with connection.makefile("rb") as request:
                length = 0
                while line := request.readline().strip():
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                request.read(length)
            connection.sendall(parts.pop() if parts else whole)

        with socket_server(serve) as port:
            client = door.client(
                provider, **GRANTED[provider], base_url=f"http://127.0.0.1:{port}", timeout=5, retries=1
            )
            expected = ask(door, client)
            parts.append(whole[: len(whole) * tenths // 10])
            ended = ending(door, client, expected)
        return ROWS, ended if not parts else ("nothing was cut", 0), 5

    return run


def certificate(kind: str, end: str, **options: Any) -> Callable[[str, Door], tuple[str, tuple[str, float], float]]:
    def run(provider: str, door: Door) -> tuple[str, tuple[str, float], float]:
        with Simulator(seed=7, now=NOW, tls=True, certificate=kind) as simulator:
            expected = ask(door, door.simulated(simulator, provider))
            client = door.simulated(simulator, provider, tls=True, timeout=5, **options)
            return end, ending(door, client, expected), 5

    return run


def slow_handshake(provider: str, door: Door) -> tuple[str, tuple[str, float], float]:
    with Simulator(seed=7, now=NOW, tls=True) as simulator:
        expected = ask(door, door.simulated(simulator, provider))
        simulator.add_fault("slow_accept:150")
        client = door.simulated(simulator, provider, tls=True, timeout=5)
        return ROWS, ending(door, client, expected), 5


def clock_off(hours: int) -> Callable[[str, Door], tuple[str, tuple[str, float], float]]:
    def run(provider: str, door: Door) -> tuple[str, tuple[str, float], float]:
        with Simulator(seed=7, now=NOW) as simulator:
            client = door.simulated(simulator, provider, timeout=5)
            expected = ask(door, client)
            simulator.set_clock_offset(hours * 3600)
            return ROWS, ending(door, client, expected), 5

    return run


SOCKETS: dict[str, Callable[[str, Door], tuple[str, tuple[str, float], float]]] = {
    "refuse": refused,
    "DNS failure": unknown_name,
    "certificate unknown": certificate("good", "CertificateRejected", ca_file=None),
    "certificate expired": certificate("expired", "CertificateRejected"),
    "certificate of a wrong host": certificate("wrong_host", "CertificateRejected"),
    "certificate good": certificate("good", ROWS),
    "slow handshake": slow_handshake,
    "handshake that never ends": against(mute, "https", "RequestTimeout", SHORT),
    "handshake cut": against(cut, "https", "ConnectionFailed", 3),
    "no HTTP": against(babble, "http", LOST, 3),
    "no TLS": against(babble, "https", "ConnectionFailed", 3),
    **{f"answer cut after {tenths} tenths": cut_after(tenths) for tenths in range(10)},
    "clock an hour behind": clock_off(1),
    "clock an hour ahead": clock_off(-1),
}


def run_socket(name: str, provider: str, door: Door) -> str | None:
    wanted, ended, timeout = SOCKETS[name](provider, door)
    return judged(f"{name} × {provider} × {door}", wanted, timeout, ended)


def main() -> None:
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    work: list[tuple[Callable[..., str | None], Any, str, Door]] = []
    for provider in PROVIDERS:
        for door in (Door("sync"), Door("async")):
            cases = [case for case in CASES if only in case.name and provider in case.providers]
            work += [(run_case, case, provider, door) for case in cases]
            work += [(run_socket, name, provider, door) for name in SOCKETS if only in name]
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(lambda one: one[0](*one[1:]), work))
    problems = [end for end in ends if end]
    print("\n".join(problems), flush=True)
    tried = {case.fault.split(":")[0] for case in CASES}
    untried = {fault.name for fault in fault_menu()} - tried
    if untried and not only:
        problems.append(f"faults of the menu that no case has: {', '.join(sorted(untried))}")
    names = len({case.name for case in CASES}) + len(SOCKETS)
    reached = (
        f"{names} faults, {len(PROVIDERS)} providers, 2 doors: {len(work)} cases; "
        f"{len(work) - len([end for end in ends if end])} end right, in {time.monotonic() - began:.0f} s"
    )
    figure("F1", reached, not problems and (len(work) >= 450 or bool(only)), "; ".join(problems[:3]))


if __name__ == "__main__":
    main()
