"""Run figures on a copy of the project in which their mechanism is switched off: each of them must fail.

    python tools/without.py [F23 F24 …]

A check that has never failed proves nothing. For each patch in ``tests/reliability/without`` the files that git knows
are copied to ``target/without``, the patch is applied, the wheel is built (unoptimised) and installed into a virtual
environment there, and the figure is run on it with a part of its rounds. Exits with 1 if a figure passes all the same,
or if a patch no longer applies. The last run stands in docs/reliability.md.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATCHES = ROOT / "tests" / "reliability" / "without"
PLACE = ROOT / "target" / "without"
COPY = PLACE / "copy"
PYTHON = PLACE / "venv" / "bin" / "python"
#: Cargo's own folder for the copies: an artefact of one tree must not pass for that of another.
TARGET = PLACE / "target"
SCALE = "0.1"


def run(command: list[str], cwd: Path = COPY, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command quietly, and show what it said if it failed."""
    environment = {**os.environ, "CARGO_TARGET_DIR": str(TARGET), "PIP_DISABLE_PIP_VERSION_CHECK": "1", **more}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    return done


def must(command: list[str], cwd: Path = COPY, **more: str) -> None:
    """Run a command that has to work."""
    done = run(command, cwd, **more)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def copied() -> None:
    """Lay the files that git knows, as they are now; what did not change keeps its time and is not built again."""
    named = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = {name for name in named.split("\0") if name and (ROOT / name).is_file()}
    for name in names:
        source, copy = ROOT / name, COPY / name
        if not copy.is_file() or copy.read_bytes() != source.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
            shutil.copymode(source, copy)


def installed() -> None:
    """Build the wheel of the copy and install it."""
    if not PYTHON.exists():
        must([sys.executable, "-m", "venv", str(PLACE / "venv")], ROOT)
        must([str(PYTHON), "-m", "pip", "install", "--quiet", "maturin>=1.9,<2"], ROOT)
    wheels = PLACE / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    arguments = {"MATURIN_PEP517_ARGS": "--profile dev"}
    must([str(PYTHON), "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), "."], **arguments)
    (wheel,) = wheels.glob("*.whl")
    must([str(PYTHON), "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", str(wheel)])
    tools = PLACE / "tools"
    if not tools.exists():
        must([str(PYTHON), "-m", "pip", "install", "--quiet", f"{wheel}[test]"])
        tools.touch()


def fails(patch: Path) -> str | None:
    """Return what is wrong: that the figure passes without its mechanism, or was not told; nothing if it fails."""
    copied()
    applied = run(["git", "apply", "--unsafe-paths", f"--directory={COPY}", str(patch)], ROOT)
    if applied.returncode:
        return f"{patch.name} does not apply any more: {applied.stderr.strip()}"
    installed()
    figure = patch.stem
    told = run([str(PYTHON), "tools/reliability.py", "--only", figure], SCALE=SCALE)
    lines = [line for line in told.stdout.splitlines() if f" {figure}: " in line]
    print(f"{figure} without its mechanism:", *(lines or told.stdout.splitlines()[-3:]), sep="\n  ", flush=True)
    if not lines:
        return f"{figure} told nothing"
    return f"{figure} passes without its mechanism" if told.returncode == 0 else None


def main() -> None:
    """Try all patches, or those that are named."""
    named = sys.argv[1:]
    patches = [patch for patch in sorted(PATCHES.glob("*.patch")) if not named or patch.stem in named]
    COPY.mkdir(parents=True, exist_ok=True)
    problems = [problem for patch in patches if (problem := fails(patch))]
    copied()
    print(json.dumps({"tried": [patch.stem for patch in patches], "problems": problems}))
    if problems or not patches:
        sys.exit("; ".join(problems) or "there is no such patch")


if __name__ == "__main__":
    main()
