"""Making pairs: which kinds, how many, and what a language model is asked and may cost."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import generators, runs
from core.generators import GENERATORS
from core.project import Project
from core.recipe import PairSettings
from pages.data import asking, refused
from pages.widgets import errors, forms, frame


def form(project: Project, *, busy: bool) -> None:
    """Draw the kinds of pairs, their settings, and the button that makes them."""
    recipe = project.recipe()
    chosen = kinds(project, recipe.pairs)
    changes: dict[str, Any] = {}
    key = ""
    if asked := generators.by_model(chosen):
        changes, key = asking.panel(project, recipe, asked)
    with st.expander("Advanced", icon=":material/settings:"), st.container(horizontal=True):
        per_chunk = forms.number(PairSettings, "per_chunk", recipe.pairs.per_chunk, key="per_chunk")
        limit = forms.number(PairSettings, "limit", recipe.pairs.limit, key="pairs_limit")
        near = forms.number(PairSettings, "near_duplicate", recipe.pairs.near_duplicate, key="pairs_near")
    st.caption("Pairs that are there already stay, with every edit. Only new ones are added.")
    if st.button("Make pairs", type="primary" if not project.count_pairs() else "secondary", disabled=busy, key="make_pairs"):
        with errors.shown():
            changes |= {"generators": chosen, "per_chunk": per_chunk, "limit": limit, "near_duplicate": near}
            wanted = forms.checked(recipe, pairs=changes)
            project.save_recipe(pairs=wanted.pairs)
            runs.start(project, "pairs", wanted, secrets={"llm_key": key} if key else {})
            frame.notice("Pairs are being made.")
            st.rerun()
    refused.listing(project)


def kinds(project: Project, current: PairSettings) -> list[str]:
    """Draw a box for each kind of pairs and return those that are ticked."""
    asked = any(document.questions for document in project.documents())
    chosen = []
    with st.grid(2):
        for name, choice in GENERATORS.items():
            with st.container(border=True, height="stretch"):
                given = name == "columns"
                on = st.checkbox(
                    choice.label, value=asked if given else name in current.generators, disabled=given, key=f"generator_{name}"
                )
                st.caption(choice.help if not given or asked else f"{choice.help} There are none in these documents yet.")
                if on and "not recommended" in choice.tags:
                    st.warning("This usually makes search worse. Prefer the kinds above.", icon=":material/warning:")
                if on and not given:
                    chosen.append(name)
    return chosen
