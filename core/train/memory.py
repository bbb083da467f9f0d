"""What is done when memory does not hold a batch: it is embedded in smaller parts, and stays as large as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from core.errors import UserError
from core.models import compute
from core.models.compute import short

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["gradients", "release", "short", "smaller"]


def smaller(part: int, batch: Mapping[str, Any], pairs: int) -> int:
    """Return half of what was embedded at once; raise `UserError` where that was one text already.

    `part` is that number, 0 for whole chunks; `pairs` is the batch size that the person set.
    """
    widest = part or max(len(chunk["input_ids"]) for chunk in batch["chunks"])
    if widest < 2:
        raise UserError(
            f"There is not enough memory for batches of {pairs} pairs, even embedded one text at a time.",
            f"Set the batch size to {max(2, pairs // 2)}, or choose a smaller model, then resume or start again.",
        )
    return widest // 2


def gradients(weights: Iterable[Tensor]) -> list[tuple[Tensor, Tensor]]:
    """Return weights with a copy of their gradients, those that have one: what the earlier batches of a step left."""
    return [(weight, weight.grad.clone()) for weight in weights if weight.grad is not None]


def release(weights: Iterable[Tensor], earlier: Iterable[tuple[Tensor, Tensor]] = ()) -> None:
    """Forget the gradients of the batch that failed, put those back that were there `earlier`, and give its memory back."""
    for weight in weights:
        weight.grad = None
    for weight, slope in earlier:
        weight.grad = slope
    compute.release()
