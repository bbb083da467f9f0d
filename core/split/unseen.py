"""Judging an older model by a newer test set: only by questions whose answers it has not been trained on."""

from __future__ import annotations

from dataclasses import replace

from core import text
from core.dataset import Dataset


def unseen(data: Dataset, trained_on: Dataset, threshold: float) -> Dataset:
    """Return the data without the test questions that the model knows, counted as `excluded`.

    A question is known when it, one of its passages, or a near-duplicate of one (Jaccard of word triples from `threshold`)
    was among what the model was trained on or chosen by.
    """
    old = {passage.id: passage.text for passage in trained_on.passages}
    seen = [body for pair in trained_on.train for body in (pair.positive, *pair.negatives)] + [
        old[p] for q in trained_on.dev for p in q.relevant if p in old
    ]
    asked = {text.normalise(query) for query in [*(p.query for p in trained_on.train), *(q.query for q in trained_on.dev)]}
    texts = {passage.id: passage.text for passage in data.passages}
    judging = list(dict.fromkeys(p for question in data.test for p in question.relevant))
    groups = text.near_duplicate_groups([*seen, *(texts[p] for p in judging)], threshold)
    known = {judging[i - len(seen)] for group in groups if group[0] < len(seen) for i in group if i >= len(seen)}
    kept = tuple(q for q in data.test if known.isdisjoint(q.relevant) and text.normalise(q.query) not in asked)
    return replace(data, test=kept, excluded=data.excluded + len(data.test) - len(kept))
