"""Open a project's database: a fresh one is given its tables, an older one is brought up to date, a newer one is only read."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from core import disk
from core.errors import UserError
from core.store.tables import MIGRATIONS, SCHEMA, VERSION

PATIENCE = 30  # seconds that a lock of others is waited for


def connect(path: Path) -> sqlite3.Connection:
    """Open a project's database, at this Attune's version; that of a newer one can be read, and not changed."""
    db = _open(path)
    write_ahead(db)
    db.execute("PRAGMA foreign_keys=ON")
    version = _version(db)
    if version < VERSION:
        _bring_up(db, path)
    if version > VERSION:
        db.execute("PRAGMA query_only=ON")
    return db


def write_ahead(db: sqlite3.Connection) -> None:
    """Let readers and a writer work at once, and every commit be on disk when it is told.

    The first who opens a fresh file switches it, which asks for it alone; SQLite waits for nobody then, so it is waited here.
    """
    last = time.monotonic() + PATIENCE
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError:
            if time.monotonic() > last:
                raise
            time.sleep(0.02)
    db.execute("PRAGMA synchronous=FULL")


def newer(db: sqlite3.Connection) -> bool:
    """Say whether a newer Attune made this database."""
    return _version(db) > VERSION


def backup(path: Path, version: int) -> Path:
    """Return where the copy of a database lies that was made before it left a version."""
    return path.with_name(f"{path.stem}-version-{version}.db")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Run a block as one transaction that takes the write lock at its start; raise `UserError` for a newer Attune's project."""
    if newer(db):
        raise UserError("This project was made by a newer Attune, so it can be read and not changed.", "Update Attune to work on it.")
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    db.row_factory = sqlite3.Row
    return db


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _bring_up(db: sqlite3.Connection, path: Path) -> None:
    """Give a database today's tables, all or nothing; whoever comes second finds it done."""
    with transaction(db):
        version = _version(db)
        if 0 < version < VERSION:
            _back_up(path, version)
        while version < VERSION:
            _run(db, MIGRATIONS[version] if version else SCHEMA)
            version = version + 1 if version else VERSION
            db.execute(f"PRAGMA user_version={version}")


def _run(db: sqlite3.Connection, statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            db.execute(statement)


def _back_up(path: Path, version: int) -> None:
    """Copy a database beside itself before it changes, while its write lock is held."""
    target = backup(path, version)
    aside = target.with_suffix(".new")
    aside.unlink(missing_ok=True)  # what a crash left
    with closing(_open(path)) as source, closing(sqlite3.connect(aside)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(aside, target)
    disk.sync_folder(path.parent)
