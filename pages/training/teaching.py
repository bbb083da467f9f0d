"""What the model is taught: the recipe's objectives, and one more for rows that there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core import recipe as recipes
from core.errors import UserError
from core.losses import LOSSES, PAIRS, plain_name
from core.objectives import OBJECTIVES, default_loss, losses_of, offering, rows_of
from core.project import Project
from core.recipe import Recipe, TrainSettings
from core.recipe.objectives import MatryoshkaSettings, ObjectiveSettings, PenaltySettings
from pages.training import taught
from pages.widgets import changing, errors, forms, frame, tables

OWN, HUB = "This project", "A data set at the hub"


def show(project: Project, recipe: Recipe) -> None:
    """Draw the folded objectives; what is added or removed is the project's at once."""
    folded = st.expander("What it is taught", icon=":material/school:", on_change="rerun", key="taught")
    if not folded.open:
        return
    with folded:
        if recipe.train.objectives:
            _listed(project, recipe)
        else:
            st.markdown(
                "The project's pairs: each question shall find its passage. That is right for search. Other things can be taught "
                "instead, or several at once.",
                help="In the literature: objectives, each with a loss and its data.",
            )
        with errors.shown():
            _one_more(project, recipe)


def _listed(project: Project, recipe: Recipe) -> None:
    objectives = recipe.train.objectives
    tables.plain(
        {
            "Taught": [taught.label(one) for one in objectives],
            "Data": [one.datasets.train.name for one in objectives],
            "Loss": [LOSSES[name].label if (name := plain_name(taught.loss(one))) in LOSSES else name for one in objectives],
            "Besides": [taught.besides(one) for one in objectives],
        },
        alt="What the model is taught, with the data and the loss of each",
        height="content",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox(
            "Remove",
            range(len(objectives)),
            format_func=lambda i: f"{i + 1}. {taught.label(objectives[i])}",
            key=f"objective_{len(objectives)}",
        )
        if changing.button("Remove", icon=":material/delete:", key="remove_objective"):
            _save(project, recipe, objectives[:number] + objectives[number + 1 :])


def _one_more(project: Project, recipe: Recipe) -> None:
    source = st.segmented_control("Data", (OWN, HUB), default=OWN, required=True, key="objective_source")
    rows = project.rows_to_teach() if source == OWN else None
    lacking = {kind: offering.lacking(kind, rows) if rows else "" for kind in OBJECTIVES}
    offered = [kind for kind in OBJECTIVES if not lacking[kind]]
    if not offered:
        st.caption("Nothing can be taught yet: " + "; ".join(why for why in lacking.values() if why) + ".")
        return
    data: dict[str, Any] = {"name": f"project:{project.name}"} if source == OWN else _hub()
    left, right = st.columns(2)
    kind = left.selectbox("Teach it to", offered, format_func=lambda name: OBJECTIVES[name].label, key=f"objective_kind_{source}")
    left.caption(f"{OBJECTIVES[kind].help}{f' There are {rows[rows_of(kind)]:,}.' if rows else ''}")
    with right:
        loss = _loss(kind)
    with st.container(horizontal=True):
        with st.popover("More", icon=":material/tune:"):
            more = _more(kind)
        pressed = changing.button("Add", icon=":material/add:", key="add_objective")
    with st.expander("What does not fit, and why", icon=":material/help:", key="misfits"):
        _misfits(kind, rows, lacking)
    if pressed:
        wanted = {"type": kind, "datasets": {"train": data}, "loss": loss, **more}
        plain = recipe.train.model_dump(mode="json")
        made = recipes.parse({"train": {**plain, "objectives": [*plain["objectives"], wanted]}}, "This objective").train
        if outside := [fault for fault in offering.outside(made) if str(len(plain["objectives"])) in fault.place.split(".")]:
            raise UserError("; ".join(fault.why for fault in outside) + ".", "Give the data set's name as its page at the hub shows it.")
        _save(project, recipe, made.objectives)


def _loss(kind: str) -> str:
    """Let a loss be chosen; "" for what is taught without one."""
    fit = losses_of(kind)
    if not fit:
        return ""
    loss = st.selectbox(
        "Loss",
        fit,
        index=list(fit).index(default_loss(kind)),
        format_func=lambda name: fit[name].label,
        help="How wrong the model is, as a number that training makes smaller.",
        key=f"objective_loss_{kind}",
    )
    st.caption(fit[loss].help)
    return str(loss)


def _hub() -> dict[str, Any]:
    left, right = st.columns(2)
    name = left.text_input("Its name", placeholder="owner/name", help="It is downloaded when training starts.", key="objective_hub")
    split = right.text_input("Split", "train", key="objective_split")
    return {"name": name.strip(), "args": {"split": split.strip() or "train"}}


def _more(kind: str) -> dict[str, Any]:
    """Draw what can be added to a loss, and return what was."""
    found: dict[str, Any] = {}
    if not losses_of(kind):
        st.caption("Nothing can be added to it.")
        return found
    dims = st.text_input(
        "Shorter vectors that serve as well",
        placeholder="384, 256, 128, 64",
        help=f"{(MatryoshkaSettings.__doc__ or '').strip()} In the literature: Matryoshka.",
        key=f"objective_dims_{kind}",
    )
    if dims.strip():
        found["matryoshka"] = {"matryoshka_dims": [part.strip() for part in dims.split(",") if part.strip()]}
    if rows_of(kind) in ("pairs", "triplets"):
        found["margin"] = forms.number(ObjectiveSettings, "margin", None, key=f"objective_margin_{kind}", placeholder="By itself")
    if rows_of(kind) == PAIRS:
        penalty = st.number_input(
            "Keep wrong answers alike", 0.0, value=0.0, help=(PenaltySettings.__doc__ or "").strip(), key="objective_penalty"
        )
        if penalty:
            found["variation_penalty"] = {"alpha": penalty}
    return found


def _misfits(kind: str, rows: Mapping[str, int] | None, lacking: Mapping[str, str]) -> None:
    """List what is not offered, with the reason."""
    left_out = {OBJECTIVES[name].label: why for name, why in lacking.items() if why}
    left_out |= {LOSSES[name].label: why for name, why in offering.misfits(kind, rows).items()}
    tables.plain({"Not offered": list(left_out), "Because it": list(left_out.values())}, alt="What is not offered, and why")


def _save(project: Project, recipe: Recipe, objectives: tuple[ObjectiveSettings, ...]) -> None:
    train: TrainSettings = recipe.train.model_copy(update={"objectives": objectives})
    project.save_recipe(train=train)
    frame.notice("What it is taught is saved.")
    st.rerun()
