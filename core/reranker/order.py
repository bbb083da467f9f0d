"""The order in which a reranker's rows are dealt, and the batch that is made of them."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.reranker.rows import LabelledRow

WINDOW = 16  # batches among which rows are sorted by length, so that a batch pads little


class ByLength:
    """Deal rows into batches of like length, anew each epoch; the same seed and epoch give the same batches."""

    def __init__(self, rows: Sequence[LabelledRow], size: int, seed: int) -> None:
        self.lengths = [len(row.query) + len(row.passage) for row in rows]
        self.size, self.seed, self.epoch = size, seed, 0

    def __len__(self) -> int:
        return math.ceil(len(self.lengths) / self.size)

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch is dealt next; the trainer calls it, on resuming too."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        draw = random.Random(f"{self.seed} {self.epoch}")
        order = list(range(len(self.lengths)))
        draw.shuffle(order)
        window = WINDOW * self.size
        for start in range(0, len(order), window):
            order[start : start + window] = sorted(order[start : start + window], key=self.lengths.__getitem__)
        batches = [order[start : start + self.size] for start in range(0, len(order), self.size)]
        draw.shuffle(batches)
        yield from batches


class Collator:
    """Make a batch of the rows whose numbers it is given, as the library's losses take it; texts stay in memory."""

    valid_label_columns: tuple[str, ...] = ()  # the library's trainer asks for them

    def __init__(self, rows: Sequence[LabelledRow]) -> None:
        self.rows = rows

    def __call__(self, features: Sequence[Mapping[str, int]]) -> dict[str, Any]:
        """Return the questions, the passages and the labels of a batch."""
        import torch

        rows = [self.rows[feature["row"]] for feature in features]
        labels = torch.tensor([float(row.label) for row in rows])
        return {"label": labels, "query": [row.query for row in rows], "passage": [row.passage for row in rows]}
