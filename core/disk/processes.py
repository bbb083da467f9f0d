"""Knowing a process again, and ending what is left of its group, without ever hitting a stranger with the same number."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

CLOCK_STEP = 5.0  # seconds by which a start time may seem to move when the clock is set


@dataclass(frozen=True)
class Identity:
    """Name one process for good: its number may be used again, but not with this start time in this boot."""

    pid: int
    started: float
    boot: str


def own() -> Identity:
    """Return this process's identity."""
    import psutil

    return Identity(os.getpid(), psutil.Process().create_time(), boot())


def boot() -> str:
    """Return what changes with every start of the machine."""
    import psutil

    known = Path("/proc/sys/kernel/random/boot_id")
    return known.read_text().strip() if known.exists() else str(int(psutil.boot_time()))


def group(leader: Identity) -> list[int]:
    """Return the processes still in the group that `leader` founded; none when its number belongs to somebody else by now."""
    import psutil

    if leader.boot != boot() or not _there(leader.pid):
        return []
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if os.getpgid(process.pid) != leader.pid or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.pid == leader.pid and abs(process.create_time() - leader.started) > CLOCK_STEP:
                return []  # another process leads a group of this number now
            if process.create_time() > leader.started - CLOCK_STEP:
                found.append(process.pid)
    return found


def _there(number: int) -> bool:
    """Say at little cost whether there is a group of this number at all."""
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end_group(leader: Identity, patience: float = 5.0) -> int:
    """End what is left of a process and its children, kindly first; return how many there were."""
    members = group(leader)
    for sign, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 2.0)):
        if not (left := group(leader)):
            break
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, sign)
        end = time.monotonic() + wait
        while group(leader) and time.monotonic() < end:
            time.sleep(0.05)
    return len(members)
