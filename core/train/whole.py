"""Balanced and Thorough: the whole model, by sentence-transformers' trainer, each batch embedded once for all that it is taught."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import models
from core.dataset import Dataset, TextRow
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.models import Encoder
from core.recipe import TrainSettings
from core.recipe.masking import MaskingSettings
from core.train import blend, checkpoints, layers, lora, memory, objectives, pieces, ranks, reading, sampling
from core.train.batches import Interleaved
from core.train.collate import Collator, Objective
from core.train.course import Course, callback
from core.train.dev import SAMPLE, chooser
from core.train.plan import Plan
from core.train.watch import DevScore, Outcome, Perplexity, Watch

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from torch import Tensor


def fit(
    dataset: Dataset, base: Encoder, settings: TrainSettings, plan: Plan, embeddings: EmbeddingStore, root: Path, watch: Watch
) -> Outcome:
    """Train the model inside `base` and leave in it the weights to hand out; return how it went.

    Goes on from the newest whole checkpoint in `root`. Raises `UserError` when training diverges or memory runs out.
    """
    dev = chooser(dataset, SAMPLE)
    if dev is None:
        raise UserError("There is nothing to choose the best checkpoint by.", "Name a validation set or an evaluator in the recipe.")
    taught = ranks.in_turn(lambda: objectives.build(dataset, settings, plan, base, embeddings, watch.part(0.0, 0.05)))
    order = objectives.order(taught, settings, plan)
    before = ranks.agreed(lambda: dev.before(base, embeddings, watch.part(0.05, 0.1)))
    untouched = DevScore(0.0, float(before.mean()))
    encoder = models.wrap(base.model, base.name)
    encoder.precision = base.precision
    args = settings.args
    steps = math.ceil(len(order) / ranks.count() / args.gradient_accumulation_steps)
    if args.max_steps:
        plan = replace(plan, epochs=math.ceil(args.max_steps / steps))
    every = {"eval": args.eval_steps, "save": args.save_steps}
    course = Course(plan, dev, encoder, watch, root, steps, every, [untouched], objectives.heads(taught, encoder))
    course.values[0.0] = before
    course.start = reading.END if objectives.first(settings) else course.start
    layers.freeze(base.model, plan.freeze_layers)
    if not objectives.with_dropout(settings, plan):
        for module in (base.model, *(objective.loss for objective in taught)):
            layers.without_dropout(module)
    watch.metric({"metric": dev.metric})
    start = ranks.agreed(lambda: checkpoints.newest(root))
    perplexity = _read_first(dataset, base, settings, plan, root, watch)
    if settings.lora:
        lora.wear(base.model, settings.lora, plan.seed)
        layers.freeze(base.model, plan.freeze_layers)
    if start:
        course.restore(start)
    else:
        watch.dev(0, 0.0, untouched.score)
    if not course.over and checkpoints.steps(start) < (args.max_steps or math.inf):
        trainer(taught, encoder, settings, plan, order, root, course).train(resume_from_checkpoint=str(start) if start else None)
    ranks.others_end()
    lora.shed(base.model)
    return replace(_choose(course, plan, settings), perplexity=perplexity)


def _read_first(dataset: Dataset, base: Encoder, settings: TrainSettings, plan: Plan, root: Path, watch: Watch) -> Perplexity | None:
    """Let the model read the texts of a language_model objective before it is tuned, where the recipe names one."""
    found = [(wanted, dataset.objectives[number]) for number, wanted in objectives.first(settings)]
    if not found:
        return None
    ((wanted, rows),) = found
    texts = [row for row in rows.train if isinstance(row, TextRow)]
    masking = MaskingSettings(**wanted.loss_args)
    return reading.read(texts, masking, base, plan, root / "language_model", watch, settings.args.save_steps)


def _choose(course: Course, plan: Plan, settings: TrainSettings) -> Outcome:
    """Leave in the model what is handed out: the base, the best epoch, or a blend of the two."""
    model, best = course.encoder.model, course.best_tuned
    shares: dict[float, np.ndarray] = {}
    untouched = models.load(course.encoder.name, "cpu", settings.model_args).model.state_dict()

    def blended(share: float) -> dict[str, Tensor]:
        return {0.0: untouched, 1.0: course.best}.get(share) or layers.blend(untouched, course.best, share)

    def values(share: float) -> np.ndarray:
        _set(model, blended(share))
        return course.dev.values(course.encoder)

    if best:
        if best.epoch not in course.values:  # from a checkpoint that did not keep them
            course.values[best.epoch] = values(1.0)
        shares[1.0] = course.values[best.epoch]
        if not course.stopped:
            shares |= blend.scored(plan.blend, values, course.watch, best.epoch, course.root)
            course.stopped = course.watch.stop()
    tried = blend.Tried(course.values, shares, course.dev.groups)
    outcome = blend.outcome(course.history, best, tried, plan.chance, course.stopped, course.dev.metric)
    _set(model, blended(outcome.share))
    return outcome


def _set(model: Any, state: dict[str, Tensor]) -> None:
    model.load_state_dict(state)


def trainer(
    taught: Sequence[Objective], encoder: Encoder, settings: TrainSettings, plan: Plan, order: Interleaved, root: Path, course: Course
) -> SentenceTransformerTrainer:
    """Return the library's trainer, set up so that it writes no card, no text and no pickle of its settings."""
    import datasets
    from sentence_transformers import SentenceTransformerTrainer
    from torch import nn
    from transformers import PrinterCallback

    from core.train.lower import Lower
    from core.train.step import Step

    step = Step([objective.loss for objective in taught], plan.part, sampling.share(settings, plan), pieces.size(encoder))
    lower = Lower(encoder.model, plan.freeze_layers if _repeats(encoder, settings, plan) else 0)

    class Quiet(SentenceTransformerTrainer):
        def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
            """Leave the card to us: the automatic one quotes rows of the training data."""

        def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
            """Embed the batch once, for all terms of its objective's loss."""
            return step(model, inputs)

        def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
            """Do a step; where memory does not hold the batch, embed it in smaller parts from then on."""
            assert self.optimizer, "made before the first step"
            weights = [weight for group in self.optimizer.param_groups for weight in group["params"]]
            earlier = memory.gradients(weights) if self.args.gradient_accumulation_steps > 1 else []
            while True:
                try:
                    with lower:
                        return super().training_step(model, inputs, num_items_in_batch)
                except (RuntimeError, MemoryError) as error:
                    if not memory.short(error):
                        raise
                    step.part = memory.smaller(step.part, inputs, plan.batch_size)
                memory.release(weights, [(weight, slope.clone()) for weight, slope in earlier])
                course.halved(step.part)

        def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
            if settings.lora:
                lora.save(self.model, Path(str(output_dir)))
            else:
                self.model.save_pretrained(str(output_dir), create_model_card=False)

        def _load_from_checkpoint(self, checkpoint_path: str, model: Any = None) -> None:
            if settings.lora:
                lora.load(self.model, Path(checkpoint_path))
            else:
                super()._load_from_checkpoint(checkpoint_path)

    made = Quiet(
        model=encoder.model,
        args=_arguments(encoder, settings, plan, root, order),
        data_collator=Collator(encoder, taught, order),  # type: ignore[arg-type]
        train_dataset=datasets.Dataset.from_dict({"row": list(range(order.total))}),
        loss=nn.ModuleList([encoder.model, *(objective.loss for objective in taught)]),  # whose weights are trained
        callbacks=[callback(course)],
    )
    made.remove_callback(PrinterCallback)
    return made


def _repeats(encoder: Encoder, settings: TrainSettings, plan: Plan) -> bool:
    """Say whether frozen layers are worth keeping: a processor makes the same of a text each time, and slowly."""
    varies = objectives.with_dropout(settings, plan) or settings.args.gradient_checkpointing
    return encoder.device == "cpu" and not varies


def _arguments(
    encoder: Encoder, settings: TrainSettings, plan: Plan, root: Path, order: Interleaved
) -> SentenceTransformerTrainingArguments:
    """Return the library's training arguments: the plan's, the recipe's, and those that keep the trainer quiet."""
    from sentence_transformers import SentenceTransformerTrainingArguments

    args = settings.args
    steps = args.max_steps or plan.epochs * math.ceil(len(order) / ranks.count() / args.gradient_accumulation_steps)
    reports = [args.report_to] if isinstance(args.report_to, str) else list(args.report_to)
    made = SentenceTransformerTrainingArguments(
        output_dir=str(root),
        num_train_epochs=plan.epochs,
        max_steps=args.max_steps or -1,
        per_device_train_batch_size=plan.batch_size,
        batch_sampler=lambda *_, **__: order,  # type: ignore[arg-type, return-value]
        gradient_accumulation_steps=args.gradient_accumulation_steps,
        learning_rate=plan.learning_rate,
        weight_decay=args.weight_decay,
        adam_beta1=args.adam_beta1,
        adam_beta2=args.adam_beta2,
        adam_epsilon=args.adam_epsilon,
        max_grad_norm=args.max_grad_norm,
        lr_scheduler_type=args.lr_scheduler_type,
        warmup_steps=round(plan.warmup * steps) if args.warmup_steps is None else args.warmup_steps,
        bf16=(encoder.precision == "bfloat16") if args.bf16 is None else args.bf16,
        activation_checkpointing=args.gradient_checkpointing,
        use_cpu=encoder.device == "cpu",
        seed=plan.seed,
        data_seed=plan.seed,
        logging_strategy="steps",
        logging_steps=args.logging_steps or max(1, steps // 200),
        logging_nan_inf_filter=False,
        save_strategy="no",
        eval_strategy="no",
        report_to=reports,
        run_name=settings.run_name or None,
        disable_tqdm=True,
        accelerator_config={"even_batches": False},  # each process gets as many: `Interleaved` sees to it
        dataloader_pin_memory=encoder.device == "cuda",
    )
    made._n_gpu = min(1, made.n_gpu)  # DataParallel would split a batch and lose its wrong answers
    return made
