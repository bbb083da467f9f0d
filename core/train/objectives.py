"""The objectives of a training, built: rows, loss, and what a loss needs beside the vectors of the model in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core import losses
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.losses import MODEL, PAIRS, TEACHER
from core.models import Encoder
from core.objectives import DROPOUT, FIRST, OBJECTIVES, default_loss, lessons, losses_of, rows_of
from core.objectives.meeting import keys
from core.recipe import TrainSettings
from core.recipe.objectives import ObjectiveSettings
from core.registry import Choice
from core.schema import Progress, silent
from core.train import ranks, teacher, teaching
from core.train.batches import Batches, Interleaved
from core.train.beside import Source
from core.train.collate import Beside, Objective
from core.train.plan import Plan

if TYPE_CHECKING:
    from torch import Tensor, nn

    from core.losses.given import Given


def with_dropout(settings: TrainSettings, plan: Plan) -> bool:
    """Say whether dropout stays on: it is wanted, or an objective learns from it."""
    return plan.dropout or any(
        DROPOUT in OBJECTIVES[objective.type].needs and TEACHER not in _loss(objective, "").needs for objective in settings.objectives
    )


def first(settings: TrainSettings) -> list[tuple[int, ObjectiveSettings]]:
    """Return the objectives that come before all others, with their places in the recipe."""
    return [(number, wanted) for number, wanted in enumerate(settings.objectives) if FIRST in OBJECTIVES[wanted.type].needs]


def build(
    dataset: Dataset, settings: TrainSettings, plan: Plan, base: Encoder, embeddings: EmbeddingStore, progress: Progress = silent
) -> list[Objective]:
    """Return the recipe's objectives, or the one of the project's pairs where it names none.

    Raises `UserError` where a loss does not fit its rows or does not take an argument.
    """
    import torch

    from core.losses.given import Given

    torch.manual_seed(plan.seed)  # a loss may bring weights of its own
    given = Given(base.dimension, base.model.tokenizer, base.max_tokens)
    together = [number for number, wanted in enumerate(settings.objectives) if FIRST not in OBJECTIVES[wanted.type].needs]
    if not together:
        if len(dataset.train) < 2:
            raise UserError("There is nothing to learn after the texts were read.", "Add an objective, or pairs to the project.")
        loss = losses.build("MultipleNegativesRankingLoss", given, {"scale": plan.scale})
        columns = OBJECTIVES["contrastive"].load()
        return [Objective("contrastive", dataset.train, columns, loss, plan.hard_negatives)]
    source = Source(base, embeddings, progress)
    return [
        _objective(number, settings.objectives[number], dataset.objectives[number].train, plan.seed, given, source) for number in together
    ]


def order(objectives: Sequence[Objective], settings: TrainSettings, plan: Plan) -> Interleaved:
    """Return all batches of all objectives in one order."""
    dealt = [Batches(keys(objective.rows), plan.batch_size, plan.seed) for objective in objectives]
    return Interleaved(dealt, settings.args.multi_dataset_batch_sampler, plan.seed, ranks.count())


def _objective(number: int, wanted: ObjectiveSettings, rows: Sequence[Any], seed: int, given: Given, source: Source) -> Objective:
    place = f"train.objectives.{number}"
    name = wanted.loss or default_loss(wanted.type)
    choice, columns = _loss(wanted, place), OBJECTIVES[wanted.type].load()
    args = _arguments(wanted, choice, rows, place)
    beside: dict[str, Beside] = {}
    if "guide" in choice.needs:
        from core.losses.given import GUIDE

        beside[GUIDE] = source.vectors(rows, args.pop("guide", None), f"{place}.loss_args.guide")
    if TEACHER in choice.needs:
        rows = teaching.lessons(rows, args, teaching.FEW, source.base, source.embeddings, seed, source.progress)
        columns = lessons.columns
    main = losses.build(name, given, args, f"{place}.loss", source.base.model)
    others = []
    if wanted.distillation:
        term, key, taught = teacher.distillation(wanted, choice, rows, given, source, f"{place}.distillation")
        others.append((wanted.distillation.alpha, term))
        beside[key] = taught
    loss = _composed(main, others, wanted, given, len(rows), place)
    negatives = max((len(row.negatives) for row in rows if hasattr(row, "negatives")), default=0)
    return Objective(f"{number + 1} {wanted.type}", rows, columns, loss, negatives, beside)


def _arguments(wanted: ObjectiveSettings, choice: Choice, rows: Sequence[Any], place: str) -> dict[str, Any]:
    """Return a loss's arguments: the recipe's, with the objective's margin and what the rows say."""
    args = dict(wanted.loss_args)
    if wanted.loss.startswith(losses.CACHED):
        args.pop("mini_batch_size", None)  # the plan has it
    if wanted.margin is not None:
        margin = losses.margin_of(choice)
        if not margin:
            having = ", ".join(name for name, one in losses_of(wanted.type).items() if losses.margin_of(one))
            name = wanted.loss or default_loss(wanted.type)
            raise UserError(f"{place}.margin: {name} has none.", f"Leave it out{f', or take {having}' if having else ''}.")
        args[margin] = wanted.margin
    if "lowest" in losses.takes(choice) and any(row.score < 0 for row in rows):
        args.setdefault("lowest", -1.0)
    return args


def heads(objectives: Sequence[Objective], encoder: Encoder) -> dict[str, Tensor]:
    """Return the weights that losses train beside the model's, by name; those that they share with it are not among them."""
    shared = {id(weight) for weight in encoder.model.parameters()}
    found = {f"{n}.{name}": weight for n, one in enumerate(objectives) for name, weight in one.loss.named_parameters()}
    return {name: weight for name, weight in found.items() if id(weight) not in shared}


def _loss(wanted: ObjectiveSettings, place: str) -> Choice:
    """Return the loss that an objective names, or the usual one; raise `UserError` where it does not fit."""
    name = wanted.loss or default_loss(wanted.type)
    choice, fit = losses.LOSSES[losses.plain_name(name)], losses_of(wanted.type)
    if losses.plain_name(name) not in fit:
        raise UserError(f"{place}.loss: {name} does not fit {wanted.type}.", f"For it there are {', '.join(fit)}.")
    return choice


def _composed(
    main: nn.Module, others: list[tuple[float, nn.Module]], wanted: ObjectiveSettings, given: Given, rows: int, place: str
) -> nn.Module:
    """Return a loss with `others` and what else the recipe adds to it, all over the same vectors."""
    from core.losses.composed import Composed
    from core.losses.spread import SpreadPenalty

    if wanted.variation_penalty:
        if rows_of(wanted.type) != PAIRS:
            raise UserError(f"{place}.variation_penalty: {wanted.type} has no wrong answers in its batch.", "Leave it out.")
        others.append((wanted.variation_penalty.alpha, SpreadPenalty(given, rows, wanted.variation_penalty.loss_args.target)))
    loss = Composed(main, others) if others else main
    if wanted.matryoshka:
        if MODEL in _loss(wanted, place).needs:
            raise UserError(f"{place}.matryoshka: {wanted.type} needs whole vectors.", "Leave it out, or put it on another objective.")
        from sentence_transformers.sentence_transformer.losses import MatryoshkaLoss

        try:
            return MatryoshkaLoss(given, loss, **wanted.matryoshka.model_dump())  # type: ignore[arg-type]
        except ValueError as error:
            raise UserError(f"{place}.matryoshka: {error}", "Correct the recipe and start again.") from None
    return loss
