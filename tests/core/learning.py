"""A training of objectives with the tiny model: what the tests of objectives, losses and texts run."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from core import models
from core.dataset import Dataset, ObjectiveRows, Row, ScoredPair, TextRow
from core.embeddings import EmbeddingStore
from core.losses import SCORES, TEXTS, TRIPLETS
from core.objectives import rows_of
from core.recipe import TrainSettings, parse
from core.train import TrainResult, train

LEARNS: Mapping[str, Any] = {"num_train_epochs": 6, "per_device_train_batch_size": 8, "learning_rate": 3e-3}


def rows(data: Dataset, kind: str) -> tuple[Row, ...]:
    """Return the training pairs as rows of a kind: the next pair's passage stands for a wrong answer."""
    pairs = data.train
    wrong = [pairs[(i + 1) % len(pairs)].positive for i in range(len(pairs))]
    if kind == TRIPLETS:
        return tuple(dataclasses.replace(pair, negatives=(other,)) for pair, other in zip(pairs, wrong, strict=True))
    if kind == SCORES:
        right = [ScoredPair(pair.query, pair.positive, 1.0) for pair in pairs]
        unlike = [ScoredPair(pair.query, other, 0.0) for pair, other in zip(pairs, wrong, strict=True)]
        return tuple(row for both in zip(right, unlike, strict=True) for row in both)
    if kind == TEXTS:
        return tuple(TextRow(pair.positive) for pair in pairs)
    return pairs


class Training:
    """One training with the tiny model; keeps the rows of metrics."""

    def __init__(self, folder: Path, base: Path) -> None:
        self.folder, self.base, self.metrics = folder, base, []

    def run(self, data: Dataset, objectives: Sequence[Mapping[str, Any]], **settings: Any) -> TrainResult:
        named = [{"datasets": {"train": {"name": "project:Tiny"}}, **objective} for objective in objectives]
        plain = {"base_model": str(self.base), "objectives": named, "chance": 1, **settings, "args": {**LEARNS, **settings.get("args", {})}}
        held = tuple(ObjectiveRows(rows(data, rows_of(str(objective["type"])))) for objective in objectives)
        chosen: TrainSettings = parse({"train": plain}).train
        store = EmbeddingStore(self.folder / "embeddings")
        return train(dataclasses.replace(data, objectives=held), chosen, self.folder / "run", store, metric=self.metrics.append)

    @property
    def losses(self) -> list[float]:
        return [row["loss"] for row in self.metrics if "loss" in row]

    @property
    def vectors(self) -> np.ndarray:
        return models.load(str(self.folder / "run" / "model"), "cpu").encode_document(["abcd efgh", "another text", "the third"])


@contextmanager
def full_card(rows: int, after: int = 0) -> Iterator[list[int]]:
    """Let attention refuse more than so many rows at once in training, as a full card would; yield the sizes that it refused.

    The first calls, `after` of them, pass whatever their size.
    """
    import torch
    from transformers.models.bert.modeling_bert import BertSelfAttention

    refused: list[int] = []
    calls = count()

    def refuse(module: Any, inputs: tuple[Any, ...]) -> None:
        if isinstance(module, BertSelfAttention) and inputs and torch.is_grad_enabled() and len(inputs[0]) > rows and next(calls) >= after:
            refused.append(len(inputs[0]))
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    hook = torch.nn.modules.module.register_module_forward_pre_hook(refuse)
    try:
        yield refused
    finally:
        hook.remove()


class Cut(list[Any]):
    """Rows of metrics that end the training at a step, as a kill would."""

    def __init__(self, step: int) -> None:
        self.step = step

    def append(self, row: Mapping[str, Any]) -> None:
        super().append(row)
        if row.get("step", 0) >= self.step and "loss" in row:
            raise KeyboardInterrupt


def weights(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*.safetensors")))
