"""F15: a reply of 1,000,000 points on its way to a table: how long, against Python's `json.loads`, and how much memory.

The reply is deviceWISE's: 4,000 hours of 250 services, in one body that is gzipped on the wire. What is timed is all
that the client does once the last byte has left the server: unpacking, reading, checking, building the usage. So
neither the server's time nor the wire's is in it; both processes read one clock. `json.loads` gets the body unpacked.
The two take turns, and the medians count.

Memory is what a process of its own grows by, at its peak, over what it had after a small fetch. Objects are what
Python's allocator holds more once the pandas frame is there.
"""

from __future__ import annotations

import gzip
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from figures import clean_environment, figure

HOURS, SERVICES = 4000, 250
POINTS = HOURS * SERVICES
START = datetime(2025, 1, 1, tzinfo=timezone.utc)
MEBIBYTE = 1 << 20
ROUNDS = 5
MOST_TIMES, MOST_MEMORY = 3, 4
#: What a table of a million rows may cost in Python objects: its columns, and words that are shared.
MOST_OBJECTS = 20_000


def value(service: int, hour: int) -> int:
    """Return a count of one to six digits, as calls per hour have."""
    return (service * 7919 + hour * 104_729) * 2_654_435_761 % 2**32 % 10 ** (1 + (service + hour) % 6)


def document(services: int, hours: int) -> bytes:
    """Return what `usage.api.history` answers."""
    counters = {f"service{one:03}": [value(one, hour) for hour in range(hours)] for one in range(services)}
    params = {
        "counters": counters,
        "total": sum(map(sum, counters.values())),
        "ts": [f"{START + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}" for hour in range(hours)],
    }
    return json.dumps({"get": {"success": True, "params": params}}, separators=(",", ":")).encode()


class Server:
    """Answers long questions with the large body and short ones with a small one."""

    def __init__(self, large: bytes) -> None:
        #: When the last byte of each large body was handed to the socket.
        self.sent_at: list[float] = []
        sent_at, packed, small = self.sent_at, gzip.compress(large, 6), gzip.compress(document(2, 24))
        self.packed = len(packed)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["get"]["params"]
                is_long = asked["end"] > "2025-01-03"
                body = packed if is_long else small
                head = f"Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}"
                self.wfile.write(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + body)
                if is_long:
                    sent_at.append(time.monotonic())

            def log_message(self, *args: object) -> None:
                pass

        # A thread for each connection, since an idle one stays open.
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()


def client(origin: str, work: str, body: str) -> None:
    """Do the work in this process, which is the client's alone; print what came of it."""
    import metertap as mt

    account = mt.DeviceWise(base_url=origin, session_id="session", retries=0).select(meters=["devicewise.api_calls"])

    def fetch(hours: int) -> mt.Usage:
        end = START + timedelta(hours=hours)
        return mt.fetch(account, START.isoformat(), end.isoformat(), now="2026-01-01")

    fetch(24)  # runtime, connection and modules are there before the meter starts
    print(json.dumps(timed(fetch, body) if work == "time" else weighed(fetch)))


def timed(fetch: Callable[[int], Any], path: str) -> dict[str, list[float]]:
    """Fetch and load in turns; return when each fetch was done, and how long each load took."""
    body = Path(path).read_bytes()
    done_at, loads = [], []
    for _ in range(ROUNDS):
        usage = fetch(HOURS)
        done_at.append(time.monotonic())
        assert len(usage) == POINTS, len(usage)
        del usage
        start = time.perf_counter()
        document = json.loads(body)
        loads.append(time.perf_counter() - start)
        del document
    return {"done_at": done_at, "loads": loads}


def weighed(fetch: Callable[[int], Any]) -> dict[str, Any]:
    """Fetch once; return what the process grew by, the sum of the table, and the objects that pandas needs."""
    import pyarrow as pa

    small = fetch(24)
    pa.table(small)
    small.to_pandas()
    before = status("VmRSS:")
    usage = fetch(HOURS)
    grown = status("VmHWM:") - before
    table = pa.table(usage)
    blocks = sys.getallocatedblocks()
    frame = usage.to_pandas()
    objects = sys.getallocatedblocks() - blocks
    return {"grown": grown, "table": table.nbytes, "objects": objects, "sum": int(frame["quantity"].sum())}


def status(name: str) -> int:
    """Return a size from what the system knows of this process, in bytes."""
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def size(count: int) -> str:
    """Return bytes as text."""
    return f"{count / MEBIBYTE:.1f} MiB"


def run(server: Server, work: str, path: str) -> Any:
    """Let a process of its own do the work."""
    command = [sys.executable, __file__, server.origin, work, path]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=240, check=True, env=clean_environment())
    return json.loads(done.stdout)


def measure() -> None:
    """Serve the body to both processes; print the figure."""
    body = document(SERVICES, HOURS)
    total = json.loads(body)["get"]["params"]["total"]
    server = Server(body)
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(body)
        times = run(server, "time", file.name)
        sent_at = list(server.sent_at)
        memory = run(server, "memory", file.name)
    assert len(sent_at) == ROUNDS
    assert memory["sum"] == total, (memory["sum"], total)
    ours = [done - sent for done, sent in zip(times["done_at"], sent_at, strict=True)]
    print("seconds to a usage:", " ".join(f"{one:.3f}" for one in ours))
    print("seconds of json.loads:", " ".join(f"{one:.3f}" for one in times["loads"]))
    own, loads = statistics.median(ours), statistics.median(times["loads"])
    share = memory["grown"] / len(body)
    parts = [
        f"{POINTS:,} points, {size(len(body))} ({size(server.packed)} gzipped): {own * 1000:.0f} ms from the last byte"
        f" to a usage, json.loads {loads * 1000:.0f} ms: {own / loads:.2f} times",
        f"peak +{size(memory['grown'])}: {share:.1f} times the body (the table alone has {size(memory['table'])})",
        f"to pandas with {memory['objects']:,} objects",
    ]
    short = []
    if own > MOST_TIMES * loads:
        short.append("time")
    if share > MOST_MEMORY:
        short.append("memory")
    if memory["objects"] > MOST_OBJECTS:
        short.append("objects")
    figure("F15", "; ".join(parts), not short, f"{', '.join(short)} beyond the target" if short else "")
    sys.exit(bool(short))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        client(*sys.argv[1:])
    else:
        measure()
