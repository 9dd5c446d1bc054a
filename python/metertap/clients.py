"""The five clients: an account each, and a method for every documented operation.

Every method takes ``raw=True`` to return the provider's JSON as plain dicts, lists and numbers instead of a dataclass.
Fractions are `decimal.Decimal` in dataclasses, exactly as the provider wrote them; in raw answers they are floats, as
`json.loads` would read them.

The classes are made from the tables of the providers when they are first looked up.
"""

from __future__ import annotations

from metertap._build import built_in

__all__ = ["DeviceWise", "Ricoh", "Sora", "UiPath", "Volcengine"]  # noqa: F822 - made by __getattr__


def __getattr__(name: str) -> object:
    return built_in(name, globals(), is_async=False)


def __dir__() -> list[str]:
    return sorted(__all__)
