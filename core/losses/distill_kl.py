"""The teacher's odds that each passage of a batch answers a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from core.losses.given import TEACHER, VECTOR, Given


class InBatchKL(nn.Module):
    """Bring the softmax of a question's cosines with all passages of its batch to the teacher's, by the Kullback-Leibler divergence.

    Cosines are multiplied by `scale`, as in the ranking losses, and divided by `temperature`, whose square multiplies the loss. It is
    the library's DistillKLDivLoss with all passages for candidates. That one makes a column of each candidate, which for 2,000
    passages of 384 numbers would be 6 GB; here it is one product of matrices.

    Needs: pairs or texts, and a teacher: any embedding model; it embeds once for the whole training.
    Choose it for: a larger model that finds better than the base; with it, other passages that answer a question do no harm.
    Source: Hinton et al. 2015 (arXiv 1503.02531); over a batch's passages, Lin et al. 2021 (TCT-ColBERT, arXiv 2010.11386).
    """

    def __init__(self, given: Given, scale: float = 20.0, temperature: float = 1.0) -> None:
        super().__init__()
        if scale <= 0 or temperature <= 0:
            raise ValueError("scale and temperature are above 0")
        self.given, self.sharpness, self.temperature = given, scale / temperature, temperature

    def forward(self, features: Sequence[dict[str, Any]], labels: Tensor | None = None) -> Tensor:
        """Return the divergence over the first column's rows and the texts of all other columns."""
        own = self.sharpness * _cosines([self.given(column)[VECTOR] for column in features])
        taught = self.sharpness * _cosines([column[TEACHER] for column in features])
        value = nn.functional.kl_div(own.log_softmax(dim=1), taught.softmax(dim=1), reduction="batchmean")
        return value * self.temperature**2


def _cosines(columns: Sequence[Tensor]) -> Tensor:
    first, *others = (nn.functional.normalize(column.float(), dim=1) for column in columns)
    return first @ torch.cat(others).T
