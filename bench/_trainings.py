"""Which trainings bench.objectives measures: one for each entry of the registries, and what is added to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.losses import SCORES
from core.losses.distillations import CROSS_ENCODER, DISTILLATIONS, distillations_of
from core.objectives import FIRST, OBJECTIVES, default_loss, losses_of, rows_of
from core.recipe.training import MAPS

SHORT = 64  # numbers of a vector whose score is told for Matryoshka
DIMENSIONS = (384, 128, SHORT)


@dataclass(frozen=True)
class Line:
    """One training: its place in the table, its recipe, and which teacher stands in it (an objective's, or a cross-encoder)."""

    objective: str
    what: str
    train: Mapping[str, Any]
    teacher: str = ""

    @property
    def name(self) -> str:
        return f"{self.objective}: {self.what}"

    @property
    def kinds(self) -> list[str]:
        """The types of its objectives; none where the project's pairs are taught."""
        return [objective["type"] for objective in self.train.get("objectives", ())]


def lines() -> dict[str, Line]:
    """Return all lines by name: one for each entry of the registries, and what is added to them."""
    found = [*_losses(), *_added(), *_taught(), *_together(), *_methods(), Line("reranker", "cross-encoder, a fresh head", {})]
    order = list(dict.fromkeys(line.objective for line in found))
    return {line.name: line for line in sorted(found, key=lambda line: order.index(line.objective))}


def balanced(what: str, *objectives: Mapping[str, Any], teacher: str = "", **settings: Any) -> Line:
    """Return the line that teaches the whole model these objectives."""
    return Line(" + ".join(one["type"] for one in objectives), what, {"dial": "balanced", "objectives": objectives, **settings}, teacher)


def _losses() -> Iterator[Line]:
    for kind, choice in OBJECTIVES.items():
        if FIRST in choice.needs:
            yield balanced("read, then ranked", {"type": kind}, {"type": "contrastive"})
        for loss in losses_of(kind):
            yield balanced(loss, {"type": kind, "loss": loss})


def _added() -> Iterator[Line]:
    short = {"matryoshka": {"matryoshka_dims": DIMENSIONS}}
    for what, added in (
        ("with a margin of 0.1", {"margin": 0.1}),
        ("with Matryoshka", short),
        ("with the variance penalty", {"variation_penalty": {"alpha": 1.0}}),
        ("with margin, Matryoshka and penalty", {"margin": 0.1, **short, "variation_penalty": {"alpha": 1.0}}),
        ("in parts (GradCache)", {"loss": f"Cached{default_loss('contrastive')}"}),
    ):
        yield balanced(what, {"type": "contrastive", **added})
    yield balanced("with Matryoshka", {"type": "similarity", **short})


def _taught() -> Iterator[Line]:
    for kind in OBJECTIVES:
        for name in distillations_of(kind):
            tuned = "similarity" if rows_of(kind) == SCORES else "contrastive"
            teacher = CROSS_ENCODER if CROSS_ENCODER in DISTILLATIONS[name].needs else tuned
            yield balanced(f"with a teacher, {name}", {"type": kind, "distillation": {"loss": name}}, teacher=teacher)


def _together() -> Iterator[Line]:
    yield balanced("in turn", {"type": "contrastive"}, {"type": "similarity"})
    yield balanced("in turn", {"type": "contrastive"}, {"type": "triplet"}, {"type": "unsupervised", "loss": "LateInteractionDistillation"})


def _methods() -> Iterator[Line]:
    whole = {"dial": "balanced"}
    for what, settings in (
        *((f"Quick, map for {which}", {"dial": "quick", "map": which}) for which in MAPS),
        ("Fast", {"dial": "fast"}),
        ("LoRA", {**whole, "lora": {}}),
        ("full", whole),
        ("full, three layers frozen", {**whole, "freeze_layers": 3}),
        ("full, blend off", {**whole, "blend": ()}),
    ):
        yield Line("method", what, settings)
    texts = {"type": "unsupervised", "loss": "LateInteractionDistillation"}
    yield Line("method", "Quick, texts alone", {"dial": "quick", "objectives": (texts,)})
