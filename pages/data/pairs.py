"""Pairs: which questions will it learn from, and are they good?"""

from __future__ import annotations

from collections import Counter

import streamlit as st

from core import runs
from core.pairs.sieve import EXACT, NEAR, SEVERAL
from core.project import Project
from core.schema import PairState
from pages.data import adding, doubting, importing, making, quality, resuming, reviewing
from pages.widgets import frame, live, stages

TABS = {
    "Make pairs": lambda project: making.form(project, busy=bool(stages.active(project, "pairs"))),
    "Review": reviewing.panel,
    "Quality": quality.panel,
    "Negatives": doubting.tab,
    "Add by hand": adding.form,
    "Import": importing.form,
}
"""What can be done with pairs, each drawn only while its tab is open."""

project = frame.open_project("Pairs", needs="chunks")
for watched in ("import", "pairs", "gate", "negatives"):
    live.progress(project, watched)
resuming.panel(project)
st.markdown(
    "A pair is a question and the passage that answers it. The model learns from some of them and is judged by others.",
    help="In the literature: a query and its positive passage. Which pairs judge is decided once, before training, and then kept.",
)


def report(project: Project) -> None:
    """Say what is there and what was left out."""
    counted = Counter[str]()
    for _, state, reason, count in project.pair_table():
        counted[state if state != PairState.DROPPED else "alike" if reason in (EXACT, NEAR, SEVERAL) else "dropped"] += count
    told = (
        ("Pairs in use", counted[PairState.KEPT], None),
        ("Asked by people", reviewing.by_people(project), "They judge best. A few dozen make the verdict worth more."),
        ("Set aside", counted[PairState.ASIDE], "By the limits on the Quality tab, which give them back when they are moved."),
        ("Duplicates", counted["alike"], "Left out when pairs were made: the same question, or nearly, was there already."),
        ("Dropped", counted["dropped"], "By you, or because their passage is gone."),
    )
    for column, (label, number, help) in zip(st.columns(len(told)), told, strict=True):
        column.metric(label, f"{number:,}", border=True, help=help)
    last = next((run for run in runs.runs(project) if run.kind == "pairs"), None)
    if last and (found := last.result()):
        st.caption(
            f"The last time {found.get('added', 0):,} came. Left out so far: {found.get('exact_duplicates', 0):,} exact duplicates, "
            f"{found.get('near_duplicates', 0):,} near duplicates, {found.get('several_passages', 0):,} that several passages would answer. {found.get('said', '')}"
        )


if stages.has(project, "pairs"):
    report(project)
    for tab, draw in zip(st.tabs(list(TABS), on_change="rerun", key="pairs_tab", default="Review"), TABS.values(), strict=True):
        if tab.open:
            with tab:
                draw(project)
    frame.next_step("train", "Train a model", disabled=bool(stages.active(project, "pairs") or stages.active(project, "import")))
else:
    making.form(project, busy=bool(stages.active(project, "pairs")))
    with st.expander("Import pairs from a file", icon=":material/upload_file:", key="import_fold"):
        importing.form(project)
