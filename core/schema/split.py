"""The split: which part a passage or a question belongs to, and the questions frozen for the test."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """Name the part of the split that a passage or a question belongs to; only train is trained on."""

    TRAIN = "train"
    DEV = "dev"
    TEST = "test"
    GAP = "gap"  # between parts, or a near-duplicate across them: used by none
    NONE = ""


@dataclass(frozen=True)
class Region:
    """A span of a document that is held out from training (dev, test or gap); what no region covers is train."""

    document_id: str
    start: int
    end: int
    part: Part


@dataclass(frozen=True)
class TestQuestion:
    """A frozen test question: a copy, so that later edits of its pair change nothing."""

    __test__ = False  # not a pytest class

    pair_id: str
    query: str
    document_id: str
    start: int
    end: int
    generator: str
    people: bool
    query_start: int = -1
    query_end: int = -1


@dataclass(frozen=True)
class TestSet:
    """The frozen questions by which models are judged; `digest` is the SHA-256 of all of them."""

    __test__ = False

    number: int
    digest: str
    questions: tuple[TestQuestion, ...]
    reason: str
    made: float
