"""How a measurement is printed: what, how much, and the bound that DESIGN and issues set."""

from __future__ import annotations

import os
import platform


def machine() -> str:
    """Return the machine in one line."""
    import psutil

    from core.machine import processor

    memory = psutil.virtual_memory().total / 1e9
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores ({processor()}), {memory:.0f} GB, {platform.system()}, Python {platform.python_version()}"


def line(what: str, value: float, unit: str, bound: float | None = None, note: str = "") -> None:
    """Print one measurement, and whether it keeps its bound."""
    kept = "" if bound is None else f"  (bound {bound:g} {unit}: {'kept' if value <= bound else 'NOT KEPT'})"
    print(f"{what:<58} {value:8.2f} {unit}{kept}{'  ' + note if note else ''}", flush=True)
