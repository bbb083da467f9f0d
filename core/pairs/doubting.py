"""Doubts: passages that score as high as the right one. A person says whether they are answers too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.machine import user
from core.project import Project
from core.schema import Doubt, DoubtState

ANSWERS: Mapping[str, DoubtState] = {"wrong": DoubtState.DROPPED, "right": DoubtState.ACCEPTED, "ignore": DoubtState.IGNORED}


@dataclass(frozen=True)
class Case:
    """A doubt with what a person has to read: the question, the right passage and the doubtful one."""

    doubt: Doubt
    question: str
    right: str
    doubtful: str


def shown(project: Project, doubt: Doubt) -> Case:
    """Return a doubt with its texts."""
    pair, doubtful = project.pair(doubt.pair_id), project.chunk(doubt.chunk_id)
    right = [chunk for c in (pair.positives if pair else ()) if (chunk := project.chunk(c))]
    return Case(doubt, pair.query if pair else "", right[0].text if right else "", doubtful.text if doubtful else "")


def decide(project: Project, pair_id: str, chunk_id: str, answer: str, who: str = "") -> None:
    """Decide a doubt: "wrong" makes the passage a hard negative, "right" a second right answer, "ignore" neither.

    `who` is the person, the machine's user where it is left open. Raises `UserError` when the doubt is gone.
    """
    project.settle_doubt(pair_id, chunk_id, ANSWERS[answer], who or user())
