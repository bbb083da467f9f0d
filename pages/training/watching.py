"""A run while somebody watches: curves, time left, log, Stop."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core import runs
from core.metrics import PRIMARY
from core.overview import reading
from core.project import Project
from core.runs.course import pairs_per_second, series
from core.runs.folder import Run
from core.runs.record import ENDED
from pages.widgets import charts, live

MORE = (
    ("learning_rate", "Learning rate", "The size of a step. It grows while training warms up, then falls to nothing."),
    (
        "grad_norm",
        "Gradient",
        "How strongly a batch pulls at the weights. Jumps say that the learning rate is too high. In the literature: gradient norm.",
    ),
)


PERPLEXITY = (
    "How many words the model wavers between at a hidden one, before and after: lower is better. A base without a head for hidden words "
    "starts with a new one, so that its first figure is high."
)


def watch(project: Project, watched: Sequence[str]) -> None:
    """Draw the runs at work again every second; once one of them ends, draw the whole page anew."""
    if watched:
        st.fragment(_watch, run_every=live.EVERY)(project, list(watched))


def _watch(project: Project, watched: list[str]) -> None:
    for run in [runs.find(project, run_id) for run_id in watched]:
        if run.status().state in ENDED:
            st.rerun()
        live.bar(run)
        if run.kind in ("train", "reranker"):
            read(run)
            curves(run)
            log(run)


def log(run: Run) -> None:
    """Show the end of a run's log."""
    with st.expander("Log", icon=":material/terminal:", key=f"log_{run.id}"):
        st.code(run.log(60) or "Nothing yet.", language=None, height=240)


def read(run: Run) -> None:
    """Say what reading the texts before tuning did, where a run does that."""
    if words := reading(run.metrics()):
        st.caption(words, help=PERPLEXITY)


def curves(run: Run) -> None:
    """Draw how the loss falls and how the score on the choosing questions rises."""
    rows = run.metrics()
    loss, dev = series(rows, "loss"), series(rows, "dev")
    if not loss and not dev:
        return
    planned = planned_epochs(run)
    scored = metric(run)
    left, right = st.columns(2)
    with left:
        st.markdown("**Loss**", help="How wrong the model still is on what it learns from. It should fall.")
        if loss:
            charts.line(
                loss, x="Epoch", y="Loss", key=f"loss_{run.id}", colour=charts.KEYWORD, until=planned, alt=f"Loss, now {loss[-1][1]:.3f}"
            )
        else:
            st.caption("The curve begins with the first step.")
    with right:
        st.markdown(
            "**Score on the choosing questions**",
            help=f"{scored} on dev. Epoch 0 is the untouched base model, which is kept unless a later one rises above it by more than "
            "chance.",
        )
        if dev:
            level = (dev[0][1], "the base model") if dev[0][0] == 0 else None
            alt = f"{scored} on the choosing questions, now {dev[-1][1]:.3f}"
            charts.line(dev, x="Epoch", y=scored, key=f"dev_{run.id}", level=level, until=planned, alt=alt)
        else:
            st.caption("The curve begins after the first epoch.")
    folded = st.expander("Learning rate, gradient and pace", icon=":material/speed:", on_change="rerun", key=f"more_{run.id}")
    if folded.open:
        with folded:
            _more(run, rows, planned)


def _more(run: Run, rows: Sequence[Mapping[str, Any]], planned: float | None) -> None:
    """Draw the curves that few people need, and say how fast it goes."""
    if pace := pairs_per_second(rows):
        st.markdown(
            f"**{pace:,.1f}** pairs a second", help="Over the last steps, without the time for scoring. In the literature: samples/s."
        )
    for column, (name, title, help) in zip(st.columns(2), MORE, strict=True):
        points = series(rows, name)
        with column:
            st.markdown(f"**{title}**", help=help)
            if points:
                alt = f"{title}, now {points[-1][1]:.3g}"
                charts.line(points, x="Epoch", y=title, key=f"{name}_{run.id}", colour=charts.OTHER, until=planned, alt=alt, small=True)
            else:
                st.caption("The curve begins with the first step.")


def metric(run: Run) -> str:
    """Return what the score on the choosing questions is called, as the training writes it down when it first scores."""
    return str(next((row["metric"] for row in run.metrics() if "metric" in row), run.result().get("metric", PRIMARY)))


def planned_epochs(run: Run) -> float | None:
    """Return how many epochs are planned, as the training wrote it down; None before."""
    try:
        return float(json.loads((run.folder / "plan.json").read_text("utf-8"))["epochs"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
