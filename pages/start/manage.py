"""Projects on the start page: make one, open one, rename one, delete one."""

from __future__ import annotations

import streamlit as st

from core import overview, runs
from core import project as projects
from core.project import Project
from pages.start import traveling
from pages.widgets import errors, frame, routes


def row(project: Project) -> None:
    """Draw a project: its name, how far it has come, and what can be done with it."""
    with st.container(border=True), st.container(horizontal=True, vertical_alignment="center"):
        with st.container(gap=None):
            st.text(project.name)
            st.caption(" · ".join(stage.text for stage in overview.state(project) if stage.done) or "Empty")
        if st.button("Open", key=f"open_{project.id}", icon=":material/arrow_forward:", icon_position="right"):
            routes.go(_next_page(project), project.id)
        choice = st.menu_button("More", ["Rename", "Export", "Delete"], key=f"more_{project.id}")
    if choice == "Rename":
        rename(project)
    if choice == "Export":
        traveling.export(project)
    if choice == "Delete":
        delete(project)


def _next_page(project: Project) -> str:
    """Return the first page that has something left to do, or the verdict when there is one."""
    if project.evaluated():
        return "evaluate"
    return next((stage.page for stage in overview.state(project) if not stage.done), "documents")


@st.dialog("New project", icon=":material/create_new_folder:")
def new() -> None:
    """Ask for a name, make the project and open it."""
    with st.form("new_project", border=False):
        name = st.text_input("Name", max_chars=projects.NAME_LIMIT, placeholder="Staff handbook")
        if st.form_submit_button("Make project", type="primary"):
            with errors.shown():
                made = projects.create(name)
                routes.go("documents", made.id)


@st.dialog("Rename project", icon=":material/edit:")
def rename(project: Project) -> None:
    """Ask for another name."""
    with st.form("rename_project", border=False):
        name = st.text_input("Name", value=project.name, max_chars=projects.NAME_LIMIT)
        if st.form_submit_button("Rename", type="primary"):
            with errors.shown():
                project.rename(name)
                st.rerun()


@st.dialog("Delete project", icon=":material/delete:")
def delete(project: Project) -> None:
    """Name what would be lost, and delete it if the person says so."""
    st.text(project.name)
    trained = len(runs.runs(project))
    parts = {
        "file": len(project.files()),
        "passage": project.count_chunks(),
        "pair": project.count_pairs(),
        "run with its model": trained,
    }
    lost = [f"{count:,} {name if count == 1 else _plural(name)}" for name, count in parts.items() if count]
    st.markdown(f"This removes {', '.join(lost)}. It cannot be undone." if lost else "The project is empty.")
    st.caption("What was published stays where it is.")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", icon=":material/delete:", key="confirm_delete"):
            with errors.shown():
                projects.delete(project, before=lambda: _end(project))
                st.session_state.pop("project_id", None)
                frame.notice("The project is deleted.")
                st.rerun()
        if st.button("Keep it", key="keep"):
            st.rerun()


def _end(project: Project) -> None:
    from core.search import index

    runs.end(project)
    index.close_index(project.folder / "index")


def _plural(name: str) -> str:
    return "runs with their models" if name.startswith("run") else f"{name}s"


def try_sample() -> None:
    """Make the sample project (or find it), start reading its files, and open it."""
    from core import pipeline
    from pages.data import taking

    with errors.shown():
        made, files = pipeline.sample()
        if not made.files():
            taking.take(made, files)
        routes.go("documents", made.id)
