"""Exact search by vectors, BM25, and their fusion by ranks: all that a score is computed from.

Everywhere a ranking is a row of positions in the list of passages, best first, filled up with -1; its scores are filled up
with -inf. Equal scores are put in the order of the passages, so that a ranking is the same on every run.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

import numpy as np
from numpy.typing import NDArray

from core import text

Positions = NDArray[np.int64]
Scores = NDArray[np.float32]

NOTHING = -1
DEPTH = 100
FUSION_K = 60  # Cormack, Clarke and Buettcher 2009
BLOCK = 16_000_000  # most scores that are held at once: 64 MB
DECIMALS = 6  # beyond these, float32 products differ with the place of a row in its block


@dataclass(frozen=True)
class Other:
    """For one question: the passages at `positions` have other scores than for all; -inf leaves a passage out."""

    positions: Positions
    scores: Scores


def exact(
    queries: Scores, passages: Scores, k: int, others: Mapping[int, Other] | None = None, *, block: int = BLOCK
) -> tuple[Positions, Scores]:
    """Return each query's k nearest passages by inner product (the cosine of vectors of length 1), and their scores.

    `queries` is (n, d), `passages` (m, d); both results are (n, min(k, m)). `others` maps a query's row to scores that
    hold for it alone. Computed in parts of `block`
    scores, so that memory does not grow with n times m.
    """
    k = min(k, len(passages))
    ids, scores = np.full((len(queries), k), NOTHING, np.int64), np.full((len(queries), k), -np.inf, np.float32)
    step = max(1, block // max(1, len(passages)))
    for start in range(0, len(queries), step):
        cosines = np.round(queries[start : start + step] @ passages.T, DECIMALS)
        for row, values in enumerate(cosines, start):
            ids[row], scores[row] = best(values, k, (others or {}).get(row))
    return ids, scores


def best(values: Scores, k: int, other: Other | None = None) -> tuple[Positions, Scores]:
    """Return the positions and values of the k highest, -inf left out; `values` is changed in place by `other`."""
    if other is not None:
        values[other.positions] = other.scores
    if k < len(values):
        least = np.partition(values, len(values) - k)[len(values) - k]
        found = np.flatnonzero(values >= least)
    else:
        found = np.arange(len(values))
    order = found[np.lexsort((found, -values[found]))][:k]
    order = order[values[order] > -np.inf]
    return _filled(order, k, NOTHING), _filled(values[order], k, -np.inf)


def ordered(ranking: Positions, scores: Scores) -> tuple[Positions, Scores]:
    """Return each row in the order of new scores; equal ones keep the order they have."""
    order = np.argsort(-np.round(scores, DECIMALS), axis=1, kind="stable")
    return np.take_along_axis(ranking, order, axis=1), np.take_along_axis(scores, order, axis=1)


def _filled(row: np.ndarray, k: int, filler: float) -> np.ndarray:
    return np.concatenate([row, np.full(k - len(row), filler, row.dtype)]) if len(row) < k else row


class BM25:
    """Score passages by the words they share with a query (Robertson and Zaragoza 2009, in Lucene's form), by bm25s."""

    def __init__(self, passages: Sequence[str]) -> None:
        import bm25s

        self.size = len(passages)
        terms = [words(passage) for passage in passages]
        self.mean_length = sum(map(len, terms)) / max(1, len(terms))
        self.index = bm25s.BM25(k1=1.5, b=0.75, method="lucene")
        if any(terms):
            self.index.index(terms, show_progress=False)

    def scores(self, query: str) -> Scores:
        """Return the score of every passage; 0 where no word is shared."""
        if not (self.mean_length and (terms := words(query))):
            return np.zeros(self.size, np.float32)
        return np.asarray(self.index.get_scores(terms), np.float32)

    def score(self, query: str, passage: str) -> float:
        """Return the score that `passage` would have in the place of one of the indexed ones, whose statistics are used.

        The sum over query words of log(1 + (N - df + .5) / (df + .5)) * tf / (tf + k1 * (1 - b + b * length / mean length)).
        """
        vocabulary = self.index.vocab_dict if self.mean_length else {}
        found = words(passage)
        counts = Counter(found)
        length = self.index.k1 * (1 - self.index.b + self.index.b * len(found) / (self.mean_length or 1))
        total = 0.0
        for term in words(query):
            if term in vocabulary and term in counts:
                start, end = self.index.scores["indptr"][vocabulary[term] :][:2]
                idf = log(1 + (self.size - (end - start) + 0.5) / (end - start + 0.5))
                total += idf * counts[term] / (counts[term] + length)
        return total

    def search(self, queries: Sequence[str], k: int, others: Mapping[int, Other] | None = None) -> tuple[Positions, Scores]:
        """Return each query's k best passages, those that share no word left out: both results are (n, min(k, m))."""
        k = min(k, self.size)
        ids, scores = np.full((len(queries), k), NOTHING, np.int64), np.full((len(queries), k), -np.inf, np.float32)
        for row, query in enumerate(queries):
            values = self.scores(query).astype(np.float64)
            if other := (others or {}).get(row):
                values[other.positions] = other.scores
            rounded = np.round(values, 4).astype(np.float32)  # float32 sums of the same words differ in the sixth digit
            ids[row], scores[row] = best(np.where(rounded > 0, rounded, -np.inf), k)
        return ids, scores


def fuse(rankings: Sequence[Positions], depth: int = DEPTH) -> tuple[Positions, Scores]:
    """Return the reciprocal rank fusion of rankings of the same queries: each adds 1 / (60 + rank) to what it found."""
    rows = len(rankings[0])
    ids, scores = np.full((rows, depth), NOTHING, np.int64), np.full((rows, depth), -np.inf, np.float32)
    for row in range(rows):
        total: dict[int, float] = defaultdict(float)
        for ranking in rankings:
            for rank, position in enumerate(ranking[row].tolist(), 1):
                if position != NOTHING:
                    total[position] += 1 / (FUSION_K + rank)
        first = sorted(total, key=lambda position: (-round(total[position], 9), position))[:depth]
        ids[row, : len(first)] = first
        scores[row, : len(first)] = [total[position] for position in first]
    return ids, scores


def words(passage: str) -> list[str]:
    """Return the terms of a text: its words, and for Chinese and Japanese also every two signs that stand side by side.

    The usual way without a dictionary: most words have two signs (Nie et al. 2000).
    """
    found = text.words(passage)
    return found + [a + b for a, b in pairwise(found) if _is_sign(a) and _is_sign(b)]


def _is_sign(word: str) -> bool:
    return len(word) == 1 and word > "\u2fff"
