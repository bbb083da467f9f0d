"""Which chunks or pairs are meant: filters that a page sets and SQL answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from core import store
from core.schema import PairState, Part

THEME = "(WITH asked(id) AS (VALUES (?)) SELECT id FROM asked UNION SELECT themes.id FROM themes, asked WHERE parent = asked.id AND parent != '')"
"""A theme with the parts that it has."""


@dataclass(frozen=True)
class ChunkFilter:
    """Say which chunks are meant; None and "" leave a part open. A theme is meant with its parts; `theme_id=""` is unclassified."""

    search: str = ""
    theme_id: str | None = None
    document_id: str | None = None
    file_id: str | None = None

    def sql(self) -> tuple[str, list[Any]]:
        """Return the WHERE part and its parameters."""
        return store.where(
            {
                "chunks.text LIKE ? ESCAPE '\\'": store.like(self.search),
                f"chunks.theme_id IN {THEME}": self.theme_id,
                "chunks.document_id = ?": self.document_id,
                "chunks.document_id IN (SELECT id FROM documents WHERE file_id = ?)": self.file_id,
            }
        )


@dataclass(frozen=True)
class PairFilter:
    """Say which pairs are meant; None and "" leave a part open."""

    search: str = ""
    generator: str | None = None
    state: PairState | None = None
    part: Part | None = None
    people: bool | None = None
    document_id: str | None = None
    reason: str | None = None
    theme_id: str | None = None  # of its first passage
    document: str = ""  # words in its title
    generators: tuple[str, ...] = ()  # any of these
    asked_by: tuple[str, ...] = ()  # any of these generators, or people

    def sql(self) -> tuple[str, list[Any]]:
        """Return the WHERE part and its parameters."""
        return store.where(
            {
                "pairs.query LIKE ? ESCAPE '\\'": store.like(self.search),
                "pairs.generator = ?": self.generator,
                "pairs.state = ?": self.state,
                "pairs.part = ?": self.part,
                "pairs.people = ?": None if self.people is None else int(self.people),
                "pairs.document_id = ?": self.document_id,
                "pairs.reason = ?": self.reason,
                # Without the + the column's type stands in the way of the index: 140 ms at 100,000 pairs, with it 35 ms.
                f"json_extract(pairs.positives, '$[0]') IN (SELECT +id FROM chunks WHERE theme_id IN {THEME})": self.theme_id,
                "pairs.document_id IN (SELECT id FROM documents WHERE title LIKE ? ESCAPE '\\')": store.like(self.document),
                "pairs.generator IN (SELECT value FROM json_each(?))": json.dumps(self.generators) if self.generators else None,
                "(pairs.people OR pairs.generator IN (SELECT value FROM json_each(?)))": json.dumps(self.asked_by)
                if self.asked_by
                else None,
            }
        )
