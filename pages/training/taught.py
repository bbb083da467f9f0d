"""An objective in words, as the Train page and the Runs page say it."""

from __future__ import annotations

from core.losses import LOSSES, plain_name
from core.objectives import OBJECTIVES, default_loss
from core.recipe import TrainSettings
from core.recipe.objectives import ObjectiveSettings


def label(objective: ObjectiveSettings) -> str:
    """Return what is taught, in plain words."""
    return OBJECTIVES[objective.type].label if objective.type in OBJECTIVES else objective.type


def loss(objective: ObjectiveSettings) -> str:
    """Return the name of the loss that an objective is taught with."""
    return objective.loss or (default_loss(objective.type) if objective.type in OBJECTIVES else "")


def besides(objective: ObjectiveSettings) -> str:
    """Return what is added to the loss."""
    parts = []
    if objective.matryoshka:
        parts.append(f"short vectors of {', '.join(map(str, objective.matryoshka.matryoshka_dims))}")
    if objective.margin is not None:
        parts.append(f"margin {objective.margin:g}")
    if objective.distillation:
        parts.append(f"teacher {objective.distillation.teacher.name}")
    if objective.variation_penalty:
        parts.append(f"penalty {objective.variation_penalty.alpha:g}")
    return ", ".join(parts)


def sentence(train: TrainSettings) -> str:
    """Return what a training taught, with the data and loss of each objective; "" where it was the project's pairs alone."""
    told = []
    for one in train.objectives:
        name = plain_name(loss(one))
        added = f", {besides(one)}" if besides(one) else ""
        told.append(f"{label(one)} ({one.datasets.train.name}, {LOSSES[name].label if name in LOSSES else name}{added})")
    return "; ".join(told)
