"""F5: a decompression bomb, 1 GiB of zeros in about 1 MiB, sent to the installed wheel; prints the line of the figure.

The client runs in a process of its own, which tells how long the refusal took and how much its memory grew.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GIBIBYTE = 1 << 30
MEBIBYTE = 1 << 20
#: What a body may be at most when it is unpacked: `Caps::decoded` in `src/engine/body.rs`.
CAP = 64 * MEBIBYTE
SLACK = 16 * MEBIBYTE


def bomb() -> bytes:
    """Return gzip of 1 GiB of zeros, made without holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(MEBIBYTE)
    return b"".join([*(packer.compress(zeros) for _ in range(1024)), packer.flush()])


def client(origin: str) -> None:
    """Ask for usage; print what came of it."""
    import metertap

    asker = metertap.Sora(api_key="a key", base_url=origin, retries=0)
    asker.total_sessions_this_month()  # runtime and connection are there before the meter starts
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    start = time.perf_counter()
    try:
        asker.total_sessions_this_month()
        kind = "no error"
    except metertap.MetertapError as error:
        kind = type(error).__name__
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    asker.total_sessions_this_month()  # the next call works
    print(json.dumps({"kind": kind, "seconds": seconds, "growth": peak - before}))


def measure() -> bool:
    """Serve a number, the bomb, and numbers again; print the figure."""
    packed = bomb()
    replies = iter([b"1", packed, b"2"])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = next(replies)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            if body is packed:
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        origin = f"http://127.0.0.1:{server.server_port}"
        done = subprocess.run(
            [sys.executable, __file__, origin], capture_output=True, text=True, timeout=60, check=True
        )
        server.shutdown()
    told = json.loads(done.stdout)
    passed = (
        len(packed) <= 1.1 * MEBIBYTE
        and told["kind"] == "ResponseTooLarge"
        and told["seconds"] < 1
        and told["growth"] <= CAP + SLACK
    )
    reached = (
        f"1 GiB in {len(packed) / MEBIBYTE:.2f} MiB: {told['kind']} after {told['seconds']:.3f} s, "
        f"{told['growth'] / MEBIBYTE:.1f} MiB more memory (allowed: {(CAP + SLACK) // MEBIBYTE} MiB)"
    )
    print("FIGURE " + json.dumps({"id": "F5", "reached": reached, "pass": passed, "reason": ""}))
    return passed


if __name__ == "__main__":
    if len(sys.argv) > 1:
        client(sys.argv[1])
    else:
        sys.exit(not measure())
