"""Runs: list, show, compare, name, note, clone, delete; stop and resume."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli import options, terminal
from core.cli.app import app
from core.cli.options import AnyRun, Detach, Json, KnownProject
from core.cli.training import finish

if TYPE_CHECKING:
    from core.project import Project
    from core.runs.folder import Run

group = typer.Typer(invoke_without_command=True, help="List the runs of a project, newest first; or do something with one of them.")
app.add_typer(group, name="runs")

AnyRuns = Annotated[list[str], typer.Argument(help="The runs' ids, as `runs` lists them.")]


@group.callback()
def runs(
    context: typer.Context,
    project: Annotated[str, typer.Option("--project", "-p", help="The project's name or id, to list its runs.")] = "",
    json: Json = False,
) -> None:
    """Without a word behind it, list the runs of a project."""
    if context.invoked_subcommand is None:
        if not project:
            context.fail("Missing option '--project' / '-p'.")
        list_runs(project, json)


@group.command("list")
def list_runs(project: KnownProject, json: Json = False) -> None:
    """List the runs of a project, newest first."""
    from core import runs

    listed = [(run, run.status()) for run in runs.runs(options.known_project(project))]
    rows = [(run.id, run.kind, status.state.value, f"{status.fraction:.0%}", run.title) for run, status in listed]
    terminal.show_rows(("run", "kind", "state", "done", "title"), rows, json)


@group.command()
def show(run: AnyRun, json: Json = False) -> None:
    """Show how a run stands, what came of it, its note, and the space it takes."""
    from core import runs as running
    from core.cli import looking

    looking.show(running.anywhere(run), json)


@group.command()
def compare(chosen: AnyRuns, json: Json = False) -> None:
    """Show what was set differently in two or more trainings, and what came of each."""
    from core import runs as running
    from core.cli import looking
    from core.runs import comparing

    found = [running.anywhere(run) for run in chosen]
    looking.beside(comparing.compare(_owner(found[0]), found), json)


@group.command()
def name(run: AnyRun, name: Annotated[str, typer.Argument(help="What lists call it; '' gives it its first title back.")]) -> None:
    """Give a run a name of your own."""
    from core import runs as running

    found = running.anywhere(run)
    found.rename(name)
    terminal.show(f"{found.id} is called {found.title}.")


@group.command()
def note(
    run: AnyRun, text: Annotated[str | None, typer.Argument(help="The note; '' removes it; without one, standard input.")] = None
) -> None:
    """Keep a note on a run."""
    from core import runs as running

    found = running.anywhere(run)
    found.annotate(sys.stdin.read() if text is None else text)
    terminal.show(f"The note on {found.id} is kept." if found.about.note else f"{found.id} has no note.")


@group.command()
def clone(
    run: AnyRun,
    to: Annotated[Path | None, typer.Option("--to", help="Write them into this recipe.yaml instead.", dir_okay=False)] = None,
) -> None:
    """Take a training's settings for the project's next one, or write them into a file to be changed."""
    from core import disk, recipe
    from core import runs as running

    found = running.anywhere(run)
    if to:
        disk.write_atomic(to, recipe.dump(found.recipe()))
        return terminal.show(f"{to}")
    running.clone(_owner(found), found)
    return terminal.show(f'The next training has the settings of {found.id}: `python -m core train --project "{_owner(found).name}"`.')


@group.command()
def delete(
    run: AnyRun, preview: Annotated[bool, typer.Option("--preview", help="Say what it would free, and delete nothing.")] = False
) -> None:
    """End a run if it is at work, and delete it with its model; the verdict stays on record."""
    from core import runs as running

    found = running.anywhere(run)
    freed, size = found.freed() if preview else found.delete(), ""
    if preview:
        size = f" of its {found.size():,}; what other runs share stays" if found.size() != freed else ""
    terminal.show(f"{found.id}: {freed:,} bytes {'would be free again' if preview else 'are free again'}{size}.")


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
    from core import runs as running

    found = running.anywhere(run)
    secrets = {"llm_key": options.llm_key(found.recipe())} if found.kind == "pairs" else {}
    finish(_owner(found), found.resume(secrets), detach)


def _owner(run: Run) -> Project:
    from core.project import Project

    return Project(run.folder.parent.parent)
