"""Scores of rankings, question by question, and what can honestly be said from them about the difference of two systems."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from core.schema import Interval

MEASURES: Mapping[str, str] = {
    "nDCG@10": "nDCG@10",
    "MRR@10": "RR@10",
    "R@1": "R@1",
    "R@5": "R@5",
    "R@10": "R@10",
    "MAP": "AP",
}
"""Our names of the measures and ir-measures' names of them, in the order they are shown; the first decides the verdict."""

PRIMARY = "nDCG@10"
CONFIDENCE = 0.95
CELLS = 2_000_000  # most numbers that one batch of resamples holds: 16 MB
TIE = 1e-9  # sums of differences that lie as near are the same


def score(rankings: Sequence[Sequence[str]], relevant: Sequence[Collection[str]]) -> dict[str, np.ndarray]:
    """Return each measure's value for each question, in the questions' order.

    `rankings[i]` are ids from best to worst (each once), `relevant[i]` the right ones. Computed by ir-measures; relevance
    is binary. A ranking that finds nothing scores 0.
    """
    import ir_measures

    measures = {ir_measures.parse_measure(name): ours for ours, name in MEASURES.items()}
    # The scores only say the order: equal ones would be put in the order of their ids.
    run = {str(i): {key: -float(rank) for rank, key in enumerate(ids)} for i, ids in enumerate(rankings)}
    judged = {str(i): dict.fromkeys(ids, 1) for i, ids in enumerate(relevant)}
    values = {name: np.zeros(len(rankings)) for name in MEASURES}
    for found in ir_measures.iter_calc(list(measures), judged, run) if run else ():
        values[measures[found.measure]][int(found.query_id)] = found.value
    return values


def ndcg(rankings: Sequence[Sequence[str]], relevant: Sequence[Collection[str]]) -> np.ndarray:
    """Return nDCG@10 of each question: what training watches on dev."""
    return score(rankings, relevant)[PRIMARY]


def intervals(values: np.ndarray, *, resamples: int, seed: int, groups: np.ndarray | None = None) -> list[Interval]:
    """Return the mean of each column of `values` (questions, columns) with the ends of its 95 % percentile bootstrap interval.

    Questions are resampled, for all columns with the same draws (Efron and Tibshirani 1993, chapter 13). `groups` (questions,)
    numbers those that go together: they are then resampled together (cluster bootstrap, Davison and Hinkley 1997, section 3.8;
    Cameron, Gelbach and Miller 2008), and of both intervals the ends that lie further out hold, as few groups, or one, can look
    more alike than their questions do (Angrist and Pischke 2009, section 8.1, of standard errors).
    """
    rows, columns = values.shape
    if not rows:
        return [Interval(0.0, 0.0, 0.0)] * columns
    tail = (1 - CONFIDENCE) / 2
    sums, sizes = _by_group(values, groups)
    units = [(values, np.ones(rows, int))] if len(sizes) == rows else [(values, np.ones(rows, int)), (sums, sizes)]
    ends = [np.quantile(_resampled(*unit, resamples, seed), [tail, 1 - tail], axis=0) for unit in units]
    low, high = np.min([low for low, _ in ends], axis=0), np.max([high for _, high in ends], axis=0)
    return [Interval(float(m), float(a), float(b)) for m, a, b in zip(values.mean(axis=0), low, high, strict=True)]


def _resampled(sums: np.ndarray, sizes: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Return the means (resamples, columns) of groups drawn with replacement, from their sums (groups, columns) and sizes."""
    rng, count = np.random.default_rng(seed), len(sizes)
    batch = max(1, CELLS // count)
    parts = [min(batch, resamples - done) for done in range(0, resamples, batch)]
    drawn = (rng.multinomial(count, np.full(count, 1 / count), size=part) for part in parts)
    return np.concatenate([times @ sums / (times @ sizes)[:, None] for times in drawn])


def _by_group(values: np.ndarray, groups: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return each group's sum of values (questions, …) and its size; the values themselves where nothing goes together."""
    numbers = np.arange(len(values)) if groups is None else np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(numbers)
    if len(sizes) == len(values):
        return values, sizes
    sums = np.zeros((len(sizes), *values.shape[1:]))
    np.add.at(sums, numbers, values)
    return sums, sizes


def spread(values: np.ndarray, groups: np.ndarray | None = None) -> float:
    """Return the standard deviation of values as of independent draws: over the root of their number, it is the mean's standard error.

    The draws are the groups, which may be of any size (ratio estimator, Cochran 1977, section 9A.2).
    """
    sums, sizes = _by_group(values, groups)
    if len(sizes) < 2:
        return 0.0
    return float(np.std(sums - (sizes - 1) * values.mean(), ddof=1) * (len(sizes) / len(values)))


def interval(values: np.ndarray, *, resamples: int, seed: int, groups: np.ndarray | None = None) -> Interval:
    """Return the mean over questions with the ends of its 95 % bootstrap interval."""
    return intervals(np.asarray(values, dtype=float).reshape(-1, 1), resamples=resamples, seed=seed, groups=groups)[0]


def paired_test(differences: np.ndarray, *, resamples: int, seed: int, groups: np.ndarray | None = None) -> float:
    """Return the two-sided p of the paired permutation test: how often chance alone gives a mean so far from 0.

    `differences` is one system minus the other, question by question; under the null hypothesis each sign is a coin's
    toss (Smucker, Allan and Carterette 2007), and one toss is made for all questions of a group. With few of them every
    assignment of signs is tried.
    """
    from scipy import stats

    values, _ = _by_group(np.asarray(differences, dtype=float), groups)
    values = values[values != 0]  # a tie stays one whatever its sign
    if len(values) < 2:
        return 1.0  # one question that differs: either sign is as far from 0

    def mean(sample: Any, axis: int) -> Any:
        return sample.mean(axis=axis)

    result = stats.permutation_test(
        (values,),
        mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, CELLS // len(values)),
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)


def any_better_test(differences: np.ndarray, groups: np.ndarray, *, resamples: int, seed: int) -> float:
    """Return how often chance alone makes one of several systems stand out so far above the base that all are compared with.

    `differences` (systems, questions) are each system's minus the base's. Under the null hypothesis base and systems are
    exchangeable: the sign of a question, the same for all systems, is a coin's toss, and one toss is made for all questions of a
    group. The statistic is the largest of the systems' sums, each in units of its own spread over the tosses, which counts the
    choice in (Westfall and Young 1993, single-step maxT; one-sided). With few groups every assignment of signs is tried.
    """
    sums, _ = _by_group(differences.T, groups)  # (groups, systems)
    sums = sums[np.abs(sums).max(axis=1) > TIE]
    spread = np.sqrt((sums**2).sum(axis=0))
    scaled = sums[:, spread > TIE] / spread[spread > TIE]
    found, size = scaled.sum(axis=0).max(initial=-math.inf), len(scaled)
    if not size or found <= TIE:
        return 1.0
    if 2**size <= resamples:
        signs = 1 - 2 * (np.arange(2**size)[:, None] >> np.arange(size) & 1)
        return float(np.mean((signs @ scaled).max(axis=1) >= found - TIE))
    rng, batch, reached = np.random.default_rng(seed), max(1, CELLS // size), 0
    for start in range(0, resamples, batch):
        signs = 1 - 2 * rng.integers(0, 2, (min(batch, resamples - start), size))
        reached += int(((signs @ scaled).max(axis=1) >= found - TIE).sum())
    return (1 + reached) / (1 + resamples)  # the assignment that was seen is one of them


def rank_agreement(values: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return what each pair of two lists adds to Spearman's rank correlation, which is their mean (Spearman 1904).

    Zeros where either list has one value only.
    """
    from scipy.stats import rankdata

    ranks = rankdata(np.stack([values, scores]).astype(float), axis=1)
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, keepdims=True)
    one, other = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 1e-12)
    return np.asarray(one * other)


def correlations(values: np.ndarray, scores: np.ndarray, *, resamples: int, seed: int) -> dict[str, Interval]:
    """Return Spearman's rank correlation of two lists, and Pearson's, with their 95 % percentile bootstrap intervals over pairs."""
    from scipy.stats import rankdata

    rng = np.random.default_rng(seed)
    both = np.stack([values, scores]).astype(float)
    batch = max(1, CELLS // (4 * len(values)))
    spearmans, pearsons = [], []
    for start in range(0, resamples, batch):
        drawn = both[:, rng.integers(0, len(values), (min(batch, resamples - start), len(values)))]
        pearsons.append(_pearson(*drawn))
        spearmans.append(_pearson(*rankdata(drawn, axis=2)))
    tail = (1 - CONFIDENCE) / 2
    found = {}
    for name, whole, drawn in (
        ("Spearman", _pearson(*rankdata(both, axis=1)), np.concatenate(spearmans)),
        ("Pearson", _pearson(*both), np.concatenate(pearsons)),
    ):
        low, high = np.quantile(drawn, [tail, 1 - tail])
        found[name] = Interval(float(whole), float(low), float(high))
    return found


def _pearson(one: np.ndarray, other: np.ndarray) -> Any:
    """Return the correlation along the last axis; 0 where either side has one value only."""
    one, other = (side - side.mean(axis=-1, keepdims=True) for side in (one, other))
    spread = np.sqrt((one**2).sum(axis=-1) * (other**2).sum(axis=-1))
    return np.divide((one * other).sum(axis=-1), spread, out=np.zeros_like(spread), where=spread > 1e-12)


def questions_needed(spread: float, difference: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Return how many independent questions would show a true `difference` in `power` of all cases, rounded up to a plain number.

    `spread` is the standard deviation of the differences between questions. Normal approximation of the paired test:
    n = ((z(1 - alpha/2) + z(power)) * spread / difference)^2.
    """
    from scipy.stats import norm

    z = norm.ppf(1 - alpha / 2) + norm.ppf(power)
    exact = (z * spread / difference) ** 2
    step = next(step for limit, step in ((200, 10), (1000, 50), (math.inf, 100)) if exact <= limit)
    return int(max(step, math.ceil(exact / step) * step))
