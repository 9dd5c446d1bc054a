"""Answers are the values that Python's own `json` makes of the same bytes, but for the differences in the table."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from support import Reply, ScriptedServer, Seen

import metertap
from metertap import errors

#: Documents that are right, of one seed; they travel together. Those that are broken travel alone.
GOOD, BROKEN = 1200, 100
SEEDS = range(3)

#: What `json` takes and we refuse, on purpose: why, a document, and what our message says.
REFUSED = [
    ("a key that is there twice: nobody can know which one counts", '{"a":1,"a":1}', "occurs twice"),
    ("the same key in two spellings", '{"a":1,"\\u0061":2}', "occurs twice"),
    ("no number of JSON", "NaN", "not JSON"),
    ("no number of JSON", "[-Infinity]", "not JSON"),
    ("no text of Unicode: half of a pair", '"\\ud800"', "not JSON"),
    ("halves in the wrong order", '"\\udc00\\ud800"', "not JSON"),
    ("a number that json makes infinite", "1e400", "too large"),
    ("the same without an exponent", "-" + "9" * 400 + ".5", "too large"),
    # The packet around a document is three deep.
    ("more than 64 levels", "[" * 62 + "]" * 62, "deeper than 64"),
    ("more than 64 levels", '{"a":' * 62 + "1" + "}" * 62, "deeper than 64"),
]

#: What both refuse.
BAD = ["[1,]", "{,}", "01", "+1", "1.", ".5", "-", "1e", '"', '"\t"', "'a'", "nul", "[1 2]", '{"a" 1}', '"\\x"']
BAD += ["{1:2}", "// 1", "\u00a01", "\ufeff1", "１", '"\\u12G4"', "tRue", "[1]]", "9" * 5000]

#: Pieces that mutations put in.
TOKENS = [
    "null",
    "0",
    "-",
    "9",
    "e9",
    ".5",
    '"',
    "\\",
    "\\ud83d",
    "\\ude00",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    " ",
    "é",
    "\x00",
]


class Unlike(ValueError):
    """What `json` takes, but we do not."""


def documents(chance: random.Random, depth: int = 0) -> str:
    """Return the text of a document."""
    kinds = [number, text, word] if depth > 3 else [number, text, word, array, array, members, members]
    return chance.choice(kinds)(chance, depth)


def number(chance: random.Random, _: int) -> str:
    """Return a number of any length, with and without point and exponent; often at the border of 64 bits."""
    border = chance.choice([2**53, 2**63, 2**64, 10**18, 0]) + chance.randint(-2, 2)
    digits = str(chance.choice([abs(border), chance.getrandbits(chance.choice([8, 62, 64, 66, 200, 900]))]))
    point = (
        "." + "".join(chance.choices("0123456789", k=chance.choice([1, 2, 17, 30]))) if chance.random() < 0.4 else ""
    )
    power = (
        chance.choice("eE") + chance.choice(["", "+", "-"]) + str(chance.randint(0, 330))
        if chance.random() < 0.3
        else ""
    )
    return chance.choice(["", "-"]) + digits + point + power


def text(chance: random.Random, _: int) -> str:
    """Return a text with what stands for itself, and with escapes."""
    pieces = []
    for _ in range(chance.choice([0, 1, 3, 10])):
        point = chance.choice(
            [chance.randrange(0x20, 0x7F), chance.randrange(0xD800), chance.randrange(0xE000, 0x110000)]
        )
        plain = chr(point) if point >= 0x20 and chr(point) not in '"\\' else json.dumps(chr(point))[1:-1]
        pieces.append(
            chance.choice([plain, plain, json.dumps(chr(point))[1:-1], chance.choice(["\\/", "\\b", "\\u0000"])])
        )
    return f'"{"".join(pieces)}"'


def word(chance: random.Random, _: int) -> str:
    """Return one of three words."""
    return chance.choice(["null", "true", "false"])


def array(chance: random.Random, depth: int) -> str:
    """Return an array."""
    items = (space(chance) + documents(chance, depth + 1) for _ in range(chance.choice([0, 1, 2, 5])))
    return f"[{','.join(items)}{space(chance)}]"


def members(chance: random.Random, depth: int) -> str:
    """Return an object; more than 16 members are looked through for duplicates in another way."""
    count = chance.choice([0, 1, 3, 20 if depth < 2 else 4])
    pairs = (f"{space(chance)}{text(chance, depth)}:{documents(chance, depth + 1)}" for _ in range(count))
    return f"{{{','.join(pairs)}{space(chance)}}}"


def space(chance: random.Random) -> str:
    """Return what may stand between tokens."""
    return chance.choice(["", "", " ", "\n", "\t\r "])


def mutated(chance: random.Random, document: str) -> str:
    """Return the document with a piece gone, doubled or put in."""
    start = chance.randrange(len(document) + 1)
    end = min(len(document), start + chance.randint(0, 6))
    return document[:start] + chance.choice(["", document[start:end] * 2, chance.choice(TOKENS)]) + document[end:]


def expected(document: str) -> Any:
    """Return what `json` makes of a document; `ValueError` where it refuses it, `Unlike` where only we do."""
    value = json.loads(document, object_pairs_hook=unique, parse_constant=constant)
    for leaf in texts(value):
        if isinstance(leaf, str) and any("\ud800" <= character <= "\udfff" for character in leaf):
            raise Unlike("half of a pair")
        if leaf in (float("inf"), float("-inf")):
            raise Unlike("infinite")
    return value


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object."""
    if len(dict(pairs)) < len(pairs):
        raise Unlike("twice")
    return dict(pairs)


def constant(name: str) -> Any:
    """Refuse NaN and the infinities."""
    raise Unlike(name)


def texts(value: Any) -> Iterator[Any]:
    """Return all leaves and keys."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from texts(member)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    else:
        yield value


def ask(server: ScriptedServer, document: str) -> Any:
    """Return what arrives in Python when a command is answered with this document."""

    def packet(seen: Seen) -> Reply:
        (command,) = (name for name in seen.json if name != "auth")
        body = f'{{"{command}":{{"success":true,"params":[{document}]}}}}'
        return Reply(body=body.encode())

    server.script = [packet]
    client = metertap.DeviceWise(session_id="s", base_url=server.origin, retries=0)
    (command,) = client.call("session.info", raw=True).values()
    assert command["success"] is True
    return command["params"]


def shown(value: Any) -> str:
    """Return what tells any two values apart: types, order, -0.0 and 0.0, the last bit of a float."""
    return repr(value)


@pytest.mark.parametrize("seed", SEEDS)
def test_documents_are_what_json_makes_of_them(seed: int, server: ScriptedServer) -> None:
    chance = random.Random(seed)
    good: list[tuple[str, Any]] = []
    refused: list[str] = []
    while len(good) < GOOD or len(refused) < BROKEN:
        document = documents(chance)
        if chance.random() < 0.3:
            document = mutated(chance, document)
        try:
            items = expected(f"[{document}]")
        except ValueError:
            refused.append(document)
            continue
        if len(items) == 1:  # a mutation may make two of one
            good.append((document, items[0]))
    for start in range(0, len(good), 300):
        batch = good[start : start + 300]
        answered = ask(server, ",".join(document for document, _ in batch))
        assert len(answered) == len(batch)
        for (document, wanted), found in zip(batch, answered, strict=True):
            assert shown(found) == shown(wanted), document
    for document in refused[:BROKEN]:
        with pytest.raises(errors.UnexpectedResponse):
            print(document, ask(server, document))


@pytest.mark.parametrize(("document", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_json_takes_and_we_refuse(document: str, message: str, server: ScriptedServer) -> None:
    json.loads(document)
    with pytest.raises(errors.UnexpectedResponse, match=message):
        ask(server, document)


@pytest.mark.parametrize("document", BAD)
def test_what_both_refuse(document: str, server: ScriptedServer) -> None:
    with pytest.raises(ValueError, match=r"line 1|limit \(4300"):
        json.loads(f"[{document}]")
    with pytest.raises(errors.UnexpectedResponse):
        ask(server, document)


@pytest.mark.parametrize(
    "document", ["[" * 61 + "]" * 61, "9" * 4300, "1e308", "1e-400", "-0.0", '"\\u0000\\ud83d\\ude00"']
)
def test_what_is_at_the_border_is_taken(document: str, server: ScriptedServer) -> None:
    assert shown(ask(server, document)) == shown([json.loads(document)])
