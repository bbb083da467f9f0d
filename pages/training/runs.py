"""Runs: what is happening now, what happened before, and which was best?"""

from __future__ import annotations

import streamlit as st

from core import runs
from pages.training import comparing, history, watching
from pages.widgets import frame, stages

project = frame.open_project("Runs", needs="runs")
working = stages.active(project)
watching.watch(project, [run.id for run in working])
ended = [run for run in runs.runs(project) if run.id not in {r.id for r in working}]
if not working and stages.has(project, "model"):
    frame.next_step("evaluate", "See the verdict")
elif not working:
    frame.next_step("train", "Go to training")
if ended:
    st.header("Before" if working else "All runs", anchor=False)
    comparing.show(project, [run for run in ended if run.kind == "train"])
    history.listing(project, ended)
