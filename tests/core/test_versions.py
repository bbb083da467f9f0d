"""Projects of other versions: older ones are brought up to date after a copy, newer ones are read and left alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core import project as projects
from core import store
from core.errors import UserError
from core.schema import Pair
from core.store.connection import backup
from core.store.tables import VERSION

OLD = sorted((Path(__file__).parent / "versions").glob("*.sql"))


def tables(path: Path) -> dict[str, set[tuple[str, ...]]]:
    """Return each table's columns: name, type, whether it may be empty, and its place in the key."""
    with closing(sqlite3.connect(path)) as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name")]
        return {name: {(r[1], r[2], str(r[3]), str(r[5])) for r in db.execute(f"PRAGMA table_info({name})")} for name in names}


def made_by(version: Path, folder: Path) -> projects.Project:
    """Return a project as an older Attune left it, with one pair."""
    folder.mkdir(parents=True)
    with closing(sqlite3.connect(folder / "project.db")) as db:
        db.executescript(version.read_text("utf-8"))
        db.execute(f"PRAGMA user_version={version.stem}")
        db.execute("INSERT INTO meta VALUES ('name', 'Old'), ('created', '1.0')")
        db.execute("INSERT INTO pairs VALUES ('p', 'Who?', 'd', 0, 5, '[\"c\"]', 'typed', 1, 0, 'kept', '', -1, -1, '', 0, 1.0, '')")
        db.commit()
    return projects.Project(folder)


@pytest.mark.parametrize("version", OLD, ids=lambda path: path.stem)
def test_an_older_project_is_brought_up_to_date_and_loses_nothing(version: Path, home: Path) -> None:
    old = made_by(version, home / "abcdefabcdef")
    assert old.pairs() == [Pair("p", "Who?", "d", 0, 5, ("c",), "typed", people=True, made=1.0)]
    assert tables(old.folder / "project.db") == tables(projects.create("New").folder / "project.db")


@pytest.mark.parametrize("version", OLD, ids=lambda path: path.stem)
def test_the_copy_from_before_is_kept_as_it_was(version: Path, home: Path) -> None:
    old = made_by(version, home / "abcdefabcdef")
    before = tables(old.folder / "project.db")
    old.set_meta("name", "Changed")
    copy = backup(old.folder / "project.db", int(version.stem))
    assert tables(copy) == before
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("SELECT value FROM meta WHERE key = 'name'").fetchone() == ("Old",)


def test_a_newer_project_is_read_and_not_changed(project: projects.Project) -> None:
    with project.read() as db:
        db.execute(f"PRAGMA user_version={VERSION + 1}")
    assert project.name == "Test"
    with pytest.raises(UserError, match="newer Attune"):
        project.rename("Other")
    with project.read() as db, pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("DELETE FROM meta")
    assert project.name == "Test"


def test_what_a_newer_project_keeps_elsewhere_is_said_in_words(project: projects.Project) -> None:
    with project.read() as db:
        db.execute("DROP TABLE pairs")
        db.execute(f"PRAGMA user_version={VERSION + 1}")
    with pytest.raises(UserError, match="in another way"):
        project.pairs()


def test_two_that_open_an_old_project_at_once_change_it_once(home: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    old = made_by(OLD[0], home / "abcdefabcdef")
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: len(old.pairs()), range(8)))
    assert found == [1] * 8
    with closing(store.connect(old.folder / "project.db")) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == VERSION
