"""Train: what will be done, and how long will it take?"""

from __future__ import annotations

import streamlit as st

from core import runs
from pages.training import dial, division, recipefile, rehearsing, reranking, settings, teaching
from pages.widgets import changing, errors, frame, live, routes, stages

project = frame.open_project("Train", needs="pairs")
st.markdown(
    "The model is tuned so that each question lands near the passage that answers it. The untouched base model takes part as well, "
    "and is kept when nothing does better by more than chance."
)
recipe = project.recipe()
division.show(project, recipe)

st.header("How thorough", anchor=False)
above = st.container()
asked = settings.advanced(project, recipe)
teaching.show(project, recipe)
with errors.shown():
    wanted = settings.wanted(recipe, asked)
    with above:
        chosen = dial.choose(project, wanted)
    wanted = settings.turned(wanted, chosen)
    recipefile.show(project, recipe, wanted)
    busy = stages.active(project, "train")
    if changing.button("Start training", type="primary", icon=":material/play_arrow:", disabled=bool(busy), key=live.LEAVING):
        with st.spinner("Dividing the questions and writing the data"):
            project.save_recipe(train=wanted.train, split=wanted.split)
            runs.start(project, "train", wanted, title=wanted.train.run_name or dial.TITLES[chosen])
        routes.go("runs")
    if not live.leaving():
        rehearsing.button(project, wanted)
    if busy:
        routes.link("runs", "A training is under way. The Runs page shows how far it is", icon=":material/monitoring:")
reranking.offer(project, recipe)
