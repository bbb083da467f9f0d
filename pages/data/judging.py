"""One pair at a time, read whole and decided by a key; and undo and redo, wherever pairs are decided."""

from __future__ import annotations

import time

import streamlit as st

from core import generators, pairs
from core.project import PairFilter, Project
from core.schema import Pair, PairState
from pages.data.filtering import PARTS
from pages.widgets import changing, errors, frame, person

AT = "pair_at"  # how many pairs lie before the one in view


def one(project: Project, only: PairFilter, total: int) -> None:
    """Draw the pair in view with its passage, and the keys that decide it."""
    at = st.session_state[AT] = max(0, min(st.session_state.get(AT, 0), total - 1))
    pair = next(iter(project.pairs(only, 1, at)))
    with st.container(horizontal=True, vertical_alignment="center"):
        for state, word, key in ((PairState.KEPT, "Keep", "K"), (PairState.DROPPED, "Drop", "D")):
            changing.button(word, shortcut=key, key=f"one_{word}", on_click=_decide, args=(project, only, pair.id, state))
        for word, key, step in (("Next", "J", 1), ("Back", "H", -1)):
            st.button(word, shortcut=key, key=f"one_{word}", on_click=_go, args=(at + step,), disabled=not 0 <= at + step < total)
        st.caption(f"{at + 1:,} of {total:,}")
    whole(project, pair)


def whole(project: Project, pair: Pair) -> None:
    """Draw a pair as plain text, its passages unshortened."""
    with st.container(border=True):
        st.caption("Question")
        st.text(pair.query)
        for chunk in filter(None, map(project.chunk, pair.positives)):
            document = project.document(chunk.document_id)
            st.caption(f"Passage: {errors.escape(document.title if document else '', 80)}, page {chunk.page}")
            st.text(chunk.text)
        said = [pair.state.value.capitalize(), pair.reason, generators.label(pair.generator), PARTS[pair.part], decided(pair)]
        st.caption(errors.escape(" · ".join(filter(None, said))))


def decided(pair: Pair) -> str:
    """Return who decided about a pair, and when."""
    return f"{pair.who}, {time.strftime('%d %b %H:%M', time.localtime(pair.decided))}".lstrip(", ") if pair.decided else ""


def steps(project: Project) -> None:
    """Draw the buttons that take the last decision back and do it again."""
    with st.container(horizontal=True, width="content"):
        changing.button(
            "Undo", shortcut="U", key="undo", icon=":material/undo:", on_click=_undo, args=(project,), disabled=not project.to_undo()
        )
        changing.button(
            "Redo", shortcut="Y", key="redo", icon=":material/redo:", on_click=_redo, args=(project,), disabled=not project.to_redo()
        )


def _decide(project: Project, only: PairFilter, pair_id: str, state: PairState) -> None:
    """Decide the pair in view and go on: where it no longer fits the filters, the next one is in its place already."""
    with errors.kept():
        pairs.judge(project, [pair_id], state, who=person.name())
        at = st.session_state[AT]
        st.session_state[AT] = at + any(pair.id == pair_id for pair in project.pairs(only, 1, at))


def _go(at: int) -> None:
    st.session_state[AT] = at


def _undo(project: Project) -> None:
    frame.notice(f"{project.undo():,} pairs are as they were before.")


def _redo(project: Project) -> None:
    frame.notice(f"{project.redo():,} pairs were decided again.")
