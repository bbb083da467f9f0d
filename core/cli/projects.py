"""Projects."""

from __future__ import annotations

from core.cli import terminal
from core.cli.app import app
from core.cli.options import Json


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
