"""Passages that say nearly the same, group by group, side by side."""

from __future__ import annotations

import streamlit as st

from core import runs
from core.project import Project
from core.schema import Chunk
from core.split import alike
from pages.widgets import changing, errors, stages, tables

GROUPS = 5  # on one page
AT_ONCE = 10_000  # passages that are looked through while the person waits, in two or three seconds
BESIDE = 3  # passages of a group that stand side by side
SHOWN = 12  # passages of a group, at most
HEIGHT = 480  # pixels, in which the passages of a big group are rolled through


def browse(project: Project) -> None:
    """Say how many passages are copies and what follows from it, and draw a page of the groups."""
    threshold = project.recipe().split.near_duplicate
    if not alike.current(project, threshold):
        _look(project, threshold)
        return
    groups, passages = project.count_alike()
    if not groups:
        st.markdown("No passage says the same as another.", help=HELP.format(threshold))
        return
    st.markdown(
        f"**{stages.counted(groups, 'group')}** with {passages:,} passages. Training learns from one passage of each group. "
        "A group is never divided between training and judging, and whoever finds one of it has found the right one.",
        help=HELP.format(threshold),
    )
    for group in project.alike_page(GROUPS, tables.offset(groups, "copies_page", rows=GROUPS)):
        _group(project, group)


HELP = (
    "Near-duplicates: at least {:.0%} of their runs of three words are shared (Jaccard), or at least half of them and the base model "
    "takes both for the same. Candidates come from MinHash. The share is set on the Train page, under Advanced."
)


def _look(project: Project, threshold: float) -> None:
    st.markdown("Copies have not been looked for since the passages changed.", help=HELP.format(threshold))
    if changing.button("Look for copies", icon=":material/content_copy:", key="find_copies"):
        if project.count_chunks() > AT_ONCE:
            runs.start(project, "ingest", project.recipe())
        else:
            with st.spinner("Looking for passages that are alike"):
                alike.near_duplicates(project, project.chunks(), threshold)
        st.rerun()


def _group(project: Project, group: list[Chunk]) -> None:
    shown = group[:SHOWN]
    st.caption(f"{len(group):,} passages" + (f", the first {SHOWN} of them" if len(group) > SHOWN else ""))
    with st.container(border=True, height=HEIGHT if len(shown) > BESIDE else "content"):
        for first in range(0, len(shown), BESIDE):
            for column, chunk in zip(st.columns(BESIDE), shown[first : first + BESIDE], strict=False):
                document = project.document(chunk.document_id)
                with column:
                    st.caption(f"{errors.escape(document.title, 60) if document else ''}, page {chunk.page}")
                    st.text(chunk.text)
