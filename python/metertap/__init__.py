"""metertap reads the usage meters of cloud services into one table that can be trusted.

Everything here is sync; the same names in `metertap.aio` are async.
"""

from __future__ import annotations

import atexit as _atexit

from metertap import _core, aio
from metertap._core import __version__
from metertap.clients import DeviceWise, Ricoh, Sora, UiPath, Volcengine
from metertap.errors import MetertapError

__all__ = [
    "DeviceWise",
    "MetertapError",
    "Ricoh",
    "Sora",
    "UiPath",
    "Volcengine",
    "__version__",
    "aio",
]

_atexit.register(_core.shut_down)
