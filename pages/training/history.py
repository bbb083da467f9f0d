"""Runs that have ended: what became of each, and what can still be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core import generators
from core.overview import minutes
from core.project import Project
from core.runs.folder import Run
from core.schema import RunState
from core.secrets import origin
from pages.results.verdicts import LOOKS, Colour, when
from pages.training import keeping, methods, reranking, taught, watching
from pages.widgets import changing, errors, stages, tables

LABELS: Mapping[RunState, tuple[str, Colour]] = {
    RunState.DONE: ("Done", "green"),
    RunState.STOPPED: ("Stopped", "gray"),
    RunState.FAILED: ("Failed", "red"),
    RunState.INTERRUPTED: ("Interrupted", "orange"),
}
SECRET = {"pairs": "llm_key"}


def listing(project: Project, ended: Sequence[Run]) -> None:
    """Draw a page of ended runs, newest first."""
    slot = st.container()
    start = tables.offset(len(ended), "runs_page", rows=8)
    with slot:
        for run in ended[start : start + 8]:
            row(project, run)


def row(project: Project, run: Run) -> None:
    """Draw one run: its state, verdict, and what can be done."""
    status = run.status()
    words, colour = LABELS[status.state]
    evaluation = project.evaluation(run.id)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            with st.container(gap=None):
                st.text(run.title)
                st.caption(f"{when(run.made)}{_took(run)}")
            st.badge(words, color=colour)
            if evaluation:
                label, icon, shade = LOOKS[evaluation.verdict.word]
                st.badge(label, icon=icon, color=shade)
            if status.state is not RunState.DONE and changing.button("Resume", key=f"resume_{run.id}", icon=":material/play_arrow:"):
                resume(run)
            if changing.button("Delete", key=f"delete_{run.id}", icon=":material/delete:"):
                keeping.delete(run)
            keeping.menu(project, run)
        if run.about.note:
            st.text(run.about.note)
        if status.error:
            st.text(status.error)
            st.caption(errors.escape(status.hint))
        if run.kind == "train":
            methods.within_chance(run)
        if run.kind == "reranker":
            reranking.verdict(run)
        if run.kind in ("train", "reranker"):
            folded = st.expander("Curves, settings and log", on_change="rerun", key=f"details_{run.id}")
            if folded.open:
                with folded:
                    watching.read(run)
                    with errors.shown():
                        if words := taught.sentence(run.recipe().train):
                            st.text(f"Taught: {words}")
                    watching.curves(run)
                    methods.shares(run)
                    st.code((run.folder / "recipe.yaml").read_text("utf-8"), language="yaml", height=240)
                    watching.log(run)


def _took(run: Run) -> str:
    result = run.result()
    if run.kind != "train" or "method" not in result:
        return ""
    gain = (
        f"{errors.escape(watching.metric(run))} on the choosing questions {result['dev_base']:.2f} → {result['dev_best']:.2f}"
        if result.get("share")
        else "the base model was kept"
    )
    return f" · {minutes(result['seconds'])}, {gain}, {stages.size(run.size())}"


def resume(run: Run) -> None:
    """Go on with a run; one that needs a key asks for it again."""
    if run.kind in SECRET and generators.by_model(run.recipe().pairs.generators):
        ask_key(run)
        return
    with errors.shown():
        run.resume()
        st.rerun()


@st.dialog("Resume", icon=":material/key:")
def ask_key(run: Run) -> None:
    """Ask for the language model's key again, because it was kept nowhere."""
    st.markdown("The key of the language model was not kept. Type it again, or leave it empty if the address needs none.")
    st.text(f"It is sent to {origin(run.recipe().pairs.llm.base_url) or 'the address of the run'}.")
    key = st.text_input("Key", type="password", key="resume_key")
    if changing.button("Resume", type="primary", key="confirm_resume"):
        with errors.shown():
            run.resume({SECRET[run.kind]: key} if key else {})
            st.rerun()
