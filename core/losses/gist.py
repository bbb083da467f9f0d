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
) -> nn.Module:
    """Rank as multiple negatives ranking does, without the wrong answers that a guide model finds nearer than the right one.

    Needs: pairs, and a guide: any embedding model, embedded once for the whole training.
    Choose it for: data in which several passages answer a question and nobody has marked them.
    Source: Solatorio 2024 (arXiv 2402.16829).
    """
    from sentence_transformers.sentence_transformer.losses import GISTEmbedLoss

    from core.losses.given import GUIDE

    return GISTEmbedLoss(
        given,  # type: ignore[arg-type]
        given.like(GUIDE),  # type: ignore[arg-type]
        temperature=temperature,
        margin_strategy=margin_strategy,  # type: ignore[arg-type]
        margin=margin,
        contrast_anchors=contrast_anchors,
        contrast_positives=contrast_positives,
    )
