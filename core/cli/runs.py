"""Runs: list, stop, resume."""

from __future__ import annotations

from core.cli import options, terminal
from core.cli.app import app
from core.cli.options import AnyRun, Detach, Json, KnownProject
from core.cli.training import finish


@app.command("runs")
def list_runs(project: KnownProject, json: Json = False) -> None:
    """List the runs of a project, newest first."""
    from core import runs

    listed = [(run, run.status()) for run in runs.runs(options.known_project(project))]
    rows = [(run.id, run.kind, status.state.value, f"{status.fraction:.0%}", run.title) for run, status in listed]
    terminal.show_rows(("run", "kind", "state", "done", "title"), rows, json)


@app.command()
def stop(run: AnyRun) -> None:
    """Stop a run at its next step; the best so far is kept."""
    from core import runs

    found = runs.anywhere(run)
    found.stop()
    terminal.show(f"{found.id} was asked to stop.")


@app.command()
def resume(run: AnyRun, detach: Detach = False) -> None:
    """Go on with a run that was stopped, failed or cut off."""
    from core import runs
    from core.project import Project

    found = runs.anywhere(run)
    secrets = {"llm_key": options.llm_key(found.recipe())} if found.kind == "pairs" else {}
    finish(Project(found.folder.parent.parent), found.resume(secrets), detach)
