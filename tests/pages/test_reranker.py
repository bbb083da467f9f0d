"""A reranker on the pages: started from Train, its verdict on Runs, offered by its name on Compare."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from core import machine, recipe, runs
from core.evaluate.reranking import Reranking
from core.project import Project
from core.recipe import BASE_MODEL
from core.runs.folder import Run
from core.runs.record import RunInfo
from core.schema import RunState, RunStatus, VerdictWord
from tests import filled
from tests.pages.filling import EVIL, evaluation, with_verdict
from tests.pages.opening import open_page, words

MADE = "20261121-120000-0001"


@pytest.fixture(autouse=True)
def measured(home: object) -> None:
    """Know the machine's pace, so that no test measures it."""
    machine.remember(f"pace of {BASE_MODEL}", lambda: {"text": 0.01, "pair": 0.05})


def with_reranker(project: Project, title: str = "Tune a reranker", against: str = "Worse: by a lot.") -> Project:
    """Add a finished run with a reranker that does better than the base and worse than late interaction."""
    with_verdict(project)
    run = Run(project.folder / "runs" / MADE)
    (run.folder / "reranker").mkdir(parents=True)
    (run.folder / "reranker" / "config.json").write_text("{}")
    (run.folder / "recipe.yaml").write_text(recipe.dump(recipe.Recipe()))
    run.write("run.json", RunInfo("reranker", title, time.time(), project.name))
    run.write_status(RunStatus(RunState.DONE, "evaluate", 1.0))
    won = evaluation("x", VerdictWord.BETTER, "q").verdict
    run.write("reranking.json", Reranking("x", won, replace(won, text=against), (), 3, 50, time.time()))
    run.seal()
    return project


def test_train_starts_a_reranker(project: Project, home: Path) -> None:
    filled.fill(project)
    with filled.holding(home / ".machine.lock"):  # so that the run waits, before it imports anything heavy
        app = open_page("train", project)
        app.number_input(key="reranker_negatives").set_value(7)
        app.button(key="start_reranker").click().run()
        try:
            assert not app.exception
            found = runs.runs(project)
            assert [run.kind for run in found] == ["reranker"]
            assert found[0].recipe().reranker.negatives == project.recipe().reranker.negatives == 7
        finally:
            runs.end(project)


def test_runs_tells_the_verdict_and_how_it_stands_against_late_interaction(project: Project) -> None:
    app = open_page("runs", with_reranker(project, title=EVIL, against=EVIL))
    assert not app.exception
    assert "Against late interaction" in words(app)
    assert EVIL not in [one.value for one in (*app.markdown, *app.caption)], "only ever escaped"


def test_compare_offers_it_by_name(project: Project) -> None:
    app = open_page("compare", with_reranker(project, title="My own"))
    assert not app.exception
    assert any(option.startswith("My own") for option in app.selectbox(key="reranker").options)
