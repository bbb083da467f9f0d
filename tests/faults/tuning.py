"""One training of the kill tests, as a process of its own that can be told where to kill itself."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from core.dataset import Dataset, ObjectiveRows, ScoredPair
from core.embeddings import EmbeddingStore
from core.recipe import TrainSettings, parse
from core.train import train
from tests import tiny

CONTRASTIVE = {"type": "contrastive", "loss": "CachedMultipleNegativesRankingLoss", "loss_args": {"mini_batch_size": 4}}
SIMILARITY = {"type": "similarity"}
TAUGHT = {"type": "contrastive", "distillation": {"alpha": 2.0, "teacher": {"name": "the base"}}}
RECIPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "two objectives, in parts": {"objectives": [CONTRASTIVE, SIMILARITY], "args": {"eval_steps": 3}},
    "lora": {"lora": {"r": 4}},
    "a share of the gradient, a layer frozen": {"gradient_share": 0.5, "freeze_layers": 1},
    "teacher": {"objectives": [TAUGHT]},
}


@dataclasses.dataclass(frozen=True)
class Death:
    """Where a process kills itself: `seconds` after a step began, or after, or at, the `event`-th call in writing a checkpoint.

    `step` 0 lives. With `inside`, the checkpoint of the first save at or after that step is meant.
    """

    step: int = 0
    seconds: float = 0.0
    inside: bool = False
    event: int = 0


def data(recipe: str) -> Dataset:
    """Return the data of a recipe's training."""
    made = tiny.dataset(60)
    scored = tuple(ScoredPair(pair.query, pair.positive, i % 2) for i, pair in enumerate(made.train))
    kinds = [objective["type"] for objective in RECIPES[recipe].get("objectives", [])]
    return dataclasses.replace(made, objectives=tuple(ObjectiveRows(scored if kind == "similarity" else made.train) for kind in kinds))


def settings(recipe: str, base: Path) -> TrainSettings:
    """Return the settings of a recipe's training."""
    named = {"datasets": {"train": {"name": "project:Tiny"}}}
    plain: dict[str, Any] = {
        "base_model": str(base),
        "epochs": 3,
        "batch_size": 6,
        "learning_rate": 3e-3,
        "blend": [0.5],
        "chance": 1,  # so that what was trained is handed out, and compared
        **RECIPES[recipe],
    }
    plain["objectives"] = [named | objective for objective in plain.get("objectives", [])]
    for objective in plain["objectives"]:
        if "distillation" in objective:
            objective["distillation"] = objective["distillation"] | {"teacher": {"name": str(base)}}
    return parse({"train": plain | {"dial": "balanced"}}).train


def run(recipe: str, base: Path, folder: Path, death: Death, seen: Path) -> None:
    """Train in `folder`; write the steps that were done into `seen`, one a line."""
    import torch

    torch.set_num_threads(1)
    os.environ["ATTUNE_PRECISION"] = "float32"
    steps = seen.open("a", buffering=1)
    if death.inside:
        sys.addaudithook(_inside(death, folder / "checkpoints", seen))

    def metric(row: Any) -> None:
        if "loss" in row:
            steps.write(f"{row['step']}\n")
            if row["step"] == death.step and not death.inside:
                _die_after(death.seconds)

    train(data(recipe), settings(recipe, base), folder, EmbeddingStore(folder.parent / "embeddings"), metric=metric)


def _inside(death: Death, root: Path, seen: Path) -> Any:
    """Return an audit hook that kills at a file's opening, renaming or removal inside a checkpoint, or some time after it."""
    counted = [0]

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event not in ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir") or f"{root}/checkpoint-" not in str(args[0]):
            return
        number = str(args[0]).removeprefix(f"{root}/checkpoint-").split("/")[0]
        if not counted[0] and (not number.isdigit() or int(number) < death.step):
            return
        counted[0] += 1
        if counted[0] == death.event:
            if death.seconds:
                _die_after(death.seconds)
            else:
                os.kill(os.getpid(), signal.SIGKILL)

    return hook


def _die_after(seconds: float) -> None:
    def die() -> None:
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=die, daemon=True).start()
