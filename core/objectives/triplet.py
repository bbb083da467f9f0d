"""A text, one that belongs to it, and one that does not."""

from __future__ import annotations

from collections.abc import Sequence

from core.objectives import Columns
from core.schema import TrainPair


def columns(rows: Sequence[TrainPair], epoch: int, negatives: int) -> Columns:
    """Return the anchors, the right texts, and a wrong one each: another of the row's in every epoch.

    What it does: keeps each row's wrong text further off than its right one. What it needs: rows with a wrong text each. When to
    choose it: for tables whose categories say what is wrong; for search, contrastive makes more of the same rows.
    Source: Schroff et al. 2015 (arXiv 1503.03832).
    """
    wrong = [row.negatives[epoch % len(row.negatives)] for row in rows]
    return Columns(([row.query for row in rows], [row.positive for row in rows], wrong), ("query", "document", "document"))
