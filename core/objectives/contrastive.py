"""Questions with their passages, every other passage of the batch wrong for them."""

from __future__ import annotations

from collections.abc import Sequence

from core.objectives import Columns
from core.schema import TrainPair


def columns(rows: Sequence[TrainPair], epoch: int, negatives: int) -> Columns:
    """Return the questions, their passages, and the batch's hard negatives, each once.

    What it does: ranks each question's passage before all others. What it needs: pairs, a few hundred at least, best asked by
    people or a language model. When to choose it: for search. Source: Henderson et al. 2017 (arXiv 1705.00652).
    """
    wrong = hard_negatives(rows, negatives, epoch)
    queries, passages = [row.query for row in rows], [row.positive for row in rows]
    if wrong:
        return Columns((queries, passages, wrong), ("query", "document", "document"))
    return Columns((queries, passages), ("query", "document"))


def hard_negatives(rows: Sequence[TrainPair], count: int, epoch: int) -> list[str]:
    """Return the texts of a batch's hard negatives, each once: up to `count` for each row, others in every epoch.

    One that is right for another row's query, or may be, is passed over; one that stands in the batch as a row's passage is
    a wrong answer for all others already.
    """
    there = {mark for row in rows for mark in row.marks[:1]}
    shunned = {mark for row in rows for mark in row.avoid} - there
    chosen: dict[str, str] = {}
    for row in rows:
        wrong = list(zip(row.marks[1:] or row.negatives, row.negatives, strict=True))
        first = epoch * count % len(wrong) if wrong else 0
        fine = [(mark, negative) for mark, negative in wrong[first:] + wrong[:first] if mark not in shunned]
        chosen.update({mark: negative for mark, negative in fine[:count] if mark not in there})
    return list(chosen.values())
