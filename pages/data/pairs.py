"""Pairs: which questions will it learn from, and are they good?"""

from __future__ import annotations

import streamlit as st

from core import runs
from core.project import Project
from core.schema import PairState
from pages.data import exporting, making, reviewing
from pages.widgets import frame, live, stages

project = frame.open_project("Pairs", needs="chunks")
live.progress(project, "pairs")
st.markdown(
    "A pair is a question and the passage that answers it. The model learns from some of them and is judged by others.",
    help="In the literature: a query and its positive passage. Which pairs judge is decided once, before training, and then kept.",
)


def report(project: Project) -> None:
    """Say what is there and what was left out."""
    counted = {"kept": 0, "duplicates": 0, "by hand": 0}
    for _, state, reason, count in project.pair_table():
        kind = "kept" if state == PairState.KEPT else "duplicates" if "duplicate" in reason else "by hand"
        counted[kind] += count
    with st.grid(4):
        st.metric("Pairs in use", f"{counted['kept']:,}", border=True)
        st.metric(
            "Asked by people",
            f"{reviewing.by_people(project):,}",
            border=True,
            help="They judge best. A few dozen make the verdict worth more.",
        )
        st.metric(
            "Duplicates left out", f"{counted['duplicates']:,}", border=True, help="Exact or nearly the same question for the same passage."
        )
        st.metric("Dropped", f"{counted['by hand']:,}", border=True, help="By you, or because their passage is gone.")
    last = next((run for run in runs.runs(project) if run.kind == "pairs"), None)
    if last and (result := last.result()):
        left = f"{result.get('exact_duplicates', 0):,} exact and {result.get('near_duplicates', 0):,} near duplicates were left out"
        st.caption(f"The last time, {result.get('made', 0):,} were made and {result.get('kept', 0):,} kept; {left}.")


busy = bool(stages.active(project, "pairs"))
there = stages.has(project, "pairs")
if there:
    report(project)
    make, review, add = st.tabs(["Make pairs", "Review", "Add by hand"], on_change="rerun", key="pairs_tab", default="Review")
else:
    make, review, add = st.container(), None, None
if not there or make.open:
    with make:
        making.form(project, busy=busy)
if review is not None and review.open:
    with review:
        reviewing.table(project)
        exporting.downloads(project)
if add is not None and add.open:
    with add:
        reviewing.by_hand(project)
if there:
    frame.next_step("train", "Train a model", disabled=busy)
