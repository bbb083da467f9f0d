"""Training: tune the base to the pairs by the dial's method, let dev choose, and leave a model folder even when the base is kept."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from core import disk, models, store
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.generators import asked
from core.models import Encoder
from core.models import files as modelfiles
from core.recipe import TrainSettings
from core.schema import Progress, silent
from core.train import checkpoints, estimate, plan, quick, quickly, ranks, watch, whole
from core.train.chance import Chance
from core.train.plan import Plan, choose_dial
from core.train.watch import DevScore, Halted, Outcome, Perplexity, Row, ShareScore, Watch

__all__ = ["TrainResult", "choose_dial", "settled_plan", "train"]

CARRIED = (
    "epochs",
    "best_epoch",
    "share",
    "shares",
    "dev_best",
    "history",
    "stopped",
    "metric",
    "perplexity",
    "chance",
)  # from a method's outcome


@dataclass(frozen=True)
class TrainResult:
    """How a training ended. Scores are those of `metric` on dev; epoch 0 is the untouched base.

    `share` is how much of the model is tuned, 0 when the base won; `shares` are all blends that dev scored. `epochs` counts those
    done, of `planned`; `history` holds the score after each. `map` says which texts Quick's map is for, "" for the whole model.
    `perplexity` is that of the phase language_model, where there was one. `chance` weighs the rise of the best on dev; the base wins
    where it is within chance.
    """

    model: Path
    method: str
    epochs: float
    planned: int
    best_epoch: float
    share: float
    dev_base: float
    dev_best: float
    history: tuple[DevScore, ...]
    stopped: bool
    seconds: float
    pairs: int
    base_model: str
    device: str
    precision: str
    learning_rate: float
    batch_size: int
    freeze_layers: int = 0
    gradient_share: float = 1.0
    metric: str = "nDCG@10"
    shares: tuple[ShareScore, ...] = ()
    map: str = ""
    perplexity: Perplexity | None = None
    chance: Chance | None = None


def train(
    dataset: Dataset,
    settings: TrainSettings,
    folder: Path,
    embeddings: EmbeddingStore,
    *,
    progress: Progress = silent,
    metric: Callable[[Row], None] = watch.unheard,
    stop: Callable[[], bool] = lambda: False,
    people: bool | None = None,
) -> TrainResult:
    """Tune the base model to the dataset's pairs and leave it in `folder`/model; a killed training goes on where it was.

    `people` says whether a person or a language model asked any training question; None looks at the pairs. Once a stop is
    asked for, the best so far is kept. Rows of metrics have `step`, `epoch` and `loss`, or `dev` (nDCG@10). Raises
    `UserError` when there is too little to train on, or training fails in a way that a setting mends.
    """
    taught = sum(len(rows.train) for rows in dataset.objectives) if settings.objectives else len(dataset.train)
    if not settings.objectives and (taught < 2 or not dataset.dev):
        raise UserError(
            f"There are {len(dataset.train)} pairs to train on and {len(dataset.dev)} to choose the best model by: too few.",
            "Make more pairs, then start again.",
        )
    done = _read_result(folder)
    if done and not done.stopped:
        return done
    start = time.monotonic() - (done.seconds if done else 0.0)
    ranks.meet()
    planned = ranks.in_turn(lambda: settled_plan(dataset, settings, folder, any(map(asked, dataset.train)) if people is None else people))
    watching = Watch(progress, metric, stop)
    progress(0.0, "Loading the base model")
    base = models.load(planned.base_model, args=settings.model_args)
    metric({"device": base.device, "precision": base.precision, "method": planned.dial, "pairs": taught})
    try:
        outcome = _fit(dataset, base, settings, planned, embeddings, folder, watching)
    except Halted:
        _put(folder, lambda target: modelfiles.copy(planned.base_model, target))
        outcome = Outcome((DevScore(0.0, 0.0),), 0.0, 0.0, 0.0, 0.0, stopped=True)
    result = TrainResult(
        model=folder / "model",
        method=planned.dial,
        planned=planned.epochs,
        dev_base=outcome.dev_base,
        seconds=round(time.monotonic() - start, 1),
        pairs=taught,
        base_model=planned.base_model,
        device=base.device,
        precision=base.precision,
        learning_rate=planned.learning_rate,
        batch_size=planned.batch_size,
        freeze_layers=planned.freeze_layers,
        gradient_share=planned.gradient_share,
        map=planned.map if planned.dial == "quick" else "",
        **{name: getattr(outcome, name) for name in CARRIED},
    )
    disk.write_atomic(folder / "trained.json", json.dumps(store.to_plain(result)))
    if not outcome.stopped:
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return result


def _fit(
    dataset: Dataset, base: Encoder, settings: TrainSettings, planned: Plan, embeddings: EmbeddingStore, folder: Path, watching: Watch
) -> Outcome:
    """Train by the plan's method and put what dev chose into the model folder."""
    if planned.dial == "quick":
        ranks.others_end()  # a map takes one process some seconds
        task = quickly.distilling(dataset, settings, planned, base, embeddings, watching) if settings.objectives else None
        outcome, maps = quick.fit(dataset, base, planned, embeddings, watching, task)
        if outcome.share:
            _put(folder, models.with_maps(base, maps).save)
            quick.store_mapped(dataset, base, models.load(str(folder / "model"), base.device), maps, embeddings)
    else:
        root = folder / "checkpoints"
        root.mkdir(exist_ok=True)
        outcome = whole.fit(dataset, base, settings, planned, embeddings, root, watching)
        if outcome.share:
            _put(folder, base.save)
    if not outcome.share:
        _put(folder, lambda target: modelfiles.copy(planned.base_model, target))
    return outcome


def _put(folder: Path, save: Callable[[Path], None]) -> None:
    """Put a model into `folder`/model so that at every moment the old one, the new one or none is there."""
    fresh = folder / "model.new"
    shutil.rmtree(fresh, ignore_errors=True)
    save(fresh)
    checkpoints.flush(fresh)
    shutil.rmtree(folder / "model", ignore_errors=True)
    os.replace(fresh, folder / "model")
    disk.sync_folder(folder)


def settled_plan(dataset: Dataset, settings: TrainSettings, folder: Path, people: bool) -> Plan:
    """Return the plan that the folder's training follows, made and written down the first time."""
    path = folder / "plan.json"
    if path.exists():
        return plan.read(path.read_text("utf-8"))
    dial = settings.dial
    if settings.objectives and dial == "quick":
        quickly.check(settings.objectives)
    plan.check(settings, dial)
    if dial == "auto" and (settings.objectives or plan.whole_only(settings)):
        dial = "balanced"
    if dial == "auto":
        negatives = min(settings.hard_negatives, max(len(row.negatives) for row in dataset.train))
        counts = len(dataset.train), len(dataset.passages)
        minutes = estimate.estimate(*counts, settings.base_model, negatives, plan.every_dial(settings)) if people else {}
        dial = choose_dial(people, minutes)
    made = plan.derive(settings, dial, max(2, len(dataset.train)), people, modelfiles.depth(settings.base_model))
    folder.mkdir(parents=True, exist_ok=True)
    disk.write_atomic(path, json.dumps(asdict(made)))
    return made


def _read_result(folder: Path) -> TrainResult | None:
    """Return how the folder's training ended, if it did and its model is there."""
    try:
        found: TrainResult = store.from_plain(TrainResult, json.loads((folder / "trained.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return found if (folder / "model" / "modules.json").exists() else None
