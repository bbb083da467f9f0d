"""A database that leaves, or comes from elsewhere: copied whole while it is in use, and looked over before it is trusted."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from core.errors import UserError
from core.store.connection import connect
from core.store.tables import SCHEMA, VERSION

Shape = dict[str, tuple[object, ...]]
FOREIGN = UserError("The project's database holds what no project has.", "Export the project again with Attune, and import that file.")
BROKEN = UserError("The project's database is damaged.", "Export the project again, and import that file.")


def snapshot(source: Path, target: Path, said: Mapping[str, str]) -> None:
    """Copy a database as it is at one moment, without what was deleted from it; whoever works on it is not held up.

    `said` stands in the copy in the place of what the project's own settings of these names say.
    """
    with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, timeout=30)) as db, closing(sqlite3.connect(target)) as copy:
        db.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        with copy:
            copy.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", said.items())
        copy.execute("VACUUM")


def inspect(path: Path) -> None:
    """Raise `UserError` unless a file is a sound database with our tables alone; an older one is brought up to date.

    A trigger, a view, a generated column or another index would run somebody else's code with each of our queries.
    """
    try:
        _look(path)
        with closing(connect(path)) as db:
            if _shape(db) != _ours():
                raise FOREIGN
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error:
        raise BROKEN from None


def _look(path: Path) -> None:
    """Look at a database without changing it: first at what it consists of, for nothing else may run before that is known."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        if version > VERSION:
            raise UserError("This project was made by a newer Attune.", "Update Attune, then import it.")
        ours, found = _ours(), _shape(db)
        if version < 1 or any(what not in ours or (what.startswith("index ") and words != ours[what]) for what, words in found.items()):
            raise FOREIGN
        if any(_is_fault(db, row[0]) for row in db.execute("PRAGMA integrity_check(1000000)").fetchall()):
            raise BROKEN
        if db.execute("PRAGMA foreign_key_check").fetchone():
            raise BROKEN


def _is_fault(db: sqlite3.Connection, line: str) -> bool:
    """Say whether a line of the integrity check is a fault.

    SQLite before 3.42 looks for empty values in the wrong columns of a table WITHOUT ROWID whose key is not its first columns, so
    for each of these the values themselves are asked.
    """
    empty = re.fullmatch(r"NULL value in (\w+)\.(\w+)", line)
    if empty:
        return db.execute(f'SELECT 1 FROM "{empty[1]}" WHERE "{empty[2]}" IS NULL LIMIT 1').fetchone() is not None
    return line != "ok"


def _ours() -> Shape:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(SCHEMA)
        return _shape(db)


def _shape(db: sqlite3.Connection) -> Shape:
    """Return what a database consists of: each table with its columns (generated ones too), each index with its words."""
    found: Shape = {}
    for kind, name, words in db.execute("SELECT type, name, sql FROM sqlite_master").fetchall():
        if kind == "table":
            columns = db.execute('SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?) ORDER BY name', (name,))
            found[f"table {name}"] = tuple(tuple(column) for column in columns)
        elif words is not None:  # the indexes that SQLite makes for its keys have none
            found[f"{kind} {name}"] = (words,)
    return found
