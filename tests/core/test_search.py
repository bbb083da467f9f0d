"""Exact search, BM25 and fusion: right, the same on every run, and blind to a question's own words in its passage."""

from __future__ import annotations

import numpy as np
import pytest

from core import search
from core.schema import Passage, Question
from core.search.corpus import Corpus


def _unit(count: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, 16)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("block", [search.BLOCK, 150])
def test_exact_search_is_the_sorted_matrix_product(block: int) -> None:
    queries, passages = _unit(7, 1), _unit(50, 2)
    ids, scores = search.exact(queries, passages, 10, block=block)
    cosine = queries @ passages.T
    assert ids.tolist() == np.argsort(-cosine, axis=1)[:, :10].tolist()
    assert scores == pytest.approx(np.take_along_axis(cosine, ids, 1), abs=1e-5)


def test_equal_scores_come_in_the_order_of_the_passages() -> None:
    passages = np.repeat(_unit(3, 1), 20, axis=0)
    ids, _ = search.exact(passages[:1], passages, 15)
    assert ids[0].tolist() == list(range(15))


def test_asking_for_more_than_there_is_returns_all() -> None:
    ids, scores = search.exact(_unit(2, 1), _unit(3, 2), 10)
    assert sorted(ids[0].tolist()) == [0, 1, 2]
    assert scores.shape == (2, 3)
    assert search.exact(_unit(2, 1), _unit(0, 2), 10)[0].shape == (2, 0)


def test_a_question_may_see_other_scores_than_its_neighbours() -> None:
    passages = _unit(5, 2)
    other = search.Other(np.array([3, 0]), np.array([-np.inf, 2.0], np.float32))
    ids, scores = search.exact(passages[[3, 3]], passages, 5, {1: other})
    assert ids[0, 0] == 3
    assert ids[1, 0] == 0
    assert 3 not in ids[1].tolist()
    assert ids[1, -1] == search.NOTHING
    assert scores[1, -1] == -np.inf


TEXTS = ["the cat sat on the mat", "a dog and a cat", "rain in spring", "", "数据 隐私保护"]


def test_bm25_finds_by_shared_words_and_leaves_out_what_shares_none() -> None:
    ids, scores = search.BM25(TEXTS).search(["Cat!", "snow", "", "隐私"], 5)
    assert set(ids[0].tolist()) == {0, 1, -1}
    assert ids[1].tolist() == ids[2].tolist() == [-1] * 5
    assert ids[3].tolist() == [4, -1, -1, -1, -1]
    assert (scores[0, :2] > 0).all()


def test_bm25_gives_a_text_the_score_that_its_index_gives_it() -> None:
    index = search.BM25(TEXTS)
    for query in ("the cat", "cat cat dog", "隐私保护", "unknown"):
        assert [index.score(query, text) for text in TEXTS] == pytest.approx(index.scores(query).tolist(), rel=1e-5)


@pytest.mark.parametrize("texts", [[], ["", ""]])
def test_bm25_over_nothing_finds_nothing(texts: list[str]) -> None:
    ids, _ = search.BM25(texts).search(["anything"], 5)
    assert ids.tolist() == [[-1] * len(texts)]


def test_chinese_is_searched_by_pairs_of_signs() -> None:
    assert search.words("数据隐私 AI法") == ["数", "据", "隐", "私", "ai", "法", "数据", "据隐", "隐私"]
    ids, _ = search.BM25(["私立隐士", "隐私", "数据"]).search(["隐私"], 3)
    assert ids[0, 0] == 1


def test_fusion_adds_reciprocal_ranks() -> None:
    one, other = np.array([[5, 7, 9]]), np.array([[7, 5, -1]])
    ids, scores = search.fuse([one, other], depth=4)
    assert ids.tolist() == [[5, 7, 9, -1]]  # 5 and 7 are level: the earlier passage is first
    assert scores[0, :3] == pytest.approx([1 / 61 + 1 / 62, 1 / 61 + 1 / 62, 1 / 63])
    assert search.fuse([one, np.array([[9, -1, -1]])], depth=1)[0].tolist() == [[9]]


SENTENCE = "what colour is the northern gate painted each spring"
PASSAGES = (
    Passage("gate", f"the old town has four gates. {SENTENCE}. masons keep them in order all year"),
    Passage("paint", "the northern gate and its colour: paint is renewed when spring comes"),
    Passage("short", f"so: {SENTENCE}"),
    Passage("bread", "bread is baked at dawn in the square, and sold until noon"),
)
REST = "the old town has four gates. masons keep them in order all year"


def _asked(**without: str) -> Question:
    return Question("q", SENTENCE, ("gate",), "sentence", without=without)


def _vectors(texts: tuple[str, ...] | list[str]) -> np.ndarray:
    """Count words: a model of which every score can be reckoned by hand."""
    names = sorted({word for passage in PASSAGES for word in search.words(passage.text)})
    rows = np.array([[search.words(text).count(name) for name in names] for text in texts], np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def _rankings(*questions: Question) -> dict[str, list[list[str]]]:
    corpus = Corpus.of(PASSAGES, questions)
    dense, _ = corpus.dense(_vectors(list(corpus.queries)), _vectors(corpus.texts))
    return {"dense": corpus.named(dense), "bm25": corpus.named(corpus.words()[0])}


@pytest.mark.parametrize("system", ["dense", "bm25"])
def test_a_question_taken_from_its_passage_does_not_find_its_own_words(system: str) -> None:
    found = _rankings(_asked(), _asked(gate=REST, short="so:"))[system]
    assert found[0][:2] == ["short", "gate"]  # as it lies there, it is found by its own words
    assert found[1].index("paint") < found[1].index("gate")
    assert "gate" in found[1]


@pytest.mark.parametrize("system", ["dense", "bm25"])
def test_a_passage_of_which_nothing_is_left_is_out_unless_it_is_the_right_one(system: str) -> None:
    found = _rankings(_asked(gate=REST, short="so:"))[system][0]
    assert "short" not in found
    right = Question("q", SENTENCE, ("short",), "sentence", without={"short": "so:", "gate": REST})
    corpus = Corpus.of(PASSAGES, [right])
    assert corpus.others[0][2] != search.NOTHING


def test_other_questions_see_the_passages_as_they_are() -> None:
    one, both = _rankings(_asked()), _rankings(_asked(gate=REST), _asked())
    assert {system: found[1] for system, found in both.items()} == {system: found[0] for system, found in one.items()}


def test_texts_and_passages_translate_into_each_other() -> None:
    corpus = Corpus.of(PASSAGES, [_asked(gate=REST, short="so:"), _asked()])
    ranking = np.array([[1, 0, 3, -1], [2, 0, 1, 3]])
    seen = corpus.as_texts(ranking)
    assert [corpus.texts[i] for i in seen[0, :3]] == [PASSAGES[1].text, REST, PASSAGES[3].text]
    assert seen[1].tolist() == ranking[1].tolist()
    assert corpus.as_passages(seen).tolist() == ranking.tolist()


def test_other_texts_of_passages_that_are_gone_do_not_count() -> None:
    assert Corpus.of(PASSAGES, [_asked(gone="a text")]).others == {}
