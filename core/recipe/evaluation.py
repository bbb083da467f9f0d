"""An evaluation by itself: which model, at which vector lengths, on which tasks, with which reranker; what eval.yaml holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from core.recipe import yamlfile
from core.recipe.objectives import DataSettings, ModelSettings
from core.recipe.section import Section


class SearchArgs(Section):
    """How a search task is read."""

    limit: int | None = Field(None, ge=1, title="Questions at most", description="The first ones; empty takes all.")
    split: str = Field("test", pattern=r"^[\w-]+$", title="Split", description="Of a folder with qrels/test.tsv, which judgements count.")


class LikenessArgs(Section):
    """How a table of scored pairs is read."""

    first: str | int = Field(1, title="First text", description="The column's name, or its number from 1 on.")
    second: str | int = Field(2, title="Second text", description="The column's name, or its number from 1 on.")
    score: str | int = Field(3, title="Score", description="The column's name, or its number from 1 on; any scale will do.")
    limit: int | None = Field(None, ge=1, title="Pairs at most", description="The first ones; empty takes all.")


class _Task(Section):
    name: str = Field("", max_length=120, title="Name", description="What the results call it; empty takes the data set's.")
    dataset: DataSettings

    @field_validator("dataset", mode="before")
    @classmethod
    def _by_its_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @property
    def label(self) -> str:
        """What the results call it."""
        return self.name or (self.dataset.name if self.dataset.name.startswith("project:") else Path(self.dataset.name).stem)


class SearchTask(_Task):
    """Find the right passages: project:NAME (its frozen test questions), a folder with corpus.jsonl, queries.jsonl and qrels.tsv, or pairs."""

    type: Literal["ir"]
    args: SearchArgs = SearchArgs()


class LikenessTask(_Task):
    """Order pairs of texts as people did, who scored how alike they are."""

    type: Literal["sts"]
    args: LikenessArgs = LikenessArgs()


class RerankerChoice(Section):
    """What puts the first hits of each search in a new order."""

    name: Literal["none", "late_interaction", "cross_encoder"] = "none"
    depth: int = Field(50, ge=1, le=1000, title="Reranked passages", description="How many of the first hits.")
    model: str = Field("", title="Cross-encoder", description="run:ID of a tuned reranker, a folder, or a name at the hub.")


class EvaluationSettings(Section):
    """All of eval.yaml."""

    model: ModelSettings
    dimensions: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (), title="Dimensions", description="So many first numbers of each vector are kept, for each once; empty takes whole vectors."
    )
    tasks: tuple[Annotated[SearchTask | LikenessTask, Field(discriminator="type")], ...] = Field(min_length=1, title="Tasks")
    reranker: RerankerChoice = RerankerChoice()
    resamples: int = Field(5000, ge=100, le=100_000, title="Resamples", description="Of the bootstrap that the intervals come from.")
    seed: int = 1

    @field_validator("model", mode="before")
    @classmethod
    def _by_its_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _told_apart(self) -> EvaluationSettings:
        labels = [task.label for task in self.tasks]
        if len(set(labels)) < len(labels):
            raise ValueError("two tasks have the same name; give each a name of its own")
        if len(set(self.dimensions)) < len(self.dimensions):
            raise ValueError("dimensions names a length twice")
        return self


def load(path: Path) -> EvaluationSettings:
    """Read eval.yaml (or JSON, which is YAML too); `UserError` names the place of a mistake and what is allowed there."""
    return yamlfile.checked(yamlfile.read(path) or {}, EvaluationSettings, path.name, "evaluation")
