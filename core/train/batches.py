"""Which pairs are trained on together: in one batch, everybody else's passage is a wrong answer, so none may be a right one."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core import text
from core.schema import TrainPair


@dataclass(frozen=True)
class Keys:
    """What a pair brings into a batch, and what must not be there with it: it avoids at least what it brings."""

    brings: frozenset[str]
    avoids: frozenset[str]


def keys(pairs: Sequence[TrainPair]) -> list[Keys]:
    """Return each pair's keys: it brings its query, its passage and that one's text and mark; it avoids what is or may be right.

    Texts are texts on either side: a query that is a passage itself must not meet itself as a wrong answer.
    """
    made = []
    for pair in pairs:
        marks = {f"m {mark}" for mark in pair.marks[:1]}
        own = frozenset({f"t {text.normalise(pair.query)}", f"p {pair.passage_id}", f"t {text.normalise(pair.positive)}"} | marks)
        made.append(Keys(own, own | {f"m {mark}" for mark in pair.avoid}))
    return made


def hard_negatives(rows: Sequence[TrainPair], count: int, epoch: int) -> list[str]:
    """Return the texts of a batch's hard negatives, each once: up to `count` for each row, others in every epoch.

    One that is right for another row's query, or may be, is passed over; one that stands in the batch as a row's passage is
    a wrong answer for all others already.
    """
    there = {mark for row in rows for mark in row.marks[:1]}
    shunned = {mark for row in rows for mark in row.avoid} - there
    chosen: dict[str, str] = {}
    for row in rows:
        wrong = list(zip(row.marks[1:] or row.negatives, row.negatives, strict=True))
        first = epoch * count % len(wrong) if wrong else 0
        fine = [(mark, negative) for mark, negative in wrong[first:] + wrong[:first] if mark not in shunned]
        chosen.update({mark: negative for mark, negative in fine[:count] if mark not in there})
    return list(chosen.values())


class Batches:
    """Deal pairs into batches of like size, anew each epoch; the same seed and epoch give the same batches.

    Every epoch has as many batches, so that a resumed run knows where it was. Pairs for which an epoch has no batch without
    what they avoid are left out of it; another epoch deals them otherwise.
    """

    def __init__(self, keys: Sequence[Keys], size: int, seed: int) -> None:
        self.keys = keys
        self.size = size
        self.seed = seed
        self.epoch = 0
        most = max(Counter(key for own in keys for key in own.brings).values(), default=1)
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
        brought: list[set[str]] = [set() for _ in range(self.count)]
        avoided: list[set[str]] = [set() for _ in range(self.count)]
        for turn, i in enumerate(order):
            own = self.keys[i]
            for step in range(self.count):
                at = (turn + step) % self.count
                if len(batches[at]) < self.size and brought[at].isdisjoint(own.avoids) and avoided[at].isdisjoint(own.brings):
                    batches[at].append(i)
                    brought[at] |= own.brings
                    avoided[at] |= own.avoids
                    break
        yield from batches
