"""CoSENT over all pairs of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from core.losses.given import Given


def in_batch_cosent(given: Given, scale: float = 20.0) -> nn.Module:
    """Order a batch's pairs as CoSENT does, below them every first text with every other row's second text.

    Needs: scored pairs, whose texts have nothing to do with other rows' texts as a rule.
    Choose it for: data sets in which nearly all pairs are alike, so that there is little to order them against.
    Source: CoSENT (Su 2022), over all pairs of a batch as Henderson et al. 2017 (arXiv 1705.00652) take them.
    """
    from sentence_transformers.sentence_transformer.losses import CoSENTLoss
    from sentence_transformers.util import cos_sim

    from core.losses.in_batch import InBatchOrder

    return InBatchOrder(given, CoSENTLoss(given, scale=scale), cos_sim)  # type: ignore[arg-type]
