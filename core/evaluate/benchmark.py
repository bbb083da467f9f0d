"""One model on several tasks, at several vector lengths, with keyword search and a reranker beside it: what eval.yaml asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core import groups, metrics, models, rerankers, runs, search
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.evaluate import tasks
from core.evaluate.tasks import Collection
from core.models import Encoder, Vectors
from core.models import unit as unit_length
from core.recipe.evaluation import EvaluationSettings, LikenessTask, RerankerChoice, SearchTask
from core.rerankers import CROSS_ENCODER, Request
from core.runs.folder import Run
from core.schema import Interval, Progress, silent
from core.search import Positions
from core.search.corpus import Corpus
from core.split.unseen import unseen

RUN = "run:"


@dataclass(frozen=True)
class Scores:
    """The scores of one way to search, or to compare, with vectors of so many numbers (0: it uses none)."""

    system: str
    dimension: int
    metrics: Mapping[str, Interval]


@dataclass(frozen=True)
class TaskScores:
    """One task's scores, over so many questions (or scored pairs); `excluded` were left out because the model was trained on them.

    `groups` of the questions have nothing in common, the others share right passages; 0 for scored pairs, each of which counts.
    """

    task: str
    type: str
    items: int
    passages: int
    excluded: int
    scores: tuple[Scores, ...]
    groups: int = 0


@dataclass(frozen=True)
class Benchmark:
    """What a model scored on every task; all search is exact."""

    model: str
    precision: str
    tasks: tuple[TaskScores, ...]


def evaluate(settings: EvaluationSettings, progress: Progress = silent) -> Benchmark:
    """Score a model on every task; vectors come from the store, so that nothing is embedded twice.

    Questions that a run's model has learned from, or whose passages it has seen, are left out of its scores. Raises `UserError`
    for a model, a data set or a length that cannot be had.
    """
    run = _run(settings.model.name)
    encoder = models.load(_folder(settings.model.name, run), args=settings.model.args)
    for dimension in settings.dimensions:
        if dimension > encoder.dimension:
            raise UserError(
                f"dimensions: {dimension} is more than the {encoder.dimension} that the model's vectors have.", "Name shorter ones."
            )
    found = []
    for number, task in enumerate(settings.tasks):
        part = _part(progress, number, len(settings.tasks), task.label)
        scored = _likeness if isinstance(task, LikenessTask) else _searched
        found.append(scored(task, encoder, settings, run, part))  # type: ignore[arg-type]
    return Benchmark(settings.model.name, encoder.precision, tuple(found))


def _searched(task: SearchTask, encoder: Encoder, settings: EvaluationSettings, run: Run | None, progress: Progress) -> TaskScores:
    made = tasks.collection(task)
    known = _without_known(made, run)
    corpus = Corpus.of(known.passages, known.questions)
    store = EmbeddingStore(known.embeddings)
    rankings = dict(_rankings(corpus, encoder, settings, store, progress))
    right = [question.relevant for question in known.questions]
    values = {system: metrics.score(corpus.named(ranking), right) for system, ranking in rankings.items()}
    table = np.stack([column for own in values.values() for column in own.values()], axis=1)
    together = groups.of(right)
    intervals = iter(metrics.intervals(table, resamples=settings.resamples, seed=settings.seed, groups=together))
    scores = tuple(Scores(*system, {name: next(intervals) for name in own}) for system, own in values.items())
    excluded, count = len(made.questions) - len(right), len(np.unique(together))
    return TaskScores(task.label, task.type, len(right), len(corpus.ids), excluded, scores, count)


def _rankings(
    corpus: Corpus, encoder: Encoder, settings: EvaluationSettings, store: EmbeddingStore, progress: Progress
) -> Iterator[tuple[tuple[str, int], Positions]]:
    """Yield each way to search, by its name and its vectors' length, with its rankings."""
    words, _ = corpus.words()
    passages = store.vectors(encoder, corpus.texts, "document", progress)
    queries = store.vectors(encoder, corpus.queries, "query")
    for dimension in settings.dimensions or (encoder.dimension,):
        first, _ = corpus.dense(_short(queries, dimension), _short(passages, dimension))
        yield ("dense", dimension), first
        yield ("dense + BM25", dimension), search.fuse([first, words])[0]
        if settings.reranker.name != "none":
            again = _reranked(corpus, first, encoder, settings.reranker, store, progress)
            yield (f"dense + {settings.reranker.name}", dimension), again
    yield ("BM25", 0), words


def _reranked(
    corpus: Corpus, first: Positions, encoder: Encoder, choice: RerankerChoice, store: EmbeddingStore, progress: Progress
) -> Positions:
    run = _run(choice.model)
    if run and run.reranker is None:
        raise UserError(f"reranker.model: the run {run.id} has no reranker.", "Name a run that tuned one, a folder, or a name at the hub.")
    model = str(run.reranker) if run else choice.model or CROSS_ENCODER
    request = Request(corpus.queries, corpus.texts, corpus.as_texts(first), encoder, store, choice.depth, model, progress=progress)
    order, _ = rerankers.rerank(choice.name, request)
    return np.concatenate([corpus.as_passages(order), first[:, choice.depth :]], axis=1)


def _likeness(task: LikenessTask, encoder: Encoder, settings: EvaluationSettings, run: Run | None, progress: Progress) -> TaskScores:
    pairs = tasks.likenesses(task)
    store = EmbeddingStore(tasks.shared())
    first = store.vectors(encoder, pairs.first, "document", progress)
    second = store.vectors(encoder, pairs.second, "document", progress)
    scores = []
    for dimension in settings.dimensions or (encoder.dimension,):
        cosines = (_short(first, dimension) * _short(second, dimension)).sum(axis=1)
        found = metrics.correlations(cosines, pairs.scores, resamples=settings.resamples, seed=settings.seed)
        scores.append(Scores("cosine", dimension, found))
    return TaskScores(task.label, task.type, len(pairs.scores), 0, 0, tuple(scores))


def _short(vectors: Vectors, dimension: int) -> Vectors:
    """Return the first numbers of each vector, brought to length 1 again."""
    return vectors if dimension == vectors.shape[1] else unit_length(vectors[:, :dimension])


def _without_known(made: Collection, run: Run | None) -> Collection:
    """Leave out the questions that a run's model was trained on."""
    if run is None:
        return made
    data = Dataset(made.passages, (), (), made.questions, "")
    kept = unseen(data, run.data(), run.recipe().split.near_duplicate).test
    if not kept:
        raise UserError("The model was trained on every question of a task.", "Judge it by other questions.")
    return replace(made, questions=kept)


def _run(name: str) -> Run | None:
    return runs.anywhere(name.removeprefix(RUN)) if name.startswith(RUN) else None


def _folder(name: str, run: Run | None) -> str:
    """Return what the loader takes for a model's name."""
    if run is None:
        return name
    if run.model is None:
        raise UserError(f"The run {run.id} has no complete model.", "Choose another run, or resume this one.")
    return str(run.model)


def _part(progress: Progress, number: int, count: int, label: str) -> Progress:
    return lambda fraction, text: progress((number + fraction) / count, f"{label}: {text}")


def rows(found: TaskScores) -> list[Sequence[object]]:
    """Return a task's scores as rows of a table, the measure that counts with its interval."""
    names = list(found.scores[0].metrics)
    shown: list[Sequence[object]] = []
    for line in found.scores:
        first = line.metrics[names[0]]
        ends = f"{first.mean:.3f} ({first.low:.3f} to {first.high:.3f})"
        shown.append((line.system, line.dimension or "", ends, *(f"{line.metrics[name].mean:.3f}" for name in names[1:])))
    return shown
