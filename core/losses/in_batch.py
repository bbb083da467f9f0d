"""Scored pairs with the rest of their batch: each first text is taken for unrelated to every other row's second text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from core.losses.given import VECTOR, Given

if TYPE_CHECKING:
    from sentence_transformers.sentence_transformer.losses import CoSENTLoss, CosineSimilarityLoss


class InBatchOrder(nn.Module):
    """Put all n * n pairs of a batch in the order of their scores by the library's loss; unrelated ones stand lowest, at 0 or below.

    `similarity` gives the matrix of what the loss compares, (n, n) from (n, d) and (n, d).
    """

    def __init__(self, given: Given, order: CoSENTLoss, similarity: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.given, self.order, self.similarity = given, order, similarity
        order.similarity_fct = lambda compared, _: compared  # the loss is handed what it would compute, for all pairs at once

    def forward(self, features: Sequence[dict[str, Any]], labels: Tensor) -> Tensor:
        """Return the loss of two columns and the scores of their rows."""
        compared = self.similarity(*(self.given(column)[VECTOR] for column in features))
        own = torch.eye(len(compared), dtype=torch.bool, device=compared.device)
        scores = torch.where(own, labels, labels.min().clamp(max=0)).flatten()
        return self.order.compute_loss_from_embeddings([compared.flatten()] * 2, scores)


class InBatchValues(nn.Module):
    """Bring the cosines of a batch's rows to their scores, and those of all other pairs to `unrelated`.

    The rows, and all other pairs, count by their mean each, the latter times `weight`: n rows would vanish among n * n pairs.
    """

    def __init__(self, given: Given, value: CosineSimilarityLoss, unrelated: float, weight: float) -> None:
        super().__init__()
        self.given, self.value, self.unrelated, self.weight = given, value, unrelated, weight

    def forward(self, features: Sequence[dict[str, Any]], labels: Tensor) -> Tensor:
        """Return the loss of two columns and the scores of their rows."""
        first, second = (self.given(column)[VECTOR] for column in features)
        loss = self.value.compute_loss_from_embeddings([first, second], labels)
        if len(first) < 2:  # a last batch of one row has nobody else
            return loss
        cosines = nn.functional.normalize(first, dim=1) @ nn.functional.normalize(second, dim=1).T
        others = cosines[~torch.eye(len(first), dtype=torch.bool, device=first.device)]
        judged: Tensor = self.value.loss_fct(self.value.cos_score_transformation(others), torch.full_like(others, self.unrelated))
        return loss + self.weight * judged
