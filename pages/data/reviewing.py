"""Going over the pairs: as a table where many are decided at once, or one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st

from core import generators, pairs
from core.digest import short
from core.generators import kinds
from core.project import PairFilter, Project
from core.schema import Pair, PairState, Part
from pages.data import exporting, judging
from pages.data.filtering import PARTS, filters
from pages.widgets import changing, errors, frame, person, tables

ROWS = 15
SHORT = {"columns": "Came along", "llm": "Language model", "typed": "Typed", "marked": "Marked"}
LOCKED = ["Passage", "Kind", "Part", "Why", "Decided"]


def by_people(project: Project) -> int:
    """Count the kept pairs that people asked."""
    return project.count_pairs(PairFilter(state=PairState.KEPT, people=True))


def panel(project: Project) -> None:
    """Draw the filters, what fits them in one way or the other, and what was decided last."""
    only = filters(project)
    total = project.count_pairs(only)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        mode = st.segmented_control(
            "View", ["Table", "One at a time"], default="Table", key="pairs_view", label_visibility="collapsed", required=True
        )
        judging.steps(project)
    if not total:
        st.markdown("No pair fits these filters.")
    elif mode == "Table":
        table(project, only, total)
    else:
        judging.one(project, only, total)
    history(project)
    exporting.downloads(project)


def table(project: Project, only: PairFilter, total: int) -> None:
    """Draw a page of pairs; every change is saved as it is made."""
    slot = st.container()
    shown = project.pairs(only, limit=ROWS, offset=tables.offset(total, "pairs_page", rows=ROWS))
    key = f"pairs_{short([(pair.id, pair.decided) for pair in shown])}"
    with slot:
        st.data_editor(
            _rows(project, shown),
            hide_index=True,
            key=key,
            height="content",
            disabled=LOCKED,
            alt="Pairs that fit the filters, with a box to keep or drop each, and one to pick several",
            column_config={
                "Pick": st.column_config.CheckboxColumn(
                    width="small", help="Pick several to decide at once; one alone is shown whole below."
                ),
                "Keep": st.column_config.CheckboxColumn(width="small", help="Untick to drop the pair. It can be kept again."),
                "Question": st.column_config.TextColumn(width=280, required=True, help="Click twice to reword it."),
                "Why": st.column_config.TextColumn(width=130, help="Why it is not used, or what the quality check remarks on."),
                "Passage": st.column_config.TextColumn(width=200),
            },
        )
        with errors.shown():
            if _save(project, shown, key):
                st.rerun()
    st.caption("Ticks and new wordings are saved at once.")
    picked = [shown[int(row)] for row, changes in st.session_state[key]["edited_rows"].items() if changes.get("Pick")]
    _many(project, only, total, picked)
    if len(picked) == 1:
        judging.whole(project, picked[0])


def _many(project: Project, only: PairFilter, total: int, picked: list[Pair]) -> None:
    """Draw the buttons that keep or drop what is picked, or all that fits the filters."""
    which: PairFilter | list[str] = [pair.id for pair in picked] or only
    what = f"the {len(picked):,} picked" if picked else f"all {total:,} that fit"
    with st.container(horizontal=True):
        for state, word in ((PairState.KEPT, "Keep"), (PairState.DROPPED, "Drop")):
            changing.button(
                f"{word} {what}", key=f"many_{word}", on_click=_decide, args=(project, which, state), help="One step, which can be undone."
            )


def _decide(project: Project, which: PairFilter | list[str], state: PairState) -> None:
    with errors.kept():
        changed = pairs.judge(project, which, state, who=person.name())
        frame.notice(f"{changed:,} pairs {state.value}.")


def history(project: Project) -> None:
    """Draw what was decided last, by whom and when."""
    steps = project.decisions(10)
    if not steps:
        return
    with st.expander("What was decided last", icon=":material/history:"):
        when: Callable[[float], str] = lambda at: time.strftime("%d %b %H:%M", time.localtime(at))  # noqa: E731
        tables.plain(
            {
                "When": [when(step.at) for step in steps],
                "Who": [step.who for step in steps],
                "What": [step.what.capitalize() for step in steps],
                "Pairs": [step.pairs for step in steps],
                "Undone": [step.undone for step in steps],
            },
            alt="The last decisions about pairs",
            height="content",
        )


def _rows(project: Project, shown: list[Pair]) -> dict[str, list[object]]:
    texts = [project.chunk(next(iter(pair.positives), "")) for pair in shown]
    return {
        "Pick": [False] * len(shown),
        "Keep": [pair.state is PairState.KEPT for pair in shown],
        "Question": [pair.query for pair in shown],
        "Why": [pair.reason for pair in shown],
        "Passage": [" ".join(chunk.text.split())[:200] if chunk else "" for chunk in texts],
        "Kind": [_kind(pair) for pair in shown],
        "Part": [PARTS[pair.part] if pair.part is not Part.NONE else "" for pair in shown],
        "Decided": [judging.decided(pair) for pair in shown],
    }


def _kind(pair: Pair) -> str:
    """Return what made a pair, and of a language model's questions which kind it was asked for."""
    made = SHORT.get(pair.generator, generators.label(pair.generator))
    return f"{made}: {kinds.label(pair.category).lower()}" if pair.generator == "llm" and pair.category else made


def _save(project: Project, shown: list[Pair], key: str) -> bool:
    """Save what was just changed and say whether there was anything.

    The editor hands over all changes of its page every time, so those that were saved before are skipped.
    """
    done = st.session_state.setdefault(f"saved_{key}", {})
    edited = [(row, column, value) for row, changes in st.session_state[key]["edited_rows"].items() for column, value in changes.items()]
    fresh = [(row, column, value) for row, column, value in edited if column != "Pick" and done.get((row, column)) != value]
    for row, column, value in fresh:
        done[row, column] = value
        pair = shown[int(row)]
        if column == "Keep":
            pairs.judge(project, [pair.id], PairState.KEPT if value else PairState.DROPPED, who=person.name())
        elif value is not None:
            pairs.edit(project, pair.id, value, who=person.name())
    return bool(fresh)
