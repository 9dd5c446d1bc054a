"""Files that a caller names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from metertap.errors import InvalidArgument, WrongType


@contextmanager
def place(path: str | os.PathLike[str]) -> Iterator[str | bytes]:
    """Take a path that is written to; what the system says of it becomes an error of ours."""
    if not isinstance(path, (str, os.PathLike)):
        raise WrongType(f"path must be a str or a path, not {type(path).__name__}.")
    name = os.fspath(path)
    if "\0" in str(name):
        raise InvalidArgument(f"path {ascii(name)[:80]} cannot be the name of a file.")
    try:
        yield name
    except (OSError, UnicodeEncodeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is no name of a file"
        raise InvalidArgument(f"path {ascii(name)[:80]} cannot be written: {' '.join(reason.split())[:80]}.") from None
