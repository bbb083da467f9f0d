"""A batch whose rows know nothing of each other, in parts where memory does not hold it at once: the step is that of the whole batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from core.errors import UserError
from core.train import memory

Batch = Mapping[str, Any]
N = TypeVar("N", bound=Any)  # a number or a tensor


@dataclass
class Parts:
    """How many rows go through the model at once, 0 for all; it is halved where memory runs out, and stays so.

    `told` hears of it. `refusal` says what to do where one row alone is too much.
    """

    told: Callable[[int], None]
    refusal: UserError
    at_once: int = 0

    def __str__(self) -> str:
        """Return what is told beside the progress."""
        return f"; memory was short, so {self.at_once} go through the model at once" if self.at_once else ""

    def added(self, batch: Batch, do: Callable[[Batch, float], N], weight: Callable[[Batch], float], release: Callable[[], None]) -> N:
        """Return the sum of `do(part, share)` over a batch's parts; a share is a part's `weight` in that of the batch.

        Begins the batch anew, after `release`, where memory runs out in the midst of it. A part of no weight is left out.
        """
        while True:
            try:
                return self._added(batch, do, weight)
            except (RuntimeError, MemoryError) as error:
                if not memory.short(error):
                    raise
                self._halve(_rows(batch))
            release()
            self.told(self.at_once)

    def _added(self, batch: Batch, do: Callable[[Batch, float], N], weight: Callable[[Batch], float]) -> N:
        if not self.at_once:
            return do(batch, 1.0)
        whole = weight(batch)
        parts = [(part, weight(part) / whole) for part in _cut(batch, self.at_once) if weight(part)]
        first, *rest = [do(part, share) for part, share in parts] or [do(batch, 1.0)]
        for more in rest:
            first = first + more
        return first

    def _halve(self, rows: int) -> None:
        widest = self.at_once or rows
        if widest < 2:
            raise UserError(self.refusal.message, self.refusal.hint) from None
        self.at_once = widest // 2


class InParts:
    """Beside one of the libraries' trainers, whose losses are means over a batch: it does each step by its `parts`."""

    parts: Parts
    share = 1.0

    @staticmethod
    def weight(batch: Batch) -> float:
        """Return over how many things the loss of a batch is the mean."""
        raise NotImplementedError

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
        """Do a step; where memory does not hold the batch, in smaller parts from then on."""
        step = super().training_step  # type: ignore[misc]

        def part(batch: Batch, share: float) -> Any:
            self.share = share
            return step(model, dict(batch))

        return self.parts.added(inputs, part, self.weight, lambda: memory.release(model.parameters()))

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        """Return what a part adds to the loss of the batch."""
        return self.share * super().compute_loss(model, inputs)  # type: ignore[misc]


def _rows(batch: Batch) -> int:
    return max(len(value) for value in batch.values())


def _cut(batch: Batch, size: int) -> Iterator[Batch]:
    """Yield a batch's rows, `size` at a time."""
    for start in range(0, _rows(batch), size):
        yield {name: value[start : start + size] for name, value in batch.items()}
