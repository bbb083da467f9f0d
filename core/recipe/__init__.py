"""The recipe: every setting of every stage, checked, as the browser, the shell and recipe.yaml share it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from core.recipe import yamlfile
from core.recipe.clean import CleanSettings
from core.recipe.documents import ChunkSettings, ThemeSettings
from core.recipe.gate import GateSettings
from core.recipe.llm import PROMPT, LLMSettings, ParaphraseSettings
from core.recipe.local import LocalSettings
from core.recipe.lora import LoraSettings
from core.recipe.negatives import NegativeSettings
from core.recipe.ocr import OcrSettings
from core.recipe.pairs import PairSettings
from core.recipe.reranker import RerankerSettings
from core.recipe.section import Section, written
from core.recipe.statistics import StatisticsSettings
from core.recipe.table import TableSettings
from core.recipe.timeline import TimelineSettings
from core.recipe.training import BASE_MODEL, EvaluateSettings, SplitSettings, TrainSettings

__all__ = [
    "BASE_MODEL",
    "PROMPT",
    "ChunkSettings",
    "CleanSettings",
    "EvaluateSettings",
    "GateSettings",
    "LLMSettings",
    "LocalSettings",
    "LoraSettings",
    "NegativeSettings",
    "OcrSettings",
    "PairSettings",
    "ParaphraseSettings",
    "Recipe",
    "RerankerSettings",
    "Section",
    "SplitSettings",
    "StatisticsSettings",
    "TableSettings",
    "ThemeSettings",
    "TimelineSettings",
    "TrainSettings",
    "dump",
    "load",
    "of_pairs",
    "parse",
    "whole",
]


class Recipe(Section):
    """All sections. `columns` overrides what a table's columns are taken for, by role: {"question": "Frage", …}."""

    columns: dict[str, str] = Field(default_factory=dict)
    clean: CleanSettings = CleanSettings()
    ocr: OcrSettings = OcrSettings()
    chunk: ChunkSettings = ChunkSettings()
    themes: ThemeSettings = ThemeSettings()
    pairs: PairSettings = PairSettings()
    gate: GateSettings = GateSettings()
    negatives: NegativeSettings = NegativeSettings()
    split: SplitSettings = SplitSettings()
    train: TrainSettings = TrainSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    reranker: RerankerSettings = RerankerSettings()
    statistics: StatisticsSettings = StatisticsSettings()


def of_pairs(recipe: Recipe) -> Recipe:
    """Return the recipe with a project's own pairs as what is learned from, their hard negatives too, whatever objectives it names."""
    train = recipe.train.model_copy(update={"objectives": (), "hard_negatives": max(1, recipe.train.hard_negatives)})
    return recipe.model_copy(update={"train": train})


ALONE = frozenset({"objectives", "base_model", "run_name", "output_dir", "args", "evaluator", "early_stopping"})
"""Keys by which a training section that stands by itself is known."""


def parse(data: Any, source: str = "recipe") -> Recipe:
    """Check plain data against the recipe; `UserError` names the place and what is allowed there.

    The training section by itself, as configurations of sentence-transformers runs are, is taken as a recipe too.
    """
    return yamlfile.checked(whole(data or {}), Recipe, source, "recipe")


def whole(data: Any) -> Any:
    """Return plain data as a whole recipe's: a training section that stands by itself is put into its place."""
    alone = isinstance(data, dict) and data.keys() & ALONE and not data.keys() & Recipe.model_fields.keys()
    return {"train": data} if alone else data


def load(path: Path) -> Recipe:
    """Read recipe.yaml (or JSON, which is YAML too)."""
    return parse(yamlfile.read(path), path.name)


def dump(recipe: Recipe) -> str:
    """Return the recipe as YAML that `load` reads back to an equal recipe; what was left empty is left out."""
    return yaml.safe_dump(written(recipe), sort_keys=False, allow_unicode=True)
