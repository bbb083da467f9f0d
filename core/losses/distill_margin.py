"""How much better right answers are than wrong ones, as a cross-encoder says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from sentence_transformers.sentence_transformer.losses import MarginMSELoss
from sentence_transformers.util import pairwise_cos_sim
from torch import Tensor, nn

from core.losses.given import SCORED, VECTOR, Given


class TeachersMargin(nn.Module):
    """Bring the margin between the cosines of a right and a wrong answer to that of the teacher's scores, by the library's MarginMSELoss.

    The teacher's scores are divided by `scale`: logits from -10 to 10 become margins that cosines can have.

    Needs: pairs with wrong answers, and a cross-encoder, which reads each question with its right and its wrong answers, once.
    Choose it for: mined hard negatives some of which may be right; it needs a cross-encoder that knows the field's language.
    Source: Hofstätter et al. 2020 (arXiv 2010.02666).
    """

    def __init__(self, given: Given, scale: float = 20.0) -> None:
        super().__init__()
        if scale <= 0:
            raise ValueError("scale is above 0")
        self.given, self.scale = given, scale
        self.loss = MarginMSELoss(given, similarity_fct=pairwise_cos_sim)  # type: ignore[arg-type]

    def forward(self, features: Sequence[dict[str, Any]], labels: Tensor | None = None) -> Tensor:
        """Return the error over each row and all wrong answers of the batch that the teacher has scored for it."""
        queries, right, *others = (self.given(column)[VECTOR] for column in features)
        scores = torch.cat([column[SCORED] for column in features[1:]]).T / self.scale  # (rows, passages), nan where there is none
        own = torch.eye(*scores.shape, dtype=torch.bool, device=scores.device)
        row, place = torch.nonzero(scores.isfinite() & ~own, as_tuple=True)
        if not len(row):
            nothing: Tensor = queries.sum() * 0
            return nothing
        passages = torch.cat([right, *others])
        margins = scores.diagonal()[row] - scores[row, place]
        value: Tensor = self.loss.compute_loss_from_embeddings([queries[row], right[row], passages[place]], margins)
        return value
