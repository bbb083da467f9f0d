from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import pytest

from core import pairs as making
from core import split
from core.dataset import Dataset
from core.generators import Material, timeline
from core.project import Project
from core.recipe import PairSettings, Recipe, SplitSettings, TimelineSettings
from core.schema import Chunk, Document, File, FileState, Page, Pair, Part, Passage, Question, TrainPair
from core.search import BM25
from core.search.corpus import Corpus
from core.split import leaks
from core.text import normalise
from tests.core.test_split import WORDS

OVERLAP = 20


def body(document: str, number: int) -> str:
    """Return a passage of forty words that no other has."""
    return " ".join(f"{document}{WORDS[i % 64]}{number}" for i in range(40))


def laid(sizes: dict[str, int]) -> tuple[dict[str, Document], list[Chunk], list[Page]]:
    """Lay documents of so many chunks, each sharing twenty characters with the next; the name's beginning is the date."""
    documents, chunks, pages = {}, [], []
    for n, (name, size) in enumerate(sizes.items()):
        text, spans = "", []
        for i in range(size):
            start = max(0, len(text) - OVERLAP)
            text += body(f"d{n}", i) + " "
            spans.append((start, len(text) - 1))
        documents[name] = Document(name, "f", n, name, len(text), date=name[:10])
        chunks += [Chunk(f"{name}/{i}", name, i, text[a:b], a, b, 1, 1, 50) for i, (a, b) in enumerate(spans)]
        pages.append(Page(name, 1, 0, text))
    return documents, chunks, pages


def material(sizes: dict[str, int]) -> Material:
    documents, chunks, _ = laid(sizes)
    return Material(documents, chunks, {})


def made(given: Material, **settings: object) -> list[Pair]:
    return list(timeline.generate(given, PairSettings(timeline=TimelineSettings.model_validate(settings))))


def positions(given: Material, pair: Pair) -> tuple[int, int]:
    """Return the positions of the passage that asks and of the one that answers."""
    at = {(c.document_id, c.start, c.end): c.position for c in given.chunks}
    return at[pair.document_id, pair.query_start, pair.query_end], at[pair.document_id, pair.start, pair.end]


LONG = {f"19{year}-01-01": 160 for year in range(50, 70)}


def test_about_one_pair_for_eight_passages_and_never_two_within_two_of_each_other() -> None:
    given = material(LONG)
    of_document: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for pair in made(given):
        of_document[pair.document_id].append(positions(given, pair))
    for places in of_document.values():
        assert 15 <= len(places) <= 20
        assert all(abs(i - j) > 2 for one, other in combinations(places, 2) for i in one for j in other)


def test_the_two_made_without_a_model_take_the_shares_of_all_four() -> None:
    assert timeline.shares(TimelineSettings(), timeline.OFFLINE) == pytest.approx({"successive": 88 / 90, "random-pair": 2 / 90})
    counted = Counter(pair.category for pair in made(material(LONG), successive=0.6, random_pair=0.2))
    assert counted["successive"] / counted.total() == pytest.approx(0.75, abs=0.02)
    assert set(counted) == {"successive", "random-pair"}


def test_all_four_categories_are_placed_in_their_shares() -> None:
    found = timeline.places(material(LONG), TimelineSettings(), list(TimelineSettings().shares), seed=1)
    counted = Counter(place.category for place in found)
    wanted = {"successive": 0.88, "single-synthetic": 0.08, "random-pair": 0.02, "synthetic-pair": 0.02}
    assert {name: number / len(found) for name, number in counted.items()} == pytest.approx(wanted, abs=0.01)
    assert all((place.anchor is place.positive) == (place.category == "single-synthetic") for place in found)


def test_successive_passages_are_neighbours_and_change_places_half_of_the_time() -> None:
    given = material(LONG)
    found = [positions(given, pair) for pair in made(given) if pair.category == "successive"]
    assert {abs(i - j) for i, j in found} == {1}
    assert 0.4 < sum(i < j for i, j in found) / len(found) < 0.6


def test_no_period_gives_more_than_any_other_may() -> None:
    given = material({"1990-05-01": 400, "1990-06-01": 400, **{f"200{n}-01-01": 40 for n in range(6)}})
    counted = Counter(pair.group for pair in made(given))
    assert counted == {"1990": 5, **{f"200{n}": 5 for n in range(6)}}
    assert max(Counter(pair.group for pair in made(given, cap=3)).values()) == 3


@pytest.mark.parametrize(
    ("date", "title", "year"),
    [("1996-01-23", "", "1996"), ("23.01.1996", "", "1996"), ("", "1945-Truman.txt", "1945"), ("", "Report 12345", ""), ("", "", "")],
)
def test_the_year_is_the_dates_or_else_the_titles(date: str, title: str, year: str) -> None:
    assert timeline.year(Document("d", "f", 0, title, 1, date=date)) == year


def test_a_document_of_one_passage_gives_none_and_one_of_two_gives_one() -> None:
    assert made(material({"a": 1})) == []
    assert len(made(material({"b": 2}))) == 1


def project_of(project: Project, sizes: dict[str, int]) -> Project:
    documents, chunks, pages = laid(sizes)
    file = File("f", "years.csv", "0" * 64, 1, "table", FileState.READ)
    project.replace_documents(file, list(documents.values()), pages)
    project.replace_chunks(chunks, [])
    return project


def test_the_passage_that_asks_is_found_neither_as_a_wrong_answer_nor_as_the_right_one(project: Project) -> None:
    data = judged(project_of(project, {f"19{year}-01-01": 16 for year in range(50, 70)}))
    texts = {passage.id: passage.text for passage in data.passages}
    assert data.test
    for question in data.test:
        own = [key for key, text in texts.items() if normalise(text) == normalise(question.query)]
        assert own
        assert not set(own) & set(question.relevant)
        assert all(question.without[key] == "" for key in own)
        shared = set(question.query.split()) & set(question.without.get(question.relevant[0], texts[question.relevant[0]]).split())
        assert shared == set(), "what two passages share by overlap is taken out of the answer"
    ranking, _ = Corpus.of(data.passages, data.test).words(5)
    corpus = Corpus.of(data.passages, data.test)
    assert all(texts[found[0]] != question.query for found, question in zip(corpus.named(ranking), data.test, strict=True) if found)
    plain = BM25([passage.text for passage in data.passages])
    assert plain.search([data.test[0].query], 1)[0][0][0] >= 0, "with nothing taken out it would be the first hit"


def judged(project: Project) -> Dataset:
    making.make(project, PairSettings(generators=("timeline",)))
    return split.dataset(project, Recipe())


def test_no_passage_that_judges_is_trained_on_as_a_question(project: Project) -> None:
    data = judged(project_of(project, {"1999-01-01": 160, "2000-01-01": 160}))
    placed = split.assign(project.chunks(), project.regions(), [])
    chunk_of = {normalise(chunk.text): chunk.id for chunk in project.chunks()}
    assert len(data.train) > 10
    assert {placed[chunk_of[normalise(row.query)]] for row in data.train} == {Part.TRAIN}
    assert {placed[chunk_of[normalise(question.query)]] for question in data.test} == {Part.TEST}
    assert leaks.find(data, SplitSettings().near_duplicate).clean


def test_a_judging_passage_that_was_asked_in_training_is_reported() -> None:
    secret = body("x", 1)
    train = (TrainPair("p", "a", secret, body("a", 1), "timeline"),)
    data = Dataset((Passage("a", body("a", 1)), Passage("b", secret)), train, (), (Question("q", "who?", ("b",), "columns"),), "x")
    assert [leak.kind for leak in leaks.find(data, 0.8).leaks] == ["near-duplicate passage"]


def test_addresses_of_many_years_are_taken_evenly(data: Path) -> None:
    folder = data / "timeline" / "state_union"
    sizes = {path.name: max(2, len(path.read_bytes()) // 900) for path in sorted(folder.glob("*.txt"))}
    found = made(material(sizes))
    counted = Counter(pair.group for pair in found)
    assert len(counted) > 55
    assert max(counted.values()) <= 2 * sorted(counted.values())[len(counted) // 2]
