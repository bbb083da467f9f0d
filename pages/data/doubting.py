"""Hard negatives: how they are found, and the passages of which a person says whether they are answers too."""

from __future__ import annotations

import streamlit as st

from core import runs
from core.negatives import JUDGES
from core.pairs import doubting
from core.project import Project
from core.recipe import NegativeSettings
from pages.widgets import changing, errors, forms, frame, stages

MAIN, FURTHER = ("per_pair", "range_max", "doubts"), ("range_min", "relative_margin", "absolute_margin", "max_score")
ANSWERS = {
    "wrong": ("Not an answer", "close", "It looks like an answer and is none: the model learns to tell it apart."),
    "right": ("Also right", "check", "The question has two right passages. Both are learned as right."),
    "ignore": ("Ignore", "remove", "Hard to say: the passage is used as neither."),
}


def tab(project: Project) -> None:
    """Draw what was found, the open doubts, and the form that looks for more."""
    st.markdown(
        "Passages that look like the answer and are none teach the model most. Some of them are answers after all, and those would "
        "teach it something false: you decide about them here.",
        help="In the literature: hard negatives, and among them false negatives. Until you decide, a doubtful passage is used as neither.",
    )
    _report(project)
    st.fragment(_doubt)(project)
    with st.expander("Find hard negatives", icon=":material/manage_search:", expanded=not _last(project)):
        _form(project, busy=any(stages.active(project, kind) for kind in ("pairs", "gate", "negatives")))


def _last(project: Project) -> dict[str, int]:
    return next((run.result() for run in runs.runs(project) if run.kind == "negatives" and run.result()), {})


def _report(project: Project) -> None:
    found = _last(project)
    if not found:
        return
    total, pairs = project.count_mined()
    told = (
        ("Hard negatives", total, None),
        ("Pairs that have some", pairs, None),
        ("Fewer than asked", found["fewer"], f"{found['asked']} were asked for. These pairs are kept with what was found."),
        ("None at all", found["none"], "They are learned from as before, against the other passages of their batch."),
    )
    for column, (label, number, help) in zip(st.columns(4), told, strict=True):
        column.metric(label, f"{number:,}", border=True, help=help)
    if not project.recipe().train.hard_negatives:
        st.caption("Training leaves them out unless “Hard negatives” under Advanced on the Train page is 1 or more.")


def _doubt(project: Project) -> None:
    """Draw the first open doubt with its three buttons; a decision draws the next one at once."""
    errors.pending()
    left = project.count_open_doubts()
    first = project.open_doubts(1)
    if first:
        case = doubting.shown(project, first[0])
        st.subheader("Does this passage answer the question as well?", anchor=False)
        st.text(case.question)
        for column, (title, body) in zip(st.columns(2), (("The right passage", case.right), ("In doubt", case.doubtful)), strict=True):
            with column.container(border=True, height=260):
                st.caption(title)
                st.text(body)
        with st.container(horizontal=True, vertical_alignment="center"):
            for answer, (label, icon, help) in ANSWERS.items():
                given = (project, case.doubt.pair_id, case.doubt.chunk_id, answer)
                changing.button(label, key=f"doubt_{answer}", icon=f":material/{icon}:", help=help, on_click=_decide, args=given)
            _undo(project)
            st.caption(
                f"{left:,} left. {JUDGES[case.doubt.judge].label}: {case.doubt.score:.2f}, the right passage {case.doubt.own_score:.2f}."
            )
    elif _last(project):
        st.success("No passage is in doubt.", icon=":material/check_circle:")
        _undo(project)


def _undo(project: Project) -> None:
    if project.has_decided_doubts():
        changing.button(
            "Undo", key="doubt_undo", icon=":material/undo:", on_click=_take_back, args=(project,), help="Takes the last decision back."
        )


def _take_back(project: Project) -> None:
    project.undo_doubt()


def _decide(project: Project, pair_id: str, chunk_id: str, answer: str) -> None:
    with errors.kept():
        doubting.decide(project, pair_id, chunk_id, answer)


def _form(project: Project, *, busy: bool) -> None:
    recipe = project.recipe()
    current = recipe.negatives
    names = list(JUDGES)
    judge = st.radio(
        forms.title(NegativeSettings, "judge"),
        names,
        index=names.index(current.judge) if current.judge in names else 0,
        format_func=lambda name: JUDGES[name].label,
        captions=[JUDGES[name].help for name in names],
        help=forms.help(NegativeSettings, "judge"),
        key="negatives_judge",
    )
    changes: dict[str, object] = {"judge": judge}
    for group in (MAIN, FURTHER):
        values = {name: getattr(current, name) for name in group}
        changes |= forms.numbers(NegativeSettings, values, key="negatives", placeholder="None", width=220, across=len(group))
    if judge == "cross_encoder":
        changes["cross_encoder"] = st.text_input(
            forms.title(NegativeSettings, "cross_encoder"), current.cross_encoder, help=forms.help(NegativeSettings, "cross_encoder")
        )
    st.caption(
        "Passages that are kept for choosing and judging are set aside first, as training does it. What was found before is replaced."
    )
    if changing.button("Find hard negatives", disabled=busy, key="find_negatives"):
        with errors.shown():
            wanted = forms.checked(recipe, negatives=changes)
            project.save_recipe(negatives=wanted.negatives)
            runs.start(project, "negatives", wanted)
            frame.notice("Hard negatives are being looked for.")
            st.rerun()
