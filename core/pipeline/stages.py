"""What a background run of each kind does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from core import recipe as recipes
from core import runs
from core.errors import UserError
from core.generators import asked
from core.project import Effect, Project
from core.runs.job import Job, Stopped
from core.schema import PairState, Progress, RunState, silent

if TYPE_CHECKING:
    from core.dataset import Dataset
    from core.pairs.mining import NegativeReport


def _nothing(job: Job) -> None:
    pass


@dataclass(frozen=True)
class Stage:
    """One kind of background run: its function, and the lane in which such runs go one after the other.

    `first` is done before the run waits for its turn, so that it works on what there was when it was started.
    """

    label: str
    function: Callable[[Job], None]
    lane: Literal["machine", "project"]
    first: Callable[[Job], None] = _nothing


def _ingest(job: Job) -> None:
    from core import chunk, ingest, themes
    from core.split import alike

    settings = job.run.recipe()
    job.stage("documents", 0, 0.7)
    ingest.finish(job.project, progress=job.progress_or_stop)
    ingest.refresh(job.project, progress=job.progress_or_stop)
    ingest.recognise_asked(job.project, job.progress_or_stop)
    job.stage("chunks", 0.7, 0.95)
    chunk.rechunk(job.project, settings.chunk, settings.train.base_model, job.progress_or_stop)
    job.stage("themes", 0.95, 0.97)
    themes.retheme(job.project, settings.themes)
    job.stage("copies", 0.97, 1)
    alike.near_duplicates(job.project, job.project.chunks(), settings.split.near_duplicate, job.progress_or_stop)


def _import(job: Job) -> None:
    from core import imports, themes
    from core.split import alike

    project, settings, upload = job.project, job.run.recipe(), job.run.upload
    if upload is None or not project.has_blob(upload.sha256):
        raise UserError("The file of this import is not kept any more.", "Choose it again on the Pairs page.")
    job.stage("import", 0, 0.9)
    if not job.run.result():  # what was cut off after it still says what came of the file
        data = project.blob(upload.sha256).read_bytes()
        job.run.write("result.json", imports.take(project, upload.name, data, people=upload.people, progress=job.progress_or_stop))
    if not alike.current(project, settings.split.near_duplicate):  # there are new passages, from this attempt or the one before
        job.stage("themes", 0.9, 0.93)
        themes.retheme(project, settings.themes)
        job.stage("copies", 0.93, 1)
        alike.near_duplicates(project, project.chunks(), settings.split.near_duplicate, job.progress_or_stop)


def _pairs(job: Job) -> None:
    from core import pairs

    settings = job.run.recipe()
    job.stage("pairs", 0, 0.7 if settings.gate.on else 1)
    key = job.secrets.get("llm_key", "")
    report = pairs.make(job.project, settings.pairs, key=key, progress=job.progress, stop=job.stop)
    job.run.write("result.json", report)
    if job.stop():
        raise Stopped
    if settings.gate.on:
        job.stage("quality", 0.7, 1)
        done = _checked(job, settings)
        job.run.write("result.json", replace(report, kept=report.kept - done.more, by_generator=kept_pairs(job.project)))


def _gate(job: Job) -> None:
    job.stage("quality")
    job.run.write("result.json", _checked(job, job.run.recipe()))


def _checked(job: Job, settings: recipes.Recipe) -> Effect:
    from core import gate

    return gate.check(job.project, settings, job.progress_or_stop)


def _negatives(job: Job) -> None:
    job.stage("negatives")
    job.run.write("result.json", mine(job.project, job.run.recipe(), job.progress_or_stop))


def _prepare(job: Job) -> None:
    if not job.run.prepared:
        job.say(RunState.QUEUED, "Preparing the data: dividing the questions, and looking that nothing leaks.")
        runs.prepare(job.run)


def _rehearsal(job: Job) -> None:
    from core import models, train
    from core.embeddings import EmbeddingStore
    from core.train import rehearsal

    run, settings = job.run, job.run.recipe().train
    data = run.data()
    job.stage("rehearsal")
    plan = train.settled_plan(data, settings, run.folder, any(map(asked, data.train)))
    job.progress(0.0, "Loading the base model")
    base = models.load(plan.base_model, args=settings.model_args)
    job.on(base.device)
    found = rehearsal.rehearse(data, base, settings, plan, EmbeddingStore(run.embeddings), run.folder / "tried", job.progress_or_stop)
    run.write("result.json", found)


def _train(job: Job) -> None:
    from core import export, train
    from core.embeddings import EmbeddingStore
    from core.train import ranks

    run, settings = job.run, job.run.recipe()
    data, vectors = run.data(), EmbeddingStore(run.embeddings)
    job.stage("train", 0, 0.8)
    with ranks.beside(run.folder, settings.train.devices):
        result = train.train(data, settings.train, run.folder, vectors, progress=job.progress, metric=job.metric, stop=job.stop)
    run.write("result.json", {name: value for name, value in vars(result).items() if name != "model"})  # it may move
    try:
        if job.stop():
            raise Stopped
        if data.test:
            job.stage("evaluate", 0.8, 1)
            _judge(job, settings, data, result.model)
    finally:
        run.seal()  # the best so far is a model like any other, only without a verdict
    if settings.train.output_dir:
        export.copy_out(run.folder, Path(settings.train.output_dir).expanduser(), only_model=settings.train.args.save_only_model)


def _evaluate(job: Job) -> None:
    from core.dataset import Dataset
    from core.split.unseen import unseen

    run, settings = job.run, job.run.recipe()
    job.stage("evaluate")
    data = unseen(run.data(), Dataset.read(run.folder / "trained_on"), settings.split.near_duplicate)
    _judge(job, settings, data, run.given)
    run.seal()


def _reranker(job: Job) -> None:
    from core import models, reranker
    from core.embeddings import EmbeddingStore
    from core.evaluate import reranking

    run, settings = job.run, job.run.recipe()
    data, vectors = run.data(), EmbeddingStore(run.embeddings)
    job.stage("reranker", 0, 0.8)
    result = reranker.train(data, settings, run.folder, vectors, progress=job.progress, metric=job.metric, stop=job.stop)
    run.write("result.json", result)
    try:
        if job.stop():
            raise Stopped
        if data.test:
            job.stage("evaluate", 0.8, 1)
            base = models.load(settings.train.base_model, args=settings.train.model_args)
            made, depth = run.folder / reranker.FOLDER if result.made else None, settings.reranker.depth
            judged = reranking.judge(data, base, made, vectors, settings.evaluate, depth=depth, progress=job.progress_or_stop)
            run.write("reranking.json", judged)
    finally:
        run.seal()


def _statistics(job: Job) -> None:
    from core import statistics
    from core.statistics import maps

    job.stage("statistics", 0, 0.5)
    statistics.statistics(job.project, job.progress_or_stop)
    job.stage("map", 0.5, 1)
    maps.draw(job.project, job.run.recipe(), job.progress_or_stop)


def _judge(job: Job, settings: recipes.Recipe, data: Dataset, model: Path) -> None:
    from core import evaluate, models
    from core.embeddings import EmbeddingStore

    base = models.load(settings.train.base_model, args=settings.train.model_args)
    tuned = models.load(str(model), args=settings.train.model_args.of_tuned)
    job.on(base.device)
    found = evaluate.evaluate(
        data, base, tuned, EmbeddingStore(job.run.embeddings), settings.evaluate, excluded=data.excluded, progress=job.progress_or_stop
    )
    job.run.write("evaluation.json", found)


STAGES: Mapping[str, Stage] = {
    "ingest": Stage("Read documents", _ingest, "project"),
    "import": Stage("Import pairs", _import, "project"),
    "pairs": Stage("Make pairs", _pairs, "project"),
    "gate": Stage("Check pairs", _gate, "project"),
    "negatives": Stage("Find hard negatives", _negatives, "project"),
    "rehearsal": Stage("Try a few steps", _rehearsal, "machine", _prepare),
    "train": Stage("Train", _train, "machine", _prepare),
    "evaluate": Stage("Judge", _evaluate, "machine", _prepare),
    "reranker": Stage("Tune a reranker", _reranker, "machine", _prepare),
    "statistics": Stage("Count and map", _statistics, "project"),
}


def mine(project: Project, recipe: recipes.Recipe, progress: Progress = silent) -> NegativeReport:
    """Find hard negatives for the pairs that are learned from, here and now."""
    from core import models
    from core.embeddings import EmbeddingStore
    from core.pairs import mining

    progress(0.0, "Loading the base model")
    base = models.load(recipe.train.base_model)
    return mining.mine(project, recipe, base, EmbeddingStore(project.folder / "embeddings"), progress)


def kept_pairs(project: Project) -> dict[str, int]:
    """Return how many pairs are kept, by generator."""
    kept: dict[str, int] = {}
    for generator, decided, _, number in project.pair_table():
        if decided == PairState.KEPT:
            kept[generator] = kept.get(generator, 0) + number
    return kept
