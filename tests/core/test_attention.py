"""Our attention on a processor gives what torch's gives, on the way there and on the way back; and steps aside where it does not fit."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core import models
from core.models import attention
from tests import tiny

HEADS, WIDTH = 3, 8


def tensors(texts: int, tokens: int, *, kind: Any = None, heads: int = HEADS) -> list[Any]:
    """Return query, key and value as a model has them: tokens before heads in memory."""
    import torch

    torch.manual_seed(texts * tokens)
    return [torch.randn(texts, tokens, heads, WIDTH).to(kind or torch.bfloat16).transpose(1, 2).requires_grad_() for _ in range(3)]


def padding(texts: int, tokens: int) -> Any:
    """Return a mask as the library makes it: every text of another length."""
    import torch

    seen = torch.arange(tokens) < torch.arange(tokens, tokens - texts, -1).clamp(min=1)[:, None]
    return seen[:, None, None, :].expand(texts, 1, tokens, tokens)


def back(found: Any, given: list[Any]) -> list[Any]:
    """Return what attention found, and the gradients of its three inputs, for a fixed slope."""
    import torch

    torch.manual_seed(5)
    slope = torch.randn(found.shape).to(found.dtype)
    return [found.detach().float(), *(one.float() for one in torch.autograd.grad(found, given, slope))]


def exact(given: list[Any], mask: Any, **rest: Any) -> list[Any]:
    """Return the same from torch's attention in float32."""
    import torch

    wide = [one.detach().float().requires_grad_() for one in given]
    return back(torch.nn.functional.scaled_dot_product_attention(*wide, attn_mask=mask, **rest), wide)


def off(found: list[Any], wanted: list[Any]) -> float:
    """Return the largest relative difference."""
    return max(float((one - other).norm() / other.norm()) for one, other in zip(found, wanted, strict=True))


@pytest.mark.parametrize("at_once", [1, 10**9], ids=["a text at a time", "all at once"])
@pytest.mark.parametrize("padded", [False, True], ids=["no padding", "padding"])
def test_it_gives_what_torch_gives_both_ways(padded: bool, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "CACHE", at_once)
    given, mask = tensors(5, 11), padding(5, 11) if padded else None
    assert off(back(attention.attend(*given, mask, WIDTH**-0.5), given), exact(given, mask)) < 0.01


def test_one_mask_may_serve_all_texts() -> None:
    given, mask = tensors(4, 7), padding(3, 7)[2:]
    assert off(back(attention.attend(*given, mask, 0.3), given), exact(given, mask, scale=0.3)) < 0.01


def test_autocast_changes_nothing() -> None:
    import torch

    given, mask = tensors(4, 7), padding(4, 7)
    plain = back(attention.attend(*given, mask, 0.3), given)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = back(attention.attend(*given, mask, 0.3), given)
    assert all(torch.equal(one, other) for one, other in zip(plain, cast, strict=True))


def through(given: list[Any], mask: Any = None, *, module: Any = None, **rest: Any) -> Any:
    """Return what a layer of a model gets from the library's registry."""
    from transformers import AttentionInterface

    attention.install()
    layer = module or SimpleNamespace(is_causal=False)
    return AttentionInterface()["sdpa"](layer, *given, mask, **rest)[0]


def ours(found: Any) -> bool:
    """Say whether a result was computed here: it knows its way back."""
    steps = [found.grad_fn]
    while steps:
        step = steps.pop()
        if step is not None and step.name() == "AttentionBackward":
            return True
        steps += [before for before, _ in step.next_functions] if step is not None else []
    return False


def test_a_layer_in_training_takes_it() -> None:
    given = tensors(4, 7)
    found = through(given, padding(4, 7), scaling=0.3)
    assert ours(found)
    assert found.shape == (4, 7, HEADS, WIDTH)
    assert off([found.detach().float()], [exact(given, padding(4, 7), scale=0.3)[0].transpose(1, 2)]) < 0.01


@pytest.mark.parametrize(
    "rest",
    [
        {"dropout": 0.5},
        {"is_causal": True},
        {"module": SimpleNamespace(is_causal=True)},
        {"module": SimpleNamespace(is_causal=False, num_key_value_groups=HEADS)},
        {"mask": "a bias"},
        {"kind": "float32"},
        {"position_bias": "a bias"},
    ],
    ids=str,
)
def test_what_it_does_not_know_is_left_to_the_library(rest: dict[str, Any]) -> None:
    import torch

    rest = dict(rest)
    given = tensors(4, 7, kind=torch.float32 if rest.pop("kind", "") else None)
    if getattr(rest.get("module"), "num_key_value_groups", 1) > 1:
        given[1:] = tensors(4, 7, heads=1)[1:]
    bias = torch.zeros(1, 1, 7, 7, dtype=torch.bfloat16)
    mask = bias if rest.pop("mask", "") else None
    if "position_bias" in rest:
        rest["position_bias"] = bias
    found = through(given, mask, **rest)
    assert not ours(found)
    assert found.shape == (4, 7, HEADS, WIDTH)


def test_embedding_is_left_to_the_library() -> None:
    import torch

    given, mask = tensors(4, 7), padding(4, 7)
    plain = torch.nn.functional.scaled_dot_product_attention(*given, attn_mask=mask).transpose(1, 2)
    with torch.no_grad():
        assert torch.equal(through(given, mask), plain)


@pytest.mark.parametrize("make", [tiny.model, tiny.gemma])
def test_a_model_in_training_has_the_same_gradients(make: Any, tmp_path: Path) -> None:
    import torch

    encoder = models.load(str(make(tmp_path / "tiny")), "cpu")
    texts = ["who keeps the key of the house", "the key", "nobody has seen it since the day before yesterday", "a drill"]
    from core.train import layers

    layers.without_dropout(encoder.model)
    encoder.model.train()

    def slopes() -> Any:
        encoder.model.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            vectors = encoder.model(encoder.model.preprocess(texts))["sentence_embedding"]
        (vectors @ vectors.detach().mT).float().square().sum().backward()
        return torch.cat([weight.grad.flatten() for weight in encoder.model.parameters() if weight.grad is not None])

    from transformers import AttentionInterface

    attention.install()
    own = slopes()
    registered = AttentionInterface._global_mapping
    mine = registered["sdpa"]
    registered["sdpa"] = mine.__wrapped__
    try:
        usual = slopes()
    finally:
        registered["sdpa"] = mine
    assert torch.nn.functional.cosine_similarity(own, usual, dim=0) > 0.999
