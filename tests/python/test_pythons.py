"""Which Pythons `make pythons` takes of all that it finds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "tools"))  # behind this folder, which has modules of the same names

import pythons
from pythons import Python


def stand_in(folder: Path, name: str, printed: str) -> Path:
    """Write a program that prints what a Python would say of itself."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{printed}'\n")
    path.chmod(0o755)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")
def test_of_each_minor_version_the_newest_is_taken_and_the_rest_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {
        "one/bin/python3.12": ["CPython", "3, 12, 1", "final", "false"],
        "two/bin/python3.12": ["CPython", "3, 12, 11", "final", "false"],
        "two/bin/python3": ["CPython", "3, 9, 2", "final", "false"],
        "two/bin/python3.13": ["PyPy", "3, 13, 0", "final", "false"],
        "two/bin/python3.15": ["CPython", "3, 15, 0", "beta", "false"],
        "two/bin/python3.14t": ["CPython", "3, 14, 2", "final", "true"],
        "two/bin/python3.14": ["CPython", "3, 14, 2", "final", "false"],
        "two/bin/python3-config": ["CPython", "3, 10, 2", "final", "false"],
    }
    for place, (kind, version, level, is_free_threaded) in told.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        printed = f'["{kind}", [{version}], "{level}", {is_free_threaded}, "{tmp_path / place}"]'
        stand_in(tmp_path, place, printed)
    stand_in(tmp_path / "one/bin", "python3.10", "pyenv: python3.10: command not found")
    (tmp_path / "pyenv/versions/3.11.4").mkdir(parents=True)
    (tmp_path / "pyenv/versions/3.11.4/bin").symlink_to(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "one/bin"), str(tmp_path / "two/bin"), "/nowhere"]))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    found, left = pythons.found()
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    names = [python.name for python in found]
    assert sorted({*names} - {own}) == sorted({"3.12", "3.14", "3.14t"} - {own})
    assert own in names  # the one that runs this, which pyenv's folder names
    assert "3.12.1 is another 3.12" in left
    assert [python.told for python in found if python.name == "3.14t"] == ["3.14.2t"]


def test_what_cannot_be_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "PLACE", tmp_path)

    def run(command: list, **given: object) -> subprocess.CompletedProcess[str]:
        last = str(command[-1])
        if command[1] == "-c":
            return subprocess.CompletedProcess(command, 0, "good>=1\nbad>=2\n", "")
        is_bad = last.endswith("[test]") or last.startswith("bad")
        return subprocess.CompletedProcess(command, int(is_bad), "", "ERROR: first\nERROR: no such thing\n\n")

    monkeypatch.setattr(pythons.subprocess, "run", run)
    _, lacking = pythons.install(Python((3, 12, 1), False, sys.executable), tmp_path / "x.whl")
    assert lacking == "bad>=2 (ERROR: no such thing)"


def test_the_packages_of_the_test_extra_are_those_for_this_python() -> None:
    done = subprocess.run([sys.executable, "-c", pythons.NEEDED], capture_output=True, text=True, check=False)
    names = done.stdout.split("\n")
    assert done.returncode == 0, done.stderr
    assert any(name.startswith("pytest") for name in names)
    assert any(name.startswith("pandas") for name in names)  # of an extra that it names
    assert not any("metertap" in name or "extra" in name for name in names)
    assert any(name.startswith("tomli") for name in names) == (sys.version_info < (3, 11))
