"""The JSON Schema of documents, read from the same blocks as the tables of keys: see ``tools/vocabulary.py``.

What the core does with a document before it reads its blocks is said here, since no block says it: calls that are a
table, what is ``like`` something, arguments and meters that are described once.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

#: Where the blocks stand, and the words that some of their keys take.
SOURCES = [
    Path("src/spec/document.rs"),
    Path("src/meters.rs"),
    Path("src/values/error.rs"),
    Path("src/service/http.rs"),
]
#: Those whose name there is another, or that of two, and where they stand.
ELSEWHERE = {"Measures": ("Kind", Path("src/meters.rs")), "Kind": ("Kind", Path("src/values/error.rs"))}
#: Where the keys stand without which a block says too little.
NEEDED = Path("src/spec/compile.rs")

NUMBERS = {
    "i32": {"type": "integer"},
    "i64": {"type": "integer"},
    "u16": {"type": "integer", "minimum": 0, "maximum": 65535},
    "u32": {"type": "integer", "minimum": 0},
    "u64": {"type": "integer", "minimum": 0},
    "usize": {"type": "integer", "minimum": 0},
    "f64": {"type": "number"},
}
#: What the core reads by functions of its own.
READERS = {"offset": {"type": "string", "pattern": r"^([+-]\d\d:\d\d|Z)$"}}
TEXT: dict[str, Any] = {"type": "string"}
#: Blocks that may take what another one says.
LIKE = {"Call": "[like.…]", "Take": "[argument.…]", "Figure": "[meter.…]", "Record": "[shape.…]"}


def schema() -> str:
    """Return the schema as JSON."""
    return json.dumps(Writer("\n".join(path.read_text(encoding="utf-8") for path in SOURCES)).whole(), indent=1) + "\n"


class Writer:
    """Writes the schema of all blocks that a document leads to."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.known: dict[str, Any] = {}
        self.needed = needed()

    def whole(self) -> dict[str, Any]:
        """Return the schema of a document."""
        document = self.block("Document")
        properties = document["properties"]
        call = self.of("Call")
        properties["call"] = {
            "description": properties["call"]["description"] + " As a table, the key of each is its name.",
            "anyOf": [{"type": "array", "items": call}, {"type": "object", "additionalProperties": call}],
        }
        for key, kind, what in (
            ("like", "Call", "What calls share: those that are `like` it take what it says and they do not."),
            ("argument", "Take", "Arguments that calls take by their names."),
            ("meter", "Figure", "Numbers that calls have by their names."),
        ):
            properties[key] = {"type": "object", "description": what, "additionalProperties": self.of(kind)}
        for key, kind, what in (
            ("takes", "Take", "an argument by its name, as [argument.…] describes it"),
            ("meter", "Figure", "a number by its name, as [meter.…] describes it"),
        ):
            items = {"anyOf": [{**TEXT, "description": f"{what[0].upper()}{what[1:]}."}, self.of(kind)]}
            self.known["Call"]["properties"][key] |= {"items": items}
        for kind, where in LIKE.items():
            doc = f"The block of {where} that says what this one does not."
            self.known[kind]["properties"]["like"] = {**TEXT, "description": doc}
        document.pop("description")
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "A provider of metertap",
            "description": "A document that makes a provider: see metertap.register.",
            **document,
            "$defs": dict(sorted(self.known.items())),
        }

    def of(self, holds: str) -> dict[str, Any]:
        """Return the schema of what a Rust type is in a document."""
        holds = holds.strip()
        if holds in ("String", "Path"):
            return TEXT
        if holds == "bool":
            return {"type": "boolean"}
        if holds in NUMBERS:
            return NUMBERS[holds]
        if inner := re.fullmatch(r"Option<(.*)>", holds):
            return self.of(inner[1])
        if inner := re.fullmatch(r"Vec<(.*)>", holds):
            items = self.of(inner[1])
            several = {"type": "array", "items": items}
            # One thing stands for a list of one, but a table for none.
            return {"anyOf": [items, several]} if self.is_one(inner[1]) else several
        if inner := re.fullmatch(r"IndexMap<String, (.*)>", holds):
            return {"type": "object", "additionalProperties": self.of(inner[1])}
        if pair := re.fullmatch(r"\(?(\w+), (\w+)\)?", holds):
            two = [self.of(pair[1]), self.of(pair[2])]
            return {"type": "array", "prefixItems": two, "items": False, "minItems": 2, "maxItems": 2}
        if holds not in self.known:
            self.known[holds] = {}  # which ends the way of a block that leads to itself
            self.known[holds] = self.block(holds)
        return {"$ref": f"#/$defs/{holds}"}

    def is_one(self, holds: str) -> bool:
        """Return whether a thing of this type may stand for a list of it."""
        if holds.startswith(("IndexMap", "(")):
            return False
        if re.fullmatch(r"\w+", holds):
            return not re.search(rf"^pub struct {holds} \{{", self.source, re.MULTILINE)
        return True

    def block(self, name: str) -> dict[str, Any]:
        """Return the schema of a struct or an enum."""
        own, path = ELSEWHERE.get(name, (name, None))
        source = self.source if path is None else path.read_text(encoding="utf-8")
        found = re.search(rf"^pub (struct|enum) {own} \{{\n(.*?)^\}}", source, re.DOTALL | re.MULTILINE)
        if not found:
            raise SystemExit(f"{name}: none of {', '.join(map(str, SOURCES))} has this block, which a document holds")
        kind, body = found.groups()
        before = source[: found.start()].rpartition("\n\n")[2]
        doc = sentence("\n".join(line for line in before.splitlines() if line.startswith("///")))
        if kind == "struct":
            return self.table(doc, body.replace("    pub ", "    "), self.needed.get(name, []))
        return self.words(doc, before, body)

    def table(self, doc: str, body: str, required: list[str] | None = None) -> dict[str, Any]:
        """Return the schema of a struct's keys; all of them are needed if it is not said which."""
        properties = {}
        for told, marks, name, holds in re.findall(
            r"((?: +/// [^\n]*\n)+)((?: +#\[[^\n]*\n)*) +(\w+): ([^\n]*),\n", body
        ):
            if "serde(skip)" in marks:
                continue
            reader = re.search(r'deserialize_with = "(\w+)"', marks)
            found = READERS[reader[1]] if reader else self.of(holds)
            properties[name] = {"description": sentence(told), **found}
        needed = list(properties) if required is None else required
        more = {"required": needed} if needed else {}
        return {"description": doc, "type": "object", "properties": properties, **more, "additionalProperties": False}

    def words(self, doc: str, marks: str, body: str) -> dict[str, Any]:
        """Return the schema of an enum: words, or tables of one key, or what tells itself apart."""
        head = r"((?:    /// [^\n]*\n)+)(?:    #\[[^\n]*\n)*    (\w+)"
        variants = re.findall(head + r"(?:\(([^\n]*)\)|( \{\n(?:        [^\n]*\n)+    \}))?,?\n", body)
        if "untagged" in marks:
            each = [
                self.table(sentence(told), fields) if fields else {"description": sentence(told), **self.of(holds)}
                for told, _, holds, fields in variants
            ]
            return {"description": doc, "anyOf": each}
        style = re.search(r'rename_all = "(\w+)"', marks)
        named = str.upper if style and style[1] == "UPPERCASE" else snake
        plain = [(named(name), sentence(told)) for told, name, holds, fields in variants if not holds and not fields]
        tables = {
            named(name): self.table(sentence(told), fields)
            if fields
            else {"description": sentence(told), **self.of(holds)}
            for told, name, holds, fields in variants
            if holds or fields
        }
        meanings = " ".join(f"`{word}`: {told}" for word, told in plain)
        either: list[dict[str, Any]] = []
        if plain:
            either.append({"enum": [word for word, _ in plain], "description": meanings})
        if tables:
            one = {"minProperties": 1, "maxProperties": 1}
            either.append({"type": "object", "properties": tables, **one, "additionalProperties": False})
        if len(either) == 1:
            [only] = either
            return {**only, "description": f"{doc} {meanings}".strip()}
        return {"description": doc, "anyOf": either}


def needed() -> dict[str, list[str]]:
    """Return the keys without which blocks say too little; what calls may share need not stand in each."""
    text = NEEDED.read_text(encoding="utf-8")
    [table] = re.findall(r"^const NEEDED: [^\n]*\n(.*?)^\];", text, re.DOTALL | re.MULTILINE)
    blocks = {
        "": "Document",
        "account.*": "Field",
        "fail.when.#": "When",
        "select.*": "Select",
        "together.#": "Together",
    }
    found: dict[str, list[str]] = {}
    for place, key in re.findall(r'\("([^"]*)", "(\w+)",', table):
        if place in blocks:
            found.setdefault(blocks[place], []).append(key)
        elif not place.startswith("call."):
            raise SystemExit(f"{place}: {NEEDED} needs keys of a block that tools/schema.py does not know")
    return found


def sentence(doc: str) -> str:
    """Return a doc comment in one line."""
    return " ".join(line.strip().removeprefix("///").strip() for line in doc.splitlines())


def snake(name: str) -> str:
    """Return a variant's name as documents write it."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
