from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from core import cli, machine
from core import project as projects
from core.project import Project
from core.recipe import BASE_MODEL
from core.store.connection import backup
from core.store.tables import VERSION
from pages.start.traveling import LARGEST
from tests.pages.filling import EVIL, with_pairs
from tests.pages.opening import open_page, words


def test_an_empty_workspace_teaches_and_offers_the_sample() -> None:
    page = open_page("start")
    assert not page.exception
    said = words(page)
    assert "Give it your documents" in said
    assert "Try the sample project" in said


def test_projects_are_listed_with_how_far_they_are(project: Project) -> None:
    page = open_page("start", with_pairs(project))
    assert "Test" in [text.value for text in page.text]
    assert "Chunks 12" in words(page)


def test_a_name_that_is_taken_is_refused_in_words(project: Project) -> None:
    page = open_page("start", project)
    page.button(key="new").click().run()
    page.text_input[0].set_value(project.name)
    page.form_submit_button[0].click().run()
    page = open_page("start", project)
    assert len(projects.projects()) == 1


def test_a_project_with_a_hostile_name_is_drawn_as_text(home: object) -> None:
    made = projects.create(EVIL[:70])
    page = open_page("start", made)
    assert not page.exception
    assert made.name in [text.value for text in page.text]
    assert not any(made.name in markdown.value for markdown in page.markdown)


def test_an_address_of_no_project_says_so(project: Project) -> None:
    gone = Project(project.folder.with_name("0123456789ab"))
    page = open_page("start", gone)
    assert "There is no such project" in str(page.error[0].proto)


@pytest.mark.parametrize("page", ["documents", "pairs"])
def test_a_newer_project_says_so_and_is_drawn(project: Project, page: str) -> None:
    with with_pairs(project).read() as db:
        db.execute(f"PRAGMA user_version={VERSION + 1}")
    drawn = open_page(page, project)
    assert not drawn.exception
    assert "A newer Attune made this project" in str(drawn.warning[0].proto)


@pytest.mark.parametrize(("page", "key"), [("train", "start"), ("documents", "FormSubmitter:cleaning-Read the files with these settings")])
def test_what_would_change_a_newer_project_cannot_be_pressed(project: Project, page: str, key: str) -> None:
    machine.remember(f"pace of {BASE_MODEL}", lambda: {"text": 0.01, "pair": 0.05})
    assert not open_page(page, with_pairs(project)).button(key=key).disabled
    with project.read() as db:
        db.execute(f"PRAGMA user_version={VERSION + 1}")
    drawn = open_page(page, project).button(key=key)
    assert drawn.disabled
    assert "newer Attune" in drawn.help


def test_a_project_that_was_brought_up_to_date_says_so_once(project: Project) -> None:
    backup(project.folder / "project.db", 1).touch()
    told = ["brought up to date" in str([info.proto for info in open_page("documents", project).info]) for _ in range(2)]
    assert told == [True, False]


def test_a_project_too_big_for_the_browser_is_packed_by_the_command_that_is_shown(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page(project_id: str) -> None:
        from core import project as projects
        from pages.start import traveling

        traveling.export(projects.open_project(project_id))

    export = AppTest.from_function(page, args=(project.id,)).run()
    assert not export.code
    with (project.folder / "weights").open("wb") as sparse:
        sparse.truncate(LARGEST + 1)
    folder = project.folder / "blobs" / "00"
    folder.mkdir(parents=True)
    (project.folder / "weights").rename(folder / ("0" * 64))
    command = AppTest.from_function(page, args=(project.id,)).run().code[0].value.split()
    assert command[:3] == ["python", "-m", "core"]
    (folder / ("0" * 64)).unlink()
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(cli.app, command[3:]).exit_code == 0
    assert list(tmp_path.glob("attune-*.zip"))
