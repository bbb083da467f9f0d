"""Rerankers: each puts the hits in the order of its own score, and says plainly when it cannot be had."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core import models, rerankers
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.rerankers import RERANKERS, Request, late_interaction
from core.rerankers import cross_encoder as cross_encoding
from core.search import NOTHING
from tests import tiny
from tests.wordmodel import WordModel

TEXTS = ["red stone bridge over a river", "bridge", "a river of red clay", "", "winter wheat", "stone"]
QUERIES = ["red river", "the stone bridge"]
FIRST = np.array([[4, 0, 2, 1, NOTHING], [5, 1, 0, 3, 4]])


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> models.Encoder:
    return models.load(str(tiny.model(tmp_path_factory.mktemp("models") / "tiny")))


@pytest.fixture
def request_(encoder: models.Encoder, tmp_path: Path) -> Request:
    return Request(QUERIES, TEXTS, FIRST, encoder, EmbeddingStore(tmp_path / "vectors"))


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.cross_encoder(tmp_path_factory.mktemp("models") / "cross")


def test_late_interaction_is_the_mean_of_the_best_match_of_each_token(request_: Request, encoder: models.Encoder) -> None:
    ids, scores = late_interaction.rerank(request_)
    asked, read = encoder.token_vectors(QUERIES, "query"), encoder.token_vectors(TEXTS, "document")
    for row in range(2):
        expected = {i: float((asked[row] @ read[i].T).max(axis=1).mean()) for i in FIRST[row].tolist() if i != NOTHING}
        found = {i: s for i, s in zip(ids[row].tolist(), scores[row].tolist(), strict=True) if i != NOTHING}
        assert found == pytest.approx(expected, abs=1e-5)
        assert list(found) == sorted(expected, key=lambda i: -expected[i])


def test_only_the_first_hits_are_reranked_and_nothing_is_invented(request_: Request) -> None:
    ids, scores = late_interaction.rerank(replace(request_, depth=3))
    assert ids.shape == scores.shape == (2, 3)
    assert [sorted(row) for row in ids.tolist()] == [[0, 2, 4], [0, 1, 5]]


def test_a_gap_stays_last(request_: Request) -> None:
    ids, scores = late_interaction.rerank(request_)
    assert ids[0, -1] == NOTHING
    assert scores[0, -1] == -np.inf


def test_passages_are_read_once_however_many_questions_ask_for_them(tmp_path: Path) -> None:
    model = WordModel()
    texts = [f"word{i} word{i + 1}" for i in range(2 * late_interaction.BLOCK)]
    every = np.tile(np.arange(len(texts)), (3, 1))
    queries = ["word7 word8", "word500 word501", "nothing"]
    ids, scores = late_interaction.rerank(Request(queries, texts, every, model, EmbeddingStore(tmp_path), depth=len(texts)))
    assert ids[:2, 0].tolist() == [7, 500]
    assert scores[:2, 0] == pytest.approx(1.0)
    assert sorted(model.read) == sorted([*texts, *queries])


def test_equal_scores_keep_the_first_order(tmp_path: Path) -> None:
    texts = ["same words"] * 4
    ids, _ = late_interaction.rerank(Request(["same"], texts, np.array([[2, 0, 3, 1]]), WordModel(), EmbeddingStore(tmp_path)))
    assert ids.tolist() == [[2, 0, 3, 1]]


def test_bm25_first_takes_what_shares_words_in_the_order_of_the_model(request_: Request, encoder: models.Encoder) -> None:
    ids, scores = rerankers.rerank("first_bm25", request_)
    cosine = encoder.encode_query(QUERIES) @ encoder.encode_document(TEXTS).T
    for row, sharing in enumerate([[0, 2], [0, 1, 5]]):
        found = [i for i in ids[row].tolist() if i != NOTHING]
        assert found == sorted(sharing, key=lambda i: -cosine[row, i])
        assert scores[row, : len(found)] == pytest.approx(cosine[row, found], abs=1e-5)


def test_the_cross_encoder_orders_by_its_own_score(request_: Request, cross_encoder: Path) -> None:
    from sentence_transformers import CrossEncoder

    ids, scores = rerankers.rerank("cross_encoder", replace(request_, cross_encoder=str(cross_encoder)))
    model = CrossEncoder(str(cross_encoder), device="cpu")
    for row, query in enumerate(QUERIES):
        found = [i for i in ids[row].tolist() if i != NOTHING]
        logits = model.predict([(query, TEXTS[i]) for i in found], activation_fn=lambda values: values)
        assert scores[row, : len(found)] == pytest.approx(logits, abs=1e-5)
        assert list(logits) == sorted(logits, reverse=True)
        assert set(found) == set(FIRST[row].tolist()) - {NOTHING}


def test_a_cross_encoder_that_is_nowhere_says_so_and_what_else_there_is(request_: Request) -> None:
    with pytest.raises(UserError, match="cross-encoder/ms-marco-MiniLM-L6-v2 is not on this machine") as caught:
        rerankers.rerank("cross_encoder", request_)
    assert "late interaction" in caught.value.hint


@pytest.mark.parametrize("fit", [3, 0])
def test_too_little_memory_reads_fewer_pairs_at_once(request_: Request, cross_encoder: Path, fit: int) -> None:
    """The model refuses more pairs than fit, as a full card would."""
    import torch
    from transformers import BertModel

    asked = replace(request_, cross_encoder=str(cross_encoder))
    _, whole = rerankers.rerank("cross_encoder", asked)
    refused = []

    def full(module: object, inputs: tuple[object], named: dict[str, torch.Tensor]) -> None:
        if isinstance(module, BertModel) and len(named["attention_mask"]) > fit:
            refused.append(len(named["attention_mask"]))
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    model = cross_encoding._load(cross_encoder)
    hooks = [module.register_forward_pre_hook(full, with_kwargs=True) for module in model.modules()]
    try:
        if not fit:
            with pytest.raises(UserError, match="a question and a passage"):
                rerankers.rerank("cross_encoder", asked)
        else:
            _, halved = rerankers.rerank("cross_encoder", asked)
            np.testing.assert_allclose(halved, whole, atol=1e-5)
    finally:
        for hook in hooks:
            hook.remove()
    assert refused


def test_an_embedding_model_is_not_taken_for_a_cross_encoder(request_: Request, encoder: models.Encoder) -> None:
    with pytest.raises(UserError, match="is not a cross-encoder"):
        rerankers.rerank("cross_encoder", replace(request_, cross_encoder=encoder.name))


def test_a_classifier_of_several_labels_is_refused(request_: Request, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="3 labels"):
        rerankers.rerank("cross_encoder", replace(request_, cross_encoder=str(tiny.cross_encoder(tmp_path / "three", labels=3))))


def test_a_pickled_cross_encoder_is_refused_unopened(request_: Request, tmp_path: Path) -> None:
    folder = tiny.cross_encoder(tmp_path / "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UserError, match="safetensors"):
        rerankers.rerank("cross_encoder", replace(request_, cross_encoder=str(folder)))


@pytest.mark.parametrize("name", RERANKERS)
def test_every_entry_answers_no_hits_with_no_hits(name: str, request_: Request, cross_encoder: Path) -> None:
    empty = replace(request_, queries=["zzz"], first=np.full((1, 3), NOTHING), cross_encoder=str(cross_encoder))
    ids, scores = rerankers.rerank(name, empty)
    assert (ids == NOTHING).all()
    assert (scores == -np.inf).all()


@pytest.mark.parametrize("name", RERANKERS)
def test_every_entry_says_what_it_does_needs_and_when_to_choose_it(name: str) -> None:
    words = RERANKERS[name].load().__doc__
    assert all(part in " ".join(words.split()) for part in ("What it does:", "What it needs:", "When to choose it:", "Source:"))
