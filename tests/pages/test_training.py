"""Train and Runs: the dial, what is said before the start, and what can be done with runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core import machine, runs
from core import recipe as recipes
from core.disk import lock
from core.project import Project
from core.recipe import BASE_MODEL
from core.runs.folder import Run
from core.schema import Part, RunState, RunStatus
from core.train.rehearsal import Rehearsal
from pages.training import watching
from tests import filled, tiny
from tests.pages.filling import EVIL, waiting_run, with_pairs, with_verdict
from tests.pages.opening import open_page, words


@pytest.fixture(autouse=True)
def measured(home: object) -> None:
    """Know the machine's pace, so that no test measures it."""
    machine.remember(f"pace of {BASE_MODEL}", lambda: {"text": 0.01, "pair": 0.05})


@pytest.mark.parametrize(("page", "leads_to"), [("train", "Add documents"), ("runs", "Go to training")])
def test_an_empty_project_says_what_to_do_first(project: Project, page: str, leads_to: str) -> None:
    app = open_page(page, project)
    assert not app.exception
    assert leads_to in words(app)


def test_the_dial_shows_minutes_and_suggests_quick_for_pairs_made_offline(project: Project) -> None:
    with_pairs(project)
    with project.write() as db:
        db.execute("UPDATE pairs SET people = 0")
    app = open_page("train", project)
    assert not app.exception
    assert app.radio[0].value == "quick"
    assert app.radio[0].options == ["Quick", "Fast", "Balanced", "Thorough"]
    assert "About" in app.radio[0].proto.captions[0]
    assert "Suggested" in app.radio[0].proto.captions[0]


def test_the_dial_suggests_the_whole_model_for_peoples_questions(project: Project) -> None:
    assert open_page("train", with_pairs(project)).radio[0].value == "balanced"


@pytest.mark.parametrize(
    ("train", "balanced", "thorough"),
    [
        ({}, "three times through all that it learns from.", "up to ten times through all that it learns from, ending early"),
        ({"args": {"num_train_epochs": 1}}, "once through all that it learns from.", "once through all that it learns from."),
        (
            {"epochs": 12, "early_stopping": {"patience": 2}},
            "up to 12 times through all that it learns from, ending early",
            "up to 12 times",
        ),
        ({"args": {"max_steps": 40}, "epochs": 5}, "The whole model, 40 steps.", "up to 40 steps, ending early"),
    ],
)
def test_the_dial_says_what_the_recipe_will_do(project: Project, train: dict[str, Any], balanced: str, thorough: str) -> None:
    with_pairs(project).save_recipe(train=recipes.parse({"train": train}).train)
    app = open_page("train", project)
    assert not app.exception
    _, fast, *captions = app.radio[0].proto.captions
    assert "upper two thirds" in fast
    assert balanced in captions[0]
    assert thorough in captions[1]


@pytest.mark.parametrize(
    ("dial", "options"), [("auto", ["Quick", "Balanced", "Thorough"]), ("fast", ["Quick", "Fast", "Balanced", "Thorough"])]
)
def test_fast_is_offered_on_a_card_only_to_a_recipe_that_names_it(project: Project, dial: str, options: list[str], tmp_path: Path) -> None:
    base = str(tiny.model(tmp_path / "model"))
    machine.remember(f"pace of {base}", lambda: {"text": 0.01, "pair": 0.05, "device": "cuda"})
    with_pairs(project).save_recipe(train=recipes.parse({"train": {"base_model": base, "dial": dial}}).train)
    app = open_page("train", project)
    assert not app.exception
    assert app.radio[0].options == options
    assert app.radio[0].value == {"auto": "balanced"}.get(dial, dial)


def test_the_dial_follows_the_epochs_that_are_typed(project: Project) -> None:
    app = open_page("train", with_pairs(project))
    before = app.radio[0].proto.captions[2]
    app.number_input(key="train_epochs").set_value(30).run()
    after = app.radio[0].proto.captions[2]
    assert "30 times through all that it learns from" in after
    assert after.split(".")[1] != before.split(".")[1], "the minutes are those of 30 epochs"


def test_quick_is_offered_where_it_learns_what_is_taught(project: Project) -> None:
    taught = {"type": "unsupervised", "loss": "LateInteractionDistillation", "datasets": {"train": {"name": "project:Tiny"}}}
    with_pairs(project).save_recipe(train=recipes.parse({"train": {"dial": "quick", "objectives": [taught]}}).train)
    app = open_page("train", project)
    assert not app.exception
    assert app.radio[0].value == "quick"


def test_the_live_curve_is_called_by_what_is_scored(project: Project) -> None:
    run = Run(waiting_run(with_pairs(project)))
    for row in ({"metric": "Spearman correlation"}, {"epoch": 0.0, "step": 0, "dev": 0.5}):
        run.add_metric(row)
    assert watching.metric(run) == "Spearman correlation"
    (run.folder / "metrics.jsonl").unlink()
    assert watching.metric(run) == "nDCG@10"


def test_the_division_is_shown_with_the_leak_report_before_the_start(project: Project) -> None:
    app = open_page("train", filled.fill(project))
    app.button(key="divide").click().run()
    assert project.count_pairs() == sum(int(metric.value) for metric in app.metric[:3]) + len(
        [p for p in project.pairs() if p.part is Part.GAP]
    )
    app.session_state["leaks"] = True
    app.run()
    assert "leak" in "".join(alert.value for alert in (*app.success, *app.warning))


def test_a_large_project_is_divided_in_the_background(project: Project) -> None:
    pair = with_pairs(project).pairs()[0]
    project.add_pairs(replace(pair, id=f"more{i}") for i in range(runs.LARGE))
    app = open_page("train", project)
    assert "once you start training" in words(app)
    assert "Divide the questions now" not in words(app)


def test_too_few_pairs_are_refused_in_words(project: Project) -> None:
    app = open_page("train", with_pairs(project, passages=2))
    app.button(key="start").click().run()
    assert app.error
    assert not app.exception
    assert not runs.runs(project)


def test_a_base_model_that_cannot_be_had_is_refused_in_words(project: Project) -> None:
    app = open_page("train", with_pairs(project), base_model="/nowhere/model")
    for _ in range(50):
        if app.error:
            break
        app.run()
    assert app.error
    assert not app.exception


def test_start_makes_a_run_and_leads_to_it(project: Project, home: Path) -> None:
    filled.fill(project)
    with filled.holding(home / ".machine.lock"):  # so that the run waits, before it imports anything heavy
        app = open_page("train", project)
        app.button(key="start").click().run()
        try:
            assert not app.exception
            assert [run.kind for run in runs.runs(project)] == ["train"]
            assert "Runs" in [title.value for title in app.title]
            assert "Stop" in words(app)
        finally:
            runs.end(project)


def test_an_interrupted_run_can_be_resumed_or_deleted(project: Project) -> None:
    folder = waiting_run(with_pairs(project))
    app = open_page("runs", project)
    assert "cut off" in words(app)
    assert [button.label for button in app.button if button.key and button.key.startswith("resume_")] == ["Resume"]
    app.button(key=f"delete_{folder.name}").click().run()
    assert "This frees" in words(app)


def test_finished_runs_are_listed_with_their_verdict(project: Project) -> None:
    app = open_page("runs", with_verdict(project))
    assert not app.exception
    assert "Better" in words(app)
    assert "See the verdict" in words(app)


def test_hostile_text_in_a_run_stays_text(project: Project) -> None:
    folder = waiting_run(with_pairs(project, query=EVIL))
    (folder / "log.txt").write_text(EVIL)
    app = open_page("runs", project, **{f"details_{folder.name}": True})
    assert EVIL in [code.value for code in app.code]
    assert not lock.held(folder / "lock")


def test_trainings_are_compared_by_their_settings_and_scores(project: Project) -> None:
    folder = waiting_run(with_verdict(project))
    (folder / "recipe.yaml").write_text(recipes.dump(recipes.parse({"train": {"epochs": 7}})))
    app = open_page("runs", project, compare_runs=True)
    assert not app.exception
    tables = [frame.value for frame in app.dataframe]
    assert any("Training, Epochs" in table["Setting"].tolist() for table in tables if "Setting" in table)
    assert any("nDCG@10, tuned" in table[""].tolist() for table in tables if "" in table)


def test_a_note_and_a_name_of_a_run_stay_text(project: Project) -> None:
    run = Run(waiting_run(with_pairs(project)))
    run.rename(EVIL[:100])
    run.annotate(EVIL)
    app = open_page("runs", project)
    shown = [text.value for text in app.text]
    assert EVIL in shown
    assert EVIL[:100] in shown


def test_learning_rate_gradient_and_pace_are_shown_when_asked_for(project: Project) -> None:
    run = Run(waiting_run(with_pairs(project)))
    run.add_metric({"pairs": 100})
    for step in (1, 2, 3):
        run.add_metric({"step": step, "epoch": step / 10, "loss": 1.0, "learning_rate": 1e-4, "grad_norm": 0.5, "at": float(step)})
    app = open_page("runs", project, **{f"details_{run.id}": True, f"more_{run.id}": True})
    assert not app.exception
    assert "**10.0** pairs a second" in words(app)
    assert "**Learning rate**" in words(app)


def test_a_dry_run_tells_time_and_memory_and_warns_of_a_batch_that_does_not_fit(project: Project) -> None:
    run = Run(waiting_run(with_pairs(project), "rehearsal"))
    run.write_status(RunStatus(RunState.DONE))
    run.write("result.json", Rehearsal("balanced", "cpu", 64, 30, 2.0, 0.01, 120.0, peak=3_000_000_000, free=2_000_000_000))
    app = open_page("train", project)
    assert not app.exception
    assert "Training takes about: 2 min" in words(app)
    assert "Set the batch size to 32" in " ".join(w.value for w in app.warning).replace("\\", "")


def test_a_few_steps_are_tried_in_the_background(project: Project, home: Path) -> None:
    filled.fill(project)
    with filled.holding(home / ".machine.lock"):
        app = open_page("train", project)
        app.button(key="rehearse").click().run()
        try:
            assert not app.exception
            assert [run.kind for run in runs.runs(project)] == ["rehearsal"]
        finally:
            runs.end(project)


def test_a_rise_within_chance_is_said_with_its_figure(project: Project) -> None:
    (run,) = runs.runs(with_verdict(project))
    told = {"gain": 0.012, "p": 0.31, "level": 0.25, "tried": 33, "questions": 54, "groups": 50}
    run.write("result.json", {"method": "quick", "share": 0.0, "dev_base": 0.5, "dev_best": 0.5, "seconds": 40.0, "chance": told})
    app = open_page("runs", project)
    assert not app.exception
    assert "rose by 0.012 on the 54 questions" in words(app)
    assert "the base model was kept" in words(app)


@pytest.mark.parametrize("taken", [1.0, 0.5])
def test_why_a_share_that_did_not_score_best_is_taken_is_said(project: Project, taken: float) -> None:
    (run,) = runs.runs(with_verdict(project))
    points = [{"share": share, "score": score} for share, score in ((0.0, 0.24), (0.5, 0.32), (1.0, 0.30))]
    run.write("result.json", {"method": "balanced", "share": taken, "dev_base": 0.24, "dev_best": 0.3, "seconds": 40.0, "shares": points})
    app = open_page("runs", project, **{f"details_{run.id}": True})
    assert not app.exception
    assert ("50% scored best, but" in words(app)) == (taken == 1)
