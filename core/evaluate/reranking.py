"""The verdict on a reranker: the base model's search with it and without it, once, on the frozen test questions."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress
from pathlib import Path

import numpy as np

from core import groups, jsonfiles, metrics, rerankers, search
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.evaluate import verdict
from core.models import Encoder
from core.recipe import EvaluateSettings
from core.rerankers import Request
from core.schema import Progress, SystemScores, Verdict, silent
from core.search import Positions
from core.search.corpus import Corpus

LABELS: Mapping[str, str] = {
    "base": "Base",
    "reranked": "Base + tuned reranker",
    "late_interaction": "Base + late interaction",
    "bm25": "BM25 (words)",
    "hybrid": "Base + BM25",
}
"""The ways to search that are compared, in the order in which they are shown."""


@dataclass(frozen=True)
class Reranking:
    """The one final comparison of the base model's search with and without a tuned reranker, on the test set of that hash.

    `against_late` compares it with late interaction, which needs no training. People's questions decide where there are enough.
    """

    test_digest: str
    verdict: Verdict
    against_late: Verdict
    systems: tuple[SystemScores, ...]
    passages: int
    depth: int
    made: float


def read(folder: Path) -> Reranking | None:
    """Return the verdict in a run's folder, None before there is one."""
    return jsonfiles.read(folder / "reranking.json", Reranking)


def judge(
    dataset: Dataset,
    base: Encoder,
    reranker: Path | None,
    embeddings: EmbeddingStore,
    settings: EvaluateSettings,
    *,
    depth: int,
    progress: Progress = silent,
) -> Reranking:
    """Score every system on the test questions, over all passages; without a reranker its ranking is the base's own."""
    questions = list(compress(dataset.test, verdict.deciding(dataset.test)))
    corpus = Corpus.of(dataset.passages, questions)
    right = [question.relevant for question in questions]
    rankings = _rankings(corpus, base, reranker, embeddings, depth, progress)
    values = {system: metrics.score(corpus.named(rankings[system]), right) for system in LABELS}
    together = groups.of(right)
    compared = partial(_compared, settings=settings, practice=not all(question.people for question in questions), together=together)
    table = np.stack([column for own in values.values() for column in own.values()], axis=1)
    found = iter(metrics.intervals(table, resamples=settings.resamples, seed=settings.seed, groups=together))
    ndcg = {system: own[metrics.PRIMARY] for system, own in values.items()}
    return Reranking(
        test_digest=dataset.test_digest,
        verdict=compared(ndcg["base"], ndcg["reranked"], same=reranker is None),
        against_late=compared(ndcg["late_interaction"], ndcg["reranked"]),
        systems=tuple(SystemScores(name, LABELS[name], {key: next(found) for key in own}) for name, own in values.items()),
        passages=len(dataset.passages),
        depth=depth,
        made=time.time(),
    )


def _compared(
    before: np.ndarray, after: np.ndarray, settings: EvaluateSettings, practice: bool, together: np.ndarray, *, same: bool = False
) -> Verdict:
    found = verdict.judge(before, after, settings, practice=practice, together=together, same=same)
    if same:
        return replace(found, text="No clear difference: no reranker that was tried did better than the base model's own order.")
    return replace(found, text=found.text.removesuffix(verdict.KEEP).rstrip())


def _rankings(
    corpus: Corpus, base: Encoder, reranker: Path | None, embeddings: EmbeddingStore, depth: int, progress: Progress
) -> dict[str, Positions]:
    vectors = embeddings.vectors(base, corpus.texts, "document", progress)
    first, _ = corpus.dense(embeddings.vectors(base, corpus.queries, "query"), vectors)
    words, _ = corpus.words()

    def again(name: str, model: str = "") -> Positions:
        request = Request(corpus.queries, corpus.texts, corpus.as_texts(first), base, embeddings, depth, model, progress=progress)
        order, _ = rerankers.rerank(name, request)
        return np.concatenate([corpus.as_passages(order), first[:, depth:]], axis=1)

    found = {"base": first, "bm25": words, "hybrid": search.fuse([first, words])[0], "late_interaction": again("late_interaction")}
    return found | {"reranked": again("cross_encoder", str(reranker)) if reranker else first}
