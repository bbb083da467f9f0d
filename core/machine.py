"""What was measured once about this machine, kept in $ATTUNE_HOME/machine.json: the faster precision, the pace of training."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from core import disk
from core.project import home

OVERHEAD = 1.25  # all cores are never busy all of the time: measured 0.8 of it in training steps on two cores


def seconds(work: Callable[[], Any], *, processor: bool = False) -> float:
    """Return how long `work` takes; for `processor` work, how long it would take if no other program made it wait.

    What is measured once is kept for good, and must not be ten times too slow because of what else ran in that minute: on a
    busy machine the processor time of this process, spread over the cores, stands for the time by the clock.
    """
    start, spent = time.perf_counter(), time.process_time()
    work()
    clock, own = time.perf_counter() - start, time.process_time() - spent
    busy = os.getloadavg()[0] > cores()
    return min(clock, own / cores() * OVERHEAD) if processor and busy else clock


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def name() -> str:
    """Name what decides the machine's pace: processor, cores, graphics cards, and torch's version; torch is not imported."""
    return " · ".join([processor(), f"{cores()} cores", *cards(), f"torch {version('torch')}"])


def processor() -> str:
    """Return the processor's name as the system gives it."""
    return _line(Path("/proc/cpuinfo"), "model name") or platform.processor() or platform.machine()


def cards() -> list[str]:
    """Return the names of the NVIDIA graphics cards, as their driver gives them."""
    return [_line(path, "Model") for path in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))]


def user() -> str:
    """Return the name of the person at work as the system knows it, "" where it knows none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container with a number for a user
        return ""


def _line(path: Path, label: str) -> str:
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(label)), "")


def has_bfloat16() -> bool:
    """Say whether the processor computes with bfloat16 itself; elsewhere it is emulated, and slow."""
    import torch

    found = (getattr(torch.cpu, name, lambda: False) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(test() for test in found)


def known(what: str) -> Any:
    """Return what was measured under this name on this machine, None before it was."""
    return _read(home() / "machine.json").get(f"{what} · {name()}")


def remember(what: str, measure: Callable[[], Any]) -> Any:
    """Return what was measured under this name on this machine, measuring it (JSON-able) the first time.

    One process measures at a time, so that all of them go by one result.
    """
    if (found := known(what)) is not None:
        return found
    with (home() / "machine.lock").open("w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        if (found := known(what)) is None:
            found = measure()
            path = home() / "machine.json"
            disk.write_atomic(path, json.dumps(_read(path) | {f"{what} · {name()}": found}, indent=1, ensure_ascii=False))
        return found


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
