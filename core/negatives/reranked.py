"""A reranker as judge: the base model says what comes into question, the reranker how near it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from core import rerankers
from core.negatives import base
from core.search import NOTHING

if TYPE_CHECKING:
    from core.negatives import Request, Scored

BLOCK = 2000  # queries at once: their token vectors are held, some 50 MB


def judged(request: Request, reranker: str) -> Scored:
    """Return the base model's candidates and the right passages with the reranker's scores."""
    from core.negatives import Scored

    first = base.judge(replace(request, progress=lambda f, t: request.progress(f * SHARE, t)))
    parts = [_block(request, reranker, first, start) for start in range(0, len(request.queries), BLOCK)]
    return Scored(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("candidates", "scores", "own")))


SHARE = 0.3  # of the progress bar for the base model


def _block(request: Request, reranker: str, first: Scored, start: int) -> Scored:
    """Score the queries from `start` on; a right passage stands behind the passages and is ranked among a query's candidates."""
    from core.negatives import Scored

    rows = range(start, min(start + BLOCK, len(request.queries)))
    most = max(len(request.right[row]) for row in rows)
    texts, answers = list(request.texts), np.full((len(rows), most), NOTHING, np.int64)
    for i, row in enumerate(rows):
        answers[i, : len(request.right[row])] = range(len(texts), len(texts) + len(request.right[row]))
        texts += request.right[row]
    looked_at = np.concatenate([answers, first.candidates[rows.start : rows.stop]], axis=1)
    order, scores = rerankers.rerank(
        reranker,
        rerankers.Request(
            queries=[request.queries[row] for row in rows],
            texts=texts,
            first=looked_at,
            encoder=request.encoder,
            embeddings=request.embeddings,
            depth=looked_at.shape[1],
            cross_encoder=request.cross_encoder,
            progress=lambda f, t: request.progress(SHARE + (1 - SHARE) * (start + f * len(rows)) / len(request.queries), t),
        ),
    )
    candidates, kept = np.full_like(first.candidates[: len(rows)], NOTHING), np.full(first.scores[: len(rows)].shape, -np.inf, np.float32)
    own = np.zeros(len(rows), np.float32)
    for i in range(len(rows)):
        right = order[i] >= len(request.texts)
        wrong = (order[i] != NOTHING) & ~right
        own[i] = scores[i, right].min()
        candidates[i, : wrong.sum()], kept[i, : wrong.sum()] = order[i, wrong], scores[i, wrong]
    return Scored(candidates, kept, own)
