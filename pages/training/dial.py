"""The one dial: how thorough, with the minutes that each choice takes on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait

import streamlit as st

from core.errors import UserError
from core.overview import minutes
from core.project import Project
from core.recipe import Recipe
from core.split.learned import counted
from core.train import estimate
from core.train.plan import DIALS, Dial, choose_dial
from pages.widgets import live

TITLES: Mapping[Dial, str] = {"quick": "Quick", "balanced": "Balanced", "thorough": "Thorough"}
WORDS: Mapping[Dial, str] = {
    "quick": "A map on top of the model. The model itself stays as it is.",
    "balanced": "The whole model, three times through all pairs.",
    "thorough": "The whole model, up to ten times, ending early when it no longer helps.",
}
AT_ONCE = 0.5  # seconds
LONGEST = 6  # models whose pace is remembered while the app runs


@st.cache_resource(max_entries=LONGEST, show_spinner=False)
def _pace(base_model: str) -> Future[estimate.Pace]:
    """Measure the machine's pace with a model in a thread of its own; the first time takes about ten seconds."""
    return ThreadPoolExecutor(1, thread_name_prefix="pace").submit(estimate.pace, base_model)


def choose(project: Project, recipe: Recipe, base_model: str) -> Dial:
    """Draw the dial and return its setting; raise `UserError` for a base model that cannot be had."""
    learned = counted(project, recipe)
    negatives = recipe.train.hard_negatives if project.count_mined()[0] else 0
    known = _minutes(learned.pairs, project.count_chunks(), base_model, negatives)
    taught = recipe.train.objectives
    offered = DIALS[1:] if taught else DIALS
    best = "balanced" if taught else choose_dial(learned.asked, known or dict.fromkeys(DIALS, 0.0))
    before = recipe.train.dial if recipe.train.dial in offered else best
    known = None if taught else known  # measured for the project's pairs
    chosen = st.radio(
        "How thorough",
        offered,
        index=offered.index(before),
        format_func=TITLES.__getitem__,  # the same whatever is known, or the browser would lose the choice
        captions=[f"{'Suggested. ' if name == best else ''}{_about(known, name)}{WORDS[name]}" for name in offered],
        label_visibility="collapsed",
        key=f"dial_{best}{len(offered)}",  # another suggestion starts afresh
    )
    if taught:
        st.caption(
            "Quick is not offered: it tunes a map on top of the model to pairs alone, and what is taught here tunes the whole model."
        )
    elif not learned.asked:
        st.caption(
            "All pairs were made from the documents alone. Measured on other collections, Quick is the safe use of such pairs, while "
            "tuning the whole model on them can make search worse for people's own questions."
        )
    return chosen or best


def _about(known: Mapping[Dial, float] | None, name: Dial) -> str:
    return f"About {minutes(known[name] * 60)}. " if known else ""


def _minutes(pairs: int, passages: int, base_model: str, negatives: int) -> Mapping[Dial, float] | None:
    """Return each dial's minutes, or None while the machine is being measured (the page is drawn again once it is)."""
    pace = _pace(base_model)
    wait([pace], timeout=AT_ONCE)  # what was measured before is there at once
    if not pace.done():
        if not live.leaving():
            st.fragment(_wait, run_every=1)(base_model)
        return None
    try:
        pace.result()
    except UserError:
        _pace.clear(base_model)  # the next visit tries again
        raise
    return estimate.estimate(pairs, passages, base_model, negatives)


def _wait(base_model: str) -> None:
    if _pace(base_model).done():
        st.rerun()
    st.caption(":shimmer[Measuring how fast this machine is, which is done once and takes some ten seconds]")
