"""Rows to records: one project's SQLite file, its tables, and the mapping of frozen dataclasses to them."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import types
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from core.store.connection import connect, newer, transaction, write_ahead

__all__ = [
    "connect",
    "from_plain",
    "insert",
    "like",
    "newer",
    "select",
    "to_plain",
    "to_row",
    "transaction",
    "update",
    "upsert",
    "where",
    "write_ahead",
]

R = TypeVar("R")


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
    """Return plain data as the annotated type `kind`: the inverse of `to_plain` for the records of core.schema."""
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


Decode = Callable[[Any], Any]


@cache
def _decoders(kind: type) -> Mapping[str, Decode | None]:
    """Return, for each field of a record, what turns its column into it; None where the column is it already."""
    return {name: _decoder(hint) for name, hint in _hints(kind).items()}


def _decoder(hint: Any) -> Decode | None:
    origin = get_origin(hint)
    if origin is tuple and get_args(hint)[0] is str:
        return lambda text: tuple(json.loads(text))
    if origin is not None or dataclasses.is_dataclass(hint):
        return lambda text: from_plain(hint, json.loads(text) if isinstance(text, str) else text)
    return hint if isinstance(hint, type) and issubclass(hint, (StrEnum, Path, bool, float, int)) else None


def insert(db: sqlite3.Connection, table: str, records: Iterable[Any], *, on_conflict: str = "ABORT") -> int:
    """Insert records into a table (ABORT, IGNORE or REPLACE on a known key) and return how many rows changed.

    REPLACE deletes the old row first, and with it every row that refers to it; `upsert` changes it in place.
    """
    before = db.total_changes
    statement = ""
    for record in records:
        row = to_row(record)
        if not statement:
            columns = ", ".join(f'"{name}"' for name in row)
            statement = f"INSERT OR {on_conflict} INTO {table} ({columns}) VALUES ({', '.join(':' + n for n in row)})"
        db.execute(statement, row)
    return db.total_changes - before


def upsert(db: sqlite3.Connection, table: str, key: str, records: Iterable[Any]) -> None:
    """Insert records, or change the rows that have their `key` already."""
    for record in records:
        row = to_row(record)
        columns, values = ", ".join(f'"{name}"' for name in row), ", ".join(f":{name}" for name in row)
        changes = ", ".join(f'"{name}" = excluded."{name}"' for name in row if name != key)
        db.execute(f'INSERT INTO {table} ({columns}) VALUES ({values}) ON CONFLICT ("{key}") DO UPDATE SET {changes}', row)


def update(db: sqlite3.Connection, table: str, key: str, value: str, changes: Mapping[str, Any]) -> int:
    """Set columns of the row whose `key` is `value`; return how many rows there were."""
    columns = ", ".join(f'"{name}" = :{name}' for name in changes)
    row = {name: _to_sql(change) for name, change in changes.items()}
    return db.execute(f'UPDATE {table} SET {columns} WHERE "{key}" = :_key', {**row, "_key": value}).rowcount


def select(db: sqlite3.Connection, kind: type[R], sql: str, parameters: Any = ()) -> list[R]:
    """Run a query and return its rows as records; columns that a record does not know are left out."""
    rows = db.execute(sql, parameters)
    known = _decoders(kind)  # type: ignore[arg-type]
    columns = [(i, name, known[name]) for i, (name, *_) in enumerate(rows.description) if name in known]
    return [kind(**{name: decode(row[i]) if decode else row[i] for i, name, decode in columns}) for row in rows]


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
