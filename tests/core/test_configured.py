"""A training that is named by a configuration: its rows, its project, its copy, and what is refused before anything runs."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import Any, get_args

import pytest
import yaml

from core import export, project, text
from core.dataset import ScoredPair, TextRow
from core.errors import UserError
from core.losses import PAIRS, SCORES, TEXTS, TRIPLETS
from core.objectives import reading
from core.recipe import Recipe, Section, dump, load, parse
from core.recipe.objectives import DataSettings
from core.schema import TrainPair
from core.split.gather import gather
from tests import tiny
from tests.core.test_cli import attune
from tests.filled import fill

RECIPES = Path(__file__).resolve().parent.parent.parent / "assets" / "recipes"
OBJECTIVE = {"type": "contrastive", "datasets": {"train": {"name": "project:Test"}}}


def source(path: Path, **preprocess: Any) -> DataSettings:
    return DataSettings(name=str(path), preprocess_args=preprocess)


@pytest.fixture
def layouts(tmp_path: Path) -> Mapping[str, Path]:
    """Write the three layouts of rows, each in a file of its own kind."""
    pairs = tmp_path / "pairs.csv"
    with pairs.open("w", newline="", encoding="utf-8") as file:
        rows = [("what is a tide", "The tide is the sea's rise.", "A tie is worn."), ("who rows", "The oarsman rows.", "He rose early.")]
        csv.writer(file).writerows([("anchor", "positive", "negative"), *rows])
    scored = tmp_path / "scored.tsv"
    scored.write_text("sentence1\tsentence2\tscore\nA dog runs.\tA dog is running.\t0.9\nA dog runs.\tIt rains.\t0.1\n", "utf-8")
    graded = tmp_path / "graded.jsonl"
    row = {"sentence": "The mill", "similar": ["A mill", "Mills"], "almost_similar": ["A bakery"], "dissimilar": ["The sea", "A boat"]}
    graded.write_text(json.dumps(row), "utf-8")
    return {"pairs": pairs, "scored": scored, "graded": graded}


# --- rows ---


def test_each_layout_becomes_rows_of_each_kind_that_it_can(layouts: Mapping[str, Path]) -> None:
    first = reading.read(source(layouts["pairs"]), TRIPLETS)[0]
    assert isinstance(first, TrainPair)
    assert (first.query, first.positive, first.negatives) == ("what is a tide", "The tide is the sea's rise.", ("A tie is worn.",))
    assert [row.score for row in reading.read(source(layouts["scored"]), SCORES) if isinstance(row, ScoredPair)] == [0.9, 0.1]
    graded = {(r.second, r.score) for r in reading.read(source(layouts["graded"]), SCORES) if isinstance(r, ScoredPair)}
    assert graded == {("A mill", 1), ("Mills", 1), ("A bakery", 0.5), ("The sea", -1), ("A boat", -1)}
    pairs = [row for row in reading.read(source(layouts["graded"], negative_samples=1), PAIRS) if isinstance(row, TrainPair)]
    assert [(row.positive, row.negatives) for row in pairs] == [("A mill", ("The sea",)), ("Mills", ("The sea",))]
    assert len(reading.read(source(layouts["graded"]), TEXTS)) == 6  # the almost similar text too


def test_a_text_file_gives_texts(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("The keeper of the house writes down what was lent.\n", "utf-8")
    assert reading.read(source(path), TEXTS) == (TextRow("The keeper of the house writes down what was lent."),)


def test_rows_that_answer_one_question_never_meet(layouts: Mapping[str, Path]) -> None:
    from core.objectives.meeting import keys

    one, other = keys(reading.read(source(layouts["graded"]), PAIRS))
    assert one.brings & other.avoids


def test_the_kind_follows_from_the_scores_where_none_is_asked_for(layouts: Mapping[str, Path]) -> None:
    assert isinstance(reading.read(source(layouts["scored"]), "")[0], ScoredPair)
    assert isinstance(reading.read(source(layouts["pairs"]), "")[0], TrainPair)


@pytest.mark.parametrize(("name", "said"), [("nowhere.csv", "no file"), ("nobody/has-this", "cannot be had")])
def test_what_is_not_there_is_said(name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    with pytest.raises(UserError, match=said):
        reading.read(DataSettings(name=str(tmp_path / name) if name.endswith("csv") else name), PAIRS)


# --- what a run is given ---


def test_rows_that_hold_a_question_that_judges_are_left_out(tmp_path: Path) -> None:
    owner = fill(project.create("Test"))
    plain = gather(owner, Recipe())
    judging = [question.query for question in (*plain.dev, *plain.test)]
    path = tmp_path / "more.jsonl"
    rows = [{"anchor": query, "positive": f"about {i}"} for i, query in enumerate([*judging, "one more thing", "and another", "a third"])]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    recipe = parse({"train": {"objectives": [OBJECTIVE, {"type": "contrastive", "datasets": {"train": {"name": str(path)}}}]}})
    found = gather(owner, recipe)
    assert [row.query for row in found.objectives[1].train if isinstance(row, TrainPair)] == ["one more thing", "and another", "a third"]
    asked = {text.normalise(query) for query in judging}
    assert asked.isdisjoint(text.normalise(one) for rows in found.objectives for row in rows.train for one in reading.texts_of(row))
    assert (found.dev, found.test) == (plain.dev, plain.test)


def test_rows_that_teach_a_passage_that_judges_are_left_out_whatever_they_ask(tmp_path: Path) -> None:
    owner = fill(project.create("Test"))
    plain = gather(owner, Recipe())
    bodies = {passage.id: passage.text for passage in plain.passages}
    judging = [bodies[key] for question in (*plain.dev, *plain.test) for key in question.relevant]
    taught = ["one thing", "another thing", "a third thing"]
    rows = [{"anchor": f"ask {i}", "positive": body.upper()} for i, body in enumerate(judging)]
    rows += [{"anchor": f"say {body}", "positive": body, "negative": judging[0]} for body in taught[:1]]
    rows += [{"anchor": f"say {body}", "positive": body} for body in taught]
    path = tmp_path / "more.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    recipe = parse({"train": {"objectives": [{"type": "contrastive", "datasets": {"train": {"name": str(path)}}}]}})
    found = gather(owner, recipe)
    assert [row.positive for row in found.objectives[0].train if isinstance(row, TrainPair)] == taught
    assert f"{len(judging) + 1} rows" in found.leaks


def test_an_evaluator_holds_no_question_that_judges(tmp_path: Path) -> None:
    owner = fill(project.create("Test"))
    plain = gather(owner, Recipe())
    path = tmp_path / "judge.jsonl"
    rows = [{"query": plain.test[0].query, "passage": "one"}, {"query": "something else", "passage": "two"}]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    found = gather(owner, parse({"train": {"objectives": [OBJECTIVE], "evaluator": {"dataset": {"name": str(path)}}}}))
    assert [row.query for row in found.objectives[0].validation if isinstance(row, TrainPair)] == ["something else"]
    assert (found.dev, found.test) == ((), plain.test)


def test_texts_of_a_project_are_those_that_its_split_trains_on() -> None:
    owner = fill(project.create("Test"))
    recipe = parse({"train": {"objectives": [{"type": "unsupervised", "datasets": {"train": {"name": "project:Test"}}}]}})
    found = gather(owner, recipe)
    held = {key for question in (*found.dev, *found.test) for key in question.relevant}
    texts = {row.text for row in found.objectives[0].train if isinstance(row, TextRow)}
    assert texts
    assert texts.isdisjoint(passage.text for passage in found.passages if passage.id in held)


def test_a_run_without_objectives_is_given_what_it_was_given_before() -> None:
    owner = fill(project.create("Test"))
    assert gather(owner, Recipe()).objectives == ()


def test_the_data_of_objectives_come_back_from_disk(tmp_path: Path) -> None:
    from core.dataset import Dataset

    owner = fill(project.create("Test"))
    kinds = ("contrastive", "unsupervised")
    recipe = parse({"train": {"objectives": [{**OBJECTIVE, "type": kind} for kind in kinds]}})
    found = gather(owner, recipe)
    found.write(tmp_path / "data")
    assert Dataset.read(tmp_path / "data") == found


# --- the configuration ---


def test_a_configuration_that_stands_alone_is_a_recipe(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    plain = {"run_name": "One", "base_model": {"name": "some/model", "args": {"max_seq_length": 64}}, "objectives": [OBJECTIVE]}
    path.write_text(json.dumps(plain), "utf-8")
    train = load(path).train
    assert (train.run_name, train.base_model, train.model_args.max_seq_length) == ("One", "some/model", 64)
    again = tmp_path / "recipe.yaml"
    again.write_text(dump(load(path)), "utf-8")
    assert load(again) == load(path)


def could_be_empty() -> list[tuple[str, str]]:
    """Return every setting of every section that may be None."""
    sections = {name: type(value) for name, value in Recipe() if isinstance(value, Section)}
    return [
        (name, key) for name, kind in sections.items() for key, field in kind.model_fields.items() if NoneType in get_args(field.annotation)
    ]


WRITTEN: list[dict[str, Any]] = [
    {},
    *({name: {key: None}} for name, key in could_be_empty()),
    {"columns": {"question": "Frage"}, "train": {"blend": [], "generators": ["columns"], "model_args": {"max_seq_length": 64}}},
    {"train": {"lora": {"r": 4}, "args": {"max_steps": 3, "report_to": []}, "run_name": "One", "early_stopping": {"patience": 1}}},
    {"train": {"objectives": [OBJECTIVE, {**OBJECTIVE, "loss_args": {"scale": 5}, "matryoshka": {"matryoshka_dims": [64, 32]}}]}},
    *(yaml.safe_load(path.read_text("utf-8")) for path in sorted(RECIPES.glob("*.yaml"))),
]


@pytest.mark.parametrize("plain", WRITTEN, ids=str)
def test_what_was_left_empty_is_not_written_and_the_recipe_is_the_same(plain: dict[str, Any]) -> None:
    recipe = parse(plain)
    text = dump(recipe)
    assert parse(yaml.safe_load(text)) == recipe
    kept = [line.split(":")[0].strip() for line in text.splitlines() if line.endswith((" null", ": ''", ": []", ": {}"))]
    assert set(kept) <= {"relative_margin", "blend", "report_to"}, "which stand for something else where they are not named"


@pytest.mark.parametrize(
    ("train", "place", "why"),
    [
        ({"args": {"hub_token": "x"}}, "train.args", "never part of a recipe"),
        ({"args": {"push_to_hub": True}}, "train.args", "publishing is a step of its own"),
        ({"base_model": {"name": "x", "args": {"truncate_dim": 64}}}, "train.model_args", "matryoshka"),
        ({"evaluator": {"dataset": {"name": "x.csv"}}}, "train", "needs objectives"),
        ({"objectives": [{**OBJECTIVE, "loss": "CachedGISTEmbedLoss"}], "args": {"gradient_checkpointing": True}}, "train", "leave one"),
        ({"args": {"no_such": 1}}, "train.args", "num_train_epochs"),
        ({"args": {"lr_scheduler_type": "warped"}}, "train.args.lr_scheduler_type", "'linear'"),
        ({"base_model": {"name": "x", "args": {"trust_remote_code": True}}}, "train.model_args.trust_remote_code", "never run"),
        ({"objectives": [{**OBJECTIVE, "type": "magic"}]}, "train.objectives.0.type", "'contrastive'"),
        (
            {"objectives": [{"type": "contrastive", "datasets": {"train": {"name": "x", "args": {"trust_remote_code": "1"}}}}]},
            "args",
            "refused",
        ),
    ],
    ids=str,
)
def test_errors_name_the_place_and_what_is_allowed(train: Mapping[str, Any], place: str, why: str) -> None:
    with pytest.raises(UserError) as refused:
        parse({"train": train})
    assert place in refused.value.message
    assert why in refused.value.message


def test_refusals_that_say_no_are_taken() -> None:
    assert parse({"train": {"args": {"push_to_hub": False, "fp16": False, "load_best_model_at_end": True}}})


# --- the copy ---


def test_a_folder_with_other_things_is_not_written_over(tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "model").mkdir(parents=True)
    (run / "model" / "modules.json").write_text("[]")
    (run / "recipe.yaml").write_text("train: {}")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="output_dir"):
        export.copy_out(run, mine, only_model=False)
    assert (mine / "thesis.txt").read_text() == "years of work"
    for only_model, names in ((False, {"modules.json", "recipe.yaml"}), (True, {"modules.json"})):
        export.copy_out(run, tmp_path / "out", only_model=only_model)
        assert {path.name for path in (tmp_path / "out").iterdir()} == names


@pytest.mark.slow
def test_the_shell_trains_from_a_configuration_alone(tmp_path: Path) -> None:
    data = tiny.dataset(60)
    for name, pairs in (("train", data.train[6:]), ("validation", data.train[:6])):
        lines = [json.dumps({"anchor": pair.query, "positive": pair.positive}) for pair in pairs]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines), "utf-8")
    names = {part: {"name": str(tmp_path / f"{part}.jsonl")} for part in ("train", "validation")}
    config = tmp_path / "config.yaml"
    plain = {
        "run_name": "By hand",
        "base_model": str(tiny.model(tmp_path / "tiny")),
        "output_dir": str(tmp_path / "out"),
        "objectives": [{"type": "contrastive", "datasets": names}],
        "args": {"num_train_epochs": 2, "per_device_train_batch_size": 8, "learning_rate": 3e-3},
    }
    config.write_text(yaml.safe_dump(plain), "utf-8")
    done = attune("train", "--config", config)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "model.safetensors").exists()
    owner = project.find("By hand")
    assert owner is not None
    text_of_log = "".join(path.read_text() for path in owner.folder.rglob("log.txt"))
    assert "Traceback" not in text_of_log
