"""How texts are cleaned: what each switch changes in a file is shown before the files are read with other settings."""

from __future__ import annotations

import streamlit as st

from core import ingest, runs
from core.loaders.parsed import CleanSample
from core.project import Project
from core.recipe import CleanSettings
from core.schema import File, FileState
from pages.data import taking
from pages.widgets import changing, errors, forms, frame, tables


def settings(project: Project, files: list[File]) -> None:
    """Draw the switches, what they change in a file, and the button that reads the files with them."""
    recipe = project.recipe()
    with st.form("cleaning", border=False):
        with st.container(horizontal=True):
            chosen = {
                name: st.checkbox(field.title or name, getattr(recipe.clean, name), help=field.description, key=f"clean_{name}")
                for name, field in CleanSettings.model_fields.items()
            }
        if changing.form_submit_button("Read the files with these settings", help="Pairs stay: their passages are found again."):
            with errors.shown():
                project.save_recipe(clean=forms.checked(recipe, clean=chosen).clean)
                _refresh(project)
    _compare(project, [file for file in files if file.state is FileState.READ])


def _refresh(project: Project) -> None:
    outdated = ingest.outdated(project)
    if not outdated:
        frame.notice("Every file is read with these settings already.")
    elif sum(file.size for file in outdated) > taking.SMALL:
        runs.start(project, "ingest", project.recipe())
    else:
        with st.spinner("Reading the files"):
            kept = ingest.refresh(project)
            taking.prepare(project)
        frame.notice(f"{len(outdated) - len(kept)} read again" + (f", {len(kept)} stay as they were" if kept else ""))
    st.rerun()


def _compare(project: Project, files: list[File]) -> None:
    """Let a person choose a file and see it before and after."""
    if not files:
        return
    names = {file.id: file.name for file in files}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Before and after in", list(names), format_func=names.__getitem__, key="clean_file")
        asked = st.button("Show", key="clean_show", help="Reads this one file and changes nothing.")
    if asked:
        with errors.shown(), st.spinner("Reading the file"):
            st.session_state["clean_samples"] = (project.id, chosen, ingest.compare(project, chosen))
    held = st.session_state.get("clean_samples")
    if held and held[:2] == (project.id, chosen):
        _draw(held[2])


def _draw(samples: tuple[CleanSample, ...]) -> None:
    """Draw where each switch changes something; the texts are untrusted, so they stand in a table's cells."""
    places = [(sample, before, after) for sample in samples for before, after in zip(sample.before, sample.after, strict=True)]
    idle = [forms.title(CleanSettings, sample.switch) for sample in samples if not sample.changed]
    if places:
        tables.plain(
            {
                "Setting": [forms.title(CleanSettings, sample.switch) for sample, _, _ in places],
                "Pages or rows": [sample.changed for sample, _, _ in places],
                "Without it": [before for _, before, _ in places],
                "With it": [after for _, _, after in places],
            },
            alt="What each setting changes in this file, before and after",
            settings={
                "Setting": st.column_config.TextColumn(width=190),
                "Pages or rows": st.column_config.NumberColumn(width=70),
                "Without it": st.column_config.TextColumn(width=270),
                "With it": st.column_config.TextColumn(width=270),
            },
        )
    if idle:
        st.caption(f"Nothing to do in this file for: {', '.join(idle)}.")
