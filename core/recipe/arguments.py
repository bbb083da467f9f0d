"""The trainer's arguments that a recipe may set, under the names of sentence-transformers' training arguments."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from core.recipe.section import Section

REFUSED = {
    "push_to_hub": "publishing is a step of its own, after the verdict (the Publish page, or the command publish)",
    "hub_token": "a token is never part of a recipe; the Publish page asks for it",
    "hub_model_id": "the repository is named when the model is published",
    "hub_strategy": "publishing is a step of its own, after the verdict",
    "hub_private_repo": "publishing is a step of its own, after the verdict",
    "output_dir": "it stands beside args, not in it",
    "run_name": "it stands beside args, not in it",
    "trust_remote_code": "a model's own code is never run here",
    "resume_from_checkpoint": "a run that was cut off is resumed from its own checkpoints: `python -m core runs` lists them",
    "load_best_model_at_end": "dev always chooses the best checkpoint, and the base where none stands out above it",
    "metric_for_best_model": "the metric follows from the data: nDCG@10 for questions, Spearman's correlation for scored pairs",
    "deepspeed": "only one machine's processes are supported; `export slurm` writes a script for a cluster",
    "fsdp": "only one machine's processes are supported; `export slurm` writes a script for a cluster",
    "fp16": "float16 overflows with these losses; bf16 is used where the hardware has it",
}


class TrainArguments(Section):
    """What is left empty follows from the dial, the data and the machine."""

    num_train_epochs: int | None = Field(None, ge=1, le=1000)
    max_steps: int | None = Field(None, ge=1, description="Training ends after so many steps, whatever the epochs.")
    per_device_train_batch_size: int | None = Field(None, ge=2, le=65_536)
    gradient_accumulation_steps: int = Field(1, ge=1, le=4096)
    learning_rate: float | None = Field(None, gt=0, le=1)
    weight_decay: float = Field(0.0, ge=0, le=1)
    adam_beta1: float = Field(0.9, ge=0, lt=1)
    adam_beta2: float = Field(0.999, ge=0, lt=1)
    adam_epsilon: float = Field(1e-8, gt=0)
    max_grad_norm: float = Field(1.0, ge=0)
    lr_scheduler_type: Literal["linear", "cosine", "constant", "constant_with_warmup", "polynomial"] = "linear"
    warmup_ratio: float | None = Field(None, ge=0, le=1)
    warmup_steps: int | None = Field(None, ge=0)
    bf16: bool | None = Field(None, description="Empty: where the hardware has it and it is faster.")
    gradient_checkpointing: bool = False
    seed: int | None = None
    logging_steps: int | None = Field(None, ge=1)
    eval_steps: int | None = Field(None, ge=1, description="Dev is scored every so many steps too, not only after each epoch.")
    save_steps: int | None = Field(None, ge=1, description="A checkpoint is written every so many steps too.")
    save_only_model: bool = Field(False, description="Of the copy in output_dir only: it gets the model, without the run's records.")
    multi_dataset_batch_sampler: Literal["proportional", "round_robin"] = "proportional"
    report_to: tuple[str, ...] | str = Field("none", description="Such as tensorboard, wandb or mlflow, where they are installed.")

    @model_validator(mode="before")
    @classmethod
    def _allowed(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        data = {name: value for name, value in data.items() if not (name in ("push_to_hub", "fp16") and not value)}
        if data.get("load_best_model_at_end"):
            data.pop("load_best_model_at_end")
        for name in data:
            if name in REFUSED:
                raise ValueError(f"{name} is refused: {REFUSED[name]}")
            if name not in cls.model_fields:
                raise ValueError(f"{name} is not passed on; allowed are {', '.join(sorted(cls.model_fields))}")
        return data
