"""The bodies that the server answers with, in the providers' shapes, from plain formulas: the same at every run.

A file is `SET/KEY.NUMBER.json`; see `server/src/main.rs` for who gets which.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

CHINA = timezone(timedelta(hours=8))
FIRST = date(2026, 1, 1)
#: How many different bodies answer the same question about different tenants or domains.
VARIANTS = 8
SERVICES = ("robots", "agents", "document_understanding", "apps", "test_cloud", "integration", "insights", "healing")
#: What Sora counts in a month, each told as a bare number.
COUNTERS = (
    "total-connections",
    "total-sessions",
    "total-duration-min",
    "max-concurrent-connections",
    "max-bandwidth-mbps",
    "total-api-requests",
    "total-sora-api-requests",
    "total-webhook-requests",
)


def thousandths(seed: int, place: int) -> float:
    """Return a number below 10,000 with three decimals."""
    return (seed * 104_729 + place * 7_919 + place * place * 31) % 10_000_000 / 1000


def days(variant: int, *, number: int, services: int) -> list[dict[str, Any]]:
    """Return what a tenant consumed by day and service (UiPath)."""
    names = [SERVICES[place] if place < len(SERVICES) else f"service_{place}" for place in range(services)]
    return [
        {
            "date": str(FIRST + timedelta(days=day)),
            "service": names[place],
            "consumedAmount": thousandths(variant, day * services + place),
        }
        for day in range(number)
        for place in range(services)
    ]


def folders(variant: int, *, number: int) -> list[dict[str, Any]]:
    """Return what a tenant consumed by folder (UiPath): the longest rows of all."""
    return [
        {
            "folderKey": f"{place:08x}-5e1f-4d2c-9b7a-{variant:012x}",
            "folderName": f"Shared/Team {place % 97}/Folder {place}",
            "parentFolderKey": f"{place // 97:08x}-5e1f-4d2c-9b7a-{variant:012x}",
            "consumedBySelf": thousandths(variant, place),
            "processCountSelf": place % 13,
        }
        for place in range(number)
    ]


def signed(action: str, variant: int, *, hours: int, step: int) -> dict[str, Any]:
    """Return the traffic or the storage of a domain (Volcengine)."""
    start = datetime(2026, 1, 1, tzinfo=CHINA)
    moments = [start + timedelta(hours=hour) for hour in range(0, hours, step)]
    result: dict[str, Any] = {
        "StartTime": start.isoformat(),
        "EndTime": (start + timedelta(hours=hours, seconds=-1)).isoformat(),
        "Aggregation": step * 3600,
    }
    if action == "DescribeLiveTimeShiftData":
        del result["Aggregation"]
        result["TimeShiftDataList"] = [
            {"TimeStamp": moment.isoformat(), "Storage": 4_000_000 + variant * 1000 + place}
            for place, moment in enumerate(moments)
        ]
    else:
        up = [thousandths(variant, place) for place in range(len(moments))]
        down = [thousandths(variant + VARIANTS, place) for place in range(len(moments))]
        result["TotalUpTraffic"], result["TotalDownTraffic"] = round(sum(up), 3), round(sum(down), 3)
        result["TrafficDataList"] = [
            {"TimeStamp": moment.isoformat(), "UpTraffic": up[place], "DownTraffic": down[place]}
            for place, moment in enumerate(moments)
        ]
    metadata = {
        "RequestId": f"2026010112000000{variant:018X}",
        "Action": action,
        "Version": "2023-01-01",
        "Service": "live",
        "Region": "cn-north-1",
    }
    return {"ResponseMetadata": metadata, "Result": result}


def series(*, counters: int, hours: int) -> dict[str, Any]:
    """Return stored data by kind and hour, in parallel arrays (deviceWISE)."""
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    values = {
        f"counter{place}": [(place * 1_299_709 + hour * 15_485) % 10 ** (4 + place % 5) for hour in range(hours)]
        for place in range(counters)
    }
    moments = [(start + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ") for hour in range(hours)]
    total = sum(map(sum, values.values()))
    return {"success": True, "params": {"counters": values, "total": total, "ts": moments}}


def five() -> Iterator[tuple[str, Any]]:
    """Return one answer of each kind that the five providers are asked for, with their logins."""
    yield "token", {"access_token": "example", "expires_in": 3600, "token_type": "Bearer", "scope": "PM.License.Read"}
    yield "consumption-summary", {"consumedFromOrgWithoutTenant": 12.5, "tenantConsumptionItems": []}
    yield "daily-consumption-by-service", days(0, number=7, services=1)
    yield "api.authenticate", {"success": True, "params": {"orgKey": "EXAMPLE", "sessionId": "0" * 32}}
    for command in ("usage.api.history", "usage.storage.history"):
        yield command, series(counters=3, hours=24)
    items = [{"item_name": "traffic_volume", "usage": 42, "approximate_cost": 1260}]
    yield "total", {"results": [{"approximate_total_cost": 1260, "items": items}]}
    yield "DescribeLiveTrafficData", signed("DescribeLiveTrafficData", 0, hours=24, step=24)
    traffic = {"ingress": 501221004, "egress": 903310772}
    yield "get-total-traffic-this-month", traffic
    for counter in COUNTERS:
        yield f"get-{counter}-this-month", 1834
    peaks = {"max_concurrent_connections": 7, "max_bandwidth_mbps": 3}
    yield "get-traffics-for-month", [{"date": "2026-01-01T00:00:00Z", **peaks, **traffic}]


#: Each set: what it is asked for, and its bodies by number.
SETS: dict[str, tuple[str, int, Callable[[int], Any]]] = {
    # 0.6 KB.
    "small": ("daily-consumption-by-service", VARIANTS, lambda v: days(v, number=10, services=1)),
    # 20 KB.
    "medium": (
        "DescribeLiveTrafficData",
        VARIANTS,
        lambda v: signed("DescribeLiveTrafficData", v, hours=216, step=1),
    ),
    "job": ("daily-consumption-by-service", VARIANTS, lambda v: days(v, number=30, services=8)),
    "timeshift": (
        "DescribeLiveTimeShiftData",
        VARIANTS,
        lambda v: signed("DescribeLiveTimeShiftData", v, hours=744, step=24),
    ),
    # Ten days of it, for P15.
    "shift": (
        "DescribeLiveTimeShiftData",
        VARIANTS,
        lambda v: signed("DescribeLiveTimeShiftData", v, hours=240, step=24),
    ),
    # 5 MB each.
    "series": ("usage.storage.history", 1, lambda _: series(counters=140, hours=4800)),
    "rows": ("consumption-by-folder", 1, lambda v: folders(v, number=26_000)),
    "many": ("consumption-by-folder", VARIANTS, lambda v: folders(v, number=20_000)),
}


def write(folder: Path) -> None:
    """Write all bodies."""
    for name, (key, number, body) in SETS.items():
        (folder / name).mkdir(parents=True)
        for variant in range(number):
            put(folder / name / f"{key}.{variant}.json", body(variant))
    (folder / "five").mkdir()
    for key, answer in five():
        put(folder / "five" / f"{key}.0.json", answer)


def put(path: Path, answer: Any) -> None:
    """Write a body as services do, without blanks."""
    path.write_text(json.dumps(answer, separators=(",", ":")), encoding="utf-8")
