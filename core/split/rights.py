"""Which passages a question must never meet as wrong answers: the right ones, their near-duplicates, and the doubtful."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from core import text
from core.schema import Doubt, Pair


class Rights:
    """Know, for a question, every passage that any kept pair with the same words names as right, and those that may be.

    A passage and its near-duplicates have one mark, so that what holds for one holds for all.
    """

    def __init__(self, groups: Iterable[Sequence[str]], kept: Iterable[Pair], doubts: Iterable[Doubt] = ()) -> None:
        self._marks = {chunk_id: group[0] for group in groups for chunk_id in group}
        self._right: dict[str, dict[str, None]] = defaultdict(dict)
        self._avoided: dict[str, set[str]] = defaultdict(set)
        queries: dict[str, str] = {}
        for pair in kept:
            query = queries[pair.id] = text.normalise(pair.query)
            self._right[query].update(dict.fromkeys(pair.positives))
            self._avoided[query].update(map(self.mark, pair.positives))
        for doubt in doubts:
            if doubt.pair_id in queries:
                self._avoided[queries[doubt.pair_id]].add(self.mark(doubt.chunk_id))

    def mark(self, chunk_id: str) -> str:
        """Return what stands for a passage and all its near-duplicates."""
        return self._marks.get(chunk_id, chunk_id)

    def right(self, query: str) -> list[str]:
        """Return the ids of the passages that kept pairs with this question name as right."""
        return list(self._right.get(text.normalise(query), ()))

    def avoided(self, query: str) -> set[str]:
        """Return the marks of all passages that are right for a question, or may be."""
        return set(self._avoided.get(text.normalise(query), ()))
