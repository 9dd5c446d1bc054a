"""Providers that are documents: registered, found, asked, and carried by all that is made with them."""

from __future__ import annotations

import asyncio
import importlib.metadata
import inspect
import json
import pickle
import resource
import sys
import textwrap
from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support import Reply, ScriptedServer, run_python

import metertap as mt
from metertap import _core, config, documents, errors

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TOY = Path(__file__).parents[1] / "common" / "toy.toml"
TEXT = TOY.read_text(encoding="utf-8")
RANGE = ("2026-05-01", "2026-05-03")
NOW = "2026-06-01"
#: Two kinds of parcels on the first day; more than 2^63, and a fraction.
BODY = (
    b'{"from":"2026-05-01T00:00:00Z","total":18446744073709551615,"days":['
    b'{"day":"2026-05-01T00:00:00Z","size":"small","count":18446744073709551614,"kg":0.1},'
    b'{"day":"2026-05-01T00:00:00Z","size":"large","count":1,"kg":12.50},'
    b'{"day":"2026-05-02T00:00:00Z","size":"small","count":0,"kg":0}]}'
)


@pytest.fixture(autouse=True)
def _toy() -> Iterator[None]:
    """Begin and end each test with the document, so that each one runs alone, too."""
    mt.register(TOY, replace=True)
    yield
    mt.register(TOY, replace=True)


def other(title: str = "Other Parcels") -> str:
    return TEXT.replace("Toy Parcels", title)


def rows(usage: mt.Usage) -> list[dict[str, Any]]:
    """Return the rows without the time at which they came."""
    return [{name: value for name, value in row.items() if name != "fetched_at"} for row in usage.to_dicts()]


def asked(server: ScriptedServer, module: Any = mt) -> Any:
    server.script = [Reply(body=BODY)]
    return module.provider("toy")(api_key="k", base_url=server.origin)


@pytest.mark.parametrize("form", [TOY, str(TOY), TEXT], ids=["path", "str", "text"])
def test_a_document_is_a_path_a_text_or_a_dict(form: Any) -> None:
    assert mt.register(form) is mt.provider("toy")
    assert mt.provider("toy").__name__ == "Toy"


def test_a_dict_is_a_document() -> None:
    made = mt.register(tomllib.loads(TEXT), replace=True)
    assert made(api_key="k").base_url == "https://parcels.example.com/v2"
    assert [meter.name for meter in mt.meters() if meter.provider == "toy"] == ["toy.parcels", "toy.weight"]


def test_a_registered_provider_has_signatures_docstrings_and_records(server: ScriptedServer) -> None:
    toy = asked(server)
    signature = inspect.signature(toy.parcels_by_day)
    assert list(signature.parameters) == ["start", "end", "depots", "raw"]
    assert "Parcels sent on each day." in inspect.getdoc(toy.parcels_by_day)
    answer = toy.parcels_by_day(*RANGE)
    assert (type(answer).__name__, answer.total) == ("ParcelsByDay", 2**64 - 1)
    assert answer.days[1].weight == Decimal("12.50")
    assert [row["count"] for row in answer.records()] == [2**64 - 2, 1, 0]
    assert toy.parcels_by_day(*RANGE, raw=True)["days"][0]["count"] == 2**64 - 2
    assert pickle.loads(pickle.dumps(answer)) == answer
    assert server.seen[0].headers["authorization"] == "Bearer k"


def test_both_doors_read_the_same_usage(server: ScriptedServer) -> None:
    found = rows(mt.fetch(asked(server), *RANGE, now=NOW))
    assert found == rows(asyncio.run(mt.aio.fetch(asked(server, mt.aio), *RANGE, now=NOW)))
    first = found[0]
    assert (first["provider"], first["meter"], first["quantity"]) == ("toy", "toy.parcels", Decimal(2**64 - 2))
    assert first["start"] == datetime(2026, 5, 1, tzinfo=timezone.utc)
    answer = asyncio.run(asked(server, mt.aio).parcels_by_day(*RANGE))
    assert answer == asked(server).parcels_by_day(*RANGE)


def test_plans_archives_and_pickles_carry_the_document_into_another_process(
    server: ScriptedServer, tmp_path: Path
) -> None:
    plan = mt.plan(asked(server), *RANGE, now=NOW)
    usage = mt.fetch(plan, archive=tmp_path / "archive")
    answer = asked(server).parcels_by_day(*RANGE)
    (tmp_path / "plan.json").write_text(plan.to_json(), encoding="utf-8")
    (tmp_path / "pickles").write_bytes(pickle.dumps((usage, answer)))
    told = run_python(
        textwrap.dedent("""
            import json, pickle, sys
            from pathlib import Path
            import metertap as mt
            folder = Path(sys.argv[1])
            assert [provider.name for provider in mt.providers()][5:] == []
            plan = mt.Plan.from_json((folder / "plan.json").read_text())
            usage, answer = pickle.loads((folder / "pickles").read_bytes())
            replayed = mt.replay(folder / "archive")
            assert usage.to_dicts() == replayed.to_dicts()
            assert usage.plan == plan == replayed.plan
            print(json.dumps([len(replayed), answer.total, type(answer).__name__, str(usage.remaining())]))
        """),
        str(tmp_path),
    )
    assert json.loads(told)[:3] == [6, 2**64 - 1, "ParcelsByDay"]


def test_a_document_that_changed_has_its_name_only_on_purpose() -> None:
    first = mt.register(TOY, replace=True)
    with pytest.raises(errors.InvalidArgument, match=r'"toy" is registered already, by document \w{12}, and this is'):
        mt.register(other())
    second = mt.register(other(), replace=True)
    assert (mt.provider("toy"), first is second) == (second, False)
    both = [first(api_key="k", name="one"), second(api_key="k", name="two")]
    with pytest.raises(
        errors.InvalidArgument, match=r"toy is described by two documents here, document \w{12} and doc"
    ):
        mt.plan(both, *RANGE, now=NOW)
    assert [client.select().client.provider for client in both] == ["toy", "toy"]


def test_a_plan_is_run_by_clients_of_its_own_document_only(server: ScriptedServer, tmp_path: Path) -> None:
    plan = mt.plan(asked(server), *RANGE, now=NOW)
    mt.fetch(plan, archive=tmp_path)
    mt.register(other(), replace=True)
    changed = asked(server)
    with pytest.raises(errors.InvalidArgument, match=r"the plan was made with document \w{12} of toy, and its account"):
        mt.fetch(mt.Plan.from_json(plan.to_json()), accounts=[changed])
    with pytest.raises(errors.InvalidArgument, match="made with another document of its provider"):
        mt.fetch(mt.plan(changed, *RANGE, now=NOW), archive=tmp_path)
    before = len(server.seen)
    assert len(mt.fetch(plan)) == 6
    assert len(server.seen) == before + 1
    assert rows(mt.replay(tmp_path)) == rows(mt.fetch(plan))


def test_what_is_wrong_with_a_document_is_told_at_once_with_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "toy.toml"
    broken = TEXT.replace('unit = "kg", kind = "gauge"', 'unit = "kg", kind = "gouge"').replace("zone =", "zune =")
    file.write_text(broken, encoding="utf-8")
    with pytest.raises(errors.InvalidDocument) as caught:
        mt.register(file)
    lines = [line for line, _ in caught.value.mistakes]
    assert str(caught.value).splitlines() == documents.check(file)
    assert [int(sentence.split(":")[1]) for sentence in documents.check(file)] == lines == [45, 52]
    assert [text for _, text in caught.value.mistakes] == [
        'call "parcels_by_day" zune is no key that is known here; did you mean "zone"?',
        'call "parcels_by_day" meter "weight" kind must be one of sum, cumulative, peak, gauge, not "gouge"; '
        'did you mean "gauge"?',
    ]
    assert pickle.loads(pickle.dumps(caught.value)).mistakes == caught.value.mistakes
    assert documents.check(TOY) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nowhere.toml", "the document 'nowhere.toml' cannot be read: there is no such file."),
        (".", "the document '.' cannot be read: Is a directory."),
        ("a\0b", "cannot be read: embedded null"),
        (7, "document must be a path, a text of TOML or a dict, not int."),
        ({"name": None}, "the document is a dict that TOML cannot say"),
        ({1: 2}, "the document is a dict that TOML cannot say"),
    ],
)
def test_what_is_no_document_is_refused(given: Any, message: str) -> None:
    for refuse in (mt.register, documents.check):
        with pytest.raises(errors.InvalidArgument) as caught:
            refuse(given)
        assert message in str(caught.value)


def test_a_name_that_nobody_has_is_told_with_those_that_there_are() -> None:
    for module in (mt, mt.aio):
        with pytest.raises(errors.InvalidArgument, match=r"there is no provider 'tory', but devicewise, .*, toy"):
            module.provider("tory")
    with pytest.raises(errors.WrongType, match="name must be a str"):
        mt.provider(7)  # type: ignore[arg-type]
    for door, module in ((mt, mt), (mt.aio, mt.aio)):
        assert door.provider("sora") is module.Sora


def test_all_providers_are_listed_with_where_they_come_from() -> None:
    known = {provider.name: provider for provider in mt.providers()}
    assert list(known)[:5] == ["devicewise", "ricoh", "sora", "uipath", "volcengine"]
    assert known["sora"].origin == "built in"
    assert (known["sora"].title, known["sora"].digest) == ("Sora Cloud", None)
    toy = known["toy"]
    assert (toy.title, toy.origin, toy.meters) == ("Toy Parcels", str(TOY), ["toy.parcels", "toy.weight"])
    assert toy.digest == _core.provider("toy")["key"]


def test_a_client_of_a_document_is_made_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_API_KEY", "k")
    monkeypatch.setenv("METERTAP_TOY_BASE_URL", "https://other.example.com")
    assert mt.provider("toy").from_env().base_url == "https://other.example.com"


def test_the_accounts_file_names_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "toy.toml").write_text(TEXT, encoding="utf-8")
    file = tmp_path / "config.toml"
    file.write_text(
        '[providers]\ntoy = "docs/toy.toml"\n[accounts.depot]\nprovider = "toy"\napi_key = {env = "K"}\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("K", "k")
    client = config.load(file)["depot"]
    assert (client.provider, client.name) == ("toy", "depot")
    for text, message in {
        "[providers]\ntoy = 7\n": 'config.toml:2: toy wants the path of its document, such as toy = "toy.toml"',
        "providers = 7\n": "providers are a table of names and documents",
        '[providers]\nfoy = "docs/toy.toml"\n': "config.toml:2: the document docs/toy.toml is that of toy; write toy =",
        '[providers]\ntoy = "toy.toml"\n': "config.toml:2: the document",
        '[accounts.a]\nprovider = "tory"\n': "provider must be one of devicewise, ricoh, sora, uipath, volcengine, ",
    }.items():
        file.write_text(text, encoding="utf-8")
        with pytest.raises(errors.InvalidArgument) as caught:
            config.load(file)
        assert message in str(caught.value)


def test_a_package_names_a_document(tmp_path: Path) -> None:
    parcels = TEXT.replace('name = "toy"', 'name = "packed"')
    (tmp_path / "packed_parcels.py").write_text(f"document = {parcels!r}\nbroken = 7\n", encoding="utf-8")
    about = tmp_path / "packed_parcels-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: packed-parcels\nVersion: 1.0\n", encoding="utf-8")
    points = (
        "[metertap.providers]\npacked = packed_parcels:document\nodd = packed_parcels:broken\nmissing = nowhere:it\n"
    )
    (about / "entry_points.txt").write_text(points, encoding="utf-8")
    told = run_python(
        textwrap.dedent("""
            import sys
            sys.path.insert(0, sys.argv[1])
            import metertap as mt
            print(mt.provider("packed")(api_key="k"))
            for name in ("odd", "missing"):
                try:
                    mt.provider(name)
                except mt.MetertapError as error:
                    print(error)
        """),
        str(tmp_path),
    )
    assert told.splitlines() == [
        "Packed(name='packed', base_url='https://parcels.example.com/v2')".replace("Packed", "Toy"),
        "document must be a path, a text of TOML or a dict, not int.",
        "the package packed-parcels does not give its document 'missing': it raised ModuleNotFoundError.",
    ]
    assert importlib.metadata.entry_points(group=documents.ENTRY_POINTS) is not None


def test_checking_keeps_nothing_and_registering_keeps_a_text_once() -> None:
    for _ in range(100):
        mt.register(TOY)
        documents.check(TEXT.replace("parcels", "parcel"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(5_000):
        _core.mistakes(TEXT)
        _core.mistakes(TEXT.replace("gauge", "gouge"))
        _core.register(TEXT, True)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 2_000, f"{grown} KiB more after 10,000 checks"


CSV = b"day;size;count;kg\n2026-05-01;small;18446744073709551614;0.10\n2026-05-02;large;3;12.50\n"


def read_csv(body: bytes) -> dict[str, Any]:
    rows = [line.split(";") for line in body.decode().splitlines()[1:]]
    days = [
        {"day": f"{day}T00:00:00Z", "size": size, "count": int(count), "kg": Decimal(kg)}
        for day, size, count, kg in rows
    ]
    return {"from": "2026-05-01T00:00:00Z", "days": days}


def with_reader(name: str) -> str:
    text = TEXT.replace('name = "toy"', f'name = "{name}"').replace("[[call]]", '[[call]]\nreader = "csv"')
    return text.replace('"toy."', f'"{name}."')


def test_answers_that_are_no_json_are_read_by_a_function_and_judged_as_all_others(
    server: ScriptedServer, tmp_path: Path
) -> None:
    make = mt.register(with_reader("csv_toy"), readers={"csv": read_csv})
    server.script = [Reply(body=CSV)]
    client = make(api_key="k", base_url=server.origin)
    assert client.parcels_by_day(*RANGE).days[0].count == 2**64 - 2
    usage = mt.fetch(client, *RANGE, now=NOW, archive=tmp_path)
    assert [row["quantity"] for row in usage.to_dicts()] == [2**64 - 2, Decimal("0.1"), 3, Decimal("12.5")]
    assert usage.evidence.to_dicts()[0]["bytes"] == len(CSV)
    assert mt.replay(tmp_path).to_dicts() == usage.to_dicts()
    told = run_python(
        textwrap.dedent("""
            import sys
            import metertap as mt
            usage = mt.replay(sys.argv[1], on_error="keep")
            print(len(usage), usage.holes.to_dicts()[0]["reason"])
        """),
        str(tmp_path),
    )
    assert told.strip() == (
        '0 the answers of parcels_by_day are read by the function "csv", which is not here: register the document of '
        'csv_toy with readers={"csv": …}.'
    )


def test_what_a_reader_does_wrong_is_told(server: ScriptedServer) -> None:
    text = with_reader("odd_toy")
    make = mt.register(text)
    client = make(api_key="k", base_url=server.origin)
    with pytest.raises(errors.InvalidArgument, match='read by the function "csv", which is not here'):
        client.parcels_by_day(*RANGE)
    assert server.seen == []
    with pytest.raises(errors.InvalidArgument, match="the document has no reader 'cvs'; it has csv"):
        mt.register(text, readers={"cvs": read_csv})
    with pytest.raises(errors.WrongType, match="the reader 'csv' must be a callable, not int"):
        mt.register(text, readers={"csv": 7})  # type: ignore[dict-item]
    server.script = [Reply(body=b"x")]
    for reader, message in (
        (lambda body: body.index(b"y"), 'the function "csv" raised ValueError: subsection not found'),
        (lambda body: {"days": [{"count": float("nan")}]}, "raised ValueError: nan is no number of JSON"),
        (lambda body: {"days": object()}, 'the function "csv" returned what is no JSON'),
        (lambda body: {"days": [{"day": "2026-05-01T00:00:00Z", "count": 0.5}]}, r"\$\.days\[0\]\.count: .*whole"),
        (lambda body: [], r"\$: expected an object"),
    ):
        mt.register(text, readers={"csv": reader})
        with pytest.raises(errors.UnexpectedResponse, match=message):
            client.parcels_by_day(*RANGE)
    server.script = [Reply(status=403, body=b'{"code":"no","message":"not yours"}')]
    with pytest.raises(errors.PermissionDenied, match="not yours"):
        client.parcels_by_day(*RANGE)


PIPES = """metertap_spec = 1
name = "pipes"
class = "Pipes"
title = "Pipes"
doc = "Pipes: bytes by hour, in arrays."
base_url = "https://pipes.example.com"
page = "https://docs.example.com/usage"
auth = { bearer = "api_key" }

[account]
api_key = { secret = true, needed = true, doc = "the API key" }

[argument]
start = { accepts = "moment", needed = true, doc = "the start" }
end = { accepts = "moment", needed = true, doc = "the end" }

[[call]]
name = "flow"
wire = "v1/flow"
doc = "Flow, by hour."
takes = ["start", "end"]
range = ["start", "end"]
rows = { moments = "ts", at = "counters", items = "integer?" }
grain = [{ every = 3600, span = { days = 31 } }]
zone = "+00:00"
meter = [
    { value = "up", total = "sent", name = "up", unit = "bytes", doc = "Sent." },
    { value = "down", total = "got", name = "down", unit = "bytes", doc = "Got." },
]

[[tests]]
call = "flow"
given = { start = "2026-05-01", end = "2026-05-01T02:00:00Z" }
at = "2026-06-01"
answer = '''{"ts": ["2026-05-01T00:00:00Z", "2026-05-01T01:00:00Z"], "sent": 3, "got": 9,
  "counters": {"up": [1, 2], "down": [4, 4]}}'''
readings = [
    { meter = "up", start = "2026-05-01T00:00:00Z", quantity = "1", flags = "[]" },
    { meter = "up", start = "2026-05-01T01:00:00Z", quantity = "2", flags = "[]" },
    { meter = "down", start = "2026-05-01T00:00:00Z", quantity = "4", flags = "['mismatch']" },
    { meter = "down", start = "2026-05-01T01:00:00Z", quantity = "4", flags = "['mismatch']" },
]
"""


def test_arrays_of_two_counters_are_each_compared_with_their_own_total() -> None:
    assert documents.try_answers(PIPES) == []
    # A total of nothing but the first array would agree with none of these.
    assert documents.try_answers(PIPES.replace('"got": 9', '"got": 8').replace("['mismatch']", "[]")) == []
    # The total is in the unit of the rows, whatever that of the meter is.
    hundredths = PIPES.replace('total = "got",', 'total = "got", scale = -2,').replace(
        'quantity = "4"', 'quantity = "0.04"'
    )
    assert documents.try_answers(hundredths) == []
    assert documents.try_answers(hundredths.replace('"got": 9', '"got": 8').replace("['mismatch']", "[]")) == []


def test_a_dict_without_an_end_is_no_document() -> None:
    endless: dict[str, Any] = {"x": []}
    endless["x"].append(endless)
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"x": deep}
    for document in (endless, deep):
        for refused in (documents.register, documents.try_answers, documents.check):
            with pytest.raises(errors.InvalidArgument, match="lie in each other more than 100 deep"):
                refused(document)
