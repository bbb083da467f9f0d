"""Balanced and Thorough: the whole model, by sentence-transformers' trainer, each query's passage against the batch's others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import models
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.models import Encoder
from core.train import checkpoints, layers
from core.train.batches import Batches, hard_negatives, keys
from core.train.course import Course, callback
from core.train.dev import SAMPLE, Dev
from core.train.plan import Plan
from core.train.watch import DevScore, Outcome, Watch

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformerTrainer
    from torch import Tensor

HALF = 0.5


def fit(dataset: Dataset, base: Encoder, plan: Plan, embeddings: EmbeddingStore, root: Path, watch: Watch) -> Outcome:
    """Train the model inside `base` and leave in it the weights that dev chose; return how it went.

    Goes on from the newest whole checkpoint in `root`. Raises `UserError` when training diverges or memory runs out.
    """
    import torch

    dev = Dev(dataset, SAMPLE)
    batches = Batches(keys(dataset.train), plan.batch_size, plan.seed)
    untouched = DevScore(0.0, dev.score(*dev.stored(base, embeddings, watch.part(0.0, 0.1))))
    encoder = models.wrap(base.model, base.name)
    course = Course(plan, dev, encoder, watch, root, len(batches), [untouched])
    layers.freeze(base.model, plan.freeze_layers)
    if not plan.dropout:
        layers.without_dropout(base.model)
    start = checkpoints.newest(root)
    if start:
        course.restore(start)
    else:
        watch.dev(0, 0.0, untouched.score)
    try:
        if not course.over:
            trainer(dataset, encoder, plan, batches, root, course).train(resume_from_checkpoint=str(start) if start else None)
    except torch.OutOfMemoryError:
        raise UserError(
            f"The graphics card's memory is too small for batches of {plan.batch_size} pairs.",
            f"Set the batch size to {max(2, plan.batch_size // 2)} and resume or start again.",
        ) from None
    return _choose(course)


def _choose(course: Course) -> Outcome:
    """Leave in the model what dev likes best: the base, the best epoch, or half of each."""
    model, base, best = course.encoder.model, course.history[0], course.best_tuned
    chosen, share = base, 0.0
    untouched = models.load(course.encoder.name, "cpu").model.state_dict()
    if best and best.score > base.score:
        chosen, share = best, 1.0
    if best and not course.stopped:
        _set(model, layers.blend(untouched, course.best, HALF))
        score = course.dev.of(course.encoder)
        course.watch.metric({"epoch": best.epoch, "dev_blend": round(score, 6)})
        if score > chosen.score:
            chosen, share = DevScore(best.epoch, score), HALF
    if share != HALF:
        _set(model, course.best if share else untouched)
    return Outcome(tuple(course.history), chosen.epoch, chosen.score, share, course.history[-1].epoch, course.stopped)


def _set(model: Any, state: dict[str, Tensor]) -> None:
    model.load_state_dict(state)


def trainer(dataset: Dataset, encoder: Encoder, plan: Plan, batches: Batches, root: Path, course: Course) -> SentenceTransformerTrainer:
    """Return the library's trainer, set up so that it writes no card, no text and no pickle of its settings."""
    import datasets
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.data_collator import SentenceTransformerDataCollator
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from transformers import PrinterCallback

    class WithNegatives(SentenceTransformerDataCollator):
        """Put the batch's hard negatives, each once, behind its passages: the loss takes a column of any length.

        So a row that has fewer than others needs no filling up, and none is taught a falsehood.
        """

        def __call__(self, features: list[dict[str, Any]]) -> dict[str, Any]:
            rows = [dataset.train[feature["row"]] for feature in features]
            batch = super().__call__([{"query": row.query, "passage": row.positive} for row in rows])
            wrong = hard_negatives(rows, plan.hard_negatives, batches.epoch)
            return batch | (super().__call__([{"wrong": text} for text in wrong]) if wrong else {})

    class Quiet(SentenceTransformerTrainer):
        data_collator_class = WithNegatives

        def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
            """Leave the card to us: the automatic one quotes rows of the training data."""

        def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
            self.model.save_pretrained(str(output_dir), create_model_card=False)

    steps = len(batches) * plan.epochs
    prompts = {"query": encoder.prompt("query"), "passage": encoder.prompt("document"), "wrong": encoder.prompt("document")}
    prompts = {column: prompt for column, prompt in prompts.items() if prompt}
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(root),
        num_train_epochs=plan.epochs,
        per_device_train_batch_size=plan.batch_size,
        batch_sampler=lambda *_, **__: batches,  # type: ignore[arg-type, return-value]
        learning_rate=plan.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=round(plan.warmup * steps),
        prompts=prompts or None,
        bf16=encoder.precision == "bfloat16",
        use_cpu=encoder.device == "cpu",
        seed=plan.seed,
        data_seed=plan.seed,
        logging_strategy="steps",
        logging_steps=max(1, steps // 200),
        logging_nan_inf_filter=False,
        save_strategy="no",
        eval_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=encoder.device == "cuda",
    )
    arguments._n_gpu = min(1, arguments.n_gpu)  # DataParallel would split a batch and lose its wrong answers
    made = Quiet(
        model=encoder.model,
        args=arguments,
        train_dataset=datasets.Dataset.from_dict({"row": list(range(len(dataset.train)))}),
        loss=MultipleNegativesRankingLoss(encoder.model, scale=plan.scale),
        callbacks=[callback(course)],
    )
    made.remove_callback(PrinterCallback)
    return made
