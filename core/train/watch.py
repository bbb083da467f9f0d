"""What training says while it runs, and where it learns that it should stop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core.errors import UserError
from core.schema import Progress, silent
from core.train.chance import Chance

Row = Mapping[str, float | int | str]


class Halted(Exception):
    """Leave the embedding of texts because a stop was asked for; nothing is trained by then."""


def unheard(row: Row) -> None:
    """Ignore a row of metrics: the default."""


@dataclass(frozen=True)
class Watch:
    """The callbacks of a training: progress, one row a metric, and whether somebody asked it to stop."""

    progress: Progress = silent
    metric: Callable[[Row], None] = unheard
    stop: Callable[[], bool] = field(default=lambda: False)

    def step(self, step: int, epoch: float, loss: float, rate: float, norm: float) -> None:
        """Write down a step; raise `UserError` when the loss is no number any more."""
        _check(step, loss)
        row = {"step": step, "epoch": round(epoch, 4), "loss": round(loss, 6), "learning_rate": rate, "at": round(time.time(), 3)}
        self.metric(row | ({"grad_norm": round(norm, 6)} if math.isfinite(norm) else {}))

    def reading(self, step: int, epoch: float, loss: float) -> None:
        """Write down a step of the phase in which the model reads the texts before it is tuned."""
        _check(step, loss)
        self.metric({"step": step, "epoch": round(epoch, 4), "masked_loss": round(loss, 6)})

    def part(self, start: float, end: float) -> Progress:
        """Return the progress of a part that comes before training; it raises `Halted` once a stop is asked for."""

        def report(fraction: float, text: str) -> None:
            if self.stop():
                raise Halted
            self.progress(start + (end - start) * fraction, text)

        return report

    def dev(self, step: int, epoch: float, score: float) -> None:
        """Write down a score on dev (nDCG@10); epoch 0 is the untouched base."""
        self.metric({"step": step, "epoch": round(epoch, 4), "dev": round(score, 6), "at": round(time.time(), 3)})


def _check(step: int, loss: float) -> None:
    if not math.isfinite(loss):
        raise UserError(
            f"Training went off its course: at step {step} the loss was no longer a number.",
            "Choose a lower learning rate, or a smaller scale, and start again.",
        )


@dataclass(frozen=True)
class DevScore:
    """The score on dev after an epoch; epoch 0 is the untouched base."""

    epoch: float
    score: float


@dataclass(frozen=True)
class Perplexity:
    """How many words the model wavers between at a hidden one, before and after it read the texts, on `texts` that it did not read.

    With a `fresh` head, which the checkpoint had not, the first figure says more of the head than of the model.
    """

    before: float
    after: float
    texts: int
    fresh: bool


@dataclass(frozen=True)
class ShareScore:
    """The score on dev of a model of which `share` is tuned: 0 is the base, 1 the best epoch."""

    share: float
    score: float


@dataclass(frozen=True)
class Outcome:
    """How a training went: the choice among the base (epoch 0), the best epoch, and blends of the two.

    `share` is how much of the chosen model is tuned, 0 for the base, 1 for tuned alone; `shares` are all that were scored.
    `chance` weighs the rise of the best on dev, None where none rose.
    """

    history: tuple[DevScore, ...]
    best_epoch: float
    dev_best: float
    share: float
    epochs: float
    stopped: bool
    metric: str = "nDCG@10"
    shares: tuple[ShareScore, ...] = ()
    perplexity: Perplexity | None = None
    chance: Chance | None = None

    @property
    def dev_base(self) -> float:
        """The base's score on dev."""
        return self.history[0].score
