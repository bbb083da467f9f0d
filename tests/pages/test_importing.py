"""The Import tab: what a file holds, its import in the background, and what came of it."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from core import pipeline, runs
from core.project import Project
from core.runs.folder import Run
from core.schema import RunState
from tests.filled import holding
from tests.pages.filling import EVIL, waiting_run, with_pairs
from tests.pages.opening import open_page, words

ROWS = [
    {"query": f"When? {EVIL}", "passage": "Passage 3. The ferry leaves at seven. Bring a ticket."},
    {"query": "Where is the pier?", "passage": "The pier lies behind the market hall, beside the old crane."},
    {"query": "", "passage": "Nobody asks this."},
]
FILE = "\n".join(map(json.dumps, ROWS)).encode()


def given(project: Project) -> AppTest:
    app = open_page("pairs", project, pairs_tab="Import")
    app.file_uploader(key="pairs_file_0").upload("mine.jsonl", FILE).run()
    assert not app.exception
    return app


def test_a_file_is_shown_as_it_was_understood_before_it_is_taken(project: Project) -> None:
    app = given(with_pairs(project))
    assert list(app.dataframe[0].value["Question"]) == [row["query"] for row in ROWS[:2]]
    assert any("Row 3" in text.value for text in app.text)
    assert not runs.runs(project)


def test_import_starts_a_run_that_is_watched_and_the_field_is_empty_again(project: Project) -> None:
    app = given(with_pairs(project))
    with holding(project.folder / ".project.lock"):
        app.button(key="import_pairs").click().run()
        assert not app.exception
        assert app.file_uploader(key="pairs_file_1").value is None
        [run] = runs.runs(project)
        assert app.button(key=f"stop_{run.id}")
        assert "Import pairs: mine.jsonl" in words(app)
        run.end()


@pytest.mark.slow
def test_when_it_is_done_the_page_says_what_came_and_what_was_refused(project: Project) -> None:
    app = given(with_pairs(project))
    app.checkbox(key="import_people_0").check().run()
    app.button(key="import_pairs").click().run()
    [run] = runs.runs(project)
    assert pipeline.wait(run).state is RunState.DONE, run.log()
    app.run()
    assert not app.exception
    assert "2 pairs added. 1 passage became a text of the project." in words(app)
    assert any("Row 3" in text.value for text in app.text)
    assert [pair.people for pair in project.pairs() if pair.generator == "imported"] == [True, True]


def test_an_import_that_was_cut_off_is_told_on_the_page(project: Project) -> None:
    folder = waiting_run(with_pairs(project), kind="import")
    assert Run(folder).status().state is RunState.INTERRUPTED
    app = open_page("pairs", project)
    assert "cut off" in app.warning[0].proto.title
