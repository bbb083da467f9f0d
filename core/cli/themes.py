"""Themes: sorted anew, labelled by a file, put in order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli import options, terminal
from core.cli.app import app
from core.cli.options import Json, KnownProject, RecipeFile, Set
from core.errors import UserError

if TYPE_CHECKING:
    from core.project import Project

LabelFile = Annotated[
    Path | None,
    typer.Option(help="A CSV, TSV or JSON file: what is labelled, its theme, and perhaps the theme above it.", exists=True, dir_okay=False),
]
Several = Annotated[list[str] | None, typer.Option(help="A theme to merge into the one that --into names. May be given again.")]


@app.command()
def themes(
    project: KnownProject,
    recipe: RecipeFile = None,
    set_: Set = None,
    labels: LabelFile = None,
    merge: Several = None,
    into: Annotated[str, typer.Option(help="The theme that takes the merged ones in.")] = "",
    split: Annotated[str, typer.Option(help="A theme whose passages are grouped again, into parts of it.")] = "",
    parts: Annotated[int, typer.Option(min=2, max=15, help="How many parts --split makes.")] = 2,
    nest: Annotated[str, typer.Option(help="A theme that becomes a part of the one that --under names, or of none.")] = "",
    under: Annotated[str, typer.Option(help="The theme that --nest goes under.")] = "",
    delete: Annotated[str, typer.Option(help="A theme to delete; its passages stay, without a theme.")] = "",
    json: Json = False,
) -> None:
    """List the themes; sort passages anew with --recipe or --set, take --labels from a file, and merge, split, nest or delete themes."""
    from core import themes as sorting
    from core.themes import labels as labelling

    owner = options.known_project(project)
    if recipe or set_:
        sorting.retheme(owner, options.settings(owner, recipe, set_).themes)
    if labels:
        taken = labelling.take(owner, labelling.read(labels.read_bytes(), labels.name))
        terminal.say(taken.said)
        if taken.missed:
            terminal.say(f"{taken.missed:,} match nothing: {', '.join(taken.examples)}{' …' if taken.missed > len(taken.examples) else ''}")
    if merge:
        sorting.merge(owner, [_id(owner, name) for name in merge], _id(owner, into))
    if split:
        sorting.split(owner, _id(owner, split), parts)
    if nest:
        sorting.nest(owner, _id(owner, nest), _id(owner, under) if under else "")
    if delete:
        owner.delete_theme(_id(owner, delete))
    _show(owner, as_json=json)


def _id(project: Project, name: str) -> str:
    """Return the id of the theme that is shown under a name, or has it alone."""
    shown = project.theme_names()
    for found in ([i for i in shown if name in (i, shown[i])], [theme.id for theme in project.themes() if theme.name == name]):
        if len(found) == 1:
            return found[0]
    raise UserError(f"There is no one theme called “{name}”.", "`python -m core themes --project NAME` lists them.")


def _show(project: Project, *, as_json: bool) -> None:
    counted: Counter[str] = Counter()
    for theme, _, passages in project.theme_table():
        counted[theme] += passages
    rows = [(name, counted[name]) for name in [*dict.fromkeys(project.theme_names().values()), "Unclassified"]]
    if as_json:
        return terminal.show_json([{"theme": name, "passages": passages} for name, passages in rows])
    return terminal.show_table(("theme", "passages"), rows)
