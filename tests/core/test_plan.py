"""What the dial means, and which way it is turned for somebody who does not turn it."""

from __future__ import annotations

import pytest

from core.recipe import TrainSettings, parse
from core.train.plan import DIALS, choose_dial, derive, whole_only


@pytest.mark.parametrize(
    ("people", "balanced", "dial"),
    [
        (False, 1.0, "quick"),
        (True, 1.0, "balanced"),
        (True, 9.9, "balanced"),
        (True, 10.0, "fast"),
        (True, 20.0, "quick"),
        (False, 60.0, "quick"),
    ],
)
def test_more_than_a_map_is_tuned_for_real_questions_where_that_is_under_ten_minutes(people: bool, balanced: float, dial: str) -> None:
    assert choose_dial(people, {"quick": 0.5, "fast": balanced / 2, "balanced": balanced, "thorough": 5 * balanced}) == dial


def test_where_fast_is_no_faster_it_is_not_chosen() -> None:
    assert choose_dial(True, {"quick": 0.5, "balanced": 12.0, "thorough": 60.0}) == "quick"


def test_fast_freezes_a_third_of_the_layers_and_takes_a_share_of_the_gradient_unless_told_otherwise() -> None:
    found = {dial: derive(TrainSettings(), dial, 500, people=True, depth=12) for dial in DIALS}
    assert {dial: plan.freeze_layers for dial, plan in found.items()} == {"quick": 0, "fast": 4, "balanced": 0, "thorough": 0}
    assert [dial for dial, plan in found.items() if plan.gradient_share < 1] == ["fast"]
    assert found["fast"].learning_rate > found["balanced"].learning_rate
    told = derive(TrainSettings(freeze_layers=1, gradient_share=0.8, learning_rate=1e-5), "fast", 500, people=True, depth=12)
    assert (told.freeze_layers, told.gradient_share, told.learning_rate) == (1, 0.8, 1e-5)


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

    assert rate("triplet") == rate("denoising") < rate("contrastive")
    assert rate("contrastive", "triplet") == rate("triplet")
    assert rate("triplet", learning_rate=3e-4) == 3e-4
