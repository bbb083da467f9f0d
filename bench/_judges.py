"""What judges the trainings of bench.objectives: questions that are searched for, and scored pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core import groups, metrics, models
from core.dataset import Dataset, ScoredPair
from core.models import Vectors
from core.schema import Interval
from core.search.corpus import Corpus

DEPTH, RESAMPLES = 10, 2000

Encode = Callable[[Sequence[str], models.Kind], Vectors]


class Searched:
    """Questions on other diseases, searched in all passages."""

    metric = metrics.PRIMARY

    def __init__(self, data: Dataset) -> None:
        self.corpus, self.relevant = Corpus.of(data.passages, data.test), [question.relevant for question in data.test]
        self.together = groups.of(self.relevant)

    def values(self, encode: Encode) -> np.ndarray:
        """Return each question's score from the vectors that `encode` gives."""
        found, _ = self.corpus.dense(encode(self.corpus.queries, "query"), encode(self.corpus.texts, "document"), DEPTH)
        return metrics.ndcg(self.corpus.named(found), self.relevant)

    def score(self, values: np.ndarray) -> float:
        return float(values.mean())

    def change(self, before: np.ndarray, after: np.ndarray) -> Interval:
        return metrics.interval(after - before, resamples=RESAMPLES, seed=1, groups=self.together)


class Alike:
    """Scored pairs: how well cosines order them as people did."""

    metric = "Spearman"

    def __init__(self, rows: Sequence[ScoredPair]) -> None:
        self.first, self.second = [row.first for row in rows], [row.second for row in rows]
        self.scores = np.array([row.score for row in rows])

    def values(self, encode: Encode) -> np.ndarray:
        """Return each pair's cosine."""
        return np.asarray((encode(self.first, "document") * encode(self.second, "document")).sum(axis=1))

    def score(self, values: np.ndarray) -> float:
        return float(metrics.rank_agreement(values, self.scores).mean())

    def change(self, before: np.ndarray, after: np.ndarray) -> Interval:
        """Return the difference of the correlations with its bootstrap interval over pairs."""
        draws = np.random.default_rng(1).integers(0, len(self.scores), (RESAMPLES, len(self.scores)))
        found = [metrics.rank_agreement(after[i], self.scores[i]) - metrics.rank_agreement(before[i], self.scores[i]) for i in draws]
        low, high = np.quantile(np.mean(found, axis=1), (0.025, 0.975))
        return Interval(self.score(after) - self.score(before), float(low), float(high))
