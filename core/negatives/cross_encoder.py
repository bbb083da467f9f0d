"""A cross-encoder as judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.negatives import reranked

if TYPE_CHECKING:
    from core.negatives import Request, Scored


def judge(request: Request) -> Scored:
    """Score the base model's nearest passages by a model that reads each together with the query.

    What it does: one forward pass for every query and candidate. What it needs: a cross-encoder, by name or folder. When to
    choose it: for a few thousand pairs of ordinary English questions, where false negatives matter more than time; its
    scores are logits, so mind the margins. Source: Qu et al. 2021 (RocketQA: denoised hard negatives).
    """
    return reranked.judged(request, "cross_encoder")
