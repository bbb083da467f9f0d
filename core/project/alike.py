"""Passages that say nearly the same, in groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from core import store
from core.project.base import Base
from core.schema import Chunk

FOUND_FOR = "alike"  # the entry in meta that says which passages were looked at


class Alike(Base):
    """The part of a project that holds the groups of near-duplicate passages; a group is known by its first passage."""

    def alike(self) -> list[list[str]]:
        """Return the groups of chunk ids, in reading order."""
        groups: dict[str, list[str]] = defaultdict(list)
        sql = f"""SELECT alike."group", chunk_id FROM alike {_IN_PLACE} ORDER BY {_ORDER}"""
        with self.read() as db:
            for group, chunk_id in db.execute(sql):
                groups[group].append(chunk_id)
        return list(groups.values())

    def alike_found_for(self) -> str:
        """Return the digest of what was looked at last, "" when nothing was."""
        return self.meta(FOUND_FOR)

    def replace_alike(self, groups: Iterable[Sequence[str]], found_for: str) -> None:
        """Put new groups (ids of two or more chunks, in reading order) in the place of the old, with the digest of what was looked at."""
        with self.write() as db:
            db.execute("DELETE FROM alike")
            db.executemany("INSERT INTO alike VALUES (?, ?)", [(one, group[0]) for group in groups for one in group])
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (FOUND_FOR, found_for))

    def count_alike(self) -> tuple[int, int]:
        """Return how many groups there are, and how many passages in them."""
        with self.read() as db:
            row = db.execute('SELECT count(DISTINCT "group"), count(*) FROM alike JOIN chunks ON chunks.id = chunk_id').fetchone()
        return int(row[0]), int(row[1])

    def alike_page(self, limit: int, offset: int = 0) -> list[list[Chunk]]:
        """Return some groups with their passages, the biggest first."""
        sql = 'SELECT "group" FROM alike JOIN chunks ON chunks.id = chunk_id GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT ? OFFSET ?'
        with self.read() as db:
            names = [row[0] for row in db.execute(sql, (limit, offset))]
            query = f'SELECT chunks.* FROM alike {_IN_PLACE} WHERE alike."group" = ? ORDER BY {_ORDER}'
            return [store.select(db, Chunk, query, (name,)) for name in names]


_IN_PLACE = """JOIN chunks ON chunks.id = chunk_id JOIN documents ON documents.id = chunks.document_id
               JOIN files ON files.id = documents.file_id"""
_ORDER = "files.added, files.name, documents.position, chunks.position"
