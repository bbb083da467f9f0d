"""What was measured once about this machine, kept in $ATTUNE_HOME/machine.json: the faster precision, the pace of training."""

from __future__ import annotations

import fcntl
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import disk
from core.project import home


def seconds(work: Callable[[], Any]) -> float:
    """Return how long `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def name() -> str:
    """Name the machine and what decides its pace: processor, graphics card, threads and torch's version."""
    import torch

    card = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    return " · ".join(part for part in (processor(), card, f"{torch.get_num_threads()} threads", f"torch {torch.__version__}") if part)


def processor() -> str:
    """Return the processor's name as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor() or "processor")


def has_bfloat16() -> bool:
    """Say whether the processor computes with bfloat16 itself; elsewhere it is emulated, and slow."""
    import torch

    found = (getattr(torch.cpu, name, lambda: False) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(test() for test in found)


def remember(what: str, measure: Callable[[], Any]) -> Any:
    """Return what was measured under this name on this machine, measuring it (JSON-able) the first time.

    One process measures at a time, so that all of them go by one result.
    """
    key = f"{what} · {name()}"
    path = home() / "machine.json"
    known = _read(path)
    if key in known:
        return known[key]
    with (home() / "machine.lock").open("w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        known = _read(path)
        if key not in known:
            known[key] = measure()
            disk.write_atomic(path, json.dumps(known, indent=1, ensure_ascii=False))
        return known[key]


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
