"""What is found about a pair: the quality gate's measures, mined negatives, and passages that may be right too."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Measure:
    """What the quality gate goes by for one pair. Its limits are kept apart, so that moving them measures nothing again.

    `digest` is the hash of the query, its passages and the model's limit; `corpus` that of all passages and the model, when
    the two ranks were found.
    """

    pair_id: str
    digest: str
    corpus: str = ""
    kind: str = ""  # one of gate.KINDS: whether the query was asked, taken from the passage, or is neither
    words: int = 0
    copied: int = 0  # the longest run of the query's words that stands in a passage
    refers: int = 0  # 2 where the query speaks of its passage ("this text"), 1 where it does so loosely ("the context")
    unread: float = 0.0  # share of the passage that lies beyond what the model reads
    language: str = ""
    passage_language: str = ""
    twin: float = 0.0  # likeness (Jaccard) to the most like earlier query for the same passage; 1 is the same words in the same order
    rank_base: int = -1  # the passage's rank when all are searched by the query: 0 beyond the first 100, -1 not searched
    rank_words: int = -1  # the same by BM25


@dataclass(frozen=True)
class Mined:
    """A passage that mining made a hard negative of a pair, and may take back; those that came with the pair it leaves alone."""

    pair_id: str
    chunk_id: str
    judge: str
    score: float


class DoubtState(StrEnum):
    """Say what a person made of a passage that may be a second right answer; one that is open or ignored is used as neither."""

    OPEN = "open"
    DROPPED = "dropped"  # not an answer: a hard negative
    ACCEPTED = "accepted"  # also right
    IGNORED = "ignored"


@dataclass(frozen=True)
class Doubt:
    """A passage that scores as high as a pair's own, or nearly, by `judge`: a second right answer, or the hardest negative.

    `at` is when it was found, and once decided when that was.
    """

    pair_id: str
    chunk_id: str
    judge: str
    score: float
    own_score: float
    state: DoubtState = DoubtState.OPEN
    who: str = ""
    at: float = 0.0
