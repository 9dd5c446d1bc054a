"""Write what follows from the blocks in ``src/spec/document.rs``, or check it.

Every block is a struct there, every key a field with its sentence; the tables of the page on documents are these
sentences, and so is the JSON Schema by which editors know documents:

    python tools/vocabulary.py            write the tables into docs/documents.md, and the schema
    python tools/vocabulary.py --check    exit with 1 if one of them would change
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from schema import schema, sentence, snake

BLOCKS = Path("src/spec/document.rs")
PAGE = Path("docs/documents.md")
SCHEMA = Path("python/metertap/provider.schema.json")
BEGIN = "<!-- Written by tools/vocabulary.py from src/spec/document.rs. -->\n"
END = "<!-- Written by hand again. -->\n"

#: The blocks that a document writes, in the order in which it is read, and how each is headed.
HEADINGS = {
    "Document": "The document",
    "Field": "`[account.…]`: a field of an account",
    "Auth": "`auth`: what makes a request authentic",
    "ClientCredentials": "`client_credentials` in `auth`: how tokens are fetched",
    "Fail": "`[fail]`: what a refusal means",
    "When": "`when` in `[fail]`: what is known of some refusals",
    "Select": "`[select.…]`: an argument of a selection",
    "Record": "`[shape.…]`: a record of answers",
    "Call": "`[[call]]`: an operation",
    "Take": "`takes` in a call: an argument",
    "Accepts": "`accepts`: what an argument accepts",
    "Moments": "`moments` in a call: how its range is written",
    "Rows": "`rows` in a call: where rows stand, and what they look like",
    "Figure": "`meter` in a call: a number",
    "Combine": "`over_time`, `over_labels`: how numbers become one",
    "Echo": "`echo` in a call: what the answer repeats",
    "Grain": "`grain` in a call: a length of a bucket",
    "Pages": "`pages` in a call: rows that come in pages",
    "Prose": "`prose`: what documentation says besides",
    "Together": "`[[together]]`: several operations that make one answer",
    "Canned": "`[[tests]]`: a canned answer, and what it is",
}


def main() -> int:
    """Write the page and the schema, or check them."""
    old = PAGE.read_text(encoding="utf-8")
    before, begin, rest = old.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        print(f"{PAGE} has no place for the tables: write these two lines into it:\n{BEGIN}{END}", file=sys.stderr)
        return 1
    new = f"{before}{BEGIN}\n{tables(BLOCKS.read_text(encoding='utf-8'))}\n{END}{after}"
    stale = 0
    for path, text in ((PAGE, new), (SCHEMA, schema())):
        if sys.argv[1:] != ["--check"]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{path} is stale: run python tools/vocabulary.py", file=sys.stderr)
            stale = 1
    return stale


def tables(source: str) -> str:
    """Return the table of each block's keys."""
    found = dict(blocks(source))
    unknown = found.keys() ^ HEADINGS.keys()
    if unknown:
        raise SystemExit(f"{', '.join(sorted(unknown))}: blocks of {BLOCKS} and HEADINGS of this tool do not agree")
    parts = []
    for name, heading in HEADINGS.items():
        rows = "\n".join(f"| `{key}` | {holds} | {doc} |" for key, holds, doc in found[name])
        parts.append(f"### {heading}\n\n| key | holds | what it says |\n|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def blocks(source: str) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Return every block with its keys: what each is called, what it holds, and its sentence."""
    found = []
    for kind, name, body in re.findall(r"^pub (struct|enum) (\w+) \{\n(.*?)^\}", source, re.DOTALL | re.MULTILINE):
        keys = fields(body) if kind == "struct" else variants(body)
        if keys and name not in ("Scalar", "Member", "Format", "Fractions", "Given", "Label"):
            found.append((name, keys))
    return found


def fields(body: str) -> list[tuple[str, str, str]]:
    """Return the keys of a struct; what a document does not write is left out."""
    pattern = r"((?:    /// [^\n]*\n)+)((?:    #\[[^\n]*\n)*)    pub (\w+): ([^\n]*),"
    rows = re.findall(pattern, body)
    return [(name, kind(holds), cell(doc)) for doc, marks, name, holds in rows if "serde(skip)" not in marks]


def variants(body: str) -> list[tuple[str, str, str]]:
    """Return the words of an enum."""
    rows = re.findall(r"((?:    /// [^\n]*\n)+)(?:    #\[[^\n]*\n)*    (\w+)(\([^\n]*\))?(?: \{|,)", body)
    return [(snake(name), kind(holds.strip("()")) if holds else "–", cell(doc)) for doc, name, holds in rows]


def cell(doc: str) -> str:
    """Return a doc comment as it stands in a table."""
    return sentence(doc).replace("|", "\\|")


def kind(holds: str) -> str:
    """Return what a Rust type is in a document."""
    holds = holds.strip()
    words = {"String": "text", "bool": "`true` or `false`", "i64": "number", "u16": "number", "u32": "number"}
    words |= {"usize": "number", "f64": "number", "Path": "path", "i32": "offset", "Scalar": "text, number or boolean"}
    words |= {"Format": "`offset`, `utc`, `seconds`, `milliseconds`", "Fractions": "`refused`, `outwards`, `kept`"}
    words |= {"Kind": "kind of error", "Remedy": "remedy", "Method": "`GET` or `POST`", "Span": "span"}
    words |= {"Measures": "`sum`, `cumulative`, `peak`, `gauge`", "Rounding": "`exact`, `floored`, `approximate`"}
    words |= {"Writes": "`every`, `used`, `unknown`", "Settles": "`{ after = seconds }`", "Buckets": "buckets"}
    words |= {"Member": "what it holds", "Given": "text, number, boolean or texts"}
    inner = re.fullmatch(r"(Option|Vec)<(.*)>", holds)
    if inner:
        return kind(inner[2]) + (" …" if inner[1] == "Vec" else "")
    table = re.fullmatch(r"IndexMap<String, (.*)>", holds)
    if table:
        return f"table of {kind(table[1])}"
    pair = re.fullmatch(r"\(?(\w+), (\w+)\)?", holds)
    if pair:
        return f"pair: {kind(pair[1])}, {kind(pair[2])}"
    return words.get(holds, f"block {holds}")


if __name__ == "__main__":
    sys.exit(main())
