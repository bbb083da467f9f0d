"""A reranker of one's own: what it is, its few settings, and what became of one."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import runs
from core.evaluate import reranking
from core.negatives import JUDGES
from core.project import Project
from core.recipe import Recipe, RerankerSettings
from core.runs.folder import Run
from pages.results.verdicts import LOOKS
from pages.training import methods
from pages.widgets import changing, errors, forms, frame, routes, stages

NUMBERS = ("negatives", "epochs", "learning_rate", "batch_size", "max_tokens", "depth", "chance")


def offer(project: Project, recipe: Recipe) -> None:
    """Draw the folded section that tunes a reranker on the same pairs."""
    with st.expander("Reranker", icon=":material/swap_vert:", key="reranker"):
        st.markdown(
            "A reranker reads the question and each of the first hits together and puts them in a new order. It finds more than the "
            "model alone and takes longer for every search. It is tuned on the same questions, and judged by the same kept ones; the "
            "order without it takes part, and no reranker is kept when none does better by more than chance gives.",
            help="A cross-encoder. Late interaction, on the Compare page, needs no training and is the one to beat.",
        )
        st.caption(
            "Without a cross-encoder to start from it has to learn from nothing how to compare, and with a few hundred questions it "
            "will seldom beat late interaction."
        )
        asked = _settings(recipe)
        busy = stages.active(project, "reranker")
        with errors.shown():
            if changing.button("Tune a reranker", icon=":material/play_arrow:", disabled=bool(busy), key="start_reranker"):
                with st.spinner("Dividing the questions and writing the data"):
                    wanted = forms.checked(recipe, reranker=asked)
                    project.save_recipe(reranker=wanted.reranker)
                    runs.start(project, "reranker", wanted)
                frame.notice("A reranker is being tuned.")
                st.rerun()
        if busy:
            routes.link("runs", "A reranker is being tuned. The Runs page shows how far it is", icon=":material/monitoring:")


def _settings(recipe: Recipe) -> dict[str, Any]:
    """Draw the settings and return them."""
    now, section = recipe.reranker, RerankerSettings
    left, right = st.columns(2)
    asked: dict[str, Any] = {
        "base_model": left.text_input(
            forms.title(section, "base_model"),
            now.base_model,
            placeholder="The encoder that is tuned",
            help=forms.help(section, "base_model"),
            key="reranker_base_model",
        ),
        "judge": right.selectbox(
            forms.title(section, "judge"),
            ["base", "bm25"],
            index=["base", "bm25"].index(now.judge),
            format_func=lambda name: JUDGES[name].label,
            help=forms.help(section, "judge"),
            key="reranker_judge",
        ),
    }
    values = {name: getattr(now, name) for name in NUMBERS}
    return asked | forms.numbers(section, values, key="reranker", placeholder="By itself")


def verdict(run: Run) -> None:
    """Say whether a run's reranker helps, and whether it does better than late interaction."""
    found = reranking.read(run.folder) if run.complete else None
    if found is None:
        return
    label, icon, shade = LOOKS[found.verdict.word]
    st.badge(label, icon=icon, color=shade)
    methods.within_chance(run)
    st.markdown(errors.escape(found.verdict.text))
    if run.reranker:
        st.caption(errors.escape(f"Against late interaction, which needs no training: {found.against_late.text}"))
        st.caption("The Compare page offers it under “Then put the first hits in a new order by”.")
