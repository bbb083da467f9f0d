"""A weighted sum of losses over one embedding of the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn


class Composed(nn.Module):
    """Add to a loss others with their weights. All see the same vectors, so the batch is embedded once for them all."""

    def __init__(self, main: nn.Module, others: Sequence[tuple[float, nn.Module]], weight: float = 1.0) -> None:
        super().__init__()
        self.main, self.weight = main, weight
        self.weights = [weight for weight, _ in others]
        self.others = nn.ModuleList(loss for _, loss in others)

    def forward(self, features: Sequence[dict[str, Any]], labels: Tensor | None) -> Tensor:
        """Return the sum of weight times loss; `features` holds one dictionary a column."""
        total: Tensor = self.weight * self.main(features, labels)
        for weight, loss in zip(self.weights, self.others, strict=True):
            total = total + weight * loss(features, labels)
        return total
