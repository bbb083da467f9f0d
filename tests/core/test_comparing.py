"""Runs beside each other, names and notes, and how much a deleted run frees."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from core import recipe, runs, travel
from core.cli import app
from core.errors import UserError
from core.project import Project
from core.runs import comparing, course
from core.runs.folder import Run
from core.runs.record import RunInfo
from core.schema import RunState, RunStatus
from tests.pages.filling import with_verdict


def run(project: Project, number: int = 1, kind: str = "train", **train: object) -> Run:
    made = Run(project.folder / "runs" / f"20261121-153000-{number:04x}")
    made.folder.mkdir(parents=True)
    made.write("run.json", RunInfo(kind, "Train", float(number), project.name))
    made.write_status(RunStatus(RunState.DONE))
    (made.folder / "recipe.yaml").write_text(recipe.dump(recipe.parse({"train": train})))
    return made


def attune(*arguments: object) -> tuple[int, str]:
    from typer.testing import CliRunner

    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return done.exit_code, done.output


# --- name and note ----------------------------------------------------------------------------------------------------


def test_a_name_stands_in_lists_and_an_empty_one_gives_the_title_back(project: Project) -> None:
    one = run(project)
    one.rename("  Small\nsteps ")
    assert one.title == "Small steps"
    one.rename("")
    assert one.title == "Train"


def test_a_name_and_a_note_leave_each_other_and_run_json_alone(project: Project) -> None:
    one = run(project)
    before = (one.folder / "run.json").read_bytes()
    one.annotate("With more pairs.")
    one.rename("Second")
    assert (one.title, one.about.note) == ("Second", "With more pairs.")
    assert (one.folder / "run.json").read_bytes() == before


def test_a_damaged_about_file_leaves_the_title(project: Project) -> None:
    one = run(project)
    (one.folder / "about.json").write_text("[")
    assert one.title == "Train"


def test_a_name_longer_than_a_line_is_refused(project: Project) -> None:
    with pytest.raises(UserError, match="121 characters"):
        run(project).rename("x" * 121)


def test_names_notes_and_the_rows_of_objectives_travel_with_the_project(project: Project, tmp_path: Path) -> None:
    one = run(project)
    one.annotate("Kept.")
    (one.folder / "data").mkdir()
    (one.folder / "data" / "objective-0-train.parquet").write_bytes(b"rows")
    one.seal()
    assert not travel.pack(project, tmp_path / "packed.zip").stayed
    arrived = travel.unpack(tmp_path / "packed.zip")
    assert runs.find(arrived, one.id).about.note == "Kept."
    assert (runs.find(arrived, one.id).folder / "data" / "objective-0-train.parquet").exists()


# --- space ------------------------------------------------------------------------------------------------------------


def test_what_another_run_shares_is_not_called_free(project: Project) -> None:
    one, two = run(project, 1), run(project, 2, "evaluate")
    (one.folder / "model").write_bytes(bytes(1_000_000))
    os.link(one.folder / "model", two.folder / "given")
    assert one.size() >= 1_000_000 > one.freed()
    two.delete()
    assert one.freed() == one.size()
    assert one.delete() >= 1_000_000


def test_a_file_with_two_names_in_one_run_counts_once(project: Project) -> None:
    one = run(project)
    (one.folder / "model").write_bytes(bytes(1_000_000))
    os.link(one.folder / "model", one.folder / "again")
    assert 1_000_000 <= one.freed() < 1_100_000


# --- comparing ----------------------------------------------------------------------------------------------------------


def test_only_what_differs_is_listed_by_the_titles_of_the_recipe(project: Project) -> None:
    one, two = run(project, 1, epochs=3, learning_rate=1e-4), run(project, 2, epochs=5, learning_rate=1e-4)
    assert [(d.place, d.title, d.values) for d in comparing.differences([one, two])] == [("train.epochs", "Training, Epochs", ("3", "5"))]


def test_a_setting_left_open_is_compared_by_what_followed(project: Project) -> None:
    one, two = run(project, 1), run(project, 2, epochs=3)
    one.write("plan.json", {"epochs": 3})
    assert comparing.differences([one, two])[0].values == ("3 (by itself)", "3")


def test_objectives_are_compared_one_by_one(project: Project) -> None:
    wanted = [{"type": "contrastive", "datasets": {"train": {"name": "a.csv"}}}]
    other = [{"type": "contrastive", "datasets": {"train": {"name": "b.csv"}}}]
    found = comparing.differences([run(project, 1, objectives=wanted), run(project, 2, objectives=other)])
    assert [(d.place, d.values) for d in found] == [("train.objectives.0.datasets.train.name", ("a.csv", "b.csv"))]


def test_scores_on_other_questions_are_not_called_alike(project: Project) -> None:
    judged = runs.runs(with_verdict(project))[0]
    evaluation = project.evaluation(judged.id)
    assert evaluation
    other = run(project)
    project.save_evaluation(other.id, evaluation)
    assert comparing.compare(project, [judged, other]).alike
    project.save_evaluation(other.id, replace(evaluation, test_digest="another"))
    assert not comparing.compare(project, [judged, other]).alike


def test_one_run_or_another_kind_is_refused(project: Project) -> None:
    one = run(project)
    with pytest.raises(UserError, match="no comparison"):
        comparing.compare(project, [one, one])
    with pytest.raises(UserError, match="no training"):
        comparing.compare(project, [one, run(project, 2, "pairs")])


# --- pace ---------------------------------------------------------------------------------------------------------------


def test_the_pace_leaves_scoring_and_a_pause_out() -> None:
    rows = [{"device": "cpu", "pairs": 100}]
    rows += [{"step": i, "epoch": i / 10, "loss": 1.0, "at": float(i)} for i in range(1, 6)]  # a tenth of 100 pairs a second
    rows += [{"step": 5, "epoch": 0.5, "dev": 0.1, "at": 65.0}]
    rows += [{"step": i, "epoch": i / 10, "loss": 1.0, "at": 60.0 + i} for i in range(6, 9)]
    rows += [{"step": 9, "epoch": 0.9, "loss": 1.0, "at": 1000.0}]
    assert course.pairs_per_second(rows) == pytest.approx(10.0)


def test_there_is_no_pace_before_two_rows() -> None:
    assert course.pairs_per_second([{"pairs": 10}, {"step": 1, "epoch": 0.1, "loss": 1.0, "at": 1.0}]) is None


# --- the shell ----------------------------------------------------------------------------------------------------------


def test_the_shell_names_notes_shows_compares_clones_and_deletes(project: Project, tmp_path: Path) -> None:
    one, two = run(project, 1, epochs=3), run(project, 2, epochs=5)
    assert attune("runs", "name", one.id, "Three times")[0] == 0
    assert attune("runs", "note", one.id, "A first try.")[0] == 0
    assert "A first try." in attune("runs", "show", one.id)[1]
    assert json.loads(attune("runs", "show", one.id, "--json")[1])["title"] == "Three times"
    assert "Training, Epochs" in attune("runs", "compare", one.id, two.id)[1]
    assert attune("runs", "clone", two.id)[0] == 0
    assert project.recipe().train.epochs == 5
    assert attune("runs", "clone", one.id, "--to", tmp_path / "mine.yaml")[0] == 0
    assert recipe.load(tmp_path / "mine.yaml") == one.recipe()
    assert "would be free" in attune("runs", "delete", one.id, "--preview")[1]
    assert attune("runs", "delete", one.id)[0] == 0
    assert runs.runs(project) == [two]


def test_runs_without_a_word_or_a_project_is_wrong_usage() -> None:
    assert attune("runs")[0] == 2


def test_a_note_cannot_command_the_terminal(project: Project) -> None:
    one = run(project)
    one.annotate("\x1b[2Jgone")
    assert "\x1b" not in attune("runs", "show", one.id)[1]
