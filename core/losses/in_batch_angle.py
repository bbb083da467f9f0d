"""AnglE over all pairs of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

    from core.losses.given import Given


def in_batch_angle(given: Given, scale: float = 20.0) -> nn.Module:
    """Order a batch's pairs as AnglE does, below them every first text with every other row's second text.

    Needs: scored pairs, whose texts have nothing to do with other rows' texts as a rule; vectors of an even length.
    Choose it for: what InBatchCoSENTLoss is for, where the cosines of alike texts lie close together.
    Source: Li and Li 2024 (arXiv 2309.12871), which takes a batch's other texts as negatives too.
    """
    from sentence_transformers.sentence_transformer.losses import AnglELoss

    from core.losses.in_batch import InBatchOrder

    return InBatchOrder(given, AnglELoss(given, scale=scale), angles)  # type: ignore[arg-type]


def angles(first: Tensor, second: Tensor) -> Tensor:
    """Return the library's pairwise angle similarity for all rows with all others, (n, m) from (n, d) and (m, d), d even.

    It is the absolute sum of cosine and sine; the sine is that of a vector's two halves, read as real and imaginary parts.
    """
    import torch

    one, other = (torch.nn.functional.normalize(rows, dim=1) for rows in (first, second))
    real, imaginary = one.chunk(2, dim=1)
    return ((one + torch.cat([imaginary, -real], dim=1)) @ other.T).abs()
