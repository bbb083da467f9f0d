"""What the dial means, and which way it is turned for somebody who does not turn it."""

from __future__ import annotations

import pytest

from core.recipe import TrainSettings, parse
from core.train.plan import DIALS, choose_dial, derive, whole_only


@pytest.mark.parametrize(
    ("people", "balanced", "dial"),
    [(False, 1.0, "quick"), (True, 1.0, "balanced"), (True, 9.9, "balanced"), (True, 10.0, "quick"), (False, 60.0, "quick")],
)
def test_the_whole_model_is_tuned_for_real_questions_where_that_is_under_ten_minutes(people: bool, balanced: float, dial: str) -> None:
    assert choose_dial(people, {"quick": 0.5, "balanced": balanced, "thorough": 5 * balanced}) == dial


def test_a_plan_keeps_what_was_set_and_fills_in_the_rest() -> None:
    settings = TrainSettings(epochs=7, batch_size=9)
    for dial in DIALS:
        plan = derive(settings, dial, 500, people=True)
        assert (plan.epochs, plan.batch_size) == (7, 9)
        assert plan.learning_rate > derive(settings, dial, 500, people=False).learning_rate


def test_few_pairs_still_make_two_batches() -> None:
    assert derive(TrainSettings(), "quick", 60, people=True).batch_size == 30
    assert derive(TrainSettings(), "quick", 6000, people=True).batch_size == 256


def test_what_only_the_whole_model_takes_is_named() -> None:
    assert whole_only(TrainSettings()) == []
    taken = {"learning_rate": 1e-3, "num_train_epochs": 3, "per_device_train_batch_size": 8, "seed": 2}
    assert whole_only(TrainSettings.model_validate({"args": taken})) == []
    made = {"args": {"weight_decay": 0.1, "eval_steps": 5}, "lora": {"r": 4}, "early_stopping": {"patience": 2}}
    assert whole_only(TrainSettings.model_validate(made)) == ["args.weight_decay", "args.eval_steps", "lora", "early_stopping"]


def test_triplets_are_taught_in_smaller_steps_whatever_is_taught_beside_them() -> None:
    def rate(*types: str, **settings: object) -> float:
        objectives = [{"type": one, "datasets": {"train": {"name": "project:Tiny"}}} for one in types]
        return derive(parse({"train": {"objectives": objectives, **settings}}).train, "balanced", 500, people=True).learning_rate

    assert rate("triplet") < rate("contrastive")
    assert rate("contrastive", "triplet") == rate("triplet")
    assert rate("triplet", learning_rate=3e-4) == 3e-4
