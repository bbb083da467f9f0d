"""What chooses a reranker: how well it puts the base model's first hits in order, on the dev questions."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core import groups, metrics, search
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.models import Encoder
from core.recipe.reranker import RerankerSettings
from core.rerankers import cross_encoder
from core.schema import Progress, silent
from core.search import Positions
from core.search.corpus import Corpus

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


@dataclass(frozen=True)
class Reader:
    """A cross-encoder in training, with the arithmetic of its forward pass."""

    model: CrossEncoder
    precision: str


class RerankDev:
    """The dev questions (so many at most) with the base model's ranking of all passages, of which the first hits are reranked."""

    metric = metrics.PRIMARY

    def __init__(
        self, dataset: Dataset, settings: RerankerSettings, base: Encoder, embeddings: EmbeddingStore, progress: Progress = silent
    ) -> None:
        questions = dataset.dev
        if len(questions) > settings.dev_questions:
            questions = tuple(random.Random(settings.seed).sample(questions, settings.dev_questions))
        self.depth = settings.depth
        self.corpus = Corpus.of(dataset.passages, questions)
        self.relevant = [question.relevant for question in questions]
        self.groups = groups.of(self.relevant)
        passages = embeddings.vectors(base, self.corpus.texts, "document", progress)
        self.first, _ = self.corpus.dense(embeddings.vectors(base, self.corpus.queries, "query"), passages)

    def untouched(self) -> np.ndarray:
        """Return each question's nDCG@10 in the base model's own ranking."""
        return self._values(self.first)

    def values(self, reader: Reader) -> np.ndarray:
        """Return each question's nDCG@10 in the ranking whose first hits a reranker has put in order."""
        return self._values(reranked(self.corpus, self.first, self.depth, reader.model, reader.precision))

    def _values(self, ranking: Positions) -> np.ndarray:
        return metrics.ndcg(self.corpus.named(ranking), self.relevant)


def reranked(corpus: Corpus, first: Positions, depth: int, model: Any, precision: str) -> Positions:
    """Return rankings whose first hits are in the order of a cross-encoder, the rest as they were."""
    seen = corpus.as_texts(first[:, :depth])
    order, _ = search.ordered(seen, cross_encoder.scores(model, corpus.queries, corpus.texts, seen, precision))
    return np.concatenate([corpus.as_passages(order), first[:, depth:]], axis=1)
