"""Train and judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.cli import options, terminal
from core.cli.app import app
from core.cli.options import ConfigFile, Detach, Dial, KnownProject, MaybeProject, RecipeFile, RunId, Set

if TYPE_CHECKING:
    from core.project import Project
    from core.runs.folder import Run


@app.command()
def train(
    project: MaybeProject = "",
    config: ConfigFile = None,
    recipe: RecipeFile = None,
    dial: Dial = "",
    set_: Set = None,
    detach: Detach = False,
) -> None:
    """Tune the model on the pairs, or on what a configuration names, and judge it on the questions that were kept for that."""
    from core import runs

    if config is None:
        owner = options.known_project(project)
        return finish(owner, runs.start(owner, "train", options.settings(owner, recipe, set_, dial=dial)), detach)
    owner, chosen = options.configured(project, config, set_)
    return finish(owner, runs.start(owner, "train", chosen, title=chosen.train.run_name), detach)


@app.command()
def evaluate(project: KnownProject, run: RunId = "", detach: Detach = False) -> None:
    """Judge a model again, by the test questions in force."""
    from core import runs

    owner = options.known_project(project)
    judged = options.model_run(owner, run)
    finish(owner, runs.start(owner, "evaluate", judged.recipe(), of=judged.id), detach)


def finish(owner: Project, started: Run, detach: bool) -> None:
    """Wait for a run and show what it ended with, or only its id."""
    from core import runs

    if detach:
        return terminal.show(started.id)
    terminal.watch(started)
    runs.collect(owner)
    if started.model:
        terminal.show(f"Model: {started.model}")
    if evaluation := started.evaluation():
        terminal.show_scores(evaluation.verdict, evaluation.systems)
    return None
