"""Which of the training pairs are learned from: questions alone, where there are enough, else everything that was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.generators import WRITTEN, asked
from core.project import PairFilter, Project
from core.recipe import Recipe
from core.schema import Pair, PairState, Part

ENOUGH_ASKED = 100  # training questions of people or a model, from which pairs made offline are left out


@dataclass(frozen=True)
class Learned:
    """Say how many pairs are learned from, of how many there are to learn from, and whether any of them is a question that was asked."""

    pairs: int
    of: int
    asked: bool


def learned_from(pairs: Sequence[Pair], generators: Sequence[str]) -> list[Pair]:
    """Return those of the training pairs that are learned from: the kinds that were chosen, or what measured best.

    Questions of people and language models are enough by themselves from `ENOUGH_ASKED` on: on the sample, tuning the whole
    model on the 194 it then had took half the time and found more (0.365 nDCG@10) than with 165 sentences beside them (0.358), and on
    other collections pairs made offline cost people's questions 0.02 (bench/RESULTS.md).
    """
    if generators:
        return [pair for pair in pairs if pair.generator in generators]
    questions = [pair for pair in pairs if asked(pair)]
    return questions if len(questions) >= ENOUGH_ASKED else list(pairs)


def counted(project: Project, recipe: Recipe) -> Learned:
    """Return what `learned_from` will say, counted by SQL; about so many where the questions are not divided yet."""
    only, share = PairFilter(state=PairState.KEPT, part=Part.TRAIN), 1.0
    if not project.count_pairs(only):
        only, share = PairFilter(state=PairState.KEPT), 1 - recipe.split.dev - recipe.split.test

    def count(**more: tuple[str, ...]) -> int:
        filtered: PairFilter = replace(only, **more)  # type: ignore[arg-type]
        return round(share * project.count_pairs(filtered))

    chosen = recipe.train.generators
    total, questions = count(), count(generators=chosen, asked_by=WRITTEN)
    if chosen:
        return Learned(count(generators=chosen), total, questions > 0)
    return Learned(questions if questions >= ENOUGH_ASKED else total, total, questions > 0)
