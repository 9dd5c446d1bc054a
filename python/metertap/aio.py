"""The same clients and functions as in `metertap`, to be awaited.

A client may be used from any event loop, and from several in turn: its connections belong to no loop. Only asyncio is
supported (anyio on asyncio works, trio does not).

Examples
--------
>>> import asyncio
>>> async def main():
...     one, other = await asyncio.gather(
...         sora.total_sessions_this_month(), sora.total_connections_this_month()
...     )
...     return one <= other
>>> asyncio.run(main())
True
"""

from __future__ import annotations

import functools

from metertap import clients
from metertap._client import Client, flag

TYPE_CHECKING = False  # without importing typing, see metertap/__init__.py

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from metertap.usage import Usage

__all__ = ["DeviceWise", "Ricoh", "Sora", "UiPath", "Volcengine", "fetch"]

#: How often a progress bar is moved, in seconds.
_TICK = 0.1


def _awaited(method: Callable[..., Any]) -> Callable[..., Any]:
    # A coroutine of Python's own: nothing is sent before it is awaited, and gather, TaskGroup and wait_for take it.
    @functools.wraps(method)
    async def awaited(self: Client, *args: Any, **kwargs: Any) -> Any:
        return await method(self, *args, **kwargs)

    return awaited


def _ask(self: Client, operation: str, arguments: dict[str, Any], raw: bool) -> Any:
    awaited = self._core.call_async(operation, arguments, flag("raw", raw))
    return _heard(self, awaited) if self._core.has_listener else awaited


async def _heard(client: Client, awaited: Any) -> Any:
    try:
        return await awaited
    finally:
        client._core.deliver()


def _twin(client: type[Client]) -> type[Client]:
    """Make the class whose methods are those of `client`, but awaited."""
    namespace: dict[str, Any] = {
        "__module__": __name__,
        "__doc__": client.__doc__,
        "__init__": client.__init__,
        "_provider": client._provider,
        "_ask": _ask,
    }
    for name, method in vars(client).items():
        if not name.startswith("_"):
            namespace[name] = _awaited(method)
    return type(client.__name__, (Client,), namespace)


Sora = _twin(clients.Sora)
Ricoh = _twin(clients.Ricoh)
UiPath = _twin(clients.UiPath)
DeviceWise = _twin(clients.DeviceWise)
Volcengine = _twin(clients.Volcengine)


async def fetch(
    what: Any,
    start: Any = None,
    end: Any = None,
    *,
    tz: Any = None,
    now: Any = None,
    every: Any = None,
    accounts: Any = (),
    on_error: str = "raise",
    progress: Any = False,
    archive: Any = None,
    on_event: Any = None,
) -> Usage:
    """Ask all accounts at once; `metertap.fetch`, to be awaited, with the same parameters.

    Examples
    --------
    >>> import asyncio, metertap.aio
    >>> usage = asyncio.run(metertap.aio.fetch(sora, "2026-03-01", "2026-04-01", now="2026-04-15"))
    >>> usage.is_complete
    True
    """
    import asyncio

    from metertap import fetching
    from metertap.usage import Usage

    run, clients = fetching.start_run(what, start, end, tz, now, every, accounts, on_error, archive, on_event)
    show, close = fetching.progress_of(progress)

    def tell() -> None:
        run.deliver()
        if show:
            show(run.done, run.total)

    async def tick() -> None:
        while True:
            tell()
            await asyncio.sleep(_TICK)

    ticking = asyncio.ensure_future(tick()) if show or on_event else None
    try:
        core = await run.awaited()
    finally:
        if ticking:
            ticking.cancel()
            tell()
        close()
    return fetching.settle(Usage(core, clients), on_error, run.archive_problem)
