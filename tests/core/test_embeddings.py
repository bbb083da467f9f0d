"""Every text is embedded once for a model, whoever asks, whatever is killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from core import embeddings, models
from core.embeddings import EmbeddingStore
from core.schema import Progress, silent
from tests import tiny

TEXTS = [f"shelf {i} holds tools of kind {i % 7}" for i in range(30)]


class Counting(models.Encoder):
    """A real encoder that counts the texts it embeds."""

    embedded = 0

    def encode(self, texts: Sequence[str], kind: models.Kind, progress: Progress = silent) -> models.Vectors:
        self.embedded += len(texts)
        return super().encode(texts, kind, progress)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model(tmp_path_factory.mktemp("models") / "tiny", prompts={"query": "ask: ", "document": ""})


@pytest.fixture
def encoder(folder: Path) -> Counting:
    loaded = models.load(str(folder))
    return Counting(loaded.model, loaded.name, loaded.digest)


@pytest.fixture
def store(tmp_path: Path) -> EmbeddingStore:
    return EmbeddingStore(tmp_path / "embeddings")


def test_vectors_come_back_in_the_order_of_the_texts(store: EmbeddingStore, encoder: Counting) -> None:
    wanted = [*TEXTS[::-1], TEXTS[3], TEXTS[3]]
    np.testing.assert_allclose(store.vectors(encoder, wanted, "document"), encoder.encode_document(wanted), atol=1e-5)
    assert store.vectors(encoder, [], "document").shape == (0, encoder.dimension)


def test_nothing_is_embedded_twice(store: EmbeddingStore, encoder: Counting) -> None:
    first = store.vectors(encoder, [*TEXTS, *TEXTS], "document")
    again = EmbeddingStore(store.root).vectors(encoder, TEXTS[::-1], "document")
    assert encoder.embedded == len(TEXTS)
    np.testing.assert_array_equal(first[: len(TEXTS)], again[::-1])


def test_a_prompt_a_precision_and_other_weights_make_other_vectors(
    store: EmbeddingStore, encoder: Counting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {embeddings.shard_key(encoder, "document"), embeddings.shard_key(encoder, "query")}
    other = models.load(str(tiny.model(tmp_path / "other", seed=2)))
    keys |= {embeddings.shard_key(other, "document")}
    monkeypatch.setenv("ATTUNE_PRECISION", "bfloat16")
    keys |= {embeddings.shard_key(models.load(encoder.name), "document")}
    assert len(keys) == 4


def test_vectors_of_one_text_for_both_sides_are_shared_when_no_prompt_differs(tmp_path: Path, store: EmbeddingStore) -> None:
    plain = models.load(str(tiny.model(tmp_path / "plain")))
    assert embeddings.shard_key(plain, "query") == embeddings.shard_key(plain, "document")


def test_a_model_in_training_has_no_lasting_vectors(store: EmbeddingStore, encoder: Counting) -> None:
    with pytest.raises(ValueError, match="in training"):
        store.vectors(models.wrap(encoder.model, "x"), TEXTS, "document")


def test_a_file_cut_short_is_embedded_again(store: EmbeddingStore, encoder: Counting) -> None:
    whole = store.vectors(encoder, TEXTS, "document")
    shard = next(store.root.glob("*.f32"))
    os.truncate(shard, 10 * encoder.dimension * 4 + 3)
    np.testing.assert_allclose(store.vectors(encoder, TEXTS, "document"), whole, atol=1e-5)
    shard.unlink()
    np.testing.assert_allclose(store.vectors(encoder, TEXTS, "document"), whole, atol=1e-5)


def test_what_a_killed_process_did_not_commit_is_written_over(store: EmbeddingStore, encoder: Counting) -> None:
    store.vectors(encoder, TEXTS[:10], "document")
    with next(store.root.glob("*.f32")).open("ab") as file:
        file.write(b"half a batch that nobody committed")
    np.testing.assert_allclose(store.vectors(encoder, TEXTS, "document"), encoder.encode_document(TEXTS), atol=1e-5)


def test_vectors_that_were_computed_otherwise_can_be_kept(store: EmbeddingStore, encoder: Counting) -> None:
    given = np.eye(encoder.dimension, dtype=np.float32)[:3]
    store.put(encoder, TEXTS[:3], "document", given)
    np.testing.assert_array_equal(store.vectors(encoder, TEXTS[:3], "document"), given)
    assert encoder.embedded == 0
    assert sorted(store.known(encoder, TEXTS, "document")) == sorted(TEXTS[:3])


CHILD = """
import os, sys
os.environ["OMP_NUM_THREADS"] = "1"
from pathlib import Path
from core import models
from core.embeddings import EmbeddingStore
first = int(sys.argv[3])
texts = [f"text number {i} of the shelf" for i in range(first, first + 600)]
print("ready", flush=True)
sys.stdin.readline()
EmbeddingStore(Path(sys.argv[2])).vectors(models.load(sys.argv[1]), texts, "document", lambda f, t: print(f, flush=True))
"""


def child(folder: Path, root: Path, first: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(folder), str(root), str(first)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_several_processes_share_one_store(folder: Path, tmp_path: Path, encoder: Counting) -> None:
    children = [child(folder, tmp_path / "shared", first) for first in (0, 200, 400)]
    for process in children:
        process.stdout.readline()
    for process in children:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.wait(280) for process in children] == [0, 0, 0]
    store, texts = EmbeddingStore(tmp_path / "shared"), [f"text number {i} of the shelf" for i in range(1000)]
    np.testing.assert_allclose(store.vectors(encoder, texts, "document"), encoder.encode_document(texts), atol=1e-4)
    assert encoder.embedded == 1000, "the comparison alone: the store had them all"
    assert next(store.root.glob("*.f32")).stat().st_size == 1000 * encoder.dimension * 4


@pytest.mark.slow
def test_a_kill_loses_at_most_one_batch(folder: Path, tmp_path: Path, encoder: Counting) -> None:
    process = child(folder, tmp_path / "killed", 0)
    process.stdin.write("go\n")
    process.stdin.flush()
    lines = iter(process.stdout.readline, "")
    done = next(float(line) for line in lines if line[0].isdigit() and float(line) > 0)  # said before the batch after it begins
    process.kill()
    process.wait()
    texts = [f"text number {i} of the shelf" for i in range(600)]
    assert len(EmbeddingStore(tmp_path / "killed").known(encoder, texts, "document")) >= round(done * 600)
