"""metertap reads the usage meters of cloud services into one table that can be trusted.

Everything here is sync; the same names in `metertap.aio` are async.
"""

from __future__ import annotations

import atexit as _atexit

from metertap import _core
from metertap._core import __version__
from metertap.errors import (
    AuthenticationFailed,
    CertificateRejected,
    ConnectionFailed,
    ConnectionLost,
    CoverageWarning,
    ForkedProcessError,
    IncompleteResponse,
    IncompleteUsage,
    InconsistentResponse,
    InternalError,
    InvalidArgument,
    InvalidDocument,
    InvalidRequest,
    MetertapError,
    MfaRequired,
    MissingExtra,
    NotFound,
    PermissionDenied,
    RateLimited,
    RequestTimeout,
    ResponseTooLarge,
    ServerError,
    ShuttingDown,
    UnexpectedRedirect,
    UnexpectedResponse,
    WrongType,
)

# What type checkers take for True. To import `typing` for it would take longer than all of metertap.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from metertap import aio
    from metertap import clients as clients
    from metertap import config as config
    from metertap import documents as documents
    from metertap import errors as errors
    from metertap import events as events
    from metertap import models as models
    from metertap import rate_card as rate_card
    from metertap import simulator as simulator
    from metertap import spark as spark
    from metertap import typing as typing
    from metertap.catalogue import Meter, Meters, meters
    from metertap.clients import DeviceWise, Ricoh, Sora, UiPath, Volcengine
    from metertap.config import Account, Accounts, accounts, connect
    from metertap.documents import Provider, provider, providers, register
    from metertap.fetching import fetch, replay
    from metertap.ledger import Ledger, Sync
    from metertap.planning import Plan, Selection, plan
    from metertap.usage import Reading, Table, Usage, concat

__all__ = [
    "Account",
    "Accounts",
    "AuthenticationFailed",
    "CertificateRejected",
    "ConnectionFailed",
    "ConnectionLost",
    "CoverageWarning",
    "DeviceWise",
    "ForkedProcessError",
    "IncompleteResponse",
    "IncompleteUsage",
    "InconsistentResponse",
    "InternalError",
    "InvalidArgument",
    "InvalidDocument",
    "InvalidRequest",
    "Ledger",
    "Meter",
    "Meters",
    "MetertapError",
    "MfaRequired",
    "MissingExtra",
    "NotFound",
    "PermissionDenied",
    "Plan",
    "Provider",
    "RateLimited",
    "Reading",
    "RequestTimeout",
    "ResponseTooLarge",
    "Ricoh",
    "Selection",
    "ServerError",
    "ShuttingDown",
    "Sora",
    "Sync",
    "Table",
    "UiPath",
    "UnexpectedRedirect",
    "UnexpectedResponse",
    "Usage",
    "Volcengine",
    "WrongType",
    "__version__",
    "accounts",
    "aio",
    "concat",
    "connect",
    "fetch",
    "meters",
    "plan",
    "provider",
    "providers",
    "register",
    "replay",
]

# Imported when they are used: dataclasses alone would double the time that importing metertap takes. The client classes
# are made from the tables of the providers, each when it is used.
_LATER = {
    "metertap.catalogue": ("Meter", "Meters", "meters"),
    "metertap.clients": ("DeviceWise", "Ricoh", "Sora", "UiPath", "Volcengine"),
    "metertap.config": ("Account", "Accounts", "accounts", "connect"),
    "metertap.documents": ("Provider", "provider", "providers", "register"),
    "metertap.fetching": ("fetch", "replay"),
    "metertap.ledger": ("Ledger", "Sync"),
    "metertap.planning": ("Plan", "Selection", "plan"),
    "metertap.usage": ("Reading", "Table", "Usage", "concat"),
}
#: The public modules; whatever else lies in the package is the home of names that stand here.
_MODULES = (
    "aio",
    "clients",
    "config",
    "documents",
    "errors",
    "events",
    "models",
    "rate_card",
    "simulator",
    "spark",
    "typing",
)


def __getattr__(name: str) -> object:
    import importlib

    if name in _MODULES:
        return importlib.import_module(f"metertap.{name}")
    for module, names in _LATER.items():
        if name in names:
            value = getattr(importlib.import_module(module), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'metertap' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES})


if _core.is_main_interpreter():
    _atexit.register(_core.shut_down)
