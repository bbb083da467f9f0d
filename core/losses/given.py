"""Vectors that are there already, in the place of a model: so the library's losses work on a batch that was embedded once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

VECTOR, GUIDE, TEACHER = "sentence_embedding", "guide_embedding", "teacher_embedding"
SCORED = "teacher_scores"
"""Of each text of a column, a row of scores: how well it answers each question of the batch, nan where nobody has said."""


class Given(nn.Module):
    """Return the vectors that stand in the features under `key`; every call anew, as a loss may write into what it gets.

    `tokenizer`, `max_seq_length` and the dimension are those of the model whose vectors they are: some losses look at them.
    """

    def __init__(self, dimension: int, tokenizer: Any = None, max_seq_length: int = 0, key: str = VECTOR) -> None:
        super().__init__()
        self.dimension, self.tokenizer, self.max_seq_length, self.key = dimension, tokenizer, max_seq_length, key

    def forward(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the features with the vectors as the model's output."""
        return {**features, VECTOR: features[self.key]}

    def get_embedding_dimension(self) -> int:
        """Return the length of a vector, under the library's name for it."""
        return self.dimension

    def like(self, key: str) -> Given:
        """Return the same model's place for other vectors: a guide's."""
        return Given(self.dimension, self.tokenizer, self.max_seq_length, key)
