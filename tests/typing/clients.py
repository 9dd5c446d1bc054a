"""What a type checker must see of both doors; `mypy --strict` reads this file, nothing runs it."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from typing_extensions import assert_type

import metertap as mt
from metertap.models import (
    ConsumptionSummary,
    CostAndUsage,
    FolderConsumption,
    LiveUsage,
    ServiceConsumption,
    StatusThisMonth,
    Traffic,
    TrafficPeriod,
    UsageHistory,
    UsageReport,
)
from metertap.simulator import Counts, Simulator

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
END = date(2026, 2, 1)


def sync(raw: bool) -> None:
    """Calls that block."""
    sora = mt.Sora(api_key=lambda: "k", name="acme", timeout=5, retries=0, ca_file=Path("ca.pem"), proxy=None)
    assert_type(sora, mt.Sora)
    assert_type(sora.name, str)
    assert_type(sora.base_url, str)
    assert_type(mt.Sora.from_env(), mt.Sora)
    assert_type(sora.total_sessions_this_month(), int)
    assert_type(sora.total_traffic_this_month(), Traffic)
    assert_type(sora.total_traffic_this_month().ingress, int)
    assert_type(sora.total_traffic_this_month().extra, dict[str, Any])
    assert_type(sora.total_traffic_this_month(raw=False), Traffic)
    assert_type(sora.total_traffic_this_month(raw=True), Any)
    assert_type(sora.status_this_month(), StatusThisMonth)
    assert_type(sora.traffics_for_month(2026, 2), list[TrafficPeriod])
    assert_type(sora.traffics_for_month(year=2026, month=2)[0].start, datetime)
    assert_type(sora.project_traffics_last_year(raw=True), Any)

    ricoh = mt.Ricoh(client_id="c", client_secret="s", label_template="labels")
    assert_type(ricoh.cost_and_usage_total(START, END), CostAndUsage)
    assert_type(ricoh.cost_and_usage_total("2026-01-01", "2026-02-01", env=["prod", "dev"]), CostAndUsage)
    assert_type(ricoh.cost_and_usage_by_label(START, END, starts_with="t").results[0].label, str | None)
    assert_type(ricoh.cost_and_usage_for_label("default", START, END).results[0].items[0].usage, Decimal | None)

    uipath = mt.UiPath(organization_id="…", token="t")
    assert_type(uipath.consumption_summary(START, 1769904000000, "AIU"), ConsumptionSummary)
    assert_type(uipath.tenant_consumption_summary("…", START, END, "AIU"), ConsumptionSummary)
    days = uipath.daily_consumption_by_service("…", START, END, "AIU", folder_keys=["…"])
    assert_type(days, list[ServiceConsumption])
    assert_type(days[0].date, date)
    assert_type(uipath.consumption_by_folder("…", START, END, "AIU"), list[FolderConsumption])

    devicewise = mt.DeviceWise(
        base_url="https://api.example.com", username="u", password="p", mfa_code=lambda: "123456"
    )
    assert_type(devicewise.api_usage_history(start=START, end=END, dimension="org"), UsageHistory)
    assert_type(devicewise.thing_usage_history(last="24h").series[0].values, list[int | None])
    assert_type(devicewise.storage_usage_history(last="24h", raw=True), Any)
    assert_type(devicewise.usage_report(START), UsageReport)
    assert_type(devicewise.call("session.info"), Any)

    volcengine = mt.Volcengine(access_key="a", secret_key="s", session_token="t", region="cn-north-1")
    assert_type(volcengine.time_shift_data(START, END, vhosts=["a"], aggregation=86400), LiveUsage)
    assert_type(volcengine.traffic_data(START, END), LiveUsage)
    assert_type(volcengine.traffic_data(START, END, raw=True), Any)
    assert_type(volcengine.call("DescribeLiveRegionData", {}), Any)

    # Wrong keywords and types are seen before anything runs; an unused comment would be an error, too.
    mt.Sora(api_kye="k")  # type: ignore[call-arg]
    mt.Sora("k")  # type: ignore[call-arg]
    mt.Ricoh(client_id=3, client_secret="s")  # type: ignore[arg-type]
    sora.traffics_for_month("2026", 2)  # type: ignore[call-overload]
    ricoh.cost_and_usage_total(START)  # type: ignore[call-overload]
    volcengine.time_shift_data(START, END, vhost="a")  # type: ignore[call-overload]
    sora.total_sessions_that_month()  # type: ignore[attr-defined]


async def awaited() -> None:
    """The same calls, awaited."""
    sora = mt.aio.Sora(api_key="k")
    assert_type(await sora.total_sessions_this_month(), int)
    assert_type(await sora.total_traffic_this_month(), Traffic)
    assert_type(await sora.total_traffic_this_month(raw=True), Any)
    assert_type(await sora.status_this_month(), StatusThisMonth)
    assert_type(await sora.traffics_for_month(2026, 2), list[TrafficPeriod])
    ricoh = mt.aio.Ricoh(client_id="c", client_secret="s")
    assert_type(await ricoh.cost_and_usage_total(START, END), CostAndUsage)
    uipath = mt.aio.UiPath.from_env(name="acme")
    assert_type(uipath, mt.aio.UiPath)
    assert_type(await uipath.consumption_by_folder("…", START, END, "AIU"), list[FolderConsumption])
    devicewise = mt.aio.DeviceWise(base_url="https://api.example.com", session_id="s")
    assert_type(await devicewise.usage_report(START, END), UsageReport)
    volcengine = mt.aio.Volcengine(access_key="a", secret_key="s")
    assert_type(await volcengine.p95_peak_bandwidth_data(START, END), LiveUsage)
    sora.total_sessions_this_month() + 1  # type: ignore[operator]


def failures(error: mt.MetertapError) -> None:
    """What a handler of exceptions may rely on."""
    assert_type(error.provider, str | None)
    assert_type(error.http_status, int | None)
    assert_type(error.retry_after, float | None)
    assert_type(error.is_temporary, bool)
    try:
        raise mt.errors.RequestTimeout("late")
    except TimeoutError as caught:
        assert_type(caught, TimeoutError)


def simulated() -> None:
    """The simulator."""
    with Simulator(seed=7, now=START, tls=True) as simulator:
        assert_type(simulator, Simulator)
        assert_type(simulator.counts, Counts)
        assert_type(simulator.ca_file, str | None)
        assert_type(simulator.add_fault("latency:80", provider="sora", times=1), int)
        simulator.add_fault(3)  # type: ignore[arg-type]
