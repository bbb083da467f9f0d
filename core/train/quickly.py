"""Quick on texts alone: the maps learn the order that the base's own late interaction gives the texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core import losses
from core.dataset import Dataset, TextRow
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.losses import TEACHER
from core.models import Encoder
from core.objectives import default_loss
from core.objectives.lessons import Lesson
from core.objectives.meeting import keys
from core.recipe import TrainSettings
from core.recipe.objectives import ObjectiveSettings
from core.train import teaching
from core.train.batches import Batches
from core.train.plan import Plan
from core.train.quick import Learned
from core.train.watch import Watch


def check(objectives: Sequence[ObjectiveSettings]) -> None:
    """Raise `UserError` unless the objectives are what maps can learn: one alone, from a teacher of the texts."""
    if not learns(objectives):
        raise UserError(
            "Quick learns pairs of the project, or one objective: unsupervised with the loss LateInteractionDistillation.",
            "Leave the dial out to tune the whole model, or leave the objectives out.",
        )
    if objectives[0].matryoshka or objectives[0].distillation or objectives[0].variation_penalty:
        raise UserError("Quick adds nothing to its loss.", "Leave the dial out to tune the whole model.")


def learns(objectives: Sequence[ObjectiveSettings]) -> bool:
    """Say whether the objectives are one alone, from a teacher of texts."""
    if len(objectives) != 1 or objectives[0].type != "unsupervised":
        return False
    name = objectives[0].loss or default_loss(objectives[0].type)
    return name in losses.LOSSES and TEACHER in losses.LOSSES[name].needs


def distilling(
    dataset: Dataset, settings: TrainSettings, plan: Plan, base: Encoder, embeddings: EmbeddingStore, watch: Watch
) -> Distilling:
    """Return the task of the recipe's one objective."""
    args = dict(settings.objectives[0].loss_args)
    rows = [row for row in dataset.objectives[0].train if isinstance(row, TextRow)]
    made = teaching.lessons(rows, args, teaching.MANY, base, embeddings, plan.seed, watch.part(0.0, 0.4))
    return Distilling(made, args, plan, base, embeddings)


class Distilling:
    """Lessons: each query's candidates in the order of the late interaction."""

    def __init__(self, lessons: Sequence[Lesson], args: dict[str, Any], plan: Plan, base: Encoder, embeddings: EmbeddingStore) -> None:
        import torch

        from core.losses.given import Given

        texts = list(dict.fromkeys(text for lesson in lessons for text in lesson.passages))
        place = {text: i for i, text in enumerate(texts)}
        self.queries = torch.from_numpy(embeddings.vectors(base, [lesson.query for lesson in lessons], "query"))
        self.texts = torch.from_numpy(embeddings.vectors(base, texts, "document"))
        self.candidates = torch.tensor([[place[text] for text in lesson.passages] for lesson in lessons])
        self.scores = torch.tensor([lesson.scores for lesson in lessons])
        self.batches = Batches(keys(lessons), plan.batch_size, plan.seed)
        self.term = losses.build("LateInteractionDistillation", Given(base.dimension), args, "train.objectives.0.loss")

    def loss(self, batch: Sequence[int], epoch: int, learned: Learned) -> Any:
        """Return the divergence of the maps' order from the teacher's."""
        from core.losses.given import VECTOR

        near = learned.documents(self.texts[self.candidates[batch]])
        columns = [learned.queries(self.queries[batch]), *near.unbind(1)]
        return self.term([{VECTOR: vectors} for vectors in columns], self.scores[batch])
