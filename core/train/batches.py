"""How rows are dealt into batches, and the batches of several objectives into one order."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate

from core.objectives.meeting import Keys


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


class Interleaved:
    """The batches of several objectives in one order; a row's number counts through all of them.

    "proportional" takes all batches of all, mixed; "round_robin" takes turns until the objective with the fewest is through.
    The same seed and epoch give the same order.
    """

    def __init__(self, parts: Sequence[Batches], how: str, seed: int) -> None:
        self.parts, self.how, self.seed, self.epoch = parts, how, seed, 0
        ends = list(accumulate(len(part.keys) for part in parts))
        self.starts = [0, *ends[:-1]]
        self.total = ends[-1]

    def place(self, row: int) -> tuple[int, int]:
        """Return the objective that a row's number stands for, and the row's own number in it."""
        objective = bisect_right(self.starts, row) - 1
        return objective, row - self.starts[objective]

    def __len__(self) -> int:
        lengths = [len(part) for part in self.parts]
        return min(lengths) * len(lengths) if self.how == "round_robin" else sum(lengths)

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch is dealt next; the trainer calls it, on resuming too."""
        self.epoch = epoch
        for part in self.parts:
            part.set_epoch(epoch)

    def __iter__(self) -> Iterator[list[int]]:
        order = [objective for objective, part in enumerate(self.parts) for _ in range(len(part))]
        if self.how == "round_robin":
            order = list(range(len(self.parts))) * min(len(part) for part in self.parts)
        else:
            random.Random(f"order {self.seed} {self.epoch}").shuffle(order)
        dealt = [iter(part) for part in self.parts]
        for objective in order:
            yield [self.starts[objective] + row for row in next(dealt[objective])]
