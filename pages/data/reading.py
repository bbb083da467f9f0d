"""How one file was read, and how a person corrects it."""

from __future__ import annotations

import streamlit as st

from core import ingest
from core.loaders.table import DELIMITERS, ENCODINGS, ROLES
from core.project import Project
from core.schema import File, TableReading
from pages.data import taking
from pages.widgets import changing, errors, frame, stages, tables

FREE = "free field"


def password(project: Project, file: File) -> None:
    """Ask for a file's password, which is used once and kept nowhere."""
    with st.form(f"password_{file.id}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input(
            "Password of this file", type="password", key=f"typed_{file.id}", help="Used once, to read the file. It is not kept."
        )
        if changing.form_submit_button("Open the file") and typed:
            again(project, file, secret=typed)


def table(project: Project, file: File) -> None:
    """Show a table's first rows and what its columns were taken for, each of which can be corrected."""
    st.text(file.detail)
    names = list(file.preview[0]) if file.preview else list(file.reading.columns)
    tables.plain(
        {name: [row.get(name, "") for row in file.preview] for name in names},
        alt="The first rows of the table",
        settings={name: st.column_config.TextColumn(width="medium") for name in names},
    )
    roles = ["", *ROLES]
    with st.form(f"reading_{file.id}", border=False):
        with st.container(horizontal=True):
            encoding = st.selectbox("Encoding", _with(list(ENCODINGS), file.reading.encoding), key=f"encoding_{file.id}")
            delimiter = st.selectbox(
                "Columns are parted by", _with(list(DELIMITERS), file.reading.delimiter), format_func=_sign, key=f"delimiter_{file.id}"
            )
        with st.grid(4):
            chosen = {
                name: st.selectbox(
                    f"Column {errors.escape(name, 40)}",
                    roles,
                    index=roles.index(file.reading.columns.get(name, "")),
                    format_func=lambda role: role.capitalize() if role else FREE.capitalize(),
                    key=f"role_{file.id}_{i}",
                )
                for i, name in enumerate(names)
            }
        st.caption("  \n".join(f"**{role.capitalize()}**: {help}" for role, help in ROLES.items()))
        if changing.form_submit_button("Read the table again"):
            same = (encoding, delimiter) == (file.reading.encoding, file.reading.delimiter)
            # With another delimiter the columns are others, so they are guessed afresh.
            columns = {name: role for name, role in chosen.items() if role} if same else {}
            again(project, file, table=TableReading(encoding, delimiter, columns))


def again(project: Project, file: File, *, secret: str = "", table: TableReading | None = None) -> None:
    """Read one file again, cut it anew, and draw the page with what was found."""
    with errors.shown(), st.spinner("Reading the file"):
        read = ingest.reread(project, file.id, password=secret, reading=table)
        taking.prepare(project)
        frame.notice(f"{read.name}: {read.state.value}")
        st.rerun()


def metadata(project: Project) -> None:
    """Take dates, authors, groups and languages from a table with a column of file names."""
    st.markdown("A CSV with a column **file** and any of **title, date, author, group, language**. Other columns are kept as free fields.")
    given = st.file_uploader("Table about the files", type=["csv", "tsv"], key="metadata")
    if given and changing.button("Take it in", key="take_metadata"):
        with errors.shown():
            report = ingest.read_metadata(project, given.getvalue())
            st.success(f"{stages.counted(len(report.matched), 'file')} matched.", icon=":material/check:")
            if report.unmatched:
                st.caption("No file has one of these names:")
                st.code("\n".join(report.unmatched), language=None)


def remove(project: Project, files: list[File]) -> None:
    """Take files out of the project."""
    names = {file.id: file.name for file in files}
    chosen = st.multiselect("Files", list(names), format_func=names.__getitem__, key="to_remove")
    st.caption("Their passages go with them. Their questions are set aside and come back if the same file is added again.")
    if changing.button("Remove", disabled=not chosen, icon=":material/delete:", key="remove_files"):
        for file_id in chosen:
            project.remove_file(file_id)
        frame.notice(f"{len(chosen)} removed")
        st.rerun()


def _with(options: list[str], found: str) -> list[str]:
    return [found, *[option for option in options if option != found]] if found else options


def _sign(delimiter: str) -> str:
    return DELIMITERS.get(delimiter, delimiter).capitalize()
