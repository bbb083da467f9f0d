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

    Every group is dealt by itself, and so is what belongs to none. A row of none would fill a group's batch, but there it is told
    from the others by its field alone, which is the easy contrast that groups are kept apart to leave out.
    """

    def __init__(self, keys: Sequence[Keys], size: int, seed: int) -> None:
        self.keys = keys
        self.size = size
        self.seed = seed
        self.epoch = 0
        groups: dict[str, list[int]] = {"": []} if not keys else {}
        for i, own in enumerate(keys):
            groups.setdefault(own.group, []).append(i)
        self.groups = [(rows, self._count(rows)) for rows in groups.values()]

    def _count(self, rows: Sequence[int]) -> int:
        most = max(Counter(key for i in rows for key in self.keys[i].brings).values(), default=1)
        # A passage with many questions asks for many batches; but half-full ones teach little.
        return max(1, math.ceil(len(rows) / self.size), min(most, math.ceil(2 * len(rows) / self.size)))

    def __len__(self) -> int:
        return sum(count for _, count in self.groups)

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch is dealt next; the trainer calls it, on resuming too."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        batches = [batch for rows, count in self.groups for batch in self._deal(rows, count)]
        if len(self.groups) > 1:
            random.Random(f"groups {self.seed} {self.epoch}").shuffle(batches)
        yield from batches

    def _deal(self, rows: Sequence[int], count: int) -> list[list[int]]:
        """Return one group's rows in this epoch's batches."""
        order = list(rows)
        random.Random(f"{self.seed} {self.epoch}").shuffle(order)
        batches: list[list[int]] = [[] for _ in range(count)]
        brought: list[set[str]] = [set() for _ in range(count)]
        avoided: list[set[str]] = [set() for _ in range(count)]
        for turn, i in enumerate(order):
            own = self.keys[i]
            for step in range(count):
                at = (turn + step) % count
                if len(batches[at]) < self.size and brought[at].isdisjoint(own.avoids) and avoided[at].isdisjoint(own.brings):
                    batches[at].append(i)
                    brought[at] |= own.brings
                    avoided[at] |= own.avoids
                    break
        return batches


class Interleaved:
    """The batches of several objectives in one order; a row's number counts through all of them.

    "proportional" takes all batches of all, mixed; "round_robin" takes turns until the objective with the fewest is through.
    The same seed and epoch give the same order. Of several processes each gets as many batches; what is left over is not dealt.
    """

    def __init__(self, parts: Sequence[Batches], how: str, seed: int, processes: int = 1) -> None:
        self.parts, self.how, self.seed, self.processes, self.epoch = parts, how, seed, processes, 0
        ends = list(accumulate(len(part.keys) for part in parts))
        self.starts = [0, *ends[:-1]]
        self.total = ends[-1]

    def place(self, row: int) -> tuple[int, int]:
        """Return the objective that a row's number stands for, and the row's own number in it."""
        objective = bisect_right(self.starts, row) - 1
        return objective, row - self.starts[objective]

    def __len__(self) -> int:
        lengths = [len(part) for part in self.parts]
        every = min(lengths) * len(lengths) if self.how == "round_robin" else sum(lengths)
        return every - every % self.processes

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
        for objective in order[: len(self)]:
            yield [self.starts[objective] + row for row in next(dealt[objective])]
