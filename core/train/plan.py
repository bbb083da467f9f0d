"""What the dial means: every setting of a training that the person left empty, derived from the data and the machine."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from core.errors import UserError
from core.losses import CACHED
from core.recipe import TrainSettings

Dial = Literal["quick", "fast", "balanced", "thorough"]
DIALS: tuple[Dial, ...] = ("quick", "fast", "balanced", "thorough")
WHOLE: tuple[Dial, ...] = ("balanced", "fast")  # of these the first that is fast enough is taken by itself
EPOCHS: Mapping[Dial, int] = {"quick": 30, "fast": 3, "balanced": 3, "thorough": 10}  # where nobody set any
PART = 32  # texts that are embedded at once for a loss that is called cached
PATIENT_MINUTES = 10.0  # Balanced or Fast is taken by itself only where it takes less
FROZEN = 3  # Fast leaves one in so many layers as it is, the lowest
SHARE = 0.35  # of the gradient, that Fast takes


@dataclass(frozen=True)
class Plan:
    """A training with nothing left open; kept in the run's folder, so that a resumed run follows the same one.

    `patience` counts scores without a gain of more than `threshold`; `part` is how many texts are embedded at once, 0 for all.
    """

    dial: Dial
    base_model: str
    epochs: int
    learning_rate: float
    batch_size: int
    scale: float
    warmup: float
    freeze_layers: int
    dropout: bool
    patience: int
    seed: int
    hard_negatives: int = 0
    threshold: float = 0.0
    part: int = 0
    blend: tuple[float, ...] = ()
    map: str = "both"
    chance: float = 1.0  # as it was before there was such a setting
    gradient_share: float = 1.0


def read(text: str) -> Plan:
    """Return the plan that was written down as JSON."""
    held = json.loads(text)
    return Plan(**{**held, "blend": tuple(held.get("blend", ()))})


def choose_dial(people: bool, minutes: Mapping[Dial, float]) -> Dial:
    """Return the dial for somebody who turned none: Quick for pairs made offline, else the best that is under ten minutes.

    `people` says whether a person or a model asked any of the questions (core.generators.asked). Measured: on pairs made without them
    tuning the whole model loses on people's questions (-0.02 nDCG@10), the linear map does not (bench/RESULTS.md).
    """
    return next((dial for dial in WHOLE if people and minutes.get(dial, math.inf) < PATIENT_MINUTES), "quick")


GENTLE = {"triplet": 2e-5, "unsupervised": 2e-5, "denoising": 2e-5}
"""Learning rates of objectives that the usual one harms. Measured: triplets with near wrong answers take medquad_cdc from .822 to .294
nDCG@10 at 1e-4, and to .866 at this rate; SimCSE to .712 and to .786, TSDAE to .620 and to .801 (bench/RESULTS.md)."""

QUICK_TAKES = frozenset({"num_train_epochs", "learning_rate", "per_device_train_batch_size", "seed", "save_only_model"})
"""Of the trainer's arguments those that mean something for a map on top of the model."""


def whole_only(settings: TrainSettings) -> list[str]:
    """Return the settings that were made and that only training the whole model takes, by their places."""
    usual, made = type(settings.args)(), settings.args
    named = [f"args.{name}" for name in type(made).model_fields if name not in QUICK_TAKES and getattr(made, name) != getattr(usual, name)]
    return named + [name for name in ("lora", "early_stopping") if getattr(settings, name) is not None]


def check(settings: TrainSettings, dial: str) -> None:
    """Raise `UserError` where Quick is asked for with settings that it does not take."""
    if dial == "quick" and not settings.objectives and (beyond := whole_only(settings)):
        raise UserError(f"Quick does not take {', '.join(beyond)}.", "Leave them out, or choose Balanced or Thorough.")


def derive(settings: TrainSettings, dial: Dial, pairs: int, people: bool, depth: int = 0) -> Plan:
    """Fill in what the settings leave open, for a model of `depth` layers.

    Learning rates, batches and epochs are those that measured best (bench/RESULTS.md): real and written questions bear
    larger steps than pairs made offline, and so does a model of which less is trained.
    """
    quick, fast, args, ending = dial == "quick", dial == "fast", settings.args, settings.early_stopping
    if quick:
        rate, batch, usual = (3e-4 if people else 1e-4), min(256, max(16, pairs // 2)), EPOCHS[dial]
        if settings.objectives:  # texts alone
            rate, batch, usual = 1e-4, 64, 15
    else:
        rate, batch, usual = (1e-4 if people else 5e-5) * (2 if fast else 1), 32, EPOCHS[dial]
        rate = min([rate, *(GENTLE[one.type] for one in settings.objectives if one.type in GENTLE)])
    return Plan(
        dial=dial,
        base_model=settings.base_model,
        epochs=epochs(settings, usual),
        learning_rate=args.learning_rate or settings.learning_rate or rate,
        batch_size=args.per_device_train_batch_size or settings.batch_size or batch,
        scale=settings.scale,
        warmup=settings.warmup if args.warmup_ratio is None else args.warmup_ratio,
        freeze_layers=settings.freeze_layers or (depth // FROZEN if fast else 0),
        dropout=settings.dropout,
        patience=ending.patience if ending else settings.patience if dial == "thorough" else 1000,
        seed=settings.seed if args.seed is None else args.seed,
        hard_negatives=settings.hard_negatives,
        threshold=ending.threshold if ending else 0.0,
        part=_part(settings),
        blend=settings.blend,
        map=settings.map,
        chance=settings.chance,
        gradient_share=SHARE if fast and settings.gradient_share == 1 else settings.gradient_share,
    )


def epochs(settings: TrainSettings, usual: int) -> int:
    """Return how many epochs are trained where `usual` ones are when nobody set any; the trainer's arguments have the last word."""
    return settings.args.num_train_epochs or settings.epochs or usual


def every_dial(settings: TrainSettings) -> dict[Dial, int]:
    """Return how many epochs each dial trains with these settings."""
    return {dial: epochs(settings, EPOCHS[dial]) for dial in DIALS}


def _part(settings: TrainSettings) -> int:
    """Return how many texts are embedded at once, where a loss is called cached: its mini_batch_size, the smallest of several."""
    cached = [objective.loss_args for objective in settings.objectives if objective.loss.startswith(CACHED)]
    return min((int(args.get("mini_batch_size", PART)) for args in cached), default=0)
