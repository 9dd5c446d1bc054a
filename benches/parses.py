"""The arms that only parse: bytes to Arrow or to a frame, with no network."""

from __future__ import annotations

import tempfile
from typing import Any

from arms import Arm, Metertap


class Replay(Metertap):
    """metertap: `replay` of an archive, which must be read and unpacked first."""

    def open(self) -> None:
        super().open()
        self.folder = tempfile.mkdtemp()  # deleted by the process that started this one
        selection, start, end = self.job.asked(self.client, 0, self.job.number)
        self.mt.fetch(selection, start, end, archive=self.folder)

    def run(self, first: int, number: int) -> Any:
        return self.mt.replay(self.folder)


class ReplayToArrow(Replay):
    """The same to an Arrow table of exact decimals."""

    def frame(self, answered: Any) -> Any:
        return answered.to_arrow()


class Orjson(Arm):
    """orjson and pandas."""

    def open(self) -> None:
        from urllib.request import ProxyHandler, Request, build_opener

        from orjson import loads

        self.loads = loads
        opener = build_opener(ProxyHandler({}))
        self.bodies = []
        for request in self.some(0, self.job.number):
            with opener.open(Request(request.url, request.body, self.job.headers(request))) as response:
                self.bodies.append((request, response.read()))

    def run(self, first: int, number: int) -> Any:
        return [(request, self.loads(body)) for request, body in self.bodies]
