"""Objectives: what a model can be taught, one file an entry; each says which texts a batch of its rows brings to be embedded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.losses import PAIRS, SCORES, TEXTS, TRIPLETS, fitting
from core.registry import Choice, Registry

__all__ = ["OBJECTIVES", "Columns", "default_loss"]

DROPOUT = "dropout"
"""Among an objective's needs: it learns from the noise of dropout, so that stays on."""

FIRST = "first"
"""Among an objective's needs: it is a phase of its own, before the others are taught together."""

OBJECTIVES = Registry(
    "objective",
    {
        "contrastive": Choice(
            "core.objectives.contrastive:columns",
            "Find the right passage",
            "Questions with the passage that answers them, and wrong ones where there are any: what search needs.",
            tags=frozenset({PAIRS}),
        ),
        "similarity": Choice(
            "core.objectives.similarity:columns",
            "Judge likeness",
            "Two texts and a score of how alike they are: for grouping and for finding duplicates.",
            tags=frozenset({SCORES}),
        ),
        "triplet": Choice(
            "core.objectives.triplet:columns",
            "Tell right from wrong",
            "A text, one that belongs to it and one that does not, such as rows of a table by their category.",
            tags=frozenset({TRIPLETS}),
        ),
        "unsupervised": Choice(
            "core.objectives.unsupervised:columns",
            "Texts alone",
            "Each text against itself under dropout (SimCSE), or by the model's own late interaction: for texts without any questions.",
            needs=(DROPOUT,),
            tags=frozenset({TEXTS}),
        ),
        "denoising": Choice(
            "core.objectives.denoising:columns",
            "Rebuild damaged texts (TSDAE)",
            "Words are left out of each text, and its vector must hold enough to write it again: for texts without any questions.",
            tags=frozenset({TEXTS}),
        ),
        "language_model": Choice(
            "core.objectives.language_model:columns",
            "Read the texts first",
            "Before anything else is taught, the model learns to find hidden words: for texts whose words it hardly knows.",
            needs=(FIRST,),
            tags=frozenset({TEXTS}),
        ),
    },
)
"""Every objective by its type in a recipe; the tag is what its rows hold."""

USUAL = {
    PAIRS: "MultipleNegativesSymmetricRankingLoss",
    SCORES: "CoSENTLoss",
    TRIPLETS: "TripletLoss",
    "unsupervised": "MultipleNegativesRankingLoss",
    "denoising": "DenoisingAutoEncoderLoss",
}
"""The loss of an objective that names none: by what its rows hold, or by its type."""


@dataclass(frozen=True)
class Columns:
    """What a batch brings: one list of texts a column, each column a query's or a document's, and a label a row where there are any.

    All columns but the first two may be of any length. Without `once`, the same text is embedded as often as it stands there.
    `targets` are texts that the loss is given as tokens, not as vectors. A label may be several numbers, as many in every row.
    """

    texts: tuple[Sequence[str], ...]
    kinds: tuple[Literal["query", "document"], ...]
    labels: Sequence[float] | Sequence[Sequence[float]] | None = None
    once: bool = True
    targets: Sequence[str] = ()


def rows_of(kind: str) -> str:
    """Return what an objective's rows hold: PAIRS, TRIPLETS, SCORES or TEXTS."""
    return next(iter(OBJECTIVES[kind].tags))


def default_loss(kind: str) -> str:
    """Return the loss of an objective that names none."""
    return "" if FIRST in OBJECTIVES[kind].needs else USUAL[kind if kind in USUAL else rows_of(kind)]


def losses_of(kind: str) -> Registry:
    """Return the losses that fit an objective."""
    return fitting(rows_of(kind), kind)
