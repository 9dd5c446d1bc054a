"""F20: the conformance suite, as cargo tells it."""

from __future__ import annotations

import re
import subprocess

from figures import PROVIDERS, ROOT, figure

COMMAND = "cargo test --locked --no-default-features --features client,simulator --test conformance"
TOY = ROOT / "tests" / "common" / "toy.toml"


def main() -> None:
    done = subprocess.run(COMMAND.split(), capture_output=True, text=True, check=False, cwd=ROOT)
    passed = re.findall(r"^test (\S+) \.\.\. ok$", done.stdout, re.MULTILINE)
    failed = re.findall(r"^test (\S+) \.\.\. FAILED$", done.stdout, re.MULTILINE)
    if not passed:
        figure("F20", "nothing", None, f"cargo ended with {done.returncode}")
        print(done.stderr[-2000:], flush=True)
        return
    # Each check goes over all providers and the toy; that none is left out is a check of its own.
    lines = len([line for line in TOY.read_text(encoding="utf-8").splitlines() if line.strip()])
    reached = (
        f"{len(passed)} checks pass, {len(failed)} fail; "
        f"each over {len(PROVIDERS)} providers and a sixth one, a document of {lines} lines"
    )
    figure("F20", reached, done.returncode == 0 and len(passed) >= 32 and lines <= 60, ", ".join(failed[:5]))


if __name__ == "__main__":
    main()
