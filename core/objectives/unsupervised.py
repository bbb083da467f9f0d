"""Texts alone, each against itself."""

from __future__ import annotations

from collections.abc import Sequence

from core.dataset import TextRow
from core.objectives import Columns


def columns(rows: Sequence[TextRow], epoch: int, negatives: int) -> Columns:
    """Return the texts twice: dropout makes the two vectors of a text differ.

    What it does: finds each text's other vector among all others of the batch. What it needs: texts, and a model with dropout.
    When to choose it: for texts without any questions; with questions, contrastive serves better.
    Source: Gao et al. 2021 (SimCSE, arXiv 2104.08821).
    """
    texts = [row.text for row in rows]
    return Columns((texts, texts), ("document", "document"), once=False)
