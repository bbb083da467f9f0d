"""Training leaves a model that dev chose, says how it went, and goes on exactly where it was killed."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import models
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.recipe import TrainSettings
from core.schema import Passage, Question, TrainPair
from core.train import TrainResult, train
from tests import tiny

LEARNS: Mapping[str, Mapping[str, Any]] = {
    "quick": {"learning_rate": 1e-2, "epochs": 30},
    "balanced": {"learning_rate": 3e-3, "batch_size": 8, "epochs": 4},
    "thorough": {"learning_rate": 3e-3, "batch_size": 8, "epochs": 4},
}
NEVER_BETTER = {"learning_rate": 1e-12}  # so the vectors stay as they are, and no epoch beats the base

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def data() -> Dataset:
    return tiny.dataset(100)


class Training:
    """One run's folder, trained with the tiny model; keeps the rows it reports."""

    def __init__(self, folder: Path, base: Path, data: Dataset) -> None:
        self.folder, self.base, self.data = folder, base, data
        self.rows: list[Mapping[str, Any]] = []
        self.interrupt: tuple[float, type[BaseException]] | None = None
        self.stop_at = float("inf")
        self.at_share = 0.0

    def run(self, dial: str, **settings: Any) -> TrainResult:
        chosen = TrainSettings(base_model=str(self.base), dial=dial, **{**LEARNS[dial], "chance": 1, **settings})
        store = EmbeddingStore(self.folder.parent / "embeddings")
        return train(self.data, chosen, self.folder, store, metric=self.report, stop=lambda: self.step >= self.stop_at)

    def report(self, row: Mapping[str, Any]) -> None:
        self.rows.append(row)
        if self.interrupt and row.get("step", 0) >= self.interrupt[0] and "loss" in row:
            raise self.interrupt[1]
        if self.at_share and row.get("share") == self.at_share:
            raise KeyboardInterrupt

    @property
    def step(self) -> int:
        return max((row.get("step", 0) for row in self.rows), default=0)

    @property
    def vectors(self) -> np.ndarray:
        return models.load(str(self.folder / "model")).encode_document([p.text for p in self.data.passages])


@pytest.fixture
def training(tmp_path: Path, base: Path, data: Dataset) -> Training:
    return Training(tmp_path / "run", base, data)


def weights(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*.safetensors")))


# --- what comes out ---


@pytest.mark.parametrize("dial", ["quick", "balanced"])
def test_training_finds_more_on_dev_and_leaves_a_model_anybody_can_load(training: Training, dial: str) -> None:
    from sentence_transformers import SentenceTransformer

    result = training.run(dial)
    assert result.dev_best > result.dev_base + 0.05
    assert result.best_epoch > 0
    anywhere = SentenceTransformer(str(result.model), device="cpu")
    anywhere_vectors = anywhere.encode([p.text for p in training.data.passages])
    np.testing.assert_allclose(anywhere_vectors, training.vectors, atol=1e-5)


def test_quick_stores_the_vectors_that_its_model_gives(training: Training) -> None:
    training.run("quick")
    store = EmbeddingStore(training.folder.parent / "embeddings")
    texts = [passage.text for passage in training.data.passages]
    tuned = models.load(str(training.folder / "model"))
    assert set(store.known(tuned, texts, "document")) == set(texts)
    np.testing.assert_allclose(store.vectors(tuned, texts, "document"), training.vectors, atol=1e-4)


@pytest.mark.parametrize("dial", ["quick", "balanced"])
def test_when_the_base_wins_the_model_is_the_base(training: Training, dial: str, base: Path) -> None:
    result = training.run(dial, **NEVER_BETTER, epochs=1)
    assert (result.best_epoch, result.share) == (0, 0)
    assert result.dev_best == result.dev_base
    assert models.load(str(result.model)).digest == models.load(str(base)).digest


def test_the_model_left_is_the_one_that_dev_chose(training: Training) -> None:
    from core.train.dev import Dev

    result = training.run("balanced", epochs=6)
    scores = {point.share: point.score for point in result.shares}
    assert scores[1.0] == max(point.score for point in result.history[1:])
    blends = {row["share"]: row["dev_blend"] for row in training.rows if "dev_blend" in row}
    assert blends == pytest.approx({share: score for share, score in scores.items() if 0 < share < 1}, abs=1e-6)
    assert result.dev_best == scores[result.share] > result.dev_base
    assert Dev(training.data).values(models.load(str(result.model))).mean() == pytest.approx(result.dev_best, abs=1e-6)


def test_blends_that_were_scored_before_a_kill_are_not_scored_again(training: Training, tmp_path: Path) -> None:
    from core.train.watch import ShareScore

    unkilled = Training(tmp_path / "unkilled", training.base, training.data).run("balanced", epochs=2)
    assert [point.share for point in unkilled.shares] == [0, 0.25, 0.5, 0.75, 1]
    training.at_share = 0.5
    with pytest.raises(KeyboardInterrupt):
        training.run("balanced", epochs=2)
    training.at_share = 0.0
    training.rows.clear()
    result = training.run("balanced", epochs=2)
    assert [row["share"] for row in training.rows if "share" in row] == [0.5, 0.75]
    assert result.shares == unkilled.shares
    assert weights(result.model) == weights(unkilled.model)
    assert ShareScore(result.share, result.dev_best) in result.shares


def test_a_training_of_so_many_steps_does_none_more_after_a_kill_at_its_end(training: Training, tmp_path: Path) -> None:
    args = {"max_steps": 11}  # inside the second epoch
    unkilled = Training(tmp_path / "unkilled", training.base, training.data).run("balanced", args=args)
    training.at_share = 0.25
    with pytest.raises(KeyboardInterrupt):
        training.run("balanced", args=args)
    training.at_share = 0.0
    training.rows.clear()
    result = training.run("balanced", args=args)
    assert not [row for row in training.rows if "loss" in row or "dev" in row]
    assert result.history == unkilled.history
    assert weights(result.model) == weights(unkilled.model)


def test_that_a_model_is_scored_is_said_while_it_is(training: Training) -> None:
    said: list[str] = []
    chosen = TrainSettings(base_model=str(training.base), dial="balanced", **{**LEARNS["balanced"], "epochs": 1}, blend=())
    train(training.data, chosen, training.folder, EmbeddingStore(training.folder / "e"), progress=lambda _, text: said.append(text))
    assert said[-2:] == ["Epoch 1 of 1", "Scoring the model after 1 of 1 epochs"]


def test_the_folder_holds_no_text_of_the_user_and_no_path(training: Training) -> None:
    result = training.run("balanced", epochs=1)
    words = [training.data.train[0].query, training.data.train[0].positive, str(training.base)]
    for path in (p for p in result.model.rglob("*") if p.is_file()):
        content = path.read_text("utf-8", "replace")
        assert not [word for word in words if word in content], path.name


def test_rows_of_metrics_tell_loss_dev_and_device(training: Training) -> None:
    result = training.run("balanced", epochs=2)
    assert {"device", "precision", "method", "pairs"} <= set(training.rows[0])
    assert {"metric": "nDCG@10"} in training.rows, "what the scores on dev are called"
    losses = [row for row in training.rows if "loss" in row]
    assert all({"step", "epoch", "loss", "learning_rate", "grad_norm", "at"} == set(row) for row in losses)
    assert [row["epoch"] for row in training.rows if "dev" in row] == [0, 1, 2] == [point.epoch for point in result.history]
    json.dumps(training.rows)


@pytest.mark.parametrize("dial", ["quick", "balanced"])
def test_the_same_recipe_gives_the_same_model(training: Training, tmp_path: Path, dial: str) -> None:
    again = Training(tmp_path / "again", training.base, training.data)
    first = training.run(dial, epochs=2)
    assert first.share
    assert weights(first.model) == weights(again.run(dial, epochs=2).model)


def test_auto_is_quick_for_pairs_made_offline(training: Training) -> None:
    offline = tuple(dataclasses.replace(pair, people=False, generator="sentence") for pair in training.data.train)
    training.data = dataclasses.replace(training.data, train=offline)
    result = train(training.data, TrainSettings(base_model=str(training.base)), training.folder, EmbeddingStore(training.folder / "e"))
    assert result.method == "quick"
    assert result.learning_rate == 1e-4


# --- settings ---


def test_frozen_layers_stay_as_they_were(training: Training) -> None:
    result = training.run("balanced", freeze_layers=1, epochs=8)
    assert result.share == 1
    before = models.load(str(training.base), "cpu").model.state_dict()
    after = models.load(str(result.model), "cpu").model.state_dict()
    changed = {name for name in before if not np.array_equal(before[name].numpy(), after[name].numpy())}
    assert changed
    assert not [name for name in changed if "embeddings" in name or "layer.0." in name]


@pytest.mark.parametrize("count", [2, 3])
def test_frozen_layers_that_leave_none_to_train_are_told(training: Training, count: int) -> None:
    with pytest.raises(UserError, match=f"{count} layers are to be frozen, but the model has 2"):
        training.run("balanced", freeze_layers=count)


def test_dropout_off_makes_a_step_repeatable_and_leaves_the_saved_rates(base: Path, tmp_path: Path) -> None:
    from core.train import layers

    encoder = models.load(str(base), "cpu")
    model = encoder.model.train()
    features = model.preprocess(["the key hangs in the hall"])
    vectors = [model(dict(features))["sentence_embedding"].detach().numpy() for _ in range(2)]
    assert not np.allclose(*vectors, atol=1e-6)
    layers.without_dropout(model)
    vectors = [model(dict(features))["sentence_embedding"].detach().numpy() for _ in range(2)]
    np.testing.assert_array_equal(*vectors)
    encoder.save(tmp_path / "saved")
    assert json.loads((tmp_path / "saved" / "config.json").read_text())["hidden_dropout_prob"] == 0.1


def test_thorough_ends_after_epochs_without_a_gain(training: Training) -> None:
    result = training.run("thorough", **NEVER_BETTER, epochs=8, patience=2)
    assert result.epochs == 2


def test_a_loss_that_is_no_number_is_told_with_a_way_on(training: Training) -> None:
    with pytest.raises(UserError, match="no longer a number") as caught:
        training.run("balanced", scale=1e39)
    assert "learning rate" in caught.value.hint


def test_a_models_prompts_stand_before_the_texts_it_is_trained_on(training: Training, tmp_path: Path) -> None:
    asking = tiny.model(tmp_path / "asking", prompts={"query": "ask: ", "document": "say: "})
    prompted = Training(tmp_path / "prompted", asking, training.data).run("balanced", epochs=1)

    data = training.data
    training.data = Dataset(
        tuple(dataclasses.replace(p, text=f"say: {p.text}") for p in data.passages),
        tuple(dataclasses.replace(p, query=f"ask: {p.query}", positive=f"say: {p.positive}") for p in data.train),
        tuple(dataclasses.replace(q, query=f"ask: {q.query}") for q in data.dev),
        (),
        data.test_digest,
    )
    written_out = training.run("balanced", epochs=1)
    assert prompted.share
    assert weights(prompted.model) == weights(written_out.model)


def test_too_little_to_train_on_is_told(training: Training) -> None:
    training.data = dataclasses.replace(training.data, train=training.data.train[:1])
    with pytest.raises(UserError, match="1 pairs"):
        training.run("quick")


def test_a_query_with_two_passages_never_meets_itself(training: Training) -> None:
    first = training.data.train[0]
    twice = [TrainPair("x", p.passage_id, first.query, p.positive, "columns") for p in training.data.train[:6]]
    training.data = dataclasses.replace(training.data, train=(*training.data.train, *twice))
    assert training.run("balanced", epochs=1).pairs == len(training.data.train)


# --- hard negatives ---


def with_negatives(data: Dataset) -> Dataset:
    """Give every row but the first three the next rows' passages as hard negatives, some rows fewer than others."""
    rows = list(data.train)
    marked = [dataclasses.replace(r, marks=(r.passage_id,), avoid=(r.passage_id,)) for r in rows[:3]]
    for i, one in enumerate(rows[3:], 3):
        wrong = [rows[(i + step) % len(rows)] for step in range(20, 21 + i % 3)]
        marks, texts = (one.passage_id, *(w.passage_id for w in wrong)), tuple(w.positive for w in wrong)
        marked.append(dataclasses.replace(one, negatives=texts, marks=marks, avoid=(one.passage_id,)))
    return dataclasses.replace(data, train=tuple(marked))


@pytest.mark.parametrize("dial", ["quick", "balanced"])
def test_hard_negatives_change_what_is_learned_and_only_when_asked_for(training: Training, tmp_path: Path, dial: str) -> None:
    plain = weights(training.run(dial, epochs=2).model)
    data = with_negatives(training.data)
    assert weights(Training(tmp_path / "off", training.base, data).run(dial, epochs=2).model) == plain
    assert weights(Training(tmp_path / "on", training.base, data).run(dial, epochs=2, hard_negatives=2).model) != plain


@pytest.mark.slow
def test_a_training_with_hard_negatives_goes_on_exactly_where_it_was_killed(training: Training, tmp_path: Path) -> None:
    training.data = with_negatives(training.data)
    unkilled = Training(tmp_path / "unkilled", training.base, training.data).run("balanced", hard_negatives=1)
    training.interrupt = (17, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        training.run("balanced", hard_negatives=1)
    training.interrupt = None
    assert weights(training.run("balanced", hard_negatives=1).model) == weights(unkilled.model)


def test_the_librarys_loss_takes_a_column_of_any_length(base: Path) -> None:
    """As cross-entropy over the batch's passages and all hard negatives, whatever their number."""
    import torch
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    from core.train.quick import ranking_loss

    encoder = models.load(str(base), "cpu")
    columns = [["ab cd", "ef gh", "ij kl"], ["ab", "ef", "ij"], ["mn op qr st uv"]]
    with torch.no_grad():
        encoder.model.eval()
        vectors = [encoder.model(encoder.model.preprocess(texts))["sentence_embedding"] for texts in columns]
        theirs = MultipleNegativesRankingLoss(encoder.model, scale=20.0)([encoder.model.preprocess(t) for t in columns], torch.empty(0))
    assert theirs.item() == pytest.approx(ranking_loss(vectors[0], torch.cat(vectors[1:]), 20.0).item(), abs=1e-5)


# --- stopping and going on ---


@pytest.mark.parametrize("dial", ["quick", "balanced"])
def test_stop_keeps_the_best_so_far(training: Training, dial: str) -> None:
    training.stop_at = 10
    result = training.run(dial)
    assert result.stopped
    assert training.step < 30
    assert result.dev_best == max(point.score for point in result.history)
    assert len(training.vectors)


def test_a_stop_before_the_first_step_leaves_the_base(training: Training, base: Path) -> None:
    training.stop_at = -1
    result = training.run("balanced")
    assert (result.stopped, result.share) == (True, 0)
    assert models.load(str(result.model)).digest == models.load(str(base)).digest


def test_a_finished_training_is_not_done_again(training: Training) -> None:
    first = training.run("quick")
    rows = len(training.rows)
    assert training.run("quick") == first
    assert len(training.rows) == rows


@pytest.mark.parametrize("step", [9, 17])
def test_a_killed_training_ends_in_the_same_weights(training: Training, tmp_path: Path, step: int) -> None:
    unkilled = Training(tmp_path / "unkilled", training.base, training.data).run("balanced")
    training.interrupt = (step, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        training.run("balanced")
    training.interrupt = None
    training.rows.clear()
    result = training.run("balanced")
    assert min(row["step"] for row in training.rows if "loss" in row) == 8 * ((step - 1) // 8) + 1, "it went on, not anew"
    assert weights(result.model) == weights(unkilled.model)
    assert result.history == unkilled.history


def test_a_stopped_training_goes_on_in_the_middle_of_its_epoch(training: Training, tmp_path: Path) -> None:
    unstopped = Training(tmp_path / "unstopped", training.base, training.data).run("balanced")
    training.stop_at = 12
    assert training.run("balanced").stopped
    training.stop_at = float("inf")
    result = training.run("balanced")
    assert not result.stopped
    assert tuple(point for point in result.history if point.epoch % 1 == 0) == unstopped.history
    assert not (training.folder / "checkpoints").exists()


def test_a_torn_checkpoint_is_passed_over(training: Training) -> None:
    training.interrupt = (20, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        training.run("balanced")
    newest = max((training.folder / "checkpoints").iterdir(), key=lambda path: int(path.name.split("-")[1]))
    (newest / "optimizer.pt").write_bytes(b"torn")
    training.interrupt = None
    training.rows.clear()
    training.run("balanced")
    assert min(row["step"] for row in training.rows if "loss" in row) == 9


def test_checkpoints_hold_no_card_and_no_pickled_settings(training: Training) -> None:
    training.interrupt = (20, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        training.run("balanced")
    names = {path.name for path in (training.folder / "checkpoints").rglob("*")}
    assert "optimizer.pt" in names
    assert not names & {"README.md", "training_args.bin"}


CHILD = """
import os, sys
from pathlib import Path
from core.embeddings import EmbeddingStore
from core.recipe import TrainSettings
from core.train import train
from tests import tiny
base, folder, step = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
def metric(row):
    if row.get("step") == step and "loss" in row:
        os._exit(9)
settings = TrainSettings(base_model=base, dial="balanced", learning_rate=3e-3, batch_size=8, epochs=4)
train(tiny.dataset(100), settings, folder, EmbeddingStore(folder.parent / "embeddings"), metric=metric)
"""


@pytest.mark.slow
def test_a_process_that_died_is_followed_by_one_that_ends_in_the_same_weights(base: Path, tmp_path: Path) -> None:
    def run(folder: str, step: int) -> int:
        command = [sys.executable, "-c", CHILD, str(base), str(tmp_path / folder), str(step)]
        return subprocess.run(command, check=False, cwd=Path(__file__).parents[2], env={**os.environ, "OMP_NUM_THREADS": "1"}).returncode

    assert run("unkilled", -1) == 0
    assert [run("killed", step) for step in (12, 21, -1)] == [9, 9, 0]
    assert weights(tmp_path / "killed" / "model") == weights(tmp_path / "unkilled" / "model")


CLEAN = """
import json, sys
from sentence_transformers import SentenceTransformer
texts = json.load(sys.stdin)
model = SentenceTransformer(sys.argv[1], device="cpu")
print(json.dumps([model.encode_query(texts).tolist(), model.encode_document(texts).tolist()]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("dial", "settings"), [("quick", {}), ("balanced", {"epochs": 1, "batch_size": 16})])
def test_a_clean_process_gives_the_apps_vectors(dial: str, settings: Mapping[str, Any], tmp_path: Path) -> None:
    from tests.conftest import SAMPLE

    with (SAMPLE / "questions.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["question"], row["answer"]) for row in csv.DictReader(file)][:160]
    ids = {answer: f"p{i}" for i, answer in enumerate(dict.fromkeys(answer for _, answer in rows))}
    pairs = [TrainPair(f"q{i}", ids[a], q, a, "columns", people=True) for i, (q, a) in enumerate(rows)]
    dev = tuple(Question(p.pair_id, p.query, (p.passage_id,), "columns", people=True) for p in pairs[::4])
    data = Dataset(tuple(Passage(key, text) for text, key in ids.items()), tuple(p for i, p in enumerate(pairs) if i % 4), dev, (), "x")

    result = train(data, TrainSettings(dial=dial, chance=1, **settings), tmp_path / "run", EmbeddingStore(tmp_path / "embeddings"))
    assert result.share, "the base won: nothing is shown"
    texts = [text for pair in pairs[:12] for text in (pair.query, pair.positive)]
    command = [sys.executable, "-c", CLEAN, str(result.model)]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=True)
    queries, documents = (np.array(rows) for rows in json.loads(done.stdout))
    tuned = models.load(str(result.model))
    assert np.sum(queries * tuned.encode_query(texts), axis=1).min() > 0.999
    assert np.sum(documents * tuned.encode_document(texts), axis=1).min() > 0.999
