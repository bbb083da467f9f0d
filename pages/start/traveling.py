"""A project as one file: taken to another machine, and taken in from there."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from core import travel
from core.digest import fresh_id
from core.project import Project
from pages.widgets import errors, frame, routes

LARGEST = 200 << 20  # bytes: the browser is handed the whole file out of the app's memory


@st.dialog("Export project", icon=":material/download:")
def export(project: Project) -> None:
    """Offer the project as one .zip, made when it is asked for."""
    st.text(project.name)
    st.markdown("Everything is in it: documents, passages, pairs, runs and models. Whoever has the file can read your documents.")
    st.caption("Runs that are still at work stay here. Keys and tokens are never in it.")

    if travel.size(project) > LARGEST:
        st.markdown("It is too big for the browser. This command writes it to a file:")
        st.code(f"python -m core pack attune-{project.id}.zip --project {project.id}", language="bash")
        return

    def made() -> bytes:
        with tempfile.TemporaryDirectory() as aside:
            return travel.pack(project, Path(aside) / "project.zip").path.read_bytes()

    name = f"attune-{project.id}-{fresh_id()[:4]}.zip"
    st.download_button("Download as .zip", made, file_name=name, mime="application/zip", type="primary", key="pack", on_click="ignore")


@st.dialog("Import a project", icon=":material/upload:")
def take_in() -> None:
    """Take a packed project in and open it."""
    st.markdown("Choose a .zip that was made by “Export” in the menu of a project. It comes in beside the projects that are here.")
    given = st.file_uploader("Packed project", type="zip", key="packed")
    st.caption("A bigger one is taken in by the command “python -m core unpack FILE”.")
    if st.button("Import", type="primary", disabled=given is None, key="unpack") and given is not None:
        with errors.shown(), st.spinner("Checking every file in it"):
            made = travel.unpack(given)
            left = ", ".join(travel.left_at_home(made))
            missing = f" These stayed on the machine that it comes from, so choose them anew before training: {left}." if left else ""
            frame.notice(f"“{made.name}” is here.{missing}")
            routes.go("documents", made.id)
