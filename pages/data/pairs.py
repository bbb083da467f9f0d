"""Pairs: which questions will it learn from, and are they good?"""

from __future__ import annotations

from collections import Counter

import streamlit as st

from core import runs
from core.pairs.sieve import EXACT, NEAR, SEVERAL
from core.project import Project
from core.schema import PairState
from pages.data import exporting, making, resuming, reviewing
from pages.widgets import frame, live, stages

project = frame.open_project("Pairs", needs="chunks")
live.progress(project, "pairs")
resuming.panel(project)
st.markdown(
    "A pair is a question and the passage that answers it. The model learns from some of them and is judged by others.",
    help="In the literature: a query and its positive passage. Which pairs judge is decided once, before training, and then kept.",
)


def report(project: Project) -> None:
    """Say what is there and what was left out."""
    counted = Counter[str]()
    for _, state, reason, count in project.pair_table():
        counted["kept" if state == PairState.KEPT else "alike" if reason in (EXACT, NEAR, SEVERAL) else "dropped"] += count
    told = (
        ("Pairs in use", counted["kept"], None),
        ("Asked by people", reviewing.by_people(project), "They judge best. A few dozen make the verdict worth more."),
        ("Duplicates left out", counted["alike"], "The same question, or nearly, was there already."),
        ("Dropped", counted["dropped"], "By you, or because their passage is gone."),
    )
    for column, (label, number, help) in zip(st.columns(4), told, strict=True):
        column.metric(label, f"{number:,}", border=True, help=help)
    last = next((run for run in runs.runs(project) if run.kind == "pairs"), None)
    if last and (found := last.result()):
        st.caption(
            f"The last time {found.get('added', 0):,} came. Left out so far: {found.get('exact_duplicates', 0):,} exact duplicates, "
            f"{found.get('near_duplicates', 0):,} near duplicates, {found.get('several_passages', 0):,} that several passages would answer. {found.get('said', '')}"
        )


busy = bool(stages.active(project, "pairs"))
there = stages.has(project, "pairs")
if there:
    report(project)
    make, review, add = st.tabs(["Make pairs", "Review", "Add by hand"], on_change="rerun", key="pairs_tab", default="Review")
    if make.open:
        with make:
            making.form(project, busy=busy)
    if review.open:
        with review:
            reviewing.table(project)
            exporting.downloads(project)
    if add.open:
        with add:
            reviewing.by_hand(project)
    frame.next_step("train", "Train a model", disabled=busy)
else:
    making.form(project, busy=busy)
