"""Documents: what was given, and was all of it readable?"""

from __future__ import annotations

import streamlit as st

from core import runs
from core.project import Project
from core.schema import File, FileState
from pages.data import cleaning, importing, reading, recognising, taking
from pages.widgets import changing, errors, frame, live, stages, tables

KINDS = ["pdf", "csv", "tsv", "txt", "md"]
CARDS = 10  # files with a card of their own; the table has them all

project = frame.open_project("Documents")
taking.upload(project, KINDS)
live.progress(project, "ingest")


def all_files(files: list[File]) -> None:
    tables.plain(
        {
            "File": [file.name for file in files],
            "State": [file.state.value.capitalize() for file in files],
            "What was found": [file.detail for file in files],
            "Size": [stages.size(file.size) for file in files],
        },
        alt="The files of this project and how reading each of them ended",
        settings={"What was found": st.column_config.TextColumn(width=420), "File": st.column_config.TextColumn(width="medium")},
    )


def unread(project: Project, files: list[File]) -> None:
    for file in files[:CARDS]:
        with st.container(border=True):
            st.badge(file.state.value.capitalize(), icon=":material/error:", color="orange")
            st.text(file.name)
            st.text(file.detail)
            if file.state is FileState.PASSWORD:
                reading.password(project, file)
    if len(files) > CARDS:
        st.caption(f"{len(files) - CARDS} more are in the table above.")


files = project.files()
if not files:
    st.caption("Start with a handful of files that people ask about: a handbook, a policy, a list of questions and answers.")
    with st.expander("Or begin with pairs of questions and passages from a file", icon=":material/upload_file:"):
        importing.form(project)
    st.stop()

waiting = [file for file in files if file.state is FileState.WAITING]
if waiting and not stages.active(project, "ingest"):
    st.warning(
        "Nothing is lost: their bytes are kept.",
        title=f"{stages.counted(len(waiting), 'file')} not read yet",
        icon=":material/hourglass_empty:",
    )
    if changing.button("Finish reading", type="primary", key="finish_reading"):
        with errors.shown():
            runs.start(project, "ingest", project.recipe())
            st.rerun()
trouble = [file for file in files if file.state not in (FileState.READ, FileState.WAITING)]
texts = sum(file.documents for file in files)
known = f"{len(files) - len(trouble):,} of {len(files):,} files could be read" if trouble else stages.counted(len(files), "file")
st.subheader(
    f"{known}, {stages.counted(texts, 'text')} to search" if texts else known, anchor=False, help="A row of a table is a text of its own."
)
all_files(files)
recognising.offer(project)
unread(project, trouble)
for file in [file for file in files if file.kind == "table" and file.state is FileState.READ][:CARDS]:
    with st.expander(f"How {errors.escape(file.name, 60)} was read", icon=":material/table:"):
        reading.table(project, file)
with st.expander("How texts are cleaned", icon=":material/cleaning_services:"):
    cleaning.settings(project, files)
with st.expander("Dates, authors and groups from a table", icon=":material/sell:"):
    reading.metadata(project)
with st.expander("Remove files", icon=":material/delete:"):
    reading.remove(project, files)
if stages.has(project, "chunks"):
    frame.next_step("chunks", "Look at the passages")
