"""The teacher that a recipe names for an objective: what of it is learned, and from which numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core import losses
from core.errors import UserError
from core.losses.distillations import CROSS_ENCODER, DISTILLATIONS, default_distillation, distillations_of
from core.recipe.objectives import DistillationSettings, ObjectiveSettings
from core.registry import Choice
from core.rerankers import cross_encoder
from core.train.beside import Source
from core.train.collate import Beside

if TYPE_CHECKING:
    from torch import nn

    from core.losses.given import Given


def distillation(
    wanted: ObjectiveSettings, loss: Choice, rows: Sequence[Any], given: Given, source: Source, place: str
) -> tuple[nn.Module, str, Beside]:
    """Return what learns from an objective's teacher, and the teacher's numbers with the key under which it looks for them.

    `loss` is the objective's own. Raises `UserError` where objective, distillation and teacher do not fit each other.
    """
    from core.losses.given import SCORED, TEACHER

    settings = wanted.distillation
    if settings is None:
        raise ValueError("the objective names no teacher")
    if losses.TEACHER in loss.needs:
        raise UserError(f"{place}: {loss.label} has a teacher already.", "Leave one of the two out.")
    name = _name(wanted.type, settings, place)
    term = losses.build(name, given, settings.loss_args, f"{place}.loss", table=DISTILLATIONS)
    if CROSS_ENCODER not in DISTILLATIONS[name].needs:
        return term, TEACHER, source.vectors(rows, settings.teacher, f"{place}.teacher")
    if set(settings.teacher.args.model_fields_set) - {"trust_remote_code"}:
        raise UserError(f"{place}.teacher.args: a cross-encoder is taken as it is.", "Leave them out.")
    return term, SCORED, source.scores(rows, settings.teacher, place)


def _name(objective: str, settings: DistillationSettings, place: str) -> str:
    """Return the distillation that is named, or the one that fits objective and teacher."""
    fit = distillations_of(objective)
    if not fit:
        raise UserError(f"{place}: {objective} does not learn from a teacher.", "Leave it out, or put it on another objective.")
    if settings.loss and settings.loss not in fit:
        raise UserError(f"{place}.loss: {settings.loss} does not fit {objective}.", f"For it there are {', '.join(fit)}.")
    try:
        pairs = cross_encoder.is_one(settings.teacher.name)
    except UserError as error:
        raise UserError(f"{place}.teacher: {error.message}", error.hint) from None
    usual = default_distillation(objective, pairs)
    name = settings.loss or usual
    if name and pairs == (CROSS_ENCODER in DISTILLATIONS[name].needs):
        return name
    kind, other = ("a cross-encoder", "an embedding model") if pairs else ("an embedding model", "a cross-encoder")
    raise UserError(
        f"{place}: {name or objective} learns from {other}, and {settings.teacher.name} is {kind}.",
        f"Name another teacher, or {usual} as the loss." if usual else "Name another teacher.",
    )
