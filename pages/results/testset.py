"""The frozen test set: which questions judge, since when, and how they are replaced."""

from __future__ import annotations

import streamlit as st

from core import split
from core.project import Project
from core.schema import Evaluation
from pages.results.verdicts import when
from pages.widgets import changing, errors, frame


def show(project: Project, evaluation: Evaluation) -> None:
    """Say what the test set is and offer to replace it."""
    frozen = project.test_set()
    if frozen is None:
        st.markdown("They are chosen when the first training starts.")
        return
    people = sum(question.people for question in frozen.questions)
    st.markdown(
        f"Test set {frozen.number} holds **{len(frozen.questions):,}** questions, {people:,} of them asked by people. It was chosen on "
        f"{when(frozen.made)} and has not changed since. New documents never enter it."
    )
    st.caption(
        f"Fingerprint {frozen.digest[:16]}. Searched were all {evaluation.passages:,} passages, at {evaluation.precision} precision."
    )
    if evaluation.excluded:
        st.caption(f"{evaluation.excluded:,} questions were left out because their passage is gone or was learned from.")
    with st.expander("History of the test set", icon=":material/history:"):
        for at, _, text in project.events("test set"):
            st.text(f"{when(at)}  {text}")
        if changing.button("Choose new questions", key="renew"):
            renew(project)


@st.dialog("Choose new questions", icon=":material/restart_alt:")
def renew(project: Project) -> None:
    """Say what a new test set voids, and choose it if the person agrees."""
    st.markdown(
        "Passages and questions are divided afresh. **Every verdict so far becomes out of date**, because models trained before may have "
        "learned from the new questions. Those are left out when an old model is judged again."
    )
    reason = st.text_input("Why (kept in the history)", key="renew_reason", placeholder="Many new documents")
    with st.container(horizontal=True):
        if changing.button("Choose new questions", type="primary", key="confirm_renew"):
            with errors.shown():
                split.split(project, project.recipe().split, renew=True, reason=reason or "Renewed by hand")
                frame.notice("New questions were chosen.")
                st.rerun()
        if st.button("Keep the old ones", key="keep_old"):
            st.rerun()
