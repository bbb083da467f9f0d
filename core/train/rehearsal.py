"""A dry run: a few real steps of a recipe on this machine say how long training takes, and whether its batch fits into memory."""

from __future__ import annotations

import math
import os
import resource
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.dataset import Dataset, Row
from core.embeddings import EmbeddingStore
from core.models import Encoder
from core.objectives.lessons import Lesson
from core.objectives.reading import texts_of
from core.recipe import TrainSettings
from core.schema import Progress, silent
from core.train import layers, objectives, whole
from core.train.batches import Interleaved
from core.train.collate import Objective
from core.train.course import Course
from core.train.dev import SAMPLE, chooser
from core.train.plan import Plan
from core.train.watch import Watch

STEPS = 5  # the first is left out of the pace: much is set up in it
TEXTS = 64  # passages whose embedding is timed
START = 20.0  # seconds until the libraries and the model are there


@dataclass(frozen=True)
class Rehearsal:
    """What a few steps told. Times are in seconds, memory in bytes; `steps` counts those of the whole training.

    `part` is how many texts had to be embedded at once for want of memory, 0 when the batch went whole. `peak` is the most that the
    process took on `device`, `free` what was free there before.
    """

    dial: str
    device: str
    batch_size: int
    steps: int
    step: float
    text: float
    seconds: float
    peak: int
    free: int
    part: int = 0

    @property
    def fits(self) -> bool:
        """Say whether the batch went whole, and within what was free."""
        return not self.part and self.peak <= self.free

    @property
    def advice(self) -> str:
        """What to do about a batch that does not fit; empty where it does."""
        if self.part:
            return (
                f"A batch of {self.batch_size} does not fit into memory at once. It is embedded {self.part} texts at a time, which gives the "
                f"same model and takes longer; a batch size of {max(2, self.batch_size // 2)} may go whole."
            )
        if not self.fits:
            return f"A batch of {self.batch_size} takes more memory than is free. Set the batch size to {max(2, self.batch_size // 2)}."
        return ""


def rehearse(
    dataset: Dataset,
    base: Encoder,
    settings: TrainSettings,
    plan: Plan,
    embeddings: EmbeddingStore,
    root: Path,
    progress: Progress = silent,
) -> Rehearsal:
    """Train a few steps, those with the longest texts first, and reckon from them; the model inside `base` is not the base any more."""
    free = _free(base.device)
    text = _text_seconds(dataset, base)
    progress(0.2, "Trying a few steps")
    scoring, judging = min(len(dataset.passages), SAMPLE) * text, 2 * len(dataset.passages) * text
    if plan.dial == "quick":
        steps, step, part = 0, 0.0, 0
        seconds = (2 * len(dataset.train) + len(dataset.passages)) * text + judging / 2
    else:
        steps, step, part = _steps(dataset, base, settings, plan, embeddings, root, progress)
        seconds = steps * step + (plan.epochs + 2) * scoring + judging
    return Rehearsal(plan.dial, base.device, plan.batch_size, steps, step, text, START + seconds, _peak(base.device), free, part)


def _steps(
    dataset: Dataset, base: Encoder, settings: TrainSettings, plan: Plan, embeddings: EmbeddingStore, root: Path, progress: Progress
) -> tuple[int, float, int]:
    """Return how many steps the training has, how long one takes, and in what parts its batch had to be embedded."""
    taught = objectives.build(dataset, settings, plan, base, embeddings)
    order = _LongestFirst(objectives.order(taught, settings, plan), taught)
    layers.freeze(base.model, plan.freeze_layers)
    if not objectives.with_dropout(settings, plan):
        for module in (base.model, *(objective.loss for objective in taught)):
            layers.without_dropout(module)
    dev = chooser(dataset, SAMPLE)
    assert dev, "the data of a run has what chooses"
    accumulated = settings.args.gradient_accumulation_steps
    course = _Tried(plan, dev, base, Watch(progress), root, math.ceil(len(order) / accumulated))
    few = settings.model_copy(update={"args": settings.args.model_copy(update={"max_steps": STEPS, "report_to": "none"})})
    course.marks.append(time.monotonic())
    whole.trainer(taught, base, few, plan, order, root, course).train()  # type: ignore[arg-type]
    took = [two - one for one, two in zip(course.marks, course.marks[1:], strict=False)]
    total = settings.args.max_steps or plan.epochs * course.steps_per_epoch
    return total, statistics.median(took[1:] or took), course.part


@dataclass
class _Tried(Course):
    """A course that only looks at the clock: nothing is scored, kept or written."""

    marks: list[float] = field(default_factory=list)

    def step_ended(self, state: Any, control: Any) -> None:
        self.marks.append(time.monotonic())
        self.watch.progress(0.2 + 0.8 * len(self.marks) / (STEPS + 1), "Trying a few steps")

    def epoch_ended(self, state: Any, control: Any) -> None:
        """Score nothing."""

    def logged(self, state: Any, logs: dict[str, Any]) -> None:
        """Write nothing."""

    def halved(self, part: int) -> None:
        self.part = part


class _LongestFirst:
    """The batches of an order, the one with the most text before all others: if that fits, all do."""

    def __init__(self, order: Interleaved, taught: list[Objective]) -> None:
        self.order, self.taught, self.total = order, taught, order.total

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[list[int]]:
        return iter(sorted(self.order, key=self._length, reverse=True))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.order, name)

    def _length(self, batch: list[int]) -> int:
        places = [self.order.place(row) for row in batch]
        return sum(len(text) for objective, row in places for text in _texts(self.taught[objective].rows[row]))


def _texts(row: Row | Lesson) -> tuple[str, ...]:
    return (row.query, *row.passages) if isinstance(row, Lesson) else texts_of(row)


def _text_seconds(dataset: Dataset, base: Encoder) -> float:
    texts = [passage.text for passage in dataset.passages[:TEXTS]] or ["a text of some words"] * TEXTS
    base.encode_document(texts[:8])
    start = time.monotonic()
    base.encode_document(texts)
    return (time.monotonic() - start) / len(texts)


def _free(device: str) -> int:
    """Return the bytes that are free where the model is trained, with those that this process has already."""
    import psutil

    if device == "cuda":
        import torch

        return torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved()
    return int(psutil.virtual_memory().available + psutil.Process(os.getpid()).memory_info().rss)


def _peak(device: str) -> int:
    if device == "cuda":
        import torch

        return torch.cuda.max_memory_reserved()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
