"""Taking files in: saved at once, read at once when they are small, in the background otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import chunk, ingest, runs, themes
from core.project import Project
from core.schema import Progress
from core.split import alike
from pages.widgets import errors, frame

SMALL = 500_000  # bytes that are read within a few seconds while the person waits
LIMIT = 200  # megabytes that one file may have, as .streamlit/config.toml says


def upload(project: Project, kinds: Sequence[str]) -> None:
    """Draw the field that files are dropped on, and take in what is dropped."""
    turn = st.session_state.get("uploads", 0)  # a new key empties the field once its files are saved
    given = st.file_uploader(
        "Add PDFs, tables (CSV, TSV), texts and Markdown",
        type=list(kinds),
        accept_multiple_files=True,
        key=f"upload_{turn}",
        max_upload_size=LIMIT,
    )
    if given:
        with errors.shown():
            take(project, [(file.name, file.getvalue()) for file in given])
            st.session_state["uploads"] = turn + 1
            st.rerun()


def take(project: Project, files: Sequence[tuple[str, bytes]]) -> None:
    """Save files, read them, and make passages and themes of them."""
    bar = st.progress(0.0, text="Saving the files")

    def progress(fraction: float, text: str) -> None:
        bar.progress(min(1.0, fraction), text=errors.escape(text))

    if sum(len(data) for _, data in files) <= SMALL:
        ingest.ingest(project, files, progress=progress)
        prepare(project, progress)
        frame.notice(f"{len(files)} added" if len(files) > 1 else f"{files[0][0]} added")
    else:
        for i, (name, data) in enumerate(files):
            progress(i / len(files), f"Saving {name}")
            ingest.keep(project, name, data)
        runs.start(project, "ingest", project.recipe())
    bar.empty()


def prepare(project: Project, progress: Progress | None = None) -> None:
    """Cut the documents into passages, find their themes and which say the same, with the project's settings."""
    recipe = project.recipe()
    said = progress or (lambda fraction, text: None)
    chunk.rechunk(project, recipe.chunk, recipe.train.base_model, said)
    themes.retheme(project, recipe.themes)
    alike.near_duplicates(project, project.chunks(), recipe.split.near_duplicate, said)
