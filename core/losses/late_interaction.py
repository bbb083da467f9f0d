"""The order that a model's late interaction gives texts, learned by its single vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from core.losses.given import Given

TEMPERATURE = 0.1  # at 0.02 single vectors follow small differences of the teacher's, and lose (bench/RESULTS.md)


def distillation(given: Given, temperature: float = TEMPERATURE) -> nn.Module:
    """Bring the softmax of each query's cosines to that of its teacher's scores, by the Kullback-Leibler divergence.

    Needs: lessons, that is queries with texts near them and the late interaction's score of each; they are made of texts alone.
    Choose it for: texts without any questions; measured best with Quick (bench/RESULTS.md).
    Source: the divergence, Lin et al. 2020 (arXiv 2010.11386); late interaction, Khattab and Zaharia 2020 (arXiv 2004.12832).
    """
    from sentence_transformers.sentence_transformer.losses import DistillKLDivLoss
    from sentence_transformers.util import pairwise_cos_sim

    from core.losses.composed import Composed

    loss = DistillKLDivLoss(given, similarity_fct=pairwise_cos_sim, temperature=temperature)  # type: ignore[arg-type]
    return Composed(loss, (), temperature**-2)  # the library lowers it by the temperature squared, here to almost nothing
