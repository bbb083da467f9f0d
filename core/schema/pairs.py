"""Queries with the passages that answer them, and why a pair is not used."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.schema.split import Part


class PairState(StrEnum):
    """Say whether a pair is used, and where that was decided."""

    KEPT = "kept"
    DROPPED = "dropped"
    ASIDE = "set aside"  # by the quality gate, which gives it back when its limits are moved


class Reason(StrEnum):
    """Name why a pair is not used, or, of one that is kept, what there is to say about it; one word for each, everywhere."""

    BY_HAND = "by hand"  # of either state: a person decided, and nothing else changes that
    GONE = "passage gone"
    EXACT = "exact duplicate"
    NEAR = "near duplicate"
    SEVERAL = "several passages"
    SHORT = "too short"
    REFERS = "refers to its passage"
    LANGUAGE = "another language"
    COPIED = "copied wording"
    CUT = "cut off by the model"
    LOST = "not found again"


@dataclass(frozen=True)
class Pair:
    """A query and the passages that answer it.

    `start` and `end` are the span in the document that the query asks about, so that the pair attaches again after
    the chunks are cut anew. When the query itself was taken from the document (a sentence, a key phrase has none),
    `query_start` and `query_end` are its span, and passages are indexed without it for this query; otherwise -1.
    """

    id: str
    query: str
    document_id: str
    start: int
    end: int
    positives: tuple[str, ...]  # chunk ids
    generator: str
    people: bool = False  # asked by a person, not made from the documents
    judge_only: bool = False
    state: PairState = PairState.KEPT
    reason: str = ""  # one of `Reason`, or none; of a person's kept question, what the quality gate would have set it aside for
    query_start: int = -1
    query_end: int = -1
    part: Part = Part.NONE
    edited: bool = False
    made: float = 0.0
    passage: str = ""  # its passage's text, kept only while the passage is gone
    negatives: tuple[str, ...] = ()  # chunk ids: passages that look like answers and are none
    score: float = 1.0  # how right the positives are, 1 (fully) to -1 (not at all); training on right answers takes those of 1
    category: str = ""  # what kind of pair its generator made it as
    swapped: bool = False  # training takes the passage as the query, and the query as what it shall find
    group: str = ""  # the year, domain, document or theme that its generator counted it to
    who: str = ""  # who decided last, and when
    decided: float = 0.0


@dataclass(frozen=True)
class Decision:
    """One step of a person or of the quality gate, over any number of pairs, as the history lists it."""

    batch: str
    at: float
    who: str
    what: str
    pairs: int
    undone: bool = False


@dataclass(frozen=True)
class RawAnswer:
    """A language model's answer as it came, committed before it is parsed; `key` is the hash of all that was asked.

    `asked` is the hash of all that was asked but the passage; `refused` says, once it is parsed, what was not taken and why.
    """

    key: str
    chunk_id: str
    model: str
    text: str
    tokens_in: int
    tokens_out: int
    cost: float
    at: float
    seconds: float = 0.0  # that the call took
    asked: str = ""
    refused: str = ""
