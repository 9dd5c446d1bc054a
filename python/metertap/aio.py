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

from metertap._build import built_in

TYPE_CHECKING = False  # without importing typing, see metertap/__init__.py

if TYPE_CHECKING:
    from typing import Any

    from metertap.usage import Usage

# Most are made by __getattr__.
__all__ = [  # noqa: F822
    "DeviceWise",
    "Ledger",
    "Ricoh",
    "Sora",
    "UiPath",
    "Volcengine",
    "accounts",
    "connect",
    "fetch",
    "provider",
    "replay",
]

#: How often a progress bar is moved, in seconds.
_TICK = 0.1


def __getattr__(name: str) -> object:
    if name == "Ledger":
        from metertap._aledger import Ledger

        return globals().setdefault(name, Ledger)
    return built_in(name, globals(), is_async=True)


def __dir__() -> list[str]:
    return sorted(__all__)


def connect(name: str, /, *, path: Any = None, **keywords: Any) -> Any:
    """Return a client of an account, by its name; `metertap.connect`, with the methods to be awaited.

    Examples
    --------
    >>> import metertap.aio, os
    >>> os.environ["METERTAP_SORA_API_KEY"] = "example"
    >>> isinstance(metertap.aio.connect("sora"), metertap.aio.Sora)
    True
    """
    from metertap._client import hide
    from metertap.config import connected

    keywords = given = hide(keywords)
    return connected(name, path, given, is_async=True)


def accounts(path: Any = None) -> Any:
    """Read the accounts of the configuration file; `metertap.accounts`, whose clients are awaited.

    Examples
    --------
    >>> metertap.aio.accounts("accounts.toml")["production"].client()  # doctest: +SKIP
    Sora(name='production', base_url='https://api.sora-cloud.shiguredo.app')
    """
    from metertap.config import awaited

    return awaited(path)


def provider(name: str) -> type[Any]:
    """Return the client class of a provider whose methods are awaited, be it built in or registered.

    Parameters
    ----------
    name : str
        Its name, such as ``"sora"``.

    Raises
    ------
    InvalidArgument
        If there is none of that name.

    Examples
    --------
    >>> import metertap.aio
    >>> metertap.aio.provider("sora") is metertap.aio.Sora
    True
    """
    from metertap.documents import client_class_of

    return client_class_of(name, is_async=True)


async def fetch(
    what: Any,
    start: Any = None,
    end: Any = None,
    *,
    since: Any = None,
    tz: Any = None,
    now: Any = None,
    every: Any = None,
    meters: Any = None,
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
    from metertap._progress import progress_of
    from metertap.usage import Usage

    run, clients = fetching.start_run(
        what, start, end, since, tz, now, every, meters, accounts, on_error, archive, on_event
    )
    show, close = progress_of(progress)

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


async def replay(path: Any, *, on_error: str = "raise") -> Usage:
    """Rebuild a usage from its archive, offline; `metertap.replay`, to be awaited: the event loop goes on meanwhile.

    Examples
    --------
    >>> import asyncio, metertap.aio
    >>> usage = asyncio.run(metertap.aio.fetch(sora, "2026-03", now="2026-04-15", archive="answers"))
    >>> len(asyncio.run(metertap.aio.replay("answers"))) == len(usage)
    True
    """
    import asyncio

    from metertap import fetching

    return await asyncio.to_thread(fetching.replay, path, on_error=on_error)
