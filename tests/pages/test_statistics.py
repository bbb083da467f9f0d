"""Statistics: with nothing, with something, with much, and with a base model that is out of reach."""

from __future__ import annotations

import pytest

from core import statistics
from core.project import Project
from core.recipe import TrainSettings
from core.statistics import maps
from tests.pages.filling import EVIL, with_documents, with_pairs
from tests.pages.opening import open_page, words


def test_an_empty_project_leads_to_the_documents(project: Project) -> None:
    app = open_page("statistics", project)
    assert not app.exception
    assert "Add documents" in words(app)


@pytest.mark.parametrize("tab", ["Passages", "Pairs", "Coverage", "Map"])
def test_every_tab_is_drawn(project: Project, tab: str) -> None:
    app = open_page("statistics", with_pairs(project, text=EVIL, name=f"{EVIL}.pdf"), statistics_tab=tab)
    assert not app.exception
    assert not app.error
    assert "Passages: 12" in words(app)
    assert "Train a model" in words(app)


def test_without_pairs_the_next_step_is_to_make_some(project: Project) -> None:
    app = open_page("statistics", with_documents(project), statistics_tab="Pairs")
    assert "There are no pairs yet" in words(app)
    assert "Make pairs" in words(app)


def test_passages_without_a_pair_can_be_read(project: Project) -> None:
    with_documents(project, text=EVIL)
    app = open_page("statistics", project, statistics_tab="Coverage")
    assert "**12** of 12 passages" in words(app)
    assert EVIL in str(app.dataframe[0].value["Passage"][0])


def test_points_of_the_map_show_text_as_text(project: Project) -> None:
    with_documents(project, text=EVIL)
    drawn = maps.Map("", "pca", "base", 12, tuple(f"c{i}" for i in range(12)), (0.0,) * 12, (1.0,) * 12, 0.5)
    recipe = project.recipe()
    key = maps._key(project.chunk_ids(), recipe)
    (project.folder / "derived").mkdir()
    from core import jsonfiles

    jsonfiles.write(project.folder / "derived" / "map.json", maps.Map(**{**vars(drawn), "key": key}))
    app = open_page("statistics", project, statistics_tab="Map")
    assert not app.exception
    (chart,) = app.get("plotly_chart")
    assert "<img" not in chart.proto.spec.replace("\\u003c", "<")
    assert "&lt;img" in chart.proto.spec.replace("\\u0026", "&")
    assert "All passages" in words(app)


def test_a_base_model_out_of_reach_leaves_the_rest_of_the_page(project: Project) -> None:
    with_pairs(project)
    project.save_recipe(train=TrainSettings(base_model="nobody/has-this-model"))
    app = open_page("statistics", project)
    assert not app.exception
    assert "Cut off: ?" in words(app)
    assert "Passages: 12" in words(app)


def test_the_report_is_made_when_it_is_asked_for(project: Project) -> None:
    with_pairs(project)
    app = open_page("statistics", project, statistics_download=True)
    assert not app.exception
    assert "HTML report" in str(app.get("download_button")[0].proto)
    assert statistics.statistics(project).chunks == 12
