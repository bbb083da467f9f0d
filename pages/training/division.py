"""How the questions are divided: what is learned from, chosen by and judged by, and the proof that nothing leaks."""

from __future__ import annotations

import streamlit as st

from core import runs, split
from core.project import PairFilter, Project
from core.recipe import Recipe
from core.schema import PairState, Part
from core.split import leaks
from core.split.learned import counted
from pages.widgets import changing, errors, frame

PARTS = (
    (Part.TRAIN, "To learn from", None),
    (Part.DEV, "To choose by", "They choose the best epoch during training. In the literature: dev."),
    (Part.TEST, "To judge by", "Frozen. They are used once, for the verdict. In the literature: test."),
)


def show(project: Project, recipe: Recipe) -> None:
    """Show how many questions each part has, or offer to divide them."""
    frozen = project.test_set()
    if frozen is None:
        st.caption(
            f"Before training, questions are kept aside: those on {recipe.split.test:.0%} of the passages to judge by, those on "
            f"{recipe.split.dev:.0%} to choose by. What judges is never learned from, and stays the same from then on."
        )
        if runs.large(project):
            st.caption("With so many passages and pairs this takes minutes, so it is done in the background, once you start training.")
        elif changing.button("Divide the questions now", key="divide"):
            with errors.shown(), st.spinner("Looking for passages that are nearly the same"):
                split.split(project, recipe.split)
                frame.notice("The questions are divided.")
                st.rerun()
        return
    for column, (part, label, help) in zip(st.columns(3), PARTS, strict=True):
        count = project.count_pairs(PairFilter(state=PairState.KEPT, part=part))
        people = project.count_pairs(PairFilter(state=PairState.KEPT, part=part, people=True))
        column.metric(
            label, f"{count:,}", delta=f"{people:,} asked by people", delta_color="off", delta_arrow="off", border=True, help=help
        )
    learned = counted(project, recipe)
    if learned.pairs < learned.of:
        why = "these are the kinds that you chose" if recipe.train.generators else "there are enough real questions to leave out the others"
        st.caption(f"{learned.pairs:,} of the {learned.of:,} are learned from: {why}. Under Advanced you can choose the kinds yourself.")
    aside = project.count_pairs(PairFilter(state=PairState.KEPT, part=Part.GAP))
    fresh = project.count_pairs(PairFilter(state=PairState.KEPT, part=Part.NONE))
    notes = [f"{aside:,} more are set aside because their passages border on those that judge, or are nearly the same."] if aside else []
    notes += [f"{fresh:,} new ones join when training starts."] if fresh else []
    if notes:
        st.caption(" ".join(notes))
    _leaks(project, recipe)


def _leaks(project: Project, recipe: Recipe) -> None:
    folded = st.expander("Is anything shared between learning and judging?", icon=":material/policy:", on_change="rerun", key="leaks")
    if folded.open:
        with folded, errors.shown(), st.spinner("Comparing all passages and questions"):
            report = leaks.find(split.dataset(project, recipe), recipe.split.near_duplicate)
            (st.success if report.clean else st.warning)(errors.escape(report.sentence), icon=":material/policy:")
