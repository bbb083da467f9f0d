"""The frame of every page: its title, the project in view, the strip of stages, and what to do when something is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import streamlit as st

from core import project as projects
from core import runs
from core.project import Project
from pages.widgets import changing, errors, live, routes, stages


@dataclass(frozen=True)
class Missing:
    """Say what a page cannot do without, and which page makes it."""

    text: str
    page: str
    button: str
    picture: str


NEEDS = {
    "documents": Missing("There are no documents in this project yet.", "documents", "Add documents", "step-1-documents.svg"),
    "chunks": Missing(
        "There are no passages yet. They are made by themselves once a document has been read.",
        "documents",
        "Go to documents",
        "step-1-documents.svg",
    ),
    "pairs": Missing(
        "There are no pairs of questions and passages yet. The model learns from them and is judged by them.",
        "pairs",
        "Make pairs",
        "step-2-tune.svg",
    ),
    "model": Missing(
        "There is no tuned model yet. Training takes a minute or two with the settings that are already chosen.",
        "train",
        "Go to training",
        "step-2-tune.svg",
    ),
    "runs": Missing("Nothing has run in this project yet.", "train", "Go to training", "step-2-tune.svg"),
}


def open_project(title: str, *, needs: str = "") -> Project:
    """Draw the top of a page and return the project in view.

    Where there is no project, or `needs` (a key of NEEDS) is not there yet, the page ends with one sentence, one
    picture and one button that leads to the page that makes it.
    """
    st.title(title, anchor=False)
    project = current()
    if project is None:
        empty("Everything happens inside a project, and there is none yet.", "start", "Go to the start page", "step-1-documents.svg")
    _version(project)
    if not changing.look(project):
        runs.collect(project)  # so that what ended while nobody looked is in the strip
    live.strip(project)
    tell()
    errors.pending()
    for need in _chain(needs):
        if not stages.has(project, need):
            missing = NEEDS[need]
            empty(missing.text, missing.page, missing.button, missing.picture)
    return project


def _version(project: Project) -> None:
    """Say that a project is of a newer version, which is only read, or, once, that it was of an older one."""
    if project.read_only:
        st.warning("It can be looked at here and not changed. Update Attune to work on it.", title="A newer Attune made this project")
    elif project.brought_up():
        st.info("An older Attune made it. A copy from before is kept in its folder.", title="This project was brought up to date")


def _chain(needs: str) -> list[str]:
    """Return a need with what it rests on, first things first."""
    order = {"documents": ["documents"], "chunks": ["documents", "chunks"], "pairs": ["documents", "chunks", "pairs"]}
    return order.get(needs, [needs] if needs else [])


def current() -> Project | None:
    """Return the project in view, None where there is none."""
    project_id = st.session_state.get("project_id")
    return projects.open_project(project_id) if project_id else None


def empty(text: str, page: str, button: str, picture: str) -> NoReturn:
    """Say why a page is empty, lead to the page that changes this, and end here."""
    with st.container(border=True, horizontal_alignment="center"):
        st.image(str(routes.ASSETS / picture), width=260, alt="")
        st.markdown(text, text_alignment="center")
        if st.button(button, type="primary", key="empty_state"):
            routes.go(page)
    st.stop()


def next_step(page: str, label: str, *, disabled: bool = False) -> None:
    """Draw the page's one primary button, which leads on."""
    if st.button(label, type="primary", icon=":material/arrow_forward:", icon_position="right", disabled=disabled, key="next_step"):
        routes.go(page)


def notice(text: str) -> None:
    """Keep a short confirmation for the next time the page is drawn."""
    st.session_state["notice"] = text


def tell() -> None:
    """Show what `notice` kept."""
    if text := st.session_state.pop("notice", ""):
        st.toast(errors.escape(text), icon=":material/check:")
