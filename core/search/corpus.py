"""The passages that every question is searched in, and the few that have another text for one question.

A question that was taken from a passage would find its own words there; so for that question alone the passage is searched
without them (`Question.without`), by vectors, by words and by the reranker alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core import search, text
from core.schema import Passage, Question
from core.search import NOTHING, Other, Positions, Scores

SHORTEST = 5  # words; a passage of which less is left says nothing, and is left out unless it is the right one


@dataclass(frozen=True)
class Corpus:
    """Texts by position: first the passages, then the other texts that some questions have for some of them.

    `others[row]` maps, for the question at `row`, the position of a passage to that of its other text, or to NOTHING where
    the passage is left out.
    """

    ids: tuple[str, ...]
    queries: tuple[str, ...]
    texts: tuple[str, ...]
    others: Mapping[int, Mapping[int, int]]

    @classmethod
    def of(cls, passages: Sequence[Passage], questions: Sequence[Question]) -> Corpus:
        """Lay out passages and questions."""
        place = {passage.id: i for i, passage in enumerate(passages)}
        texts = [passage.text for passage in passages]
        others: dict[int, dict[int, int]] = {}
        for row, question in enumerate(questions):
            for key, other in question.without.items():
                if key in place:
                    used = key in question.relevant or len(text.words(other)) >= SHORTEST
                    others.setdefault(row, {})[place[key]] = len(texts) if used else NOTHING
                    texts += [other] if used else []
        return cls(tuple(place), tuple(q.query for q in questions), tuple(texts), others)

    @property
    def passages(self) -> tuple[str, ...]:
        """The texts that hold for every question."""
        return self.texts[: len(self.ids)]

    def dense(self, queries: Scores, vectors: Scores, depth: int = search.DEPTH) -> tuple[Positions, Scores]:
        """Return the ranking of each question by the inner product with the vectors (m, d) of all `texts`."""
        others = {row: self._other(row, vectors[list(moved.values())] @ queries[row]) for row, moved in self.others.items()}
        return search.exact(queries, vectors[: len(self.ids)], depth, others)

    def words(self, depth: int = search.DEPTH, index: search.BM25 | None = None) -> tuple[Positions, Scores]:
        """Return the ranking of each question by BM25; `index`, where given, is that of the passages."""
        index = index or search.BM25(self.passages)
        others = {
            row: self._other(row, [index.score(self.queries[row], self.texts[at]) for at in moved.values()])
            for row, moved in self.others.items()
        }
        return index.search(self.queries, depth, others)

    def _other(self, row: int, scores: Sequence[float] | Scores) -> Other:
        positions, at = (np.array(list(part), np.int64) for part in (self.others[row], self.others[row].values()))
        return Other(positions, np.where(at == NOTHING, -np.inf, np.asarray(scores, np.float32)))

    def as_texts(self, ranking: Positions) -> Positions:
        """Return a ranking of passages with, for each question, the positions of the texts that it sees."""
        seen = ranking.copy()
        for row, moved in self.others.items():
            for passage, at in moved.items():
                seen[row, ranking[row] == passage] = at
        return seen

    def as_passages(self, ranking: Positions) -> Positions:
        """Return what `as_texts` was given."""
        back = ranking.copy()
        for row, moved in self.others.items():
            for passage, at in moved.items():
                if at != NOTHING:
                    back[row, ranking[row] == at] = passage
        return back

    def named(self, ranking: Positions) -> list[list[str]]:
        """Return each question's ranking as the passages' ids."""
        return [[self.ids[i] for i in row.tolist() if i != NOTHING] for row in ranking]
