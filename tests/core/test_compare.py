"""Compare: the same hits from the index and by exact search, and where each passage moved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core import compare
from core.errors import UserError
from core.project import Project
from core.recipe import SplitSettings
from core.schema import Chunk, Document, File, FileState, Page, Part, Theme
from core.search import index
from core.search.index import Index
from core.split import split
from tests.wordmodel import WordModel

BODIES = ["red stone bridge over the river", "the bridge is closed in winter", "winter wheat and rye", "a red river of clay", "bread"]
BASE, TUNED = WordModel("base"), WordModel("tuned", deaf={"red"})
MODELS = {"Base": BASE, "Tuned": TUNED}


@pytest.fixture
def filled(project: Project) -> Project:
    fill(project, BODIES)
    return project


def fill(project: Project, bodies: list[str]) -> None:
    file = File("f", "towns.txt", "0" * 64, 1, "text", FileState.READ)
    documents = [Document(f"d{i}", "f", i, f"Town {i}", len(body)) for i, body in enumerate(bodies)]
    project.replace_documents(file, documents, [Page(f"d{i}", 1, 0, body) for i, body in enumerate(bodies)])
    project.replace_chunks([Chunk(f"c{i}", f"d{i}", 0, body, 0, len(body), 1, 1, 5) for i, body in enumerate(bodies)], [])
    project.replace_themes([Theme("t", "Water")], {"c0": "t", "c3": "t"}, "keywords")


@pytest.fixture
def opened(filled: Project) -> Iterator[Index]:
    made = index.open_index(filled.folder / "index")
    assert made is not None
    yield made
    index.close_all()


def ids(column: compare.Column) -> list[str]:
    return [hit.chunk.id for hit in column.hits]


def test_each_model_answers_in_a_column_of_its_own(filled: Project) -> None:
    found = compare.compare(filled, "red  river ", MODELS, k=3)
    assert found.query == "red river"
    assert [column.label for column in found.columns] == ["Base", "Tuned"]
    assert ids(found.columns[0])[0] == "c3"
    assert ids(found.columns[1])[0] in ("c0", "c3")
    assert all(len(column.hits) == 3 for column in found.columns)
    first = found.columns[0].hits[0]
    assert (first.document, first.theme, first.rank, first.chunk.page) == ("Town 3", "Water", 1, 1)
    assert first.score == pytest.approx(float(BASE.encode_query(["red river"])[0] @ BASE.encode_document([BODIES[3]])[0]), abs=1e-5)


def test_a_hit_knows_its_place_in_the_other_columns(filled: Project) -> None:
    found = compare.compare(filled, "red bridge", MODELS, k=5)
    base, tuned = ({hit.chunk.id: hit for hit in column.hits} for column in found.columns)
    for key, hit in tuned.items():
        assert hit.ranks == {"Base": base[key].rank}
        assert hit.moved("Base") == base[key].rank - hit.rank
        assert hit.moved("Tuned") is None
    assert [hit.rank for hit in tuned.values()] == [1, 2, 3, 4, 5]


def test_a_place_is_known_beyond_what_is_shown(filled: Project) -> None:
    whole = compare.compare(filled, "red bridge", MODELS, k=5).columns[1]
    short = compare.compare(filled, "red bridge", MODELS, k=1).columns[1]
    assert short.hits == whole.hits[:1]


def test_the_index_answers_as_exact_search_does_once_it_is_filled(filled: Project, opened: Index) -> None:
    first = compare.compare(filled, "red river", MODELS, index=opened)
    opened.wait()
    second = compare.compare(filled, "red river", MODELS, index=opened)
    assert [column.source for column in first.columns] == ["exact", "exact"]
    assert [column.source for column in second.columns] == ["index", "index"]
    for one, other in zip(first.columns, second.columns, strict=True):
        assert ids(one) == ids(other)
        assert [hit.score for hit in one.hits] == pytest.approx([hit.score for hit in other.hits], abs=1e-4)


def test_an_index_of_older_passages_is_not_asked(filled: Project, opened: Index) -> None:
    compare.compare(filled, "red river", MODELS, index=opened)
    opened.wait()
    fill(filled, [*BODIES, "a red river and a red river"])
    found = compare.compare(filled, "red river", MODELS, index=opened)
    assert found.columns[0].source == "exact"
    assert ids(found.columns[0])[0] == "c5"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_one_to_three_models_can_be_compared(filled: Project, count: int) -> None:
    models = dict([("Base", BASE), ("Tuned", TUNED), ("Older", WordModel("older", deaf={"river"}))][:count])
    found = compare.compare(filled, "red river", models)
    assert [column.label for column in found.columns] == list(models)
    assert all(set(hit.ranks) == set(models) - {column.label} for column in found.columns for hit in column.hits)


def test_late_interaction_reorders_the_hits_and_shows_its_score(filled: Project) -> None:
    plain = compare.compare(filled, "red bridge", MODELS)
    found = compare.compare(filled, "red bridge", MODELS, reranker="late_interaction")
    for column, before in zip(found.columns, plain.columns, strict=True):
        scores = [hit.reranked for hit in column.hits]
        assert scores == sorted(scores, reverse=True)
        assert {hit.chunk.id: hit.score for hit in column.hits} == {hit.chunk.id: hit.score for hit in before.hits}
    assert ids(found.columns[0])[0] == "c0"
    assert all(hit.reranked is None for hit in plain.columns[0].hits)


def test_what_was_not_reranked_follows_in_its_old_order(filled: Project) -> None:
    plain = compare.compare(filled, "winter bridge", {"Base": BASE}).columns[0]
    found = compare.compare(filled, "winter bridge", {"Base": BASE}, reranker="late_interaction", depth=2).columns[0]
    assert ids(found)[2:] == ids(plain)[2:]
    assert [hit.reranked is None for hit in found.hits] == [False] * 2 + [True] * 3


def test_bm25_first_puts_passages_that_share_words_in_front(filled: Project) -> None:
    found = compare.compare(filled, "winter", {"Tuned": TUNED}, reranker="first_bm25").columns[0]
    assert set(ids(found)[:2]) == {"c1", "c2"}
    assert all(hit.reranked == pytest.approx(hit.score, abs=1e-5) for hit in found.hits[:2])


def test_a_reranker_that_cannot_be_had_says_so(filled: Project, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cross-encoder"):
        compare.compare(filled, "winter", MODELS, reranker="cross_encoder", cross_encoder=str(tmp_path / "nothing"))


def test_an_empty_question_and_an_empty_project_are_said_in_plain_words(project: Project) -> None:
    with pytest.raises(UserError, match="question is empty"):
        compare.compare(project, "  ", MODELS)
    with pytest.raises(UserError, match="no passages"):
        compare.compare(project, "anything", MODELS)


def test_a_marked_passage_judges_and_never_trains(filled: Project) -> None:
    pair = compare.mark_right(filled, "where is red clay", "c3")
    assert (pair.people, pair.judge_only, pair.generator, pair.positives) == (True, True, "marked", ("c3",))
    split(filled, SplitSettings())
    marked = filled.pair(pair.id)
    assert marked is not None
    assert marked.part not in (Part.TRAIN, Part.DEV)


def test_marking_twice_adds_one_question(filled: Project) -> None:
    compare.mark_right(filled, "where is red clay", "c3")
    compare.mark_right(filled, " where is  red clay", "c3")
    assert filled.count_pairs() == 1
