"""Tuning a cross-encoder by sentence-transformers' trainer, from which it goes on exactly wherever it was cut off."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import UserError
from core.recipe.reranker import RerankerSettings
from core.reranker.dev import Reader, RerankDev
from core.reranker.order import ByLength, Collator
from core.reranker.rows import LabelledRow
from core.train import checkpoints, layers
from core.train.course import Course, callback
from core.train.parts import Batch, InParts, Parts
from core.train.plan import Plan
from core.train.watch import DevScore, Watch

if TYPE_CHECKING:
    from sentence_transformers.cross_encoder import CrossEncoderTrainer

REFUSAL = UserError(
    "There is not enough memory to tune the reranker, even with one row at a time.",
    "Read fewer tokens, or start from a smaller model, then resume or start again.",
)
NEVER = sys.maxsize  # so many scores without a gain end a tuning before its last epoch


def fit(
    rows: Sequence[LabelledRow], reader: Reader, dev: RerankDev, settings: RerankerSettings, rate: float, root: Path, watch: Watch
) -> Course:
    """Train the model inside `reader` and leave in it the weights of its best epoch; return the course, whose epoch 0 is no reranking.

    Goes on from the newest whole checkpoint in `root`. Raises `UserError` when training diverges.
    """
    order = ByLength(rows, settings.batch_size, settings.seed)
    before = dev.untouched()
    untouched = DevScore(0.0, float(before.mean()))
    # Of these two the course asks no more than a reader and its judge have.
    course = Course(plan(settings, rate), dev, reader, watch, root, len(order), {}, [untouched])  # type: ignore[arg-type]
    course.values[0.0] = before
    layers.without_dropout(reader.model)  # type: ignore[arg-type]
    start = checkpoints.newest(root)
    if start:
        course.restore(start)
    else:
        watch.dev(0, 0.0, untouched.score)
    if not course.over:
        trainer(rows, reader, settings, order, root, course).train(resume_from_checkpoint=str(start) if start else None)
    if course.best:
        reader.model.load_state_dict(course.best)
    return course


def plan(settings: RerankerSettings, rate: float) -> Plan:
    """Return the settings as the course of a training follows them; all epochs are trained."""
    return Plan(
        dial="balanced",
        base_model=settings.base_model,
        epochs=settings.epochs,
        learning_rate=rate,
        batch_size=settings.batch_size,
        scale=1.0,
        warmup=settings.warmup,
        freeze_layers=0,
        dropout=False,
        patience=NEVER,
        seed=settings.seed,
    )


def trainer(
    rows: Sequence[LabelledRow], reader: Reader, settings: RerankerSettings, order: ByLength, root: Path, course: Course
) -> CrossEncoderTrainer:
    """Return the library's trainer, set up so that it writes no card, no text and no pickle of its settings."""
    import datasets
    import torch
    from sentence_transformers.cross_encoder import CrossEncoderTrainer, CrossEncoderTrainingArguments
    from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss
    from transformers import PrinterCallback

    class Quiet(InParts, CrossEncoderTrainer):
        parts = Parts(course.halved, REFUSAL)

        @staticmethod
        def weight(batch: Batch) -> float:
            return len(batch["label"])

        def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
            """Write no card: the automatic one quotes rows of the training data."""

        def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
            self.model.save_pretrained(str(output_dir), create_model_card=False)

    steps = settings.epochs * len(order)
    args = CrossEncoderTrainingArguments(
        output_dir=str(root),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        batch_sampler=lambda *_, **__: order,  # type: ignore[arg-type, return-value]
        learning_rate=course.plan.learning_rate,
        warmup_steps=round(settings.warmup * steps),
        bf16=reader.precision == "bfloat16",
        use_cpu=reader.model.device.type == "cpu",
        seed=settings.seed,
        data_seed=settings.seed,
        logging_strategy="steps",
        logging_steps=max(1, steps // 200),
        logging_nan_inf_filter=False,
        save_strategy="no",
        eval_strategy="no",
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=reader.model.device.type == "cuda",
    )
    args._n_gpu = min(1, args.n_gpu)
    right = sum(row.label for row in rows)
    weight = torch.tensor((len(rows) - right) / max(1, right), device=reader.model.device)
    made = Quiet(
        model=reader.model,
        args=args,
        data_collator=Collator(rows),  # type: ignore[arg-type]
        train_dataset=datasets.Dataset.from_dict({"row": list(range(len(rows)))}),
        loss=BinaryCrossEntropyLoss(reader.model, pos_weight=weight),  # right and wrong weigh the same
        callbacks=[callback(course)],
    )
    made.remove_callback(PrinterCallback)
    return made
