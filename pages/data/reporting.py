"""The statistics as a file to keep or to send."""

from __future__ import annotations

import hashlib

import streamlit as st

from core.project import Project
from core.statistics import Statistics, maps
from core.statistics.report import report


def download(project: Project, found: Statistics) -> None:
    """Offer the report as one HTML file, made when it is asked for."""
    folded = st.expander("Download the report", icon=":material/download:", on_change="rerun", key="statistics_download")
    if not folded.open:
        return
    with folded:
        st.markdown("One HTML file with these numbers and charts, which opens anywhere, without a network.")
        texts = st.checkbox("With passages' own words", key="report_texts", help="Otherwise only titles, themes and numbers are in it.")
        made = report(project, found, maps.known(project, project.recipe()), texts=texts).encode("utf-8", "replace")
        name = f"statistics-{hashlib.sha256(made).hexdigest()[:12]}.html"
        st.download_button("HTML report", made, file_name=name, mime="text/html", key="download_report", on_click="ignore")
