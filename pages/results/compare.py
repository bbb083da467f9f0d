"""Compare: what do I get for this question, before and after?"""

from __future__ import annotations

import streamlit as st

from core import compare
from core.rerankers import RERANKERS
from pages.results import choosing, searching, verdicts
from pages.training import methods
from pages.widgets import errors, frame

MOST = 20

project = frame.open_project("Compare", needs="model")
run = choosing.choose(project)
st.markdown("Type a question as somebody would type it into a search box. Both models search the same passages.")
methods.index_stays(run)

frozen = project.test_set()
asked = sorted({question.query for question in frozen.questions if question.people} if frozen else ())
if asked:
    example = st.selectbox(
        "A question that it was judged by",
        asked,
        index=None,
        placeholder="Pick one, or type your own below",
        key="example",
        on_change=searching.take,
    )
tuned = {f"{compare.RUN}{own.id}": f"{own.title}, {verdicts.when(own.made)}" for own in compare.tuned_rerankers(project)}
with st.form("compare"):
    query = st.text_input("Your question", key="query", placeholder="How many days off do I get?")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reranker = st.selectbox(
            "Then put the first hits in a new order by",
            ["", *RERANKERS, *tuned],
            format_func=lambda name: tuned.get(name) or (RERANKERS[name].label if name else "Nothing"),
            key="reranker",
            help="  \n".join(f"**{choice.label}**: {choice.help}" for choice in RERANKERS.values()),
        )
        k = st.number_input("Passages shown", 1, MOST, 5, key="shown")
        pressed = st.form_submit_button("Search", type="primary", icon=":material/search:")

with errors.shown():
    wanted = (project.id, run.id, query, reranker, k)
    if pressed or st.session_state.pop("search_now", False):
        st.session_state["comparison"] = (wanted, searching.search(project, run, query, reranker, k))
held = st.session_state.get("comparison")
if held and held[0][:2] == (project.id, run.id):
    found: compare.Comparison = held[1]
    searching.show(project, found)
    frame.next_step("publish", "Use or publish the model")
