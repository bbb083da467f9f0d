"""A dry run: real steps on the recipe's own data, the longest batch first, and what they say of time and memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core import models, train
from core.embeddings import EmbeddingStore
from core.recipe import TrainSettings
from core.train.rehearsal import STEPS, Rehearsal, rehearse
from tests import tiny

TOLD = Rehearsal("balanced", "cpu", 32, 100, 0.5, 0.01, 60.0, peak=1_000, free=2_000)


def test_a_batch_within_what_is_free_needs_no_advice() -> None:
    assert TOLD.fits
    assert not TOLD.advice


@pytest.mark.parametrize("told", [replace(TOLD, peak=3_000), replace(TOLD, part=4)])
def test_a_batch_that_does_not_fit_is_said_with_a_size_that_may(told: Rehearsal) -> None:
    assert not told.fits
    assert "16" in told.advice


@pytest.mark.slow
@pytest.mark.parametrize("dial", ["quick", "balanced"])
def test_a_few_steps_tell_time_and_memory_and_leave_no_model(tmp_path: Path, dial: str) -> None:
    model = tiny.model(tmp_path / "model")
    data, settings = tiny.dataset(), TrainSettings(base_model=str(model), dial=dial, epochs=4, batch_size=8)  # type: ignore[arg-type]
    plan = train.settled_plan(data, settings, tmp_path, people=True)
    store = EmbeddingStore(tmp_path / "embeddings")
    found = rehearse(data, models.load(str(model)), settings, plan, store, tmp_path / "tried")
    assert found.steps == (0 if dial == "quick" else 4 * 5)  # 36 pairs in batches of 8
    assert found.steps > STEPS or dial == "quick"
    assert 0 < found.seconds < 600
    assert found.peak > 0
    assert found.fits
    assert not list(tmp_path.glob("tried/checkpoint-*"))
    assert not (tmp_path / "model.new").exists()
