"""A verdict in words, tables and next steps."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Literal

import streamlit as st

from core import runs
from core.project import Project
from core.runs.folder import Run
from core.schema import Evaluation, QuestionResult, SystemScores, Verdict, VerdictWord
from pages.widgets import errors, frame, routes, tables

Colour = Literal["green", "gray", "red", "orange"]
LOOKS: Mapping[VerdictWord, tuple[str, str, Colour]] = {
    VerdictWord.BETTER: ("Better", ":material/trending_up:", "green"),
    VerdictWord.NO_DIFFERENCE: ("No clear difference", ":material/trending_flat:", "gray"),
    VerdictWord.WORSE: ("Worse", ":material/trending_down:", "red"),
    VerdictWord.TOO_FEW: ("Too few questions", ":material/help:", "orange"),
}
NEXT = {
    VerdictWord.BETTER: ("compare", "See it on a question of your own"),
    VerdictWord.NO_DIFFERENCE: ("pairs", "Add questions that people asked"),
    VerdictWord.WORSE: ("pairs", "Add questions that people asked"),
    VerdictWord.TOO_FEW: ("pairs", "Add questions that people asked"),
}
MEASURES = (
    "nDCG@10 counts the right passage more the higher it stands among the first ten; 1 is always first, 0 never found. "
    "MRR@10 is one divided by its place. Recall@k is the share of questions whose passage is among the first k."
)
SURE = (
    "How sure the verdict is depends on how many questions there are. Questions on the same passage are won and lost together, so they "
    "count as one, and so do two that a third links. They are resampled together for the interval (cluster bootstrap) and change sides "
    "together in the test (paired permutation test). Counted so, fewer than 20 are too few."
)
PRACTICE = "Practice questions"
PEOPLE = "Questions asked by people"


def name(run: Run) -> str:
    """Return a run's name for a list: its title and when it was made."""
    return f"{run.title} · {when(run.made)}"


def when(seconds: float) -> str:
    """Return a moment as a date and a time."""
    return time.strftime("%d %b %Y, %H:%M", time.localtime(seconds))


def judge(project: Project, run: Run) -> None:
    """Start judging a model by the questions in force."""
    runs.start(project, "evaluate", run.recipe(), title="Judge again", of=run.id)
    st.rerun()


def headline(evaluation: Evaluation) -> None:
    """Show the verdict big and plain, with whose questions decided it."""
    found = evaluation.verdict
    words, icon, colour = LOOKS[found.word]
    with st.container(border=True):
        st.badge(PRACTICE if found.practice else PEOPLE, color="orange" if found.practice else "blue")
        st.header(f":{colour}[{icon} {words}]", anchor=False)
        _, _, told = found.text.partition(": ")  # the heading says the word already
        st.markdown(errors.escape(told if told.startswith(found.metric) else told[:1].upper() + told[1:]))
        if found.practice:
            st.caption(
                "Practice questions were made from the documents, so they share their words. Questions that people asked are a stronger test."
            )
        if found.together and found.word in (VerdictWord.NO_DIFFERENCE, VerdictWord.TOO_FEW):
            st.caption("Questions on passages that none is on yet would show smaller differences. More on the same passages hardly would.")


def questions_of(evaluation: Evaluation) -> tuple[Verdict, Sequence[SystemScores]]:
    """Return the verdict and the scores over the kind of questions that the person looks at; the deciding ones first."""
    other = evaluation.verdict_other
    if other is None:
        return evaluation.verdict, evaluation.systems
    kinds = {PRACTICE if verdict.practice else PEOPLE: verdict for verdict in (evaluation.verdict, other)}
    picked = st.segmented_control("Questions", list(kinds), default=next(iter(kinds)), key="whose") or next(iter(kinds))
    systems = evaluation.systems if kinds[picked] is evaluation.verdict else evaluation.systems_other
    return kinds[picked], systems


def meaning(found: Verdict, systems: Sequence[SystemScores]) -> None:
    """Say in numbers that need no training what changed."""
    hits = {s.system: s.metrics.get("R@10") for s in systems}
    base, tuned = hits.get("base"), hits.get("tuned")
    with st.grid(3):
        counted = f"counted as {found.groups:,}" if found.together else None
        st.metric(
            "Questions", f"{found.questions:,}", counted, delta_color="off", delta_arrow="off", border=True, help=SURE, height="stretch"
        )
        if base and tuned:
            st.metric("Found in the first ten, before", f"{base.mean:.0%}", border=True, height="stretch")
            st.metric("Found in the first ten, after", f"{tuned.mean:.0%}", border=True, height="stretch")


def next_step(found: Verdict) -> None:
    """Draw the button for what to do now."""
    page, label = NEXT[found.word]
    frame.next_step(page, label)
    if found.word is VerdictWord.BETTER:
        routes.link("publish", "Use, download or publish the model", icon=":material/upload:")


def keyword_note(systems: Sequence[SystemScores], metric: str) -> None:
    """Say it aloud when something simpler than tuning does as well or better."""
    means = {s.system: s.metrics[metric].mean for s in systems if metric in s.metrics}
    if not {"base", "tuned"} <= set(means):
        return
    best = max(means["base"], means["tuned"])
    notes = []
    if means.get("bm25", 0.0) > best:
        notes.append(
            "**Keyword search (BM25) alone does better than both models here.** Questions that borrow the passages' words favour it."
        )
    top = max(means, key=means.__getitem__)
    labels = {s.system: s.label for s in systems}
    if top not in ("base", "tuned", "bm25"):
        notes.append(f"The best of all is **{labels[top]}**. It needs no further training, only another way to search with the same model.")
    for note in notes:
        st.info(note, icon=":material/lightbulb:")


def questions(project: Project, evaluation: Evaluation) -> None:
    """Draw the questions by how much they lost or won, worst drops first."""
    change = {q.id: q.ndcg.get("tuned", 0.0) - q.ndcg.get("base", 0.0) for q in evaluation.questions}
    kinds: Mapping[str, list[QuestionResult]] = {
        "Lost": sorted((q for q in evaluation.questions if change[q.id] < 0), key=lambda q: change[q.id]),
        "Won": sorted((q for q in evaluation.questions if change[q.id] > 0), key=lambda q: -change[q.id]),
        "Same": [q for q in evaluation.questions if change[q.id] == 0],
    }
    picked = st.segmented_control(
        "Show", list(kinds), default="Lost", format_func=lambda k: f"{k} {len(kinds[k]):,}", key="won_lost", label_visibility="collapsed"
    )
    listed = kinds[picked or "Lost"]
    if not listed:
        st.markdown("There are none.")
        return
    slot = st.container()
    start = tables.offset(len(listed), f"results_{picked}", rows=10)
    shown = listed[start : start + 10]
    with slot:
        ids = tables.pick(
            {
                "Question": [q.query for q in shown],
                "Place before": [place(q.ranks.get("base", 0)) for q in shown],
                "Place after": [place(q.ranks.get("tuned", 0)) for q in shown],
                "Keyword search": [place(q.ranks.get("bm25", 0)) for q in shown],
                "Change": [round(change[q.id], 3) for q in shown],
                "Asked by": ["people" if q.people else "practice" for q in shown],
            },
            [q.id for q in shown],
            key="results",
            alt="Questions with the place of the right passage before and after tuning",
            settings={"Question": st.column_config.TextColumn(width=330)},
        )
    for question in [q for q in shown if q.id in ids]:
        with st.container(border=True):
            st.caption("The right passage")
            chunk = next((c for c in map(project.chunk, question.relevant) if c), None)
            st.text(chunk.text if chunk else "It is no longer among the documents.")


def place(rank: int) -> str:
    """Return a rank as a person says it."""
    return str(rank) if rank else "beyond 100"
