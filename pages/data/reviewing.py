"""The pairs as a table where each can be kept, dropped or reworded, and a form for one's own questions."""

from __future__ import annotations

import streamlit as st

from core import pairs
from core.digest import short
from core.generators import GENERATORS
from core.project import ChunkFilter, PairFilter, Project
from core.schema import Pair, PairState, Part
from pages.widgets import errors, frame, tables

STATES = {None: "Kept and dropped", PairState.KEPT: "Kept", PairState.DROPPED: "Dropped"}
PARTS = {
    None: "All parts",
    Part.TRAIN: "For learning",
    Part.DEV: "For choosing",
    Part.TEST: "For judging",
    Part.GAP: "Set aside",
    Part.NONE: "Not divided yet",
}
ROWS = 15
SHORT = {"columns": "Came along", "llm": "Language model", "typed": "Typed", "marked": "Marked"}
BY_HAND = {"typed": "Typed by hand", "marked": "Kept for judging by hand"}


def by_people(project: Project) -> int:
    """Count the kept pairs that people asked."""
    return project.count_pairs(PairFilter(state=PairState.KEPT, people=True))


def kind(generator: str) -> str:
    """Return what made a pair, in words."""
    return GENERATORS[generator].label if generator in GENERATORS else BY_HAND.get(generator, generator)


def table(project: Project) -> None:
    """Draw the filters and a page of pairs; every change is saved as it is made."""
    only = _filters(project)
    total = project.count_pairs(only)
    if not total:
        st.markdown("No pair fits these filters.")
        return
    slot = st.container()
    shown = project.pairs(only, limit=ROWS, offset=tables.offset(total, "pairs_page", rows=ROWS))
    key = f"pairs_{short([pair.id for pair in shown])}"
    with slot:
        st.data_editor(
            _rows(project, shown),
            hide_index=True,
            key=key,
            height="content",
            disabled=["Passage", "Kind", "Part", "Why dropped"],
            alt="Pairs that fit the filters, with a box to keep or drop each",
            column_config={
                "Keep": st.column_config.CheckboxColumn(width="small", help="Untick to drop the pair. It can be kept again."),
                "Question": st.column_config.TextColumn(width=310, required=True, help="Click twice to reword it."),
                "Passage": st.column_config.TextColumn(width=230),
            },
        )
        with errors.shown():
            if _save(project, shown, key):
                st.rerun()
    st.caption("Ticks and new wordings are saved at once.")


def _filters(project: Project) -> PairFilter:
    made = sorted({generator for generator, *_ in project.pair_table()})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input("Search", type="search", key="pairs_search", placeholder="Words in the question")
        generator = st.selectbox("Kind", [None, *made], format_func=lambda g: kind(g) if g else "All kinds", key="pairs_kind")
        state = st.selectbox("State", list(STATES), format_func=STATES.__getitem__, key="pairs_state")
        part = st.selectbox("Used for", list(PARTS), format_func=PARTS.__getitem__, key="pairs_part")
    return PairFilter(search=search, generator=generator, state=state, part=part)


def _rows(project: Project, shown: list[Pair]) -> dict[str, list[object]]:
    passages = {c: project.chunk(c) for pair in shown for c in pair.positives[:1]}
    texts = [passages.get(next(iter(pair.positives), "")) for pair in shown]
    return {
        "Keep": [pair.state is PairState.KEPT for pair in shown],
        "Question": [pair.query for pair in shown],
        "Passage": [" ".join(chunk.text.split())[:200] if chunk else "" for chunk in texts],
        "Kind": [SHORT.get(pair.generator, pair.generator.capitalize()) for pair in shown],
        "Part": [PARTS[pair.part] for pair in shown],
        "Why dropped": ["" if pair.state is PairState.KEPT else pair.reason for pair in shown],
    }


def _save(project: Project, shown: list[Pair], key: str) -> bool:
    """Save what was just changed and say whether there was anything.

    The editor hands over all changes of its page every time, so those that were saved before are skipped.
    """
    done = st.session_state.setdefault(f"saved_{key}", {})
    edited = [(row, column, value) for row, changes in st.session_state[key]["edited_rows"].items() for column, value in changes.items()]
    fresh = [(row, column, value) for row, column, value in edited if done.get((row, column)) != value]
    for row, column, value in fresh:
        done[row, column] = value
        pair = shown[int(row)]
        if column == "Keep":
            pairs.judge(project, [pair.id], PairState.KEPT if value else PairState.DROPPED)
        elif value is not None:
            pairs.edit(project, pair.id, value)
    return bool(fresh)


def by_hand(project: Project) -> None:
    """Ask for a question and the passage that answers it."""
    st.markdown(
        "Questions that people really asked make the best judges. Find the passage that answers yours, tick it, and type the question."
    )
    search = st.text_input("Find the passage", type="search", key="hand_search", placeholder="Words in the passage")
    only = ChunkFilter(search=search)
    total = project.count_chunks(only)
    slot = st.container()
    chunks = project.chunks(only, limit=8, offset=tables.offset(total, "hand_page", rows=8))
    with slot:
        picked = tables.pick(
            {"Passage": [" ".join(chunk.text.split())[:300] for chunk in chunks], "Page": [chunk.page for chunk in chunks]},
            [chunk.id for chunk in chunks],
            key="hand",
            alt="Passages that hold these words; tick the one that answers the question",
            settings={"Passage": st.column_config.TextColumn(width="large")},
        )
    chunk = project.chunk(picked[0] if picked else st.session_state.get("hand_chunk", ""))
    if chunk:
        with st.container(border=True):
            st.text(chunk.text)
    with st.form("by_hand", border=False, clear_on_submit=True):
        query = st.text_input("Question", key="hand_query", disabled=chunk is None)
        only_judge = st.checkbox("Keep for judging, never learn from it", key="hand_judge", disabled=chunk is None)
        if st.form_submit_button("Add the pair", disabled=chunk is None) and chunk:
            with errors.shown():
                pairs.add_by_hand(project, query, chunk.id, judge_only=only_judge)
                frame.notice("The pair was added.")
                st.rerun()
