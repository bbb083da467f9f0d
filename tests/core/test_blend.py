"""How much of the tuned model is taken: the largest share that dev cannot tell from the best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from core.train.blend import Tried


def tried(base: float, groups: Sequence[int] = (), **shares: list[float]) -> Tried:
    """Return dev's values by share in percent ("s25"), as many as the base has; without `groups` each question counts."""
    values = {int(name[1:]) / 100: np.array(found) for name, found in shares.items()}
    count = len(next(iter(values.values())))
    return Tried({0.0: np.full(count, base)}, values, np.array(groups or range(count)))


def test_of_shares_that_dev_cannot_tell_apart_the_largest_is_taken() -> None:
    """One question of six makes the difference between a quarter and a half, all of them that between a half and the whole."""
    found = tried(0.1, s25=[0.5, 0.5, 0.5, 0.5, 0.5, 0.9], s50=[0.5, 0.5, 0.5, 0.5, 0.5, 0.8], s100=[0.3, 0.3, 0.3, 0.3, 0.4, 0.4])
    assert found.best.share == 0.25
    assert found.taken.share == 0.5
    assert found.taken.score == pytest.approx(0.55)


def test_questions_on_one_passage_tell_shares_apart_once() -> None:
    few, best = [0.4, 0.4, 0.4, 0.4, 0.55, 0.55], [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
    assert tried(0.1, s50=best, s100=few).taken.share == 0.5
    assert tried(0.1, (0, 0, 0, 0, 1, 1), s50=best, s100=few).taken.share == 1


def test_a_larger_share_must_itself_be_above_the_base() -> None:
    assert tried(0.5, s50=[0.4, 0.4, 0.9, 0.5], s100=[0.9, 0.4, 0.3, 0.3]).taken.share == 0.5


def test_of_equal_scores_the_base_is_the_best() -> None:
    assert tried(0.5, s50=[0.5, 0.5], s100=[0.4, 0.6]).taken.share == 0
