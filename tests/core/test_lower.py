"""What frozen layers make of a text is made once, and a step with it is the step without."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core import models
from core.embeddings import EmbeddingStore
from core.models import Encoder
from core.recipe import parse
from core.train import layers, train
from core.train.lower import Lower
from core.train.step import Step
from tests import tiny
from tests.core import stepping

PAIRS = 6
FROZEN = 2  # of three layers


def built(folder: Path, kind: str) -> Path:
    """Save a random model of some kind that `tiny` does not make, with the tokenizer of one that it does."""
    import transformers
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    words = models.load(str(tiny.model(folder.parent / "words")), "cpu").model.tokenizer
    usual = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 64}
    shape = {"T5": {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 3, "num_heads": 4}}.get(kind, usual)
    torch.manual_seed(1)
    config = getattr(transformers, f"{kind}Config")(vocab_size=len(words), pad_token_id=words.pad_token_id, **shape)
    getattr(transformers, "T5EncoderModel" if kind == "T5" else f"{kind}Model")(config).save_pretrained(folder.parent / "raw")
    words.save_pretrained(folder.parent / "raw")
    made = SentenceTransformer(modules=[Transformer(str(folder.parent / "raw")), Pooling(32), Normalize()], device="cpu")
    made.save_pretrained(str(folder), create_model_card=False)
    return folder


@pytest.fixture(params=["BERT", "Gemma", "ModernBert"])
def encoder(request: pytest.FixtureRequest, tmp_path: Path) -> Encoder:
    return loaded(tmp_path, request.param)


def loaded(folder: Path, kind: str) -> Encoder:
    known: dict[str, Callable[[Path], Path]] = {"BERT": partial(tiny.model, layers=3), "Gemma": partial(tiny.gemma, layers=3)}
    made = models.load(str(known[kind](folder / kind) if kind in known else built(folder / kind, kind)), "cpu")
    layers.without_dropout(made.model.train())
    layers.freeze(made.model, FROZEN)
    return made


def frozen(encoder: Encoder) -> Lower:
    return Lower(encoder.model, FROZEN)


def gradients(encoder: Encoder, lower: Lower, part: int = 0, start: int = 0) -> dict[str, Tensor]:
    encoder.model.zero_grad()
    with lower:
        Step([stepping.Ranking()], part)(encoder.model, stepping.batch(encoder, PAIRS, start, together=True)).backward()  # type: ignore[no-untyped-call]
    return {name: weight.grad.clone() for name, weight in encoder.model.named_parameters() if weight.grad is not None}


def watched(lower: Lower) -> list[int]:
    """Return a list that grows by the number of texts whenever some go through the first frozen layer."""
    seen: list[int] = []
    inside = next(module for module in lower.frozen[1].modules() if isinstance(module, nn.Linear))
    inside.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])))
    return seen


@pytest.mark.parametrize("part", [0, 5])
def test_gradients_are_those_of_texts_that_go_all_the_way(encoder: Encoder, part: int) -> None:
    wanted = gradients(encoder, Lower(encoder.model, 0), part)
    lower = frozen(encoder)
    for _ in range(2):  # made, then known
        found = gradients(encoder, lower, part)
        assert found.keys() == wanted.keys()
        for name, slope in wanted.items():
            torch.testing.assert_close(found[name], slope, rtol=1e-3, atol=1e-5, msg=name)


def test_a_text_goes_through_frozen_layers_once(encoder: Encoder) -> None:
    lower = frozen(encoder)
    texts = {text for row in tiny.dataset(40).train[: PAIRS + 2] for text in (row.query, row.positive)}
    seen = watched(lower)
    for start in (0, 2, 0):
        gradients(encoder, lower, start=start)
    assert sum(seen) == len(texts)
    assert set(seen) == {1}, "each goes alone"


def test_a_text_is_the_same_to_the_last_bit_whatever_it_came_with(encoder: Encoder) -> None:
    one, other = frozen(encoder), frozen(encoder)
    gradients(encoder, one, start=0)
    gradients(encoder, other, start=3)
    common = one.known.keys() & other.known.keys()
    assert len(common) >= PAIRS
    assert all(torch.equal(one.known[key], other.known[key]) for key in common)


def test_without_room_texts_are_made_anew_and_the_same(encoder: Encoder) -> None:
    roomy, tight = frozen(encoder), frozen(encoder)
    tight.room = 0
    for _ in range(2):
        found, wanted = gradients(encoder, tight), gradients(encoder, roomy)
    assert not tight.known
    assert all(torch.equal(found[name], slope) for name, slope in wanted.items())


def test_outside_of_a_step_the_model_reads_as_ever(encoder: Encoder) -> None:
    before = encoder.encode_document(["the key hangs in the hall"])
    gradients(encoder, frozen(encoder))
    assert (encoder.encode_document(["the key hangs in the hall"]) == before).all()
    with pytest.raises(ZeroDivisionError), frozen(encoder):
        encoder.model(stepping.batch(encoder, PAIRS, together=True)["chunks"][0])
        raise ZeroDivisionError
    assert not [name for module in encoder.model.modules() for name in vars(module) if name == "forward"]


@pytest.mark.parametrize("kind", ["T5", "MPNet"])  # which hands on two tensors; which trains weights that all layers share
def test_a_model_whose_frozen_layers_change_or_hand_on_more_is_left_as_it_is(kind: str, tmp_path: Path) -> None:
    encoder = loaded(tmp_path, kind)
    wanted = gradients(encoder, Lower(encoder.model, 0))
    lower = frozen(encoder)
    for _ in range(2):
        found = gradients(encoder, lower)
        assert all(torch.equal(found[name], slope) for name, slope in wanted.items())
    assert wanted
    assert not lower.known


@pytest.mark.parametrize(
    ("settings", "kept"),
    [({}, True), ({"dropout": True}, False), ({"args": {"gradient_checkpointing": True}}, False)],
    ids=["plain", "dropout", "checkpointing"],
)
def test_a_training_keeps_them_only_where_they_make_the_same_of_a_text(
    settings: dict[str, Any], kept: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[Lower] = []
    entered = Lower.__enter__
    monkeypatch.setattr(Lower, "__enter__", lambda lower: made.append(lower) or entered(lower))  # type: ignore[func-returns-value]
    base = tiny.model(tmp_path / "model")
    plain = {"base_model": str(base), "dial": "balanced", "epochs": 1, "freeze_layers": 1, "chance": 1}
    result = train(tiny.dataset(40), parse({"train": plain | settings}).train, tmp_path / "run", EmbeddingStore(tmp_path / "embeddings"))
    assert result.epochs == 1
    assert bool(made[-1].known) is kept


def test_fast_leaves_the_lowest_third_as_it_is_and_says_so(tmp_path: Path) -> None:
    base = tiny.model(tmp_path / "model", layers=3)
    settings = parse({"train": {"base_model": str(base), "dial": "fast", "epochs": 8, "learning_rate": 3e-3, "chance": 1}}).train
    result = train(tiny.dataset(60), settings, tmp_path / "run", EmbeddingStore(tmp_path / "embeddings"))
    assert (result.method, result.freeze_layers, result.gradient_share) == ("fast", 1, 0.35)
    assert result.dev_best > result.dev_base
    before, after = (models.load(str(place), "cpu").model.state_dict() for place in (base, result.model))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert any("layer.1." in name for name in changed)
    assert not [name for name in changed if "embeddings" in name or "layer.0." in name]
