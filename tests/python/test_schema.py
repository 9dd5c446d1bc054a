"""The JSON Schema of documents refuses what the core refuses for a key or a type, and nothing that it takes."""

from __future__ import annotations

import copy
import importlib.resources
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support import ROOT

from metertap import documents

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SCHEMA = json.loads(importlib.resources.files("metertap").joinpath("provider.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
TOY = ROOT / "tests" / "common" / "toy.toml"
DOCUMENTS = [*sorted(ROOT.glob("src/providers/*.toml")), TOY, *sorted(ROOT.glob("examples/providers/*.toml"))]
#: What the core says of a key or a type; what it says of a meaning has a colon behind the place.
OF_TYPE = re.compile(r"^[^:]* (must be|is no key that is known|needs|is empty|has room for)\b")
#: Of the mutations of a document, so many are tried.
MOST = 250
#: A key that nobody knows, and values of which each type refuses all but its own.
VALUES: list[Any] = [True, 7, 7.5, "word", {"odd": 1}, [{"odd": 1}], [[1]], -1]


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def is_fine(document: Any) -> bool:
    return bool(VALIDATOR.is_valid(document))


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to everything in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*way, key)
        yield from places(inner, (*way, key))


def mutations(document: dict[str, Any], every: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the document with one thing changed: a key that is not known (None), or a value of another type."""
    for way, value in list(product(places(document), (None, *VALUES)))[::every]:
        changed = copy.deepcopy(document)
        above = changed
        for step in way[:-1]:
            above = above[step]
        # Whether there is a block of that name is no matter of types.
        if way[-1] == "like" and isinstance(value, str):
            continue
        if value is not None:
            above[way[-1]] = value
        elif isinstance(above[way[-1]], dict):
            above[way[-1]]["odd_key"] = 1
        else:
            continue
        yield f"{'.'.join(map(str, way))} = {'odd_key' if value is None else value!r}", changed


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_every_document_is_one_by_the_schema(path: Path) -> None:
    assert [f"{list(error.path)}: {error.message[:200]}" for error in VALIDATOR.iter_errors(read(path))] == []


def test_the_schema_is_one_itself() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["required"] == ["metertap_spec", "name", "class", "title", "doc", "page", "auth"]
    assert SCHEMA["$defs"]["Measures"]["enum"] == ["sum", "cumulative", "peak", "gauge"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_what_the_core_refuses_for_a_key_or_a_type_the_schema_refuses_too(path: Path) -> None:
    document = read(path)
    every = max(1, sum(1 for _ in places(document)) * len(VALUES) // MOST)
    tried, missed = 0, []
    for what, changed in mutations(document, every):
        told = [sentence.split(": ", 1)[1] for sentence in documents.check(changed)]
        if any(OF_TYPE.match(sentence) for sentence in told):
            tried += 1
            if is_fine(changed):
                missed.append((what, told[0]))
    assert missed == []
    assert tried > 50


@pytest.mark.parametrize("path", [TOY, ROOT / "src/providers/sora.toml"], ids=lambda path: path.stem)
def test_what_the_core_takes_the_schema_takes_too(path: Path) -> None:
    refused = []
    for what, changed in mutations(read(path), 3):
        # What no call takes may be anything for the core, and so may keys beside `wire` and `holds`.
        nobody_reads = what.startswith(("argument", "meter", "like")) or ".fields." in what
        if not nobody_reads and not documents.check(changed) and not is_fine(changed):
            refused.append(what)
    assert refused == []


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document["call"][0].update(odd=1),
        lambda document: document["argument"]["start"].update(odd=1),
        lambda document: document["call"][0]["meter"][0].update(kind="gouge"),
        lambda document: document["call"][0].update(zone="noon"),
        lambda document: document["fail"]["when"][0].update(status=[70_000]),
        lambda document: document["auth"].update(basic={"user": "a", "password": "b"}),
        lambda document: document.pop("title"),
        lambda document: document["call"][0].update(takes="start"),
    ],
)
def test_a_mistake_is_refused_by_both(change: Any) -> None:
    document = read(TOY)
    assert is_fine(document)
    change(document)
    assert documents.check(document)
    assert not is_fine(document)


def test_calls_are_a_list_or_a_table_and_one_thing_stands_for_a_list() -> None:
    document = read(TOY)
    [call] = document["call"]
    document["call"] = {call.pop("name"): call}
    document["fail"].update(said="message", code="code")
    assert documents.check(document) == []
    assert is_fine(document)


def test_the_page_and_the_schema_are_what_the_blocks_say() -> None:
    words = [sys.executable, "tools/vocabulary.py", "--check"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
