"""Making pairs: which kinds, how many, and what a language model is asked and may cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core import generators, runs
from core.generators import GENERATORS, GROUPS
from core.project import Project
from core.recipe import PairSettings
from pages.data import asking, perkind, refused
from pages.widgets import changing, errors, forms, frame


def form(project: Project, *, busy: bool) -> None:
    """Draw the kinds of pairs, their settings, and the button that makes them."""
    recipe = project.recipe()
    given = {"columns": project.any_document("questions"), "table": project.any_document("anchors")}
    chosen = kinds(recipe.pairs, given)
    changes: dict[str, Any] = {}
    key = ""
    if asked := generators.by_model(chosen):
        changes, key = asking.panel(project, recipe, asked)
    if "local" in chosen:
        changes["local"] = perkind.local_panel(recipe.pairs)
    with st.expander("Advanced", icon=":material/settings:"):
        with st.container(horizontal=True):
            for name in ("per_chunk", "limit", "near_duplicate"):
                changes[name] = forms.number(PairSettings, name, getattr(recipe.pairs, name), key=f"pairs_{name}")
        changes |= perkind.panels(recipe, chosen, anchors=given["table"])
    st.caption("Pairs that are there already stay, with every edit. Only new ones are added.")
    if changing.button("Make pairs", type="primary" if not project.count_pairs() else "secondary", disabled=busy, key="make_pairs"):
        with errors.shown():
            changes["generators"] = chosen
            wanted = forms.checked(recipe, pairs=changes)
            project.save_recipe(pairs=wanted.pairs)
            runs.start(project, "pairs", wanted, secrets={"llm_key": key} if key else {})
            frame.notice("Pairs are being made.")
            st.rerun()
    refused.listing(project)


def kinds(current: PairSettings, given: Mapping[str, bool]) -> list[str]:
    """Draw a box for each kind of pairs, by where they come from, and return those that are ticked.

    `given` says of the kinds that are taken by themselves whether the documents hold any.
    """
    chosen: list[str] = []
    for title, names in GROUPS.items():
        st.subheader(title, anchor=False)
        with st.grid(2):
            chosen += [name for name in names if box(name, current, given)]
    return chosen


def box(name: str, current: PairSettings, given: Mapping[str, bool]) -> bool:
    """Draw one kind and say whether it is ticked; what comes with the documents is taken by itself."""
    choice, always = GENERATORS[name], name in given
    with st.container(border=True, height="stretch"):
        ticked = given.get(name, name in current.generators)
        on = st.checkbox(choice.label, value=ticked, disabled=always, key=f"generator_{name}")
        st.caption(choice.help if given.get(name, True) else f"{choice.help} There are none in these documents yet.")
        if on and "not recommended" in choice.tags:
            st.warning("This usually makes search worse. Prefer the kinds above.", icon=":material/warning:")
    return on and not always
