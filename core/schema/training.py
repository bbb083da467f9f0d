"""A run's data: the rows that are trained on, and the questions that models are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class TrainPair:
    """One row of training data: texts, and the ids of the pair and passage they come from; `negatives` are texts too.

    A mark stands for a passage and all near-duplicates of it. `marks` are those of the positive and of each negative, in
    order; `avoid` those of every passage that is right for the query, or may be: the query meets none of them as a wrong one.
    """

    pair_id: str
    passage_id: str
    query: str
    positive: str
    generator: str
    people: bool = False
    negatives: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    group: str = ""  # the domain that it was made apart for: a batch holds pairs of one domain


@dataclass(frozen=True)
class Question:
    """A query with its relevant passages; `without` holds, for this query alone, other texts of some passages.

    A sentence query must not find itself: every passage that contains the sentence is searched in the text that
    `without` gives for its id.
    """

    id: str
    query: str
    relevant: tuple[str, ...]
    generator: str
    people: bool = False
    without: Mapping[str, str] = field(default_factory=dict)
