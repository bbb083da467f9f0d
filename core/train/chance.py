"""Whether the best on dev beats the base by more than chance gives, the choice among epochs and blends counted in.

The best of many scores is high by luck alone. So the question is how often luck makes one of *all* that were tried stand out as far
(Westfall and Young 1993): where tuning did nothing, each question could as well have had its two values the other way round.
Questions that share right passages rise and fall together, so they are swapped together: 282 questions on three privacy policies
gained 0.04 from shuffled labels, which no test of single questions takes for chance (bench/RESULTS.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core import metrics

SWAPS, SEED = 10_000, 1


@dataclass(frozen=True)
class Chance:
    """How the best of the `tried` models rose on dev by `gain`, and how often, `p`, chance alone makes one stand out as far as any did.

    At most `level` is let pass. `questions` (or scored pairs) chose; `groups` of them have nothing in common.
    """

    gain: float
    p: float
    level: float
    tried: int
    questions: int
    groups: int

    @property
    def beyond(self) -> bool:
        """Say whether the gain is more than chance gives."""
        return self.p <= self.level


def weigh(base: np.ndarray, tried: Sequence[np.ndarray], groups: np.ndarray, level: float) -> Chance:
    """Return what chance has to do with the best of `tried`: each has a value a question, as the base has, and their means are scores."""
    differences = np.stack(tried) - base
    return Chance(
        gain=round(float(differences.mean(axis=1).max()), 6),
        p=round(metrics.any_better_test(differences, groups, resamples=SWAPS, seed=SEED), 6),
        level=level,
        tried=len(tried),
        questions=len(base),
        groups=len(np.unique(groups)),
    )
