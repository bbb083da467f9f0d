"""What a teacher's scores are learned by, beside an objective's own loss: one file an entry, over vectors that are given."""

from __future__ import annotations

from core.registry import Choice, Registry

CROSS_ENCODER = "a cross-encoder"
"""Among a distillation's needs: the teacher reads question and passage together; else it is an embedding model."""

DISTILLATIONS = Registry(
    "distillation",
    {
        "DistillKLDivLoss": Choice(
            "core.losses.distill_kl:InBatchKL",
            "The teacher's order of a batch's passages",
            "Each question's passages of the whole batch, hard negatives among them, get the teacher's odds of being right.",
            tags=frozenset({"contrastive", "triplet", "unsupervised"}),
        ),
        "DistillSimilarityLoss": Choice(
            "core.losses.distill_similarity:InBatchSimilarities",
            "The teacher's cosines",
            "All texts of a batch shall be as alike as they are for the teacher, whatever the length of its vectors.",
            tags=frozenset({"similarity", "unsupervised", "contrastive", "triplet"}),
        ),
        "MarginMSELoss": Choice(
            "core.losses.distill_margin:TeachersMargin",
            "A cross-encoder's margins",
            "How much better each right answer is than its row's wrong ones, as a model says that reads both texts together.",
            needs=(CROSS_ENCODER,),
            tags=frozenset({"contrastive", "triplet"}),
        ),
    },
)
"""Every distillation by the library's name, or in its style; the tags are the objectives that it fits."""


def default_distillation(objective: str, cross_encoder: bool) -> str:
    """Return the distillation of an objective that names none; "" where none fits such a teacher."""
    fit = (name for name in distillations_of(objective) if (CROSS_ENCODER in DISTILLATIONS[name].needs) == cross_encoder)
    return next(fit, "")


def distillations_of(objective: str) -> list[str]:
    """Return the names of the distillations that fit an objective."""
    return [name for name, choice in DISTILLATIONS.items() if objective in choice.tags]
