"""By which method a model is tuned, for those who want to say it, and how much of the tuned model was taken in the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core import overview
from core.recipe import LoraSettings, TrainSettings
from core.recipe.training import MAPS, MapOf
from core.runs.folder import Run
from pages.widgets import tables

MAP_WORDS: Mapping[MapOf, str] = {
    "both": "Questions and passages alike",
    "each": "Questions and passages, each in its own way",
    "queries": "Questions alone; passages stay as they are",
}


def choose(train: TrainSettings) -> dict[str, Any]:
    """Draw the choice of methods and return the settings that were asked for."""
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        chosen = st.selectbox(
            "What Quick changes",
            MAPS,
            index=MAPS.index(train.map),
            format_func=MAP_WORDS.__getitem__,
            help="Quick learns a linear map on top of the model. One for questions alone leaves the vectors of passages as they are, so "
            "that an index made with the base model need not be built again.",
            key="train_map",
        )
    with right:
        blends = st.checkbox(
            "Try blends with the base model",
            bool(train.blend),
            help="Weights between the base model and the tuned one forget less and are sometimes better than both. The choosing questions "
            "decide. In the literature: weight interpolation, WiSE-FT.",
            key="train_blend",
        )
    rank = st.number_input(
        "Train small added matrices, of rank",
        min_value=0,
        max_value=1024,
        value=train.lora.r if train.lora else 0,
        help="For Balanced and Thorough. 0 trains the model's own weights. With a rank, such as 16, two thin matrices beside each layer are "
        "trained instead and merged in at the end, which takes less memory and forgets less. In the literature: LoRA.",
        key="train_lora",
    )
    lora = {**(train.lora or LoraSettings()).model_dump(mode="json"), "r": rank} if rank else None
    return {"lora": lora, "map": chosen, "blend": (train.blend or TrainSettings().blend) if blends else ()}


def shares(run: Run) -> None:
    """Show how each blend scored on the choosing questions."""
    result = run.result()
    points = result.get("shares") or []
    if not points:
        return
    st.markdown(
        "**How much of the tuned model is taken**",
        help="Blends of the base model and the best epoch, scored on the choosing questions. The largest that they cannot tell from the best is taken.",
    )
    tables.plain(
        {
            "Tuned": [f"{float(point['share']):.0%}" for point in points],
            str(result.get("metric", "nDCG@10")): [f"{float(point['score']):.4f}" for point in points],
            "Taken": ["Yes" if point["share"] == result["share"] else "" for point in points],
        },
        alt="The score of each blend on the choosing questions",
        height="content",
    )
    best = max(points, key=lambda point: float(point["score"]))
    if float(result["share"]) > float(best["share"]) > 0:
        st.caption(
            f"{best['share']:.0%} scored best, but the choosing questions are too few to tell it from {result['share']:.0%}. On other questions the "
            "larger share usually finds more, so that is taken."
        )


def within_chance(run: Run) -> None:
    """Say that the rise on the choosing questions was within chance, where the base model was kept for that."""
    said, hint = overview.within_chance(run.result())
    if said:
        st.caption(f"{said} {hint}", help="In the literature: a paired sign-flip test of the largest of many, after Westfall and Young.")


def index_stays(run: Run) -> None:
    """Say that an index of passages made with the base model serves the tuned one too, where that is so."""
    if run.keeps_index:
        st.info(
            "Its vectors of passages are those of the base model. Passages that were embedded or indexed with the base model stay as "
            "they are; only questions go through the tuned model.",
            title="An existing index can stay",
            icon=":material/inventory_2:",
        )
