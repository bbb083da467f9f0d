"""Evaluate: is it better, by how much, for whose questions, and what now?"""

from __future__ import annotations

import streamlit as st

from pages.results import choosing, testset, verdicts
from pages.widgets import changing, charts, errors, frame, live

project = frame.open_project("Evaluate", needs="model")
live.progress(project, "train")
live.progress(project, "evaluate")
run = choosing.choose(project)
evaluation = project.evaluation(run.id)
if evaluation is None:
    st.markdown("This model has not been judged yet. Judging takes about a minute.")
    if changing.button("Judge this model", type="primary", key="judge"):
        with errors.shown():
            verdicts.judge(project, run)
    st.stop()

current = project.test_set()
if current and current.digest != evaluation.test_digest:
    st.warning(
        "The questions it was judged by were replaced since. The figures below are kept for the record.",
        title="This verdict is out of date",
        icon=":material/history:",
    )
    if changing.button("Judge this model again", type="primary", key="judge_again"):
        with errors.shown():
            verdicts.judge(project, run)

verdicts.headline(evaluation)
verdict, systems = verdicts.questions_of(evaluation)
charts.verdict(verdict)
verdicts.meaning(verdict, systems)
verdicts.next_step(evaluation.verdict)

st.header("Every way to search", anchor=False)
metrics = list(systems[0].metrics) if systems else []
metric = st.segmented_control("Measure", metrics, default=verdict.metric, key="metric", help=verdicts.MEASURES) or verdict.metric
charts.systems(systems, metric)
verdicts.keyword_note(systems, verdict.metric)

st.header("Won and lost questions", anchor=False)
verdicts.questions(project, evaluation)

st.header("The questions that judge", anchor=False)
testset.show(project, evaluation)
