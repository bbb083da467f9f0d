"""Losses: one file an entry, each the library's own where it has one, over vectors that were embedded once a batch."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.errors import UserError
from core.registry import Choice, Registry

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import nn

    from core.losses.given import Given

__all__ = ["LOSSES", "build", "fitting"]

PAIRS, TRIPLETS, SCORES, TEXTS = "pairs", "triplets", "scores", "texts"
TEACHER, MODEL = "a teacher", "the model"
"""Among a loss's needs: texts that a teacher has put in an order; the model in training itself, beside its vectors."""

LOSSES = Registry(
    "loss",
    {
        "MultipleNegativesRankingLoss": Choice(
            "core.losses.multiple_negatives:one_way",
            "Multiple negatives ranking",
            "Each question's passage against all others of its batch; the field's standard for questions and passages.",
            tags=frozenset({PAIRS, "unsupervised"}),
        ),
        "MultipleNegativesSymmetricRankingLoss": Choice(
            "core.losses.multiple_negatives:both_ways",
            "Multiple negatives ranking, both ways",
            "The same, and each passage's question against all others too: where passages are as alike as questions.",
            tags=frozenset({PAIRS, "unsupervised"}),
        ),
        "GISTEmbedLoss": Choice(
            "core.losses.gist:gist",
            "Guided (GIST)",
            "A second model strikes out wrong answers that it thinks right: for data in which many texts answer the same.",
            needs=("guide",),
            tags=frozenset({PAIRS}),
        ),
        "CoSENTLoss": Choice(
            "core.losses.cosent:cosent",
            "CoSENT",
            "Pairs with a higher score must be nearer than pairs with a lower one; only the order of the scores counts.",
            tags=frozenset({SCORES}),
        ),
        "AnglELoss": Choice(
            "core.losses.angle:angle",
            "AnglE",
            "As CoSENT, by an angle in complex space, which does not flatten where vectors are very near.",
            tags=frozenset({SCORES}),
        ),
        "CosineSimilarityLoss": Choice(
            "core.losses.cosine:squared",
            "Squared error of the cosine",
            "The cosine itself shall be the score: where scores are to be read off later.",
            tags=frozenset({SCORES}),
        ),
        "BinaryCrossEntropyLoss": Choice(
            "core.losses.binary:binary",
            "Binary cross-entropy of the cosine",
            "The cosine says how likely two texts are alike: for yes-or-no judgements, such as duplicate or not.",
            tags=frozenset({SCORES}),
        ),
        "InBatchCoSENTLoss": Choice(
            "core.losses.in_batch_cosent:in_batch_cosent",
            "CoSENT, the rest of the batch unrelated",
            "As CoSENT, and all other rows' texts come last: where nearly all pairs of the data are alike.",
            tags=frozenset({SCORES}),
        ),
        "InBatchAnglELoss": Choice(
            "core.losses.in_batch_angle:in_batch_angle",
            "AnglE, the rest of the batch unrelated",
            "As AnglE, and all other rows' texts come last.",
            tags=frozenset({SCORES}),
        ),
        "InBatchCosineSimilarityLoss": Choice(
            "core.losses.in_batch_cosine:in_batch_squared",
            "Squared error, the rest of the batch unrelated",
            "The cosine shall be the score, and 0 with all other rows' texts.",
            tags=frozenset({SCORES}),
        ),
        "InBatchBinaryCrossEntropyLoss": Choice(
            "core.losses.in_batch_binary:in_batch_binary",
            "Binary cross-entropy, the rest of the batch unrelated",
            "As binary cross-entropy, and all other rows' texts are unlike: for lists of duplicates alone.",
            tags=frozenset({SCORES}),
        ),
        "TripletLoss": Choice(
            "core.losses.triplet:triplet",
            "Triplet",
            "A right answer must be nearer than one wrong answer by a margin; needs no other rows in its batch.",
            tags=frozenset({TRIPLETS}),
        ),
        "LateInteractionDistillation": Choice(
            "core.losses.late_interaction:distillation",
            "Learn from its own late interaction",
            "The model's own comparison word by word says which texts are near; its single vectors learn that order. Needs no questions.",
            needs=(TEACHER,),
            tags=frozenset({"unsupervised"}),
        ),
        "DenoisingAutoEncoderLoss": Choice(
            "core.losses.denoising:denoising",
            "Rebuild a damaged text (TSDAE)",
            "A decoder writes the text again from the vector of what is left of it. For models of the BERT and RoBERTa families.",
            needs=(MODEL,),
            tags=frozenset({"denoising"}),
        ),
    },
)
"""Every loss by its name in sentence-transformers, or in its style; the tags are what its rows must hold, or its one objective."""

CACHED = "Cached"
"""Before a loss's name: the batch is embedded in small parts, so that memory holds thousands of pairs (GradCache)."""

MARGINS = ("answer_margin", "triplet_margin", "margin")


def plain_name(name: str) -> str:
    """Return a loss's name without `CACHED`; the step embeds in parts for any loss."""
    return name.removeprefix(CACHED)


def fitting(*wanted: str) -> Registry:
    """Return the losses that are tagged with any of these: what rows hold, or an objective's type."""
    return Registry("loss for these rows", {name: choice for name, choice in LOSSES.items() if choice.tags & set(wanted)})


def takes(choice: Choice) -> list[str]:
    """Return the names of the arguments that a loss takes."""
    return [name for name in inspect.signature(choice.load()).parameters if name not in ("given", "model")]


def margin_of(choice: Choice) -> str:
    """Return the name of the argument by which right answers must be nearer than wrong ones; "" where a loss has none."""
    return next((name for name in MARGINS if name in takes(choice)), "")


def build(
    name: str,
    given: Given,
    args: Mapping[str, Any],
    place: str = "loss",
    model: SentenceTransformer | None = None,
    table: Registry = LOSSES,
) -> nn.Module:
    """Return a loss over vectors that are given, with its arguments; `UserError` names those that it does not take.

    `place` is where the recipe names the loss; `model` is the one in training, for a loss that needs it;
    `table` is the registry that the loss stands in.
    """
    choice = table[plain_name(name)]
    made, names = choice.load(), takes(choice)
    if other := sorted(set(args) - set(names)):
        raise UserError(f"{place}_args: {choice.label} does not take {', '.join(other)}.", f"It takes {', '.join(names) or 'none'}.")
    try:
        loss: nn.Module = made(given, model, **args) if MODEL in choice.needs else made(given, **args)
    except (TypeError, ValueError) as error:
        raise UserError(f"{place}_args: {error}.", "Correct the recipe and start again.") from None
    return loss
