"""What an answer says of itself: repeated rows, more to come, failures in a 200, and what was cut short."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
from support import Door, Reply, ScriptedServer, json_reply

import metertap as mt
from metertap.simulator import Simulator

ORGANIZATION = "11111111-1111-1111-1111-111111111111"
TENANT = "7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44"
FEBRUARY = ("2026-02-01", "2026-03-01")
NOW = "2026-06-01"

ROW = {"date": "2026-02-01", "service": "robots", "consumedAmount": 5}
DAY = {
    "date": "2026-02-01T00:00:00Z",
    "ingress": 1,
    "egress": 2,
    "max_concurrent_connections": 3,
    "max_bandwidth_mbps": 4,
}
ITEM = {"item_name": "traffic_volume", "usage": 42, "approximate_cost": 1260}
BILL = {"classification_label": "a", "approximate_total_cost": 1260, "items": [ITEM]}


def summary(*tenants: tuple[str, int]) -> dict[str, Any]:
    items = [{"tenantId": name, "consumedFromTenantPool": used, "consumedFromOrgPool": 0} for name, used in tenants]
    return {"consumedFromOrgWithoutTenant": 0, "tenantConsumptionItems": items}


def traffic(*rows: tuple[str, float], **more: Any) -> dict[str, Any]:
    rows_ = [{"TimeStamp": f"2026-02-{day}T00:00:00+08:00", "UpTraffic": up, "DownTraffic": 0} for day, up in rows]
    return {"ResponseMetadata": {"RequestId": "r"}, "Result": {"TrafficDataList": rows_, **more}}


def history(counters: dict[str, Any], ts: list[str], **more: Any) -> dict[str, Any]:
    return {"get": {"success": True, "params": {"counters": counters, "ts": ts, **more}}}


class Asked:
    """One question, for both doors and both kinds of calls."""

    def __init__(self, door: Door, server: ScriptedServer, what: str) -> None:
        self.door = door
        accounts: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
            "sora": ("sora", {"api_key": "k"}, {"meters": ["sora.ingress"]}),
            "ricoh": ("ricoh", {"client_id": "c", "client_secret": "s"}, {}),
            "labels": ("ricoh", {"client_id": "c", "client_secret": "s"}, {"by_label": True}),
            "summary": (
                "uipath",
                {"organization_id": ORGANIZATION, "token": "t"},
                {"consumable_code": ["AIU"]},
            ),
            "daily": (
                "uipath",
                {"organization_id": ORGANIZATION, "token": "t"},
                {"consumable_code": ["AIU"], "tenant_id": [TENANT], "meters": ["uipath.service_consumption"]},
            ),
            "traffic": (
                "volcengine",
                {"access_key": "a", "secret_key": "s"},
                {"meters": ["volcengine.up_traffic", "volcengine.down_traffic"]},
            ),
            "calls": ("devicewise", {"session_id": "s"}, {"meters": ["devicewise.api_calls"]}),
        }
        provider, account, self.selection = accounts[what]
        base = server.base_url(provider)
        self.client = door.client(provider, **account, base_url=base, retries=0)
        self.server = server
        china = ("2026-02-01T00:00:00+08:00", "2026-03-01T00:00:00+08:00")
        self.range = china if what == "traffic" else FEBRUARY
        methods: dict[str, tuple[str, dict[str, Any]]] = {
            "sora": ("traffics_for_month", {"year": 2026, "month": 2}),
            "ricoh": ("cost_and_usage_total", {"since": FEBRUARY[0], "until": FEBRUARY[1]}),
            "labels": ("cost_and_usage_by_label", {"since": FEBRUARY[0], "until": FEBRUARY[1]}),
            "summary": ("consumption_summary", {"start": FEBRUARY[0], "end": FEBRUARY[1], "consumable_code": "AIU"}),
            "daily": (
                "daily_consumption_by_service",
                {"tenant_id": TENANT, "start": FEBRUARY[0], "end": FEBRUARY[1], "consumable_code": "AIU"},
            ),
            "traffic": ("traffic_data", {"start": china[0], "end": china[1], "aggregation": 86400}),
            "calls": ("api_usage_history", {"start": FEBRUARY[0], "end": FEBRUARY[1]}),
        }
        self.method = methods[what]

    def fetch(self, document: Any) -> Any:
        self.server.script = [json_reply(document)]
        usage = self.door.ask(
            self.door.module, "fetch", self.client.select(**self.selection), *self.range, now=NOW, on_error="keep"
        )
        return usage

    def native(self, document: Any, **more: Any) -> Any:
        self.server.script = [json_reply(document)]
        name, arguments = self.method
        return self.door.ask(self.client, name, **arguments, **more)

    def error(self, document: Any) -> tuple[type, str]:
        """Return the error that both kinds of calls end in."""
        with pytest.raises(mt.MetertapError) as native:
            self.native(document)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mt.CoverageWarning)
            usage = self.fetch(document)
        assert not usage.is_complete
        assert usage.to_dicts() == []
        told = str(native.value)
        assert told.split(". Tried")[0].split("; the body")[0] in " ".join(usage.missing)
        return type(native.value), told


REPEATED: dict[str, tuple[Any, Any, str, str]] = {
    "sora": ([DAY, DAY], [DAY, {**DAY, "ingress": 9}], "sora.ingress at 2026-02-01T00:00:00Z", "1 and 9"),
    "ricoh": (
        {"results": [{"approximate_total_cost": 1260, "items": [ITEM, ITEM]}]},
        {"results": [{"items": [ITEM, {**ITEM, "approximate_cost": 1}]}]},
        "ricoh.cost (traffic_volume)",
        "1260 and 1",
    ),
    "labels": (
        {"results": [BILL, BILL]},
        {"results": [BILL, {**BILL, "items": [{**ITEM, "usage": 1}]}]},
        "ricoh.traffic_volume (a)",
        "42 and 1",
    ),
    "summary": (
        summary((TENANT, 5), (TENANT.upper(), 5)),
        summary((TENANT, 5), (TENANT.upper(), 6)),
        f"uipath.consumption (AIU, {TENANT}, tenant)",
        "5 and 6",
    ),
    "daily": ([ROW, ROW], [ROW, {**ROW, "consumedAmount": 6}], f"(AIU, {TENANT}, robots)", "5 and 6"),
    "traffic": (
        traffic(("01", 1.5), ("02", 2), ("01", 1.5)),
        traffic(("01", 1.5), ("02", 2), ("01", 3)),
        "volcengine.up_traffic",
        "1.5 and 3",
    ),
    "calls": (
        history({"usage": [1, 1]}, ["2026-02-01T00:00:00Z", "2026-01-31T19:00:00-05:00"]),
        history({"usage": [1, 2]}, ["2026-02-01T00:00:00Z", "2026-01-31T19:00:00-05:00"]),
        "devicewise.api_calls (usage)",
        "1 and 2",
    ),
}


@pytest.mark.parametrize("what", REPEATED)
def test_a_row_that_comes_twice_counts_once_with_a_note_and_two_that_differ_are_refused(
    what: str, door: Door, server: ScriptedServer
) -> None:
    same, other, series, figures = REPEATED[what]
    asked = Asked(door, server, what)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mt.CoverageWarning)
        usage = asked.fetch(same)
        asked.native(same)
    keys = [
        (
            row["meter"],
            row["start"],
            *(row.get(name) for name in ("tenant_id", "pool", "service", "label", "item_name")),
        )
        for row in usage.to_dicts()
    ]
    assert keys
    assert len(keys) == len(set(keys))
    notes = [note for row in usage.coverage.to_dicts() for note in row["notes"]]
    assert any("rows that repeat another one, counted once" in note for note in notes), notes
    kind, told = asked.error(other)
    assert kind is mt.InconsistentResponse
    assert series in told
    assert figures in told


def test_two_results_of_the_whole_application_are_not_added_up(door: Door, server: ScriptedServer) -> None:
    asked = Asked(door, server, "ricoh")
    bill = {"approximate_total_cost": 1260, "items": [ITEM]}
    usage = asked.fetch({"results": [bill, bill]})
    assert [(row["meter"], row["quantity"]) for row in usage.to_dicts()] == [
        ("ricoh.cost", 1260),
        ("ricoh.traffic_volume", 42),
    ]
    other = {"approximate_total_cost": 30, "items": [{**ITEM, "approximate_cost": 30}]}
    assert asked.error({"results": [bill, other]})[0] is mt.InconsistentResponse


MORE: dict[str, list[tuple[Any, str]]] = {
    "daily": [
        ({"items": [ROW], "nextLink": "https://example.com/2"}, "$.nextLink: it is there"),
        ({"items": [ROW], "@odata.nextLink": "https://example.com/2"}, "$.@odata.nextLink: it is there"),
        ({"items": [ROW], "hasMore": True}, "$.hasMore: it is there"),
        ({"items": [ROW], "totalCount": 2}, "$.totalCount: it is 2, beside 1 rows"),
    ],
    "summary": [({**summary((TENANT, 5)), "totalCount": 2}, "$.totalCount: it is 2, beside 1 rows")],
    "labels": [({"results": [BILL], "next": "x"}, "$.next: it is there")],
    "traffic": [
        (traffic(("01", 1), NextToken="x"), "$.Result.NextToken: it is there"),
        (traffic(("01", 1), Pagination={"TotalCount": 2}), "$.Result.Pagination.TotalCount: it is 2, beside 1 rows"),
    ],
    "calls": [(history({"usage": [1]}, ["2026-02-01T00:00:00Z"], has_more=True), "$.get.params.has_more: it is there")],
}


@pytest.mark.parametrize(
    ("what", "document", "said"), [(what, *case) for what, cases in MORE.items() for case in cases]
)
def test_an_answer_that_says_that_there_is_more_is_never_complete(
    what: str, document: Any, said: str, door: Door, server: ScriptedServer
) -> None:
    kind, told = Asked(door, server, what).error(document)
    assert kind is mt.UnexpectedResponse
    assert said in told


FAILED: dict[str, Any] = {
    "daily": {"result": [ROW], "success": False, "error": {"code": 7, "message": "Not today"}},
    "summary": {**summary((TENANT, 5)), "error": {"message": "Not today"}},
    "ricoh": {"results": [BILL], "error_id": "internal_error", "message": "Not today"},
    "sora": {"ingress": 1, "egress": 2, "error": "Not today"},
    "traffic": {**traffic(("01", 1)), "success": False, "message": "Not today"},
    "calls": {"get": {"success": "false", "errorMessages": ["Not today"], "params": {"counters": {}, "ts": []}}},
}


@pytest.mark.parametrize("what", FAILED)
def test_a_failure_in_a_200_comes_before_its_rows(what: str, door: Door, server: ScriptedServer) -> None:
    kind, told = Asked(door, server, what).error(FAILED[what])
    # Two services have pages that know such answers; of the others it is unexpected.
    assert kind is (mt.InvalidRequest if what in ("traffic", "calls") else mt.UnexpectedResponse)
    assert "Not today" in told


def test_a_range_that_comes_back_shorter_is_a_hole_and_a_warning(door: Door, server: ScriptedServer) -> None:
    asked = Asked(door, server, "traffic")
    document = traffic(
        *((f"{day:02}", 1) for day in range(1, 5)),
        StartTime="2026-02-01T00:00:00+08:00",
        EndTime="2026-02-04T23:59:59+08:00",
    )
    with pytest.warns(mt.CoverageWarning):
        usage = asked.fetch(document)
    assert not usage.is_complete
    sentence = (
        "the answer is about 2026-01-31T16:00:00Z to 2026-02-04T16:00:00Z only, while 2026-01-31T16:00:00Z to "
        "2026-02-28T16:00:00Z was asked for."
    )
    for raw in (False, True):
        with pytest.warns(mt.CoverageWarning) as told:
            asked.native(document, raw=raw)
        assert [str(warning.message) for warning in told] == [sentence]


def test_a_record_cap_leaves_a_hole_and_a_warning(door: Door) -> None:
    with Simulator(seed=7, now="2026-06-01") as simulator:
        simulator.switch("devicewise.record_cap", "500")
        simulator.switch("devicewise.over_cap", "cut")
        client = door.simulated(simulator, "devicewise")
        asked = client.select(meters=["devicewise.api_calls"])
        with pytest.warns(mt.CoverageWarning):
            usage = door.ask(door.module, "fetch", asked, "2026-03-01", "2026-05-01", now=NOW, on_error="keep")
        assert not usage.is_complete
        (hole,) = [hole for hole in usage.holes.to_dicts() if hole["state"] == "missing"]
        # The call asks for an hour before its piece, which is one of the 500.
        assert str(hole["start"]) == "2026-03-21 19:00:00+00:00"
        assert str(hole["end"]) == "2026-05-01 00:00:00+00:00"
        for raw in (False, True):
            with pytest.warns(mt.CoverageWarning, match="it has 500 buckets without a gap, and then none"):
                door.ask(client, "api_usage_history", start="2026-03-01", end="2026-05-01", raw=raw)


def test_a_warning_points_at_the_caller(server: ScriptedServer) -> None:
    asked = Asked(Door("sync"), server, "traffic")
    server.script = [json_reply(traffic(EndTime="2026-02-04T23:59:59+08:00"))]
    with pytest.warns(mt.CoverageWarning) as told:
        asked.client.traffic_data("2026-02-01", "2026-03-01")
    assert told[0].filename == __file__


def test_lists_that_come_in_pages_are_followed_unless_the_caller_names_one(door: Door) -> None:
    with Simulator(seed=7, now="2026-06-01") as simulator:
        client = door.simulated(simulator, "volcengine")
        for name, rows, page in [
            ("push_stream_info_data", 36, 20),
            ("top_play_data", 192, 10),
            ("batch_stream_transcode_data", 1024, 1000),
        ]:
            whole = door.ask(client, name, "2026-05-10", "2026-05-11")
            assert len(whole.rows) == rows
            assert len(door.ask(client, name, "2026-05-10", "2026-05-11", page_num=1).rows) == page
            sized = door.ask(client, name, "2026-05-10", "2026-05-11", page_size=150)
            assert sized.rows == whole.rows
        raw = door.ask(client, "push_stream_info_data", "2026-05-10", "2026-05-11", raw=True)
        assert len(raw["Result"]["PushStreamInfoDataList"]) == 36


def page(rows: int, total: int | None, size: int = 2) -> Reply:
    listed = [{"Domain": "d", "LogName": f"{rows}-{nth}", "LogSize": 1} for nth in range(rows)]
    pagination = {"PageSize": size} if total is None else {"PageSize": size, "TotalCount": total}
    document = {"ResponseMetadata": {}, "Result": {"LogInfoList": listed, "Pagination": pagination}}
    return Reply(body=json.dumps(document).encode())


@pytest.mark.parametrize(
    ("pages", "problem"),
    [
        ([page(2, 5), page(2, 5), page(1, 5)], None),
        ([page(2, None), page(2, None), page(0, None)], None),
        ([page(2, 5), page(1, 5)], "the list has 5 rows, but its 2 pages have only 3; ask again"),
        ([page(2, 5), page(2, 6)], "the list had 5 rows and has 6: it changed while its pages were read; ask again"),
    ],
)
def test_pages_that_do_not_make_the_whole_are_refused(
    pages: list[Reply], problem: str | None, door: Door, server: ScriptedServer
) -> None:
    client = door.client(
        "volcengine", access_key="a", secret_key="s", base_url=server.base_url("volcengine"), retries=0
    )
    server.script = [*pages]
    if problem is None:
        rows = door.ask(client, "log_data", "2026-05-10", "2026-05-11", log_type="pull").rows
        assert len(rows) == sum(len(json.loads(one.body)["Result"]["LogInfoList"]) for one in pages)
        assert [seen.json.get("PageNum") for seen in server.seen] == [None, 2, 3]
    else:
        with pytest.raises(mt.InconsistentResponse, match=problem):
            door.ask(client, "log_data", "2026-05-10", "2026-05-11", log_type="pull")


def test_a_null_is_a_hole_of_its_series(door: Door, server: ScriptedServer) -> None:
    asked = Asked(door, server, "traffic")
    document = traffic(*((f"{day:02}", 1) for day in range(1, 29)))
    document["Result"]["TrafficDataList"][3]["UpTraffic"] = None
    with pytest.warns(mt.CoverageWarning):
        usage = asked.fetch(document)
    assert len(usage.to_dicts()) == 55
    assert "UpTraffic" not in str(asked.native(document).rows[3])


def test_days_in_place_of_hours_are_refused(door: Door, server: ScriptedServer) -> None:
    days = history({"usage": [1, 2, 3]}, [f"2026-02-0{day}T00:00:00Z" for day in (1, 2, 3)])
    kind, told = Asked(door, server, "calls").error(days)
    assert kind is mt.InconsistentResponse
    assert "3 timestamps, all as far apart as buckets of 86400 s, while those of 3600 s were asked for" in told


def test_a_total_without_items_is_kept(door: Door, server: ScriptedServer) -> None:
    asked = Asked(door, server, "labels")
    with pytest.warns(mt.CoverageWarning):
        usage = asked.fetch(
            {"results": [BILL, {"classification_label": "b", "approximate_total_cost": 7, "items": []}]}
        )
    # Of which usage the cost is, nobody knows.
    assert {hole["label"] for hole in usage.holes.to_dicts() if hole["state"] == "missing"} == {"b"}
    costs = {
        (row["label"], row["item_name"]): row["quantity"] for row in usage.to_dicts() if row["meter"] == "ricoh.cost"
    }
    assert costs == {("a", "traffic_volume"): 1260, ("b", None): 7}
