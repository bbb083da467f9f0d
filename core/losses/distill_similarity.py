"""The teacher's cosines of all texts of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from core.losses.given import TEACHER, VECTOR, Given


class InBatchSimilarities(nn.Module):
    """Bring the cosine of any two texts of a batch to the teacher's, by the mean squared error.

    It is the library's CosineSimilarityLoss over all pairs of the batch's texts, with the teacher's cosines for scores.

    Needs: rows of any kind, and a teacher: any embedding model; it embeds once for the whole training.
    Choose it for: scored pairs, texts alone, or to keep the base's own notion of likeness while something else is taught.
    Source: Tung and Mori 2019 (arXiv 1907.09682).
    """

    def __init__(self, given: Given) -> None:
        super().__init__()
        self.given = given

    def forward(self, features: Sequence[dict[str, Any]], labels: Tensor | None = None) -> Tensor:
        """Return the error over all pairs of different texts."""
        own = _cosines([self.given(column)[VECTOR] for column in features])
        taught = _cosines([column[TEACHER] for column in features])
        apart = ~torch.eye(len(own), dtype=torch.bool, device=own.device)
        return nn.functional.mse_loss(own[apart], taught[apart])


def _cosines(columns: Sequence[Tensor]) -> Tensor:
    rows = torch.cat([nn.functional.normalize(column.float(), dim=1) for column in columns])
    return rows @ rows.T
