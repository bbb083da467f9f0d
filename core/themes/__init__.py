"""Give chunks a theme: found in the text, by the person's own keywords, or given with the documents; what a person decided stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.digest import short
from core.errors import UserError
from core.project import Project
from core.recipe import ThemeSettings
from core.schema import Chunk, Document, Theme
from core.themes.arranging import merge, move, nest, split
from core.themes.finding import discover, recognised
from core.themes.keywords import by_keywords

__all__ = ["by_keywords", "discover", "given", "merge", "move", "nest", "retheme", "split"]


def given(chunks: Sequence[Chunk], documents: Sequence[Document]) -> tuple[list[Theme], dict[str, str]]:
    """Label chunks by the group that came with their document; where it belongs to a domain, the group's theme is a part of the domain's."""
    themes: dict[str, Theme] = {}
    of_document = {}
    for document in documents:
        parent = Theme(short("given", document.domain), document.domain, (), "given") if document.domain else None
        own = Theme(short("given", document.domain, document.group), document.group, (), "given", parent.id if parent else "")
        found = [theme for theme in (parent, own) if theme and theme.name]
        themes.update({theme.id: theme for theme in found})
        if found:
            of_document[document.id] = found[-1].id
    labels = {chunk.id: of_document[chunk.document_id] for chunk in chunks if chunk.document_id in of_document}
    return sorted(themes.values(), key=lambda theme: theme.name), labels


def retheme(project: Project, settings: ThemeSettings) -> int:
    """Give all chunks their themes anew and return how many there are; what a person labelled or named stays.

    A column's theme that a person deleted stays deleted, until passages are sorted in another way in between.

    A theme found again, with most of its chunks in one group, keeps its id, and the name that a person gave it.
    """
    chunks, old = project.chunks(), project.themes()
    if settings.method == "keywords":
        themes, labels = by_keywords(chunks, settings)
    elif settings.method == "given":
        themes, labels = given(chunks, project.documents())
        if not themes:
            raise UserError("No document has a group yet.", "On the Documents page, say which column of a table is its group.")
        deleted = project.deleted_themes()
        themes = [replace(t, parent="" if t.parent in deleted else t.parent) for t in themes if t.id not in deleted]
        labels = {chunk_id: theme_id for chunk_id, theme_id in labels.items() if theme_id not in deleted}
    else:
        themes, labels = recognised(*discover(chunks, settings), chunks, old)
    named = {theme.id: theme.name for theme in old if theme.origin == "person"}
    themes = [replace(t, name=named[t.id], origin="person") if t.id in named else t for t in themes]
    project.replace_themes(themes, labels, settings.method)
    return len(project.themes())
