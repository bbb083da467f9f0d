"""Every objective with every loss that fits its rows is trained for real; what is added to a loss, and how a batch is embedded, hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import models
from core.dataset import Dataset, ObjectiveRows
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.losses import LOSSES, PAIRS, SCORES, TEXTS, TRIPLETS
from core.losses.distillations import CROSS_ENCODER, DISTILLATIONS, distillations_of
from core.objectives import FIRST, OBJECTIVES, losses_of, rows_of
from core.recipe import parse
from core.schema import TrainPair
from core.train import train
from tests import tiny
from tests.core.learning import LEARNS, Training, full_card, rows

EVERY = [(kind, loss) for kind in OBJECTIVES for loss in losses_of(kind)]

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def data() -> Dataset:
    return tiny.dataset(100)


# --- every objective, every loss ---


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "loss"), EVERY)
def test_every_objective_learns_with_every_loss_that_fits(training: Training, data: Dataset, kind: str, loss: str) -> None:
    result = training.run(data, [{"type": kind, "loss": loss}])
    first, last = training.losses[: len(training.losses) // 4], training.losses[-len(training.losses) // 4 :]
    assert np.mean(last) < np.mean(first)
    if rows_of(kind) != TEXTS:  # texts alone do not say which words mean the same in this data
        assert result.dev_best > result.dev_base
    assert result.pairs == len(rows(data, rows_of(kind)))


def test_every_objective_has_a_loss_or_is_a_phase_before_the_others() -> None:
    assert {kind for kind in OBJECTIVES if FIRST in OBJECTIVES[kind].needs} == set(OBJECTIVES) - {kind for kind, _ in EVERY}


def test_every_loss_fits_some_objective() -> None:
    assert {loss for _, loss in EVERY} == set(LOSSES)


@pytest.mark.slow
def test_several_objectives_train_together(training: Training, data: Dataset) -> None:
    result = training.run(data, [{"type": "contrastive"}, {"type": "similarity"}, {"type": "triplet"}])
    batches = (len(data.train) * 4 + 7) // 8  # of three sets, one of them twice as long
    assert abs(len(training.losses) / LEARNS["num_train_epochs"] - batches) <= 2
    assert result.dev_best > result.dev_base


# --- what is added to a loss ---


@pytest.mark.slow
@pytest.mark.parametrize(
    "added",
    [
        {"margin": 0.2},
        {"matryoshka": {"matryoshka_dims": [32, 16, 8]}},
        {"variation_penalty": {"alpha": 1.0}},
        {"loss": "CachedMultipleNegativesRankingLoss"},
        {"matryoshka": {"matryoshka_dims": [32, 8]}, "variation_penalty": {"alpha": 0.5}, "margin": 0.1},
    ],
    ids=str,
)
def test_what_is_added_to_a_loss_changes_it_and_learns(training: Training, data: Dataset, base: Path, tmp_path: Path, added: Any) -> None:
    result = training.run(data, [{"type": "contrastive", **added}])
    assert result.dev_best > result.dev_base
    if "loss" not in added:
        bare = Training(tmp_path / "bare", base)
        bare.run(data, [{"type": "contrastive"}], args={"max_steps": 1})
        assert bare.losses[0] != pytest.approx(training.losses[0], rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "loss"), [(kind, name) for kind in OBJECTIVES for name in distillations_of(kind)])
def test_every_objective_learns_from_every_teacher_that_fits(
    training: Training, data: Dataset, base: Path, tmp_path: Path, kind: str, loss: str
) -> None:
    """A teacher that was tuned before is followed: by its pupil alone, whose own loss weighs next to nothing beside it."""
    if CROSS_ENCODER in DISTILLATIONS[loss].needs:
        teacher = tiny.cross_encoder(tmp_path / "cross")
        data = dataclasses.replace(data, train=tuple(row for row in rows(data, TRIPLETS) if isinstance(row, TrainPair)))
    else:
        before = Training(tmp_path / "before", base)
        before.run(data, [{"type": "contrastive"}])
        teacher = before.folder / "run" / "model"
    result = training.run(data, [{"type": kind, "distillation": {"alpha": 1000, "teacher": {"name": str(teacher)}, "loss": loss}}])
    first, last = training.losses[: len(training.losses) // 4], training.losses[-len(training.losses) // 4 :]
    assert np.mean(last) < np.mean(first)
    if CROSS_ENCODER not in DISTILLATIONS[loss].needs:  # a random reader knows nothing
        assert result.dev_best > result.dev_base


@pytest.mark.slow
def test_matryoshka_makes_short_vectors_better(training: Training, data: Dataset, base: Path, tmp_path: Path) -> None:
    """The first 8 numbers alone find more than those of a model that was trained without."""
    from core.train.dev import Dev

    def short(folder: Path) -> float:
        encoder, dev = models.load(str(folder / "run" / "model"), "cpu"), Dev(data)
        parts = [
            encode(texts)[:, :8]
            for encode, texts in ((encoder.encode_query, dev.corpus.queries), (encoder.encode_document, dev.corpus.texts))
        ]
        return float(dev.found(*(models.unit(part) for part in parts)).mean())

    training.run(data, [{"type": "contrastive", "matryoshka": {"matryoshka_dims": [32, 8], "matryoshka_weights": [1, 2]}}])
    plain = Training(tmp_path / "plain", base)
    plain.run(data, [{"type": "contrastive"}])
    assert short(training.folder) > short(plain.folder)


# --- how a batch is embedded ---


def test_a_batch_embedded_in_parts_gives_the_same_model(training: Training, data: Dataset, base: Path, tmp_path: Path) -> None:
    whole, parts = training, Training(tmp_path / "parts", base)
    for one, name in ((whole, ""), (parts, "Cached")):
        one.run(data, [{"type": "contrastive", "loss": f"{name}MultipleNegativesRankingLoss"}])
    assert np.allclose(whole.losses, parts.losses, atol=1e-4)
    assert np.allclose(whole.vectors, parts.vectors, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("several", [1, 3])
def test_too_little_memory_halves_what_is_embedded_at_once_and_keeps_the_batch(
    training: Training, data: Dataset, base: Path, tmp_path: Path, several: int
) -> None:
    """Of a step of several batches, too, of which the last finds the card full."""
    undisturbed = Training(tmp_path / "undisturbed", base)
    args = {"gradient_accumulation_steps": several, "max_steps": 6}
    undisturbed.run(data, [{"type": "contrastive"}], args=args)
    with full_card(3, after=2 * (several - 1)) as refused:
        training.run(data, [{"type": "contrastive"}], args=args)
    assert refused
    assert [row["part"] for row in training.metrics if "part" in row][-1] <= 3
    assert np.allclose(undisturbed.losses, training.losses, atol=1e-4)


@pytest.mark.parametrize("steps", [3, 20])
def test_training_ends_after_so_many_steps_whatever_the_epochs(training: Training, data: Dataset, steps: int) -> None:
    training.run(data, [{"type": "contrastive"}], args={"num_train_epochs": 1, "max_steps": steps})  # an epoch has 8
    assert max(row["step"] for row in training.metrics if "loss" in row) == steps
    assert [row for row in training.metrics if "dev" in row][-1]["step"] == steps


def test_quick_says_which_settings_it_does_not_take(training: Training, data: Dataset) -> None:
    settings = parse({"train": {"base_model": str(training.base), "dial": "quick", "args": {"weight_decay": 0.1}}}).train
    with pytest.raises(UserError, match="weight_decay"):
        train(data, settings, training.folder / "run", EmbeddingStore(training.folder / "e"))


# --- what does not go together ---


@pytest.mark.parametrize(
    ("objective", "named"),
    [
        ({"type": "similarity", "loss": "MultipleNegativesRankingLoss"}, "CoSENTLoss"),
        ({"type": "contrastive", "loss": "NoSuchLoss"}, "MultipleNegativesRankingLoss"),
        ({"type": "contrastive", "loss_args": {"sclae": 3}}, "scale, margin"),
        ({"type": "similarity", "variation_penalty": {"alpha": 1}}, "variation_penalty"),
        ({"type": "contrastive", "matryoshka": {"matryoshka_dims": [64]}}, "matryoshka"),
        ({"type": "similarity", "margin": 0.1}, "objectives.0.margin: CoSENTLoss has none"),
        ({"type": "contrastive", "loss_args": {"mini_batch_size": 8}}, "mini_batch_size"),
        ({"type": "contrastive", "loss": "CachedGISTEmbedLoss", "loss_args": {"mini_batch_size": 0}}, "mini_batch_size"),
        ({"type": "contrastive", "loss": "GISTEmbedLoss", "loss_args": {"guide": {"name": "nowhere at all"}}}, "loss_args.guide: “nowhere"),
        (
            {"type": "contrastive", "loss_args": {"guide": {"name": "x", "args": {"trust_remote_code": True}}}},
            "guide.args.trust_remote_code",
        ),
        ({"type": "denoising", "distillation": {"teacher": {"name": "BASE"}}}, "denoising does not learn from a teacher"),
        (
            {"type": "similarity", "distillation": {"teacher": {"name": "BASE"}, "loss": "DistillKLDivLoss"}},
            "there are DistillSimilarityLoss",
        ),
        (
            {"type": "contrastive", "distillation": {"teacher": {"name": "BASE"}, "loss": "MarginMSELoss"}},
            "or DistillKLDivLoss as the loss",
        ),
        ({"type": "contrastive", "distillation": {"teacher": {"name": "nowhere"}}}, "objectives.0.distillation.teacher: nowhere"),
        ({"type": "contrastive", "distillation": {"teacher": {"name": "BASE"}, "loss_args": {"heat": 1}}}, "It takes scale, temperature"),
        ({"type": "contrastive", "variation_penalty": {"alpha": 1, "loss_args": {"goal": 0}}}, "variation_penalty.loss_args.goal"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_by_name(training: Training, data: Dataset, objective: Mapping[str, Any], named: str) -> None:
    if "distillation" in objective:
        teacher = objective["distillation"]["teacher"]
        named_base = {**teacher, "name": teacher["name"].replace("BASE", str(training.base))}
        objective = {**objective, "distillation": {**objective["distillation"], "teacher": named_base}}
    with pytest.raises(UserError) as refused:
        training.run(data, [objective])
    assert named in f"{refused.value.message} {refused.value.hint}"


def test_without_questions_to_choose_by_the_validation_set_chooses(training: Training, data: Dataset) -> None:
    alone = dataclasses.replace(data, dev=(), test=(), train=())
    held = rows(data, SCORES)
    both = dataclasses.replace(alone, objectives=(ObjectiveRows(held[20:], held[:20]),))
    named = {"type": "similarity", "datasets": {"train": {"name": "project:Tiny"}}}
    settings = parse({"train": {"base_model": str(training.base), "objectives": [named], "args": dict(LEARNS), "chance": 1}}).train
    result = train(both, settings, training.folder / "run", EmbeddingStore(training.folder / "e"))
    assert result.metric == "Spearman correlation"
    assert result.dev_best > result.dev_base
    with pytest.raises(UserError, match="nothing to choose"):
        train(
            dataclasses.replace(both, objectives=(ObjectiveRows(held),)),
            settings,
            training.folder / "other",
            EmbeddingStore(training.folder / "e"),
        )


def test_pairs_are_what_contrastive_takes() -> None:
    assert rows_of("contrastive") == PAIRS
