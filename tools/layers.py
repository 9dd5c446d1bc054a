"""Check that the rings of the crate hold: arrows point inwards only.

Run from the top of the checkout. Two things are checked:

* the crates that each set of features pulls in (``cargo tree``): ring 0 none that touches the world, ring 1 no Python;
* what modules of one ring say of each other, which no compiler forbids: the simulator must not share the client's
  signing, parsing or planning, or it would prove nothing; and one provider must not know another.

Prints each breach and exits with 1 if there is one.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

IO = {"h2", "hyper", "log", "mio", "reqwest", "rustls", "socket2", "tokio", "tokio-rustls"}
PYTHON = {"pyo3", "pyo3-async-runtimes", "pythonize"}
OTHER_TLS = {"aws-lc-rs", "native-tls", "openssl"}

# Features of a ring, and the crates that it must not pull in.
RINGS = {
    "": IO | PYTHON | OTHER_TLS,
    "client": PYTHON | OTHER_TLS,
    "simulator": PYTHON | OTHER_TLS | {"reqwest"},
    "client,simulator": PYTHON | OTHER_TLS,
    "python": OTHER_TLS,
}

SIMULATOR = Path("src/simulator")
PROVIDERS = Path("src/providers")


def crates(features: str) -> set[str]:
    """Return the names of the crates that the library needs with these features."""
    command = ["cargo", "tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"]
    command += ["--no-default-features", "--features", features]
    tree = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout
    return {line.split()[0] for line in tree.splitlines() if line}


def mentions(folder: Path, parent: str) -> Iterator[tuple[str, str]]:
    """Yield place and name of each module of ``parent`` (a pattern) that a folder names, outside comments."""
    path_or_group = re.compile(rf"\b(?:{parent})::(?:{{([^;]*?)}}|(\w+))")
    for path in sorted(folder.rglob("*.rs")):
        text = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
        for found in path_or_group.finditer(text):
            group, name = found.groups()
            line = text.count("\n", 0, found.start()) + 1
            for module in [name] if name else re.findall(r"(?:^|,)\s*(\w+)", group):
                yield f"{path}:{line}", module


def breaches() -> Iterator[str]:
    """Yield one line for each breach."""
    for features, banned in RINGS.items():
        for crate in sorted(crates(features) & banned):
            yield f"features [{features}]: pulls {crate}"
    for place, module in mentions(SIMULATOR, "crate"):
        if module != "simulator":
            yield f"{place}: the simulator uses crate::{module}"
    names = {folder.name for folder in PROVIDERS.iterdir() if folder.is_dir()} if PROVIDERS.is_dir() else set()
    for name in sorted(names):
        for place, module in mentions(PROVIDERS / name, "providers|(?:super::)*super"):
            if module in names - {name}:
                yield f"{place}: {name} uses {module}"


def main() -> int:
    """Print the breaches; return the exit status."""
    found = list(breaches())
    for breach in found:
        print(breach)
    print(f"layers: {len(RINGS)} sets of features, {len(found)} breaches")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
