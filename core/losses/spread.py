"""The penalty on the spread of wrong answers' similarities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from core.losses.given import VECTOR, Given


class SpreadPenalty(nn.Module):
    """Return the mean square of how far the cosines of wrong pairs are from where they would lie in the best of all spaces.

    That place, `target`, is -1 / (n - 1) for n rows of training data if none is given. Small batches push their wrong answers
    further apart than that, each batch its own, which spreads the similarities. Source: Lee et al. 2025 (arXiv 2506.09781), the
    auxiliary loss of section 5.
    """

    def __init__(self, given: Given, rows: int, target: float | None = None) -> None:
        super().__init__()
        self.given = given
        self.target = -1.0 / max(1, rows - 1) if target is None else target

    def forward(self, features: Sequence[dict[str, Any]], labels: Tensor | None = None) -> Tensor:
        """Return the penalty over the first column's rows and all but their own answer in the second, further columns whole."""
        first, second, *others = (nn.functional.normalize(self.given(column)[VECTOR].float(), dim=1) for column in features)
        cosines = first @ torch.cat([second, *others]).T
        wrong = ~torch.eye(*cosines.shape, dtype=torch.bool, device=cosines.device)
        return (cosines[wrong] - self.target).square().mean() if wrong.any() else cosines.sum() * 0
