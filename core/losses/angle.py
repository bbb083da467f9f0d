"""AnglE: CoSENT by angles in complex space."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from core.losses.given import Given


def angle(given: Given, scale: float = 20.0) -> nn.Module:
    """Order pairs by their score as CoSENT does, by the angle between vectors read as complex numbers.

    Needs: scored pairs, and vectors of an even length.
    Choose it for: pairs most of which are very alike or very unlike, where the cosine is flat.
    Source: Li and Li 2024 (arXiv 2309.12871).
    """
    from sentence_transformers.sentence_transformer.losses import AnglELoss

    return AnglELoss(given, scale=scale)  # type: ignore[arg-type]
