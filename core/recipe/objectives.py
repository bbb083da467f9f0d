"""What a model is taught: objectives with their data sets, losses and what is added to a loss."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from core.recipe.masking import check_masking
from core.recipe.section import Section

ObjectiveType = Literal["contrastive", "similarity", "triplet", "unsupervised", "denoising", "language_model"]


class ModelArgs(Section):
    """How a model is loaded. Code of the model's own never runs."""

    max_seq_length: int | None = Field(None, ge=8, le=131_072, title="Tokens read", description="Of each text, at most.")
    prompts: dict[str, str] | None = Field(None, title="Prompts", description="What stands before each text: {query: …, document: …}.")
    default_prompt_name: str | None = Field(None, title="Default prompt", description="Which of the prompts stands before other texts.")
    dtype: Literal["float32", "bfloat16"] | None = Field(
        None,
        title="Arithmetic",
        description="Of the forward pass; weights stay float32. Empty: bfloat16 where the hardware has it and it is faster. Never "
        "float16, in which training overflows.",
    )
    trust_remote_code: Literal[False] = Field(False, title="Code of the model's own", description="Is never run, so it can only be false.")

    @field_validator("trust_remote_code", mode="before")
    @classmethod
    def _no_code(cls, value: Any) -> Any:
        if value:
            raise ValueError("a model's own code is never run here: choose a model that sentence-transformers knows by itself")
        return value

    @model_validator(mode="before")
    @classmethod
    def _whole_vectors(cls, data: Any) -> Any:
        if isinstance(data, dict) and "truncate_dim" in data:
            raise ValueError(
                "truncate_dim is refused: short vectors are taught by matryoshka, and scored by the dimensions of an evaluation"
            )
        return data

    @property
    def of_tuned(self) -> ModelArgs:
        """How a model that was tuned with these is loaded: all else stands in its own files."""
        return ModelArgs(dtype=self.dtype)


class ModelSettings(Section):
    """A model by its name, with how it is loaded."""

    name: str = Field(title="Model", description="A name at the Hugging Face hub, or a folder.")
    args: ModelArgs = ModelArgs()


class PreprocessSettings(Section):
    """What is made of each row before it is trained on."""

    negative_samples: int | None = Field(
        None, ge=0, le=100, title="Wrong answers of a row", description="At most so many of a row's are used; empty takes all."
    )
    limit: int | None = Field(None, ge=1, title="Rows at most", description="The first ones; empty takes all.")


class DataArgs(Section):
    """How a data set is found at the hub, and what its columns are."""

    name: str | None = Field(None, title="Configuration", description="Of a data set at the hub that has several.")
    split: str | None = Field(None, title="Split", description="Of a data set at the hub; empty: train.")
    revision: str | None = Field(None, title="Revision", description="Of a data set at the hub.")
    columns: dict[str, str] = Field(
        default_factory=dict,
        title="Columns",
        description="Where they have other names than the usual ones: {sentence1: …, sentence2: …, score: …} or {anchor: …, positive: …}.",
    )

    @model_validator(mode="before")
    @classmethod
    def _known(cls, data: Any) -> Any:
        if isinstance(data, dict) and "trust_remote_code" in data:
            raise ValueError("trust_remote_code is refused: a data set's own code is never run here")
        if isinstance(data, dict) and (other := sorted(map(str, data.keys() - cls.model_fields.keys()))):
            raise ValueError(f"{', '.join(other)}: not known; allowed are {', '.join(cls.model_fields)}")
        return data


class DataSettings(Section):
    """Where rows come from."""

    name: str = Field(
        title="Data set", description="project:NAME, a CSV, TSV, JSON lines or Parquet file, or the name of a data set at the hub."
    )
    args: DataArgs = DataArgs()
    preprocess_args: PreprocessSettings = PreprocessSettings()


class DatasetsSettings(Section):
    """What is trained on, and by what the best checkpoint is chosen where the project has no questions for it."""

    train: DataSettings
    validation: DataSettings | None = None


class MatryoshkaSettings(Section):
    """Shorter vectors that serve as well: the first numbers of each vector are trained to stand alone."""

    matryoshka_dims: tuple[int, ...] = Field(min_length=1, title="Dimensions", description="Such as 384, 256, 128, 64.")
    matryoshka_weights: tuple[float, ...] | None = Field(None, title="Weights", description="One for each; empty: all 1.")
    n_dims_per_step: int = Field(-1, ge=-1, title="Dimensions a step", description="So many, drawn anew each step; -1: all.")

    @model_validator(mode="after")
    def _one_weight_each(self) -> MatryoshkaSettings:
        if self.matryoshka_weights is not None and len(self.matryoshka_weights) != len(self.matryoshka_dims):
            raise ValueError("matryoshka_weights has another length than matryoshka_dims")
        return self


class DistillationSettings(Section):
    """A teacher whose scores the model learns, beside its own loss."""

    teacher: ModelSettings
    alpha: float = Field(0.5, gt=0, title="Weight", description="The teacher's part is added to the loss with this weight.")
    loss: str = Field("", title="Loss", description="How the teacher's scores are learned; empty: what fits the objective.")
    loss_args: dict[str, Any] = Field(default_factory=dict)


class PenaltyArgs(Section):
    """Arguments of the penalty."""

    target: float | None = Field(
        None,
        ge=-1,
        le=1,
        title="Target",
        description="The cosine of wrong answers; empty: -1 / (n - 1) for n rows, the best of all spaces.",
    )


class PenaltySettings(Section):
    """A term that keeps the similarities of wrong answers from spreading (Lee et al. 2025, arXiv 2506.09781)."""

    alpha: float = Field(gt=0, title="Weight", description="The term is added to the loss with this weight.")
    loss_args: PenaltyArgs = PenaltyArgs()


class ObjectiveSettings(Section):
    """One thing that the model is taught."""

    type: ObjectiveType
    datasets: DatasetsSettings
    loss: str = Field("", title="Loss", description="By its name in sentence-transformers; empty takes what is usual for the type.")
    loss_args: dict[str, Any] = Field(
        default_factory=dict, title="Of the loss", description="Its arguments, as its documentation names them."
    )
    matryoshka: MatryoshkaSettings | None = None
    distillation: DistillationSettings | None = None
    margin: float | None = Field(
        None, ge=0, le=2, title="Margin", description="A right answer must be nearer than wrong ones by this much, as a cosine."
    )
    variation_penalty: PenaltySettings | None = None

    @field_validator("loss_args")
    @classmethod
    def _checked(cls, value: dict[str, Any]) -> dict[str, Any]:
        """Take a guide by its name alone too."""
        part = value.get("mini_batch_size", 1)
        if not isinstance(part, int) or part < 1:
            raise ValueError(f"mini_batch_size is a number of texts from 1 on, not {part}")
        if "guide" not in value:
            return value
        guide = {"name": value["guide"]} if isinstance(value["guide"], str) else value["guide"]
        try:
            return {**value, "guide": ModelSettings.model_validate(guide)}
        except ValidationError as error:
            places = (f"guide.{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
            raise ValueError("; ".join(places)) from None

    @model_validator(mode="after")
    def _reading_is_a_phase(self) -> ObjectiveSettings:
        if self.type == "language_model":
            if self.loss or self.matryoshka or self.distillation or self.margin is not None or self.variation_penalty:
                raise ValueError("language_model is a phase of its own: it takes no loss and nothing that is added to one")
            check_masking(self.loss_args)
        return self


class EvaluatorSettings(Section):
    """By what the best checkpoint is chosen, instead of the objectives' validation sets."""

    dataset: DataSettings
    args: dict[str, Any] = Field(default_factory=dict)

    @field_validator("args")
    @classmethod
    def _none_yet(cls, value: dict[str, Any]) -> dict[str, Any]:
        if value:
            raise ValueError(
                f"{', '.join(sorted(value))}: an evaluator takes no arguments here; scores are nDCG@10 or Spearman's rank correlation"
            )
        return value


class EarlyStopping(Section):
    """When training ends before its last epoch."""

    patience: int = Field(3, ge=1, title="Patience", description="Scores without a gain after which training ends.")
    threshold: float = Field(0.0, ge=0, title="Least gain", description="What a score must gain to count as better.")
