"""Pairs of texts with a score."""

from __future__ import annotations

from collections.abc import Sequence

from core.dataset import ScoredPair
from core.objectives import Columns


def columns(rows: Sequence[ScoredPair], epoch: int, negatives: int) -> Columns:
    """Return the first texts, the second texts, and the scores.

    What it does: orders pairs by how alike they are. What it needs: scored pairs, from -1 to 1. When to choose it: for grouping,
    duplicates and likeness, where there is no question and answer. Source: Reimers and Gurevych 2019 (arXiv 1908.10084).
    """
    return Columns(([row.first for row in rows], [row.second for row in rows]), ("document", "document"), [row.score for row in rows])
