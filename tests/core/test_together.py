"""Questions on the same passage count together: what is said of them is right as often as it claims, and says so."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core import groups, metrics
from core.evaluate import verdict
from core.publish import card
from core.recipe import EvaluateSettings, Recipe
from core.schema import Interval, Question, Verdict, VerdictWord
from tests.core.test_card import evaluation

SETTINGS = EvaluateSettings(resamples=200)
EACH, PASSAGES, MANY = 20, 40, 100
ON = np.repeat(np.arange(PASSAGES), EACH)
"""The passage of every question of a collection that has twenty to each."""


def nothing(rng: np.random.Generator) -> np.ndarray:
    """Return differences of two systems of which neither is better, though each passage suits one of them."""
    return np.asarray(rng.normal(0, 0.15, PASSAGES)[ON] + rng.normal(0, 0.2, len(ON)))


def judge(differences: np.ndarray, together: np.ndarray | None = None) -> Verdict:
    return verdict.judge(np.full(len(differences), 0.5), differences + 0.5, SETTINGS, practice=False, together=together)


def clear(found: Verdict) -> bool:
    return found.word in (VerdictWord.BETTER, VerdictWord.WORSE)


def test_where_nothing_is_better_it_is_said_as_rarely_as_the_level_says() -> None:
    rng = np.random.default_rng(1)
    wrong = np.mean([clear(judge(nothing(rng), ON)) for _ in range(MANY)])
    assert wrong <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / MANY)


def test_taken_for_independent_they_would_be_called_clear_far_too_often() -> None:
    rng = np.random.default_rng(1)
    assert np.mean([clear(judge(nothing(rng))) for _ in range(40)]) > 0.3


def test_the_test_alone_errs_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    passed = np.mean([metrics.paired_test(nothing(rng), resamples=300, seed=1, groups=ON) < 0.05 for _ in range(3 * MANY)])
    assert abs(passed - 0.05) < 3 * np.sqrt(0.05 * 0.95 / (3 * MANY))


def test_the_interval_holds_the_truth_with_groups_and_not_without() -> None:
    rng = np.random.default_rng(3)
    drawn = [nothing(rng) for _ in range(MANY)]
    with_groups, without = ([metrics.interval(v, resamples=200, seed=1, groups=g) for v in drawn] for g in (ON, None))
    assert np.mean([found.low <= 0 <= found.high for found in with_groups]) > 0.88
    assert np.mean([found.low <= 0 <= found.high for found in without]) < 0.7


def test_a_real_gain_on_many_passages_is_still_found() -> None:
    rng = np.random.default_rng(4)
    assert all(judge(nothing(rng) + 0.15, ON).word is VerdictWord.BETTER for _ in range(20))


@pytest.mark.parametrize("count", [5, 60])
def test_questions_that_stand_alone_are_judged_to_the_last_bit_as_they_ever_were(count: int) -> None:
    rng = np.random.default_rng(5)
    differences, alone = rng.normal(0.05, 0.2, count), rng.permutation(count)
    again = judge(differences, alone)
    assert again == judge(differences)
    draws = np.random.default_rng(SETTINGS.seed).multinomial(count, np.full(count, 1 / count), size=SETTINGS.resamples)
    base = np.full(count, 0.5)
    means = draws @ np.stack([base, base + differences, (base + differences) - base], axis=1) / count
    tail = (1 - metrics.CONFIDENCE) / 2
    assert (again.difference.low, again.difference.high) == tuple(np.quantile(means, [tail, 1 - tail], axis=0)[:, 2])


def test_an_interval_is_never_narrower_for_its_groups() -> None:
    values = np.random.default_rng(6).normal(0, 1, 40)
    one = metrics.interval(values, resamples=200, seed=1, groups=np.zeros(40))
    assert one == metrics.interval(values, resamples=200, seed=1), "a single group cannot be resampled"


def test_the_spread_is_that_of_the_mean_over_groups() -> None:
    rng = np.random.default_rng(7)
    means = [nothing(rng).mean() for _ in range(400)]
    assert metrics.spread(nothing(rng), ON) / np.sqrt(PASSAGES) == pytest.approx(np.std(means), rel=0.3)
    values = rng.normal(0, 1, 30)
    assert metrics.spread(values) == np.std(values, ddof=1)


def test_many_questions_on_few_passages_are_too_few_and_the_words_say_why() -> None:
    found = judge(np.random.default_rng(8).normal(0.1, 0.1, 200), np.repeat(np.arange(10), 20))
    assert (found.word, found.questions, found.groups) == (VerdictWord.TOO_FEW, 200, 10)
    assert "200 questions asked by people (counted as 10, since some share a passage) cannot tell" in found.text
    assert "questions, each on a passage of its own, would do" in found.text
    assert found.needed >= verdict.MINIMUM


def test_where_the_interval_alone_would_call_it_clear_the_words_say_why_it_is_not() -> None:
    found = dataclasses.replace(judge(np.tile([0.1, -0.1], 40)), difference=Interval(0.038, 0.004, 0.089), p=0.064)
    assert "Chance alone gives as much in 6% of cases. Keep the base model." in verdict.sentence(found)
    assert "Chance" not in judge(np.tile([0.1, -0.1], 40)).text


def test_peoples_questions_on_few_passages_do_not_decide() -> None:
    def asked(passages: int, people: bool) -> list[Question]:
        return [Question(f"{people}{n}", "?", (f"p{n % passages}",), "columns", people) for n in range(40)]

    assert verdict.deciding(asked(20, True) + asked(40, False)).tolist() == [True] * 40 + [False] * 40
    assert verdict.deciding(asked(19, True) + asked(40, False)).tolist() == [False] * 40 + [True] * 40


def test_the_card_says_as_how_many_they_count() -> None:
    plain = evaluation()
    grouped = dataclasses.replace(plain, verdict=dataclasses.replace(plain.verdict, groups=56))
    assert "count together, as 56" in card.text(grouped, Recipe(), {})
    assert "count together" not in card.text(plain, Recipe(), {})


def test_questions_go_together_by_way_of_others() -> None:
    found = groups.of([("a", "b"), ("c",), ("a", "b", "d"), ("e",), ("b", "d"), ()])
    assert len({found[0], found[2], found[4]}) == 1
    assert len(set(found.tolist())) == 4


def test_questions_that_share_less_than_a_quarter_stand_alone_unless_any_is_enough() -> None:
    keys = [("a", "b", "c"), ("c", "d", "e"), ("e", "g", "h"), ("f",), (), ()]
    assert len(set(groups.of(keys).tolist())) == 6
    assert len(set(groups.of(keys, share=0.0).tolist())) == 4


def test_many_questions_on_one_passage_take_no_time() -> None:
    """Each with each would be 400 million edges."""
    assert len(set(groups.of([("a",)] * 20_000 + [("b", f"{i} one", f"{i} two") for i in range(100)]).tolist())) == 101
