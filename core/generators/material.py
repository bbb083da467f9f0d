"""What every generator is given: the project's documents, chunks and the names of its themes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from core.project import Project
from core.schema import Chunk, Document


@dataclass(frozen=True)
class Material:
    """Hold documents by id, chunks in reading order, and theme names by id; it is all that a generator sees."""

    documents: Mapping[str, Document]
    chunks: Sequence[Chunk]
    themes: Mapping[str, str]

    @cached_property
    def by_document(self) -> Mapping[str, Sequence[Chunk]]:
        """The chunks of each document, in reading order."""
        found: dict[str, list[Chunk]] = defaultdict(list)
        for chunk in self.chunks:
            found[chunk.document_id].append(chunk)
        return found

    def theme(self, chunk: Chunk) -> str:
        """Return the name of a chunk's theme, "" for none."""
        return self.themes.get(chunk.theme_id, "")


def gather(project: Project) -> Material:
    """Return what a project's generators work on."""
    return Material(
        {document.id: document for document in project.documents()},
        project.chunks(),
        {theme.id: theme.name for theme in project.themes()},
    )
