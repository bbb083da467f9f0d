"""Chunks are taken apart and laid anew, and every text keeps its vector."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from core import models
from core.losses.given import VECTOR
from core.models import Encoder
from core.train import pieces
from core.train.pieces import Size
from core.train.tokens import IDS, MASK
from tests import tiny

SHORT = ["a", "who keeps the key", "nothing"]
LONG = ["the key hangs in the hall " * 3, "a drill", "a drill and its bits"]
MAKES = {"bert": tiny.model, "gemma": tiny.gemma}


@pytest.fixture(scope="module", params=[("bert", "right"), ("gemma", "right"), ("gemma", "left")], ids=str)
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    make, side = request.param
    found = models.load(str(MAKES[make](tmp_path_factory.mktemp("models") / make)), "cpu")
    found.model.tokenizer.padding_side = side
    return found


def chunks(encoder: Encoder, **more: Any) -> list[dict[str, Any]]:
    return [dict(encoder.model.preprocess(texts)) | more for texts in (SHORT, LONG)]


def vectors(encoder: Encoder, chunk: Any) -> torch.Tensor:
    with torch.no_grad():
        made: torch.Tensor = encoder.model(dict(chunk))[VECTOR]
    return made


def test_every_text_keeps_its_vector_in_fewer_tokens(encoder: Encoder) -> None:
    given = chunks(encoder)
    whole = torch.cat([vectors(encoder, chunk) for chunk in given])
    laid = list(pieces.relaid(given, Size(most=4, extra=0)))
    assert sorted(int(place) for _, places in laid for place in places) == list(range(6))
    for chunk, places in laid:
        assert torch.allclose(vectors(encoder, chunk), whole[places], atol=1e-5)
    assert all(int(chunk[MASK].sum(dim=1).max()) == chunk[IDS].shape[1] for chunk, _ in laid), "none is wider than its longest text"
    assert sum(chunk[IDS].numel() for chunk, _ in laid) < sum(chunk[IDS].numel() for chunk in given)


def test_texts_of_both_chunks_lie_together_where_a_chunk_costs_more_than_padding(encoder: Encoder) -> None:
    laid = list(pieces.relaid(chunks(encoder), Size(most=9, extra=1000)))
    assert [len(places) for _, places in laid] == [6]


def test_texts_that_go_different_ways_stay_apart(encoder: Encoder) -> None:
    short, long = chunks(encoder)
    laid = list(pieces.relaid([short | {"task": "query"}, long | {"task": "document"}], Size(most=9, extra=1000)))
    assert [(chunk["task"], places.tolist()) for chunk, places in laid] == [("query", [1, 2, 0]), ("document", [3, 5, 4])]


def test_a_chunk_of_more_than_tokens_stays_as_it_is(encoder: Encoder) -> None:
    pictures = [chunk | {"pixels": torch.zeros(3, 2, 8, 8)} for chunk in chunks(encoder)]
    laid = list(pieces.relaid(pictures, Size(most=9, extra=1000)))
    assert [chunk for chunk, _ in laid] == pictures
    assert [places.tolist() for _, places in laid] == [[0, 1, 2], [3, 4, 5]]


def test_nothing_is_laid_where_nothing_was_drawn() -> None:
    assert list(pieces.relaid([], pieces.ON_A_PROCESSOR)) == []


def test_a_chunk_is_cut_and_loses_nothing(encoder: Encoder) -> None:
    chunk = chunks(encoder, task="query")[0]
    parts = list(pieces.cut(chunk, 2))
    assert [len(part[IDS]) for part in parts] == [2, 1]
    assert all(part["task"] == "query" for part in parts)
    assert torch.equal(torch.cat([part[IDS] for part in parts]), chunk[IDS])
