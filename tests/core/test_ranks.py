"""Two processes that train one model together end with one model, which has learned, and go on together after both were killed."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import models, runs
from core import project as projects
from core.objectives.meeting import keys
from core.pipeline import wait
from core.recipe import Recipe, parse
from core.schema import RunState
from core.train.batches import Batches, Interleaved
from tests import tiny
from tests.filled import eventually, fill

SETTINGS = {"dial": "balanced", "epochs": 4, "learning_rate": 3e-3, "batch_size": 8, "chance": 1}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model(tmp_path_factory.mktemp("tiny") / "model")


def recipe(model: Path, **train: object) -> Recipe:
    return parse({"train": {"base_model": str(model), **SETTINGS, **train}, "evaluate": {"resamples": 200, "rerank": False}})


@pytest.mark.slow
def test_two_processes_train_one_model(model: Path) -> None:
    owner = fill(projects.create("Two"), 100)
    found = runs.start(owner, "train", recipe(model, devices=2))
    assert wait(found).state is RunState.DONE, found.log()
    result = found.result()
    assert result["dev_best"] > result["dev_base"]
    assert found.model is not None
    steps = max(row["step"] for row in found.metrics() if "loss" in row)
    alone = Interleaved([Batches(keys(found.data().train), 8, 1)], "proportional", 1)
    assert steps == 4 * (len(alone) // 2)  # each process takes every second batch


@pytest.mark.slow
def test_killed_together_they_go_on_together(model: Path) -> None:
    owner = fill(projects.create("Two"), 100)
    whole = runs.start(owner, "train", recipe(model, devices=2))
    assert wait(whole).state is RunState.DONE, whole.log()
    other = runs.start(owner, "train", recipe(model, devices=2, epochs=4), title="again")
    eventually(lambda: any(other.folder.glob("checkpoints/checkpoint-*/COMPLETE.json")))
    os.killpg(json.loads((other.folder / "worker.json").read_text())["pid"], signal.SIGKILL)
    eventually(lambda: not other.alive())
    assert other.status().state is RunState.INTERRUPTED
    other.resume()
    assert wait(other).state is RunState.DONE, other.log()
    assert [row["dev"] for row in other.metrics() if "dev" in row] == [row["dev"] for row in whole.metrics() if "dev" in row]
    assert json.dumps(other.result()["history"]) == json.dumps(whole.result()["history"])


@pytest.mark.slow
@pytest.mark.parametrize("way", ["LoRA", "teacher"])
def test_two_processes_give_the_model_of_one_with_the_same_batches_in_a_step(
    model: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTUNE_PRECISION", "float32")
    owner = fill(projects.create("Two"), 100)
    taught = {"type": "contrastive", "datasets": {"train": {"name": "project:Two"}}}
    more: dict[str, Any] = {
        "LoRA": {"lora": {"r": 4}, "learning_rate": 2e-2},
        "teacher": {"objectives": [{**taught, "distillation": {"alpha": 2.0, "teacher": {"name": str(model)}}}]},
    }[way]
    ways = {"alone": {"args": {"gradient_accumulation_steps": 2}}, "together": {"devices": 2}}
    made = {}
    for name, chosen in ways.items():
        made[name] = runs.start(owner, "train", recipe(model, blend=[], epochs=2, batch_size=7, **more, **chosen), title=name)
        assert wait(made[name]).state is RunState.DONE, made[name].log()
    assert len(Batches(keys(made["alone"].data().train), 7, 1)) % 2 == 0, "or one batch would be left over for two"
    one, two = (made[name].result() for name in ways)
    assert two["share"], "or the base would be compared with itself"
    assert [point["score"] for point in two["history"]] == pytest.approx([point["score"] for point in one["history"]], abs=1e-4)
    texts = ["abcd efgh", "another text"]
    vectors = [models.load(str(made[name].model), "cpu").encode_document(texts) for name in ways]
    np.testing.assert_allclose(*vectors, atol=1e-4)


def test_what_cannot_be_shared_out_is_not_dealt() -> None:
    rows = tiny.dataset(100).train
    parts = [Batches(keys(rows), 8, 1)]
    for processes in (1, 2, 3):
        order = Interleaved(parts, "proportional", 1, processes)
        assert len(list(order)) == len(order)
        assert len(order) % processes == 0
