"""Count the lines of what defines and reads the five providers.

    python tools/lines.py [--against REVISION]

Prints a table by file, the sums of its groups, and the sum of all. ``--against`` counts the files of that git revision
as well, and prints the ratio, this tree to that one; and the same without the contract, parts of which may have come
from other rooms, such as ``src/plan/``. The rule is the same for both:

* **What is counted:** ``src/providers/``, ``src/spec/``, ``src/service/`` (where the contract of
  ``src/providers/mod.rs`` may move) and ``src/signing/``: files of Rust and TOML; and ``python/metertap/clients.py``
  with ``_build.py``, which makes its classes.
* **What a line is:** one that still holds something after all that follows was taken out of it. It counts once for each
  120 characters that are left, with their indentation, so that nobody wins by long lines.
* **No blanks, no comments:** ``//``, ``///``, ``//!`` and ``/* */`` in Rust, ``#`` in TOML and Python.
* **No tests:** what stands under ``#[cfg(test)]`` or ``#[cfg(all(test, …))]``, be it in braces or a file of its own;
  files called ``testing.rs`` or ``tests.rs``; in TOML, tables with ``test`` or ``tests`` in their path.
* **No prose:** docstrings in Python. In Rust the fields ``doc`` and ``page`` of a struct where a literal or a constant
  is given, the arguments called ``doc`` of functions of the same file where a literal is given, and constants that are
  nothing but a web address. In TOML the keys ``doc``, ``notes``, ``source`` and ``page``, at the start of a line or in
  an inline table, where their value is a text, of one line or several, or a list of texts, and tables called ``prose``,
  which hold what docstrings say besides. Where a line holds something else besides, that is counted. Messages and
  advice in errors are no prose: the program says them.

Data are ``static`` and ``const`` items of Rust that stand by themselves, and TOML; code is the rest.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
#: Groups, and the paths that belong to them; the first that fits counts.
GROUPS = (
    ("contract", ("src/providers/mod.rs", "src/service/")),
    ("interpreter", ("src/spec/", "src/providers/envelope.rs")),
    ("providers", ("src/providers/",)),
    ("signing", ("src/signing/",)),
    ("Python", ("python/metertap/clients.py", "python/metertap/_build.py")),
)
WIDTH = 120
#: What stands in place of each sign of a literal.
COVER = "§"
TEST_FILES = {"testing.rs", "tests.rs"}
#: A Rust comment, or a literal of text or of a character; a lifetime is neither.
TOKEN = re.compile(
    r"""(?P<line>//[^\n]*)|(?P<block>/\*)
    |(?P<text>(?:\b[bc])?r(?P<marks>\#*)"[\s\S]*?"(?P=marks)|(?:\b[bc])?"(?:[^"\\]|\\[\s\S])*")
    |(?P<character>\bb?'(?:[^'\\\n]|\\(?:u\{[0-9a-fA-F_]+\}|x[0-9a-fA-F]{2}|.))'|'(?:[^'\\\n]|\\(?:u\{[0-9a-fA-F_]+\}|x[0-9a-fA-F]{2}|.))')""",
    re.VERBOSE,
)
UNDER_TEST = re.compile(r"#\[cfg\((?:test|all\(\s*test\b[^\]]*)\)\]")
FIELD = re.compile(r"\b(?:doc|page):\s*(?:§+|(?:\w+::)*[A-Z][A-Z0-9_]*\b(?!\s*[.(:]))[ \t]*,?")
ADDRESS = re.compile(r"(?m)^[ \t]*(?:pub(?:\([^)]*\))?\s+)?const\s+\w+:\s*&(?:'static\s+)?str\s*=\s*(§+)\s*;")
ITEM = re.compile(r"(?m)^(?:pub(?:\([^)]*\))?\s+)?(?:static|const)\s+[A-Z_]\w*\s*:")
TOML_PROSE = re.compile(
    r"""(?<![\w."'-])(["']?)(?:doc|notes|source|page)\1[ \t]*=[ \t]*(?:§+|\[[§,\s]*\])[ \t]*(?:,|(?=[}\n])|\Z)"""
)
TOML_PROSE_TABLE = re.compile(r"(?<![\w.\"'-])prose[ \t]*=[ \t]*\{(?:[^{}]|\{[^{}]*\})*\}[ \t]*,?")
TOML_TOKEN = re.compile(
    r'''(?P<comment>\#[^\n]*)|"""(?:[^\\]|\\[\s\S])*?"""(?!")|\'\'\'[\s\S]*?\'\'\'(?!')|"(?:[^"\\\n]|\\.)*"|'[^'\n]*\''''
)
TABLE = re.compile(r"(?m)^[ \t]*\[\[?([^\[\]\n]+)\]\]?[ \t]*$")


class Lines(NamedTuple):
    """How many lines of data and of code."""

    data: int
    code: int

    @property
    def all(self) -> int:
        """Return both."""
        return self.data + self.code


def blank(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return the text with blanks in place of these parts; line ends stay."""
    characters = list(text)
    for start, end in spans:
        for place in range(start, end):
            if characters[place] != "\n":
                characters[place] = " "
    return "".join(characters)


def covered(text: str, literals: Iterable[tuple[int, int]]) -> str:
    """Return the text with other signs in place of literals, so that none in them is taken for what it is not."""
    characters = list(text)
    for start, end in literals:
        characters[start:end] = [COVER] * (end - start)
    return "".join(characters)


def lines(text: str) -> int:
    """Return how many lines hold something, where a long one counts more than once."""
    return sum(-(-len(line.rstrip()) // WIDTH) for line in text.splitlines() if line.strip())


# Rust


def tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield what each comment or literal is, its start and its end."""
    place = 0
    while found := TOKEN.search(text, place):
        place = found.end()
        if found.lastgroup == "block" or text.startswith("/*", found.start()):
            depth = 1
            while depth and (mark := re.compile(r"/\*|\*/").search(text, place)):
                depth += 1 if mark[0] == "/*" else -1
                place = mark.end()
            place = place if not depth else len(text)
        kind = "comment" if text.startswith(("//", "/*"), found.start()) else "literal"
        yield kind, found.start(), place


def end_of(masked: str, start: int, stops: str) -> int:
    """Return the place of the first of these characters that stands in no brackets of its own; the end if none does."""
    depth = 0
    for place in range(start, len(masked)):
        sign = masked[place]
        if not depth and sign in stops:
            return place
        depth += (sign in "([{") - (sign in ")]}")
        if depth < 0:
            return place
    return len(masked)


def end_of_item(masked: str, start: int) -> int:
    """Return where an item ends that begins here, with its other attributes."""
    while attribute := re.compile(r"\s*#\[").match(masked, start):
        start = end_of(masked, attribute.end(), "]") + 1
    end = end_of(masked, start, "{;")
    if masked[end : end + 1] == "{":
        end = end_of(masked, end + 1, "}")
    # A use or a constant has braces, and ends behind them.
    behind = re.compile(r"\}\s*;").match(masked, end)
    return behind.end() if behind else end + 1


def rust(text: str) -> tuple[str, str, list[str]]:
    """Return what counts of a file, the same with signs in place of literals, and the modules that are tests."""
    found = list(tokens(text))
    text = blank(text, ((start, end) for kind, start, end in found if kind == "comment"))
    masked = covered(text, ((start, end) for kind, start, end in found if kind == "literal"))
    spans, modules = [], []
    for attribute in UNDER_TEST.finditer(masked):
        end = end_of_item(masked, attribute.end())
        spans.append((attribute.start(), end))
        if module := re.search(r"\bmod\s+(\w+)\s*;$", masked[attribute.end() : end]):
            modules.append(module[1])
    masked = blank(masked, spans)
    spans += [found.span() for found in FIELD.finditer(masked)]
    addresses = (found for found in ADDRESS.finditer(masked) if text.startswith('"https://', found.start(1)))
    spans += [found.span() for found in addresses]
    spans += documented(masked)
    return blank(text, spans), blank(masked, spans), modules


def documented(masked: str) -> Iterator[tuple[int, int]]:
    """Yield the literals that are given as an argument called doc, each with its comma."""
    for function in re.finditer(r"\bfn\s+(\w+)(?:<[^(]*>)?\(", masked):
        names = [masked[slice(*span)].partition(":")[0].strip() for span in arguments(masked, function.end())]
        if "doc" not in names:
            continue
        for call in re.finditer(rf"(?<!fn )\b{function[1]}\(", masked):
            given = list(arguments(masked, call.end()))
            if len(given) > names.index("doc"):
                start, end = given[names.index("doc")]
                if re.fullmatch(r"\s*§+\s*", masked[start:end]):
                    yield start, end + (masked[end : end + 1] == ",")


def arguments(masked: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield where each argument stands of a list that begins here."""
    while True:
        end = end_of(masked, start, ",")
        if masked[start:end].strip():
            yield start, end
        if masked[end : end + 1] != ",":
            return
        start = end + 1


def of_rust(text: str) -> Lines:
    """Count a file of Rust."""
    text, masked, _ = rust(text)
    data = [(found.start(), end_of(masked, found.end(), ";") + 1) for found in ITEM.finditer(masked)]
    code = lines(blank(text, data))
    return Lines(lines(text) - code, code)


# TOML and Python


def of_toml(text: str) -> Lines:
    """Count a document."""
    found = list(TOML_TOKEN.finditer(text))
    text = blank(text, (token.span() for token in found if token["comment"]))
    values = (token.span() for token in found if not token["comment"] and not is_key(text, token.end()))
    masked = covered(text, values)
    headers = list(TABLE.finditer(masked))
    starts = [header.start() for header in headers] + [len(text)]
    spans = [
        (header.start(), end)
        for header, end in zip(headers, starts[1:], strict=True)
        if {"prose", "test", "tests"} & {part.strip(" \t\"'") for part in header[1].split(".")}
    ]
    prose = [found.span() for pattern in (TOML_PROSE, TOML_PROSE_TABLE) for found in pattern.finditer(masked)]
    gone = {place for start, end in prose for place in range(start, end)}
    text = blank(text, spans)
    # Taken out, and not only covered: what stands behind it in its line is no further away for it.
    text = "".join(sign for place, sign in enumerate(text) if sign == "\n" or place not in gone)
    return Lines(lines(text), 0)


def is_key(text: str, end: int) -> bool:
    """Say whether the literal that ends here is a key."""
    return bool(re.compile(r"[ \t]*[=.\]]").match(text, end))


def of_python(text: str) -> Lines:
    """Count a file of Python."""
    rows = text.splitlines(keepends=True)
    starts = [0]
    for row in rows:
        starts.append(starts[-1] + len(row))

    spans = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            start = starts[token.start[0] - 1] + token.start[1]
            spans.append((start, start + len(token.string)))
    for node in ast.walk(ast.parse(text)):
        kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None:
            # It has lines of its own.
            spans.append((starts[node.body[0].lineno - 1], starts[node.body[0].end_lineno or 0]))
    return Lines(0, lines(blank(text, spans)))


# The files


def group(path: str) -> str | None:
    """Return the group that a path belongs to, if it is counted."""
    if not path.endswith((".rs", ".toml", ".py")) or path.rpartition("/")[2] in TEST_FILES:
        return None
    groups = (name for name, of in GROUPS if any(path.startswith(one) for one in of))
    return next(groups, None)


def count(files: dict[str, str]) -> dict[str, Lines]:
    """Count these files: texts by path."""
    tests: set[str] = set()
    for path, text in files.items():
        if path.endswith(".rs"):
            folder, _, name = path.rpartition("/")
            inside = folder if name in ("mod.rs", "lib.rs") else path.removesuffix(".rs")
            tests.update(f"{inside}/{module}" for module in rust(text)[2])
    counters = {".rs": of_rust, ".toml": of_toml, ".py": of_python}
    return {
        path: counters[Path(path).suffix](text)
        for path, text in sorted(files.items())
        if not any(path == f"{module}.rs" or path.startswith(f"{module}/") for module in tests)
    }


def here() -> dict[str, str]:
    """Return the files of this tree."""
    paths = (path.relative_to(ROOT).as_posix() for top in ("src", "python") for path in (ROOT / top).rglob("*.*"))
    return {path: (ROOT / path).read_text(encoding="utf-8") for path in paths if group(path)}


def at(revision: str) -> dict[str, str]:
    """Return the files of a revision."""
    paths = git("ls-tree", "-r", "-z", "--name-only", revision, "src", "python").split("\0")
    return {path: git("show", f"{revision}:{path}") for path in paths if group(path)}


def git(*words: str) -> str:
    """Return what git says."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        sys.exit(done.stderr.strip())
    return done.stdout


def sums(counted: dict[str, Lines]) -> dict[str, Lines]:
    """Return the sum of each group, and of all."""
    found: dict[str, Lines] = {}
    for name in [*dict(GROUPS), "all"]:
        every = [one for path, one in counted.items() if name in ("all", group(path))]
        if every:
            found[name] = Lines(sum(one.data for one in every), sum(one.code for one in every))
    return found


def without(counted: dict[str, Lines], left_out: str) -> int:
    """Return the sum of all lines but those of a group."""
    return sum(found.all for path, found in counted.items() if group(path) != left_out)


def show(title: str, counted: dict[str, Lines]) -> None:
    """Print the table."""
    print(f"{title:44}{'data':>8}{'code':>8}{'all':>8}")
    for path, found in counted.items():
        print(f"{path:44}{found.data:8,}{found.code:8,}{found.all:8,}")
    print()
    for name, found in sums(counted).items():
        print(f"{name:44}{found.data:8,}{found.code:8,}{found.all:8,}")


def main() -> None:
    """Count, and print."""
    parser = argparse.ArgumentParser(description="Count the lines of what defines and reads the providers.")
    parser.add_argument("--against", metavar="REVISION", help="count this git revision, too, and print the ratio")
    given = parser.parse_args()
    ours = count(here())
    if given.against:
        theirs = count(at(given.against))
        show(given.against, theirs)
        print()
    show("this tree", ours)
    if given.against:
        print()
        for what, left_out in (("all", ""), ("without the contract", "contract")):
            mine, other = (without(counted, left_out) for counted in (ours, theirs))
            print(f"{what}: {mine:,} lines, {given.against} has {other:,}: {mine / other:.3f} of it")


if __name__ == "__main__":
    main()
