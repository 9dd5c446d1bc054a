"""Numbers arrive as they were written, typed and raw; what no number of Python can hold is a named error."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from support import Door, Reply, ScriptedServer, Seen

from metertap import errors

UIPATH = {"organization_id": "11111111-1111-1111-1111-111111111111", "token": "t"}

#: How a number is written, and what it is in an answer of decimals.
DECIMALS = [
    "18446744073709551615",
    "18446744073709551616",
    "0.1",
    "0.10",
    "4503380.1",
    "149514.99999999997",
    "0",
    "0.25",
    "-0",
    "-0.0",
    "1e2",
    "9007199254740993",
    "0.1234567890123456789012345678",
]


def ask(door: Door, server: ScriptedServer, text: str, raw: bool) -> Any:
    """Ask for consumption; the pool says this, and another number stands next to it."""
    body = (
        '{"consumedFromOrgWithoutTenant":0.25,"tenantConsumptionItems":[{"tenantId":"t","consumedFromTenantPool":%s}]}'
    )
    server.script = [Reply(body=(body % text).encode())]
    client = door.client("uipath", **UIPATH, base_url=server.origin, retries=0)
    return door.ask(client, "consumption_summary", "2026-01-01", "2026-02-01", "AIU", raw=raw)


@pytest.mark.parametrize("text", DECIMALS)
def test_a_decimal_has_the_digits_of_the_wire(text: str, door: Door, server: ScriptedServer) -> None:
    summary = ask(door, server, text, raw=False)
    pool = summary.tenants[0].consumed_from_tenant_pool
    assert type(pool) is Decimal
    assert pool.as_tuple() == Decimal(text).as_tuple()
    assert summary.consumed_from_org_without_tenant == Decimal("0.25")
    assert summary.tenants[0].consumed_from_org_pool is None


@pytest.mark.parametrize("text", DECIMALS)
def test_a_raw_number_is_what_json_loads_makes_of_it(text: str, door: Door, server: ScriptedServer) -> None:
    pool = ask(door, server, text, raw=True)["tenantConsumptionItems"][0]["consumedFromTenantPool"]
    # The representation tells -0.0 from 0.0, and an int from a float.
    assert repr(pool) == repr(json.loads(text))


@pytest.mark.parametrize("text", ["0", "1", "9223372036854775807", "9223372036854775808", "18446744073709551615"])
def test_a_whole_number_is_an_int(text: str, door: Door, server: ScriptedServer) -> None:
    server.script = [Reply(body=text.encode())]
    client = door.client("sora", api_key="k", base_url=server.origin, retries=0)
    for raw in (False, True):
        number = door.ask(client, "total_sessions_this_month", raw=raw)
        assert type(number) is int
        assert number == int(text)


@pytest.mark.parametrize("text", ["-1", "0.5", "1e0"])
def test_what_is_no_count_is_refused_by_a_call_and_by_a_fetch(text: str, door: Door, server: ScriptedServer) -> None:
    server.script = [Reply(body=text.encode()), Reply(body=text.encode())]
    client = door.client("sora", api_key="k", base_url=server.origin, retries=0)
    asked = client.select(meters=["sora.total_sessions"])
    for ask in (
        lambda: door.ask(client, "total_sessions_this_month"),
        lambda: door.ask(door.module, "fetch", [asked], start="2026-11-01", end="2026-11-20", now="2026-11-20"),
    ):
        with pytest.raises(errors.UnexpectedResponse, match=r"\$: .*(negative|not a whole number)"):
            ask()


#: What a float would make infinite.
ENDLESS = ["1e400", "-1e400", "1E999999999", "9" * 309 + ".5"]


@pytest.mark.parametrize("text", ENDLESS)
@pytest.mark.parametrize("raw", [False, True], ids=["typed", "raw"])
def test_a_number_beyond_all_bounds_is_an_error_in_a_field_that_is_not_known(
    text: str, raw: bool, door: Door, server: ScriptedServer
) -> None:
    server.script = [Reply(body=b'{"tenantConsumptionItems":[],"news":{"a":[%s]}}' % text.encode())]
    client = door.client("uipath", **UIPATH, base_url=server.origin, retries=0)
    with pytest.raises(errors.UnexpectedResponse, match=r"\$\.news\.a\[0\]: the number .* is too large") as caught:
        door.ask(client, "consumption_summary", "2026-01-01", "2026-02-01", "AIU", raw=raw)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("text", ENDLESS)
@pytest.mark.parametrize("raw", [False, True], ids=["typed", "raw"])
def test_a_number_beyond_all_bounds_is_an_error(text: str, raw: bool, door: Door, server: ScriptedServer) -> None:
    with pytest.raises(errors.UnexpectedResponse, match=r"\$"):
        ask(door, server, text, raw)


@pytest.mark.parametrize("text", ["0.5", "1e3", "1.0", '"7"', "true", "null", "[7]", "07", "NaN", "Infinity", "+7", ""])
def test_what_is_no_whole_number_is_an_error_where_one_is_due(text: str, door: Door, server: ScriptedServer) -> None:
    server.script = [Reply(body=text.encode())]
    client = door.client("sora", api_key="k", base_url=server.origin, retries=0)
    with pytest.raises(errors.UnexpectedResponse, match=r"\$: .*whole number|not JSON: .*line 1, column"):
        door.ask(client, "total_sessions_this_month")


@pytest.mark.parametrize("moment", ["0000-02-01T08:00:00Z", "-000500-05-01T08:00:00Z", "2024-05-01T08:00:00+25:00"])
def test_a_moment_that_no_datetime_can_hold_is_an_error(moment: str, door: Door, server: ScriptedServer) -> None:
    def packet(seen: Seen) -> Reply:
        (command,) = (name for name in seen.json if name != "auth")
        history = {"ts": [moment], "total": 1, "counters": {"activated": [1]}}
        return Reply(body=json.dumps({command: {"success": True, "params": history}}).encode())

    server.script = [packet]
    client = door.client("devicewise", session_id="s", base_url=server.origin, retries=0)
    with pytest.raises(errors.UnexpectedResponse, match=r"\$\.get\.params\.ts\[0\]: .* outside the years and offsets"):
        door.ask(client, "thing_usage_history", last="24h")
