"""Labels that a person already has, from a file of theirs."""

from __future__ import annotations

import streamlit as st

from core.project import Project
from core.themes import labels
from pages.widgets import changing, errors, frame, stages

HELP = (
    "A name is a file's name, a document's title, a row as in faq.csv:12, or the id of a document or passage. JSON may be "
    "{name: theme}, {name: [theme, theme above it]}, or a list of such rows."
)


def form(project: Project) -> None:
    """Draw where a file of labels is added, and what the last one led to."""
    with st.expander("Labels from a file", icon=":material/label:", key="label_file"):
        st.markdown("Two columns: what is labelled, and its theme. A third may name the theme that this one is a part of.", help=HELP)
        given = st.file_uploader("Your labels", type=["csv", "tsv", "txt", "json"], key="labels_given", max_upload_size=32)
        if given and changing.button("Take these labels", help="Sorting the passages again leaves them.", key="take_labels"):
            with errors.shown(), st.spinner("Sorting the passages"):
                taken = labels.take(project, labels.read(given.getvalue(), given.name))
                st.session_state["labels_taken"] = (project.id, taken)
                frame.notice(taken.said)
                st.rerun()
        last = st.session_state.get("labels_taken")
        if last and last[0] == project.id:
            _said(last[1])


def _said(taken: labels.Taken) -> None:
    st.markdown(taken.said)
    if taken.missed:
        first = "" if taken.missed == len(taken.examples) else f" The first {len(taken.examples)}:"
        st.warning(f"{stages.counted(taken.missed, 'label')} passed over, because nothing has that name.{first}", icon=":material/help:")
        st.dataframe({"Name in your file": list(taken.examples)}, hide_index=True, alt="Names that match nothing")
