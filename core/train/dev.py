"""How a model in training is scored: by exact search over the dev questions, or by how it orders scored pairs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from core import groups, metrics, text
from core.dataset import Dataset, Row, ScoredPair
from core.embeddings import EmbeddingStore
from core.models import Encoder, Vectors
from core.schema import Passage, Progress, Question, TrainPair, silent
from core.search.corpus import Corpus

SAMPLE = 2000  # passages that a model in training is scored against: they are embedded anew each epoch
DEPTH = 10


class Chooser(Protocol):
    """What chooses the checkpoint: a value a question, whose mean is the score, higher is better, and what it is called.

    `groups` numbers the questions; those with the same number have something in common, so that they may rise and fall together.
    """

    metric: str
    groups: np.ndarray

    def values(self, encoder: Encoder) -> np.ndarray:
        """Return the values of a model as it is now."""

    def before(self, encoder: Encoder, embeddings: EmbeddingStore, progress: Progress = silent) -> np.ndarray:
        """Return the values of the untouched base, from stored vectors."""


class Dev:
    """The dev questions with the passages they are searched in; `limit` keeps to that many, all right ones among them."""

    metric = "nDCG@10"

    def __init__(self, dataset: Dataset, limit: int = 0) -> None:
        passages = dataset.passages
        if limit and len(passages) > limit:
            needed = {key for question in dataset.dev for key in (*question.relevant, *question.without)}
            others = [p.id for p in passages if p.id not in needed]
            chosen = needed | set(random.Random(1).sample(others, max(0, min(len(others), limit - len(needed)))))
            passages = tuple(p for p in passages if p.id in chosen)
        self.corpus = Corpus.of(passages, dataset.dev)
        self.relevant = [question.relevant for question in dataset.dev]
        self.groups = groups.of(self.relevant)

    def found(self, queries: Vectors, texts: Vectors) -> np.ndarray:
        """Return each question's nDCG@10 from the vectors of all queries and texts of `corpus`."""
        places, _ = self.corpus.dense(queries, texts, DEPTH)
        return metrics.ndcg(self.corpus.named(places), self.relevant)

    def values(self, encoder: Encoder) -> np.ndarray:
        """Embed everything with a model as it is now, and return each question's nDCG@10."""
        return self.found(encoder.encode_query(self.corpus.queries), encoder.encode_document(self.corpus.texts))

    def before(self, encoder: Encoder, embeddings: EmbeddingStore, progress: Progress = silent) -> np.ndarray:
        """Return the base's, from stored vectors."""
        return self.found(*self.stored(encoder, embeddings, progress))

    def stored(self, encoder: Encoder, embeddings: EmbeddingStore, progress: Progress = silent) -> tuple[Vectors, Vectors]:
        """Return the vectors of all queries and texts of `corpus` from the store."""
        queries = embeddings.vectors(encoder, self.corpus.queries, "query")
        return queries, embeddings.vectors(encoder, self.corpus.texts, "document", progress)


class Likeness:
    """Scored pairs: Spearman's rank correlation of the cosines with the scores, from -1 to 1 (Spearman 1904)."""

    metric = "Spearman correlation"

    def __init__(self, rows: Sequence[ScoredPair]) -> None:
        self.first, self.second = [row.first for row in rows], [row.second for row in rows]
        self.scores = np.array([row.score for row in rows])
        self.groups = groups.of(((row.first, row.second) for row in rows), share=0.0)

    def values(self, encoder: Encoder) -> np.ndarray:
        """Embed all pairs with a model as it is now, and return what each adds to the correlation."""
        return metrics.rank_agreement(_cosines(encoder.encode_document(self.first), encoder.encode_document(self.second)), self.scores)

    def before(self, encoder: Encoder, embeddings: EmbeddingStore, progress: Progress = silent) -> np.ndarray:
        """Return the base's, from stored vectors."""
        both = (embeddings.vectors(encoder, texts, "document", progress) for texts in (self.first, self.second))
        return metrics.rank_agreement(_cosines(*both), self.scores)


def chooser(dataset: Dataset, limit: int) -> Chooser | None:
    """Return what chooses the checkpoint: the project's dev questions, else the first objective's validation rows; None without any."""
    if dataset.dev:
        return Dev(dataset, limit)
    rows = next((own.validation for own in dataset.objectives if own.validation), ())
    scored = [row for row in rows if isinstance(row, ScoredPair)]
    if scored:
        return Likeness(scored)
    return Dev(searched(rows), limit) if any(isinstance(row, TrainPair) for row in rows) else None


def searched(rows: Sequence[Row]) -> Dataset:
    """Return rows of questions and passages as a search: their passages and negatives are the corpus, the same text once."""
    pairs = [row for row in rows if isinstance(row, TrainPair)]
    ids: dict[str, str] = {}
    texts: dict[str, str] = {}
    for body in (one for row in pairs for one in (row.positive, *row.negatives)):
        key = ids.setdefault(text.normalise(body), f"p{len(ids)}")
        texts.setdefault(key, body)
    right: dict[str, set[str]] = {}
    for row in pairs:
        right.setdefault(row.query, set()).add(ids[text.normalise(row.positive)])
    dev = tuple(Question(f"q{i}", query, tuple(sorted(keys)), "imported") for i, (query, keys) in enumerate(right.items()))
    return Dataset(tuple(Passage(key, body) for key, body in texts.items()), (), dev, (), "")


def _cosines(first: Vectors, second: Vectors) -> Vectors:
    return np.asarray((first * second).sum(axis=1))
