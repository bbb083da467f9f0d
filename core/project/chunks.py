"""Passages and their themes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from core import store
from core.digest import fresh_id
from core.project import negatives
from core.project.base import Base, clean_name
from core.project.filters import ChunkFilter
from core.schema import Chunk, Pair, Region, Theme


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
    """The part of a project that holds its chunks and themes."""

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

    def set_theme(self, chunk_ids: Iterable[str], theme_id: str, by: str) -> None:
        """Give chunks a theme ("" for none); `by` is "keywords", "discovered" or "person"."""
        with self.write() as db:
            db.executemany("UPDATE chunks SET theme_id = ?, theme_by = ? WHERE id = ?", [(theme_id, by, c) for c in chunk_ids])

    def themes(self) -> list[Theme]:
        """Return all themes by name."""
        return self._all(Theme, "SELECT * FROM themes ORDER BY name")

    def replace_themes(self, themes: Iterable[Theme], labels: Mapping[str, str], by: str) -> None:
        """Put new themes in the place of the old, and label chunks (chunk id -> theme id).

        What a person did stays: labels given by hand with their themes, and themes named by hand with their names.
        """
        given = list(themes)
        with self.write() as db:
            db.execute("DELETE FROM themes WHERE origin != 'person' AND id NOT IN (SELECT theme_id FROM chunks WHERE theme_by = 'person')")
            store.insert(db, "themes", given, on_conflict="IGNORE")
            for theme in given:
                store.update(db, "themes", "id", theme.id, {"keywords": theme.keywords})
            db.execute("UPDATE themes SET parent = '' WHERE parent NOT IN (SELECT id FROM themes)")
            db.execute("UPDATE chunks SET theme_id = '', theme_by = '' WHERE theme_by != 'person'")
            marks = [(theme, by, chunk) for chunk, theme in labels.items()]
            db.executemany("UPDATE chunks SET theme_id = ?, theme_by = ? WHERE id = ? AND theme_by != 'person'", marks)

    def add_theme(self, name: str) -> Theme:
        """Add an empty theme named by a person; a theme of that name that is there already is returned instead."""
        clean = clean_name(name, "theme")
        with self.write() as db:
            for theme in store.select(db, Theme, "SELECT * FROM themes WHERE name = ?", (clean,)):
                return theme
            theme = Theme(fresh_id(), clean, (), "person")
            store.insert(db, "themes", [theme])
        return theme

    def rename_theme(self, theme_id: str, name: str) -> None:
        """Give a theme another name; from then on it is the person's, and stays when themes are found anew."""
        with self.write() as db:
            store.update(db, "themes", "id", theme_id, {"name": clean_name(name, "theme"), "origin": "person"})

    def merge_themes(self, theme_ids: Iterable[str], into: str) -> None:
        """Put the chunks and parts of some themes into another one, by hand, and delete what is then empty."""
        merged = [(into, theme_id) for theme_id in theme_ids if theme_id != into]
        with self.write() as db:
            db.executemany("UPDATE chunks SET theme_id = ?, theme_by = 'person' WHERE theme_id = ?", merged)
            db.executemany("UPDATE themes SET parent = ? WHERE parent = ?", merged)
            db.executemany("DELETE FROM themes WHERE id = ?", [(theme_id,) for _, theme_id in merged])
            db.execute("UPDATE themes SET parent = CASE WHEN parent = id THEN '' ELSE parent END, origin = 'person' WHERE id = ?", (into,))
            # A part that got parts of its own hands them on: themes are nested one level.
            db.execute(
                "UPDATE themes SET parent = (SELECT parent FROM themes WHERE id = :id) WHERE parent = :id "
                "AND (SELECT parent FROM themes WHERE id = :id) != ''",
                {"id": into},
            )

    def add_parts(self, themes: Iterable[Theme], labels: Mapping[str, str]) -> None:
        """Add themes that a person parted from another, and put their chunks (chunk id -> theme id) into them."""
        with self.write() as db:
            store.insert(db, "themes", themes)
            marks = [(theme_id, chunk_id) for chunk_id, theme_id in labels.items()]
            db.executemany("UPDATE chunks SET theme_id = ?, theme_by = 'person' WHERE id = ?", marks)

    def nest_theme(self, theme_id: str, parent: str) -> None:
        """Make a theme a part of another one, or of none (""); from then on it is the person's."""
        with self.write() as db:
            store.update(db, "themes", "id", theme_id, {"parent": parent, "origin": "person"})

    def delete_theme(self, theme_id: str) -> None:
        """Delete a theme; its chunks are without one, and its parts stand by themselves."""
        with self.write() as db:
            db.execute("UPDATE chunks SET theme_id = '', theme_by = '' WHERE theme_id = ?", (theme_id,))
            db.execute("UPDATE themes SET parent = '' WHERE parent = ?", (theme_id,))
            db.execute("DELETE FROM themes WHERE id = ?", (theme_id,))

    def theme_table(self) -> list[tuple[str, str, int]]:
        """Return (theme name or "Unclassified", file name, chunks), for the chart of themes."""
        sql = """SELECT coalesce(themes.name, 'Unclassified'), files.name, count(*) FROM chunks
                 JOIN documents ON documents.id = chunks.document_id JOIN files ON files.id = documents.file_id
                 LEFT JOIN themes ON themes.id = chunks.theme_id GROUP BY 1, 2 ORDER BY 1, 2"""
        with self.read() as db:
            return [tuple(row) for row in db.execute(sql)]

    def token_counts(self) -> list[int]:
        """Return every chunk's number of tokens."""
        with self.read() as db:
            return [row[0] for row in db.execute("SELECT tokens FROM chunks")]
