"""Passages that a teacher has put in an order for a query: what is learned from them is the order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.objectives import Columns


@dataclass(frozen=True)
class Lesson:
    """A query, passages, and the teacher's score of each passage; all lessons of a training have as many passages."""

    query: str
    passages: tuple[str, ...]
    scores: tuple[float, ...]


def columns(rows: Sequence[Lesson], epoch: int, negatives: int) -> Columns:
    """Return the queries, one column for each place in the order of the passages, and the teacher's scores as labels.

    What it does: teaches a whole order instead of one right passage. What it needs: lessons, which a teacher makes of texts. When
    to choose it: it belongs to the loss that names a teacher. Source: Lin et al. 2020 (arXiv 2010.11386).
    """
    passages = list(zip(*(row.passages for row in rows), strict=True))
    kinds = ("query", *(["document"] * len(passages)))
    return Columns(([row.query for row in rows], *passages), kinds, [row.scores for row in rows])  # type: ignore[arg-type]
