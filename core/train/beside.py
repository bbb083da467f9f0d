"""What stands in a batch beside the vectors of the model in training: a guide's or a teacher's, computed before the first step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core import models
from core.dataset import Row, ScoredPair
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.models import Encoder, Kind
from core.recipe.objectives import ModelSettings
from core.schema import Progress, TrainPair
from core.train.collate import Lookup


@dataclass(frozen=True)
class Source:
    """Where other models' vectors come from: the untouched base, and the store, which has what was embedded before."""

    base: Encoder
    embeddings: EmbeddingStore
    progress: Progress

    def vectors(self, rows: Sequence[Row], wanted: ModelSettings | None, place: str) -> Lookup:
        """Return a model's vectors of every text that the rows can bring; None is the base itself.

        Raises `UserError`, which names the place in the recipe, where the model cannot be had.
        """
        encoder = _load(wanted, place) if wanted else self.base
        places: dict[tuple[Kind, str], int] = {}
        parts = []
        kinds: tuple[Kind, ...] = ("query", "document")
        for kind in kinds:
            texts = list(dict.fromkeys(text for row in rows for own, text in _texts(row) if own == kind))
            places |= {(kind, text): len(places) + place for place, text in enumerate(texts)}
            parts.append(self.embeddings.vectors(encoder, texts, kind, self.progress))
        return Lookup(places, np.concatenate(parts))


def _load(wanted: ModelSettings, place: str) -> Encoder:
    try:
        return models.load(wanted.name, args=wanted.args)
    except UserError as error:
        raise UserError(f"{place}: {error.message}", error.hint) from None


def _texts(row: Row) -> list[tuple[Kind, str]]:
    """Return all texts of a row, each with its kind."""
    if isinstance(row, TrainPair):
        return [("query", row.query), *(("document", text) for text in (row.positive, *row.negatives))]
    if isinstance(row, ScoredPair):
        return [("document", row.first), ("document", row.second)]
    return [("document", row.text)]
