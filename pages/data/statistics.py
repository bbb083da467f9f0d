"""Statistics: what is in here, and what is missing?"""

from __future__ import annotations

import streamlit as st

from core import runs, statistics
from core.statistics import Statistics
from core.statistics.details import unread
from pages.data import coverage, mapping, reporting
from pages.data.counted import pairs_told, passages_told
from pages.widgets import changing, frame, live, stages

SOON = 5_000  # texts that are read within a second or two while the person waits

project = frame.open_project("Statistics", needs="chunks")
live.progress(project, "statistics")
st.markdown("What is in this project, and what is missing before it can teach a model well.")


def facts(found: Statistics) -> None:
    """Show the numbers that matter first."""
    reads = f"The base model reads {found.limit} tokens of a passage; what is longer would be cut off."
    told = (
        ("Documents", f"{found.documents:,}", f"From {found.files:,} files, {found.pages:,} pages."),
        ("Passages", f"{found.chunks:,}", f"{found.tokens:,} tokens (pieces of words) together."),
        ("Pairs in use", f"{found.pairs:,}", f"{found.people:,} of them asked by people. {found.dropped:,} are not in use."),
        ("No pair", f"{1 - found.coverage:.0%}", f"{found.uncovered:,} passages that no question asks for."),
        ("Copies", "?" if found.copies < 0 else f"{found.copies:,}", "Passages that say nearly the same as another: see the Chunks page."),
        ("Cut off", f"{found.truncated:,}" if found.limit else "?", reads if found.limit else "The base model is out of reach."),
    )
    with st.grid(3):  # six in a row would cut "100,000" short
        for label, number, help in told:
            st.metric(label, number, border=True, help=help)


busy = bool(stages.active(project, "statistics"))
counted = statistics.known(project)
texts = 0 if counted else unread(project)
if texts > SOON:
    st.markdown(f"**{texts:,}** texts have not been read for this yet. That takes a minute or two, and goes on in the background.")
    if changing.button("Count them", type="primary", icon=":material/bar_chart:", disabled=busy, key="count"):
        runs.start(project, "statistics", project.recipe())
        st.rerun()
else:
    found = counted or statistics.statistics(project)
    facts(found)
    passages, pairs, without, map_ = st.tabs(["Passages", "Pairs", "Coverage", "Map"], on_change="rerun", key="statistics_tab")
    if passages.open:
        with passages:
            passages_told(found)
    if pairs.open:
        with pairs:
            pairs_told(found)
    if without.open:
        with without:
            coverage.browse(project, found)
    if map_.open:
        with map_:
            mapping.browse(project, busy=busy)
    reporting.download(project, found)
    if found.pairs:
        frame.next_step("train", "Train a model")
    else:
        frame.next_step("pairs", "Make pairs")
