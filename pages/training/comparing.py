"""Trainings beside each other: their curves, what was set differently, and what came of each."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.overview import minutes
from core.project import Project
from core.runs import comparing
from core.runs.comparing import Column, Comparison
from core.runs.course import series
from core.runs.folder import Run
from core.schema import Interval
from pages.results import verdicts
from pages.widgets import curves, errors, stages, tables

FIRST = 2  # runs that are chosen to begin with
MOST = 8  # as many as have a colour of their own


def show(project: Project, trained: Sequence[Run]) -> None:
    """Draw the folded comparison, as long as there are two trainings to compare."""
    by_id = {run.id: run for run in trained}
    if len(by_id) < FIRST:
        return
    folded = st.expander("Compare trainings", icon=":material/compare_arrows:", on_change="rerun", key="compare_runs")
    if not folded.open:
        return
    with folded, errors.shown():
        ids = st.multiselect(
            "Trainings",
            list(by_id),
            default=list(by_id)[:FIRST][::-1],
            format_func=lambda run_id: verdicts.name(by_id[run_id]),
            max_selections=MOST,
            key=f"compared_{len(by_id)}",
        )
        if len(ids) < FIRST:
            st.caption("Choose two or more.")
            return
        _draw(comparing.compare(project, [by_id[run_id] for run_id in ids]))


def _draw(found: Comparison) -> None:
    rows = {column.label: column.run.metrics() for column in found.columns}
    for place, (name, title, y) in zip(
        st.columns(2), (("dev", "Score on the choosing questions", "Score"), ("loss", "Loss", "Loss")), strict=True
    ):
        with place:
            st.markdown(f"**{title}**")
            curves.overlaid({label: series(own, name) for label, own in rows.items()}, x="Epoch", y=y, key=f"compared_{name}")
    st.markdown("**What was set differently**")
    if found.differences:
        table = {"Setting": [row.title for row in found.differences]}
        table |= {column.label: [row.values[i] for row in found.differences] for i, column in enumerate(found.columns)}
        tables.plain(table, alt="Settings that are not the same in all of these runs")
    else:
        st.caption("Nothing: the settings are the same. The documents, the pairs or the machine may not have been.")
    st.markdown("**What came of it**")
    tables.plain(_outcomes(found), alt="Verdict, scores with intervals, time and size of each run", height="content")
    if not found.alike:
        st.warning(
            "Their scores cannot be compared. Judge them again by the questions in force.", title="They were judged by different questions"
        )
    elif found.metrics:
        st.caption(
            "Scores are those of the questions that judge, between the ends of their 95 % interval. Whoever picks the highest of many runs by "
            "them flatters it; the score on the choosing questions is there to pick by.",
            help="Questions on the same passage are won and lost together, so the interval counts them together (cluster bootstrap).",
        )


def _outcomes(found: Comparison) -> dict[str, list[str]]:
    """Return a table with a column a run; cells are words, as they stand."""
    scored = [(metric, system) for metric in found.metrics for system in ("base", "tuned")]
    table = {"": ["Verdict", "Choosing questions", *(f"{metric}, {system}" for metric, system in scored), "Time", "Size"]}
    for column in found.columns:
        verdict = verdicts.LOOKS[column.evaluation.verdict.word][0] if column.evaluation else "None yet"
        scores = [_score(column.score(system, metric)) for metric, system in scored]
        time = minutes(column.seconds) if column.seconds is not None else ""
        table[column.label] = [verdict, _chosen(column), *scores, time, stages.size(column.size)]
    return table


def _chosen(column: Column) -> str:
    result = column.result
    return f"{result['dev_base']:.3f} → {result['dev_best']:.3f}" if "dev_best" in result else ""


def _score(value: Interval | None) -> str:
    return f"{value.mean:.3f} ({value.low:.3f} to {value.high:.3f})" if value else ""
