"""The passages of a project as a table, and one of them in its place on the page."""

from __future__ import annotations

import streamlit as st

from core import themes
from core.project import ChunkFilter, Project
from core.schema import Chunk
from pages.widgets import changing, errors, frame, tables

UNCLASSIFIED = "Unclassified"
ROWS = 10
AROUND = 400  # characters of the page shown before and after a passage


def browse(project: Project) -> None:
    """Draw the filters, a page of the table, and the passage that is picked."""
    only = _filters(project)
    total = project.count_chunks(only)
    if not total:
        st.markdown("No passage fits these filters.")
        return
    names = project.theme_names()
    slot = st.container()
    chunks = project.chunks(only, limit=ROWS, offset=tables.offset(total, "chunks_page", rows=ROWS))
    documents = {document_id: project.document(document_id) for document_id in dict.fromkeys(chunk.document_id for chunk in chunks)}
    titles = {document_id: document.title for document_id, document in documents.items() if document}
    with slot:
        picked = tables.pick(
            {
                "Passage": [" ".join(chunk.text.split())[:160] for chunk in chunks],
                "Document": [titles.get(chunk.document_id, "") for chunk in chunks],
                "Page": [chunk.page for chunk in chunks],
                "Tokens": [chunk.tokens for chunk in chunks],
                "Theme": [names.get(chunk.theme_id, UNCLASSIFIED) for chunk in chunks],
            },
            [chunk.id for chunk in chunks],
            key="chunks",
            alt="Passages that fit the filters; pick one to read it in its place",
            settings={
                "Passage": st.column_config.TextColumn(width=320),
                "Document": st.column_config.TextColumn(width=120),
                "Page": st.column_config.NumberColumn(width=50),
                "Tokens": st.column_config.NumberColumn(width=60),
                "Theme": st.column_config.TextColumn(width=230),
            },
        )
    shown = project.chunk(picked[0] if picked else st.session_state.get("chunk_id", ""))
    if shown:
        document = project.document(shown.document_id)
        detail(project, shown, document.title if document else "")
    else:
        st.caption("Tick a row to read the passage in its place.")


def _filters(project: Project) -> ChunkFilter:
    files = {file.id: file.name for file in project.files()}
    names = project.theme_names()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input("Search", type="search", key="chunks_search", placeholder="Words in the text")
        file = st.selectbox("File", [None, *files], format_func=lambda f: files.get(f, "All files"), key="chunks_file")
        theme = st.selectbox(
            "Theme", [None, "", *names], format_func=lambda t: "All themes" if t is None else names.get(t, UNCLASSIFIED), key="chunks_theme"
        )
    return ChunkFilter(search=search, theme_id=theme, file_id=file)


def detail(project: Project, chunk: Chunk, title: str) -> None:
    """Show a passage between what stands before and after it, and let the person change its theme."""
    text = project.text(chunk.document_id)
    with st.container(border=True):
        st.text(title)
        pages = f"page {chunk.page}" if chunk.page == chunk.page_end else f"pages {chunk.page} to {chunk.page_end}"
        st.caption(f"{pages} · {chunk.tokens} tokens · {errors.escape(chunk.heading, 80)}".rstrip(" ·"))
        before, after = text[max(0, chunk.start - AROUND) : chunk.start], text[chunk.end : chunk.end + AROUND]
        if before.strip():
            st.caption(f"… {errors.escape(before)}")
        with st.container(border=True):
            st.text(chunk.text)
        if after.strip():
            st.caption(f"{errors.escape(after)} …")
        names = {"": UNCLASSIFIED, **project.theme_names()}
        with st.container(horizontal=True, vertical_alignment="bottom"):
            theme = st.selectbox(
                "Theme of this passage",
                list(names),
                index=list(names).index(chunk.theme_id) if chunk.theme_id in names else 0,
                format_func=names.__getitem__,
                key=f"theme_of_{chunk.id}",
                width=320,
            )
            if changing.button("Move", disabled=theme == chunk.theme_id, key=f"move_{chunk.id}"):
                themes.move(project, [chunk.id], theme)
                st.session_state["chunk_id"] = chunk.id
                frame.notice("The passage was moved.")
                st.rerun()
