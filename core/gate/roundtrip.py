"""The round trip: does a query lead back to its passage, among all passages, by the base model or by its words?

A question that many passages answer does not ("What are the goals?"), nor does one that its passage does not answer. Source: round-trip
consistency (Alberti et al. 2019, arXiv 1906.05416), as a filter for retrieval (Dai et al. 2022, Promptagator, arXiv 2209.11755).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core import models, search, split
from core.digest import digest
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.models import Encoder, Vectors
from core.project import Project
from core.recipe import Recipe
from core.schema import Chunk, Pair, Passage, Progress, Question
from core.search import NOTHING, Positions
from core.search.corpus import Corpus
from core.split.alike import near_duplicates

BATCH = 1000  # questions that are searched for at once
EMBEDDING = 0.7  # of the time is spent on it, the first time


@dataclass(frozen=True)
class Searched:
    """The passages that are searched, and the digest of them and of the model that searches."""

    chunks: Sequence[Chunk]
    digest: str

    @classmethod
    def of(cls, chunks: Sequence[Chunk], recipe: Recipe) -> Searched:
        """Take the passages as they are now."""
        return cls(chunks, digest(recipe.train.base_model, sorted(chunk.id for chunk in chunks))[:20])


def ranks(
    project: Project, recipe: Recipe, searched: Searched, pairs: Sequence[Pair], progress: Progress
) -> Iterator[list[tuple[str, int, int]]]:
    """Yield (pair id, rank by the base, rank by words) in batches: the best of the pair's right passages, 0 beyond the first 100.

    A query that was taken from its passage is searched for in the passages without it, as in evaluation. Where the base
    model cannot be had, both ranks are -1.
    """
    chunks = searched.chunks
    passages = [Passage(chunk.id, chunk.text) for chunk in chunks]
    groups = near_duplicates(project, chunks, recipe.split.near_duplicate)
    questions = split.questions(chunks, groups, pairs)
    try:
        encoder = models.load(recipe.train.base_model)
    except UserError:
        yield [(question.id, -1, -1) for question in questions]
        return
    store = EmbeddingStore(project.folder / "embeddings")
    vectors = store.vectors(encoder, [p.text for p in passages], "document", lambda f, text: progress(EMBEDDING * f, text))
    index = search.BM25([p.text for p in passages])
    for start in range(0, len(questions), BATCH):
        batch = questions[start : start + BATCH]
        corpus = Corpus.of(passages, batch)
        by_base, _ = corpus.dense(store.vectors(encoder, corpus.queries, "query"), _all(store, encoder, corpus, vectors))
        by_words, _ = corpus.words(index=index)
        yield list(zip((q.id for q in batch), _ranks(corpus, batch, by_base), _ranks(corpus, batch, by_words), strict=True))
        progress(
            EMBEDDING + (1 - EMBEDDING) * (start + len(batch)) / len(questions), f"{start + len(batch):,} of {len(questions):,} found again"
        )


def _all(store: EmbeddingStore, encoder: Encoder, corpus: Corpus, passages: Vectors) -> Vectors:
    """Return the vectors of the passages, and behind them those of the texts that some questions see instead."""
    others = corpus.texts[len(corpus.ids) :]
    return np.concatenate([passages, store.vectors(encoder, others, "document")]) if others else passages


def _ranks(corpus: Corpus, questions: Sequence[Question], ranking: Positions) -> list[int]:
    place = {name: i for i, name in enumerate(corpus.ids)}
    found = []
    for question, row in zip(questions, ranking, strict=True):
        right = np.flatnonzero(np.isin(row, [place[name] for name in question.relevant]) & (row != NOTHING))
        found.append(int(right[0]) + 1 if len(right) else 0)
    return found
