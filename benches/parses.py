"""The arms that only parse: bytes to Arrow or to a frame, with no network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arms import Arm, Metertap

if TYPE_CHECKING:
    from jobs import Job, Request


class Bodies:
    """What has fetched the bodies before anything is measured."""

    job: Job

    def fetched(self) -> list[tuple[Request, bytes]]:
        """Return each request with its answer's body."""
        from urllib.request import ProxyHandler, build_opener
        from urllib.request import Request as Asked

        opener = build_opener(ProxyHandler({}))
        bodies = []
        for request in (self.job.request(place) for place in range(self.job.number)):
            with opener.open(Asked(request.url, request.body, self.job.headers(request))) as response:
                bodies.append((request, response.read()))
        return bodies


class Read(Bodies, Metertap):
    """metertap: from the bodies of all answers of a plan to a usage."""

    def open(self) -> None:
        super().open()
        from metertap import _core
        from metertap.usage import Usage

        self.plan = self.mt.plan(*self.job.asked(self.client, 0, self.job.number))
        bodies = [body for _, body in self.fetched()]
        self.read = lambda: Usage(_core._read(self.plan._core, bodies))  # type: ignore[attr-defined]

    def run(self, first: int, number: int) -> Any:
        return self.read()


class ReadToArrow(Read):
    """The same to an Arrow table of exact decimals."""

    def frame(self, answered: Any) -> Any:
        return answered.to_arrow()


class Orjson(Bodies, Arm):
    """orjson and pandas."""

    def open(self) -> None:
        from orjson import loads

        self.loads = loads
        self.bodies = self.fetched()

    def run(self, first: int, number: int) -> Any:
        return [(request, self.loads(body)) for request, body in self.bodies]
