"""The one dial: how thorough, with the minutes that each choice takes on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait

import streamlit as st

from core.errors import UserError
from core.overview import minutes
from core.project import Project
from core.recipe import Recipe, TrainSettings
from core.split.learned import counted
from core.train import estimate, quickly
from core.train.plan import DIALS, Dial, choose_dial, every_dial, whole_only
from pages.widgets import live

TITLES: Mapping[Dial, str] = {"quick": "Quick", "fast": "Fast", "balanced": "Balanced", "thorough": "Thorough"}
TIMES = ("once", "twice", "three times", "four times", "five times", "six times", "seven times", "eight times", "nine times", "ten times")
AT_ONCE = 0.5  # seconds
LONGEST = 6  # models whose pace is remembered while the app runs


@st.cache_resource(max_entries=LONGEST, show_spinner=False)
def _pace(base_model: str) -> Future[estimate.Pace]:
    """Measure the machine's pace with a model in a thread of its own; the first time takes about ten seconds."""
    return ThreadPoolExecutor(1, thread_name_prefix="pace").submit(estimate.pace, base_model)


def choose(project: Project, recipe: Recipe) -> Dial:
    """Draw the dial and return its setting; raise `UserError` for a base model that cannot be had."""
    learned = counted(project, recipe)
    train, taught = recipe.train, recipe.train.objectives
    # What was measured is for epochs of the project's pairs.
    known = None if taught or train.args.max_steps else _minutes(learned.pairs, project, train)
    offered = [name for name in DIALS if _offered(name, train, known)]
    best = "balanced" if taught or whole_only(train) else choose_dial(learned.asked, known or dict.fromkeys(DIALS, 0.0))
    before = train.dial if train.dial in offered else best
    chosen = st.radio(
        "How thorough",
        offered,
        index=offered.index(before),
        format_func=TITLES.__getitem__,  # the same whatever is known, or the browser would lose the choice
        captions=[f"{'Suggested. ' if name == best else ''}{_about(known, name)}{words(train, name)}" for name in offered],
        label_visibility="collapsed",
        key=f"dial_{best}{len(offered)}",  # another suggestion starts afresh
    )
    if "quick" not in offered:
        st.caption(
            "Quick is not offered: it tunes a map on top of the model to pairs alone, and what is taught here tunes the whole model."
        )
    elif not learned.asked and not taught:
        st.caption(
            "All pairs were made from the documents alone. Measured on other collections, Quick is the safe use of such pairs, while "
            "tuning the whole model on them can make search worse for people's own questions."
        )
    return chosen or best


def words(train: TrainSettings, dial: Dial) -> str:
    """Say what a dial does with these settings."""
    if dial == "quick":
        return "A map on top of the model. The model itself stays as it is."
    what = "The upper two thirds of the model" if dial == "fast" else "The whole model"
    early = ", ending early when it no longer helps" if train.early_stopping or dial == "thorough" else ""
    if steps := train.args.max_steps:
        return f"{what}, {'up to ' if early else ''}{steps:,} {'step' if steps == 1 else 'steps'}{early}."
    epochs = every_dial(train)[dial]
    times = TIMES[epochs - 1] if epochs <= len(TIMES) else f"{epochs} times"
    return f"{what}, {'up to ' if early and epochs > 1 else ''}{times} through all that it learns from{early if epochs > 1 else ''}."


def _about(known: Mapping[Dial, float] | None, name: Dial) -> str:
    return f"About {minutes(known[name] * 60)}. " if known and name in known else ""


def _offered(name: Dial, train: TrainSettings, known: Mapping[Dial, float] | None) -> bool:
    """Say whether a dial is for these settings and this machine; what the recipe says already stays, unless it cannot be."""
    if name == "quick":
        return not train.objectives or quickly.learns(train.objectives)
    return known is None or name in known or name == train.dial


def _minutes(pairs: int, project: Project, train: TrainSettings) -> Mapping[Dial, float] | None:
    """Return each dial's minutes, or None while the machine is being measured (the page is drawn again once it is)."""
    base_model = train.base_model
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
    negatives = train.hard_negatives if project.count_mined()[0] else 0
    return estimate.estimate(pairs, project.count_chunks(), base_model, negatives, every_dial(train))


def _wait(base_model: str) -> None:
    if _pace(base_model).done():
        st.rerun()
    st.caption(":shimmer[Measuring how fast this machine is, which is done once and takes some ten seconds]")
