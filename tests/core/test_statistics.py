"""Statistics: right numbers, nothing read twice, a map of a fair sample, and a report that runs nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core import statistics, store
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.project import Project
from core.recipe import Recipe, parse
from core.schema import Pair, PairState
from core.statistics import maps
from core.statistics.details import details, file, overlap, unread
from core.statistics.report import report
from tests import tiny
from tests.filled import fill
from tests.pages.filling import EVIL, with_documents, with_pairs


def test_the_numbers_are_those_of_the_project(project: Project) -> None:
    with_pairs(project)
    project.update_pairs(["q0"], state=PairState.DROPPED)
    found = statistics.statistics(project)
    assert (found.files, found.documents, found.pages, found.chunks) == (3, 1, 1, 12)
    assert found.tokens == sum(20 + i for i in range(12))
    assert (found.limit, found.truncated) == (256, 0)
    assert (found.pairs, found.people, found.dropped) == (11, 3, 1)
    assert {kind.generator: kind.pairs for kind in found.kinds} == {"sentence": 8, "columns": 3}
    assert (found.uncovered, round(found.coverage, 3)) == (1, round(11 / 12, 3))
    assert [c.id for c in project.uncovered(10)] == ["c0"]
    assert {theme.name: (theme.passages, theme.covered, theme.pairs) for theme in found.themes}["Tickets"] == (6, 5, 5)
    assert found.by_document == {"guide.pdf": 11}
    assert found.languages == {"en": 12}
    assert sum(found.lengths.counts) == 12
    assert sum(found.query_words.counts) == sum(found.overlap.counts) == 11


def test_a_passage_is_spoken_for_by_its_copy(project: Project) -> None:
    with_pairs(project)
    project.update_pairs([f"q{i}" for i in range(1, 12)], state=PairState.DROPPED)
    assert statistics.statistics(project).uncovered == 11
    project.replace_alike([["c0", "c1", "c2"]], "now")
    assert statistics.statistics(project).uncovered == 9


def test_passages_that_the_model_would_cut_off_are_counted(project: Project) -> None:
    with_documents(project)
    with project.write() as db:
        store.update(db, "chunks", "id", "c3", {"tokens": 257})
        store.update(db, "chunks", "id", "c4", {"tokens": 256})
    assert statistics.statistics(project).truncated == 1


def test_what_was_counted_is_kept_until_the_project_changes(project: Project) -> None:
    with_pairs(project)
    before = statistics.statistics(project)
    path = project.folder / "derived" / "statistics.json"
    kept = json.loads(path.read_text())
    kept["statistics"]["tokens"] = 7  # a mark that counting anew would wipe out
    path.write_text(json.dumps(kept))
    assert statistics.statistics(project) == replace(before, tokens=7)
    project.add_pairs([Pair("new", "How much is a ticket?", "d1", 0, 9, ("c0",), "llm")])
    assert statistics.statistics(project).pairs == 13


def test_a_text_is_read_once(project: Project) -> None:
    with_pairs(project)
    assert unread(project) == 24
    details(project)
    assert unread(project) == 0
    kept = json.loads(file(project).read_text())
    kept["languages"]["c0"] = "xx"
    file(project).write_text(json.dumps(kept))
    project.update_pairs(["q1"], query="ferry ferry")
    again = details(project)
    assert again.languages["c0"] == "xx"
    assert min(query.words for query in again.queries) == 2, "an edited question is read again"


def test_damaged_details_are_made_anew(project: Project) -> None:
    with_pairs(project)
    file(project).parent.mkdir()
    file(project).write_text('{"languages": [1, 2')
    assert set(details(project).languages.values()) == {"en"}


@pytest.mark.parametrize(
    ("query", "passage", "wanted"),
    [("When does it leave?", "It leaves when it does.", (4, 0.75)), ("", "text", (0, 0.0)), ("如何取消", "取消订单", (4, 0.5))],
)
def test_overlap_is_the_share_of_the_questions_own_words(query: str, passage: str, wanted: tuple[int, float]) -> None:
    assert overlap(query, passage) == wanted


def test_a_project_without_passages_says_so(project: Project) -> None:
    with pytest.raises(UserError, match="no passages"):
        statistics.statistics(project)


# --- the map ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    model = tiny.model(tmp_path / "tiny")
    return parse({"train": {"base_model": str(model)}, "statistics": {"points": 40}})


def test_the_map_shows_a_fair_sample_and_is_drawn_once(project: Project, recipe: Recipe) -> None:
    fill(project, 60)
    assert maps.known(project, recipe) is None
    drawn = maps.draw(project, recipe)
    assert (len(drawn.ids), drawn.passages) == (40, 60)
    assert maps.known(project, recipe) == drawn
    assert maps.draw(project, recipe) == drawn
    assert 0 < drawn.kept <= 1
    assert [place.id for place in project.places(drawn.ids, 20)] == list(drawn.ids)


def test_another_layout_is_another_map(project: Project, recipe: Recipe) -> None:
    fill(project, 60)
    maps.draw(project, recipe)
    other = recipe.model_copy(update={"statistics": recipe.statistics.model_copy(update={"projection": "tsne"})})
    assert maps.known(project, other) is None
    drawn = maps.draw(project, other)
    assert len(drawn.x) == 40
    assert np.isfinite([drawn.x, drawn.y]).all()


def test_what_lies_apart_in_meaning_lies_apart_on_the_map(project: Project, recipe: Recipe) -> None:
    from core import models

    fill(project, 60)
    drawn = maps.draw(project, recipe)
    texts = project.texts_of(drawn.ids)
    vectors = EmbeddingStore(project.folder / "embeddings").vectors(
        models.load(recipe.train.base_model), [texts[i] for i in drawn.ids], "document"
    )
    near = np.linalg.norm(vectors[:, None] - vectors[None], axis=2).ravel()
    flat = np.array([drawn.x, drawn.y]).T
    assert np.corrcoef(near, np.linalg.norm(flat[:, None] - flat[None], axis=2).ravel())[0, 1] > 0.5


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_passages_have_a_map_too(project: Project, recipe: Recipe, count: int) -> None:
    with_documents(project, passages=count)
    assert len(maps.draw(project, recipe).ids) == count


# --- the report ------------------------------------------------------------------------------------------------------


def test_the_report_shows_every_text_as_it_stands_and_loads_nothing(project: Project) -> None:
    project.rename(f"<script>alert(1)</script> {EVIL}"[:80])
    with_pairs(project, text=EVIL, name=f"{EVIL}.pdf")
    made = report(project, statistics.statistics(project), texts=True)
    assert not re.search(r"<(script|img|link|iframe|a)\b", made)
    assert not re.search(r"""(?:src|href)\s*=|url\(|@import""", re.sub(r"&[a-z]+;|x\.png", "", made.replace("&lt;img src=x", "")))
    assert "&lt;script&gt;" in made


def test_the_report_holds_no_passage_unless_it_is_asked_for(project: Project) -> None:
    with_pairs(project, text="Nobody else shall read this line.")
    project.update_pairs(["q0"], state=PairState.DROPPED)
    project.rename_theme("t1", "Other")
    found = statistics.statistics(project)
    drawn = maps.Map("k", "pca", "m", 12, ("c0", "c1"), (0.0, 1.0), (0.0, 1.0))
    assert "Nobody else" not in report(project, found, drawn)
    assert report(project, found, drawn, texts=True).count("Nobody else") >= 3
