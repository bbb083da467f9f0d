"""Judges of hard negatives: each says how near passages are to a question. One file an entry; `choose` picks by the rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.embeddings import EmbeddingStore
from core.models import Encoder
from core.registry import Choice, Registry
from core.schema import Progress, silent
from core.search import NOTHING, Other, Positions, Scores

JUDGES = Registry(
    "judge",
    {
        "base": Choice(
            "core.negatives.base:judge",
            "Base model",
            "The nearest passages by the base model itself: what it confuses today. Costs no more than embedding the texts once.",
        ),
        "bm25": Choice(
            "core.negatives.bm25:judge",
            "Shared words (BM25)",
            "The passages that share most words with the question. Instant; finds what only looks alike.",
        ),
        "late_interaction": Choice(
            "core.negatives.late_interaction:judge",
            "Late interaction",
            "The nearest by the base model, scored word by word: a sharper judge of what is an answer. Some minutes for thousands of pairs.",
        ),
        "cross_encoder": Choice(
            "core.negatives.cross_encoder:judge",
            "Cross-encoder",
            "The nearest by the base model, each read together with the question. The sharpest and slowest; needs a cross-encoder.",
            needs=("cross-encoder model",),
        ),
    },
)


@dataclass(frozen=True)
class Request:
    """What every judge is given: queries, the texts of all passages that may be negatives, and each query's own right texts.

    `never[row]` are the positions in `texts` that are no candidate for a query; of the rest the `depth` nearest are wanted.
    """

    queries: Sequence[str]
    texts: Sequence[str]
    right: Sequence[Sequence[str]]
    never: Sequence[Positions]
    depth: int
    encoder: Encoder
    embeddings: EmbeddingStore
    cross_encoder: str = ""
    progress: Progress = silent

    def without(self) -> dict[int, Other]:
        """Return, for the search, what leaves each query's `never` out."""
        return {row: Other(p, np.full(len(p), -np.inf, np.float32)) for row, p in enumerate(self.never) if len(p)}


@dataclass(frozen=True)
class Scored:
    """A judge's answer: each query's candidates (n, depth), best first, their scores, and the score of its right passage (n,).

    Of several right passages the least near counts, so that no margin is too narrow for one of them.
    """

    candidates: Positions
    scores: Scores
    own: Scores


Judge = Callable[[Request], Scored]


def judge(name: str, request: Request) -> Scored:
    """Score by the judge called `name`; raise `UserError` where it cannot be had."""
    entry: Judge = JUDGES[name].load()
    return entry(request)


@dataclass(frozen=True)
class Rules:
    """Which of the candidates become negatives; the same words mean what they do in `mine_hard_negatives`."""

    per_pair: int
    range_min: int = 0
    absolute_margin: float | None = None
    relative_margin: float | None = None
    max_score: float | None = None

    def limit(self, own: float) -> float:
        """Return the score above which a passage may be an answer itself, for a right passage that scores `own`."""
        bounds = [float("inf")]
        if self.absolute_margin is not None:
            bounds.append(own - self.absolute_margin)
        if self.relative_margin is not None:
            bounds.append(own - abs(own) * self.relative_margin)
        if self.max_score is not None:
            bounds.append(self.max_score)
        return min(bounds)


@dataclass(frozen=True)
class Chosen:
    """One query's negatives and the passages that may be answers, as (position, score), best first."""

    negatives: list[tuple[int, float]] = field(default_factory=list)
    doubtful: list[tuple[int, float]] = field(default_factory=list)


def choose(scored: Scored, rules: Rules, barred: Callable[[int, int], bool] = lambda row, position: False) -> list[Chosen]:
    """Part each query's candidates: above the limit they are doubtful, of the rest the nearest are taken after `range_min`.

    `barred` says, for a row and a position, which of them is neither.
    A query for which too few are left keeps what there is (`mine_hard_negatives` drops it without a word).
    """
    made = []
    rows = zip(scored.candidates.tolist(), scored.scores.tolist(), scored.own.tolist(), strict=True)
    for row, (positions, scores, own) in enumerate(rows):
        found = [(p, s) for p, s in zip(positions, scores, strict=True) if p != NOTHING and not barred(row, p)]
        limit = rules.limit(own)
        doubtful = [one for one in found if one[1] > limit]
        rest = [one for one in found if one[1] <= limit]
        made.append(Chosen(rest[rules.range_min : rules.range_min + rules.per_pair], doubtful))
    return made
