"""One command at a time writes into the folder of a ledger, so that two runs of cron do not collide."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from metertap.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Beside the tables; whatever begins with a dot is none of the ledger's data.
NAME = ".lock"


@contextmanager
def held(path: str) -> Iterator[None]:
    """Hold the lock of a ledger, or say at once which process has it.

    The kernel frees the lock when its process ends, however that happens: the file that stays behind stops nobody.
    Object stores have no such lock, and Windows has none: there nothing is held.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    if "://" in path:
        yield
        return
    file = _opened(path)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidArgument(
                f"{_holder(file)} is at work on {path}, and one at a time may be: try again when it has ended."
            ) from None
        except OSError as problem:
            # What is stored stays whole without a lock: two runs at once only ask the services twice.
            print(f"metertap: warning: {path} has no lock: {problem.strerror}", file=sys.stderr)
            yield
            return
        _write(file, f"{os.getpid()}\n")
        try:
            yield
        finally:
            _write(file, "")
    finally:
        os.close(file)


def _opened(path: str) -> int:
    """Open the file of the lock; the folder is made, too, since the first run has none."""
    try:
        os.makedirs(path, exist_ok=True)
        return os.open(os.path.join(path, NAME), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    except OSError as problem:
        raise InvalidArgument(f"{path} cannot be written: {problem.strerror}.") from None


def _write(file: int, text: str) -> None:
    """Say who holds the lock: for people only, so a full disk is no reason to stop."""
    with suppress(OSError):
        os.ftruncate(file, 0)
        os.pwrite(file, text.encode(), 0)


def _holder(file: int) -> str:
    told = os.pread(file, 20, 0).decode("ascii", "replace").strip()
    return f"process {told}" if told.isascii() and told.isdigit() else "another process"
