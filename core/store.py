"""Rows to records: one project's SQLite file, its tables, and the mapping of frozen dataclasses to them."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import types
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from core.errors import UserError

VERSION = 1
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE events (id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE files (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL, size INTEGER NOT NULL,
  kind TEXT NOT NULL, state TEXT NOT NULL, detail TEXT NOT NULL, pages INTEGER NOT NULL, documents INTEGER NOT NULL,
  characters INTEGER NOT NULL, reading TEXT NOT NULL, preview TEXT NOT NULL, added REAL NOT NULL) STRICT;
CREATE TABLE documents (id TEXT PRIMARY KEY, file_id TEXT NOT NULL REFERENCES files(id) ON DELETE CASCADE,
  position INTEGER NOT NULL, title TEXT NOT NULL, characters INTEGER NOT NULL, date TEXT NOT NULL, author TEXT NOT NULL,
  "group" TEXT NOT NULL, language TEXT NOT NULL, fields TEXT NOT NULL, questions TEXT NOT NULL,
  judge_only INTEGER NOT NULL, ready_chunk INTEGER NOT NULL) STRICT;
CREATE INDEX documents_file ON documents(file_id, position);
CREATE TABLE pages (document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE, number INTEGER NOT NULL,
  start INTEGER NOT NULL, text TEXT NOT NULL, removed TEXT NOT NULL, PRIMARY KEY (document_id, number)) STRICT, WITHOUT ROWID;
CREATE TABLE chunks (id TEXT PRIMARY KEY, document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  position INTEGER NOT NULL, text TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, page INTEGER NOT NULL,
  page_end INTEGER NOT NULL, tokens INTEGER NOT NULL, heading TEXT NOT NULL, theme_id TEXT NOT NULL, theme_by TEXT NOT NULL) STRICT;
CREATE INDEX chunks_document ON chunks(document_id, position);
CREATE INDEX chunks_theme ON chunks(theme_id);
CREATE TABLE themes (id TEXT PRIMARY KEY, name TEXT NOT NULL, keywords TEXT NOT NULL, origin TEXT NOT NULL) STRICT;
CREATE TABLE pairs (id TEXT PRIMARY KEY, query TEXT NOT NULL, document_id TEXT NOT NULL, start INTEGER NOT NULL,
  end INTEGER NOT NULL, positives TEXT NOT NULL, generator TEXT NOT NULL, people INTEGER NOT NULL, judge_only INTEGER NOT NULL,
  state TEXT NOT NULL, reason TEXT NOT NULL, query_start INTEGER NOT NULL, query_end INTEGER NOT NULL, part TEXT NOT NULL,
  edited INTEGER NOT NULL, made REAL NOT NULL, passage TEXT NOT NULL) STRICT;
CREATE INDEX pairs_document ON pairs(document_id, start);
CREATE INDEX pairs_generator ON pairs(generator, state);
CREATE TABLE raw_answers (key TEXT PRIMARY KEY, chunk_id TEXT NOT NULL, model TEXT NOT NULL, text TEXT NOT NULL,
  tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, cost REAL NOT NULL, at REAL NOT NULL) STRICT;
CREATE TABLE regions (document_id TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, part TEXT NOT NULL,
  PRIMARY KEY (document_id, start, part)) STRICT, WITHOUT ROWID;
CREATE TABLE test_sets (number INTEGER PRIMARY KEY, digest TEXT NOT NULL, questions TEXT NOT NULL, reason TEXT NOT NULL,
  made REAL NOT NULL) STRICT;
CREATE TABLE evaluations (run_id TEXT PRIMARY KEY, test_digest TEXT NOT NULL, made REAL NOT NULL, evaluation TEXT NOT NULL) STRICT;
CREATE TABLE publications (repo TEXT NOT NULL, "commit" TEXT NOT NULL, run_id TEXT NOT NULL, url TEXT NOT NULL,
  private INTEGER NOT NULL, files TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (repo, "commit")) STRICT;
"""

R = TypeVar("R")


def connect(path: Path) -> sqlite3.Connection:
    """Open a project's database, bringing a fresh one to the current version; raise `UserError` for a newer one."""
    db = sqlite3.connect(path, timeout=30, isolation_level=None)
    db.row_factory = sqlite3.Row
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        db.execute(f"PRAGMA {pragma}")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        db.close()
        raise UserError("This project was made by a newer Attune.", "Update Attune to open it. Nothing was changed.")
    if version == 0:
        _create(db)
    return db


def _create(db: sqlite3.Connection) -> None:
    with transaction(db):
        if db.execute("PRAGMA user_version").fetchone()[0] == 0:  # another process may have been first
            for statement in SCHEMA.split(";\n"):
                if statement.strip():
                    db.execute(statement)
            db.execute(f"PRAGMA user_version={VERSION}")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Run a block as one transaction that takes the write lock at its start."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def to_row(record: Any) -> dict[str, Any]:
    """Return a record's fields as SQLite values: numbers and texts as they are, everything else as JSON."""
    return {f.name: _to_sql(getattr(record, f.name)) for f in dataclasses.fields(record)}


def _to_sql(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, (str, int, float)) or value is None:
        return value
    return json.dumps(to_plain(value), ensure_ascii=False)


def to_plain(value: Any) -> Any:
    """Return records, tuples and mappings as plain dicts and lists, paths as texts: ready for JSON."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): to_plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_plain(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    return value.value if isinstance(value, StrEnum) else value


def from_plain(kind: Any, value: Any) -> Any:
    """Return plain data as the annotated type `kind`: the inverse of `to_plain` for the records of schema.py."""
    origin, args = get_origin(kind), get_args(kind)
    if value is None or kind is Any:
        return value
    if origin in (Union, types.UnionType):
        return from_plain(next(a for a in args if a is not type(None)), value)
    if origin is tuple:
        return tuple(from_plain(args[0], v) for v in value)
    if origin is not None and issubclass(origin, Mapping):
        return {k: from_plain(args[1], v) for k, v in value.items()}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(**{k: from_plain(hints[k], v) for k, v in value.items() if k in hints})
    if isinstance(kind, type) and issubclass(kind, (StrEnum, Path, bool, float, int)):
        return kind(value)
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def from_row(kind: type[R], row: sqlite3.Row) -> R:
    """Return a row as a record of type `kind`."""
    hints = _hints(kind)  # type: ignore[arg-type]
    plain = {}
    for name in row.keys():  # noqa: SIM118  a Row iterates over its values
        if name not in hints:
            continue
        value = row[name]
        nested = get_origin(hints[name]) is not None or dataclasses.is_dataclass(hints[name])
        plain[name] = json.loads(value) if nested and isinstance(value, str) else value
    result: R = from_plain(kind, plain)
    return result


def insert(db: sqlite3.Connection, table: str, records: Iterable[Any], *, on_conflict: str = "ABORT") -> int:
    """Insert records into a table (ABORT, IGNORE or REPLACE on a known key) and return how many rows changed."""
    before = db.total_changes
    statement = ""
    for record in records:
        row = to_row(record)
        if not statement:
            columns = ", ".join(f'"{name}"' for name in row)
            statement = f"INSERT OR {on_conflict} INTO {table} ({columns}) VALUES ({', '.join(':' + n for n in row)})"
        db.execute(statement, row)
    return db.total_changes - before


def update(db: sqlite3.Connection, table: str, key: str, value: str, changes: Mapping[str, Any]) -> int:
    """Set columns of the row whose `key` is `value`; return how many rows there were."""
    columns = ", ".join(f'"{name}" = :{name}' for name in changes)
    row = {name: _to_sql(change) for name, change in changes.items()}
    return db.execute(f'UPDATE {table} SET {columns} WHERE "{key}" = :_key', {**row, "_key": value}).rowcount


def select(db: sqlite3.Connection, kind: type[R], sql: str, parameters: Any = ()) -> list[R]:
    """Run a query and return its rows as records."""
    return [from_row(kind, row) for row in db.execute(sql, parameters)]


def where(clauses: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Join the clauses whose value is not None to a WHERE part and its parameters; each clause has one '?'."""
    used = {clause: value for clause, value in clauses.items() if value is not None}
    return (" WHERE " + " AND ".join(used) if used else ""), list(used.values())


def like(text: str) -> str | None:
    """Return a LIKE pattern (for ESCAPE '\\') that finds `text` as it stands, or None for nothing to look for."""
    text = text.strip()
    if not text:
        return None
    for sign in "\\%_":
        text = text.replace(sign, "\\" + sign)
    return f"%{text}%"
