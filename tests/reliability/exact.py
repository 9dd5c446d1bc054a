"""F16: random numbers from the wire to every surface; those of the core are tried by tests/hostile/exact.rs.

The command that tries these is its arguments; `tools/reliability.py` gives it.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import pickle
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet
from figures import ROOT, Door, Reply, ScriptedServer, count, figure

import metertap
import metertap.cli
from metertap.usage import Usage

ORGANIZATION = "11111111-1111-1111-1111-111111111111"


def written() -> list[str]:
    """Return numbers as a service may write them: to 2^64-1, and of up to 28 digits, at most 18 behind the point."""
    borders = ["0", "9007199254740993", "18446744073709551614", "18446744073709551615", "0.1", "1e2", "0.10"]
    borders += ["1" * 20 + "." + "2" * 8, "9" * 10 + "." + "9" * 18]
    whole = [str(random.getrandbits(64)) for _ in range(count(1000))]
    decimals = []
    for _ in range(count(1000)):
        digits = str(random.randrange(10 ** random.randint(1, 28)))
        scale = random.randint(max(0, len(digits) - 20), 18)
        padded = digits.rjust(scale + 1, "0")
        decimals.append(f"{padded[: len(padded) - scale]}.{padded[len(padded) - scale :]}" if scale else digits)
    return borders + whole + decimals


def body(numbers: list[str]) -> bytes:
    """Return an answer in which each number is what a tenant of its own consumed."""
    tenants = ",".join(
        f'{{"tenantId":"{place}","consumedFromTenantPool":{number}}}' for place, number in enumerate(numbers)
    )
    return f'{{"tenantConsumptionItems":[{tenants}]}}'.encode()


def by_tenant(rows: Any) -> list[Any]:
    """Return the quantities in the order of the tenants."""
    found = {int(row["tenant_id"]): row["quantity"] for row in rows}
    return [found.get(place) for place in range(len(found))]


def cli(archive: Path, form: str) -> str:
    """Return what the command line makes of the archive."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        metertap.cli.main(["fetch", "--replay", str(archive), "--format", form])
    return out.getvalue()


def surfaces(numbers: list[str], folder: Path) -> Iterator[tuple[str, list[Any]]]:
    """Return what each surface has in place of the numbers."""
    server = ScriptedServer()
    server.script = [Reply(body=body(numbers))]
    account = {"organization_id": ORGANIZATION, "token": "t", "base_url": server.origin, "retries": 0}
    for door in (Door("sync"), Door("async")):
        client = door.client("uipath", **account)
        summary = door.ask(client, "consumption_summary", "2026-01-01", "2026-02-01", "AIU")
        yield f"dataclasses ({door})", [tenant.consumed_from_tenant_pool for tenant in summary.tenants]
    asked = metertap.UiPath(**account).select(consumable_code=["AIU"])
    usage = metertap.fetch(asked, "2026-01-01", "2026-02-01", archive=folder / "archive", now="2026-04-15")
    server.stop()
    parquet = folder / "usage.parquet"
    usage.write_parquet(parquet)
    restored: Usage = pickle.loads(pickle.dumps(usage))
    yield (
        "readings",
        by_tenant({"tenant_id": one.dimensions["tenant_id"], "quantity": one.quantity} for one in usage.readings()),
    )
    yield "dicts", by_tenant(usage.to_dicts())
    yield "Arrow", by_tenant(usage.to_arrow().to_pylist())
    yield "pandas", by_tenant(usage.to_pandas(exact=True).to_dict("records"))
    yield "polars", by_tenant(usage.to_polars().to_dicts())
    yield "Parquet", by_tenant(pyarrow.parquet.read_table(parquet).to_pylist())
    yield "pickle", by_tenant(restored.to_dicts())
    yield "replay", by_tenant(metertap.replay(folder / "archive").to_dicts())
    yield "CSV", by_tenant(csv.DictReader(io.StringIO(cli(folder / "archive", "csv"))))
    yield "JSON", by_tenant(json.loads(cli(folder / "archive", "json"), parse_float=Decimal))


def core() -> tuple[str, bool]:
    """Run what tries the surfaces of the core; return what it reached, and whether that is right."""
    done = subprocess.run(sys.argv[1:], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    told = [json.loads(line[len("FIGURE ") :]) for line in done.stdout.splitlines() if line.startswith("FIGURE ")]
    passed = done.returncode == 0 and len(told) == 1 and told[0]["pass"]
    return told[0]["reached"] if told else f"the core ended with {done.returncode}", passed


def main() -> None:
    reached, passed = core()
    numbers, names, problems = written(), [], []
    with tempfile.TemporaryDirectory() as folder:
        for name, found in surfaces(numbers, Path(folder)):
            names.append(name)
            if len(found) != len(numbers):
                problems.append(f"{name}: {len(found)} of {len(numbers)} numbers")
            for number, value in zip(numbers, found, strict=False):
                if isinstance(value, float) or Decimal(value) != Decimal(number):
                    problems.append(f"{name}: {value!r} in place of {number}")
    print("\n".join(problems[:20]), flush=True)
    reached += f"; {len(numbers)} numbers on {len(names)} surfaces: {', '.join(names)}"
    figure("F16", reached, passed and not problems, "; ".join(problems[:3]))


if __name__ == "__main__":
    main()
