"""What is done when memory does not hold a batch: it is embedded in smaller parts, and stays as large as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import UserError
from core.models import compute
from core.models.compute import short

__all__ = ["release", "short", "smaller"]


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


def release(model: Any) -> None:
    """Forget the gradients of the step that failed, and give its memory back."""
    model.zero_grad(set_to_none=True)
    compute.release()
