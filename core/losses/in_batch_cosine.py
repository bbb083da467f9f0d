"""The cosine as the score, over all pairs of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from core.losses.given import Given


def in_batch_squared(given: Given, weight: float = 1.0) -> nn.Module:
    """Bring the cosine of a pair to its score, and that of every first text with every other row's second text to 0.

    `weight` is that of the unrelated pairs' mean beside the rows' mean.

    Needs: scored pairs, whose texts have nothing to do with other rows' texts as a rule.
    Choose it for: cosines that are to be read off as scores, in data that holds few unrelated pairs.
    Source: CosineSimilarityLoss, over all pairs of a batch as Henderson et al. 2017 (arXiv 1705.00652) take them.
    """
    from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss

    from core.losses.in_batch import InBatchValues

    return InBatchValues(given, CosineSimilarityLoss(given), 0.0, weight)  # type: ignore[arg-type]
