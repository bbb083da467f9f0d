"""Labels that mean nothing bring nothing: the base is handed out, or at least no verdict calls what came of them better."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from core import models
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.evaluate import evaluate
from core.recipe import EvaluateSettings, TrainSettings
from core.schema import VerdictWord
from core.train import train
from tests import tiny


def shuffled(data: Dataset, seed: int) -> Dataset:
    """Return the data with every training question given another one's passage."""
    others = list(data.train)
    random.Random(seed).shuffle(others)
    pairs = zip(data.train, others, strict=True)
    return replace(data, train=tuple(replace(p, passage_id=o.passage_id, positive=o.positive) for p, o in pairs))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("dial", ["quick", "balanced"])
def test_shuffled_labels_make_nothing_better(base: Path, tmp_path: Path, dial: str, seed: int) -> None:
    data = shuffled(tiny.dataset(200, seed=seed), seed)
    store = EmbeddingStore(tmp_path / "embeddings")
    settings = TrainSettings(base_model=str(base), dial=dial, learning_rate=3e-3, batch_size=16, seed=seed)
    found = train(data, settings, tmp_path / "run", store)
    verdict = evaluate(
        data, models.load(str(base), "cpu"), models.load(str(found.model), "cpu"), store, EvaluateSettings(rerank=False)
    ).verdict
    assert verdict.word is not VerdictWord.BETTER
    if found.share == 0:
        assert verdict.difference.mean == 0  # the base itself


@pytest.mark.slow
def test_the_same_data_with_its_own_labels_is_called_better(base: Path, tmp_path: Path) -> None:
    data = tiny.dataset(200)
    store = EmbeddingStore(tmp_path / "embeddings")
    settings = TrainSettings(base_model=str(base), dial="balanced", learning_rate=3e-3, batch_size=16, epochs=10)
    found = train(data, settings, tmp_path / "run", store)
    verdict = evaluate(
        data, models.load(str(base), "cpu"), models.load(str(found.model), "cpu"), store, EvaluateSettings(rerank=False)
    ).verdict
    assert verdict.word is VerdictWord.BETTER
