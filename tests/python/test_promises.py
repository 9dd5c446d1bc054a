"""The promises of the Python face, one test each, named after the promise; what holds behind each is tested elsewhere.

The numbers are those of the design's third section: 3 the clients, 3.1 native calls, 3.2 one question, 3.3 the table of
readings, 3.4 evidence and replay, 3.5 the ledger, 3.6 Spark, 3.7 the command line, 3.8 the simulator, 3.9 dependencies,
3.10 watching, 3.11 documents, 3.12 FOCUS.
"""

from __future__ import annotations

import asyncio
import dataclasses
import importlib.metadata
import inspect
import io
import json
import logging
import pickle
import re
import warnings
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support import NOW, ROOT

import metertap as mt
import metertap.aio
import metertap.cli
from metertap.simulator import Simulator

CLIENTS = {
    "Sora": {"api_key": "k"},
    "Ricoh": {"client_id": "i", "client_secret": "s"},
    "UiPath": {"organization_id": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "token": "t"},
    "DeviceWise": {"base_url": "https://x.example", "username": "u", "password": "p"},
    "Volcengine": {"access_key": "a", "secret_key": "s"},
}
METHODS = {
    "Sora": """total_connections_this_month total_sessions_this_month total_duration_min_this_month
        total_traffic_this_month max_concurrent_connections_this_month max_bandwidth_mbps_this_month
        total_api_requests_this_month total_sora_api_requests_this_month total_webhook_requests_this_month
        status_this_month traffics_for_month project_traffics_last_year project_traffics_last_month""",
    "Ricoh": "cost_and_usage_total cost_and_usage_by_label cost_and_usage_for_label",
    "UiPath": """consumption_summary tenant_consumption_summary daily_consumption_by_service
        consumption_by_folder""",
    "DeviceWise": """api_usage_history thing_usage_history connection_usage_history storage_usage_history usage_report
        call""",
    "Volcengine": "time_shift_data call",
}
MARCH = {"start": "2026-03-01", "end": "2026-04-01"}


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    with Simulator(seed=7, now=NOW) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def usage(world: Simulator) -> mt.Usage:
    """Two weeks of three providers."""
    accounts = [world.client("sora"), world.client("ricoh"), world.client("volcengine")]
    return mt.fetch(accounts, "2026-03-01", "2026-03-15", now=NOW)


def said(*arguments: str) -> tuple[int, str, str]:
    """Return what the command line does: its status, and what it prints where."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = metertap.cli.main(list(arguments))
        except SystemExit as end:
            status = end.code
    return int(status or 0), out.getvalue(), err.getvalue()


# 3: the clients


@pytest.mark.parametrize("name", CLIENTS)
def test_3_a_client_is_made_of_its_credentials_and_takes_the_common_keywords(name: str) -> None:
    here = {"base_url": "https://x.example", "ca_file": None, "proxy": "http://127.0.0.1:9"}
    for module in (mt, mt.aio):
        made = getattr(module, name)
        client = made(**CLIENTS[name] | here, name="mine", timeout=5, retries=1, max_concurrency=2)
        assert client.name == "mine"


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("Sora", {"METERTAP_SORA_API_KEY": "k"}),
        ("Ricoh", {"METERTAP_RICOH_CLIENT_ID": "i", "METERTAP_RICOH_CLIENT_SECRET": "s"}),
        ("Volcengine", {"VOLC_ACCESSKEY": "a", "VOLC_SECRETKEY": "s"}),
    ],
)
def test_3_from_env_reads_the_vendors_variables_or_metertaps(
    name: str, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert isinstance(getattr(mt, name).from_env(), getattr(mt, name))


def test_3_everything_in_metertap_is_sync_and_the_same_names_in_aio_are_async() -> None:
    for name in metertap.aio.__all__:
        assert hasattr(mt, name)
    assert inspect.iscoroutinefunction(mt.aio.fetch)
    assert not inspect.iscoroutinefunction(mt.fetch)
    for name, methods in METHODS.items():
        for method in methods.split():
            assert inspect.iscoroutinefunction(getattr(getattr(mt.aio, name), method)), (name, method)


def test_3_a_client_may_be_used_from_any_loop(world: Simulator) -> None:
    client = world.client("sora", aio=True)
    answers = [asyncio.run(client.total_sessions_this_month()) for _ in range(2)]
    assert answers[0] == answers[1]


def test_3_a_secret_may_be_a_callable(world: Simulator) -> None:
    secret = world.credentials("sora")["api_key"]
    client = mt.Sora(api_key=lambda: secret, base_url=world.base_url("sora"))
    assert client.total_sessions_this_month() == world.client("sora").total_sessions_this_month()


def test_3_a_slash_at_the_end_of_base_url_is_taken_off(world: Simulator) -> None:
    client = mt.Sora(**world.credentials("sora"), base_url=world.base_url("sora") + "/")
    assert client.total_sessions_this_month() >= 0


def test_3_a_refused_login_is_remembered_so_that_no_question_locks_an_account(world: Simulator) -> None:
    wrong = world.credentials("devicewise") | {"password": "wrong"}
    client = mt.DeviceWise(base_url=world.base_url("devicewise"), **wrong)
    before = world.counts.requests
    for _ in range(3):
        with pytest.raises(mt.AuthenticationFailed):
            client.api_usage_history(last="24h")
    assert world.counts.requests - before == 1


def test_3_no_secret_shows_in_a_repr_a_pickle_or_an_error(world: Simulator) -> None:
    client = mt.Sora(api_key="hush-4711", base_url=world.base_url("sora"))
    with pytest.raises(mt.MetertapError) as caught:
        client.total_sessions_this_month()
    shown = [repr(client), str(client), str(caught.value), repr(caught.value)]
    assert all("hush-4711" not in text for text in shown)
    assert b"hush-4711" not in pickle.dumps(caught.value)


# 3.1: native calls


@pytest.mark.parametrize("name", METHODS)
def test_3_1_each_documented_operation_is_one_method(name: str) -> None:
    for module in (mt, mt.aio):
        client = getattr(module, name)
        for method in METHODS[name].split():
            assert callable(getattr(client, method)), (name, method)


def test_3_1_it_returns_a_frozen_dataclass_a_list_or_an_int(world: Simulator) -> None:
    sora = world.client("sora")
    traffic = sora.total_traffic_this_month()
    assert dataclasses.is_dataclass(traffic)
    with pytest.raises(dataclasses.FrozenInstanceError):
        traffic.ingress = 1
    assert type(sora.total_sessions_this_month()) is int
    assert isinstance(sora.traffics_for_month(2026, 2), list)


def test_3_1_raw_returns_the_providers_json(world: Simulator) -> None:
    raw = world.client("sora").total_traffic_this_month(raw=True)
    assert type(raw) is dict
    assert raw.keys() == {"ingress", "egress"}


def test_3_1_unknown_fields_are_kept_in_extra(world: Simulator) -> None:
    assert world.client("sora").total_traffic_this_month().extra == {}


def test_3_1_status_this_month_is_all_nine_at_once(world: Simulator) -> None:
    assert len(dataclasses.fields(world.client("sora").status_this_month())) >= 9


def test_3_1_call_asks_any_other_read(world: Simulator) -> None:
    body = {"StartTime": "2026-04-10T00:00:00Z", "EndTime": "2026-04-10T23:59:59Z", "Aggregation": 86400}
    assert world.client("volcengine").call("DescribeLiveTimeShiftData", body)
    assert world.client("devicewise").call("session.info", {})


def test_3_1_the_async_twin_returns_the_same(world: Simulator) -> None:
    twin = asyncio.run(world.client("sora", aio=True).total_traffic_this_month())
    assert twin == world.client("sora").total_traffic_this_month()


# 3.2: one question to many accounts


def test_3_2_a_plan_is_made_offline_prints_compares_pickles_and_splits(world: Simulator) -> None:
    before = world.counts.requests
    plan = mt.plan([world.client("ricoh")], **MARCH, now=NOW)
    assert world.counts.requests == before
    assert "ricoh" in repr(plan)
    assert plan == mt.plan([world.client("ricoh")], **MARCH, now=NOW)
    assert pickle.loads(pickle.dumps(plan)) == plan
    assert sum(len(plan.shard(i, 2)) for i in range(2)) == len(plan)


def test_3_2_fetch_takes_a_plan_or_accounts_and_a_range_and_has_a_twin(world: Simulator, usage: mt.Usage) -> None:
    plan = usage.plan
    accounts = [world.client(name) for name in ("sora", "ricoh", "volcengine")]
    rows = len(usage)
    assert len(mt.fetch(plan, accounts=accounts)) == rows
    twins = [world.client(name, aio=True) for name in ("sora", "ricoh", "volcengine")]
    assert len(asyncio.run(mt.aio.fetch(plan, accounts=twins))) == rows


def test_3_2_a_usage_converts(usage: mt.Usage) -> None:
    rows = len(usage)
    assert len(usage.to_pandas()) == len(usage.to_polars()) == usage.to_arrow().num_rows == rows
    assert len(usage.to_dicts()) == len(usage.readings()) == rows


def test_3_2_a_usage_is_an_arrow_capsule(usage: mt.Usage) -> None:
    import duckdb
    import polars
    import pyarrow

    assert pyarrow.table(usage).num_rows == len(polars.DataFrame(usage)) == len(usage)
    assert duckdb.sql("select count(*) from usage").fetchall() == [(len(usage),)]


def test_3_2_coverage_and_evidence_tell_each_call_and_convert(usage: mt.Usage) -> None:
    assert len(usage.evidence) == len(usage.plan)
    assert set(usage.coverage["state"]) <= {"got", "short", "empty", "failed", "unavailable", "unsettled"}
    assert set(usage.evidence["call_id"]) == set(filter(None, usage.coverage["call_id"]))
    assert len(usage.coverage.to_pandas()) == len(usage.coverage.to_dicts()) == len(usage.coverage)


def test_3_2_a_rollup_obeys_each_meters_rule_and_refuses_what_does_not_add_up(usage: mt.Usage) -> None:
    assert len(usage.rollup("month", by=["provider", "meter"])) > 0
    with pytest.raises(mt.InvalidArgument):
        usage.rollup("month", by=["provider"])  # bytes and minutes
    with pytest.raises(mt.InvalidArgument):
        usage.rollup("day")  # one cost of two weeks


def test_3_2_plot_draws_and_a_notebook_shows_a_summary(usage: mt.Usage) -> None:
    figure = usage.plot()
    assert figure.axes
    page = usage._repr_html_()
    assert "<svg" in page
    assert "<script" not in page


def test_3_2_select_narrows_an_account(world: Simulator) -> None:
    chosen = world.client("devicewise").select(meters=["devicewise.api_calls"], series="day", include_sub_orgs=True)
    assert set(mt.fetch(chosen, **MARCH, now=NOW).to_pandas()["meter"]) == {"devicewise.api_calls"}


def test_3_2_what_nobody_can_guess_is_an_error_that_shows_the_select_to_write(world: Simulator) -> None:
    with pytest.raises(mt.InvalidArgument, match="select"):
        mt.plan(mt.UiPath(organization_id="6f9619ff-8b86-d011-b42d-00c04fc964ff", token="t"), **MARCH, now=NOW)


def test_3_2_a_naive_datetime_is_refused(world: Simulator) -> None:
    with pytest.raises(mt.InvalidArgument):
        mt.plan(world.client("ricoh"), datetime(2026, 3, 1), "2026-04-01", now=NOW)  # noqa: DTZ001


@pytest.mark.parametrize("start", ["2026-03-01", datetime(2026, 3, 1, tzinfo=timezone.utc), "2026-03-01T00:00:00Z"])
def test_3_2_a_date_is_midnight_utc(start: Any, world: Simulator) -> None:
    assert mt.plan(world.client("ricoh"), start, "2026-04-01", now=NOW) == mt.plan(
        world.client("ricoh"), **MARCH, now=NOW
    )


def test_3_2_neighbouring_ranges_tile(world: Simulator) -> None:
    client = world.client("volcengine")
    whole = mt.fetch(client, "2026-03-01", "2026-03-15", now=NOW)
    halves = [
        mt.fetch(client, "2026-03-01", "2026-03-08", now=NOW),
        mt.fetch(client, "2026-03-08", "2026-03-15", now=NOW),
    ]
    assert sum(map(len, halves)) == len(whole)


def test_3_2_the_plan_cuts_by_the_providers_limits(world: Simulator) -> None:
    calls = mt.plan(world.client("ricoh"), "2026-01-01", "2026-04-01", now=NOW)
    assert len(calls) >= 3


def test_3_2_holes_are_a_table_with_states(world: Simulator) -> None:
    with pytest.warns(mt.CoverageWarning, match="366 days"):
        asked = mt.fetch(world.client("volcengine"), "2024-01-01", "2024-02-01", now=NOW, on_error="keep")
    assert {"account", "provider", "meter", "start", "end", "state", "reason", "call_id"} <= set(asked.holes.columns)
    assert set(asked.holes["state"]) <= {"failed", "missing", "absent", "unavailable"}


def test_3_2_an_incomplete_usage_raises_and_holds_what_did_arrive() -> None:
    with Simulator(seed=7, now=NOW) as simulator:
        accounts = [simulator.client("sora"), simulator.client("ricoh", retries=0)]
        simulator.add_fault("reset", provider="ricoh", times=1)
        with pytest.raises(mt.IncompleteUsage) as caught:
            mt.fetch(accounts, "2026-03-01", "2026-04-01", now=NOW)
        part = caught.value.usage
        assert len(part) > 0
        assert not part.is_complete
        assert part.missing
        rest = mt.fetch(part.remaining(), accounts=accounts)
        assert mt.concat([part, rest]).is_complete


def test_3_2_on_error_keep_returns_and_warns() -> None:
    with Simulator(seed=7, now=NOW) as simulator:
        client = simulator.client("ricoh", retries=0)
        simulator.add_fault("reset", provider="ricoh", times=1)
        with pytest.warns(mt.CoverageWarning):
            kept = mt.fetch([client, simulator.client("sora")], **MARCH, now=NOW, on_error="keep")
        assert not kept.is_complete


def test_3_2_every_cuts_what_answers_a_window_with_one_figure(world: Simulator) -> None:
    client = world.client("uipath").select(consumable_code=["AIU"])
    months = mt.plan(client, "2026-01-01", "2026-04-01", every="month", now=NOW)
    assert len(months) > len(mt.plan(client, "2026-01-01", "2026-04-01", now=NOW))


def test_3_2_a_rollup_says_how_much_of_its_period_it_knows(usage: mt.Usage) -> None:
    months = usage.rollup("month").to_pandas()
    assert {"period", "covered"} <= set(months.columns)
    assert set(months["period"]) == {"2026-03"}


def test_3_2_progress_is_off_by_default_and_a_keyword() -> None:
    assert inspect.signature(mt.fetch).parameters["progress"].default is False


@pytest.mark.parametrize("start", ["2026-03", "2026-W10", "2026-03-01"])
def test_3_2_a_range_may_be_a_period_or_run_until_now(start: str, world: Simulator) -> None:
    assert len(mt.plan(world.client("volcengine"), start, now=NOW)) > 0
    assert len(mt.plan(world.client("volcengine"), since="7d", now=NOW)) > 0


# 3.3: the table of readings


def test_3_3_the_columns_have_the_promised_types(usage: mt.Usage) -> None:
    import pyarrow as pa

    schema = pa.schema(usage)
    moment, exact = pa.timestamp("us", "UTC"), pa.decimal128(38, 18)
    for name in ("provider", "account", "meter", "unit", "kind", "status"):
        assert pa.types.is_dictionary(schema.field(name).type), name
    assert schema.field("start").type == schema.field("end").type == schema.field("fetched_at").type == moment
    assert schema.field("quantity").type == schema.field("cost").type == exact
    assert pa.types.is_list(schema.field("flags").type)
    assert all(field.nullable for field in schema)


def test_3_3_pandas_gets_floats_unless_exact(usage: mt.Usage) -> None:
    assert usage.to_pandas()["quantity"].dtype == "float64"
    assert isinstance(usage.to_pandas(exact=True)["quantity"].iloc[0], Decimal)


def test_3_3_flags_are_one_string_in_pandas(usage: mt.Usage) -> None:
    assert all(isinstance(flags, str) for flags in usage.to_pandas()["flags"])


def test_3_3_units_of_base_1000_and_1024_never_share_a_name() -> None:
    units = {meter.unit for meter in mt.meters()}
    assert units
    assert not units & {"KB", "gb", "gib"}


def test_3_3_meters_lists_every_meter_with_its_rules() -> None:
    meters = mt.meters()
    assert {meter.provider for meter in meters} >= {"sora", "ricoh", "uipath", "devicewise", "volcengine"}
    assert all(meter.unit and meter.kind and meter.page for meter in meters)


# 3.4: evidence and replay


def test_3_4_an_archive_is_replayed_offline_and_holds_no_secret(world: Simulator, tmp_path: Path) -> None:
    client = world.client("ricoh")
    fetched = mt.fetch(client, **MARCH, now=NOW, archive=tmp_path / "kept")
    before = world.counts.requests
    assert mt.replay(tmp_path / "kept").to_dicts() == fetched.to_dicts()
    assert world.counts.requests == before
    secret = world.credentials("ricoh")["client_secret"].encode()
    assert all(secret not in file.read_bytes() for file in (tmp_path / "kept").rglob("*") if file.is_file())


def test_3_4_evidence_has_the_digest_of_the_body(usage: mt.Usage) -> None:
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in usage.evidence["sha256"])


# 3.5: the ledger


def test_3_5_the_ledger_has_the_promised_names_in_both_doors() -> None:
    names = ["sync", "snapshot", "increments", "usage", "restatements", "holes", "tidy", "vacuum"]
    for name in names:
        assert callable(getattr(mt.Ledger, name))
        assert inspect.iscoroutinefunction(getattr(mt.aio.Ledger, name))
    assert {"accounts", "start", "end", "tz", "now", "progress", "on_error"} <= inspect.signature(
        mt.Ledger.sync
    ).parameters.keys()


def test_3_5_a_second_sync_asks_nothing(world: Simulator, tmp_path: Path) -> None:
    pytest.importorskip("deltalake")
    ledger = mt.Ledger(tmp_path / "ledger")
    first = ledger.sync(world.client("volcengine"), "2026-03-01", "2026-03-08", now=NOW)
    again = ledger.sync(world.client("volcengine"), "2026-03-01", "2026-03-08", now=NOW)
    assert (first.calls > 0, again.calls, again.new) == (True, 0, 0)
    assert len(ledger.usage("2026-03-01", "2026-03-08")) == first.new


# 3.6: beyond one machine


def test_3_6_spark_is_a_module_with_register() -> None:
    assert callable(mt.spark.register)


# 3.7: the command line


@pytest.mark.parametrize("command", ["demo", "fetch", "plan", "sync", "meters", "accounts", "simulate"])
def test_3_7_the_command_line_has_the_promised_commands(command: str) -> None:
    status, out, _ = said(command, "--help")
    assert status == 0
    assert command in out


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "markdown"])
def test_3_7_the_formats(form: str) -> None:
    status, out, _ = said("meters", "--format", form)
    assert status == 0
    assert "sora" in out


def test_3_7_the_exit_status_of_wrong_usage_is_2() -> None:
    assert said("fetchh")[0] == 2


def test_3_7_accounts_come_from_the_file_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[accounts.work]\nprovider = "sora"\napi_key = {env = "WORK_KEY"}\n')
    monkeypatch.setenv("METERTAP_CONFIG", str(file))
    monkeypatch.setenv("WORK_KEY", "k")
    assert list(mt.accounts()) == ["work"]
    assert mt.connect("work").name == "work"
    assert said("accounts", "list")[0] == 0


# 3.8: the simulator


def test_3_8_usage_is_a_pure_function_of_the_seed() -> None:
    def answer(seed: int) -> Any:
        with Simulator(seed=seed, now=NOW) as simulator:
            return simulator.client("sora").total_traffic_this_month()

    assert answer(1) == answer(1) != answer(2)


def test_3_8_it_checks_credentials_and_signatures(world: Simulator) -> None:
    wrong = mt.Volcengine(access_key="a", secret_key="wrong", base_url=world.base_url("volcengine"))
    with pytest.raises(mt.MetertapError):
        wrong.time_shift_data("2026-04-10", "2026-04-11")


def test_3_8_it_serves_loopback_only(world: Simulator) -> None:
    assert world.base_url("sora").startswith("http://127.0.0.1:")


def test_3_8_a_fixture_comes_with_the_package(usage_simulator: Simulator) -> None:
    assert usage_simulator.client("sora").total_sessions_this_month() >= 0


# 3.9: dependencies


def test_3_9_there_is_no_mandatory_dependency_and_the_extras_have_their_names() -> None:
    required = importlib.metadata.requires("metertap") or []
    assert all("extra ==" in requirement for requirement in required)
    extras = set(importlib.metadata.metadata("metertap").get_all("Provides-Extra") or [])
    assert {"pandas", "polars", "arrow", "cli", "ledger", "spark", "plot", "all"} <= extras


# 3.10: watching it work


def test_3_10_attempts_go_to_the_logger_and_to_on_event(world: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    events: list[object] = []
    client = world.client("sora", on_event=events.append)
    with caplog.at_level(logging.DEBUG, "metertap"):
        client.total_sessions_this_month()
    assert events
    assert any(record.name.startswith("metertap") for record in caplog.records)


def test_3_10_nothing_is_printed(world: Simulator, capfd: pytest.CaptureFixture[str]) -> None:
    mt.fetch(world.client("sora"), **MARCH, now=NOW)
    assert capfd.readouterr() == ("", "")


# 3.11: providers as documents


def test_3_11_a_document_is_a_client_class_in_both_doors() -> None:
    toy = ROOT / "tests" / "common" / "toy.toml"
    made = mt.register(toy)
    assert mt.provider("toy") is made
    assert mt.aio.provider("toy").__name__ == made.__name__
    assert "toy" in [provider.name for provider in mt.providers()]


def test_3_11_the_command_line_knows_documents() -> None:
    assert said("providers")[0] == 0
    assert json.loads(said("provider", "schema")[1])["$schema"]
    assert said("provider", "check", str(ROOT / "tests" / "common" / "toy.toml"))[0] == 0


# 3.12: FOCUS


def test_3_12_to_focus_invents_no_cost(usage: mt.Usage) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        extract = usage.to_focus(version="1.2", rate_card=None)
    assert "not a conformant" in extract.statement
    frame = extract.to_pandas(exact=True)
    assert frame[["BilledCost", "EffectiveCost", "ListCost", "ContractedCost"]].isna().all(axis=None)
    assert extract.failing_rules
