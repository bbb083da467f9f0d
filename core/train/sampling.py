"""Which texts of a batch the model is corrected by: those that the loss depends on, drawn so that the gradient is right on average.

After some steps most pairs of a batch are told apart and pull at no weight, while the way back through the model, twice the work of the
way there, is the same for each. So the vectors of all texts are made first, the loss is taken of all of them, and a text goes through the
model again, and back, with a chance that grows with the slope of the loss at its vector; its slope is divided by that chance.
Source: importance sampling for training, Katharopoulos and Fleuret 2018 (arXiv 1803.00942).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.recipe import TrainSettings
from core.train import objectives, ranks
from core.train.plan import Plan

if TYPE_CHECKING:
    from torch import Tensor

HALVINGS = 60  # of the span in which the threshold lies


def share(settings: TrainSettings, plan: Plan) -> float:
    """Return what share of a batch's tokens goes through the model again: the plan's.

    All of it with dropout, which would be another the second time; and with several processes, whose parts must come in step.
    """
    return 1.0 if objectives.with_dropout(settings, plan) or ranks.count() > 1 else plan.gradient_share


def chances(slopes: Tensor, work: Tensor, share: float) -> Tensor:
    """Return each text's chance, (n,): as its slope's length, at most 1, so that on average `share` of all work is done.

    `slopes` (n, d) are the loss's at the texts' vectors, `work` (n,) what each text costs. Among chances that do so much work these make
    the gradient vary least, where all texts cost the same. A text without a slope has none.
    """
    lengths: Tensor = slopes.norm(dim=1).double()
    most = float(lengths.max()) if len(lengths) else 0.0
    if not most > 0:
        return lengths
    size = work.double() / work.sum()
    if float(size[lengths > 0].sum()) <= share:
        return (lengths > 0).double()
    low, high = 0.0, most / share  # at `high` no chance is above `share`
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        done = float(((lengths / middle).clamp(max=1) * size).sum())
        low, high = (middle, high) if done > share else (low, middle)
    found: Tensor = (lengths / high).clamp(max=1)
    return found


def drawn(slopes: Sequence[Tensor], work: Sequence[Tensor], share: float) -> list[tuple[Tensor, Tensor]]:
    """Return for each part of a batch which of its texts were drawn, and their slopes, divided by their chances.

    Draws from torch's own random numbers, whose state a checkpoint keeps.
    """
    import torch

    chance = chances(torch.cat([own.detach().float().cpu() for own in slopes]), torch.cat([own.cpu() for own in work]), share)
    taken = torch.rand(len(chance), dtype=torch.float64) < chance
    found, start = [], 0
    for own in slopes:
        here = slice(start, start := start + len(own))
        rows = taken[here].nonzero().flatten()
        scale = 1 / chance[here][rows]
        rows = rows.to(own.device)
        found.append((rows, own[rows] * scale.to(own)[:, None]))
    return found
