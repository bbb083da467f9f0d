"""Which of the project's models a page of results is about."""

from __future__ import annotations

import streamlit as st

from core import runs
from core.project import Project
from core.runs.folder import Run
from pages.results.verdicts import name


def model_runs(project: Project) -> list[Run]:
    """Return the training runs that ended with a model, newest first."""
    return [run for run in runs.runs(project) if run.kind == "train" and run.model]


def choose(project: Project) -> Run:
    """Return the model in question: the newest that was judged, or the one that the person picks."""
    by_id = {run.id: run for run in model_runs(project)}
    if len(by_id) == 1:
        return next(iter(by_id.values()))
    judged = {run_id for run_id, *_ in project.evaluated()}
    if st.session_state.get("model") not in by_id:
        st.session_state["model"] = next((run_id for run_id in by_id if run_id in judged), next(iter(by_id)))
    picked = st.selectbox(
        "Model", list(by_id), format_func=lambda run_id: name(by_id[run_id]), key="model", width=420, persist_state="session"
    )
    return by_id[picked]
