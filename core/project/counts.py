"""What is in a project, counted by SQL: no text passes through Python."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.project.base import Base
from core.project.themes import NAMED
from core.schema import Chunk, PairState

SPOKEN_FOR = f"""spoken AS MATERIALIZED (SELECT DISTINCT value AS id FROM pairs, json_each(positives) WHERE state = '{PairState.KEPT}'),
  covered AS MATERIALIZED (SELECT id FROM spoken UNION SELECT other.chunk_id FROM spoken JOIN alike ON alike.chunk_id = spoken.id
                           JOIN alike AS other ON other."group" = alike."group")"""
"""The passages that a kept pair speaks for, by themselves or by a copy."""


@dataclass(frozen=True)
class Asked:
    """A pair as it is counted: what is asked, and the first passage that answers it."""

    id: str
    query: str
    generator: str
    chunk_id: str


@dataclass(frozen=True)
class Place:
    """What is said of a chunk on a map."""

    id: str
    theme: str
    document: str
    page: int
    text: str


class Counts(Base):
    """The part of a project that counts."""

    def stamp(self) -> str:
        """Return what changes with every change of the database, without opening it: size and time of its files."""
        parts = []
        for name in ("project.db", "project.db-wal"):
            path = self.folder / name
            found = path.stat() if path.exists() else None
            parts.append(f"{found.st_mtime_ns}-{found.st_size}" if found and found.st_size else "")
        return " ".join(parts)

    def totals(self) -> dict[str, int]:
        """Count files, documents, pages, passages and tokens."""
        sql = """SELECT (SELECT count(*) FROM files) AS files, (SELECT count(*) FROM documents) AS documents,
                   (SELECT count(*) FROM pages) AS pages, (SELECT count(*) FROM chunks) AS chunks,
                   (SELECT coalesce(sum(tokens), 0) FROM chunks) AS tokens,
                   (SELECT count(*) FROM pairs WHERE state = ?) AS pairs, (SELECT count(*) FROM pairs WHERE state != ?) AS dropped,
                   (SELECT count(*) FROM pairs WHERE state = ? AND people) AS people"""
        with self.read() as db:
            return dict(db.execute(sql, (PairState.KEPT,) * 3).fetchone())

    def rows_to_teach(self) -> dict[str, int]:
        """Count what objectives can be taught: pairs, those with wrong answers (triplets), those with a score, and texts."""
        sql = """SELECT coalesce(sum(score = 1), 0) AS pairs, coalesce(sum(score = 1 AND negatives != '[]'), 0) AS triplets,
                   coalesce(sum(score != 1), 0) AS scores, (SELECT count(*) FROM chunks) AS texts
                 FROM pairs WHERE state = ? AND NOT judge_only"""
        with self.read() as db:
            return dict(db.execute(sql, (PairState.KEPT,)).fetchone())

    def token_table(self) -> list[tuple[int, int]]:
        """Return (tokens, passages of that length), shortest first."""
        return self._rows("SELECT tokens, count(*) FROM chunks GROUP BY 1 ORDER BY 1")

    def coverage(self) -> list[tuple[str, int, int]]:
        """Return (theme, passages, those that a kept pair speaks for), most passages first; "" is no theme."""
        return self._rows(
            f"""WITH {SPOKEN_FOR} SELECT coalesce(named.name, ''), count(*), count(covered.id) FROM chunks
                LEFT JOIN covered ON covered.id = chunks.id LEFT JOIN {NAMED} AS named ON named.id = chunks.theme_id GROUP BY 1 ORDER BY 2 DESC, 1"""
        )

    def pairs_by_theme(self) -> list[tuple[str, int]]:
        """Return (theme of the first right passage, kept pairs), most pairs first; "" is no theme."""
        return self._rows(
            f"""SELECT coalesce(named.name, ''), count(*) FROM pairs JOIN chunks ON chunks.id = json_extract(positives, '$[0]')
               LEFT JOIN {NAMED} AS named ON named.id = chunks.theme_id WHERE state = ? GROUP BY 1 ORDER BY 2 DESC, 1""",
            PairState.KEPT,
        )

    def pairs_by_document(self) -> list[tuple[str, int]]:
        """Return (title, kept pairs) of every document, most pairs first."""
        return self._rows(
            """SELECT documents.title, count(pairs.id) FROM documents LEFT JOIN pairs ON pairs.document_id = documents.id AND state = ?
               GROUP BY documents.id ORDER BY 2 DESC, 1""",
            PairState.KEPT,
        )

    def asked(self) -> Iterator[Asked]:
        """Yield every kept pair that has a passage, without holding more than one."""
        sql = """SELECT pairs.id, query, generator, chunks.id FROM pairs JOIN chunks ON chunks.id = json_extract(positives, '$[0]')
                 WHERE state = ?"""
        with self.read() as db:
            for row in db.execute(sql, (PairState.KEPT,)):
                yield Asked(*row)

    def uncovered(self, limit: int, offset: int = 0) -> list[Chunk]:
        """Return passages that no kept pair speaks for, in the order of their documents."""
        sql = f"""WITH {SPOKEN_FOR} SELECT chunks.* FROM chunks WHERE id NOT IN (SELECT id FROM covered)
                  ORDER BY document_id, position LIMIT ? OFFSET ?"""
        return self._all(Chunk, sql, (limit, offset))

    def texts_of(self, chunk_ids: Sequence[str]) -> dict[str, str]:
        """Return some chunks' texts by their ids; those that are gone are left out."""
        with self.read() as db:
            rows = db.execute("SELECT id, text FROM chunks WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(chunk_ids),))
            return dict(rows.fetchall())

    def places(self, chunk_ids: Sequence[str], characters: int) -> list[Place]:
        """Return what is said of some chunks on a map, in the given order: theme, document, and the beginning of their text."""
        sql = f"""SELECT chunks.id, coalesce(named.name, ''), documents.title, page, substr(text, 1, ?) FROM json_each(?) AS asked
                 JOIN chunks ON chunks.id = asked.value JOIN documents ON documents.id = chunks.document_id
                 LEFT JOIN {NAMED} AS named ON named.id = chunks.theme_id ORDER BY asked.key"""
        with self.read() as db:
            return [Place(*row) for row in db.execute(sql, (characters, json.dumps(chunk_ids)))]

    def _rows(self, sql: str, *parameters: object) -> list[tuple]:  # type: ignore[type-arg]
        with self.read() as db:
            return [tuple(row) for row in db.execute(sql, parameters)]
