"""How the text is cut: new settings are shown with what they change before they replace anything."""

from __future__ import annotations

import streamlit as st

from core import chunk
from core.project import Project
from core.recipe import ChunkSettings
from pages.data import taking
from pages.widgets import changing, errors, forms, frame, tables

SHOWN = 20


def settings(project: Project) -> None:
    """Draw the settings, what they would change, and the button that does it."""
    recipe = project.recipe()
    with st.form("cutting"), st.container(horizontal=True, vertical_alignment="bottom"):
        size = forms.number(ChunkSettings, "size", recipe.chunk.size, key="chunk_size")
        overlap = forms.number(ChunkSettings, "overlap", recipe.chunk.overlap, key="chunk_overlap")
        asked = st.form_submit_button("Show what would change")
    with errors.shown():
        wanted = forms.checked(recipe, chunk={"size": size, "overlap": overlap}).chunk
        if asked:
            with st.spinner("Cutting the text"):
                st.session_state["cut_preview"] = (project.id, wanted, chunk.preview(project, wanted, recipe.train.base_model))
        held = st.session_state.get("cut_preview")
        if held and held[:2] == (project.id, wanted):
            _preview(project, wanted, held[2])


def _preview(project: Project, wanted: ChunkSettings, found: chunk.ChunkPreview) -> None:
    with st.container(border=True):
        st.markdown(f"**{project.count_chunks():,}** passages become **{len(found.chunks):,}**; {found.unchanged:,} stay as they are.")
        if found.pairs_kept or found.pairs_moved or found.pairs_lost:
            st.markdown(
                f"Of the pairs, {found.pairs_kept:,} stay, {found.pairs_moved:,} move to the new passages, and {found.pairs_lost:,} "
                "lose their passage and are set aside."
            )
        shown = found.chunks[:SHOWN]
        tables.plain(
            {
                "New passages": [" ".join(c.text.split())[:200] for c in shown],
                "Page": [c.page for c in shown],
                "Tokens": [c.tokens for c in shown],
            },
            alt="The first of the new passages",
            settings={"New passages": st.column_config.TextColumn(width="large")},
        )
        if changing.button("Replace the passages", type="primary", key="replace_chunks"):
            with errors.shown():
                project.save_recipe(chunk=wanted)
                taking.prepare(project)
                st.session_state.pop("cut_preview")
                frame.notice("The passages were replaced.")
                st.rerun()
