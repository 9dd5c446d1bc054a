"""Documents of services that people pay for: sound, read as they say, and planned for a quarter as their pages say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support import Door, Reply, ScriptedServer, json_reply

import metertap as mt
from metertap import _core, documents
from metertap.simulator import Simulator

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(__file__).parents[2] / "examples" / "providers"
DOCUMENTS = sorted(FOLDER.glob("*.toml"))
NOW = "2026-06-15"
QUARTER = ("2026-01-01", "2026-04-01")


@pytest.fixture(params=DOCUMENTS, ids=lambda path: path.stem)
def document(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    mt.register(path)
    return path


def test_six_services_have_documents() -> None:
    assert [path.stem for path in DOCUMENTS] == ["anthropic", "confluent", "fastly", "github", "openai", "twilio"]


def test_a_document_is_sound_says_that_it_is_unverified_and_its_canned_answers_are_what_it_says(document: Path) -> None:
    assert documents.check(document) == []
    assert documents.try_answers(document) == []
    facts = _core.provider(document.stem)
    assert facts["notes"].startswith("Unverified:")
    outcomes = [(call, error) for call, error, *_ in _core.canned(document.stem)]
    assert {call for call, error in outcomes if error is None} == {
        operation["name"] for operation in facts["operations"]
    }
    assert any(error for _, error in outcomes)


#: The requests of a quarter: how many, the first and the last one, made by hand from what the pages say.
PLANNED = {
    "anthropic": (
        6,
        "/organizations/usage_report/messages?group_by%5B%5D=model&limit=31&starting_at=2026-01-01T00%3A00%3A00Z"
        "&ending_at=2026-02-01T00%3A00%3A00Z&bucket_width=1d",
        "/organizations/cost_report?group_by%5B%5D=description&limit=31&starting_at=2026-03-04T00%3A00%3A00Z"
        "&ending_at=2026-04-01T00%3A00%3A00Z",
    ),
    "confluent": (
        3,
        "/billing/v1/costs?page_size=10000&start_date=2026-01-01&end_date=2026-02-01",
        "/billing/v1/costs?page_size=10000&start_date=2026-03-01&end_date=2026-04-01",
    ),
    "fastly": (
        1,
        "/stats/service/abc?from=1767225600&to=1775001600&by=day",
        "/stats/service/abc?from=1767225600&to=1775001600&by=day",
    ),
    "github": (
        3,
        "/organizations/octo-org/settings/billing/usage?year=2026&month=1",
        "/organizations/octo-org/settings/billing/usage?year=2026&month=3",
    ),
    "openai": (
        3,
        "/organization/usage/completions?group_by=model%2Cproject_id&limit=31&start_time=1767225600&end_time=1769904000"
        "&bucket_width=1d",
        "/organization/usage/completions?group_by=model%2Cproject_id&limit=31&start_time=1772582400&end_time=1775001600"
        "&bucket_width=1d",
    ),
    "twilio": (
        3,
        "/Accounts/ACxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/Usage/Records/Daily.json?PageSize=1000&StartDate=2026-01-01"
        "&EndDate=2026-01-31",
        "/Accounts/ACxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/Usage/Records/Daily.json?PageSize=1000&StartDate=2026-03-04"
        "&EndDate=2026-03-31",
    ),
}
SELECTED = {"fastly": {"services": ["abc"]}}


@pytest.mark.filterwarnings("ignore::metertap.errors.CoverageWarning")
def test_a_quarter_is_asked_in_the_windows_that_the_page_allows(document: Path) -> None:
    name = document.stem
    with Simulator(providers=[document]) as simulator:
        client = simulator.client(name, retries=0)
        usage = mt.fetch(client.select(**SELECTED.get(name, {})), *QUARTER, now=NOW, on_error="keep")
        asked = [f"{record.path.removeprefix(f'/~{name}')}?{record.query}" for record in simulator.requests]
    count, first, last = PLANNED[name]
    assert (len(asked), len(usage.plan)) == (count, count)
    assert (first in asked, last in asked) == (True, True), sorted(asked)


def test_what_is_no_whole_day_is_refused_where_a_service_counts_in_days() -> None:
    twilio = mt.register(FOLDER / "twilio.toml")(account_sid="ACx", auth_token="t", retries=0)
    with pytest.raises(
        mt.InvalidArgument, match=r"end has a fraction of a day \(2026-03-02T12:00:00Z\); the service counts"
    ):
        twilio.daily_usage("2026-03-01", "2026-03-02T12:00:00Z")


def test_categories_that_no_meter_counts_are_told_and_never_added() -> None:
    with Simulator(providers=[FOLDER / "twilio.toml"]) as simulator:
        usage = mt.fetch(simulator.client("twilio"), "2026-03-01", "2026-03-02", now=NOW)
    assert {row["meter"]: str(row["quantity"]) for row in usage.to_dicts()} == {
        "twilio.sms_outbound": "41",
        "twilio.total_price": "2192.84855",
    }
    notes = [note for row in usage.coverage.to_dicts() for note in row["notes"]]
    assert "rows that no meter of the document counts, of 1 kinds: sms messages usd" in notes


def test_pages_are_followed_to_their_end_by_a_call_and_by_a_fetch_and_archived_as_they_came(tmp_path: Path) -> None:
    path = FOLDER / "openai.toml"
    with Simulator(providers=[path]) as simulator:
        client = simulator.client("openai")
        usage = mt.fetch(client, "2026-03-03", "2026-03-05", now=NOW, archive=tmp_path / "archive")
        asked = [record.query.rpartition("&")[2] for record in simulator.requests]
        answer = client.completions_usage("2026-03-03", "2026-03-05")
        first = client.completions_usage("2026-03-03", "2026-03-05", page="page_AAAA+/=", raw=True)
    assert asked == ["bucket_width=1d", "page=page_AAAA%2B%2F%3D"]
    assert [str(row["quantity"]) for row in usage.to_dicts()] == ["1", "2", "3", "4", "5", "6"]
    assert [(bucket.start_time.day, bucket.results[0].input_tokens) for bucket in answer.data] == [(3, 1), (4, 4)]
    assert (answer.has_more, answer.next_page) == (False, None)
    assert [bucket["start_time"] for bucket in first["data"]] == [1772582400]
    evidence = usage.evidence.to_dicts()[0]
    assert evidence["attempts"] == 2
    assert mt.replay(tmp_path / "archive").to_dicts() == usage.to_dicts()
    # Each page as the service sent it, with a sign before and a line break behind it.
    (pages,) = [test["answer"] for test in tomllib.loads(path.read_text())["tests"] if isinstance(test["answer"], list)]
    assert evidence["bytes"] == sum(len(body.strip()) + 2 for body in pages)


def page(count: int, following: str | None) -> Reply:
    bucket = {"start_time": 1772323200, "end_time": 1772409600, "results": []}
    return json_reply({"data": [bucket], "has_more": following is not None, "next_page": following, "count": count})


@pytest.mark.parametrize(
    ("pages", "error", "message"),
    [
        ([page(1, "b"), page(1, "b")], "InconsistentResponse", "next_page: the next page is the one that this was"),
        ([page(1, "b"), Reply(status=403, body=b'{"error":{"message":"no"}}')], "PermissionDenied", "no"),
        ([page(1, "/v1/x?other=1")], "UnexpectedResponse", "which has nothing for page"),
        ([page(1, "b"), json_reply({"data": 7})], "UnexpectedResponse", "expected an array, found a number"),
    ],
)
def test_a_page_that_fails_fails_the_answer(
    server: ScriptedServer, door: Door, pages: list[Reply], error: str, message: str
) -> None:
    mt.register(FOLDER / "openai.toml")
    client = door.module.provider("openai")(admin_key="k", base_url=server.origin, retries=0)
    for ask in (
        lambda: door.ask(client, "completions_usage", "2026-03-01", "2026-03-02"),
        lambda: door.ask(door.module, "fetch", client, "2026-03-01", "2026-03-02", now=NOW),
    ):
        server.script = list(pages)
        with pytest.raises(getattr(mt, error), match=message):
            ask()
