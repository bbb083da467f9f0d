"""Reading before tuning: the base model learns to find hidden words in the texts, and its encoder goes on into tuning.

A phase of its own with sealed checkpoints of its own; the base that dev compares with, and that is blended with, stays the untouched one.
"""

from __future__ import annotations

import json
import math
import random
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import disk
from core.dataset import TextRow
from core.errors import UserError
from core.models import Encoder, compute
from core.models.masked import Masked, masked
from core.recipe.masking import MaskingSettings
from core.train import checkpoints, layers, memory
from core.train.course import SAVE_SECONDS
from core.train.parts import Batch, InParts, Parts
from core.train.plan import Plan
from core.train.watch import Halted, Perplexity, Watch
from core.train.windows import Windows, cut

if TYPE_CHECKING:
    from transformers import Trainer, TrainerCallback, TrainingArguments

HELD = 0.1  # of the texts, by which perplexity is measured
START, END = 0.1, 0.4  # its place in the progress of the whole training
DONE = "done"
UNHIDDEN = -100  # the label of a token that need not be found
REFUSAL = UserError(
    "There is not enough memory to read the texts, even one at a time.",
    "Choose a smaller base model, or a lower max_seq_length in base_model.args, then resume or start again.",
)
MOST = 50.0  # of a cross-entropy: beyond it e to it is no figure that says anything


def read(
    rows: Sequence[TextRow], wanted: MaskingSettings, base: Encoder, plan: Plan, root: Path, watch: Watch, save: int | None = None
) -> Perplexity:
    """Let the model inside `base` read the texts, and return what became of its perplexity; goes on from `root` where it was.

    A checkpoint is written as time passes, and every `save` steps. Raises `Halted` once a stop is asked for, with a checkpoint left,
    and `UserError` where the model cannot read so.
    """
    done = root / DONE
    if checkpoints.whole(done):
        return _restored(base, done)
    root.mkdir(parents=True, exist_ok=True)
    phase = _Phase(wanted, base, plan, root, watch, save, Parts(lambda at_once: watch.metric({"part": at_once}), REFUSAL))
    held, taught = phase.divided([row.text for row in rows])
    model = masked(base)
    if not plan.dropout:
        layers.without_dropout(model.model)
    before = phase.perplexity(model, held, 0)
    phase.train(model, taught)
    after = phase.perplexity(model, held, wanted.epochs)
    found = Perplexity(before, after, _held(len(rows)), model.fresh)
    _keep(found, base, done)
    return found


@dataclass(frozen=True)
class _Phase:
    wanted: MaskingSettings
    base: Encoder
    plan: Plan
    root: Path
    watch: Watch
    save: int | None
    parts: Parts

    def divided(self, texts: list[str]) -> tuple[Windows, Windows]:
        """Return the windows of the texts that are held out, and of those that are read."""
        random.Random(f"held {self.plan.seed}").shuffle(texts)
        count = _held(len(texts))
        held, taught = self._windows(texts[:count]), self._windows(texts[count:])
        if not held.windows or not taught.windows:
            raise UserError(f"{len(texts)} texts are too few to read.", "Add more texts, or leave language_model out.")
        return held, taught

    def _windows(self, texts: Sequence[str]) -> Windows:
        tokenizer = self.base.model.tokenizer
        windows = cut(texts, tokenizer, self.base.max_tokens)
        return Windows(windows, tokenizer, self.wanted.mask, self.plan.batch_size, self.wanted.epochs, self.plan.seed)

    def perplexity(self, model: Masked, held: Windows, epoch: float) -> float:
        """Return e to the mean cross-entropy of the hidden tokens of the texts that are held out, and write it down."""
        import torch

        def loss(part: Batch, share: float) -> float:
            moved = {name: value.to(self.base.model.device) for name, value in part.items()}
            return share * float(model.model(**moved).loss)

        total, count = 0.0, 0
        model.model.eval()
        with torch.no_grad(), compute.autocast(self.base.device, self.base.precision):
            for batch in held.batches():
                if hidden := _hidden(batch):
                    total += hidden * self.parts.added(batch, loss, _hidden, lambda: memory.release(model.model.parameters()))
                    count += hidden
        found = round(math.exp(min(MOST, total / max(1, count))), 3)
        self.watch.metric({"epoch": float(epoch), "perplexity": found})
        return found

    def train(self, model: Masked, taught: Windows) -> None:
        """Let the model read; raise `Halted` where a stop was asked for."""
        start = checkpoints.newest(self.root)
        self._trainer(model, taught).train(resume_from_checkpoint=str(start) if start else None)
        if self.watch.stop():
            raise Halted

    def _trainer(self, model: Masked, taught: Windows) -> Trainer:
        """Return the library's trainer, set up so that it reads in our order and writes no pickle of its settings."""
        import datasets
        from torch.utils.data import SequentialSampler
        from transformers import PrinterCallback, Trainer

        class Quiet(InParts, Trainer):
            parts = self.parts
            weight = staticmethod(_hidden)

            def _get_train_sampler(self, train_dataset: Any = None) -> SequentialSampler:
                return SequentialSampler(taught.order)

            def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
                model.model.save_pretrained(str(output_dir))

        made = Quiet(
            model=model.model,
            args=self._arguments(len(taught.order)),
            data_collator=lambda rows: taught.collate([taught.order[row["item"]] for row in rows]),
            train_dataset=datasets.Dataset.from_dict({"item": list(range(len(taught.order)))}),
            callbacks=[_follow(self)],
        )
        made.remove_callback(PrinterCallback)
        return made

    def _arguments(self, items: int) -> TrainingArguments:
        from transformers import TrainingArguments

        steps = math.ceil(items / self.plan.batch_size)
        made = TrainingArguments(
            output_dir=str(self.root),
            num_train_epochs=1,  # all epochs lie one after the other in the order
            per_device_train_batch_size=self.plan.batch_size,
            learning_rate=self.wanted.learning_rate,
            warmup_steps=round(self.plan.warmup * steps),
            bf16=self.base.precision == "bfloat16",
            use_cpu=self.base.device == "cpu",
            seed=self.plan.seed,
            data_seed=self.plan.seed,
            logging_steps=max(1, steps // 100),
            logging_nan_inf_filter=False,
            save_strategy="no",
            eval_strategy="no",
            report_to=[],
            remove_unused_columns=False,
            disable_tqdm=True,
            dataloader_pin_memory=self.base.device == "cuda",
        )
        made._n_gpu = min(1, made.n_gpu)
        return made


def _follow(phase: _Phase) -> TrainerCallback:
    """Return the trainer's callback: progress, metrics, stopping, and a sealed checkpoint now and then."""
    from transformers import TrainerCallback

    watch, epochs = phase.watch, phase.wanted.epochs

    class Follow(TrainerCallback):
        saved_at = time.monotonic()

        def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            done = state.global_step / max(1, state.max_steps)
            watch.progress(
                START + (END - START) * done, f"Reading the texts, epoch {min(epochs, int(done * epochs) + 1)} of {epochs}{phase.parts}"
            )
            if watch.stop():
                control.should_training_stop = control.should_save = True
            elif time.monotonic() - self.saved_at > SAVE_SECONDS or (phase.save and state.global_step % phase.save == 0):
                control.should_save = True

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **rest: Any) -> None:
            if logs and "loss" in logs:
                watch.reading(state.global_step, epochs * state.global_step / max(1, state.max_steps), logs["loss"])

        def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
            checkpoints.seal(phase.root / f"checkpoint-{state.global_step}")
            checkpoints.prune(phase.root)
            self.saved_at = time.monotonic()

    return Follow()


def _hidden(batch: Batch) -> int:
    return int((batch["labels"] != UNHIDDEN).sum())


def _held(texts: int) -> int:
    return max(1, round(HELD * texts))


def _keep(found: Perplexity, base: Encoder, done: Path) -> None:
    """Seal what the phase ends with, the encoder alone; its checkpoints are not needed any more."""
    from safetensors.torch import save_file

    shutil.rmtree(done, ignore_errors=True)
    done.mkdir()
    save_file(layers.weights(base.model), done / "encoder.safetensors")
    disk.write_atomic(done / "perplexity.json", json.dumps(asdict(found)))
    checkpoints.seal(done)
    for folder in done.parent.glob("checkpoint-*"):
        shutil.rmtree(folder)


def _restored(base: Encoder, done: Path) -> Perplexity:
    from safetensors.torch import load_file

    base.model.load_state_dict(load_file(done / "encoder.safetensors"))
    return Perplexity(**json.loads((done / "perplexity.json").read_text("utf-8")))
