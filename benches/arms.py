"""The arms: each asks a job's requests with one client, and ends in the job's frame.

`run(first, number)` returns what was answered, `frame` makes the frame of it. Imports and clients are made by `open`,
before anything is measured. Peers are written as their manuals show, with connections kept and enough of them.
"""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from jobs import Job, Request

Pairs = "list[tuple[Request, Any]]"
THREADS = 32


class Arm:
    """One client."""

    def __init__(self, job: Job, at_once: int, ca: str | None) -> None:
        """Ask for this job with so many requests under way, and trust this authority."""
        self.job, self.at_once, self.ca = job, at_once, ca
        self.open()

    #: What it imports.
    needs: tuple[str, ...] = ()

    def open(self) -> None:
        """Make the client."""

    def run(self, first: int, number: int) -> Any:
        """Ask and return the parsed answers."""
        raise NotImplementedError

    def one(self, place: int) -> Any:
        """Ask once, on a warm connection."""
        return self.run(place, 1)

    def frame(self, answered: Any) -> pd.DataFrame:
        """Make the frame."""
        return self.job.frame(answered)

    def warm(self) -> None:
        """Touch all code once, with a small job."""
        import jobs

        small = type(self)(jobs.Services(self.job.origin, 1), self.at_once, self.ca)
        small.frame(small.run(0, 1))

    def some(self, first: int, number: int) -> list[Request]:
        """Build some of the job's requests."""
        return [self.job.request(place) for place in range(first, first + number)]


class Metertap(Arm):
    """metertap: plan and fetch."""

    needs = ("metertap",)

    def open(self) -> None:
        import metertap as mt

        self.mt = mt
        self.client = self.job.metertap(mt, self.door(mt), **self.options())

    def door(self, mt: Any) -> Any:
        """Return the sync door."""
        return mt

    def options(self) -> dict[str, Any]:
        """Return the options of the client: the server has no limits of its own."""
        options = {"max_concurrency": self.at_once, "max_per_second": math.inf, "ca_file": self.ca, "proxy": None}
        return {name: value for name, value in options.items() if value is not None or name == "proxy"}

    def run(self, first: int, number: int) -> Any:
        selection, start, end = self.job.asked(self.client, first, number)
        return self.mt.fetch(self.mt.plan(selection, start, end))

    def frame(self, answered: Any) -> pd.DataFrame:
        return answered.to_pandas()


class MetertapArrow(Metertap):
    """The same to an Arrow table of exact decimals."""

    def frame(self, answered: Any) -> Any:
        return answered.to_arrow()


class MetertapSync(Metertap):
    """metertap: a native call."""

    def one(self, place: int) -> Any:
        return self.job.call(self.client, place)

    def frame(self, answered: Any) -> pd.DataFrame:
        return self.job.frame([self.job.typed(self.job.request(0), answered)])


class Async(Arm):
    """What runs in an event loop: so many workers take requests in turn."""

    def __init__(self, job: Job, at_once: int, ca: str | None) -> None:
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        super().__init__(job, at_once, ca)

    def open(self) -> None:
        self.loop.run_until_complete(self.connect())

    async def connect(self) -> None:
        """Make the client."""
        raise NotImplementedError

    async def ask(self, request: Request) -> Any:
        """Ask once."""
        raise NotImplementedError

    def run(self, first: int, number: int) -> Any:
        return self.loop.run_until_complete(self.gather(self.some(first, number)))

    async def gather(self, requests: list[Request]) -> Any:
        """Ask all of them."""
        answered: list[Any] = [None] * len(requests)
        places = iter(range(len(requests)))

        async def work() -> None:
            for place in places:
                request = requests[place]
                answered[place] = request, await self.ask(request)

        await asyncio.gather(*(work() for _ in range(min(self.at_once, len(requests)))))
        return answered


class MetertapAio(Metertap):
    """metertap: plan and fetch, awaited."""

    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        super().open()

    def door(self, mt: Any) -> Any:
        return mt.aio

    def run(self, first: int, number: int) -> Any:
        selection, start, end = self.job.asked(self.client, first, number)
        return self.loop.run_until_complete(self.mt.aio.fetch(self.mt.plan(selection, start, end)))


class MetertapAwait(Async):
    """metertap: native calls, gathered. All of them at once: how many are under way is the client's business."""

    door, options = MetertapAio.door, Metertap.options

    async def connect(self) -> None:
        import metertap as mt

        self.client = self.job.metertap(mt, self.door(mt), **self.options())

    def run(self, first: int, number: int) -> Any:
        async def gather() -> Any:
            return await asyncio.gather(*(self.job.call(self.client, place) for place in range(first, first + number)))

        answered = self.loop.run_until_complete(gather())
        return list(zip(self.some(first, number), answered, strict=True))

    def frame(self, answered: Any) -> pd.DataFrame:
        return self.job.frame([self.job.typed(request, rows) for request, rows in answered])


class Aiohttp(Async):
    """aiohttp and orjson."""

    async def connect(self) -> None:
        import aiohttp
        from orjson import loads

        self.loads = loads
        trusted = ssl.create_default_context(cafile=self.ca) if self.ca else True
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=self.at_once, ssl=trusted))

    async def ask(self, request: Request) -> Any:
        headers = self.job.headers(request)
        async with self.session.post(request.url, data=request.body, headers=headers) as response:
            response.raise_for_status()
            return self.loads(await response.read())


class Httpx(Async):
    """httpx and orjson."""

    async def connect(self) -> None:
        import httpx
        from orjson import loads

        self.loads = loads
        limits = httpx.Limits(max_connections=self.at_once, max_keepalive_connections=self.at_once)
        trusted = ssl.create_default_context(cafile=self.ca) if self.ca else True
        self.client = httpx.AsyncClient(trust_env=False, verify=trusted, limits=limits, http2=bool(self.ca))

    async def ask(self, request: Request) -> Any:
        response = await self.client.post(request.url, content=request.body, headers=self.job.headers(request))
        response.raise_for_status()
        return self.loads(response.content)


class Wreq(Async):
    """wreq, a Rust client, and orjson."""

    async def connect(self) -> None:
        from orjson import loads
        from wreq import Client

        self.loads = loads
        options: dict[str, Any] = {}
        if self.ca:
            from pathlib import Path

            from wreq.tls import CertStore

            options["tls_verify"] = CertStore.from_pem_stack(Path(self.ca).read_bytes())
        self.client = Client(**options)

    async def ask(self, request: Request) -> Any:
        response = await self.client.post(request.url, body=request.body, headers=self.job.headers(request))
        response.raise_for_status()
        return self.loads(await response.bytes())


class Pyreqwest(Async):
    """pyreqwest, another one, and orjson."""

    async def connect(self) -> None:
        from orjson import loads
        from pyreqwest.client import ClientBuilder

        self.loads = loads
        builder = ClientBuilder().no_proxy().error_for_status(True)
        if self.ca:
            from pathlib import Path

            builder = builder.add_root_certificate_pem(Path(self.ca).read_bytes())
        self.client = builder.build()

    async def ask(self, request: Request) -> Any:
        asked = self.client.post(request.url).headers(self.job.headers(request)).body_bytes(request.body).build()
        return self.loads(memoryview(await (await asked.send()).bytes()))


class Blocking(Arm):
    """What blocks: `THREADS` threads, or none for one request after the other."""

    threads = THREADS

    def ask(self, request: Request) -> Any:
        """Ask once."""
        raise NotImplementedError

    def one(self, place: int) -> Any:
        return self.ask(self.job.request(place))

    def run(self, first: int, number: int) -> Any:
        requests = self.some(first, number)
        if self.threads == 1:
            return [(request, self.ask(request)) for request in requests]
        with ThreadPoolExecutor(self.threads) as pool:
            return list(zip(requests, pool.map(self.ask, requests), strict=True))

    def frame(self, answered: Any) -> pd.DataFrame:
        pairs = answered if isinstance(answered, list) and answered and isinstance(answered[0], tuple) else None
        return self.job.frame(pairs or [(self.job.request(0), answered)])


class Requests(Blocking):
    """requests in threads, and orjson."""

    needs = ("requests", "orjson")

    def open(self) -> None:
        import requests
        from orjson import loads
        from requests.adapters import HTTPAdapter

        self.loads = loads
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = self.ca or True
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=self.threads))

    def ask(self, request: Request) -> Any:
        response = self.session.post(request.url, data=request.body, headers=self.job.headers(request))
        response.raise_for_status()
        return self.loads(response.content)


class RequestsLoop(Requests):
    """requests in a loop, as most scripts are."""

    threads = 1


class RequestsPages(RequestsLoop):
    """The same, with each answer made a frame before the next is asked for."""

    def ask(self, request: Request) -> Any:
        answer = super().ask(request)
        return self.job.part(request, answer) if hasattr(self.job, "part") else answer


class Urllib3(Blocking):
    """urllib3 and orjson, one request after the other."""

    threads = 1

    def open(self) -> None:
        import urllib3
        from orjson import loads

        self.loads = loads
        self.pool = urllib3.PoolManager(maxsize=self.threads, ca_certs=self.ca)

    def ask(self, request: Request) -> Any:
        response = self.pool.request("POST", request.url, body=request.body, headers=self.job.headers(request))
        assert response.status == 200, response.status
        return self.loads(response.data)


class Pycurl(Blocking):
    """pycurl and orjson: one handle, one request after the other."""

    threads = 1

    def open(self) -> None:
        from orjson import loads

        self.loads = loads
        self.handle = handle(self.ca)

    def ask(self, request: Request) -> Any:
        prepare(self.handle, self.job, request)
        self.handle.perform()
        return self.loads(received(self.handle))


class PycurlMulti(Arm):
    """pycurl's CurlMulti and orjson."""

    def open(self) -> None:
        import pycurl
        from orjson import loads

        self.loads, self.multi = loads, pycurl.CurlMulti()
        self.multi.setopt(pycurl.M_MAXCONNECTS, self.at_once)
        self.handles = [handle(self.ca) for _ in range(self.at_once)]

    def run(self, first: int, number: int) -> Any:
        requests = self.some(first, number)
        answered: list[Any] = [None] * number
        free, waiting, left = list(self.handles), iter(range(number)), number
        while left:
            for place in waiting if free else ():
                one = free.pop()
                one.place = place
                prepare(one, self.job, requests[place])
                self.multi.add_handle(one)
                if not free:
                    break
            self.multi.perform()
            for one in self.finished():
                self.multi.remove_handle(one)
                answered[one.place] = requests[one.place], self.loads(received(one))
                free.append(one)
                left -= 1
            if left and len(free) < self.at_once and (longest := self.multi.timeout()):
                self.multi.select(longest / 1000 if longest > 0 else 1.0)
        return answered

    def finished(self) -> Iterator[Any]:
        """Return the handles that are done."""
        queued = 1
        while queued:
            queued, good, bad = self.multi.info_read()
            assert not bad, bad
            yield from good


def handle(ca: str | None) -> Any:
    """Make a handle of curl."""
    import pycurl

    one = pycurl.Curl()
    one.setopt(pycurl.NOSIGNAL, 1)
    one.setopt(pycurl.PROXY, "")
    # Over HTTP/2 CurlMulti is many times slower here.
    one.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    if ca:
        one.setopt(pycurl.CAINFO, ca)
    return one


def prepare(one: Any, job: Job, request: Request) -> None:
    """Let the handle make this request next."""
    one.written = BytesIO()
    one.setopt(one.URL, request.url)
    one.setopt(one.POSTFIELDS, request.body)
    one.setopt(one.HTTPHEADER, [f"{name}: {value}" for name, value in job.headers(request).items()])
    one.setopt(one.WRITEDATA, one.written)


def received(one: Any) -> bytes:
    """Return the body that came."""
    status = one.getinfo(one.RESPONSE_CODE)
    assert status == 200, status
    return one.written.getvalue()


class Vendor(Blocking):
    """The vendor's own client of Volcengine Live, in threads."""

    def open(self) -> None:
        from volcengine.live.v20230101.live_service import LiveService

        from jobs import ACCESS_KEY, SECRET_KEY

        self.service = LiveService()
        self.service.set_ak(ACCESS_KEY)
        self.service.set_sk(SECRET_KEY)
        scheme, rest = self.job.base.split("://")
        host, path = rest.split("/", 1)
        self.service.set_scheme(scheme)
        self.service.set_host(host)
        for info in self.service.api_info.values():
            info.path = f"/{path}/"

    def ask(self, request: Request) -> Any:
        import json

        return self.service.describe_live_time_shift_data(json.loads(request.body))


ARMS: dict[str, str] = {
    "metertap": "arms.Metertap",
    "metertap-aio": "arms.MetertapAio",
    "metertap-arrow": "arms.MetertapArrow",
    "metertap-await": "arms.MetertapAwait",
    "metertap-sync": "arms.MetertapSync",
    "metertap-read": "parses.Read",
    "metertap-read-arrow": "parses.ReadToArrow",
    "aiohttp": "arms.Aiohttp",
    "airbyte": "loaders.Airbyte",
    "dlt": "loaders.Dlt",
    "httpx": "arms.Httpx",
    "orjson": "parses.Orjson",
    "pycurl": "arms.Pycurl",
    "pycurl-multi": "arms.PycurlMulti",
    "pyreqwest": "arms.Pyreqwest",
    "requests": "arms.Requests",
    "requests-loop": "arms.RequestsLoop",
    "requests-pages": "arms.RequestsPages",
    "urllib3": "arms.Urllib3",
    "volcengine": "arms.Vendor",
    "wreq": "arms.Wreq",
}
