"""The verdict: one of four words, with its interval, from the scores of the same questions under base and tuned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core import groups, metrics
from core.recipe import EvaluateSettings
from core.schema import Interval, Question, Verdict, VerdictWord

MINIMUM = 20  # questions with nothing in common, below which nothing is said, whatever p is
WIDEST = 0.1  # half-width of an interval that is too wide to call "no clear difference" a finding
SMALLEST = 0.02  # a difference below this is not worth collecting questions for
USUAL_SPREAD = 0.25  # standard deviation of nDCG@10 differences, .09 to .31 on our collections; used below MINIMUM
KEEP = "Keep the base model."


def judge(
    base: np.ndarray,
    tuned: np.ndarray,
    settings: EvaluateSettings,
    *,
    practice: bool,
    together: np.ndarray | None = None,
    same: bool = False,
    metric: str = metrics.PRIMARY,
) -> Verdict:
    """Compare two systems question by question, by the paired permutation test and the bootstrap interval of the difference.

    "better" and "worse" need both: p below `settings.alpha` and an interval without 0. `together` (questions,) numbers the
    questions that go together, so that they count once; `practice` says that a generator made the questions, `same` that tuned is
    the base model itself.
    """
    differences = tuned - base
    together = np.arange(len(differences)) if together is None else together
    count = len(np.unique(together))
    before, after, gain = metrics.intervals(
        np.stack([base, tuned, differences], axis=1), resamples=settings.resamples, seed=settings.seed, groups=together
    )
    p = metrics.paired_test(differences, resamples=settings.resamples, seed=settings.seed, groups=together)
    word = _word(gain, p, count, settings.alpha, same)
    needed = _needed(differences, together, count, settings.alpha) if word is VerdictWord.TOO_FEW else 0
    facts = Verdict(word, metric, before, after, gain, p, len(differences), needed, practice, text="", groups=count)
    return replace(facts, text=sentence(facts, same=same))


def deciding(questions: Sequence[Question]) -> np.ndarray:
    """Return which questions decide: people's where at least MINIMUM of them have nothing in common, else the practice questions."""
    people = np.array([question.people for question in questions], bool)
    own = groups.of(question.relevant for question in questions if question.people)
    return people if len(np.unique(own)) >= MINIMUM or people.all() else ~people


def _word(gain: Interval, p: float, count: int, alpha: float, same: bool) -> VerdictWord:
    if same:
        return VerdictWord.NO_DIFFERENCE
    if count < MINIMUM:
        return VerdictWord.TOO_FEW
    if p < alpha and gain.low > 0:
        return VerdictWord.BETTER
    if p < alpha and gain.high < 0:
        return VerdictWord.WORSE
    return VerdictWord.TOO_FEW if (gain.high - gain.low) / 2 > WIDEST else VerdictWord.NO_DIFFERENCE


def _needed(differences: np.ndarray, together: np.ndarray, count: int, alpha: float) -> int:
    """Return how many questions with nothing in common would show the observed difference, or one of 0.02 where less was observed.

    Below the minimum the observed spread and difference are themselves chance: a usual spread is the least, 0.1 the most.
    """
    spread = metrics.spread(differences, together)
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
            ending = ", each on a passage of its own, would do" if verdict.together else " would do"
            return f"Too few questions: {asked} cannot tell. {_values(verdict, 'goes')}; about {verdict.needed} questions{ending}."
        case _:
            sides = (verdict.difference.low > 0) or (verdict.difference.high < 0)  # the interval alone would call it clear
            doubt = f" Chance alone gives as much in {verdict.p:.0%} of cases." if sides else ""
            return f"No clear difference: {_values(verdict, 'goes')} on {asked}.{doubt} {KEEP}"


def _asked(verdict: Verdict) -> str:
    ending = "" if verdict.questions == 1 else "s"
    made = f"practice question{ending} made from the documents" if verdict.practice else f"question{ending} asked by people"
    counted = f" (counted as {verdict.groups}, since some share a passage)" if verdict.together else ""
    return f"{verdict.questions} {made}{counted}"


def _values(verdict: Verdict, verb: str) -> str:
    gain = verdict.difference
    plain = abs(gain.mean) >= SMALLEST and min(abs(gain.low), abs(gain.high)) >= 0.005  # no end that would read as -0.00
    digits = 2 if plain else 3
    low, mean, high = (f"{value:+.{digits}f}" for value in (gain.low, gain.mean, gain.high))
    before, after = (f"{value.mean:.{digits}f}" for value in (verdict.base, verdict.tuned))
    return f"{verdict.metric} {verb} from {before} to {after} ({mean}, 95 % interval {low} to {high})"
