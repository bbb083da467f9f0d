"""Multiple negatives ranking with a guide that strikes out false negatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from core.losses.given import Given


def gist(
    given: Given,
    temperature: float = 0.05,
    margin_strategy: str = "absolute",
    margin: float = 0.0,
    contrast_anchors: bool = True,
    contrast_positives: bool = True,
    answer_margin: float = 0.0,
) -> nn.Module:
    """Rank as multiple negatives ranking does, without the wrong answers that a guide model finds nearer than the right one.

    `margin` widens what the guide strikes out; by `answer_margin`, an objective's margin, the right answer must be nearer than the rest.

    Needs: pairs, and a guide: any embedding model, the base itself if none is named; it embeds once for the whole training.
    Choose it for: data in which several passages answer a question and nobody has marked them.
    Source: Solatorio 2024 (arXiv 2402.16829).
    """
    from sentence_transformers.sentence_transformer.losses import GISTEmbedLoss

    from core.losses.given import GUIDE

    loss = GISTEmbedLoss(
        given,  # type: ignore[arg-type]
        given.like(GUIDE),  # type: ignore[arg-type]
        temperature=temperature,
        margin_strategy=margin_strategy,  # type: ignore[arg-type]
        margin=margin,
        contrast_anchors=contrast_anchors,
        contrast_positives=contrast_positives,
    )
    if answer_margin:
        from core.losses.lowered import LoweredCrossEntropy

        loss.cross_entropy_loss = LoweredCrossEntropy(answer_margin / temperature)
    return loss
