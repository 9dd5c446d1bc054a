"""Check that arrows point down only: between the rooms of the crate, and among the modules of Python.

Run from the top of the checkout. Four things are checked, which no compiler forbids:

* the crates that each set of features pulls in (``cargo tree``): ring 0 none that touches the world, ring 1 no Python;
* what the rooms under ``src`` say of each other, outside comments and strings and with their tests: a room uses rooms
  below it. The simulator uses none, or its answers would prove nothing;
* one provider does not know another;
* the imports that Python runs, those in functions with them, have no circle.

Prints each breach and exits with 1 if there is one.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
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

# The rooms of the crate, floor by floor: a room uses what is on the floors below its own.
FLOORS = (
    {"values"},
    {"meters"},
    {"service"},
    {"plan", "signing", "spec"},
    {"providers"},
    {"usage"},
    {"engine", "simulator"},
    {"python"},
)
# The rooms that use no other.
ALONE = {"simulator"}

SOURCE = Path("src")
PACKAGE = Path("python/metertap")

# What is no code in Rust: comments, texts (raw ones, too), and characters, of which one may be a quote.
NO_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|\bb?r(?P<hashes>\#*)".*?"(?P=hashes)|"(?:\\.|[^"\\])*"|'(?:\\.|[^\\'\n])'""",
    re.DOTALL | re.VERBOSE,
)
INLINE_MODULE = re.compile(r"^( *)(?:pub(?:\([a-z ]+\))? )?mod (\w+) \{\n.*?^\1\}", re.DOTALL | re.MULTILINE)
ROOT = re.compile(r"(?<!\w)(?:(crate)|(super(?:::super)*)|(?<!:)(providers))::(?=[\w{*])")


def crates(features: str) -> set[str]:
    """Return the names of the crates that the library needs with these features."""
    command = ["cargo", "tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"]
    command += ["--no-default-features", "--features", features]
    tree = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout
    return {line.split()[0] for line in tree.splitlines() if line}


def code(path: Path) -> str:
    """Return the code of a Rust file, with its lines where they are."""
    return NO_CODE.sub(lambda found: "\n" * found[0].count("\n"), path.read_text(encoding="utf-8"))


def below(room: str) -> set[str]:
    """Return the rooms that a room may use."""
    floor = next(floor for floor, rooms in enumerate(FLOORS) if room in rooms)
    return set() if room in ALONE else set().union(*FLOORS[:floor])


def items(text: str) -> Iterator[str]:
    """Yield what a path goes on with: the rest of one, or of each in its braces."""
    if not text.startswith("{"):
        yield re.split(r"[^\w:*]", text, maxsplit=1)[0]
        return
    depth, item = 0, ""
    for letter in text:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth == 0 or (depth == 1 and letter == ","):
            yield item.strip()
            item = ""
        elif depth > 1 or letter != "{":
            item += letter
        if depth == 0:
            return


def mentions(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield line and path, from the root of the crate, of each module that a Rust file names by its place."""
    text = code(path)
    own = [*path.relative_to(SOURCE).with_suffix("").parts]
    own = own[:-1] if own[-1] == "mod" else own
    inline = [(found.span(), found[2]) for found in nested(text)]
    for found in ROOT.finditer(text):
        _, supers, providers = found.groups()
        if providers and own[0] != providers:
            continue
        around = [name for (start, end), name in inline if start <= found.start() < end]
        base = [providers] if providers else []
        if supers:
            module = own + around
            base = module[: len(module) - supers.count("super")]
        line = text.count("\n", 0, found.start()) + 1
        for item in items(text[found.end() :]):
            yield line, [*base, *re.findall(r"[\w*]+", item)]


def nested(text: str) -> Iterator[re.Match[str]]:
    """Yield the modules that are written inside the file, outer before inner."""
    at = 0
    while found := INLINE_MODULE.search(text, at):
        yield found
        at = found.start() + len(found[1]) + 1


def rust() -> Iterator[str]:
    """Yield one line for each breach between rooms, or between providers."""
    # A provider is a document; its tests, which go over several, are none.
    providers = {path.stem for path in (SOURCE / "providers").glob("*.toml")}
    for path in sorted(SOURCE.rglob("*.rs")):
        room, *within = path.relative_to(SOURCE).with_suffix("").parts
        if room == "lib":
            continue
        if not any(room in rooms for rooms in FLOORS):
            yield f"{path}:1: {room} stands on no floor of tools/layers.py"
            continue
        for line, (other, *rest) in mentions(path):
            if other != room and other not in below(room):
                yield f"{path}:{line}: {room} uses {other}"
            pair = [*within[:1], *rest[:1]]
            if room == other == "providers" and len(set(pair) & providers) > 1:
                yield f"{path}:{line}: {pair[0]} uses {pair[1]}"


def running(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that run, at once or when a function is called."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from chain.from_iterable(running(part) for part in node.orelse)
        else:
            yield from running(node)


def imports(path: Path, modules: set[str]) -> Iterator[tuple[int, str]]:
    """Yield line and name of each module of ours that a module imports."""
    for node in running(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in modules else str(node.module) for name in names]
        yield from ((node.lineno, name) for name in sorted(set(names) & modules))


def module_of(path: Path) -> str:
    """Return the name of the module in a file."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def circles() -> Iterator[str]:
    """Yield one line for each import that leads back to the module that has it."""
    files = [*PACKAGE.rglob("*.pyi"), *PACKAGE.rglob("*.py")]  # of two of one name, the one that runs
    paths = {module_of(path): path for path in files}
    arrows = {module: list(imports(path, set(paths))) for module, path in paths.items()}

    def reached(start: str) -> set[str]:
        seen, left = {start}, [start]
        while left:
            new = {module for _, module in arrows[left.pop()]} - seen
            seen |= new
            left += new
        return seen

    for module, path in sorted(paths.items()):
        for line, other in arrows[module]:
            if module in reached(other):
                yield f"{path}:{line}: {module} imports {other}, which leads back to it"


def breaches() -> Iterator[str]:
    """Yield one line for each breach."""
    for features, banned in RINGS.items():
        for crate in sorted(crates(features) & banned):
            yield f"features [{features}]: pulls {crate}"
    yield from rust()
    yield from circles()


def main() -> int:
    """Print the breaches; return the exit status."""
    found = list(breaches())
    for breach in found:
        print(breach)
    print(f"layers: {len(RINGS)} sets of features, {sum(map(len, FLOORS))} rooms, {len(found)} breaches")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
