"""How a model in training is scored: nDCG@10 on dev, by exact search, always over the same passages."""

from __future__ import annotations

import random

import numpy as np

from core import metrics
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.models import Encoder, Vectors
from core.schema import Progress, silent
from core.search.corpus import Corpus

SAMPLE = 2000  # passages that a model in training is scored against: they are embedded anew each epoch
DEPTH = 10


class Dev:
    """The dev questions with the passages they are searched in; `limit` keeps to that many, all right ones among them."""

    def __init__(self, dataset: Dataset, limit: int = 0) -> None:
        passages = dataset.passages
        if limit and len(passages) > limit:
            needed = {key for question in dataset.dev for key in (*question.relevant, *question.without)}
            others = [p.id for p in passages if p.id not in needed]
            chosen = needed | set(random.Random(1).sample(others, max(0, min(len(others), limit - len(needed)))))
            passages = tuple(p for p in passages if p.id in chosen)
        self.corpus = Corpus.of(passages, dataset.dev)
        self.relevant = [question.relevant for question in dataset.dev]

    def score(self, queries: Vectors, texts: Vectors) -> float:
        """Return the mean nDCG@10 from the vectors of all queries and texts of `corpus`."""
        found, _ = self.corpus.dense(queries, texts, DEPTH)
        return float(np.mean(metrics.ndcg(self.corpus.named(found), self.relevant)))

    def of(self, encoder: Encoder) -> float:
        """Embed everything with a model as it is now, and return its score."""
        return self.score(encoder.encode_query(self.corpus.queries), encoder.encode_document(self.corpus.texts))

    def stored(self, encoder: Encoder, embeddings: EmbeddingStore, progress: Progress = silent) -> tuple[Vectors, Vectors]:
        """Return the vectors of all queries and texts of `corpus` from the store."""
        queries = embeddings.vectors(encoder, self.corpus.queries, "query")
        return queries, embeddings.vectors(encoder, self.corpus.texts, "document", progress)
