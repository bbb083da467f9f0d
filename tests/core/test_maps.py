"""Quick's map for both sides, for either, or for questions alone: an ordinary model that anybody loads, and passages left as they were."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import models, publish
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.models import Encoder, Maps
from core.models import files as modelfiles
from core.recipe import TrainSettings
from core.train import TrainResult, train
from tests import tiny

ROUTER = "2_Router"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def base(folder: Path) -> Encoder:
    return models.load(str(folder), "cpu")


@pytest.fixture(scope="module")
def data() -> Dataset:
    return tiny.dataset(100)


@pytest.fixture
def quick(folder: Path, data: Dataset, tmp_path: Path) -> Callable[..., TrainResult]:
    def run(**settings: Any) -> TrainResult:
        rate = 3e-2 if settings["map"] == "queries" else 1e-2
        chosen = TrainSettings(base_model=str(folder), dial="quick", learning_rate=rate, epochs=30, chance=1, **settings)
        return train(data, chosen, tmp_path / "run", EmbeddingStore(tmp_path / "embeddings"))

    return run


def texts(data: Dataset) -> list[str]:
    return [passage.text for passage in data.passages]


def two(base: Encoder, document: bool = True) -> Maps:
    draw = np.random.default_rng(1).normal(size=(2, base.dimension, base.dimension)).astype(np.float32)
    return Maps(draw[0], draw[1] if document else None)


@pytest.fixture
def saved(base: Encoder, tmp_path: Path) -> Path:
    models.with_maps(base, two(base)).save(tmp_path / "saved")
    return tmp_path / "saved"


# --- training ---


@pytest.mark.parametrize("how", ["both", "each", "queries"])
def test_every_kind_of_map_finds_more(quick: Callable[..., TrainResult], how: str) -> None:
    result = quick(map=how)
    assert result.map == how
    assert result.dev_best > result.dev_base + 0.05


def test_a_map_for_questions_leaves_every_passage_as_the_base_has_it(
    quick: Callable[..., TrainResult], base: Encoder, data: Dataset, tmp_path: Path
) -> None:
    tuned = models.load(str(quick(map="queries").model), "cpu")
    assert np.array_equal(tuned.encode_document(texts(data)), base.encode_document(texts(data)))
    assert not np.allclose(tuned.encode_query(texts(data)), base.encode_query(texts(data)), atol=1e-2)
    store = EmbeddingStore(tmp_path / "embeddings")
    assert set(store.known(tuned, texts(data), "document")) == set(texts(data)), "they are not embedded again"


def test_the_blend_that_dev_likes_best_is_the_model(quick: Callable[..., TrainResult], data: Dataset) -> None:
    from core.train.dev import Dev

    result = quick(map="each", blend=(0.25, 0.5, 0.75))
    assert [point.share for point in result.shares] == [0, 0.25, 0.5, 0.75, 1]
    top = max(point.score for point in result.shares)
    assert result.share == min(point.share for point in result.shares if point.score == top)
    assert Dev(data).values(models.load(str(result.model), "cpu")).mean() == pytest.approx(result.dev_best, abs=0.01)


# --- the model anybody loads ---

CLEAN = """
import json, sys
from sentence_transformers import SentenceTransformer
texts = json.load(sys.stdin)
model = SentenceTransformer(sys.argv[1], device="cpu")
print(json.dumps([model.encode_query(texts).tolist(), model.encode_document(texts).tolist(), model.encode(texts).tolist()]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("document", [True, False])
def test_a_clean_process_leads_each_text_the_right_way(base: Encoder, data: Dataset, tmp_path: Path, document: bool) -> None:
    maps, some = two(base, document), texts(data)[:8]
    models.with_maps(base, maps).save(tmp_path / "saved")
    command = [sys.executable, "-c", CLEAN, str(tmp_path / "saved")]
    done = subprocess.run(command, input=json.dumps(some), capture_output=True, text=True, check=True)
    queries, documents, _ = (np.array(rows, np.float32) for rows in json.loads(done.stdout))
    np.testing.assert_allclose(queries, maps.apply(base.encode_query(some), "query"), atol=1e-5)
    np.testing.assert_allclose(documents, maps.apply(base.encode_document(some), "document"), atol=1e-5)


@pytest.mark.parametrize("kind", ["query", "document"])
def test_token_vectors_go_the_way_of_their_kind(base: Encoder, saved: Path, kind: models.Kind) -> None:
    some, loaded = ["the key hangs", "in the hall"], models.load(str(saved), "cpu")
    for plain, mapped in zip(base.token_vectors(some, kind), loaded.token_vectors(some, kind), strict=True):
        np.testing.assert_allclose(mapped, two(base).apply(plain, kind), atol=1e-4)


def test_a_model_with_two_ways_can_be_tuned_further(saved: Path, data: Dataset, tmp_path: Path) -> None:
    store = EmbeddingStore(tmp_path / "embeddings")
    for dial, rate in (("quick", 1e-2), ("balanced", 3e-3)):
        chosen = TrainSettings(
            base_model=str(saved), dial=dial, learning_rate=rate, batch_size=16, epochs=6, map="each", blend=(), chance=1
        )
        result = train(data, chosen, tmp_path / dial, store)
        assert result.dev_best > result.dev_base


def test_publishing_takes_the_parts_of_both_ways(saved: Path) -> None:
    paths = {listed.path for listed in publish.files(saved)}
    assert paths >= {
        f"{ROUTER}/router_config.json",
        f"{ROUTER}/query_0_Dense/model.safetensors",
        f"{ROUTER}/document_0_Dense/config.json",
    }
    assert paths == {path.relative_to(saved).as_posix() for path in saved.rglob("*") if path.is_file()}


# --- what the loader refuses ---


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("query_0_Dense", "evil.module.Dense", "code of its own"),
        ("query_0_Dense", "sentence_transformers.base.modules.router.Router", "inside each other"),
        ("../../outside", "sentence_transformers.sentence_transformer.modules.dense.Dense", "outside its own folder"),
        ("/tmp", "sentence_transformers.sentence_transformer.modules.dense.Dense", "outside its own folder"),
    ],
)
def test_a_way_that_leads_out_is_refused(saved: Path, name: str, kind: str, said: str) -> None:
    path = saved / ROUTER / modelfiles.ROUTES
    held = json.loads(path.read_text())
    held["types"][name] = kind
    path.write_text(json.dumps(held))
    with pytest.raises(UserError, match=said):
        models.load(str(saved), "cpu")


def test_a_pickle_behind_a_way_is_refused(saved: Path) -> None:
    weights = saved / ROUTER / "query_0_Dense" / "model.safetensors"
    weights.rename(weights.with_name("pytorch_model.bin"))
    with pytest.raises(UserError, match="pickle"):
        models.load(str(saved), "cpu")


@pytest.mark.parametrize("held", ["[]", '{"types": ["x"]}', '{"types": null}', "7"])
def test_a_list_of_ways_that_is_none_is_told(saved: Path, held: str) -> None:
    (saved / ROUTER / modelfiles.ROUTES).write_text(held)
    with pytest.raises(UserError):
        modelfiles.check(saved)
