"""A project's folder, its database, its own settings and its history."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import recipe as recipes
from core import store
from core.errors import UserError

NAME_LIMIT = 80


@dataclass(frozen=True)
class Base:
    """What every part of a project stands on: its folder and short transactions on its database."""

    folder: Path

    @property
    def id(self) -> str:
        """The project's id: its folder's name, and what the URL carries."""
        return self.folder.name

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Open the database for queries."""
        if not (self.folder / "project.db").exists():
            raise UserError("This project is no longer there.", "Choose another project on the start page.")
        with closing(store.connect(self.folder / "project.db")) as db:
            try:
                yield db
            except sqlite3.OperationalError:
                if not store.newer(db):
                    raise
                raise UserError("A newer Attune keeps this in another way.", "Update Attune to see it.") from None

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Open the database for one transaction: all of the block's changes, or none."""
        with self.read() as db, store.transaction(db):
            yield db

    def _all(self, kind: type[store.R], sql: str, parameters: Any = ()) -> list[store.R]:
        with self.read() as db:
            return store.select(db, kind, sql, parameters)

    def _one(self, kind: type[store.R], sql: str, parameters: Any = ()) -> store.R | None:
        return next(iter(self._all(kind, sql, parameters)), None)

    def _value(self, sql: str, parameters: Any = ()) -> Any:
        with self.read() as db:
            row = db.execute(sql, parameters).fetchone()
        return row[0] if row else None

    @property
    def name(self) -> str:
        """What the person calls the project."""
        return str(self.meta("name", self.id))

    @property
    def created(self) -> float:
        """When the project was made, in seconds since 1970."""
        return float(self.meta("created", "0"))

    @property
    def read_only(self) -> bool:
        """Whether a newer Attune made the project, so that it can be read and not changed."""
        with self.read() as db:
            return store.newer(db)

    def brought_up(self) -> bool:
        """Say, once, that the project was brought up to date since it was last asked; a copy from before lies beside it."""
        copies = sorted(path.name for path in self.folder.glob("project-version-*.db"))
        if not copies or self.read_only or self.meta("told_of_copy") == copies[-1]:
            return False
        self.set_meta("told_of_copy", copies[-1])
        return True

    def meta(self, key: str, default: str = "") -> str:
        """Return one of the project's own settings."""
        value = self._value("SELECT value FROM meta WHERE key = ?", (key,))
        return default if value is None else str(value)

    def set_meta(self, key: str, value: str) -> None:
        """Keep one of the project's own settings."""
        with self.write() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def recipe(self) -> recipes.Recipe:
        """Return the settings last used in this project."""
        return recipes.parse(json.loads(self.meta("recipe", "{}")), "The project's recipe")

    def save_recipe(self, **sections: Any) -> recipes.Recipe:
        """Replace whole sections of the project's recipe and return the new one."""
        changed = self.recipe().model_copy(update=sections)
        self.set_meta("recipe", changed.model_dump_json())
        return changed

    def log(self, kind: str, text: str) -> None:
        """Add a line to the project's own history (a renewed test set, say)."""
        with self.write() as db:
            db.execute("INSERT INTO events (at, kind, text) VALUES (?, ?, ?)", (time.time(), kind, text))

    def events(self, kind: str | None = None) -> list[tuple[float, str, str]]:
        """Return the history as (when, kind, text), oldest first."""
        clause, parameters = store.where({"kind = ?": kind})
        with self.read() as db:
            return [tuple(row) for row in db.execute(f"SELECT at, kind, text FROM events{clause} ORDER BY id", parameters)]


def clean_name(name: str, what: str) -> str:
    """Return a name on one line, without signs that do not print; raise `UserError` for none, or for one that is too long."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not clean:
        raise UserError(f"The {what} needs a name.", "Type one and try again.")
    if len(clean) > NAME_LIMIT:
        raise UserError(f"The name has {len(clean)} characters; {NAME_LIMIT} is the most.", "Choose a shorter one.")
    return clean
