"""Everything about training that follows by itself, for those who want to say it themselves."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.generators import label
from core.project import Project
from core.recipe import Recipe, SplitSettings, TrainSettings
from core.train import plan
from pages.training import methods
from pages.widgets import forms

NUMBERS = (
    "epochs",
    "learning_rate",
    "batch_size",
    "scale",
    "warmup",
    "freeze_layers",
    "gradient_share",
    "patience",
    "hard_negatives",
    "chance",
)
SPLIT = ("dev", "test", "near_duplicate")


def advanced(project: Project, recipe: Recipe) -> dict[str, Any]:
    """Draw the folded settings and return them; those of the division are under "split"."""
    train = recipe.train
    with st.expander("Advanced", icon=":material/settings:"):
        asked: dict[str, Any] = {
            "base_model": st.text_input(
                forms.title(TrainSettings, "base_model"), train.base_model, help=forms.help(TrainSettings, "base_model"), key="base_model"
            )
        }
        values = {name: getattr(train, name) for name in NUMBERS}
        asked |= forms.numbers(TrainSettings, values, key="train", placeholder="By itself")
        made = sorted({generator for generator, *_ in project.pair_table()})
        asked["generators"] = st.multiselect(
            forms.title(TrainSettings, "generators"),
            made,
            default=[name for name in train.generators if name in made],
            format_func=label,
            help=forms.help(TrainSettings, "generators"),
            key="train_generators",
        )
        asked["dropout"] = st.checkbox(
            forms.title(TrainSettings, "dropout"), train.dropout, help=forms.help(TrainSettings, "dropout"), key="train_dropout"
        )
        asked |= methods.choose(train)
        if project.test_set() is None:
            asked["split"] = forms.numbers(SplitSettings, {name: getattr(recipe.split, name) for name in SPLIT}, key="split")
    return asked


def wanted(recipe: Recipe, asked: dict[str, Any]) -> Recipe:
    """Return the recipe with what was asked for; raise `UserError` for what does not go together."""
    changes = {name: value for name, value in asked.items() if name != "split"}
    return forms.checked(recipe, train=changes, split=asked.get("split", {}))


def turned(recipe: Recipe, dial: str) -> Recipe:
    """Return the recipe with the dial set; raise `UserError` where that does not take what else is wanted."""
    plan.check(recipe.train, dial)
    return recipe.model_copy(update={"train": recipe.train.model_copy(update={"dial": dial})})
