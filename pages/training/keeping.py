"""What can be done with a run that has ended: name it, note something on it, train by its settings again, delete it."""

from __future__ import annotations

import streamlit as st

from core import runs
from core.project import Project
from core.runs.about import NAME, NOTE
from core.runs.folder import Run
from pages.widgets import changing, errors, frame, routes, stages

NAMING, CLONING = "Name and note", "Train with its settings again"


def menu(project: Project, run: Run) -> None:
    """Draw the button behind which the rarer of these lie."""
    choices = [NAMING, *([CLONING] if run.kind == "train" else [])]
    choice = st.menu_button("More", choices, key=f"more_of_{run.id}")
    if choice == NAMING:
        describe(run)
    if choice == CLONING:
        clone(project, run)


@st.dialog("Name and note", icon=":material/edit:")
def describe(run: Run) -> None:
    """Ask for the run's name and note."""
    with st.form("describe_run", border=False):
        name = st.text_input("Name", run.about.name, max_chars=NAME, placeholder=run.info.title, key=f"name_{run.id}")
        note = st.text_area("Note", run.about.note, max_chars=NOTE, placeholder="What was tried, and why", key=f"note_{run.id}")
        if changing.form_submit_button("Save", type="primary"):
            with errors.shown():
                run.rename(name)
                run.annotate(note)
                st.rerun()


def clone(project: Project, run: Run) -> None:
    """Take the run's settings for the next training, and open the page that starts it."""
    with errors.shown():
        runs.clone(project, run)
        frame.notice("These are the settings of the chosen run. Change what you like, then start.")
        routes.go("train")


@st.dialog("Delete run", icon=":material/delete:")
def delete(run: Run) -> None:
    """Name what goes with a run, and delete it if the person says so."""
    st.text(run.title)
    freed, size = run.freed(), run.size()
    st.markdown(f"This frees {stages.size(freed)}" + (" and removes its model." if run.model else "."))
    if freed < size:
        st.caption(
            f"The other {stages.size(size - freed)} are shared with a run that judges its model, and stay until that is deleted too."
        )
    if run.model:
        st.caption("Its verdict stays on record. What was published stays where it is.")
    with st.container(horizontal=True):
        if changing.button("Delete", type="primary", key="confirm_delete_run"):
            with errors.shown():
                frame.notice(f"The run is deleted. {stages.size(run.delete())} are free again.")
                st.rerun()
        if st.button("Keep it", key="keep_run"):
            st.rerun()
