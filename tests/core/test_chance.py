"""A tuned model is handed out where its rise on dev is beyond chance, and the base where it is not."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import models, overview
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.metrics import any_better_test, rank_agreement
from core.recipe import TrainSettings
from core.train import TrainResult, checkpoints, train
from core.train.chance import Chance
from tests import tiny
from tests.core.test_no_harm import shuffled

pytestmark = pytest.mark.usefixtures("one_thread")

LEVEL, MANY = TrainSettings().chance, 300


def attempts(rng: np.random.Generator, gain: float = 0.0, count: int = 20, questions: int = 60) -> np.ndarray:
    """Return differences from the base as the epochs of one training have them: much the same from one to the next."""
    steps = rng.normal(0, 0.1, (count, questions)) * (rng.random(questions) < 0.4)
    return np.asarray(steps.cumsum(axis=0) / np.sqrt(np.arange(1, count + 1))[:, None] + gain)


def p(differences: np.ndarray, groups: np.ndarray | None = None, resamples: int = 400) -> float:
    own = np.arange(differences.shape[1]) if groups is None else groups
    return any_better_test(differences, own, resamples=resamples, seed=1)


def test_the_best_of_many_attempts_that_do_nothing_passes_as_often_as_is_stated() -> None:
    rng = np.random.default_rng(1)
    passed = np.mean([p(attempts(rng)) <= LEVEL for _ in range(MANY)])
    assert abs(passed - LEVEL) < 3 * np.sqrt(LEVEL * (1 - LEVEL) / MANY)


def test_without_counting_the_choice_in_far_more_would_pass() -> None:
    rng = np.random.default_rng(1)
    best = [(tried := attempts(rng))[[tried.mean(axis=1).argmax()]] for _ in range(MANY)]
    assert np.mean([p(alone) <= LEVEL for alone in best]) > 1.5 * LEVEL


def test_a_real_gain_passes() -> None:
    rng = np.random.default_rng(1)
    assert np.mean([p(attempts(rng, gain=0.08)) <= LEVEL for _ in range(50)]) > 0.95


def test_nothing_passes_where_nothing_rose() -> None:
    assert p(np.zeros((3, 40))) == 1
    assert p(-np.ones((3, 40))) == 1


def test_questions_that_go_together_count_once() -> None:
    alone = attempts(np.random.default_rng(3), gain=0.02, questions=8)
    assert p(np.repeat(alone, 10, axis=1), np.repeat(np.arange(8), 10)) == p(alone)
    assert p(np.repeat(alone, 10, axis=1)) < p(alone)


def test_pairs_add_up_to_spearmans_correlation_and_pass_as_often_as_is_stated() -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(1)
    scores = rng.integers(0, 6, 80)

    def cosines() -> np.ndarray:
        return scores + rng.normal(0, 3, 80)

    one = cosines()
    assert rank_agreement(one, scores).mean() == pytest.approx(spearmanr(one, scores).statistic)
    assert not rank_agreement(np.ones(80), scores).any()
    nothing = [rank_agreement(cosines(), scores) - rank_agreement(cosines(), scores) for _ in range(MANY)]
    passed = np.mean([p(one[None]) <= LEVEL for one in nothing])
    assert abs(passed - LEVEL) < 3 * np.sqrt(LEVEL * (1 - LEVEL) / MANY)


# --- a training ---


@pytest.fixture
def tune(base: Path, tmp_path: Path) -> Callable[..., TrainResult]:
    def run(
        folder: str = "run", data: Dataset | None = None, metric: Callable[[Mapping[str, Any]], None] = lambda row: None, **settings: Any
    ) -> TrainResult:
        wanted = {"dial": "balanced", "learning_rate": 3e-3, "batch_size": 8, "epochs": 3, **settings}
        chosen = TrainSettings(base_model=str(base), **wanted)
        store = EmbeddingStore(tmp_path / "embeddings")
        return train(data or tiny.dataset(100), chosen, tmp_path / folder, store, metric=metric)

    return run


def test_a_rise_within_chance_keeps_the_base_and_says_so(tune: Callable[..., TrainResult], base: Path) -> None:
    found = tune(data=shuffled(tiny.dataset(60), 1), dial="quick", learning_rate=1e-2, epochs=10)
    assert found.chance
    assert found.chance.p > LEVEL
    assert (found.share, found.best_epoch, found.dev_best) == (0, 0, found.dev_base)
    assert max(point.score for point in found.shares) == pytest.approx(found.dev_base + found.chance.gain, abs=1e-5)
    assert models.load(str(found.model)).digest == models.load(str(base)).digest
    said, hint = overview.within_chance(dataclasses.asdict(found))
    assert f"rose by {found.chance.gain:.3f} on the 12 questions" in said
    assert f"{found.chance.p:.0%}" in said
    assert "Chance of a false gain" in hint


def test_switched_off_the_best_is_handed_out_whatever_chance_says(tune: Callable[..., TrainResult]) -> None:
    found = tune(data=shuffled(tiny.dataset(60), 1), dial="quick", learning_rate=1e-2, epochs=10, chance=1)
    assert found.share
    assert found.dev_best == next(point.score for point in found.shares if point.share == found.share) > found.dev_base
    assert overview.within_chance(dataclasses.asdict(found)) == ("", "")


def test_the_same_recipe_decides_the_same_and_a_killed_training_too(tune: Callable[..., TrainResult]) -> None:
    def killed(row: Mapping[str, Any]) -> None:
        if row.get("step", 0) >= 20 and "loss" in row:
            raise KeyboardInterrupt

    first, second = tune("first"), tune("second")
    with pytest.raises(KeyboardInterrupt):
        tune("third", metric=killed)
    assert first.chance
    assert first.chance.tried == 6
    assert first.chance == second.chance == tune("third").chance
    assert first.share == second.share


def test_a_checkpoint_from_before_the_values_were_kept_still_goes_on(tune: Callable[..., TrainResult], tmp_path: Path) -> None:
    def killed(row: Mapping[str, Any]) -> None:
        if row.get("step", 0) > 30 and "loss" in row:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(metric=killed, epochs=4)
    for folder in (tmp_path / "run" / "checkpoints").glob("checkpoint-*"):
        for name in ("dev.safetensors", checkpoints.SEAL):
            (folder / name).unlink()
        checkpoints.seal(folder)
    plan = json.loads((tmp_path / "run" / "plan.json").read_text("utf-8"))
    del plan["chance"]
    (tmp_path / "run" / "plan.json").write_text(json.dumps(plan), "utf-8")
    found, whole = tune(epochs=4), tune("whole", epochs=4)
    assert found.history == whole.history
    assert found.chance
    assert whole.chance
    assert found.chance.level == 1  # as it was when it began
    assert found.chance.tried < whole.chance.tried == 7


def test_the_words_say_which_questions_go_together() -> None:
    found = Chance(gain=0.041, p=0.3, level=0.25, tried=33, questions=282, groups=15)
    said, _ = overview.within_chance({"chance": dataclasses.asdict(found), "share": 0.0, "metric": "nDCG@10"})
    assert "282 questions that choose, of which many go together so that they count as 15" in said
    assert overview.within_chance({"chance": None, "share": 0.0}) == ("", "")
    assert overview.within_chance({}) == ("", "")
