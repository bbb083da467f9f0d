"""CoSENT: the order of the scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from core.losses.given import Given


def cosent(given: Given, scale: float = 20.0) -> nn.Module:
    """Bring pairs with a higher score nearer together than pairs of the batch with a lower one.

    Needs: scored pairs, of at least two different scores in a batch.
    Choose it for: judgements of likeness, whatever their scale; the usual choice for scored pairs.
    Source: Su 2022 (https://kexue.fm/archives/8847); Huang et al. 2024.
    """
    from sentence_transformers.sentence_transformer.losses import CoSENTLoss

    return CoSENTLoss(given, scale=scale)  # type: ignore[arg-type]
