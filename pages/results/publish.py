"""Publish: who gets what, exactly, and is it safe?"""

from __future__ import annotations

import streamlit as st

from core.publish import card
from core.schema import VerdictWord
from pages.results import choosing, sending
from pages.training import methods
from pages.widgets import errors, frame

project = frame.open_project("Publish", needs="model")
run = choosing.choose(project)
evaluation = project.evaluation(run.id)
if evaluation and evaluation.verdict.word in (VerdictWord.WORSE, VerdictWord.NO_DIFFERENCE):
    st.warning("Keep the base model, unless you have a reason of your own.", title="The verdict found no gain", icon=":material/balance:")
elif evaluation is None:
    st.warning("Judge it on the Evaluate page first.", title="Nobody knows yet whether this model is better", icon=":material/balance:")

published = [publication for publication in project.publications() if publication.run_id == run.id]
st.header("Use my model", anchor=False)
place = published[0].repo if published else str(run.model)
st.code(card.snippet(place), language="python")
methods.index_stays(run)

st.header("Take it along", anchor=False)
sending.download(project, run)

st.header("Publish it on a model hub", anchor=False)
for publication in published:
    sending.sent(publication)
with errors.shown():
    sending.form(project, run)
