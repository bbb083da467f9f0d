"""The store of vectors: every text is embedded once for a model, whoever asks, and a kill loses at most one batch."""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np

from core import store
from core.digest import digest
from core.errors import UserError
from core.models import Kind, Vectors
from core.schema import Progress, silent

SCHEMA = """
CREATE TABLE IF NOT EXISTS shards (key TEXT PRIMARY KEY, dimension INTEGER NOT NULL, rows INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS vectors (key TEXT NOT NULL, text BLOB NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (key, text)) STRICT, WITHOUT ROWID;
"""
BATCH = 512  # texts between two commits
LOOKUP = 500  # parameters of one query


class Embeds(Protocol):
    """What makes the rows that are kept: an embedding model, or another whose answer to a text is a row of numbers.

    `digest` is the hash of its files; with prompt, length and precision it decides a row beside the text.
    """

    @property
    def digest(self) -> str: ...  # noqa: D102
    @property
    def dimension(self) -> int: ...  # noqa: D102
    @property
    def max_tokens(self) -> int: ...  # noqa: D102
    @property
    def precision(self) -> str: ...  # noqa: D102

    def prompt(self, kind: Kind) -> str:
        """Return what stands before every text of this kind."""

    def encode(self, texts: Sequence[str], kind: Kind) -> Vectors:
        """Return a row for each text, float32 (n, dimension)."""


class EmbeddingStore:
    """Vectors on disk: per model, prompt, length and precision one append-only file of float32 rows, and an SQLite index.

    Several processes may use one folder: rows are appended inside SQLite's write transaction, and only rows that the index
    knows are read. What a killed process appended without committing is overwritten by the next.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        with self._open() as db:
            db.executescript(SCHEMA)

    def vectors(self, encoder: Embeds, texts: Sequence[str], kind: Kind, progress: Progress = silent) -> Vectors:
        """Return the vectors of texts, float32 (n, d) with rows of length 1, embedding only those that are not there yet."""
        key = shard_key(encoder, kind)
        hashes = [_hash(text) for text in texts]
        by_hash = dict(zip(hashes, texts, strict=True))
        with self._open() as db:
            self._repair(db, key, encoder.dimension)
            known = _rows(db, key, by_hash)
            missing = sorted((h for h in by_hash if h not in known), key=lambda h: -len(by_hash[h]))
            for start in range(0, len(missing), BATCH):
                part = missing[start : start + BATCH]
                progress(start / len(missing), f"{len(known)} of {len(by_hash)} texts embedded")
                known |= self._append(db, key, part, encoder.encode([by_hash[h] for h in part], kind))
        progress(1.0, f"{len(by_hash)} texts embedded")
        if not texts:
            return np.zeros((0, encoder.dimension), np.float32)
        shard = np.memmap(self._shard(key), np.float32, "r", shape=(max(known.values()) + 1, encoder.dimension))
        return np.array(shard[[known[h] for h in hashes]])

    def known(self, encoder: Embeds, texts: Sequence[str], kind: Kind) -> list[str]:
        """Return those of the texts whose vectors are there already, each once."""
        by_hash = {_hash(text): text for text in texts}
        with self._open() as db:
            return [by_hash[h] for h in _rows(db, shard_key(encoder, kind), by_hash)]

    def put(self, encoder: Embeds, texts: Sequence[str], kind: Kind, vectors: Vectors) -> None:
        """Keep vectors (n, d) that were computed otherwise; texts that are there already stay as they are."""
        key = shard_key(encoder, kind)
        rows = {_hash(text): i for i, text in enumerate(texts)}
        with self._open() as db:
            self._repair(db, key, encoder.dimension)
            self._append(db, key, list(rows), vectors[list(rows.values())])

    def _append(self, db: sqlite3.Connection, key: str, hashes: Sequence[bytes], vectors: Vectors) -> dict[bytes, int]:
        """Commit a batch and return its rows; texts that another process committed meanwhile keep that one's."""
        with store.transaction(db):
            known = _rows(db, key, hashes)
            fresh = [i for i, h in enumerate(hashes) if h not in known]
            start = db.execute("SELECT rows FROM shards WHERE key = ?", (key,)).fetchone()[0]
            _write_at(self._shard(key), start * vectors.shape[1] * vectors.itemsize, vectors[fresh].tobytes())
            rows = {hashes[i]: start + n for n, i in enumerate(fresh)}
            db.executemany("INSERT INTO vectors VALUES (?, ?, ?)", [(key, h, row) for h, row in rows.items()])
            db.execute("UPDATE shards SET rows = ? WHERE key = ?", (start + len(fresh), key))
        return known | rows

    def _repair(self, db: sqlite3.Connection, key: str, dimension: int) -> None:
        """Make the shard known, and forget the rows that its file does not hold (any more): they are embedded again."""
        with store.transaction(db):
            db.execute("INSERT OR IGNORE INTO shards VALUES (?, ?, 0)", (key, dimension))
            rows = db.execute("SELECT rows FROM shards WHERE key = ?", (key,)).fetchone()[0]
            path = self._shard(key)
            there = path.stat().st_size // (4 * dimension) if path.exists() else 0
            if there < rows:
                db.execute("DELETE FROM vectors WHERE key = ? AND row >= ?", (key, there))
                db.execute("UPDATE shards SET rows = ? WHERE key = ?", (there, key))

    def _shard(self, key: str) -> Path:
        return self.root / f"{key[:32]}.f32"

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.root / "index.db", timeout=60, isolation_level=None)) as db:
            store.write_ahead(db)
            yield db


def shard_key(encoder: Embeds, kind: Kind) -> str:
    """Return the hash of all that decides a vector beside its text: weights and files, prompt, length, precision."""
    if not encoder.digest:
        raise ValueError("a model in training has no lasting vectors")
    return digest(encoder.digest, encoder.prompt(kind), encoder.max_tokens, encoder.precision, encoder.dimension)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _rows(db: sqlite3.Connection, key: str, hashes: Iterable[bytes]) -> dict[bytes, int]:
    wanted = list(hashes)
    found: dict[bytes, int] = {}
    for start in range(0, len(wanted), LOOKUP):
        part = wanted[start : start + LOOKUP]
        marks = ",".join("?" * len(part))
        found.update(db.execute(f"SELECT text, row FROM vectors WHERE key = ? AND text IN ({marks})", (key, *part)).fetchall())
    return found


def _write_at(path: Path, offset: int, data: bytes) -> None:
    """Write and flush bytes at an offset: they are on disk before the index speaks of them."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        with os.fdopen(handle, "r+b") as file:
            file.seek(offset)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise UserError("The disk is full: the vectors of the texts cannot be kept.", "Make room, then go on.") from None
        raise
