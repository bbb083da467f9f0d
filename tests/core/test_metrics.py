"""Scores by the literature's formulas, and tests that are right as often as they claim."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest

from core import metrics
from core.evaluate import verdict
from core.recipe import EvaluateSettings
from core.schema import VerdictWord

FAST = EvaluateSettings(resamples=400)


def _judge(differences: np.ndarray, settings: EvaluateSettings = FAST, **how: bool):
    base = np.full(len(differences), 0.5)
    return verdict.judge(base, base + differences, settings, practice=how.get("practice", False), same=how.get("same", False))


@pytest.mark.parametrize(
    ("ranking", "relevant", "expected"),
    [
        ("abc", "a", {"nDCG@10": 1, "MRR@10": 1, "R@1": 1, "R@5": 1, "R@10": 1, "MAP": 1}),
        ("bac", "a", {"nDCG@10": 1 / log2(3), "MRR@10": 1 / 2, "R@1": 0, "R@5": 1, "MAP": 1 / 2}),
        ("bca", "ax", {"nDCG@10": (1 / 2) / (1 + 1 / log2(3)), "MRR@10": 1 / 3, "R@5": 1 / 2, "MAP": 1 / 6}),
        ("0123456789a", "a", {"nDCG@10": 0, "MRR@10": 0, "R@10": 0, "MAP": 1 / 11}),
        ("bc", "a", {"nDCG@10": 0, "MRR@10": 0, "R@10": 0, "MAP": 0}),
        ("", "a", dict.fromkeys(metrics.MEASURES, 0)),
    ],
)
def test_each_measure_follows_its_formula(ranking: str, relevant: str, expected: dict[str, float]) -> None:
    values = metrics.score([list(ranking)], [list(relevant)])
    assert {name: values[name][0] for name in expected} == pytest.approx(expected)


def test_scores_keep_the_order_of_the_questions() -> None:
    values = metrics.score([["a"], ["b"]] * 20, [["a"], ["a"]] * 20)
    assert values["R@1"].tolist() == [1.0, 0.0] * 20


def test_the_order_counts_and_not_the_ids() -> None:
    assert metrics.ndcg([["z", "a"], ["a", "z"]], [["a"], ["z"]]).tolist() == pytest.approx([1 / log2(3)] * 2)


def test_no_questions_give_no_scores() -> None:
    assert metrics.ndcg([], []).tolist() == []
    assert metrics.interval(np.zeros(0), resamples=100, seed=1).mean == 0.0


def test_the_interval_holds_the_true_mean_as_often_as_it_says() -> None:
    draw = np.random.default_rng(5)
    hits = 0
    for trial in range(300):
        found = metrics.interval(draw.beta(2, 3, 80), resamples=300, seed=trial)
        hits += found.low <= 0.4 <= found.high
    assert 0.90 <= hits / 300 <= 0.98


def test_the_interval_is_the_same_for_the_same_seed() -> None:
    values = np.random.default_rng(1).random(50)
    assert metrics.interval(values, resamples=200, seed=3) == metrics.interval(values, resamples=200, seed=3)
    assert metrics.interval(values, resamples=200, seed=3) != metrics.interval(values, resamples=200, seed=4)


def test_many_questions_are_resampled_in_batches_to_the_same_kind_of_interval() -> None:
    values = np.random.default_rng(1).normal(0, 1, 30_000)
    found = metrics.interval(values, resamples=200, seed=1)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 / np.sqrt(30_000), rel=0.25)


def test_few_questions_are_tested_by_all_signs() -> None:
    assert metrics.paired_test(np.full(5, 0.1), resamples=1000, seed=1) == pytest.approx(2 / 2**5)
    assert metrics.paired_test(np.zeros(5), resamples=1000, seed=1) == 1.0
    assert metrics.paired_test(np.array([0.0, 0.3, 0.0]), resamples=1000, seed=1) == 1.0, "one question that differs shows nothing"


def test_without_a_difference_chance_is_called_one_about_as_often_as_alpha_says() -> None:
    draw = np.random.default_rng(7)
    words = [_judge(draw.normal(0, 0.25, 60)).word for _ in range(400)]
    wrong = sum(word in (VerdictWord.BETTER, VerdictWord.WORSE) for word in words) / 400
    assert 0.02 <= wrong <= 0.08


@pytest.mark.parametrize(("shift", "word"), [(0.1, VerdictWord.BETTER), (-0.1, VerdictWord.WORSE)])
def test_a_planted_difference_is_found(shift: float, word: VerdictWord) -> None:
    draw = np.random.default_rng(8)
    found = [_judge(draw.normal(shift, 0.25, 200)).word for _ in range(50)]
    assert found.count(word) >= 48


def test_the_number_of_questions_that_would_do_finds_the_difference_four_times_in_five() -> None:
    draw = np.random.default_rng(9)
    needed = metrics.questions_needed(0.3, 0.08)
    found = [_judge(draw.normal(0.08, 0.3, needed)).word is VerdictWord.BETTER for _ in range(200)]
    assert 0.7 <= np.mean(found) <= 0.92


def test_under_twenty_questions_nothing_is_said() -> None:
    found = _judge(np.full(19, 0.3))
    assert found.word is VerdictWord.TOO_FEW
    assert found.needed >= 20
    assert str(found.needed) in found.text


def test_a_wide_interval_is_too_few_questions_and_not_a_finding_of_none() -> None:
    found = _judge(np.tile([0.9, -0.8], 15))
    assert found.word is VerdictWord.TOO_FEW
    assert found.needed > found.questions


def test_a_narrow_interval_around_nothing_is_no_clear_difference() -> None:
    found = _judge(np.tile([0.1, -0.1], 50))
    assert found.word is VerdictWord.NO_DIFFERENCE
    assert "Keep the base model" in found.text
    assert found.needed == 0


def test_the_same_model_is_no_clear_difference_even_on_few_questions() -> None:
    found = _judge(np.zeros(3), same=True)
    assert found.word is VerdictWord.NO_DIFFERENCE
    assert "Keep the base model" in found.text


def test_no_questions_at_all_are_too_few() -> None:
    found = _judge(np.zeros(0))
    assert found.word is VerdictWord.TOO_FEW
    assert found.questions == 0


def test_the_sentence_says_how_much_and_whose_questions() -> None:
    differences = np.tile([0.1, 0.12], 54)
    assert _judge(differences).text == (
        "Better: it finds the right passage more often. nDCG@10 rises from 0.50 to 0.61 "
        "(+0.11, 95 % interval +0.11 to +0.11) on 108 questions asked by people."
    )
    assert "on 108 practice questions" in _judge(differences, practice=True).text
    assert "people" not in _judge(differences, practice=True).text
    assert _judge(-differences).text.startswith("Worse: it finds the right passage less often. nDCG@10 falls from 0.50 to 0.39")
