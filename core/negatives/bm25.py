"""Shared words as judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core import search

if TYPE_CHECKING:
    from core.negatives import Request, Scored


def judge(request: Request) -> Scored:
    """Score passages by BM25; those that share no word with the query are no candidates.

    What it does: finds passages that speak of the same things and answer something else. What it needs: nothing. When to
    choose it: where the base model's own mistakes are too often answers after all (see the doubts), or there is no time.
    Source: Karpukhin et al. 2020, whose best single hard negative came from BM25.
    """
    from core.negatives import Scored

    request.progress(0.0, "Counting words")
    index = search.BM25(request.texts)
    found, scores = index.search(request.queries, request.depth, request.without())
    own = [min(index.score(query, text) for text in right) for query, right in zip(request.queries, request.right, strict=True)]
    return Scored(found, scores, np.round(own, 4).astype(np.float32))
