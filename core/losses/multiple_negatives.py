"""Each question's passage against all others of its batch, one way or both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

    from core.losses.given import Given


def one_way(given: Given, scale: float = 20.0, margin: float = 0.0) -> nn.Module:
    """Tell each question's passage from all other passages of the batch, hard negatives among them.

    Needs: pairs; the larger the batch, the harder the task.
    Choose it for: questions and the passages that answer them.
    Source: Henderson et al. 2017 (arXiv 1705.00652); the margin, Yang et al. 2019 (arXiv 1902.08564).
    """
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    return MultipleNegativesRankingLoss(given, scale=scale, similarity_fct=_cosine(margin))  # type: ignore[arg-type]


def both_ways(given: Given, scale: float = 20.0, margin: float = 0.0) -> nn.Module:
    """The same, and tell each passage's question from all other questions of the batch.

    Needs: pairs. Passages are asked for their question too, so that no passage draws all questions to itself.
    Choose it for: texts of one kind on both sides, such as paraphrases; for questions it measured as the one-way loss.
    Source: as the one-way loss; the symmetric form, Radford et al. 2021 (arXiv 2103.00020).
    """
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesSymmetricRankingLoss

    return MultipleNegativesSymmetricRankingLoss(given, scale=scale, similarity_fct=_cosine(margin))  # type: ignore[arg-type]


def _cosine(margin: float) -> Any:
    """Return the cosines of all rows with all others, those of right answers (the diagonal) lowered by the margin."""
    from sentence_transformers.util import cos_sim

    if not margin:
        return cos_sim

    def lowered(queries: Tensor, passages: Tensor) -> Tensor:
        import torch

        cosines = cos_sim(queries, passages)
        return cosines - margin * torch.eye(*cosines.shape, device=cosines.device)

    return lowered
