"""Projects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli import options, terminal
from core.cli.app import app
from core.cli.options import Json, KnownProject


@app.command("projects")
def list_projects(json: Json = False) -> None:
    """List all projects, newest first."""
    from core import project

    rows = [(p.name, p.id, len(p.files()), p.count_chunks(), p.count_pairs()) for p in project.projects()]
    terminal.show_rows(("name", "id", "files", "passages", "pairs"), rows, json)


@app.command()
def sample() -> None:
    """Make the project "Sample" from two guides and a help desk's questions, and read them."""
    from core import pipeline

    owner, files = pipeline.sample()
    pipeline.read(owner, files, owner.recipe(), terminal.Progress())
    terminal.show(f"Project “{owner.name}”: {len(owner.files())} files, {owner.count_chunks()} passages.")


@app.command()
def pack(project: KnownProject, target: Annotated[Path, typer.Argument(help="The .zip to write.", dir_okay=False)]) -> None:
    """Write a project into one .zip, to be unpacked on another machine: documents, passages, pairs, runs and models."""
    from core import travel

    packed = travel.pack(options.known_project(project), target)
    terminal.show(f"{packed.files} files, {packed.size:,} bytes.")
    if packed.stayed:
        terminal.say(f"Left out, as they are at work or hold files that do not travel: {', '.join(packed.stayed)}.")


@app.command()
def unpack(source: Annotated[Path, typer.Argument(help="A .zip that `pack` wrote.", exists=True, dir_okay=False, readable=True)]) -> None:
    """Take in a packed project, under a free name; nothing is taken of an archive that holds anything else."""
    from core import travel

    made = travel.unpack(source)
    terminal.show(f"Project “{made.name}”: {len(made.files())} files, {made.count_chunks()} passages, {made.count_pairs()} pairs.")
    if left := travel.left_at_home(made):
        terminal.say(f"Stayed on the machine that it comes from, so name them anew before training: {', '.join(left)}.")
