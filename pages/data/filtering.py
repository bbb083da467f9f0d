"""The filters over the pairs: SQL answers them, so that a hundred thousand pairs are as quick as a hundred."""

from __future__ import annotations

import streamlit as st

from core import generators
from core.project import PairFilter, Project
from core.schema import PairState, Part

STATES = {None: "Any state", PairState.KEPT: "Kept", PairState.ASIDE: "Set aside", PairState.DROPPED: "Dropped"}
PARTS = {
    None: "All parts",
    Part.TRAIN: "For learning",
    Part.DEV: "For choosing",
    Part.TEST: "For judging",
    Part.GAP: "Set aside",
    Part.NONE: "Not divided yet",
}
ASKED = {None: "Anybody", True: "People", False: "Made from the documents"}


def filters(project: Project) -> PairFilter:
    """Draw the filters and return what they say."""
    counted = project.pair_table()
    made = sorted({generator for generator, *_ in counted})
    reasons = sorted({reason for _, _, reason, _ in counted if reason})
    themes = project.theme_names()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input("Search", type="search", key="pairs_search", placeholder="Words in the question")
        state = st.selectbox("State", list(STATES), format_func=STATES.__getitem__, key="pairs_state")
        reason = st.selectbox("Reason", [None, *reasons], format_func=lambda r: r or "Any reason", key="pairs_reason")
        generator = st.selectbox("Kind", [None, *made], format_func=lambda g: generators.label(g) if g else "All kinds", key="pairs_kind")
    with st.expander("More filters", icon=":material/filter_list:"), st.container(horizontal=True, vertical_alignment="bottom"):
        part = st.selectbox("Used for", list(PARTS), format_func=PARTS.__getitem__, key="pairs_part")
        people = st.selectbox("Asked by", list(ASKED), format_func=ASKED.__getitem__, key="pairs_people")
        theme = st.selectbox("Theme", [None, *themes], format_func=lambda t: themes[t] if t else "All themes", key="pairs_theme")
        document = st.text_input("Document", key="pairs_document", placeholder="Words in its title")
    return PairFilter(search, generator, state, part, people, reason=reason, theme_id=theme, document=document)


def show(reason: str) -> None:
    """Open the review of the pairs with a reason: for the callback of a button elsewhere on the page."""
    st.session_state["pairs_reason"], st.session_state["pairs_state"], st.session_state["pairs_tab"] = reason, None, "Review"
