"""Chunks: is the text cut sensibly, and what is it about?"""

from __future__ import annotations

import streamlit as st

from core import models
from core.errors import UserError
from pages.data import copies, cutting, labelling, passages
from pages.widgets import charts, frame, live

project = frame.open_project("Chunks", needs="chunks")
live.progress(project, "ingest")
st.markdown(
    "A chunk is a passage of a document: what a search finds. Each fits into what the model reads at once.",
    help="Passages are cut at headings, paragraphs and sentences, and counted in the base model's own tokens (pieces of words).",
)
listed, sorted_, same, cut = st.tabs(["Passages", "Themes", "Copies", "Length and settings"], on_change="rerun", key="chunks_tab")
if listed.open:
    with listed:
        passages.browse(project)
if sorted_.open:
    with sorted_:
        labelling.picture(project)
        labelling.editor(project)
if same.open:
    with same:
        copies.browse(project)
if cut.open:
    with cut:
        base = project.recipe().train.base_model
        try:
            charts.tokens(project.token_counts(), models.max_tokens(base))
        except UserError as error:  # the base model may be out of reach; the lengths are known all the same
            st.caption(error.message)
        cutting.settings(project)
frame.next_step("pairs", "Make pairs")
