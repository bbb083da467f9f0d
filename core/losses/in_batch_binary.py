"""The cosine as a probability, over all pairs of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from core.losses.given import Given


def in_batch_binary(given: Given, scale: float = 10.0, center: float = 0.5, lowest: float = 0.0, weight: float = 1.0) -> nn.Module:
    """Bring the odds of a pair to its score, and those of every first text with every other row's second text to 0.

    `weight` is that of the unrelated pairs' mean beside the rows' mean; the others are BinaryCrossEntropyLoss's.

    Needs: scored pairs, whose texts have nothing to do with other rows' texts as a rule.
    Choose it for: lists of duplicates that hold few pairs of unlike texts, or none.
    Source: Zhai et al. 2023 (arXiv 2303.15343).
    """
    from core.losses.binary import binary
    from core.losses.in_batch import InBatchValues

    return InBatchValues(given, binary(given, scale, center, lowest), lowest, weight)
