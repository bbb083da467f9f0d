"""Tuning a reranker: what it learns from, what chooses it, and that a stop or a kill costs nothing."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

from core import compare, models, overview, reranker, runs, store
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.evaluate import reranking
from core.metrics import PRIMARY
from core.models import Encoder
from core.project import Project
from core.recipe import Recipe, RerankerSettings, parse
from core.reranker.order import ByLength
from core.reranker.rows import LabelledRow, labelled
from core.runs.folder import Run
from core.schema import RunState, TrainPair, VerdictWord
from tests import tiny
from tests.core.learning import full_card
from tests.filled import eventually, fill

DATA = tiny.dataset(40)
SMALL = {"chance": 1, "epochs": 2, "negatives": 1, "depth": 8, "batch_size": 8, "learning_rate": 1e-3}


@pytest.fixture(scope="module")
def encoder(base: Path) -> Encoder:
    return models.load(str(base))


@pytest.fixture(scope="module")
def cross(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.cross_encoder(tmp_path_factory.mktemp("models") / "cross")


# --- the rows ---


def rows(train: tuple[TrainPair, ...], encoder: Encoder, place: Path, **wanted: Any) -> list[LabelledRow]:
    return labelled(train, RerankerSettings(**{"negatives": 2, **wanted}), encoder, EmbeddingStore(place))


def test_each_question_has_its_right_passage_and_wrong_ones_of_training_alone(encoder: Encoder, tmp_path: Path) -> None:
    made = rows(DATA.train, encoder, tmp_path)
    right = [(pair.query, pair.positive) for pair in DATA.train]
    assert [(row.query, row.passage) for row in made if row.label] == right
    wrong = [(row.query, row.passage) for row in made if not row.label]
    assert wrong
    assert {passage for _, passage in wrong} <= {passage for _, passage in right}
    assert not set(wrong) & set(right)
    assert len(wrong) <= 2 * len(right)


def pair(number: int, query: str, positive: str, **more: Any) -> TrainPair:
    return TrainPair(f"q{number}", f"p{number}", query, positive, "llm", marks=(f"m{number}",), **more)


def test_what_may_be_right_or_shares_the_passages_text_is_no_wrong_passage(encoder: Encoder, tmp_path: Path) -> None:
    shared = "the gate of the old harbour is closed from dusk to dawn"
    train = (
        pair(1, "when is it closed", f"tide and weather. {shared}", avoid=("m3",)),
        pair(2, "who has the key", f"{shared}. the warden has the key"),
        pair(3, "is it open at noon", "at noon the gate stands open"),
        pair(4, "what does a berth cost", "a berth costs ten a night, and here too one asks: when is it closed"),
        pair(5, "where is the fuel", "fuel is sold at the pier of the lower basin beside the sheds"),
    )
    made = rows(train, encoder, tmp_path, negatives=5, judge="bm25")
    assert {row.passage for row in made if row.query == "when is it closed" and not row.label} == {train[4].positive}


def test_hard_negatives_that_came_with_a_pair_are_taken_first(encoder: Encoder, tmp_path: Path) -> None:
    train = tuple(TrainPair(**{**vars(one), "negatives": ("mined before",)}) for one in DATA.train)
    made = rows(train, encoder, tmp_path, negatives=1)
    assert {row.passage for row in made if not row.label} == {"mined before"}


def test_batches_hold_every_row_once_and_follow_from_seed_and_epoch() -> None:
    order, again = (ByLength([LabelledRow("q", "x" * i, 0) for i in range(101)], 8, seed=1) for _ in range(2))
    first = list(order)
    assert sorted(i for batch in first for i in batch) == list(range(101))
    assert len(first) == len(order) == 13
    order.set_epoch(1)
    again.set_epoch(1)
    assert list(order) == list(again) != first


# --- tuning ---


@dataclass
class Tuning:
    """One tuning in a folder of its own."""

    folder: Path
    recipe: Recipe
    stop_at: float = float("inf")
    said: list[dict[str, Any]] = field(default_factory=list)

    def run(self) -> reranker.RerankerResult:
        self.folder.mkdir(exist_ok=True)
        step = [0]

        def heard(row: Any) -> None:
            self.said.append(dict(row))
            step[0] = max(step[0], int(row.get("step", 0)))

        store = EmbeddingStore(self.folder.parent / "vectors")
        return reranker.train(DATA, self.recipe, self.folder, store, metric=heard, stop=lambda: step[0] >= self.stop_at)

    def weights(self) -> dict[str, Any]:
        return load_file(self.folder / reranker.FOLDER / "model.safetensors")


@pytest.fixture
def tuning(tmp_path: Path, base: Path, cross: Path) -> Tuning:
    return Tuning(tmp_path / "run", parse({"train": {"base_model": str(base)}, "reranker": {**SMALL, "base_model": str(cross)}}))


def test_dev_chooses_and_no_reranking_takes_part(tuning: Tuning) -> None:
    result = tuning.run()
    assert [point.epoch for point in result.history] == [0, 1, 2]
    best = max([result.dev_start or 0.0, *(point.score for point in result.history)])
    assert result.dev_best == best
    assert result.made == (best > result.dev_base) == (tuning.folder / reranker.FOLDER).exists()
    assert tuning.run() == result, "done is done"


def test_a_rise_within_chance_keeps_no_reranker_and_says_so(tuning: Tuning, tmp_path: Path) -> None:
    longer = tuning.recipe.reranker.model_copy(update={"epochs": 6, "negatives": 3})
    tuning.recipe = tuning.recipe.model_copy(update={"reranker": longer})
    unweighed = tuning.run()
    assert unweighed.made
    assert unweighed.chance
    wary = tuning.recipe.reranker.model_copy(update={"chance": unweighed.chance.p / 2})
    result = Tuning(tmp_path / "wary", tuning.recipe.model_copy(update={"reranker": wary})).run()
    assert result.chance == dataclasses.replace(unweighed.chance, level=wary.chance)
    assert not result.made
    assert not (tmp_path / "wary" / reranker.FOLDER).exists()
    assert result.dev_best == result.dev_base
    said, _ = overview.within_chance(store.to_plain(result))
    assert "no reranker was kept" in said
    assert overview.within_chance(store.to_plain(unweighed)) == ("", "")


@pytest.mark.slow
def test_an_encoder_gets_a_fresh_head_that_the_seed_decides(tuning: Tuning, base: Path, tmp_path: Path) -> None:
    tuning.recipe = parse({"train": {"base_model": str(base)}, "reranker": {**SMALL, "epochs": 1}})
    result, again = tuning.run(), Tuning(tmp_path / "again", tuning.recipe).run()
    assert (result.fresh, result.dev_start, result.started_from) == (True, None, str(base))
    assert result.history == again.history


@pytest.mark.slow
def test_a_stopped_tuning_goes_on_and_ends_as_one_that_never_stopped(tuning: Tuning, tmp_path: Path) -> None:
    unstopped = Tuning(tmp_path / "unstopped", tuning.recipe).run()
    tuning.stop_at = 5
    assert tuning.run().stopped
    tuning.stop_at = float("inf")
    result = tuning.run()
    assert not result.stopped
    assert [point for point in result.history if point.epoch % 1 == 0] == list(unstopped.history)


@pytest.mark.slow
def test_too_little_memory_halves_what_is_read_at_once_and_keeps_the_batch(tuning: Tuning, tmp_path: Path) -> None:
    undisturbed = Tuning(tmp_path / "undisturbed", tuning.recipe)
    undisturbed.run()
    with full_card(3) as refused:
        tuning.run()
    assert refused
    assert [row["part"] for row in tuning.said if "part" in row] == [4, 2]
    losses = [[row["loss"] for row in one.said if "loss" in row] for one in (tuning, undisturbed)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


def test_a_row_that_alone_is_too_much_to_read_is_told(tuning: Tuning) -> None:
    with full_card(0), pytest.raises(UserError, match="even with one row at a time"):
        tuning.run()


def test_no_file_holds_a_text_and_none_is_a_card(tuning: Tuning) -> None:
    tuning.stop_at = 9
    tuning.run()
    files = [path for path in tuning.folder.rglob("*") if path.is_file()]
    assert any("checkpoint-" in str(path) for path in files)
    assert not [path.name for path in files if path.suffix == ".md" or path.name == "training_args.bin"]
    told = [text.encode() for pair in DATA.train for text in (pair.query, pair.positive)]
    assert not [path.name for path in files if any(text in path.read_bytes() for text in told)]


@pytest.mark.parametrize("name", ["FOLDER", "/nowhere/model"])
def test_a_start_that_is_no_model_is_told_with_a_cross_encoder_as_the_way_on(tuning: Tuning, tmp_path: Path, name: str) -> None:
    tuning.recipe = parse({"train": tuning.recipe.train, "reranker": {"base_model": str(tmp_path) if name == "FOLDER" else name}})
    with pytest.raises(UserError, match="the reranker starts from cannot be had") as refused:
        tuning.run()
    assert "cross-encoder's folder" in refused.value.hint


def test_too_little_to_learn_from_is_told(tuning: Tuning) -> None:
    with pytest.raises(UserError, match="too few pairs"):
        reranker.train(tiny.dataset(1), tuning.recipe, tuning.folder, EmbeddingStore(tuning.folder.parent / "vectors"))


# --- the verdict, the run, and where it is used ---


def test_the_verdict_is_on_all_test_questions_and_names_its_neighbours(encoder: Encoder, cross: Path, tmp_path: Path) -> None:
    store, settings = EmbeddingStore(tmp_path), parse({"evaluate": {"resamples": 200}}).evaluate
    found = reranking.judge(DATA, encoder, cross, store, settings, depth=8)
    assert found.verdict.questions == len(DATA.test)
    assert [system.system for system in found.systems] == list(reranking.LABELS)
    scores = {system.system: system.metrics[PRIMARY].mean for system in found.systems}
    assert found.verdict.difference.mean == pytest.approx(scores["reranked"] - scores["base"])
    assert found.against_late.difference.mean == pytest.approx(scores["reranked"] - scores["late_interaction"])
    none = reranking.judge(DATA, encoder, None, store, settings, depth=8)
    assert none.verdict.word is VerdictWord.NO_DIFFERENCE
    assert "no reranker" in none.verdict.text


@pytest.mark.slow
def test_a_killed_run_goes_on_ends_the_same_and_is_offered_by_name(project: Project, base: Path, cross: Path, encoder: Encoder) -> None:
    fill(project, 60)
    chosen = {
        "train": {"base_model": str(base)},
        "reranker": {**SMALL, "epochs": 40, "base_model": str(cross)},
        "evaluate": {"resamples": 200},
    }
    whole = runs.start(project, "reranker", parse(chosen))
    eventually(lambda: whole.status().state is RunState.DONE, 120)
    killed = runs.start(project, "reranker", parse(chosen))
    eventually(lambda: any(row.get("step", 0) > 2 for row in killed.metrics()), 120)
    os.kill(killed_worker(killed), signal.SIGKILL)
    eventually(lambda: killed.status().state is RunState.INTERRUPTED, 30)
    killed.resume()
    eventually(lambda: killed.status().state is RunState.DONE, 120)
    weights = [{name: sha for name, sha in run.sealed().items() if name.endswith(".safetensors")} for run in (whole, killed)]
    assert weights[0] == weights[1]
    assert reranking.read(killed.folder) is not None
    assert killed.model is None, "a reranker is no embedding model"
    offered = compare.tuned_rerankers(project)
    assert [run.id for run in offered] == [run.id for run in (killed, whole) if run.reranker]
    for run in offered:
        query = tiny.dataset(60).test[0].query
        found = compare.compare(project, query, {"base": encoder}, reranker=f"run:{run.id}", depth=5)
        assert found.columns[0].hits[0].reranked is not None


def killed_worker(run: Run) -> int:
    return int(json.loads((run.folder / "worker.json").read_text())["pid"])


def test_a_run_without_a_reranker_is_told(project: Project, encoder: Encoder) -> None:
    fill(project)
    with pytest.raises(UserError, match="no such run"):
        compare.compare(project, "what", {"base": encoder}, reranker="run:20260101-000000-abcd")
