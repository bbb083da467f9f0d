"""Pairs from a file: what is recognised in it is shown before it is taken, and afterwards what came of it."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core import imports, runs
from core.loaders.parsed import Parsed
from core.project import Project
from core.runs.record import Upload
from core.schema import RunState
from pages.widgets import changing, errors, frame, tables

ENDINGS = ["csv", "tsv", "jsonl", "json", "parquet"]
SHOWN = 8


def form(project: Project) -> None:
    """Ask for a file of pairs, show what it holds, and take it in; below, what the last one brought."""
    st.markdown(
        "Bring pairs that were made elsewhere, or that you exported here. A passage that the project has is found again; the others "
        "become texts of the project.",
        help="Columns called query and passage, question and answer, or anchor and positive are recognised, with negatives, score, "
        "category and year beside them; also sentence with similar, almost_similar and dissimilar.",
    )
    turn = st.session_state.get("imports", 0)  # a new key empties the field once its file is kept
    given = st.file_uploader("File of pairs", type=ENDINGS, key=f"pairs_file_{turn}")
    if given is None:
        last(project)
        return
    with errors.shown():
        preview(_looked(given))
        people = st.checkbox(
            "People asked these questions",
            key=f"import_people_{turn}",
            help="Then they judge without the word “practice”, and training takes them as real questions. What the file says of a row "
            "counts too.",
        )
        if changing.button("Import", key="import_pairs", icon=":material/download_for_offline:"):
            runs.start(project, "import", project.recipe(), upload=Upload(given.name, project.put_blob(given.getvalue()), people))
            st.session_state["imports"] = turn + 1
            frame.notice("The pairs are being added. The top of the page shows how far.")
            st.rerun()


def _looked(given: UploadedFile) -> Parsed:
    """Return what a file holds, with the rows that are shown; it is read once while it is looked at."""
    seen = st.session_state.get("import_looked")
    if seen is None or seen[0] != given.file_id:
        found = imports.look(given.name, given.getvalue())
        seen = st.session_state["import_looked"] = (given.file_id, replace(found, rows=found.rows[:SHOWN]))
    looked: Parsed = seen[1]
    return looked


def preview(found: Parsed) -> None:
    """Draw the first pairs as they were understood, and the rows that cannot be taken."""
    st.caption(errors.escape(found.detail))
    rows = found.rows
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


def last(project: Project) -> None:
    """Say what the last import that ended well added, and which rows it could not take."""
    run = runs.latest(project, "import", RunState.DONE)
    report = imports.report(run.result()) if run else None
    if run is None or report is None:
        return
    with st.container(border=True):
        st.text(run.title)
        st.markdown(report.told)
        if report.refused:
            with st.expander(f"Rows that were not taken ({len(report.refused)} shown)", icon=":material/block:"):
                st.text("\n".join(report.refused))
