"""Start: what Attune does, the projects that are there, and where to begin."""

from __future__ import annotations

import streamlit as st

from core import project as projects
from pages.start import manage, traveling
from pages.widgets import errors, frame, routes

STEPS = (
    ("step-1-documents.svg", "1. Give it your documents", "PDFs, tables and texts are read, cut into passages and sorted by theme."),
    (
        "step-2-tune.svg",
        "2. It learns your questions",
        "A search model is tuned so that a question lands beside the passage that answers it.",
    ),
    (
        "step-3-prove.svg",
        "3. See whether it helps",
        "Before and after are compared on questions kept aside, and the answer may be “keep the old one”.",
    ),
)

frame.tell()
st.title("Tune search to your own documents", anchor=False)
for column, (picture, heading, text) in zip(st.columns(3, gap="medium"), STEPS, strict=True):
    with column.container(border=True, height="stretch"):
        st.image(str(routes.ASSETS / picture), alt="", width="stretch")
        st.subheader(heading, anchor=False)
        st.markdown(text)
st.caption("Everything stays on this machine: no account, no key and no network are needed until you publish.")

known = projects.projects()
with st.container(horizontal=True):
    if st.button("Try the sample project", type="primary" if not known else "secondary", icon=":material/science:", key="sample"):
        manage.try_sample()
    if st.button("New project", icon=":material/add:", type="primary" if known else "secondary", key="new"):
        manage.new()
    if st.button("Import a project", icon=":material/upload:", key="import_project"):
        traveling.take_in()
if known:
    st.header("Your projects", anchor=False)
    for project in known:
        with errors.shown():
            manage.row(project)
