"""Where the time of a training step goes: the program's own work on one side, the processor's or the card's on the other.

python -m bench.step
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import report
from bench.train import CARD_BATCH, dataset
from core import train
from core.embeddings import EmbeddingStore
from core.models import compute
from core.recipe import TrainSettings

SKIP = 5  # steps before the profile begins
ROWS = 12
PARTS = {
    "making batches": ("collate.py", "__call__"),
    "forward": ("step.py", "__call__"),
    "backward": ("accelerator.py", "backward"),
    "norms of gradients": ("accelerator.py", "clip_grad_norm_"),
    "optimiser": ("optimizer.py", "step"),
    "what is told (loss, live curves)": ("trainer.py", "_maybe_log_save_evaluate"),
}


def profiled(steps: int, batch: int, profile: Any) -> float:
    """Train so many steps under a profile, and return the seconds of one; `profile` has start and stop."""
    seen: list[float] = []

    def metric(row: Any) -> None:
        if "loss" not in row:
            return
        seen.append(time.perf_counter())
        if len(seen) == SKIP:
            profile.start()
        if len(seen) == SKIP + steps:
            profile.stop()

    data = dataset(batch * (SKIP + steps + 1))
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainSettings(dial="balanced", epochs=1, batch_size=batch, blend=())
        store = EmbeddingStore(Path(folder) / "embeddings")
        train.train(data, settings, Path(folder), store, metric=metric, stop=lambda: len(seen) >= SKIP + steps)
    return (seen[SKIP + steps - 1] - seen[SKIP - 1]) / steps


class Calls:
    """Python's own profiler, by the names that torch's has."""

    def __init__(self) -> None:
        self.of = cProfile.Profile()
        self.start, self.stop = self.of.enable, self.of.disable

    def seconds(self, file: str, name: str) -> float:
        """Return the seconds inside a function, what it calls included."""
        found: Any = pstats.Stats(self.of)
        return sum(row[3] for (path, _, own), row in found.stats.items() if path.endswith(file) and own == name)


def main() -> None:
    import torch
    from torch.profiler import ProfilerActivity

    card = compute.device() == "cuda"
    steps, batch = (30, CARD_BATCH) if card else (4, 32)
    calls = Calls()
    step = profiled(steps, batch, calls)
    report.line(f"a step of {batch} pairs, under Python's profiler", 1000 * step, "ms")
    for what, place in PARTS.items():
        report.line(f"  {what}", 1000 * calls.seconds(*place) / steps, "ms")
    kinds = [ProfilerActivity.CPU, ProfilerActivity.CUDA] if card else [ProfilerActivity.CPU]
    with_torch = torch.profiler.profile(activities=kinds)
    step = profiled(steps, batch, with_torch)
    rows = with_torch.key_averages()
    own = "self_device_time_total" if card else "self_cpu_time_total"
    busy = sum(getattr(row, own) for row in rows if not card or row.device_type == torch.autograd.DeviceType.CUDA) / 1e6
    report.line(
        f"a step, under torch's profiler; {'the card' if card else 'the processor'} is busy {100 * busy / steps / step:.0f} %",
        1000 * step,
        "ms",
    )
    print(rows.table(sort_by=own, row_limit=ROWS, max_name_column_width=60))


if __name__ == "__main__":
    sys.exit(main())
