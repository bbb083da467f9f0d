"""A dry run before the start: a few real steps say how long it takes and whether the batch fits."""

from __future__ import annotations

import streamlit as st

from core import jsonfiles, runs
from core.overview import minutes
from core.project import Project
from core.recipe import Recipe
from core.schema import RunState
from core.train.rehearsal import Rehearsal
from pages.widgets import changing, errors, live, stages

HELP = "A few real steps with your own pairs, on this machine. Nothing of them is kept. In the literature: dry run."


def button(project: Project, wanted: Recipe) -> None:
    """Draw the button that tries a few steps, and what the last ones told."""
    busy = bool(stages.active(project, "rehearsal") or stages.active(project, "train"))
    if changing.button("Try a few steps", icon=":material/speed:", help=HELP, disabled=busy, key="rehearse"):
        with errors.shown():
            runs.start(project, "rehearsal", wanted)
            st.rerun()
    live.progress(project, "rehearsal")
    last = runs.latest(project, "rehearsal", RunState.DONE)
    found = jsonfiles.read(last.folder / "result.json", Rehearsal) if last and not busy else None
    if found and last:
        _told(found, alike=last.recipe().train == wanted.train)


def _told(found: Rehearsal, *, alike: bool) -> None:
    with st.container(horizontal=True):
        st.metric("Training takes about", minutes(found.seconds), border=True)
        st.metric("Memory, at most", stages.size(found.peak), f"of {stages.size(found.free)} free", "off", delta_arrow="off", border=True)
        if found.step:
            st.metric("A step", f"{found.step:.2f} s", f"{found.batch_size} pairs", "off", delta_arrow="off", border=True)
    if advice := found.advice:
        st.warning(errors.escape(advice), icon=":material/memory:")
    if not alike:
        st.caption("This was tried with other settings than those above.")
