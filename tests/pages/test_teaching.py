"""What the Train page teaches, and the recipe it shows, opens and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from streamlit.testing.v1 import AppTest

from core import imports, machine, runs
from core.objectives import OBJECTIVES, offering
from core.project import Project
from core.recipe import BASE_MODEL, parse
from core.recipe.opening import opened, training_yaml
from tests import filled
from tests.pages.filling import EVIL, with_pairs
from tests.pages.opening import open_page, words

OWN = {"type": "contrastive", "datasets": {"train": {"name": "project:Test"}}}


@pytest.fixture(autouse=True)
def measured(home: object) -> None:
    """Know the machine's pace, so that no test measures it."""
    machine.remember(f"pace of {BASE_MODEL}", lambda: {"text": 0.01, "pair": 0.05})


def teaching(project: Project) -> AppTest:
    return open_page("train", project, taught=True)


def editing(project: Project, text: str) -> AppTest:
    app = open_page("train", project, recipe=True)
    app.text_area[0].set_value(text).run()
    assert not app.exception
    return app


def refused(app: AppTest) -> dict[str, str]:
    """Return the reason for each place that has to be corrected."""
    table = next((frame.value for frame in app.dataframe if "Place" in frame.value), None)
    return {} if table is None else dict(zip(table["Place"], table["What is wrong"], strict=True))


def scored(project: Project) -> Project:
    """Fill a project and give it a few pairs with scores."""
    filled.fill(project)
    bodies = [chunk.text for chunk in project.chunks()[:4]]
    rows = [{"query": f"graded {i}", "passage": body, "score": i / 5} for i, body in enumerate(bodies)]
    imports.take(project, "x.jsonl", "\n".join(map(json.dumps, rows)).encode())
    return project


# --- what is taught ---


def test_only_what_the_projects_rows_can_teach_is_offered(project: Project) -> None:
    app = teaching(filled.fill(project))
    kinds = next(box.options for box in app.selectbox if box.label == "Teach it to")
    assert "Find the right passage" in kinds
    assert "Judge likeness" not in kinds


def test_scored_pairs_can_be_taught(project: Project) -> None:
    app = teaching(scored(project))
    assert "Judge likeness" in next(box.options for box in app.selectbox if box.label == "Teach it to")


def test_what_is_not_offered_says_why(project: Project) -> None:
    app = teaching(filled.fill(project))
    table = next(frame.value for frame in app.dataframe if "Not offered" in frame.value)
    reasons = dict(zip(table["Not offered"], table["Because it"], strict=True))
    assert reasons["CoSENT"] == "needs scored pairs: this project has none; import some on the Pairs page"
    assert "Pairs page" in reasons["Judge likeness"]


def test_what_is_added_is_in_the_recipe_and_quick_is_off_until_it_is_removed(project: Project) -> None:
    app = teaching(filled.fill(project))
    next(box for box in app.selectbox if box.label == "Loss").set_value("MultipleNegativesRankingLoss").run()
    app.text_input(key="objective_dims_contrastive").set_value("384, 64").run()
    app.button(key="add_objective").click().run()
    assert not app.exception
    [objective] = project.recipe().train.objectives
    assert (objective.type, objective.loss) == ("contrastive", "MultipleNegativesRankingLoss")
    assert objective.matryoshka is not None
    assert objective.matryoshka.matryoshka_dims == (384, 64)
    assert app.radio[0].options == ["Fast", "Balanced", "Thorough"]
    app.button(key="remove_objective").click().run()
    assert project.recipe().train.objectives == ()
    assert app.radio[0].options == ["Quick", "Fast", "Balanced", "Thorough"]


def test_what_cannot_be_added_is_said(project: Project) -> None:
    app = teaching(filled.fill(project))
    app.text_input(key="objective_dims_contrastive").set_value("many").run()
    app.button(key="add_objective").click().run()
    assert "matryoshka" in "".join(error.proto.title + error.value for error in app.error)
    assert not project.recipe().train.objectives


def test_rows_are_counted_by_what_can_be_taught(project: Project) -> None:
    rows = scored(project).rows_to_teach()
    assert rows["scores"] == 4
    assert rows["pairs"] == project.count_pairs() - 4
    assert (rows["triplets"], rows["texts"]) == (0, project.count_chunks())


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_every_kind_can_be_added(project: Project, kind: str) -> None:
    app = open_page("train", filled.fill(project), taught=True, objective_source="A data set at the hub")
    app.text_input(key="objective_hub").set_value("owner/name").run()
    next(box for box in app.selectbox if box.label == "Teach it to").set_value(kind).run()
    app.button(key="add_objective").click().run()
    assert not app.exception
    assert [one.type for one in project.recipe().train.objectives] == [kind]


# --- the recipe ---


def test_the_recipe_shown_is_the_one_that_will_be_run(project: Project) -> None:
    app = open_page("train", with_pairs(project), recipe=True, train_epochs=7)
    shown = next(code.value for code in app.code if "base_model" in code.value)
    assert parse(yaml.safe_load(shown)).train.epochs == 7


def test_a_recipe_written_by_hand_becomes_the_projects(project: Project) -> None:
    app = editing(with_pairs(project), yaml.safe_dump({"run_name": "By hand", "objectives": [OWN], "epochs": 4}))
    app.button(key="recipe_use").click().run()
    assert not app.exception
    train = project.recipe().train
    assert (train.run_name, train.epochs, len(train.objectives)) == ("By hand", 4, 1)
    assert app.number_input(key="train_epochs").value == 4


@pytest.mark.parametrize(
    ("train", "place", "why"),
    [
        ({"epochs": 0}, "train.epochs", "greater than or equal to 1"),
        ({"epoch": 3}, "train.epoch", "learning_rate"),
        ({"objectives": [{**OWN, "loss": "CoSENTLoss"}]}, "train.objectives.0.loss", "MultipleNegativesRankingLoss"),
        ({"objectives": [{**OWN, "typ": 1}]}, "train.objectives.0.typ", "matryoshka"),
        ({"objectives": [{**OWN, "datasets": {"train": {"name": "/etc/passwd"}}}]}, "train.objectives.0.datasets.train.name", "shell"),
        ({"objectives": [OWN], "evaluator": {"dataset": {"name": "own.csv"}}}, "train.evaluator.dataset.name", "shell"),
        ({"output_dir": "/tmp/out"}, "train.output_dir", "python -m core train --config"),
    ],
    ids=str,
)
def test_every_place_that_is_wrong_is_named_with_what_is_allowed(project: Project, train: object, place: str, why: str) -> None:
    app = editing(with_pairs(project), yaml.safe_dump({"train": train}))
    assert why in refused(app)[place]
    assert not [button for button in app.button if button.key == "recipe_use"]


@pytest.mark.parametrize(
    ("text", "place"), [("a: [1", "line 1"), ("- 1", "the file"), ("a: &x [1]\nb: *x", "the file"), ("\0", "the file")], ids=repr
)
def test_what_is_no_recipe_is_said(text: str, place: str) -> None:
    found = opened(text)
    assert found.recipe is None
    assert found.faults[0].place == place


def test_hostile_text_in_a_recipe_stays_text(project: Project) -> None:
    app = editing(with_pairs(project), yaml.safe_dump({"train": {EVIL: EVIL}}))
    assert EVIL in "".join(refused(app))
    assert EVIL not in words(app)


def test_a_file_beside_the_app_is_no_data_set_of_the_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    found = {"train": {"objectives": [{**OWN, "datasets": {"train": {"name": "owner/name"}}}]}}
    assert offering.outside(parse(found).train) == []
    Path("owner").mkdir()
    Path("owner/name").write_text("mine")
    assert offering.outside(parse(found).train)


@pytest.mark.parametrize("brief", [True, False])
def test_a_recipe_that_is_written_opens_as_the_same(brief: bool) -> None:
    train = parse({"train": {"objectives": [{**OWN, "matryoshka": {"matryoshka_dims": [64]}}], "dial": "thorough"}}).train
    found = opened(training_yaml(train, brief=brief))
    assert found.recipe is not None
    assert found.recipe.train == train


def test_the_start_teaches_what_was_chosen(project: Project, home: Path) -> None:
    filled.fill(project)
    project.save_recipe(
        train=parse(
            {"train": {"run_name": "Mine", "objectives": [OWN | {"datasets": {"train": {"name": f"project:{project.name}"}}}]}}
        ).train
    )
    with filled.holding(home / ".machine.lock"):
        app = open_page("train", project)
        app.button(key="start").click().run()
        try:
            assert not app.exception
            [run] = runs.runs(project)
            assert run.title == "Mine"
            assert [one.type for one in run.recipe().train.objectives] == ["contrastive"]
        finally:
            runs.end(project)
