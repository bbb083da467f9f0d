"""Evaluate: base and tuned, BM25, their fusions and a reranker, once, on the frozen test questions."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path

import numpy as np

from core import groups, metrics, search
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.evaluate import verdict
from core.models import Encoder
from core.recipe import EvaluateSettings
from core.rerankers import Request, late_interaction
from core.schema import Evaluation, Progress, Question, QuestionResult, SystemScores, Verdict, silent
from core.search import Positions
from core.search.corpus import Corpus

BASE, TUNED = "base", "tuned"
LABELS: Mapping[str, str] = {
    BASE: "Base",
    TUNED: "Tuned",
    "bm25": "BM25 (words)",
    "hybrid_base": "Base + BM25",
    "hybrid_tuned": "Tuned + BM25",
    "base_reranked": "Base + reranker",
    "tuned_reranked": "Tuned + reranker",
}
"""The ways to search that are compared, in the order in which they are shown."""


def evaluate(
    dataset: Dataset,
    base: Encoder,
    tuned: Encoder,
    embeddings: EmbeddingStore,
    settings: EvaluateSettings,
    *,
    excluded: int = 0,
    progress: Progress = silent,
) -> Evaluation:
    """Score every system on the test questions of `dataset`, over all its passages, and judge tuned against base.

    People's own questions decide where at least 20 of them have nothing in common, otherwise the practice questions; both are
    judged apart, and `systems` covers those that decide. All search is exact; base and tuned are embedded at one precision.
    """
    if base.precision != tuned.precision:
        raise ValueError(f"base is scored at {base.precision}, tuned at {tuned.precision}")
    questions = dataset.test
    corpus = Corpus.of(dataset.passages, questions)
    same = base.digest == tuned.digest
    rankings = _rankings(corpus, base, tuned, embeddings, settings, progress) if questions else {}
    relevant = [question.relevant for question in questions]
    scores = {system: metrics.score(corpus.named(ranking), relevant) for system, ranking in rankings.items()}

    people = np.array([question.people for question in questions], bool)
    deciding = verdict.deciding(questions)
    judged = _Judged(scores, relevant, people, settings, same)
    other = judged.verdict(~deciding) if (~deciding).any() else None
    return Evaluation(
        test_digest=dataset.test_digest,
        base=_shown(base.name),
        model=_shown(tuned.name),
        verdict=judged.verdict(deciding),
        verdict_other=other,
        systems=judged.systems(deciding),
        systems_other=judged.systems(~deciding) if other else (),
        questions=_results(questions, corpus, rankings, scores),
        passages=len(dataset.passages),
        excluded=excluded,
        precision=base.precision,
        made=time.time(),
    )


def _rankings(
    corpus: Corpus, base: Encoder, tuned: Encoder, embeddings: EmbeddingStore, settings: EvaluateSettings, progress: Progress
) -> dict[str, Positions]:
    """Return each system's rankings, (questions, up to 100) positions of passages."""
    encoders = {BASE: base, TUNED: tuned} if base.digest != tuned.digest else {BASE: base}
    readers = _readers(encoders, corpus.queries[:8]) if settings.rerank else []
    steps = iter(_parts(progress, len(encoders) + len(readers)))
    words, _ = corpus.words()
    found = {"bm25": words}
    for name, encoder in encoders.items():
        vectors = embeddings.vectors(encoder, corpus.texts, "document", next(steps))
        found[name], _ = corpus.dense(embeddings.vectors(encoder, corpus.queries, "query"), vectors)
        found[f"hybrid_{name}"], _ = search.fuse([found[name], words])
    for names in readers:
        request = Request(
            corpus.queries, corpus.texts, found[BASE], encoders[names[0]], embeddings, settings.rerank_depth, progress=next(steps)
        )
        found |= _reranked(corpus, {name: found[name] for name in names}, request)
    if TUNED not in encoders:
        found |= {system.replace(BASE, TUNED): ranking for system, ranking in found.items()}
    progress(1.0, "All systems scored")
    return {system: found[system] for system in LABELS if system in found}


def _readers(encoders: Mapping[str, Encoder], texts: Sequence[str]) -> list[list[str]]:
    """Return the systems in groups that have the same token vectors: a model whose words were not tuned is read once."""
    read = {name: np.concatenate(encoder.token_vectors(texts)) for name, encoder in encoders.items()}
    alike = len(read) > 1 and np.array_equal(read[BASE], read[TUNED])
    return [list(encoders)] if alike else [[name] for name in encoders]


def _reranked(corpus: Corpus, firsts: Mapping[str, Positions], request: Request) -> dict[str, Positions]:
    """Return rankings whose first hits are in the order of late interaction, the rest as they were."""
    seen = np.concatenate([corpus.as_texts(first) for first in firsts.values()])
    order, _ = late_interaction.rerank(replace(request, queries=[*corpus.queries] * len(firsts), first=seen))
    orders = zip(firsts.items(), np.split(order, len(firsts)), strict=True)
    return {
        f"{name}_reranked": np.concatenate([corpus.as_passages(new), first[:, request.depth :]], axis=1) for (name, first), new in orders
    }


def _parts(progress: Progress, count: int) -> list[Progress]:
    """Return `count` callbacks, each of which reports its own share of the whole."""

    def part(number: int) -> Progress:
        return lambda fraction, text: progress((number + fraction) / count, text)

    return [part(number) for number in range(count)]


@dataclass(frozen=True)
class _Judged:
    """The scores of every question under every system, ready to be summed up over some of the questions."""

    scores: Mapping[str, Mapping[str, np.ndarray]]
    relevant: Sequence[Sequence[str]]
    people: np.ndarray
    settings: EvaluateSettings
    same: bool

    def verdict(self, chosen: np.ndarray) -> Verdict:
        """Compare tuned with base over the chosen questions."""
        empty = {metrics.PRIMARY: np.zeros(0)}
        base, tuned = (self.scores.get(system, empty)[metrics.PRIMARY][chosen] for system in (BASE, TUNED))
        practice = not bool(self.people[chosen].all())
        return verdict.judge(base, tuned, self.settings, practice=practice, together=self._together(chosen), same=self.same)

    def systems(self, chosen: np.ndarray) -> tuple[SystemScores, ...]:
        """Return every system's scores over the chosen questions; all are resampled alike."""
        names = list(metrics.MEASURES)
        table = [values[name][chosen] for values in self.scores.values() for name in names]
        if not table:
            return ()
        resamples, seed = self.settings.resamples, self.settings.seed
        found = iter(metrics.intervals(np.stack(table, axis=1), resamples=resamples, seed=seed, groups=self._together(chosen)))
        return tuple(SystemScores(system, LABELS[system], {name: next(found) for name in names}) for system in self.scores)

    def _together(self, chosen: np.ndarray) -> np.ndarray:
        """Number the chosen questions, those that share right passages alike."""
        return groups.of(compress(self.relevant, chosen))


def _results(
    questions: Sequence[Question], corpus: Corpus, rankings: Mapping[str, Positions], scores: Mapping[str, Mapping[str, np.ndarray]]
) -> tuple[QuestionResult, ...]:
    place = {key: i for i, key in enumerate(corpus.ids)}
    results = []
    for row, question in enumerate(questions):
        right = [place[key] for key in question.relevant if key in place]
        ranks = {system: _rank(ranking[row], right) for system, ranking in rankings.items()}
        ndcg = {system: float(values[metrics.PRIMARY][row]) for system, values in scores.items()}
        results.append(QuestionResult(question.id, question.query, question.relevant, question.generator, question.people, ranks, ndcg))
    return tuple(results)


def _rank(ranking: Positions, right: Sequence[int]) -> int:
    found = np.flatnonzero(np.isin(ranking, right))
    return int(found[0]) + 1 if len(found) else 0


def _shown(name: str) -> str:
    """Return a model's name without the folders of this machine: for a run's model the run's id."""
    folder = Path(name)
    if not folder.is_absolute():
        return name
    return folder.parent.name if folder.name == "model" else folder.name


def losses(evaluation: Evaluation, worse: str = TUNED, than: str = BASE) -> list[QuestionResult]:
    """Return the questions that `worse` answers worse than `than`, worst drops first, by nDCG@10 and then by rank."""
    found = [question for question in evaluation.questions if _gain(question, worse, than) < (0.0, 0.0)]
    return sorted(found, key=lambda question: _gain(question, worse, than))


def wins(evaluation: Evaluation, better: str = TUNED, than: str = BASE) -> list[QuestionResult]:
    """Return the questions that `better` answers better than `than`, best gains first."""
    return losses(evaluation, worse=than, than=better)


def _gain(question: QuestionResult, one: str, other: str) -> tuple[float, float]:
    """Return what `one` gains on `other`: in nDCG@10, and in 1/rank, which also counts beyond the tenth place."""
    place = [1 / question.ranks[system] if question.ranks[system] else 0.0 for system in (one, other)]
    return question.ndcg[one] - question.ndcg[other], place[0] - place[1]
