"""What stands in a batch beside the vectors of the model in training: a guide's or a teacher's, computed before the first step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core import models
from core.dataset import Row, ScoredPair
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.models import Encoder, Kind
from core.objectives import Columns
from core.recipe.objectives import ModelSettings
from core.rerankers.cross_encoder import Scorer
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

    def scores(self, rows: Sequence[TrainPair], wanted: ModelSettings, place: str) -> Judged:
        """Return a cross-encoder's scores of each row's question with its right and its wrong answers; kept in the store too.

        Raises `UserError` where the model cannot be had, or no row has a wrong answer.
        """
        if not any(row.negatives for row in rows):
            raise UserError(f"{place}: no row of its data set has a wrong answer to compare.", "Mine hard negatives first.")
        scorer = Scorer(wanted.name)
        pairs = list(dict.fromkeys((row.query, text) for row in rows for text in (row.positive, *row.negatives)))
        found = self.embeddings.vectors(scorer, [Scorer.pair(*pair) for pair in pairs], "query", self.progress)[:, 0]
        known: dict[str, dict[str, float]] = {}
        for (query, text), score in zip(pairs, found.tolist(), strict=True):
            known.setdefault(query, {})[text] = score
        return Judged(known)


@dataclass(frozen=True)
class Judged:
    """A teacher's scores by question and passage."""

    known: Mapping[str, Mapping[str, float]]

    def of(self, columns: Columns) -> list[Any]:
        """Return, for each column, a row a text with its score for each question of the batch, nan where there is none."""
        import torch

        queries, *passages = columns.texts
        made = [torch.zeros(len(queries), 0)]
        for texts in passages:
            places: dict[str, list[int]] = {}
            for place, text in enumerate(texts):
                places.setdefault(text, []).append(place)
            scores = torch.full((len(texts), len(queries)), torch.nan)
            for number, query in enumerate(queries):
                for text, score in self.known[query].items():
                    for place in places.get(text, ()):
                        scores[place, number] = score
            made.append(scores)
        return made


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
