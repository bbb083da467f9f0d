"""Going on with pairs that were paused: how far they came, and the button that asks for the key again."""

from __future__ import annotations

import streamlit as st

from core import generators, runs
from core.project import Project
from core.runs.record import ENDED
from core.schema import RunState
from pages.training import history
from pages.widgets import changing, errors


def panel(project: Project) -> None:
    """Offer to go on where the last making of pairs was stopped, failed or was cut off; draw nothing otherwise."""
    last = runs.latest(project, "pairs")
    status = last.status() if last else None
    if last is None or status is None or status.state not in ENDED or status.state is RunState.DONE:
        return
    told = project.events("language model") if generators.by_model(last.recipe().pairs.generators) else []
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(gap=None):
            st.markdown(f"Making pairs is paused at {status.fraction:.0%}. All that was made is kept, and nothing is paid for twice.")
            if told and told[-1][0] >= last.made:
                st.caption(errors.escape(told[-1][2]))
        if changing.button("Resume", key="resume_pairs", icon=":material/play_arrow:"):
            history.resume(last)
