"""Texts that the loss depends on go back through the model more often, and the gradient is right on average."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from core import models
from core.errors import UserError
from core.models import Encoder
from core.recipe import parse
from core.train import plan, sampling
from core.train.step import Step
from tests import tiny
from tests.core import stepping

PAIRS = 8


def slopes(*lengths: float) -> Tensor:
    """Return slopes of these lengths, each in its own direction."""
    return torch.nn.functional.normalize(torch.randn(len(lengths), 8), dim=1) * torch.tensor(lengths)[:, None]


# --- chances ---


def test_chances_are_as_the_slopes_and_do_the_work_that_was_asked_for() -> None:
    found = sampling.chances(slopes(1, 2, 4, 1), torch.ones(4), 0.25)
    assert found.tolist() == pytest.approx([0.125, 0.25, 0.5, 0.125])


def test_a_chance_is_at_most_one_and_others_take_what_is_left() -> None:
    found = sampling.chances(slopes(100, 1, 1, 2), torch.ones(4), 0.5)
    assert found.tolist() == pytest.approx([1, 0.25, 0.25, 0.5])


def test_work_counts_by_tokens() -> None:
    work = torch.tensor([300.0, 100, 100])
    found = sampling.chances(slopes(1, 1, 1), work, 0.4)
    assert float((found * work).sum() / work.sum()) == pytest.approx(0.4)


def test_what_has_no_slope_is_never_drawn_and_all_others_are_where_they_are_few() -> None:
    assert sampling.chances(slopes(0, 3, 0, 1e-9), torch.ones(4), 0.5).tolist() == [0, 1, 0, 1]
    assert sampling.chances(slopes(0, 0), torch.ones(2), 0.5).tolist() == [0, 0]


def test_drawn_slopes_are_those_of_all_on_average() -> None:
    torch.manual_seed(1)
    parts = [slopes(1, 0.2, 0.5), slopes(0.1, 2, 0.3, 0.3)]
    total, times = [torch.zeros_like(part) for part in parts], 4000
    for _ in range(times):
        for own, (rows, taken) in zip(total, sampling.drawn(parts, [torch.ones(len(part)) for part in parts], 0.4), strict=True):
            own[rows] += taken / times
    assert torch.allclose(torch.cat(total), torch.cat(parts), atol=0.06)


# --- a step ---


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    made = models.load(str(tiny.model(tmp_path_factory.mktemp("models") / "tiny")), "cpu")
    made.model.eval()
    return made


def gradient(encoder: Encoder, step: Step, made: Mapping[str, Any]) -> tuple[float, Tensor]:
    """Return a step's loss and the gradient of all weights; those that no text reached have none."""
    encoder.model.zero_grad()
    value = step(encoder.model, made)
    value.backward()  # type: ignore[no-untyped-call]
    weights = encoder.model.parameters()
    return value.item(), torch.cat([(torch.zeros_like(one) if one.grad is None else one.grad).flatten() for one in weights])


@pytest.mark.parametrize("part", [0, 5])
def test_the_loss_is_the_same_and_the_gradient_right_on_average(encoder: Encoder, part: int) -> None:
    torch.manual_seed(2)
    made, times = stepping.batch(encoder, PAIRS), 250
    loss, whole = gradient(encoder, Step([stepping.Ranking()]), made)
    found = [gradient(encoder, Step([stepping.Ranking()], part, 0.4), made) for _ in range(times)]
    assert [value for value, _ in found] == pytest.approx([loss] * times, rel=1e-5)
    assert max(off(one, whole) for _, one in found) > 0.2, "single ones differ, or nothing was drawn"
    assert off(torch.stack([one for _, one in found]).mean(dim=0), whole) < 0.2  # a bias would be that of single ones


def off(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm() / other.norm())


def test_only_what_was_drawn_goes_through_the_model_again(encoder: Encoder) -> None:
    torch.manual_seed(3)
    seen: list[tuple[bool, int]] = []
    hook = encoder.model.register_forward_pre_hook(
        lambda _, given: seen.append((torch.is_grad_enabled(), int(given[0]["attention_mask"].sum())))
    )
    try:
        for _ in range(60):
            gradient(encoder, Step([stepping.Ranking()], share=0.3), stepping.batch(encoder, PAIRS))
    finally:
        hook.remove()
    first, again = (sum(tokens for graded, tokens in seen if graded is wanted) for wanted in (False, True))
    assert again / first == pytest.approx(0.3, abs=0.05)


# --- where it is done ---


def wanted(objectives: Sequence[str] = (), **settings: Any) -> float:
    named = [{"type": kind, "datasets": {"train": {"name": "project:Tiny"}}} for kind in objectives]
    found = parse({"train": {"objectives": named, **settings}}).train
    return sampling.share(found, plan.derive(found, "balanced", 100, True))


def test_all_is_taken_unless_the_recipe_says_otherwise() -> None:
    assert wanted() == wanted(["contrastive"]) == 1
    assert wanted(gradient_share=0.6) == wanted(["similarity"], gradient_share=0.6) == 0.6
    with pytest.raises(UserError, match="gradient_share"):
        wanted(gradient_share=0)


def test_dropout_and_several_processes_take_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wanted(gradient_share=0.6, dropout=True) == wanted(["unsupervised"], gradient_share=0.6) == 1
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert wanted(gradient_share=0.6) == 1


def test_a_run_planned_before_there_was_a_share_goes_on_with_all() -> None:
    made = dataclasses.asdict(plan.derive(parse({}).train, "balanced", 100, True))
    del made["gradient_share"]
    assert plan.read(json.dumps(made)).gradient_share == 1
