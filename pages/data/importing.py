"""Pairs from a file: what is recognised in it is shown before it is taken."""

from __future__ import annotations

import streamlit as st

from core import imports
from core.loaders.parsed import Parsed
from core.project import Project
from pages.widgets import errors, frame, tables

ENDINGS = ["csv", "tsv", "jsonl", "json", "parquet"]
SHOWN = 8


def form(project: Project) -> None:
    """Ask for a file of pairs, show what it holds, and take it in."""
    st.markdown(
        "Bring pairs that were made elsewhere, or that you exported here. A passage that the project has is found again; the others "
        "become texts of the project.",
        help="Columns called query and passage, question and answer, or anchor and positive are recognised, with negatives, score, "
        "category and year beside them; also sentence with similar, almost_similar and dissimilar.",
    )
    given = st.file_uploader("File of pairs", type=ENDINGS, key="pairs_file")
    if given is None:
        return
    with errors.shown():
        found = imports.look(given.name, given.getvalue())
        preview(found)
        people = st.checkbox(
            "People asked these questions",
            key="import_people",
            help="Then they judge without the word “practice”. What the file says of a row counts too.",
        )
        if st.button("Import", key="import_pairs", icon=":material/download_for_offline:"):
            take(project, given.name, given.getvalue(), people)


def preview(found: Parsed) -> None:
    """Draw the first pairs as they were understood, and the rows that cannot be taken."""
    st.caption(errors.escape(found.detail))
    rows = found.rows[:SHOWN]
    tables.plain(
        {
            "Question": [row.query for row in rows],
            "Passage": [" ".join(row.passages[0].split())[:200] for row in rows],
            "Right": [row.score for row in rows],
            "More passages": [len(row.passages) - 1 for row in rows],
            "Negatives": [len(row.negatives) for row in rows],
            "Group": [row.group or row.category for row in rows],
        },
        alt="The first pairs of the file as they were understood",
        settings={"Question": st.column_config.TextColumn(width="medium"), "Passage": st.column_config.TextColumn(width="medium")},
    )
    if found.refused:
        with st.expander(f"Rows that cannot be taken ({len(found.refused)} shown)", icon=":material/block:"):
            st.text("\n".join(found.refused))


def take(project: Project, name: str, data: bytes, people: bool) -> None:
    """Import a file and stay until it is in."""
    bar = st.progress(0.0)

    def progress(fraction: float, words: str) -> None:
        bar.progress(min(1.0, fraction), text=errors.escape(words))

    try:
        report = imports.take(project, name, data, people=people, progress=progress)
    finally:
        bar.empty()
    told = f"{report.added:,} pairs added"
    told += f", {report.known:,} were there" if report.known else ""
    frame.notice(f"{told}. {report.passages:,} passages are new." if report.passages else f"{told}.")
    st.rerun()
