"""Pairs as files to keep: CSV for a spreadsheet, JSON lines and Parquet for everything else."""

from __future__ import annotations

import hashlib

import streamlit as st

from core import export
from core.project import Project

LABELS = {"csv": "CSV, for a spreadsheet", "jsonl": "JSON lines", "parquet": "Parquet"}


def downloads(project: Project) -> None:
    """Offer all pairs as files, made when they are asked for."""
    folded = st.expander("Download the pairs", icon=":material/download:", on_change="rerun", key="pairs_download")
    if not folded.open:
        return
    with folded, st.container(horizontal=True):
        for ending, label in LABELS.items():
            data = export.pairs_table(project, ending)
            # Streamlit tells big downloads apart by samples of their bytes, so the name carries the hash of all of them.
            name = f"pairs-{hashlib.sha256(data).hexdigest()[:12]}.{ending}"
            st.download_button(label, data, file_name=name, key=f"download_{ending}", on_click="ignore")
