"""The verdict: one of four words, with its interval, from the scores of the same questions under base and tuned."""

from __future__ import annotations

import numpy as np

from core import metrics
from core.recipe import EvaluateSettings
from core.schema import Interval, Verdict, VerdictWord

MINIMUM = 20  # questions below which nothing is said, whatever p is
WIDEST = 0.1  # half-width of an interval that is too wide to call "no clear difference" a finding
SMALLEST = 0.02  # a difference below this is not worth collecting questions for
USUAL_SPREAD = 0.25  # standard deviation of nDCG@10 differences, .09 to .31 on our collections; used below MINIMUM
KEEP = "Keep the base model."


def judge(
    base: np.ndarray, tuned: np.ndarray, settings: EvaluateSettings, *, practice: bool, same: bool = False, metric: str = metrics.PRIMARY
) -> Verdict:
    """Compare two systems question by question, by the paired permutation test and the bootstrap interval of the difference.

    "better" and "worse" need both: p below `settings.alpha` and an interval without 0. `practice` says that a generator
    made the questions, `same` that tuned is the base model itself.
    """
    options = {"resamples": settings.resamples, "seed": settings.seed}
    differences = tuned - base
    before, after, gain = metrics.intervals(np.stack([base, tuned, differences], axis=1), **options)
    p = metrics.paired_test(differences, **options)
    word = _word(gain, p, len(differences), settings.alpha, same)
    needed = _needed(differences, settings.alpha) if word is VerdictWord.TOO_FEW else 0
    facts = Verdict(word, metric, before, after, gain, p, len(differences), needed, practice, text="")
    return Verdict(**{**vars(facts), "text": sentence(facts, same=same)})


def _word(gain: Interval, p: float, questions: int, alpha: float, same: bool) -> VerdictWord:
    if same:
        return VerdictWord.NO_DIFFERENCE
    if questions < MINIMUM:
        return VerdictWord.TOO_FEW
    if p < alpha and gain.low > 0:
        return VerdictWord.BETTER
    if p < alpha and gain.high < 0:
        return VerdictWord.WORSE
    return VerdictWord.TOO_FEW if (gain.high - gain.low) / 2 > WIDEST else VerdictWord.NO_DIFFERENCE


def _needed(differences: np.ndarray, alpha: float) -> int:
    """Return how many questions would show the observed difference, or one of 0.02 where less was observed.

    Below the minimum the observed spread and difference are themselves chance: a usual spread is the least, 0.1 the most.
    """
    count = len(differences)
    spread = float(np.std(differences, ddof=1)) if count > 1 else 0.0
    size = max(abs(float(np.mean(differences))) if count else 0.0, SMALLEST)
    if count < MINIMUM:
        spread, size = max(spread, USUAL_SPREAD), min(size, WIDEST)
    return max(MINIMUM, count + 10, metrics.questions_needed(spread, size, alpha=alpha))


def sentence(verdict: Verdict, *, same: bool = False) -> str:
    """Return the verdict in plain words, with whose questions they were."""
    asked = _asked(verdict)
    if same:
        return f"No clear difference: nothing that was tried did better than the base model by more than chance gives, so the base model was kept. {KEEP}"
    if not verdict.questions:
        return f"Too few questions: there are none to judge by. About {verdict.needed} would do."
    values = _values(verdict, "rises" if verdict.difference.mean > 0 else "falls")
    match verdict.word:
        case VerdictWord.BETTER:
            return f"Better: it finds the right passage more often. {values} on {asked}."
        case VerdictWord.WORSE:
            return f"Worse: it finds the right passage less often. {values} on {asked}. {KEEP}"
        case VerdictWord.TOO_FEW:
            return f"Too few questions: {asked} cannot tell. {_values(verdict, 'goes')}; about {verdict.needed} questions would do."
        case _:
            return f"No clear difference: {_values(verdict, 'goes')} on {asked}. {KEEP}"


def _asked(verdict: Verdict) -> str:
    ending = "" if verdict.questions == 1 else "s"
    made = f"practice question{ending} made from the documents" if verdict.practice else f"question{ending} asked by people"
    return f"{verdict.questions} {made}"


def _values(verdict: Verdict, verb: str) -> str:
    gain = verdict.difference
    digits = 2 if abs(gain.mean) >= SMALLEST else 3
    low, mean, high = (f"{value:+.{digits}f}" for value in (gain.low, gain.mean, gain.high))
    before, after = (f"{value.mean:.{digits}f}" for value in (verdict.base, verdict.tuned))
    return f"{verdict.metric} {verb} from {before} to {after} ({mean}, 95 % interval {low} to {high})"
