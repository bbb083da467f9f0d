"""Passages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from core import store
from core.project import negatives
from core.project.base import Base
from core.project.filters import ChunkFilter
from core.schema import Chunk, Pair, Region


@dataclass(frozen=True)
class Recut:
    """Hold what cutting anew leads to: all chunks, the pairs that change, and all held-out spans.

    `heirs` maps chunks that are gone to those that hold their text now, for mined negatives and doubts.
    """

    chunks: Iterable[Chunk]
    pairs: Iterable[Pair]
    regions: Iterable[Region]
    heirs: Mapping[str, str] = field(default_factory=dict)


class Chunks(Base):
    """The part of a project that holds its chunks."""

    def chunks(self, only: ChunkFilter | None = None, limit: int = -1, offset: int = 0) -> list[Chunk]:
        """Return the chunks that pass the filter, in reading order."""
        clause, parameters = (only or ChunkFilter()).sql()
        sql = f"""SELECT chunks.* FROM chunks JOIN documents ON documents.id = chunks.document_id JOIN files ON files.id = documents.file_id
                  {clause} ORDER BY files.added, files.name, documents.position, chunks.position LIMIT ? OFFSET ?"""
        return self._all(Chunk, sql, [*parameters, limit, offset])

    def count_chunks(self, only: ChunkFilter | None = None) -> int:
        """Count the chunks that pass the filter."""
        clause, parameters = (only or ChunkFilter()).sql()
        return int(self._value(f"SELECT count(*) FROM chunks{clause}", parameters))

    def chunk(self, chunk_id: str) -> Chunk | None:
        """Return one chunk."""
        return self._one(Chunk, "SELECT * FROM chunks WHERE id = ?", (chunk_id,))

    def chunk_ids(self) -> list[str]:
        """Return every chunk's id, sorted: which passages there are, without reading any."""
        with self.read() as db:
            return [row[0] for row in db.execute("SELECT id FROM chunks ORDER BY id")]

    def chunk_documents(self) -> list[tuple[str, str]]:
        """Return every chunk's id with its document's."""
        with self.read() as db:
            return [tuple(row) for row in db.execute("SELECT id, document_id FROM chunks ORDER BY document_id, position")]

    def chunk_texts(self) -> dict[str, str]:
        """Return every chunk's text by its id, in reading order: what a search needs, without the rest of the records."""
        sql = """SELECT chunks.id, text FROM chunks JOIN documents ON documents.id = chunks.document_id
                 JOIN files ON files.id = documents.file_id ORDER BY files.added, files.name, documents.position, chunks.position"""
        with self.read() as db:
            return dict(db.execute(sql).fetchall())

    def replace_chunks(self, chunks: Iterable[Chunk], pairs: Iterable[Pair], regions: Iterable[Region] | None = None) -> None:
        """Put new chunks in the place of all old ones, and the pairs (attached anew) in the place of theirs.

        `regions`, where given, are the held-out spans, moved along with their passages.
        """
        with self.write() as db:
            if regions is not None:
                db.execute("DELETE FROM regions")
                store.insert(db, "regions", regions)
            db.execute("DELETE FROM chunks")
            store.insert(db, "chunks", chunks)
            store.upsert(db, "pairs", "id", pairs)

    def recut(self, change: Callable[[list[Chunk], list[Pair], list[Region]], Recut | None]) -> None:
        """Put new chunks in the place of all old ones, with what follows for pairs and held-out spans, under one lock.

        `change` gets what is there and returns what is to be, or None where nothing changes; no edit comes in between.
        """
        with self.write() as db:
            old = store.select(db, Chunk, "SELECT * FROM chunks ORDER BY document_id, position")
            pairs = store.select(db, Pair, "SELECT * FROM pairs ORDER BY document_id, start, id")
            recut = change(old, pairs, store.select(db, Region, "SELECT * FROM regions ORDER BY document_id, start"))
            if recut is None:
                return
            db.execute("DELETE FROM chunks")
            store.insert(db, "chunks", recut.chunks)
            store.upsert(db, "pairs", "id", recut.pairs)
            db.execute("DELETE FROM regions")
            store.insert(db, "regions", recut.regions)
            negatives.follow(db, recut.heirs)

    def token_counts(self) -> list[int]:
        """Return every chunk's number of tokens."""
        with self.read() as db:
            return [row[0] for row in db.execute("SELECT tokens FROM chunks")]
