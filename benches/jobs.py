"""The questions that all arms ask, as requests, and the frame that each of them must end in.

What metertap asks for through its clients is built here by hand, as a user of an HTTP library would: the same paths,
the same bodies, the same authentication (a bearer token, a session, or Volcengine's signature). pandas is imported
where it is needed, so that jobs can be listed without it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import pandas as pd

ORGANIZATION = "3b9d5f10-7e42-4c86-9a0d-61c8e2f4b735"
TOKEN = "example-token"  # one that the server does not check
ACCESS_KEY, SECRET_KEY = "AKLTexample", "example-secret-key"
SESSION = "00112233445566778899aabbccddeeff"
DAYS = (1, 1), (1, 11), (1, 31)
MILLISECONDS = {day: int(datetime(2026, *day, tzinfo=timezone.utc).timestamp() * 1000) for day in DAYS}


class Request(NamedTuple):
    """A request, and whose usage it asks for."""

    label: str
    url: str
    body: bytes
    headers: dict[str, str]


class Job:
    """A question, in as many requests as are wanted."""

    #: The columns that tell its rows apart, as metertap calls them.
    labels: tuple[str, ...] = ()
    #: The name of the set of bodies.
    bodies = ""

    def __init__(self, origin: str, number: int, delay: int = 0) -> None:
        """Ask this server, with this delay in milliseconds."""
        self.origin, self.number = origin, number
        self.base = f"{origin}/{self.bodies}/{delay}"

    def request(self, place: int) -> Request:
        """Build one request."""
        raise NotImplementedError

    def requests(self) -> list[Request]:
        """Build all requests."""
        return [self.request(place) for place in range(self.number)]

    def headers(self, request: Request) -> dict[str, str]:
        """Return what is sent along, signed now if it must be."""
        return request.headers

    def frame(self, pairs: list[tuple[Request, Any]]) -> pd.DataFrame:
        """Make the frame out of the parsed answers."""
        raise NotImplementedError

    def metertap(self, mt: Any, door: Any, **options: Any) -> Any:
        """Return metertap's client for it."""
        raise NotImplementedError

    def asked(self, client: Any, first: int, number: int) -> tuple[Any, str, str]:
        """Return metertap's selection of some of the requests, with its range."""
        raise NotImplementedError

    def canonical(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return what all arms must agree on: whose usage, when, how much."""
        import pandas as pd

        labels = {name: frame[name].astype(object).fillna("") for name in self.labels}
        times = {name: frame[name].astype("datetime64[us, UTC]").astype("int64") for name in ("start", "end")}
        return pd.DataFrame({**labels, **times, "quantity": frame["quantity"].astype("float64")})

    def digest(self, frame: pd.DataFrame) -> str:
        """Return the same text for the same rows in any order, and another for any other rows."""
        import pandas as pd

        canonical = self.canonical(frame)
        hashes = pd.util.hash_pandas_object(canonical, index=False).to_numpy()
        return f"{len(frame)}-{int(hashes.sum()):016x}-{canonical['quantity'].sum():.2f}"


class Services(Job):
    """UiPath: units by day and service, a call per tenant, with a bearer token."""

    labels = ("consumable_code", "tenant_id", "service")
    bodies = "small"
    end = (1, 11)
    path, meter = "daily-consumption-by-service", "uipath.service_consumption"

    def __init__(self, origin: str, number: int, delay: int = 0) -> None:
        super().__init__(origin, number, delay)
        self.url = f"{self.base}/lease_/api/usage/{ORGANIZATION}/tenants/{self.path}"
        self.sent = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Authorization": f"Bearer {TOKEN}",
        }

    @staticmethod
    def tenant(place: int) -> str:
        """Return a tenant's id."""
        return f"{place:08x}-52d1-4a7e-9a35-0d6b1f2c8e44"

    def range(self) -> dict[str, int]:
        """Return the range in milliseconds."""
        return {"startDate": MILLISECONDS[1, 1], "endDate": MILLISECONDS[self.end]}

    def request(self, place: int) -> Request:
        tenant = self.tenant(place)
        body = {"tenantId": tenant, **self.range(), "consumableCode": "AIU"}
        return Request(tenant, self.url, json.dumps(body).encode(), self.sent)

    def frame(self, pairs: list[tuple[Request, Any]]) -> pd.DataFrame:
        import pandas as pd

        rows = [
            (request.label, row["service"], row["date"], row["consumedAmount"])
            for request, answer in pairs
            for row in answer
        ]
        frame = pd.DataFrame(rows, columns=["tenant_id", "service", "start", "quantity"])
        frame["start"] = pd.to_datetime(frame["start"], utc=True)
        frame["end"] = frame["start"] + pd.Timedelta(days=1)
        frame["consumable_code"] = "AIU"
        return frame

    def metertap(self, mt: Any, door: Any, **options: Any) -> Any:
        return door.UiPath(organization_id=ORGANIZATION, token=TOKEN, base_url=self.base, **options)

    def asked(self, client: Any, first: int, number: int) -> tuple[Any, str, str]:
        tenants = [self.tenant(place) for place in range(first, first + number)]
        selection = client.select(meters=[self.meter], tenant_id=tenants, consumable_code=["AIU"])
        return selection, "2026-01-01", f"2026-{self.end[0]:02}-{self.end[1]:02}"

    def call(self, client: Any, place: int) -> Any:
        """Make one native call."""
        return client.daily_consumption_by_service(
            tenant_id=self.tenant(place),
            start=MILLISECONDS[1, 1],
            end=MILLISECONDS[self.end],
            consumable_code="AIU",
        )

    def typed(self, request: Request, rows: list[Any]) -> tuple[Request, Any]:
        """Return what a native call returned as if it were an answer."""
        return request, [
            {"date": row.date, "service": row.service, "consumedAmount": row.consumed_amount} for row in rows
        ]


class Month(Services):
    """The same for a month of eight services: 240 rows."""

    bodies, end = "job", (1, 31)


class Folders(Services):
    """UiPath: units by folder."""

    labels = ("consumable_code", "tenant_id", "folder_key", "folder_name")
    bodies, end = "rows", (1, 31)
    path, meter = "consumption-by-folder", "uipath.folder_consumption"

    def frame(self, pairs: list[tuple[Request, Any]]) -> pd.DataFrame:
        import pandas as pd

        parts = [self.part(request, answer) for request, answer in pairs]
        frame = pd.concat(parts, ignore_index=True)
        frame["start"] = pd.Timestamp(MILLISECONDS[1, 1], unit="ms", tz="UTC")
        frame["end"] = pd.Timestamp(MILLISECONDS[self.end], unit="ms", tz="UTC")
        frame["consumable_code"] = "AIU"
        return frame

    def part(self, request: Request, answer: Any) -> pd.DataFrame:
        """Make the frame of one answer; one that was made already is good as it is."""
        import pandas as pd

        if isinstance(answer, pd.DataFrame):
            return answer
        names = {"folderKey": "folder_key", "folderName": "folder_name", "consumedBySelf": "quantity"}
        part = pd.DataFrame(answer)[[*names]].rename(columns=names)
        part.insert(0, "tenant_id", request.label)
        return part


class Many(Folders):
    """The same for 20,000 folders of each tenant."""

    bodies = "many"


class Traffic(Job):
    """Volcengine: traffic by the hour, a call per domain, each signed."""

    labels = ("meter", "domain")
    bodies = "medium"
    action, hours, step = "DescribeLiveTrafficData", 216, 3600
    rows, narrow = "TrafficDataList", "DomainList"
    values = (("UpTraffic", "volcengine.up_traffic"), ("DownTraffic", "volcengine.down_traffic"))

    def __init__(self, origin: str, number: int, delay: int = 0) -> None:
        super().__init__(origin, number, delay)
        self.url = f"{self.base}/?Action={self.action}&Version=2023-01-01"
        self.sent = {"Accept": "application/json", "Content-Type": "application/json"}
        china = timezone(timedelta(hours=8))
        self.start = datetime(2026, 1, 1, tzinfo=china)
        self.end = self.start + timedelta(hours=self.hours)

    @staticmethod
    def domain(place: int) -> str:
        """Return a domain."""
        return f"pull{place}.example.com"

    def request(self, place: int) -> Request:
        domain = self.domain(place)
        body = {
            "Aggregation": self.step,
            self.narrow: [domain],
            "StartTime": self.start.isoformat(),
            "EndTime": (self.end - timedelta(seconds=1)).isoformat(),
        }
        return Request(domain, self.url, json.dumps(body).encode(), self.sent)

    def headers(self, request: Request) -> dict[str, str]:
        return request.headers | signature(request.url, request.body)

    def frame(self, pairs: list[tuple[Request, Any]]) -> pd.DataFrame:
        import pandas as pd

        parts = []
        for request, answer in pairs:
            part = pd.DataFrame(answer["Result"][self.rows])
            part["TimeStamp"] = pd.to_datetime(part["TimeStamp"], utc=True)
            part.insert(0, "domain", request.label)
            parts.append(part)
        frame = pd.concat(parts, ignore_index=True)
        frame = frame.melt(["domain", "TimeStamp"], var_name="meter", value_name="quantity")
        frame["meter"] = frame["meter"].map(dict(self.values))
        frame["end"] = frame["TimeStamp"] + pd.Timedelta(seconds=self.step)
        return frame.rename(columns={"TimeStamp": "start"})

    def metertap(self, mt: Any, door: Any, **options: Any) -> Any:
        return door.Volcengine(access_key=ACCESS_KEY, secret_key=SECRET_KEY, base_url=self.base, **options)

    def asked(self, client: Any, first: int, number: int) -> tuple[Any, str, str]:
        domains = [self.domain(place) for place in range(first, first + number)]
        meters = [meter for _, meter in self.values]
        selection = client.select(meters=meters, domains=domains, aggregation=self.step)
        return selection, self.start.isoformat(), self.end.isoformat()


class TrafficByHand(Traffic):
    """The same, where the peer fills columns over all answers by hand instead of a frame for each answer."""

    def frame(self, pairs: list[tuple[Request, Any]]) -> pd.DataFrame:
        import pandas as pd

        domains: list[str] = []
        moments: list[str] = []
        columns: list[list[float]] = [[] for _ in self.values]
        for request, answer in pairs:
            rows = answer["Result"][self.rows]
            domains += [request.label] * len(rows)
            moments += [row["TimeStamp"] for row in rows]
            for column, (wire, _) in zip(columns, self.values, strict=True):
                column += [row[wire] for row in rows]
        start = pd.to_datetime(pd.Series(moments), utc=True)
        end = start + pd.Timedelta(seconds=self.step)
        shared = pd.DataFrame({"domain": domains, "start": start, "end": end})
        parts = [
            shared.assign(meter=meter, quantity=column) for column, (_, meter) in zip(columns, self.values, strict=True)
        ]
        return pd.concat(parts, ignore_index=True)


class TimeShift(Traffic):
    """Volcengine: storage of time-shift by the day, a call per domain, each signed."""

    labels = ("meter", "vhost")
    bodies = "timeshift"
    action, hours, step = "DescribeLiveTimeShiftData", 744, 86400
    rows, narrow = "TimeShiftDataList", "Vhosts"
    values = (("Storage", "volcengine.time_shift_storage"),)

    def frame(self, pairs: list[tuple[Request, Any]]) -> pd.DataFrame:
        return super().frame(pairs).rename(columns={"domain": "vhost"})

    def asked(self, client: Any, first: int, number: int) -> tuple[Any, str, str]:
        domains = [self.domain(place) for place in range(first, first + number)]
        selection = client.select(meters=[self.values[0][1]], vhosts=domains)
        return selection, self.start.isoformat(), self.end.isoformat()


class Series(Job):
    """deviceWISE: stored data by kind and hour, in parallel arrays, with a session."""

    labels = ("counter",)
    bodies = "series"
    hours = 4800

    def request(self, place: int) -> Request:
        start = datetime(2026, 1, 1, tzinfo=timezone.utc)
        params = {
            "start": start.isoformat(),
            "end": (start + timedelta(hours=self.hours)).isoformat(),
            "series": "hour",
            "includeSubOrgs": False,
        }
        packet = {"auth": {"sessionId": SESSION}, "get": {"command": "usage.storage.history", "params": params}}
        sent = {"Accept": "application/json", "Content-Type": "application/json"}
        return Request("", f"{self.base}/api", json.dumps(packet).encode(), sent)

    def frame(self, pairs: list[tuple[Request, Any]]) -> pd.DataFrame:
        import pandas as pd

        parts = []
        for _, answer in pairs:
            params = answer["get"]["params"]
            part = pd.DataFrame(params["counters"])
            part.insert(0, "start", pd.to_datetime(params["ts"], utc=True))
            parts.append(part.melt("start", var_name="counter", value_name="quantity"))
        frame = pd.concat(parts, ignore_index=True)
        frame["end"] = frame["start"] + pd.Timedelta(hours=1)
        return frame

    def metertap(self, mt: Any, door: Any, **options: Any) -> Any:
        return door.DeviceWise(base_url=self.base, session_id=SESSION, **options)

    def asked(self, client: Any, first: int, number: int) -> tuple[Any, str, str]:
        end = datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(hours=self.hours)
        return client.select(meters=["devicewise.storage"]), "2026-01-01T00:00:00Z", end.isoformat()


JOBS = {
    "small": Services,
    "medium": Traffic,
    "medium-by-hand": TrafficByHand,
    "job": Month,
    "timeshift": TimeShift,
    "series": Series,
    "rows": Folders,
    "many": Many,
}


def signature(url: str, body: bytes) -> dict[str, str]:
    """Return the headers that sign a POST of JSON for Volcengine."""
    parts = urlsplit(url)
    date = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    names = "content-type;host;x-content-sha256;x-date"
    signed = f"content-type:application/json\nhost:{parts.netloc}\nx-content-sha256:{digest}\nx-date:{date}\n"
    canonical = f"POST\n{parts.path}\n{parts.query}\n{signed}\n{names}\n{digest}"
    scope = f"{date[:8]}/cn-north-1/live/request"
    key = SECRET_KEY.encode()
    for step in scope.split("/"):
        key = hmac.digest(key, step.encode(), "sha256")
    text = f"HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    found = hmac.digest(key, text.encode(), "sha256").hex()
    return {
        "X-Date": date,
        "X-Content-Sha256": digest,
        "Authorization": f"HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, SignedHeaders={names}, Signature={found}",
    }
