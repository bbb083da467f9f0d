"""Locks that the kernel frees however their holder dies: the only proof that a run is alive."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_mine: set[Path] = set()


def take(path: Path, patience: float = 1.0) -> bool:
    """Take the lock on a file for the rest of this process's life; return False when another process holds it.

    POSIX locks belong to the process, and closing any descriptor of the file frees them: so the descriptor is never
    closed, and the holder opens the file no second time. `patience` is in seconds: whoever looks with `held` has the lock for a moment.
    """
    if path.absolute() in _mine:
        return True
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _mine.add(path.absolute())
            return True
        except OSError:
            if time.monotonic() >= end:
                os.close(handle)
                return False
        time.sleep(0.02)


def held(path: Path) -> bool:
    """Say whether a process, this one included, holds the lock that `take` takes."""
    if path.absolute() in _mine:
        return True
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.lockf(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared, so that two who look do not see each other
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Let one thread of one process at a time into a block."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # flock, not lockf: it keeps threads of one process apart as well
        yield
    finally:
        os.close(handle)
