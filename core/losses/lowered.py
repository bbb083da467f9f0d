"""Cross-entropy in which the right answer must win by a margin."""

from __future__ import annotations

from torch import Tensor, nn


class LoweredCrossEntropy(nn.CrossEntropyLoss):
    """Lower the right answer's logit by `margin` before it is compared. Source: Yang et al. 2019 (arXiv 1902.08564)."""

    def __init__(self, margin: float) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the mean loss of logits (n, m) whose right answers are at `target` (n)."""
        return super().forward(input - self.margin * nn.functional.one_hot(target, input.shape[1]), target)
