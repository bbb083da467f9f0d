"""How models did: scores with their uncertainty, verdicts, and what was published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Interval:
    """A mean over questions with the ends of its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


class VerdictWord(StrEnum):
    """Name the four things that an honest comparison can end with."""

    BETTER = "better"
    NO_DIFFERENCE = "no clear difference"
    WORSE = "worse"
    TOO_FEW = "too few questions"


@dataclass(frozen=True)
class Verdict:
    """Say whether tuned finds the right passage more often than base, by how much, and for whose questions.

    `difference` is tuned minus base in `metric`; `p` the two-sided paired permutation test's; `needed` how many
    independent questions would do, when there are too few; `practice` is true when a generator made any of the questions.
    Questions that share right passages (core.groups) count together: `groups` of them have nothing in common.
    """

    word: VerdictWord
    metric: str
    base: Interval
    tuned: Interval
    difference: Interval
    p: float
    questions: int
    needed: int
    practice: bool
    text: str  # the verdict as a sentence
    groups: int = 0  # 0 in a verdict from before they were counted

    @property
    def together(self) -> bool:
        """Say whether there are questions that count together."""
        return 0 < self.groups < self.questions


@dataclass(frozen=True)
class SystemScores:
    """The scores of one way to search, over the questions of one verdict; `metrics` maps nDCG@10 and so on to intervals."""

    system: str
    label: str
    metrics: Mapping[str, Interval]


@dataclass(frozen=True)
class QuestionResult:
    """How one question fared: the rank (1 is first, 0 beyond 100) of its best right passage, and nDCG@10, per system."""

    id: str
    query: str
    relevant: tuple[str, ...]
    generator: str
    people: bool
    ranks: Mapping[str, int]
    ndcg: Mapping[str, float]


@dataclass(frozen=True)
class Evaluation:
    """The one final comparison of base and tuned on the frozen test set whose hash is `test_digest`."""

    test_digest: str
    base: str
    model: str
    verdict: Verdict
    verdict_other: Verdict | None  # over the other kind (practice where people's decided), where there are both
    systems: tuple[SystemScores, ...]
    questions: tuple[QuestionResult, ...]
    passages: int
    excluded: int  # questions left out because the model was trained on their passage
    precision: str
    made: float
    systems_other: tuple[SystemScores, ...] = ()  # as `systems`, which covers the verdict's questions, over verdict_other's


@dataclass(frozen=True)
class Publication:
    """What was sent where: the repository, its commit, and the files with their SHA-256."""

    run_id: str
    repo: str
    url: str
    commit: str
    private: bool
    files: Mapping[str, str]
    at: float
