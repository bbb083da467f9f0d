"""Pairs as files to keep: CSV for a spreadsheet, JSON lines for everything else."""

from __future__ import annotations

import csv
import hashlib
import io
import json

import streamlit as st

from core.project import Project
from core.schema import Pair

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")  # a spreadsheet would run what follows
COLUMNS = ("question", "passage", "document", "page", "kind", "asked_by_people", "kept_for_judging", "state", "reason", "part")


def rows(project: Project) -> list[dict[str, object]]:
    """Return every pair with its first passage's text and place."""
    chunks = {chunk.id: chunk for chunk in project.chunks()}
    titles = {document.id: document.title for document in project.documents()}

    def row(pair: Pair) -> dict[str, object]:
        chunk = next((chunks[c] for c in pair.positives if c in chunks), None)
        values = (
            pair.query,
            chunk.text if chunk else "",
            titles.get(pair.document_id, ""),
            chunk.page if chunk else "",
            pair.generator,
            pair.people,
            pair.judge_only,
            pair.state.value,
            pair.reason,
            pair.part.value,
        )
        return dict(zip(COLUMNS, values, strict=True))

    return [row(pair) for pair in project.pairs()]


def as_csv(table: list[dict[str, object]]) -> bytes:
    """Return rows as CSV; a cell that a spreadsheet would take for a formula gets an apostrophe in front."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for row in table:
        writer.writerow({k: f"'{v}" if isinstance(v, str) and v.startswith(FORMULA) else v for k, v in row.items()})
    return text.getvalue().encode("utf-8-sig", "replace")


def as_lines(table: list[dict[str, object]]) -> bytes:
    """Return rows as JSON, one a line, exactly as they are."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table).encode("utf-8", "replace")


def downloads(project: Project) -> None:
    """Offer all pairs as files, made when they are asked for."""
    folded = st.expander("Download the pairs", icon=":material/download:", on_change="rerun", key="pairs_download")
    if not folded.open:
        return
    table = rows(project)
    with folded, st.container(horizontal=True):
        for label, data, ending in (("CSV, for a spreadsheet", as_csv(table), "csv"), ("JSON lines", as_lines(table), "jsonl")):
            # Streamlit tells big downloads apart by samples of their bytes, so the name carries the hash of all of them.
            name = f"pairs-{hashlib.sha256(data).hexdigest()[:12]}.{ending}"
            st.download_button(label, data, file_name=name, key=f"download_{ending}", on_click="ignore")
