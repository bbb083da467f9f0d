"""Which pairs are trained on together: in one batch, everybody else's passage is a wrong answer, so none may be a right one."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence

from core import text
from core.schema import TrainPair

Keys = tuple[str, ...]


def keys(pairs: Sequence[TrainPair]) -> list[Keys]:
    """Return what must not occur twice in a batch: each pair's query, its passage, and the passage's text."""
    return [(f"q {text.normalise(p.query)}", f"p {p.passage_id}", f"t {text.normalise(p.positive)}") for p in pairs]


class Batches:
    """Deal pairs into batches of like size, anew each epoch; the same seed and epoch give the same batches.

    Every epoch has as many batches, so that a resumed run knows where it was. Pairs for which an epoch has no batch without
    their query or passage are left out of it; another epoch deals them otherwise.
    """

    def __init__(self, keys: Sequence[Keys], size: int, seed: int) -> None:
        self.keys = keys
        self.size = size
        self.seed = seed
        self.epoch = 0
        most = max(Counter(key for own in keys for key in own).values(), default=1)
        full = math.ceil(len(keys) / size)
        # A passage with many questions asks for many batches; but half-full ones teach little.
        self.count = max(1, full, min(most, math.ceil(2 * len(keys) / size)))

    def __len__(self) -> int:
        return self.count

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch is dealt next; the trainer calls it, on resuming too."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        order = list(range(len(self.keys)))
        random.Random(f"{self.seed} {self.epoch}").shuffle(order)
        batches: list[list[int]] = [[] for _ in range(self.count)]
        taken: list[set[str]] = [set() for _ in range(self.count)]
        for turn, i in enumerate(order):
            for step in range(self.count):
                at = (turn + step) % self.count
                if len(batches[at]) < self.size and taken[at].isdisjoint(self.keys[i]):
                    batches[at].append(i)
                    taken[at].update(self.keys[i])
                    break
        yield from batches
