"""Reranker: a cross-encoder tuned to the pairs, chosen by how well it orders the base model's first hits; no reranking takes part."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core import disk, models, store
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.models import files as modelfiles
from core.recipe import Recipe
from core.reranker.dev import Reader, RerankDev
from core.reranker.fit import fit, plan
from core.reranker.rows import labelled
from core.rerankers import cross_encoder
from core.schema import Progress, silent
from core.train import chance, checkpoints, watch
from core.train.chance import Chance
from core.train.watch import DevScore, Halted, Row, Watch

FOLDER = "reranker"
START = "Give a cross-encoder's folder or its name at the hub, such as cross-encoder/ms-marco-MiniLM-L6-v2, or leave it empty."
FRESH_RATE, RATE = 1e-4, 2e-5  # of a head that has to be learned, and of a cross-encoder that can read already


@dataclass(frozen=True)
class RerankerResult:
    """How the tuning of a reranker ended. Scores are nDCG@10 on dev; that of epoch 0 is the base model's own ranking.

    `best_epoch` is 0, and no reranker is handed out, where nothing did better than that by more than `chance` gives. `dev_start` is the score of the
    cross-encoder that tuning started from, None for a fresh head; it is handed out where it did best.
    """

    best_epoch: float
    dev_base: float
    dev_best: float
    dev_start: float | None
    history: tuple[DevScore, ...]
    questions: int
    rows: int
    epochs: float
    planned: int
    stopped: bool
    seconds: float
    started_from: str
    fresh: bool
    device: str
    precision: str
    started: bool = False
    chance: Chance | None = None

    @property
    def made(self) -> bool:
        """Say whether there is a reranker to use."""
        return self.best_epoch > 0 or self.started


def train(
    dataset: Dataset,
    recipe: Recipe,
    folder: Path,
    embeddings: EmbeddingStore,
    *,
    progress: Progress = silent,
    metric: Callable[[Row], None] = watch.unheard,
    stop: Callable[[], bool] = lambda: False,
) -> RerankerResult:
    """Tune a cross-encoder to the dataset's pairs and leave it in `folder`/reranker, if dev likes any; a killed tuning goes on.

    Once a stop is asked for, the best so far is kept. Raises `UserError` when there is too little to train on or to choose by.
    """
    if len(dataset.train) < 2 or not dataset.dev:
        raise UserError("There are too few pairs to tune a reranker and to choose it by.", "Make more pairs, then start again.")
    done = _read_result(folder)
    if done and not done.stopped:
        return done
    settings, start = recipe.reranker, time.monotonic() - (done.seconds if done else 0.0)
    watching = Watch(progress, metric, stop)
    progress(0.0, "Loading the models")
    base = models.load(recipe.train.base_model, args=recipe.train.model_args)
    name = settings.base_model or recipe.train.base_model
    place = _starting(settings.base_model) if settings.base_model else models.resolve(name)
    fresh = not cross_encoder.has_head(place)
    reader = Reader(cross_encoder.load(place, settings.max_tokens, seed=settings.seed), base.precision)
    rate = settings.learning_rate or (FRESH_RATE if fresh else RATE)
    disk.write_atomic(folder / "plan.json", json.dumps(vars(plan(settings, rate))))
    metric({"device": base.device, "precision": base.precision, "method": "reranker", "pairs": len(dataset.train)})
    try:
        dev = RerankDev(dataset, settings, base, embeddings, watching.part(0.0, 0.05))
        rows = labelled(dataset.train, settings, base, embeddings, watching.part(0.05, 0.1))
    except Halted:
        return RerankerResult(0.0, 0.0, 0.0, None, (), 0, 0, 0.0, settings.epochs, True, 0.0, name, fresh, base.device, base.precision)
    start_values = None if fresh else dev.values(reader)
    root = folder / "checkpoints"
    root.mkdir(exist_ok=True)
    course = fit(rows, reader, dev, settings, rate, root, watching)
    dev_start = None if start_values is None else float(start_values.mean())
    untouched, best = course.history[0].score, course.best_tuned
    tried = [values for epoch, values in course.values.items() if epoch] + ([] if start_values is None else [start_values])
    gained = max(dev_start or 0.0, best.score if best else 0.0) > untouched
    weighed = chance.weigh(course.values[0.0], tried, dev.groups, settings.chance) if gained and tried else None
    started = gained and dev_start is not None and dev_start > (best.score if best else untouched)
    tuned = gained and not started
    if weighed and not weighed.beyond:
        started = tuned = False
    if started:
        _put(folder, cross_encoder.load(place, settings.max_tokens))
    elif tuned:
        _put(folder, reader.model)
    result = RerankerResult(
        best_epoch=best.epoch if tuned and best else 0.0,
        dev_base=untouched,
        dev_best=dev_start if started and dev_start else best.score if tuned and best else untouched,
        dev_start=dev_start,
        history=tuple(course.history),
        questions=len(dataset.train),
        rows=len(rows),
        epochs=course.history[-1].epoch,
        planned=settings.epochs,
        stopped=course.stopped,
        seconds=round(time.monotonic() - start, 1),
        started_from=name,
        fresh=fresh,
        device=base.device,
        precision=base.precision,
        started=started,
        chance=weighed,
    )
    disk.write_atomic(folder / "trained.json", json.dumps(store.to_plain(result)))
    if not course.stopped:
        shutil.rmtree(root, ignore_errors=True)
    return result


def _starting(name: str) -> Path:
    """Return the folder of the model that somebody named to start from; the words are those of a cross-encoder's."""
    try:
        return models.resolve(name)
    except UserError as error:
        raise UserError(f"The model that the reranker starts from cannot be had. {error.message}", START) from None


def _put(folder: Path, model: object) -> None:
    """Put a reranker into its folder so that at every moment the old one, the new one or none is there."""
    fresh = folder / f"{FOLDER}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    model.save_pretrained(str(fresh), create_model_card=False)  # type: ignore[attr-defined]
    modelfiles.scrub(fresh)
    checkpoints.flush(fresh)
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    fresh.replace(folder / FOLDER)
    disk.sync_folder(folder)


def _read_result(folder: Path) -> RerankerResult | None:
    """Return how the folder's tuning ended, if it did and what it made is there."""
    try:
        found: RerankerResult = store.from_plain(RerankerResult, json.loads((folder / "trained.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return found if not found.made or (folder / FOLDER / "config.json").exists() else None
