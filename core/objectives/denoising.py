"""Damaged texts, to be written again."""

from __future__ import annotations

import random
from collections.abc import Sequence

from core.dataset import TextRow
from core.digest import short
from core.objectives import Columns

DELETED = 0.6  # of the words


def columns(rows: Sequence[TextRow], epoch: int, negatives: int) -> Columns:
    """Return what is left of each text after three words in five are taken out, other ones in every epoch; the texts are the targets.

    What it does: makes a text's vector hold all that is needed to rebuild it. What it needs: texts, many, and a model whose kind
    can be a decoder too. When to choose it: for a language or a subject that the model hardly knows; else self-distillation is safer.
    Source: Wang et al. 2021 (TSDAE, arXiv 2104.06979), whose best ratio of deleted words it takes.
    """
    return Columns(([damaged(row.text, epoch) for row in rows],), ("document",), targets=[row.text for row in rows])


def damaged(text: str, epoch: int) -> str:
    """Return a text without `DELETED` of its words, at least one left: the same for the same text and epoch."""
    draw = random.Random(short("noise", epoch, text))
    words = text.split()
    kept = [word for word in words if draw.random() >= DELETED]
    return " ".join(kept or draw.sample(words, min(1, len(words))))
