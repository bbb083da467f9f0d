"""Attune in the browser, page by page in the order of the work: `streamlit run app.py` opens it.

The pages lie in pages/<section>/; each file's name is its address, so the names are unique. The script that Streamlit
runs for every visitor is pages/widgets/shell.py: it lies away from pages/, or the first link to a fresh server would
open the bare page without this table.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.widgets import errors

PAGES = {
    "": [
        ("start", "Start", "home", "Your projects, and where to begin."),
    ],
    "Data": [
        ("documents", "Documents", "description", "Add files and see whether all of them could be read."),
        ("chunks", "Chunks", "view_agenda", "How the text is cut into passages, and what they are about."),
        ("pairs", "Pairs", "forum", "The questions that the model learns from and is judged by."),
        ("statistics", "Statistics", "bar_chart", "What is in here, and what is missing."),
    ],
    "Training": [
        ("train", "Train", "tune", "What will be done, and how long it takes on this machine."),
        ("runs", "Runs", "monitoring", "What is happening now, and what happened before."),
    ],
    "Results": [
        ("evaluate", "Evaluate", "balance", "Whether the tuned model is better, by how much, and for whose questions."),
        ("compare", "Compare", "compare_arrows", "What a question finds before and after tuning."),
        ("publish", "Publish", "upload", "Use, download or publish the model."),
    ],
}

app = st.App(Path(__file__).parent / "pages" / "widgets" / "shell.py", on_script_error=errors.show)
