"""What is held out, how the model is tuned, and how it is judged."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from core.recipe.arguments import TrainArguments
from core.recipe.lora import LoraSettings
from core.recipe.objectives import EarlyStopping, EvaluatorSettings, ModelArgs, ObjectiveSettings
from core.recipe.section import Section

MapOf = Literal["both", "each", "queries"]
MAPS: tuple[MapOf, ...] = get_args(MapOf)
Share = Annotated[float, Field(gt=0, lt=1)]
BASE_MODEL = "sentence-transformers/all-MiniLM-L6-v2"


class SplitSettings(Section):
    """What share of the documents is held out, and what counts as the same passage."""

    dev: float = Field(
        0.15, gt=0, lt=0.5, title="Held out for choosing", description="Share of the passages used to choose the best checkpoint."
    )
    test: float = Field(0.20, gt=0, lt=0.5, title="Held out for judging", description="Share of the passages used for the verdict, once.")
    near_duplicate: float = Field(
        0.8,
        gt=0,
        le=1,
        title="Near-duplicate passages",
        description="Word overlap (Jaccard of word triples) from which two passages must stay in one part.",
    )
    seed: int = 1


class TrainSettings(Section):
    """How the model is tuned. What is left empty follows from the dial, the data and the machine.

    Takes the configuration of sentence-transformers runs key for key: `base_model` may be {name, args}, and `objectives`, `args`,
    `evaluator` and `early_stopping` say what is taught and how. Without objectives the project's pairs are taught.
    """

    run_name: str = Field("", max_length=120, title="Name of the run", description="What the list of runs shows.")
    base_model: str = Field(BASE_MODEL, title="Base model", description="A name at the Hugging Face hub, or a folder.")
    model_args: ModelArgs = Field(ModelArgs(), title="How the base model is loaded")
    output_dir: str = Field("", title="Folder for the model", description="Receives a copy of the finished model.")
    objectives: tuple[ObjectiveSettings, ...] = Field(
        (), title="Objectives", description="What the model is taught; empty: the project's pairs."
    )
    args: TrainArguments = Field(TrainArguments(), title="Arguments of the trainer")
    evaluator: EvaluatorSettings | None = Field(None, title="Evaluator")
    early_stopping: EarlyStopping | None = Field(None, title="Early stopping")
    dial: Literal["auto", "quick", "fast", "balanced", "thorough"] = Field(
        "auto",
        title="How thorough",
        description="Quick tunes a map on top of the model, the others the whole model; Fast leaves its lowest third as it is and takes 0.35 of the gradient.",
    )
    epochs: int | None = Field(None, ge=1, le=1000, title="Epochs", description="Times that every pair is seen.")
    learning_rate: float | None = Field(None, gt=0, le=1, title="Learning rate", description="Step size of the optimiser.")
    batch_size: int | None = Field(None, ge=2, le=65_536, title="Batch size", description="Pairs that are each other's wrong answers.")
    scale: float = Field(20.0, gt=0, title="Scale", description="Multiplies the cosine in the loss (1 / temperature).")
    warmup: float = Field(0.1, ge=0, le=1, title="Warm-up", description="Share of the steps in which the learning rate grows.")
    devices: int = Field(
        1, ge=1, le=64, title="Devices", description="Graphics cards of this machine that train together, each on batches of its own."
    )
    freeze_layers: int = Field(
        0,
        ge=0,
        le=1000,
        title="Frozen layers",
        description="Embeddings and this many lower layers stay as they are; 0 trains all, but Fast then freezes a third.",
    )
    dropout: bool = Field(False, title="Dropout", description="Off trains 3 to 4 times faster on a processor and measured better.")
    gradient_share: float = Field(
        1.0,
        gt=0,
        le=1,
        title="Share of the gradient",
        description="Of a batch's tokens so many, on average, go back through the model: texts are drawn by how much the loss depends on them, and "
        "weighted so that the gradient is right on average. 0.35, which Fast takes where this is 1, trains 1.4 times as fast on a processor, and the model is a little worse "
        "on some data (0 to 0.01 nDCG@10). Dropout and several devices always take all.",
    )
    lora: LoraSettings | None = Field(
        None, title="LoRA", description="{r, alpha, dropout, target_modules}: trains small added matrices; empty: the weights themselves."
    )
    map: MapOf = Field(
        "both",
        title="Quick's map",
        description="both: one map for questions and passages. each: one for either. queries: for questions alone, so that passages that "
        "were embedded or indexed with the base model stay as they are.",
    )
    blend: tuple[Share, ...] = Field(
        (0.25, 0.5, 0.75),
        title="Blends",
        description="Shares of the tuned model, between 0 and 1, that are tried beside the base and the tuned model alone.",
    )
    chance: float = Field(
        0.25,
        gt=0,
        le=1,
        title="Chance of a false gain",
        description="The tuned model is handed out only if chance alone would make any of its epochs and blends stand out as far on dev in at most "
        "this share of cases; otherwise the base is. 1 hands out whatever scores best.",
    )
    patience: int = Field(3, ge=1, title="Patience", description="Thorough stops after so many epochs without a gain on dev.")
    hard_negatives: int = Field(
        0,
        ge=0,
        le=20,
        title="Hard negatives",
        description="Of each pair's hard negatives so many stand in its batch as wrong answers, other ones in every epoch; 0 uses none.",
    )
    generators: tuple[str, ...] = Field(
        (),
        title="Only pairs of these kinds",
        description="Empty: with 100 or more questions of people or a language model these alone, else every kept pair.",
    )
    seed: int = 1

    @model_validator(mode="before")
    @classmethod
    def _base_model_with_args(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("base_model"), dict):
            given = dict(data["base_model"])
            data = {**data, "base_model": given.pop("name", BASE_MODEL), "model_args": given.pop("args", {})}
            if given:
                raise ValueError(f"base_model has name and args, not {', '.join(sorted(given))}")
        return data

    @model_validator(mode="after")
    def _goes_together(self) -> TrainSettings:
        if self.evaluator and not self.objectives:
            raise ValueError("evaluator: it needs objectives; without any, the project's own questions choose the checkpoint")
        if self.args.gradient_checkpointing and any(objective.loss.startswith("Cached") for objective in self.objectives):
            raise ValueError(
                "args.gradient_checkpointing: a cached loss saves more memory and does not go with it; leave one of the two out"
            )
        alone = sorted({objective.type for objective in self.objectives} & {"language_model", "denoising"})
        if alone and self.devices > 1:
            raise ValueError(f"devices: {alone[0]} trains weights beside the model's, which are kept in one process; leave devices at 1")
        if sum(objective.type == "language_model" for objective in self.objectives) > 1:
            raise ValueError(
                "objectives: language_model may stand there once, as it is a phase of its own; put its texts into one data set"
            )
        return self


class EvaluateSettings(Section):
    """How base and tuned are compared."""

    rerank_depth: int = Field(
        50, ge=1, le=1000, title="Reranked passages", description="How many of the first hits a reranker puts in a new order."
    )
    rerank: bool = Field(True, title="With reranker", description="Score base and tuned with the late-interaction reranker too.")
    resamples: int = Field(5000, ge=100, le=100_000, title="Resamples", description="Of the bootstrap and the permutation test.")
    alpha: float = Field(0.05, gt=0, lt=0.5, title="Level", description="Below this p a difference is called clear.")
    seed: int = 1
