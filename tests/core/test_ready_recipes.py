"""The ready recipes parse, and the one for EmbeddingGemma trains a tiny random model of that architecture."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from core import models
from core.dataset import ObjectiveRows
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.losses import LOSSES, plain_name
from core.objectives import losses_of
from core.recipe import load, parse
from core.train import train
from tests import tiny

RECIPES = Path(__file__).resolve().parent.parent.parent / "assets" / "recipes"
GEMMA = RECIPES / "embeddinggemma.yaml"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_recipe_parses_and_names_losses_that_fit(path: Path) -> None:
    train = load(path).train
    assert train.objectives
    for objective in train.objectives:
        if objective.loss:
            assert plain_name(objective.loss) in losses_of(objective.type)
            assert plain_name(objective.loss) in LOSSES


def test_the_recipe_for_embeddinggemma_never_computes_in_float16() -> None:
    settings = load(GEMMA).train
    assert settings.model_args.dtype == "bfloat16"
    assert settings.args.bf16
    assert settings.model_args.prompts == {"query": "task: search result | query: ", "document": "title: none | text: "}
    with pytest.raises(UserError, match="float16"):
        parse({"train": {"base_model": {"name": "x", "args": {"dtype": "float16"}}, "args": {"fp16": True}}})


@pytest.mark.slow
def test_the_recipe_for_embeddinggemma_trains_that_architecture(tmp_path: Path) -> None:
    wanted = load(GEMMA).train
    data = tiny.dataset(60)
    smaller = wanted.args.model_copy(update={"learning_rate": 3e-3, "per_device_train_batch_size": 8, "num_train_epochs": 4})
    cut = wanted.objectives[0].matryoshka
    assert cut
    objective = wanted.objectives[0].model_copy(update={"matryoshka": cut.model_copy(update={"matryoshka_dims": (32, 16)})})
    settings = wanted.model_copy(
        update={"base_model": str(tiny.gemma(tmp_path / "gemma")), "args": smaller, "objectives": (objective,), "blend": (), "chance": 1.0}
    )
    given = dataclasses.replace(data, objectives=(ObjectiveRows(data.train),))
    rows: list[dict[str, object]] = []
    result = train(given, settings, tmp_path / "run", EmbeddingStore(tmp_path / "e"), metric=lambda row: rows.append(dict(row)))
    losses = [float(str(row["loss"])) for row in rows if "loss" in row]
    assert result.precision == "bfloat16"
    assert losses[-1] < losses[0]
    assert result.dev_best > result.dev_base
    tuned = models.load(str(result.model), "cpu")
    assert tuned.prompt("query") == "task: search result | query: "
    assert len(tuned.encode_query(["ab cd"])[0]) == 32
