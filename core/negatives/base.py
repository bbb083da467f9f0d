"""The base model as judge: what it confuses today is what it has to learn."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np

from core import search
from core.schema import Progress

if TYPE_CHECKING:
    from core.negatives import Request, Scored


def judge(request: Request) -> Scored:
    """Score passages by the cosine with the query.

    What it does: exact search over the stored vectors, in blocks, so nothing is embedded twice and memory stays flat;
    `mine_hard_negatives` finds the same (a test holds that) but would embed all texts again. What it needs: the base model.
    When to choose it: first. Source: Karpukhin et al. 2020 (hard negatives), Moreira et al. 2024 (NV-Retriever, the margins).
    """
    from core.negatives import Scored

    store, encoder = request.embeddings, request.encoder
    rights = [text for own in request.right for text in own]
    queries = store.vectors(encoder, request.queries, "query", _part(request, 0, 0.3))
    passages = store.vectors(encoder, request.texts, "document", _part(request, 0.3, 0.9))
    answers = store.vectors(encoder, rights, "document", _part(request, 0.9, 1))
    found, scores = search.exact(queries, passages, request.depth, request.without())
    ends = list(accumulate((len(own) for own in request.right), initial=0))
    own = [(answers[start:end] @ queries[row]).min() for row, (start, end) in enumerate(pairwise(ends))]
    return Scored(found, scores, np.round(own, search.DECIMALS).astype(np.float32))


def _part(request: Request, start: float, end: float) -> Progress:
    return lambda fraction, text: request.progress(start + (end - start) * fraction, text)
