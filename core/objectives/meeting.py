"""Which rows may meet in a batch: in one batch, everybody else's passage is a wrong answer, so none may be a right one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

from core import text
from core.dataset import Row, ScoredPair, TextRow
from core.objectives.lessons import Lesson
from core.schema import TrainPair


@dataclass(frozen=True)
class Keys:
    """What a row brings into a batch, and what must not be there with it: it avoids at least what it brings.

    Rows of a group, and those of none, are data sets of their own: a batch holds rows of one.
    """

    brings: frozenset[str]
    avoids: frozenset[str]
    group: str = ""


def keys(rows: Sequence[Row | Lesson]) -> list[Keys]:
    """Return each row's keys."""
    return [_keys(row) for row in rows]


@singledispatch
def _keys(row: Row | Lesson) -> Keys:
    raise TypeError(f"rows of {type(row).__name__} cannot be dealt into batches")


@_keys.register
def _(row: TrainPair) -> Keys:
    """It brings its query, its passage and that one's text and mark; it avoids what is or may be right.

    Texts are texts on either side: a query that is a passage itself must not meet itself as a wrong answer.
    """
    marks = {f"m {mark}" for mark in row.marks[:1]}
    own = frozenset({f"t {text.normalise(row.query)}", f"p {row.passage_id}", f"t {text.normalise(row.positive)}"} | marks)
    return Keys(own, own | {f"m {mark}" for mark in row.avoid}, row.group)


@_keys.register
def _(row: ScoredPair) -> Keys:
    """A text may stand in a batch once: a loss may take all other texts for unrelated."""
    own = frozenset({f"t {text.normalise(row.first)}", f"t {text.normalise(row.second)}"})
    return Keys(own, own)


@_keys.register
def _(row: TextRow) -> Keys:
    own = frozenset({f"t {text.normalise(row.text)}"})
    return Keys(own, own)


@_keys.register
def _(row: Lesson) -> Keys:
    """It brings its own wrong answers and meets nobody else's."""
    return Keys(frozenset(), frozenset())
