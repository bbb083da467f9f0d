"""LoRA trains matrices beside the weights, and leaves an ordinary model that knows nothing of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import models
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.recipe import LoraSettings, TrainSettings
from core.train import TrainResult, lora, train
from tests import tiny

TEXTS = ["the key hangs in the hall", "a boat", "what was lent"]
OBJECTIVE = {"type": "contrastive", "datasets": {"train": {"name": "project:Tiny"}}, "matryoshka": {"matryoshka_dims": [32, 16]}}

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def tune(base: Path, tmp_path: Path) -> Callable[..., TrainResult]:
    def run(folder: str = "run", metric: Any = lambda row: None, **settings: Any) -> TrainResult:
        wanted: dict[str, Any] = {"epochs": 4, "learning_rate": 1e-2, "batch_size": 8, "lora": {"r": 8}, "chance": 1, **settings}
        chosen = TrainSettings(base_model=str(base), dial="balanced", **wanted)
        return train(tiny.dataset(100), chosen, tmp_path / folder, EmbeddingStore(tmp_path / "embeddings"), metric=metric)

    return run


def weights(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*.safetensors")))


def test_merged_weights_give_the_vectors_that_the_adapters_gave(base: Path) -> None:
    import torch

    encoder = models.load(str(base), "cpu")
    plain = encoder.encode_document(TEXTS)
    lora.wear(encoder.model, LoraSettings(r=4), seed=1)
    np.testing.assert_array_equal(encoder.encode_document(TEXTS), plain, "adapters begin by changing nothing")
    torch.manual_seed(2)
    for name, value in encoder.model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(value, std=0.05)
    beside, state = encoder.encode_document(TEXTS), lora.merged(encoder.model)
    assert not np.allclose(beside, plain, atol=1e-3)
    lora.shed(encoder.model)
    np.testing.assert_array_equal(encoder.encode_document(TEXTS), plain)
    assert set(state) == set(encoder.model.state_dict())
    encoder.model.load_state_dict(state)
    np.testing.assert_allclose(encoder.encode_document(TEXTS), beside, atol=1e-5)


def test_it_finds_more_and_no_adapter_is_left_in_the_model(tune: Callable[..., TrainResult], base: Path) -> None:
    from safetensors import safe_open

    result = tune(blend=(0.5,))
    assert result.dev_best > result.dev_base + 0.05
    assert [point.share for point in result.shares] == [0, 0.5, 1]
    assert {path.name for path in result.model.rglob("*")} == {path.name for path in base.rglob("*")}
    with safe_open(result.model / "model.safetensors", "np") as tuned, safe_open(base / "model.safetensors", "np") as before:
        assert set(tuned.keys()) == set(before.keys())
    for path in result.model.rglob("*.json"):
        assert "lora" not in path.read_text("utf-8").lower()


@pytest.mark.slow
def test_lower_layers_stay_frozen_with_matryoshka_over_it(base: Path, tmp_path: Path) -> None:
    import dataclasses

    from core.dataset import ObjectiveRows
    from core.recipe import parse

    data = tiny.dataset(100)
    plain = {"base_model": str(base), "objectives": [OBJECTIVE], "lora": {"r": 8}, "freeze_layers": 1, "blend": [], "chance": 1}
    chosen = parse({"train": {**plain, "args": {"num_train_epochs": 8, "learning_rate": 1e-2, "per_device_train_batch_size": 8}}}).train
    held = dataclasses.replace(data, objectives=(ObjectiveRows(data.train),))
    result = train(held, chosen, tmp_path / "run", EmbeddingStore(tmp_path / "embeddings"))
    assert result.share == 1
    before, after = (models.load(str(one), "cpu").model.state_dict() for one in (base, result.model))
    changed = {name for name in before if not np.array_equal(before[name].numpy(), after[name].numpy())}
    assert changed
    assert not [name for name in changed if "layer.1." not in name]


@pytest.mark.slow
def test_the_same_recipe_gives_the_same_bytes_and_a_kill_changes_none(tune: Callable[..., TrainResult]) -> None:
    first = weights(tune("first", epochs=2).model)
    assert weights(tune("second", epochs=2).model) == first

    def die(row: Any) -> None:
        if row.get("step", 0) >= 11 and "loss" in row:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune("killed", die, epochs=2)
    rows: list[Any] = []
    assert weights(tune("killed", rows.append, epochs=2).model) == first
    assert min(row["step"] for row in rows if "loss" in row) == 9, "it went on, not anew"


def test_layers_that_are_not_there_are_told(tune: Callable[..., TrainResult]) -> None:
    with pytest.raises(UserError, match="no such_layer"):
        tune(lora={"target_modules": ["such_layer"]})


def test_the_recipe_keeps_it(tmp_path: Path) -> None:
    from core.recipe import Recipe, dump, load, parse

    chosen: Recipe = parse({"train": {"lora": {"r": 4, "target_modules": ["query", "value"]}}})
    (tmp_path / "recipe.yaml").write_text(dump(chosen), "utf-8")
    assert load(tmp_path / "recipe.yaml") == chosen
    assert json.loads(json.dumps(chosen.model_dump(mode="json")))["train"]["lora"]["r"] == 4
