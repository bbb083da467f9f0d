"""The sidebar: which project is in view, and the table of pages.

The menu is drawn by us, not by Streamlit, because Streamlit's drops the project from the address on every click.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core import project as projects
from pages.widgets import routes

Entries = Sequence[tuple[str, str, str, str]]


def choose_project() -> None:
    """Draw the choice of project, and keep the one in view in the session and in the address.

    Raises `UserError` for an address that names a project which is not there.
    """
    known = {project.id: project.name for project in projects.projects()}
    asked = st.query_params.get("project")
    wanted = asked or st.session_state.get("project_id")
    st.session_state["project_id"] = None
    if asked and asked not in known:
        projects.open_project(asked)
    if not known:
        return
    if wanted not in known:
        wanted = next(iter(known))
    st.session_state["project_id"] = st.session_state["project_choice"] = wanted
    if asked != wanted:
        st.query_params["project"] = wanted
    st.sidebar.selectbox("Project", list(known), format_func=known.__getitem__, key="project_choice", on_change=_choose)


def _choose() -> None:
    st.session_state["project_id"] = st.query_params["project"] = st.session_state["project_choice"]


def draw(pages: Mapping[str, Entries]) -> None:
    """Draw links to all pages, which keep the project."""
    for section, entries in pages.items():
        with st.sidebar.container(gap="xxsmall"):
            if section:
                st.caption(section)
            for name, title, icon, help in entries:
                routes.link(name, title, icon=f":material/{icon}:", help=help, wide=True)
