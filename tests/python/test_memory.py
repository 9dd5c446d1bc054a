"""A fetch of a million readings needs little more memory than the table that it makes."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from datetime import datetime, timedelta

import pytest
from support import Reply, ScriptedServer, Seen, clean_environment

SERVICES = 42

CHILD = textwrap.dedent("""
    import sys
    import metertap as mt, pyarrow as pa

    def status(name):
        with open("/proc/self/status") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

    account = mt.DeviceWise(base_url=sys.argv[1], session_id="session").select(meters=["devicewise.api_calls"])
    # What a first fetch brings is there already: threads, connections, modules.
    pa.table(mt.fetch(account, "2023-01-01", "2023-01-02", now="2026-01-01")).nbytes
    before = status("VmRSS:")
    usage = mt.fetch(account, "2023-01-01", "2025-09-27", now="2026-01-01")
    grown = status("VmHWM:") - before
    print(len(usage), grown, pa.table(usage).nbytes)
""")


def history(seen: Seen) -> Reply:
    """Answer with a figure for each hour and each of many services."""
    params = seen.json["get"]["params"]
    start, end = (datetime.fromisoformat(params[key].replace("Z", "+00:00")) for key in ("start", "end"))
    hours = range(int((end - start) / timedelta(hours=1)))
    stamps = ",".join(f'"{start + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}"' for hour in hours)
    figures = ",".join(str(hour * 7 % 1000) for hour in hours)
    counters = ",".join(f'"service{number:02}":[{figures}]' for number in range(SERVICES))
    total = SERVICES * sum(hour * 7 % 1000 for hour in hours)
    body = f'{{"get":{{"success":true,"params":{{"counters":{{{counters}}},"total":{total},"ts":[{stamps}]}}}}}}'
    return Reply(body=body.encode())


@pytest.mark.timeout(150)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_million_readings_grow_the_process_by_at_most_three_times_their_table(server: ScriptedServer) -> None:
    server.script = [history]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, server.origin],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=clean_environment(),
    )
    assert done.returncode == 0, done.stderr
    readings, grown, table = map(int, done.stdout.split())
    assert readings == 1000 * 24 * SERVICES == 1_008_000
    # All columns are there: eight bytes for each of three moments, sixteen for each of two amounts, and the words.
    assert table > readings * 100
    assert grown <= 3 * table, f"{grown / table:.2f} times"
