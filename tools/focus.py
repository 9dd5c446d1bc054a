"""Let FOCUS's own validator judge extracts, and compare the rules that it finds broken with the pinned ones.

    python tools/focus.py                  judge; exit with 1 if the rules are others
    python tools/focus.py --find-python    print a Python that can run the validator

The validator (focus-validator 2.2.1, in ``.venv-focus``) knows FOCUS 1.2 only. It runs offline, with four work-arounds:
a Python of 3.12 or newer, an older pyarrow (both in the Makefile), its own folder as the working directory, since it
opens its list of currencies by a relative path, and ``--block-download``. It exits with 0 whatever it finds, so what
counts is the report. It takes a zero for a cost that nobody knows; so zeros are looked for here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

VENV = Path(".venv-focus")
#: numpy, as the validator pins it, has wheels for the first; others are tried after it.
PYTHONS = ("3.12", "3.13", "3.14", "3.15")
NOW = "2026-04-15"
#: Such rows are enough, and each takes time.
METERS = ["sora.ingress", "sora.egress", "ricoh.connection_time", "ricoh.traffic_volume", "uipath.consumption"]
RATES = [
    {"meter": "sora.ingress", "unit": "GB", "price": "3", "currency": "JPY", "end": "2026-03-15"},
    {"meter": "sora.ingress", "unit": "GB", "price": "2.5", "currency": "JPY", "start": "2026-03-15"},
    {"meter": "sora.egress", "unit": "GB", "price": "12.5", "currency": "JPY"},
    {"meter": "ricoh.connection_time", "unit": "1000 minutes", "price": "10", "currency": "JPY"},
    {"meter": "ricoh.traffic_volume", "unit": "GiB", "price": "30", "currency": "JPY"},
    {"meter": "uipath.consumption", "unit": "units", "price": "1", "currency": "JPY", "consumable_code": "AIU"},
]
TOLD = {"billing_account_id": "account-1", "billing_account_name": "Example"}
ISSUERS = {"sora": "Shiguredo", "ricoh": "RICOH", "uipath": "UiPath"}


def main() -> int:
    """Find a Python, or judge."""
    if sys.argv[1:] == ["--find-python"]:
        return find_python()
    with tempfile.TemporaryDirectory() as folder:
        return judge(Path(folder))


def find_python() -> int:
    """Print the first Python that is new enough."""
    for python in candidates():
        code = "import sys; raise SystemExit(sys.version_info < (3, 12))"
        # One that pyenv only shadows is on the path, and does not run.
        if subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0:
            print(python)
            return 0
    print(
        "make focus needs Python 3.12 or newer for FOCUS's validator, and none was found on PATH or under pyenv: "
        "nothing was judged. Install one, then try again.",
        file=sys.stderr,
    )
    return 1


def candidates() -> Iterator[str]:
    """Return the Pythons that may be there."""
    roots = [os.environ.get("PYENV_ROOT", "")]
    if shutil.which("pyenv"):
        told = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=False)
        roots.append(told.stdout.strip())
    for version in PYTHONS:
        on_path = shutil.which(f"python{version}")
        if on_path:
            yield on_path
        for root in filter(None, roots):
            yield from sorted(str(found) for found in Path(root).glob(f"versions/{version}.*/bin/python"))
    yield sys.executable


def judge(folder: Path) -> int:
    """Compare extracts of all kinds with what is pinned, then see that spoilt ones are noticed."""
    wrong = 0
    made = extracts()
    for name, extract in made.items():
        zeros = zeros_for_unknown(extract.to_dicts())
        failing = failing_rules(extract.to_arrow(), folder)
        pinned = set(extract.failing_rules)
        is_right = failing == pinned and not zeros
        wrong += not is_right
        print(f"{name}: {len(extract)} rows, {len(failing)} rules fail; {'as pinned' if is_right else 'NOT AS PINNED'}")
        for rule in sorted(failing | pinned):
            reason = extract.failing_rules.get(rule, "NOT PINNED")
            print(f"  {rule:28} {reason if rule in failing else 'PINNED, BUT DOES NOT FAIL'}")
        for zero in zeros[:5]:
            print(f"  a zero for what is unknown: {zero}")

    # The tools themselves: a column that is gone, and zeros for unknown costs, which the validator takes for costs.
    usage_only = next(iter(made.values()))
    table = usage_only.to_arrow()
    gone = failing_rules(table.drop_columns(["ChargePeriodEnd"]), folder)
    notices_column = "CostAndUsage-D-028-M" in gone
    rows = [{**row, "BilledCost": row["BilledCost"] or 0} for row in usage_only.to_dicts()]
    notices_zeros = len(zeros_for_unknown(rows)) == len(rows)
    print(f"without ChargePeriodEnd: {'noticed' if notices_column else 'NOT NOTICED'}")
    print(f"with zeros for unknown costs: {'noticed' if notices_zeros else 'NOT NOTICED'}")
    return int(bool(wrong) or not notices_column or not notices_zeros)


def extracts() -> dict[str, Any]:
    """Return an extract of each kind, from the simulator."""
    import metertap as mt
    from metertap.simulator import Simulator

    with Simulator(seed=7, now=NOW) as simulator:
        accounts = [simulator.client(name) for name in ("sora", "ricoh")]
        accounts.append(simulator.client("uipath").select(consumable_code="AIU"))
        usage = mt.fetch(accounts, "2026-03-01", "2026-04-01", now=NOW)
    return {
        "usage only": usage.to_focus(meters=METERS),
        "account and issuer told": usage.to_focus(meters=METERS, invoice_issuer_name=ISSUERS, **TOLD),
        "rate card": usage.to_focus("1.2", RATES, meters=METERS, invoice_issuer_name=ISSUERS, **TOLD),
        "rate card of a reseller": usage.to_focus("1.2", RATES, meters=METERS, invoice_issuer_name="Reseller", **TOLD),
    }


def zeros_for_unknown(rows: list[dict[str, Any]]) -> list[str]:
    """Return the costs that are there without a price, or zero although something with a price was used."""
    from metertap.focus import COSTS

    found = []
    for row in rows:
        for column in COSTS:
            has_price = row["x_CostBasis"] == "user_rate_card"
            if row[column] is not None and (not has_price or (row[column] == 0 and row["ConsumedQuantity"] != 0)):
                found.append(f"{column} {row[column]} of {row['x_SourceMeter']} at {row['ChargePeriodStart']}")
                break
    return found


def failing_rules(table: Any, folder: Path) -> set[str]:
    """Return the ids of the rules that the validator finds broken."""
    import pyarrow.parquet as parquet

    data, report = folder / "extract.parquet", folder / "report.xml"
    parquet.write_table(table, data)
    report.unlink(missing_ok=True)
    code = "import focus_validator, pathlib; print(pathlib.Path(focus_validator.__file__).parent.parent)"
    python = VENV.resolve() / "bin" / "python"
    home = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    command = [
        VENV.resolve() / "bin" / "focus-validator",
        *("--data-file", data, "--validate-version", "1.2", "--block-download"),
        *("--applicability-criteria", "USAGE_MEASUREMENT_SUPPORTED"),
        *("--output-type", "unittest", "--output-destination", report),
    ]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False, timeout=600)
    if not report.exists():
        raise SystemExit(f"the validator wrote no report:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    # Its own output, of a file that we made.
    suites = ElementTree.parse(report).getroot()  # noqa: S314
    failed = {
        re.split(r"\s", case.get("name", ""), maxsplit=1)[0]
        for case in suites.iter("testcase")
        if case.find("failure") is not None
    }
    if not suites.get("tests") or int(suites.get("failures", "-1")) != len(failed):
        raise SystemExit("the validator's report counts other failures than it lists")
    return failed


if __name__ == "__main__":
    sys.exit(main())
