"""Passages that no pair speaks for: how many of which theme, and each of them to be read."""

from __future__ import annotations

import streamlit as st

from core.project import Project
from core.statistics import Statistics
from pages.data import passages
from pages.widgets import figures, tables

ROWS = 10


def browse(project: Project, found: Statistics) -> None:
    """Draw the coverage by theme, a page of the passages that are left out, and the one that is picked."""
    st.markdown(
        f"**{found.uncovered:,}** of {found.chunks:,} passages are asked for by no question. The model learns nothing about them.",
        help="Coverage. A passage also counts as asked for when a copy of it is.",
    )
    figures.coverage(found.themes)
    if not found.uncovered:
        return
    chunks = project.uncovered(ROWS, tables.offset(found.uncovered, "uncovered_page", rows=ROWS))
    titles = {key: project.document(key) for key in {chunk.document_id for chunk in chunks}}
    picked = tables.pick(
        {
            "Passage": [" ".join(chunk.text.split())[:160] for chunk in chunks],
            "Document": [document.title if (document := titles[chunk.document_id]) else "" for chunk in chunks],
            "Page": [chunk.page for chunk in chunks],
        },
        [chunk.id for chunk in chunks],
        key="uncovered",
        alt="Passages that no pair speaks for; pick one to read it in its place",
        settings={"Passage": st.column_config.TextColumn(width="large"), "Page": st.column_config.NumberColumn(width="small")},
    )
    if picked and (shown := project.chunk(picked[0])):
        document = titles.get(shown.document_id)
        passages.detail(project, shown, document.title if document else "")
    else:
        st.caption("Tick a row to read the passage in its place.")
