"""A form for one's own questions: the passage is found, and the question that it answers typed."""

from __future__ import annotations

import streamlit as st

from core import pairs
from core.project import ChunkFilter, Project
from pages.widgets import changing, errors, frame, person, tables


def form(project: Project) -> None:
    """Ask for a question and the passage that answers it."""
    st.markdown(
        "Questions that people really asked make the best judges. Find the passage that answers yours, tick it, and type the question."
    )
    search = st.text_input("Find the passage", type="search", key="hand_search", placeholder="Words in the passage")
    only = ChunkFilter(search=search)
    total = project.count_chunks(only)
    slot = st.container()
    chunks = project.chunks(only, limit=8, offset=tables.offset(total, "hand_page", rows=8))
    with slot:
        picked = tables.pick(
            {"Passage": [" ".join(chunk.text.split())[:300] for chunk in chunks], "Page": [chunk.page for chunk in chunks]},
            [chunk.id for chunk in chunks],
            key="hand",
            alt="Passages that hold these words; tick the one that answers the question",
            settings={"Passage": st.column_config.TextColumn(width="large")},
        )
    chunk = project.chunk(picked[0] if picked else st.session_state.get("hand_chunk", ""))
    if chunk:
        with st.container(border=True):
            st.text(chunk.text)
    with st.form("by_hand", border=False, clear_on_submit=True):
        query = st.text_input("Question", key="hand_query", disabled=chunk is None)
        only_judge = st.checkbox("Keep for judging, never learn from it", key="hand_judge", disabled=chunk is None)
        if changing.form_submit_button("Add the pair", disabled=chunk is None) and chunk:
            with errors.shown():
                pairs.add_by_hand(project, query, chunk.id, judge_only=only_judge, who=person.name())
                frame.notice("The pair was added.")
                st.rerun()
