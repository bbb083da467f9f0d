"""Projects: folders under $ATTUNE_HOME, each with its SQLite file, and every question and change asked of one."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from core import disk, store
from core.digest import fresh_id
from core.errors import UserError
from core.project.alike import Alike
from core.project.answers import Answers
from core.project.base import NAME_LIMIT, clean_name
from core.project.chunks import Chunks, Recut
from core.project.counts import Counts
from core.project.decisions import Decisions
from core.project.documents import Documents
from core.project.filters import ChunkFilter, PairFilter
from core.project.inputs import Inputs
from core.project.negatives import Negatives
from core.project.pairs import Pairs
from core.project.quality import Effect, Quality
from core.project.results import Results, Tally
from core.project.themes import Themes

__all__ = [
    "NAME_LIMIT",
    "ChunkFilter",
    "Effect",
    "PairFilter",
    "Project",
    "Recut",
    "Tally",
    "adopt",
    "create",
    "delete",
    "find",
    "home",
    "open_project",
    "projects",
]

ID = re.compile(r"[0-9a-f]{12}")


def home() -> Path:
    """Return the folder that holds all projects, made if missing: $ATTUNE_HOME, else ./workspace."""
    folder = Path(os.environ.get("ATTUNE_HOME") or "workspace").resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise UserError(f"The folder for projects, {folder}, cannot be made.", "Set ATTUNE_HOME to a folder you may write to.") from None
    return folder


@dataclass(frozen=True)
class Project(Documents, Chunks, Themes, Alike, Pairs, Answers, Decisions, Quality, Negatives, Inputs, Results, Counts):
    """One project on disk. Every method is one short transaction; nothing is kept in memory between calls."""

    def rename(self, name: str) -> None:
        """Give the project another name, which no other project has."""
        self.set_meta("name", _free_name(name, but=self.id))


def projects() -> list[Project]:
    """Return all projects, newest first."""
    found = [Project(folder) for folder in home().iterdir() if ID.fullmatch(folder.name) and (folder / "project.db").exists()]
    return sorted(found, key=lambda project: project.created, reverse=True)


def create(name: str) -> Project:
    """Make a project; two projects cannot have one name."""
    clean = _free_name(name)
    folder = home() / fresh_id()
    folder.mkdir()
    for part in ("blobs", "runs", "embeddings"):
        (folder / part).mkdir()
    with closing(store.connect(folder / "project.db")) as db, store.transaction(db):
        db.executemany("INSERT INTO meta VALUES (?, ?)", [("name", clean), ("created", repr(time.time()))])
    return Project(folder)


def adopt(folder: Path) -> Project:
    """Make a project of a folder that was written aside, under a new id and a name that is free; nothing sees half of it."""
    arrived = Project(folder)
    wanted, taken = clean_name(arrived.name[:NAME_LIMIT], "project"), {p.name for p in projects()}
    numbered = (f"{wanted[: NAME_LIMIT - 7]} ({number})" for number in itertools.count(2))
    arrived.set_meta("name", next(name for name in itertools.chain([wanted], numbered) if name not in taken))
    placed = Project(home() / fresh_id())
    os.replace(folder, placed.folder)
    disk.sync_folder(home())
    return placed


def open_project(project_id: str) -> Project:
    """Return the project with this id, as the URL gives it."""
    folder = home() / project_id
    if not ID.fullmatch(project_id) or not (folder / "project.db").exists():
        raise UserError("There is no such project.", "Choose one on the start page.")
    return Project(folder)


def find(name: str) -> Project | None:
    """Return the project with this name or id."""
    return next((p for p in projects() if name in (p.name, p.id)), None)


def delete(project: Project, before: Callable[[], None] = lambda: None) -> None:
    """Delete a project with everything in it; `before` ends what still works on it.

    The folder is renamed first, so that a crash in between leaves no half of a project in the list.
    """
    before()
    aside = project.folder.with_name(f".deleted-{project.id}")
    os.replace(project.folder, aside)
    shutil.rmtree(aside, ignore_errors=True)


def _free_name(name: str, but: str = "") -> str:
    clean = clean_name(name, "project")
    if any(p.name == clean and p.id != but for p in projects()):
        raise UserError(f"There is already a project called “{clean}”.", "Choose another name.")
    return clean
