"""The cosine as the score itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from core.losses.given import Given


def squared(given: Given) -> nn.Module:
    """Bring the cosine of a pair to its score, by the squared error.

    Needs: scored pairs, with scores from -1 to 1.
    Choose it for: scores that are to be read off the cosine later; for ranking alone CoSENT serves better.
    Source: Reimers and Gurevych 2019 (arXiv 1908.10084).
    """
    from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss

    return CosineSimilarityLoss(given)  # type: ignore[arg-type]
