"""Tokens kept through a training are laid into chunks as the library's own preprocessing lays them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from core import models
from core.models import Encoder
from core.train.tokens import Text, Tokens
from tests import tiny

TEXTS: list[Text] = [
    ("document", "abcd efgh ijkl"),
    ("document", "a"),
    ("document", ""),
    ("document", "torn \ud83d text"),
    ("document", "zz " * 300),
]
MAKES = {"bert": tiny.model, "gemma": tiny.gemma}


@pytest.fixture(
    scope="module", params=[(make, side, prompt) for make in MAKES for side in ("right", "left") for prompt in ("", "passage: ")], ids=str
)
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    make, side, prompt = request.param
    found = models.load(str(MAKES[make](tmp_path_factory.mktemp("models") / make)), "cpu")
    found.model.tokenizer.padding_side = side
    found.model.prompts = {"query": "", "document": prompt}
    return found


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    if one.keys() != other.keys():
        return False
    return all(torch.equal(one[key], other[key]) if isinstance(one[key], torch.Tensor) else one[key] == other[key] for key in one)


def test_a_chunk_of_kept_tokens_is_what_the_library_makes_of_its_texts(encoder: Encoder) -> None:
    tokens = Tokens(encoder)
    tokens.read(TEXTS)
    assert tokens.simple
    assert set(tokens.known) == set(TEXTS)
    for chunk in (TEXTS, TEXTS[1:3], TEXTS[:1]):
        assert same(tokens.chunk(chunk), tokens.ask([text for _, text in chunk], "document"))


def test_the_same_text_is_another_as_a_query_with_a_prompt(encoder: Encoder) -> None:
    tokens = Tokens(encoder)
    tokens.read([("query", "abcd"), ("document", "abcd")])
    prompted = bool(encoder.prompt("document"))
    assert tokens.alike is not prompted  # a prompt has a length of its own, which pooling may have to know
    assert (tokens.length(("document", "abcd")) > tokens.length(("query", "abcd"))) is prompted


def test_what_is_more_than_a_row_of_tokens_is_left_to_the_library(encoder: Encoder) -> None:
    class Segments(Tokens):
        def ask(self, texts: Any, kind: Any) -> dict[str, Any]:
            made = super().ask(texts, kind)
            return made | {"token_type_ids": torch.ones_like(made["input_ids"])}

    tokens = Segments(encoder)
    tokens.read(TEXTS)
    assert not tokens.simple
    assert not tokens.alike
    assert bool(tokens.chunk(TEXTS)["token_type_ids"].all())
