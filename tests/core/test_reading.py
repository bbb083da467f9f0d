"""Texts are read before tuning: hidden words are found better, the base stays what it was, and a kill loses little."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import models
from core.dataset import Dataset
from core.errors import UserError
from core.models.masked import masked
from core.recipe import parse
from core.train import windows
from tests import tiny
from tests.core.learning import Cut, Training, full_card, weights

READS: Mapping[str, Any] = {"type": "language_model", "loss_args": {"epochs": 5, "learning_rate": 3e-3}}
BOTH = [READS, {"type": "contrastive"}]
SHORT: Mapping[str, Any] = {"num_train_epochs": 2, "save_steps": 10}

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def data() -> Dataset:
    return tiny.dataset(100)


class Phase(Cut):
    """Rows of metrics that end the training at a step of the reading."""

    def append(self, row: Mapping[str, Any]) -> None:
        list.append(self, row)
        if row.get("step", 0) >= self.step and "masked_loss" in row:
            raise KeyboardInterrupt


def masked_losses(training: Training) -> list[float]:
    return [row["masked_loss"] for row in training.metrics if "masked_loss" in row]


def test_reading_lowers_perplexity_on_texts_that_were_not_read(training: Training, data: Dataset) -> None:
    found = training.run(data, BOTH, args={"num_train_epochs": 1}).perplexity
    assert found
    assert found.fresh
    assert found.texts == 6
    assert found.after < 0.7 * found.before
    assert [row["perplexity"] for row in training.metrics if "perplexity" in row] == [found.before, found.after]


@pytest.mark.slow
def test_the_base_that_dev_compares_with_is_the_untouched_one(training: Training, data: Dataset, base: Path, tmp_path: Path) -> None:
    plain = Training(tmp_path / "plain", base)
    without = plain.run(data, BOTH[1:], args={"num_train_epochs": 1, "learning_rate": 1e-9})
    result = training.run(data, BOTH, args={"num_train_epochs": 1, "learning_rate": 1e-9})
    assert result.dev_base == without.dev_base
    assert result.history[1].score != without.history[1].score
    if not result.share:
        assert models.load(str(result.model)).digest == models.load(str(base)).digest


@pytest.mark.slow
def test_reading_alone_is_followed_by_the_projects_pairs(training: Training, data: Dataset) -> None:
    result = training.run(data, [READS], args={"num_train_epochs": 2})
    assert result.perplexity
    assert result.dev_best > result.dev_base


@pytest.mark.slow
@pytest.mark.parametrize("kill", [Phase(15), Phase(1), Cut(9)], ids=["in the phase", "at its start", "after it"])
def test_a_killed_reading_ends_in_the_same_weights(training: Training, data: Dataset, base: Path, tmp_path: Path, kill: Cut) -> None:
    whole = Training(tmp_path / "unkilled", base).run(data, BOTH, args=SHORT)
    training.metrics = kill
    with pytest.raises(KeyboardInterrupt):
        training.run(data, BOTH, args=SHORT)
    training.metrics = []
    again = training.run(data, BOTH, args=SHORT)
    read = [row["step"] for row in training.metrics if "masked_loss" in row]
    assert min(read, default=99) == {Phase: 1 if kill.step == 1 else 11, Cut: 99}[type(kill)]
    assert again.perplexity == whole.perplexity
    assert again.history == whole.history
    assert weights(again.model) == weights(whole.model)


@pytest.mark.slow
def test_too_little_memory_halves_what_is_read_at_once_and_keeps_the_batch(
    training: Training, data: Dataset, base: Path, tmp_path: Path
) -> None:
    undisturbed = Training(tmp_path / "undisturbed", base)
    found = undisturbed.run(data, BOTH, args={"max_steps": 1}).perplexity
    with full_card(3) as refused:
        short = training.run(data, BOTH, args={"max_steps": 1}).perplexity
    assert refused
    assert next(row["part"] for row in training.metrics if "part" in row) == 4
    assert np.allclose(masked_losses(undisturbed), masked_losses(training), atol=1e-4)
    assert found
    assert short
    assert short.after == pytest.approx(found.after, abs=0.01)


def test_a_text_that_alone_is_too_much_to_read_is_told(training: Training, data: Dataset) -> None:
    with full_card(0), pytest.raises(UserError, match="even one at a time"):
        training.run(data, BOTH)


def test_the_head_is_tied_to_the_encoders_own_word_vectors(base: Path) -> None:
    encoder = models.load(str(base), "cpu")
    model = masked(encoder).model
    words = encoder.model.transformers_model.get_input_embeddings().weight
    assert model.get_output_embeddings().weight is words


def test_a_head_in_the_checkpoint_is_used(base: Path, tmp_path: Path) -> None:
    encoder = models.load(str(base), "cpu")
    copy = tmp_path / "headed"
    shutil.copytree(base, copy)
    masked(encoder).model.save_pretrained(copy)
    again = masked(models.load(str(copy), "cpu"))
    assert not again.fresh


def test_long_texts_are_read_to_their_end_and_in_every_epoch_once(base: Path) -> None:
    tokenizer = models.load(str(base), "cpu").model.tokenizer
    found = windows.cut(["ab cd ef gh ij kl mn op qr st", "uv"], tokenizer, 6)
    assert [len(window["input_ids"]) for window in found] == [6, 6, 4, 3]
    order = windows.Windows(found, tokenizer, 0.15, 2, 3, 1).order
    assert sorted(order) == [(epoch, place) for epoch in range(3) for place in range(4)]


def test_what_is_hidden_is_the_same_every_time_and_another_in_every_epoch(base: Path) -> None:
    tokenizer = models.load(str(base), "cpu").model.tokenizer
    made = windows.Windows(windows.cut(["ab cd ef gh ij kl mn op qr st " * 4], tokenizer, 64), tokenizer, 0.3, 2, 2, 1)
    first, again, other = (made.collate([(epoch, 0)])["labels"].numpy() for epoch in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("objectives", "said"),
    [
        ([{**READS, "loss_args": {"mask": 2}}], "mask"),
        ([{**READS, "loss_args": {"speed": 2}}], "epochs, learning_rate, mask"),
        ([{**READS, "margin": 0.1}], "phase of its own"),
        ([READS, READS], "once"),
    ],
    ids=str,
)
def test_what_reading_does_not_take_is_refused_by_name(objectives: list[dict[str, Any]], said: str) -> None:
    named = [{"datasets": {"train": {"name": "project:Tiny"}}, **objective} for objective in objectives]
    with pytest.raises(UserError, match=said):
        parse({"train": {"objectives": named}})


@pytest.mark.parametrize("kind", ["language_model", "denoising"])
def test_what_trains_weights_beside_the_models_runs_on_one_device(kind: str) -> None:
    objective = {"type": kind, "datasets": {"train": {"name": "project:Tiny"}}}
    with pytest.raises(UserError, match="devices"):
        parse({"train": {"objectives": [objective], "devices": 2}})


def test_nothing_to_learn_afterwards_is_told(training: Training, data: Dataset) -> None:
    held = dataclasses.replace(data, train=data.train[:1])
    with pytest.raises(UserError, match="nothing to learn"):
        training.run(held, [READS])
