"""Themes, and which passage has which."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection

from core import store
from core.digest import fresh_id
from core.project.base import Base, clean_name
from core.schema import Theme

NAMED = """(SELECT own.id, iif(parents.id IS NULL, '', parents.name || ' · ') || own.name AS name
  FROM themes AS own LEFT JOIN themes AS parents ON parents.id = own.parent)"""
"""Every theme's id and name as it is shown: a part's after that of the theme that it belongs to."""

DELETED = "deleted_themes"  # of the project's own settings

TOPS = """(SELECT own.id, coalesce(parents.name, own.name) AS name FROM themes AS own LEFT JOIN themes AS parents ON parents.id = own.parent)"""
"""Every theme's id and the name of the theme that it belongs to, or else its own."""


class Themes(Base):
    """The part of a project that holds its themes."""

    def themes(self) -> list[Theme]:
        """Return all themes by name."""
        return self._all(Theme, "SELECT * FROM themes ORDER BY name")

    def theme_names(self) -> dict[str, str]:
        """Return every theme's name by its id, a part's as "Parent · part", so that parts stand below what they belong to."""
        with self.read() as db:
            return dict(db.execute(f"SELECT id, name FROM {NAMED} ORDER BY name, id").fetchall())

    def set_theme(self, chunk_ids: Iterable[str], theme_id: str, by: str) -> None:
        """Give chunks a theme ("" for none); `by` is "keywords", "discovered" or "person"."""
        with self.write() as db:
            db.executemany("UPDATE chunks SET theme_id = ?, theme_by = ? WHERE id = ?", [(theme_id, by, c) for c in chunk_ids])

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
            db.execute("DELETE FROM meta WHERE key = ? AND ? != 'given'", (DELETED, by))
            db.execute("UPDATE chunks SET theme_id = '', theme_by = '' WHERE theme_by != 'person'")
            marks = [(theme, by, chunk) for chunk, theme in labels.items()]
            db.executemany("UPDATE chunks SET theme_id = ?, theme_by = ? WHERE id = ? AND theme_by != 'person'", marks)
            _sweep(db)

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
            db.execute("UPDATE themes SET origin = 'person' WHERE id = (SELECT parent FROM themes WHERE id = ?)", (into,))
            # A part that got parts of its own hands them on: themes are nested one level.
            db.execute(
                "UPDATE themes SET parent = (SELECT parent FROM themes WHERE id = :id) WHERE parent = :id "
                "AND (SELECT parent FROM themes WHERE id = :id) != ''",
                {"id": into},
            )

    def add_parts(self, themes: Sequence[Theme], labels: Mapping[str, str]) -> None:
        """Add themes that a person parted from another, and put their chunks (chunk id -> theme id) into them."""
        with self.write() as db:
            store.insert(db, "themes", themes)
            _keep(db, {theme.parent for theme in themes})
            marks = [(theme_id, chunk_id) for chunk_id, theme_id in labels.items()]
            db.executemany("UPDATE chunks SET theme_id = ?, theme_by = 'person' WHERE id = ?", marks)

    def take_labels(self, themes: Iterable[Theme], labels: Mapping[str, str]) -> None:
        """Give chunks themes (chunk id -> theme id) by a person's hand, with themes that are new; all of them are the person's."""
        with self.write() as db:
            store.insert(db, "themes", themes, on_conflict="IGNORE")
            db.executemany("UPDATE chunks SET theme_id = ?, theme_by = 'person' WHERE id = ?", [(t, c) for c, t in labels.items()])
            used = set(labels.values())
            _keep(db, used)
            _sweep(db)
            db.executemany("UPDATE themes SET origin = 'person' WHERE id = (SELECT parent FROM themes WHERE id = ?)", [(t,) for t in used])

    def nest_theme(self, theme_id: str, parent: str) -> None:
        """Make a theme a part of another one, or of none (""); from then on both are the person's."""
        with self.write() as db:
            store.update(db, "themes", "id", theme_id, {"parent": parent, "origin": "person"})
            _keep(db, {parent})

    def delete_theme(self, theme_id: str) -> None:
        """Delete a theme; its chunks are without one, and its parts stand by themselves. A column of a table does not bring it back."""
        with self.write() as db:
            db.execute(
                "INSERT INTO meta VALUES (?, json_array(?)) ON CONFLICT (key) DO UPDATE SET value = json_insert(value, '$[#]', ?)",
                (DELETED, theme_id, theme_id),
            )
            db.execute("UPDATE chunks SET theme_id = '', theme_by = '' WHERE theme_id = ?", (theme_id,))
            db.execute("UPDATE themes SET parent = '' WHERE parent = ?", (theme_id,))
            db.execute("DELETE FROM themes WHERE id = ?", (theme_id,))

    def deleted_themes(self) -> set[str]:
        """Return the ids of themes that a person deleted since passages were last sorted in another way than by columns."""
        return set(map(str, json.loads(self.meta(DELETED, "[]"))))

    def theme_table(self, *, top: bool = False) -> list[tuple[str, str, int]]:
        """Return (theme name or "Unclassified", file name, chunks), for the chart of themes; with `top`, parts count to their theme."""
        sql = f"""SELECT coalesce(named.name, 'Unclassified'), files.name, count(*) FROM chunks
                 JOIN documents ON documents.id = chunks.document_id JOIN files ON files.id = documents.file_id
                 LEFT JOIN {TOPS if top else NAMED} AS named ON named.id = chunks.theme_id GROUP BY 1, 2 ORDER BY 1, 2"""
        with self.read() as db:
            return [tuple(row) for row in db.execute(sql)]


def _keep(db: Connection, theme_ids: Iterable[str]) -> None:
    """Make themes the person's: finding themes anew leaves them."""
    db.executemany("UPDATE themes SET origin = 'person' WHERE id = ?", [(theme_id,) for theme_id in theme_ids])


def _sweep(db: Connection) -> None:
    """Delete themes that nobody made and that hold nothing, because a person's labels or a merge took all of their passages."""
    for _ in range(2):  # the parts, and then what held nothing but these
        db.execute(
            "DELETE FROM themes WHERE origin IN ('discovered', 'given') AND id NOT IN (SELECT theme_id FROM chunks) "
            "AND id NOT IN (SELECT parent FROM themes)"
        )
