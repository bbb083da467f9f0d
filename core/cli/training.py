"""Train and judge."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.cli import options, terminal
from core.cli.app import app
from core.cli.options import (
    ConfigFile,
    Detach,
    Devices,
    Dial,
    DryRun,
    EvalFile,
    Json,
    JudgedProject,
    KnownProject,
    MaybeProject,
    RecipeFile,
    RunId,
    Set,
)

if TYPE_CHECKING:
    from core.project import Project
    from core.recipe import Recipe
    from core.runs.folder import Run


@app.command()
def train(
    project: MaybeProject = "",
    config: ConfigFile = None,
    recipe: RecipeFile = None,
    dial: Dial = "",
    set_: Set = None,
    devices: Devices = 0,
    dry_run: DryRun = False,
    detach: Detach = False,
) -> None:
    """Tune the model on the pairs, or on what a configuration names, and judge it on the questions that were kept for that."""
    from core import runs

    set_ = [*(set_ or ()), *([f"train.devices={devices}"] if devices else ())]
    if config is None:
        owner = options.known_project(project)
        if dry_run:
            return _rehearse(owner, options.settings(owner, recipe, set_, dial=dial), detach)
        return finish(owner, runs.start(owner, "train", options.settings(owner, recipe, set_, dial=dial)), detach)
    owner, chosen = options.configured(project, config, set_)
    if dry_run:
        return _rehearse(owner, chosen, detach)
    return finish(owner, runs.start(owner, "train", chosen, title=chosen.train.run_name), detach)


def _rehearse(owner: Project, chosen: Recipe, detach: bool) -> None:
    from core import jsonfiles, runs
    from core.cli import rehearsing
    from core.train.rehearsal import Rehearsal

    started = runs.start(owner, "rehearsal", chosen)
    finish(owner, started, detach)
    if not detach and (found := jsonfiles.read(started.folder / "result.json", Rehearsal)):
        rehearsing.show(found)


@app.command()
def reranker(project: KnownProject, recipe: RecipeFile = None, set_: Set = None, detach: Detach = False) -> None:
    """Tune a reranker on the pairs: it puts the first hits of a search in a new order. Compare and evaluate take it as run:ID."""
    from core import runs

    owner = options.known_project(project)
    return finish(owner, runs.start(owner, "reranker", options.settings(owner, recipe, set_)), detach)


@app.command()
def evaluate(project: JudgedProject = "", config: EvalFile = None, run: RunId = "", detach: Detach = False, json: Json = False) -> None:
    """Judge a project's model again, by the test questions in force, or with --config any model on any tasks."""
    from core import runs

    if config:
        return _benchmark(config, json)
    owner = options.known_project(project)
    judged = options.model_run(owner, run)
    return finish(owner, runs.start(owner, "evaluate", judged.recipe(), of=judged.id), detach)


def _show_reranking(run: Run) -> None:
    from core.evaluate import reranking

    if run.reranker:
        terminal.show(f"Reranker: run:{run.id} ({run.reranker})")
    if found := reranking.read(run.folder):
        terminal.show_scores(found.verdict, found.systems)
        terminal.show(f"\nAgainst late interaction, which needs no training: {found.against_late.text}")


def _benchmark(config: Path, json: bool) -> None:
    from core.evaluate import benchmark
    from core.recipe import evaluation

    found = benchmark.evaluate(evaluation.load(config), terminal.Progress())
    if json:
        return terminal.show_json(found)
    terminal.show(f"{found.model}, {found.precision}; 95 % intervals in brackets")
    for task in found.tasks:
        alike = f" (counted as {task.groups:,}, since some share a passage)" if 0 < task.groups < task.items else ""
        searched = f"{task.items:,} questions{alike}, {task.passages:,} passages" if task.passages else f"{task.items:,} scored pairs"
        known = f"; {task.excluded:,} that the model was trained on are left out" if task.excluded else ""
        terminal.show(f"\n{task.task}: {searched}{known}")
        terminal.show_table(("", "dimensions", *task.scores[0].metrics), benchmark.rows(task))
    return None


def finish(owner: Project, started: Run, detach: bool) -> None:
    """Wait for a run and show what it ended with, or only its id."""
    from core import overview, runs

    if detach:
        return terminal.show(started.id)
    terminal.watch(started)
    runs.collect(owner)
    if read := overview.reading(started.metrics()):
        terminal.show(read)
    if any(words := overview.within_chance(started.result())):
        terminal.show(" ".join(words))
    if started.model:
        terminal.show(f"Model: {started.model}")
    if started.kind == "reranker":
        _show_reranking(started)
    if evaluation := started.evaluation():
        terminal.show_scores(evaluation.verdict, evaluation.systems)
    return None
