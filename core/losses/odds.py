"""The cosine as odds: what binary cross-entropy needs of the library's loss over cosines."""

from __future__ import annotations

from torch import Tensor, nn


class Logits(nn.Module):
    """Return scale * (cosine - center): the logit of the probability that two texts are alike."""

    def __init__(self, scale: float, center: float) -> None:
        super().__init__()
        self.scale, self.center = scale, center

    def forward(self, cosines: Tensor) -> Tensor:
        """Return a logit for each cosine."""
        return self.scale * (cosines - self.center)


class Odds(nn.Module):
    """Return the binary cross-entropy of logits against scores, of which `lowest` stands for a probability of 0 and 1 for 1."""

    def __init__(self, lowest: float) -> None:
        super().__init__()
        self.lowest = lowest

    def forward(self, logits: Tensor, scores: Tensor) -> Tensor:
        """Return the mean over all pairs."""
        return nn.functional.binary_cross_entropy_with_logits(logits, ((scores - self.lowest) / (1 - self.lowest)).clamp(0, 1))
