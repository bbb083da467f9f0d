"""A right answer nearer than a wrong one, by a margin."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from core.losses.given import Given


def triplet(given: Given, triplet_margin: float = 0.3) -> nn.Module:
    """Keep the wrong answer of each row further from its question than the right one, by a margin in cosine distance.

    Needs: rows with a right and a wrong answer.
    Choose it for: wrong answers that were chosen with care, such as a table's rows of another category.
    Source: Schroff et al. 2015 (arXiv 1503.03832).
    """
    from sentence_transformers.sentence_transformer.losses import TripletDistanceMetric, TripletLoss

    return TripletLoss(given, distance_metric=TripletDistanceMetric.COSINE, triplet_margin=triplet_margin)  # type: ignore[arg-type]
