"""What is taught by texts alone: damaged texts rebuilt, and the model's own late interaction learned by its vectors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import models
from core.dataset import Dataset, TextRow
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.objectives import denoising
from core.train import teaching
from tests import tiny
from tests.core.learning import Cut, Training, weights

WORDS = " ".join(f"word{i}" for i in range(100))

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def data() -> Dataset:
    return tiny.dataset(60)


# --- denoising ---


def test_noise_takes_three_words_in_five_and_is_the_same_for_a_text_and_epoch() -> None:
    first = denoising.damaged(WORDS, 1)
    assert 25 <= len(first.split()) <= 55
    assert set(first.split()) < set(WORDS.split())
    assert first == denoising.damaged(WORDS, 1)
    assert first != denoising.damaged(WORDS, 2)
    assert denoising.damaged("alone", 3) == "alone"


@pytest.mark.slow
@pytest.mark.parametrize("tied", [True, False])
def test_a_killed_denoising_ends_in_the_same_weights(training: Training, data: Dataset, base: Path, tmp_path: Path, tied: bool) -> None:
    objective = [{"type": "denoising", "loss_args": {"tie_encoder_decoder": tied}}]
    args = {"num_train_epochs": 3}
    unkilled = Training(tmp_path / "unkilled", base)
    result = unkilled.run(data, objective, args=args)
    training.metrics = Cut(8)
    with pytest.raises(KeyboardInterrupt):
        training.run(data, objective, args=args)
    training.metrics = []
    again = training.run(data, objective, args=args)
    assert min(row["step"] for row in training.metrics if "loss" in row) > 1, "it went on, not anew"
    assert again.history == result.history
    assert training.losses[-1] == unkilled.losses[-1]
    assert weights(again.model) == weights(result.model)


def test_the_saved_model_holds_the_encoder_only(training: Training, data: Dataset, base: Path) -> None:
    from safetensors import safe_open

    result = training.run(data, [{"type": "denoising"}], args={"num_train_epochs": 1})

    def names(folder: Path) -> set[str]:
        with safe_open(folder / "model.safetensors", "np") as file:
            return set(file.keys())

    assert names(result.model) == names(base)


def test_a_batch_embedded_in_parts_trains_the_decoder_too(base: Path) -> None:
    """The gradients of model and decoder are those of a batch that is embedded at once."""
    import torch

    from core.losses import build
    from core.losses.given import Given
    from core.train.step import Step

    def slopes(part: int) -> list[np.ndarray]:
        torch.manual_seed(1)
        model = models.load(str(base), "cpu").model
        given = Given(32, model.tokenizer, 128)
        loss = build("DenoisingAutoEncoderLoss", given, {"tie_encoder_decoder": False}, model=model).eval()
        texts = ["ab cd ef", "gh ij kl", "mn op qr"]
        tokens = dict(model.eval().preprocess(texts))
        batch = {"objective": 0, "chunks": [tokens], "rows": [torch.arange(3)], "labels": None, "targets": tokens, "beside": {}}
        Step([loss], part)(model, batch).backward()
        both = [*model.parameters(), *loss.parameters()]
        return [weight.grad.numpy() for weight in both if weight.grad is not None]

    whole, parts = slopes(0), slopes(2)
    assert len(whole) == len(parts)
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(whole, parts, strict=True))


@pytest.mark.parametrize(
    ("added", "said"), [({"matryoshka": {"matryoshka_dims": [16]}}, "whole vectors"), ({"loss": "TripletLoss"}, "fit")]
)
def test_what_denoising_cannot_do_is_refused(training: Training, data: Dataset, added: Mapping[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        training.run(data, [{"type": "denoising", **added}])


# --- late interaction as the teacher ---


def test_lessons_hold_other_texts_in_the_order_of_the_late_interaction(base: Path, tmp_path: Path) -> None:
    texts = [pair.positive for pair in tiny.dataset(60).train]
    encoder, store = models.load(str(base), "cpu"), EmbeddingStore(tmp_path / "e")
    made = teaching.make(texts, encoder, store, 5, 1)
    assert made == teaching.make(texts, encoder, store, 5, 1)
    for lesson in made:
        assert len(set(lesson.passages)) == 5
        assert list(lesson.scores) == sorted(lesson.scores, reverse=True)
    from core.rerankers.late_interaction import maxsim

    lesson = made[0]
    asked, (best, *_) = encoder.token_vectors([lesson.query], "query"), encoder.token_vectors(lesson.passages[:1], "document")
    assert maxsim(asked, best)[0] == pytest.approx(lesson.scores[0], abs=1e-4)


def test_a_text_is_no_candidate_for_its_own_phrases(base: Path, tmp_path: Path) -> None:
    texts = ["ab cd ef gh", "ij kl mn op", "qr st uv wx", "yz ab ij qr"]
    encoder, store = models.load(str(base), "cpu"), EmbeddingStore(tmp_path / "e")
    for lesson in teaching.make(texts, encoder, store, 3, 1):
        (own,) = set(texts) - set(lesson.passages)
        assert set(lesson.query.split()) <= set(own.split())


@pytest.mark.parametrize("args", [{"candidates": 1}, {"candidates": "many"}, {"temperature": 0}])
def test_arguments_that_cannot_be_are_told(training: Training, data: Dataset, args: Mapping[str, Any]) -> None:
    with pytest.raises(UserError, match="loss_args"):
        training.run(data, [{"type": "unsupervised", "loss": "LateInteractionDistillation", "loss_args": args}])


def test_two_texts_teach_no_order(base: Path, tmp_path: Path) -> None:
    rows = [TextRow("ab cd ef"), TextRow("gh ij kl")]
    with pytest.raises(UserError, match="too few"):
        teaching.lessons(rows, {}, 8, models.load(str(base), "cpu"), EmbeddingStore(tmp_path / "e"), 1)


def test_quick_learns_from_texts_alone(training: Training, data: Dataset) -> None:
    objective = {"type": "unsupervised", "loss": "LateInteractionDistillation"}
    result = training.run(data, [objective], dial="quick", args={"num_train_epochs": 3, "per_device_train_batch_size": 16})
    assert result.method == "quick"
    assert training.losses[-1] < training.losses[0]
    assert result.epochs == 3


@pytest.mark.parametrize(
    "objectives", [[{"type": "unsupervised"}], [{"type": "contrastive"}], [{"type": "denoising"}, {"type": "contrastive"}]], ids=str
)
def test_quick_refuses_what_a_map_cannot_learn(training: Training, data: Dataset, objectives: list[Mapping[str, Any]]) -> None:
    with pytest.raises(UserError, match="LateInteractionDistillation"):
        training.run(data, objectives, dial="quick")
