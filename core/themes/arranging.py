"""Themes put in order by hand: merged, split, nested one level; what a person decided stays when themes are found anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.digest import fresh_id
from core.errors import UserError
from core.project import ChunkFilter, Project
from core.recipe import ThemeSettings
from core.schema import Theme
from core.themes.finding import discover


def move(project: Project, chunk_ids: Iterable[str], theme_id: str) -> None:
    """Put chunks into a theme by hand ("" is Unclassified); no rerun changes that. Raises `UserError` for a theme that is gone."""
    _check(project, [theme_id] if theme_id else [])
    project.set_theme(chunk_ids, theme_id, "person")


def merge(project: Project, theme_ids: Sequence[str], into: str) -> None:
    """Make one theme of several, by hand. Raises `UserError` for one that is gone, or where there is only one."""
    _check(project, [*theme_ids, into])
    if not set(theme_ids) - {into}:
        raise UserError("There is nothing to merge.", "Choose at least one other theme.")
    project.merge_themes(theme_ids, into)


def split(project: Project, theme_id: str, parts: int = 2, seed: int = 1) -> list[Theme]:
    """Group a theme's chunks again, into parts of it (beside it, where it is a part itself), and return those.

    They are the person's, so they stay when themes are found anew. Raises `UserError` where its chunks do not fall apart.
    """
    _check(project, [theme_id])
    theme = next(theme for theme in project.themes() if theme.id == theme_id)
    own = [chunk for chunk in project.chunks(ChunkFilter(theme_id=theme_id)) if chunk.theme_id == theme_id]
    found, labels = discover(own, ThemeSettings(count=parts, seed=seed))
    if len(found) < 2:
        raise UserError("This theme has too few passages to fall into parts.", "Choose a bigger one.")
    ids = {part.id: fresh_id() for part in found}
    made = [replace(part, id=ids[part.id], origin="person", parent=theme.parent or theme.id) for part in found]
    project.add_parts(made, {chunk_id: ids[part] for chunk_id, part in labels.items()})
    return made


def nest(project: Project, theme_id: str, parent: str) -> None:
    """Make a theme a part of another one ("" for none). Raises `UserError` where that would be more than one level."""
    _check(project, [theme_id, *([parent] if parent else [])])
    known = {theme.id: theme for theme in project.themes()}
    if parent and (parent == theme_id or known[parent].parent or any(theme.parent == theme_id for theme in known.values())):
        raise UserError("Themes are nested one level: a part has no parts of its own.", "Choose another theme.")
    project.nest_theme(theme_id, parent)


def _check(project: Project, theme_ids: Iterable[str]) -> None:
    if not set(theme_ids) <= {theme.id for theme in project.themes()}:
        raise UserError("This theme is no longer there.", "Choose another one.")
