"""A file or a folder that one process at a time writes to: by a lock of the system, which goes with its process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from synthda.errors import DataError
from synthda.manifest import LOCK, disk_errors_told


@contextmanager
def alone_in(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Within: no other process that asks for it writes to `folder`, which is made when missing.

    Args:
        wait: for another process to end, in place of being refused.

    Raises:
        DataError: when another process is writing there.
        SynthdaError: when the folder cannot be written to.
    """
    taken = f"Another process is writing to {folder}; wait until it has ended, or give another --out."
    with disk_errors_told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = acquire(folder / LOCK, taken, wait=wait)
    try:
        yield
    finally:
        release(lock)


def acquire(file: Path, taken: str, *, wait: bool = False) -> FileLock:
    """The lock whose file is `file`, made when missing; a process that was killed has left none behind.

    Raises:
        DataError: saying `taken`, when another process has the lock and it is not waited for.
        OSError: when the file cannot be written.
    """
    lock = FileLock(file)
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout:
        raise DataError(taken) from None
    return lock


def release(lock: FileLock) -> None:
    """Give a lock back, once, and remove its file."""
    if not lock.is_locked:
        return
    try:
        with suppress(OSError):  # Windows keeps a file that is open; filelock removes it there
            os.unlink(lock.lock_file)  # while it is held: whoever gets a lock without a name asks again
    finally:
        lock.release()
