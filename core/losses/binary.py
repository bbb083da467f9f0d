"""The cosine as a probability."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss

    from core.losses.given import Given


def binary(given: Given, scale: float = 10.0, center: float = 0.5, lowest: float = 0.0) -> CosineSimilarityLoss:
    """Read the cosine as odds that two texts are alike, and bring these to the score, by the binary cross-entropy.

    The probability is the logistic function of scale * (cosine - center). `lowest` is the score that stands for a probability of 0;
    a training sets it to -1 where its data set has scores below 0.

    Needs: scored pairs, with scores from 0 to 1, or from -1 to 1.
    Choose it for: yes-or-no judgements, such as duplicate or not; what is far on the right side already pulls no longer.
    Source: Zhai et al. 2023 (arXiv 2303.15343), there over all pairs of a batch.
    """
    from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss

    from core.losses.odds import Logits, Odds

    return CosineSimilarityLoss(given, loss_fct=Odds(lowest), cos_score_transformation=Logits(scale, center))  # type: ignore[arg-type]
