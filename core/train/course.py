"""The course of tuning a whole model: scores on dev, the best so far, stopping, and checkpoints from which it goes on exactly."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.models import Encoder
from core.train import checkpoints, layers, ranks
from core.train.dev import Chooser
from core.train.plan import Plan
from core.train.watch import DevScore, Watch

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import TrainerCallback

STATE, BEST, HEADS, VALUES = "course.json", "best.safetensors", "heads.safetensors", "dev.safetensors"
SAVE_SECONDS = 120.0  # between two checkpoints inside an epoch


@dataclass
class Course:
    """What the trainer's callbacks keep: `history` starts with the base, `best` are the weights of the best epoch after it.

    `values` are dev's, question by question, after each epoch; the base's stand at 0.
    `every` says after how many steps a model is scored ("eval") and saved ("save") inside an epoch too; None: only as time passes.
    `heads` are weights that losses train beside the model's, such as a decoder's; `start` is where its part of the progress begins.
    """

    plan: Plan
    dev: Chooser
    encoder: Encoder
    watch: Watch
    root: Path
    steps_per_epoch: int
    every: Mapping[str, int | None] = field(default_factory=dict)
    history: list[DevScore] = field(default_factory=list)
    heads: Mapping[str, Tensor] = field(default_factory=dict)
    start: float = 0.1
    best: dict[str, Tensor] = field(default_factory=dict)
    values: dict[float, np.ndarray] = field(default_factory=dict)
    stopped: bool = False
    part: int = 0
    saved_at: float = field(default_factory=time.monotonic)

    @property
    def tuned(self) -> list[DevScore]:
        """The scores after the base's."""
        return self.history[1:]

    @property
    def best_tuned(self) -> DevScore | None:
        """The best of the epochs, the base left out."""
        return max(self.tuned, key=lambda point: point.score, default=None)

    @property
    def best_epoch(self) -> float:
        """The epoch that dev likes best so far; 0 is the base."""
        return max(self.history, key=lambda point: point.score).epoch

    @property
    def over(self) -> bool:
        """Say whether all epochs are done, or so many scores brought no gain that no more are tried."""
        best, since = self.history[0].score, 0
        for point in self.tuned:
            gained = point.score > best + self.plan.threshold
            best, since = (point.score, 0) if gained else (best, since + 1)
        return self.history[-1].epoch >= self.plan.epochs or since >= self.plan.patience

    # --- what the trainer calls ---

    def step_ended(self, state: Any, control: Any) -> None:
        """Look after each step whether to stop, or to save because much time has passed."""
        step = state.global_step
        last = step % self.steps_per_epoch == 0  # the epoch's end scores and saves by itself
        self._say(state, self._words(state.epoch))
        if ranks.agreed(self.watch.stop):
            self.stopped = control.should_training_stop = True
            if not last:
                self._score(state)
                control.should_save = True
            return
        if last:
            return
        if self._due("eval", step) or step == state.max_steps:
            self._score(state)
            control.should_save = True
            control.should_training_stop = control.should_training_stop or self.over
        elif self._due("save", step) or ranks.agreed(lambda: time.monotonic() - self.saved_at > SAVE_SECONDS):
            control.should_save = True

    def _due(self, what: str, step: int) -> bool:
        every = self.every.get(what)
        return bool(every) and step % every == 0  # type: ignore[operator]

    def epoch_ended(self, state: Any, control: Any) -> None:
        """Score the model on dev, keep it if it is the best, and save."""
        if state.global_step % self.steps_per_epoch:
            return  # ended inside the epoch, and scored there
        self._score(state)
        control.should_save = True
        if self.over:
            control.should_training_stop = True

    def logged(self, state: Any, logs: dict[str, Any]) -> None:
        """Hand on the trainer's log of a step."""
        if "loss" in logs:
            self.watch.step(state.global_step, state.epoch, logs["loss"], logs["learning_rate"], logs.get("grad_norm", float("nan")))

    def halved(self, part: int) -> None:
        """Say that memory was short, and that the batch is embedded in smaller parts from now on."""
        self.part = part
        self.watch.metric({"part": part})

    def saved(self, state: Any) -> None:
        """Add to the checkpoint just written what the trainer does not know, and seal it."""
        from safetensors import numpy
        from safetensors.torch import save_file

        self.saved_at = time.monotonic()
        ranks.together()  # each process has written its own random state
        if not ranks.first():
            return
        folder = self.root / f"checkpoint-{state.global_step}"
        rest = {"history": [(point.epoch, point.score) for point in self.history], "stopped": self.stopped}
        (folder / STATE).write_text(json.dumps(rest), "utf-8")
        numpy.save_file({str(epoch): values for epoch, values in self.values.items()}, folder / VALUES)
        if self.best:
            save_file(self.best, folder / BEST)
        if self.heads:
            save_file({name: weight.detach().cpu().contiguous() for name, weight in self.heads.items()}, folder / HEADS)
        checkpoints.seal(folder)
        checkpoints.prune(self.root)

    def restore(self, folder: Path) -> None:
        """Take up what a checkpoint says; the score of a half epoch at which somebody stopped is taken again later."""
        from safetensors import numpy
        from safetensors.torch import load_file

        rest = json.loads((folder / STATE).read_text("utf-8"))
        self.history = [DevScore(*point) for point in rest["history"]]
        if (folder / VALUES).exists():  # a checkpoint from before they were kept goes on without them
            self.values |= {float(epoch): values for epoch, values in numpy.load_file(folder / VALUES).items()}
        if (folder / BEST).exists():
            self.best = load_file(folder / BEST)
        if self.heads:
            for name, weight in load_file(folder / HEADS).items():
                self.heads[name].data.copy_(weight)

    # --- ---

    def _say(self, state: Any, words: str) -> None:
        self.watch.progress(self.start + (1 - self.start) * state.global_step / max(1, state.max_steps), words)

    def _score(self, state: Any) -> None:
        self._say(state, f"Scoring the model after {state.epoch:.3g} of {self.plan.epochs} epochs")
        values = ranks.agreed(lambda: self.dev.values(self.encoder))
        point = DevScore(round(state.epoch, 4), float(values.mean()))
        self.values[point.epoch] = values
        if not self.best_tuned or point.score > self.best_tuned.score:
            self.best = layers.weights(self.encoder.model)
        self.history.append(point)
        self.watch.dev(state.global_step, point.epoch, point.score)

    def _words(self, epoch: float) -> str:
        words = f"Epoch {min(self.plan.epochs, int(epoch) + 1)} of {self.plan.epochs}"
        return f"{words}; memory was short, so {self.part} texts go through the model at once" if self.part else words


def callback(course: Course) -> TrainerCallback:
    """Return the trainer's callback that follows a course."""
    from transformers import TrainerCallback

    class Follow(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            course.step_ended(state, control)

        def on_epoch_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            course.epoch_ended(state, control)

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **rest: Any) -> None:
            course.logged(state, logs or {})

        def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            course.saved(state)

    return Follow()
