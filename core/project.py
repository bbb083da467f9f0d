"""Projects: folders under $ATTUNE_HOME, each with its SQLite file, and every question and change asked of one."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import disk, store
from core import recipe as recipes
from core.digest import digest, fresh_id
from core.errors import UserError
from core.schema import (
    Chunk,
    Document,
    Evaluation,
    File,
    Page,
    Pair,
    PairState,
    Part,
    Publication,
    RawAnswer,
    Region,
    TestQuestion,
    TestSet,
    Theme,
)

ID = re.compile(r"[0-9a-f]{12}")
NAME_LIMIT = 80


def home() -> Path:
    """Return the folder that holds all projects, made if missing: $ATTUNE_HOME, else ./workspace."""
    folder = Path(os.environ.get("ATTUNE_HOME") or "workspace").resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise UserError(f"The folder for projects, {folder}, cannot be made.", "Set ATTUNE_HOME to a folder you may write to.") from None
    return folder


@dataclass(frozen=True)
class ChunkFilter:
    """Say which chunks are meant; None and "" leave a part open. `theme_id=""` means unclassified."""

    search: str = ""
    theme_id: str | None = None
    document_id: str | None = None
    file_id: str | None = None

    def sql(self) -> tuple[str, list[Any]]:
        """Return the WHERE part and its parameters."""
        return store.where(
            {
                "chunks.text LIKE ? ESCAPE '\\'": store.like(self.search),
                "chunks.theme_id = ?": self.theme_id,
                "chunks.document_id = ?": self.document_id,
                "chunks.document_id IN (SELECT id FROM documents WHERE file_id = ?)": self.file_id,
            }
        )


@dataclass(frozen=True)
class PairFilter:
    """Say which pairs are meant; None and "" leave a part open."""

    search: str = ""
    generator: str | None = None
    state: PairState | None = None
    part: Part | None = None
    people: bool | None = None
    document_id: str | None = None

    def sql(self) -> tuple[str, list[Any]]:
        """Return the WHERE part and its parameters."""
        return store.where(
            {
                "pairs.query LIKE ? ESCAPE '\\'": store.like(self.search),
                "pairs.generator = ?": self.generator,
                "pairs.state = ?": self.state,
                "pairs.part = ?": self.part,
                "pairs.people = ?": None if self.people is None else int(self.people),
                "pairs.document_id = ?": self.document_id,
            }
        )


@dataclass(frozen=True)
class Recut:
    """Hold what cutting anew leads to: all chunks, the pairs that change, and all held-out spans."""

    chunks: Iterable[Chunk]
    pairs: Iterable[Pair]
    regions: Iterable[Region]


@dataclass(frozen=True)
class Tally:
    """How much a project holds; `verdict` is the newest one's word, `current` whether its test set is still in force."""

    documents: int
    chunks: int
    pairs: int  # kept ones
    publications: int
    verdict: str
    current: bool


@dataclass(frozen=True)
class Project:
    """One project on disk. Every method is one short transaction; nothing is kept in memory between calls."""

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
            yield db

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

    # --- the project itself ---

    @property
    def name(self) -> str:
        """What the person calls the project."""
        return str(self.meta("name", self.id))

    @property
    def created(self) -> float:
        """When the project was made, in seconds since 1970."""
        return float(self.meta("created", "0"))

    def meta(self, key: str, default: str = "") -> str:
        """Return one of the project's own settings."""
        value = self._value("SELECT value FROM meta WHERE key = ?", (key,))
        return default if value is None else str(value)

    def set_meta(self, key: str, value: str) -> None:
        """Keep one of the project's own settings."""
        with self.write() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def rename(self, name: str) -> None:
        """Give the project another name, which no other project has."""
        self.set_meta("name", _free_name(name, but=self.id))

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

    def tally(self) -> Tally:
        """Count what there is, in one query: the strip of every page asks."""
        sql = """SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM chunks), (SELECT count(*) FROM pairs WHERE state = ?),
                   (SELECT count(*) FROM publications), (SELECT digest FROM test_sets ORDER BY number DESC LIMIT 1), newest.word, newest.digest
                 FROM (SELECT 1) LEFT JOIN (SELECT json_extract(evaluation, '$.verdict.word') AS word, test_digest AS digest FROM evaluations
                                            ORDER BY made DESC LIMIT 1) AS newest"""
        with self.read() as db:
            documents, chunks, pairs, published, frozen, word, judged = db.execute(sql, (PairState.KEPT,)).fetchone()
        return Tally(documents, chunks, pairs, published, word or "", judged is not None and judged == frozen)

    # --- bytes, files, documents, pages ---

    def put_blob(self, data: bytes) -> str:
        """Keep bytes under their SHA-256, which is returned; the same bytes are kept once."""
        import hashlib

        name = hashlib.sha256(data).hexdigest()
        path = self.blob(name)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            disk.write_atomic(path, data)
        return name

    def blob(self, sha256: str) -> Path:
        """Return where the bytes with this SHA-256 lie."""
        return self.folder / "blobs" / sha256[:2] / sha256

    def files(self) -> list[File]:
        """Return all files in the order they came."""
        return self._all(File, "SELECT * FROM files ORDER BY added, name")

    def file(self, file_id: str) -> File | None:
        """Return one file."""
        return self._one(File, "SELECT * FROM files WHERE id = ?", (file_id,))

    def save_file(self, file: File) -> None:
        """Add a file, or change the one with its id."""
        with self.write() as db:
            if not store.update(db, "files", "id", file.id, store.to_row(file)):
                store.insert(db, "files", [file])

    def replace_documents(self, file: File, documents: Iterable[Document], pages: Iterable[Page]) -> None:
        """Save a file's state with all that was read from it, in the place of what was there before.

        Documents that are still there keep their row and so their chunks; those that are gone take theirs along.
        """
        kept = list(documents)
        with self.write() as db:
            if not store.update(db, "files", "id", file.id, store.to_row(file)):
                store.insert(db, "files", [file])
            old = {row[0] for row in db.execute("SELECT id FROM documents WHERE file_id = ?", (file.id,))}
            gone = old - {document.id for document in kept}
            _lose_passages(db, gone)
            db.executemany("DELETE FROM documents WHERE id = ?", [(d,) for d in gone])
            for document in kept:
                if document.id in old:
                    store.update(db, "documents", "id", document.id, store.to_row(document))
                else:
                    store.insert(db, "documents", [document])
                db.execute("DELETE FROM pages WHERE document_id = ?", (document.id,))
            store.insert(db, "pages", pages)

    def remove_file(self, file_id: str) -> None:
        """Take a file out with its documents and chunks; its pairs stay, dropped, and come back with the file."""
        with self.write() as db:
            _lose_passages(db, [row[0] for row in db.execute("SELECT id FROM documents WHERE file_id = ?", (file_id,))])
            db.execute("DELETE FROM files WHERE id = ?", (file_id,))

    def documents(self, file_id: str | None = None) -> list[Document]:
        """Return documents in the order of their files."""
        clause, parameters = store.where({"documents.file_id = ?": file_id})
        order = "ORDER BY files.added, files.name, documents.position"
        return self._all(Document, f"SELECT documents.* FROM documents JOIN files ON files.id = file_id{clause} {order}", parameters)

    def document(self, document_id: str) -> Document | None:
        """Return one document."""
        return self._one(Document, "SELECT * FROM documents WHERE id = ?", (document_id,))

    def save_documents(self, documents: Iterable[Document]) -> None:
        """Change documents that are there already (their date, author, group, language, fields)."""
        with self.write() as db:
            for document in documents:
                store.update(db, "documents", "id", document.id, store.to_row(document))

    def pages(self, document_id: str) -> list[Page]:
        """Return a document's pages in order."""
        return self._all(Page, "SELECT * FROM pages WHERE document_id = ? ORDER BY number", (document_id,))

    def page(self, document_id: str, number: int) -> Page | None:
        """Return one page."""
        return self._one(Page, "SELECT * FROM pages WHERE document_id = ? AND number = ?", (document_id, number))

    def text(self, document_id: str) -> str:
        """Return a document's text: its pages' texts joined by one newline."""
        return "\n".join(page.text for page in self.pages(document_id))

    def walk(self) -> Iterator[tuple[Document, list[Page]]]:
        """Yield every document with its pages, in the order of their files, without holding more than one."""
        documents = self.documents()
        with self.read() as db:
            for document in documents:
                yield document, store.select(db, Page, "SELECT * FROM pages WHERE document_id = ? ORDER BY number", (document.id,))

    # --- chunks and themes ---

    def chunks(self, only: ChunkFilter | None = None, limit: int = -1, offset: int = 0) -> list[Chunk]:
        """Return the chunks that pass the filter, in reading order."""
        clause, parameters = (only or ChunkFilter()).sql()
        sql = f"""SELECT chunks.* FROM chunks JOIN documents ON documents.id = chunks.document_id JOIN files ON files.id = documents.file_id
                  {clause} ORDER BY files.added, files.name, documents.position, chunks.position LIMIT ? OFFSET ?"""
        return self._all(Chunk, sql, [*parameters, limit, offset])

    def count_chunks(self, only: ChunkFilter | None = None) -> int:
        """Count the chunks that pass the filter."""
        clause, parameters = (only or ChunkFilter()).sql()
        return int(self._value(f"SELECT count(*) FROM chunks{clause}", parameters))

    def chunk(self, chunk_id: str) -> Chunk | None:
        """Return one chunk."""
        return self._one(Chunk, "SELECT * FROM chunks WHERE id = ?", (chunk_id,))

    def chunk_texts(self) -> dict[str, str]:
        """Return every chunk's text by its id, in reading order: what a search needs, without the rest of the records."""
        sql = """SELECT chunks.id, text FROM chunks JOIN documents ON documents.id = chunks.document_id
                 JOIN files ON files.id = documents.file_id ORDER BY files.added, files.name, documents.position, chunks.position"""
        with self.read() as db:
            return dict(db.execute(sql).fetchall())

    def replace_chunks(self, chunks: Iterable[Chunk], pairs: Iterable[Pair], regions: Iterable[Region] | None = None) -> None:
        """Put new chunks in the place of all old ones, and the pairs (attached anew) in the place of theirs.

        `regions`, where given, are the held-out spans, moved along with their passages.
        """
        with self.write() as db:
            if regions is not None:
                db.execute("DELETE FROM regions")
                store.insert(db, "regions", regions)
            db.execute("DELETE FROM chunks")
            store.insert(db, "chunks", chunks)
            store.insert(db, "pairs", pairs, on_conflict="REPLACE")

    def recut(self, change: Callable[[list[Chunk], list[Pair], list[Region]], Recut | None]) -> None:
        """Put new chunks in the place of all old ones, with what follows for pairs and held-out spans, under one lock.

        `change` gets what is there and returns what is to be, or None where nothing changes; no edit comes in between.
        """
        with self.write() as db:
            old = store.select(db, Chunk, "SELECT * FROM chunks ORDER BY document_id, position")
            pairs = store.select(db, Pair, "SELECT * FROM pairs ORDER BY document_id, start, id")
            recut = change(old, pairs, store.select(db, Region, "SELECT * FROM regions ORDER BY document_id, start"))
            if recut is None:
                return
            db.execute("DELETE FROM chunks")
            store.insert(db, "chunks", recut.chunks)
            store.insert(db, "pairs", recut.pairs, on_conflict="REPLACE")
            db.execute("DELETE FROM regions")
            store.insert(db, "regions", recut.regions)

    def set_theme(self, chunk_ids: Iterable[str], theme_id: str, by: str) -> None:
        """Give chunks a theme ("" for none); `by` is "keywords", "discovered" or "person"."""
        with self.write() as db:
            db.executemany("UPDATE chunks SET theme_id = ?, theme_by = ? WHERE id = ?", [(theme_id, by, c) for c in chunk_ids])

    def themes(self) -> list[Theme]:
        """Return all themes by name."""
        return self._all(Theme, "SELECT * FROM themes ORDER BY name")

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
            db.execute("UPDATE chunks SET theme_id = '', theme_by = '' WHERE theme_by != 'person'")
            marks = [(theme, by, chunk) for chunk, theme in labels.items()]
            db.executemany("UPDATE chunks SET theme_id = ?, theme_by = ? WHERE id = ? AND theme_by != 'person'", marks)

    def add_theme(self, name: str) -> Theme:
        """Add an empty theme named by a person; a theme of that name that is there already is returned instead."""
        clean = _clean(name, "theme")
        with self.write() as db:
            for theme in store.select(db, Theme, "SELECT * FROM themes WHERE name = ?", (clean,)):
                return theme
            theme = Theme(fresh_id(), clean, (), "person")
            store.insert(db, "themes", [theme])
        return theme

    def rename_theme(self, theme_id: str, name: str) -> None:
        """Give a theme another name; from then on it is the person's, and stays when themes are found anew."""
        with self.write() as db:
            store.update(db, "themes", "id", theme_id, {"name": _clean(name, "theme"), "origin": "person"})

    def theme_table(self) -> list[tuple[str, str, int]]:
        """Return (theme name or "Unclassified", file name, chunks), for the chart of themes."""
        sql = """SELECT coalesce(themes.name, 'Unclassified'), files.name, count(*) FROM chunks
                 JOIN documents ON documents.id = chunks.document_id JOIN files ON files.id = documents.file_id
                 LEFT JOIN themes ON themes.id = chunks.theme_id GROUP BY 1, 2 ORDER BY 1, 2"""
        with self.read() as db:
            return [tuple(row) for row in db.execute(sql)]

    def token_counts(self) -> list[int]:
        """Return every chunk's number of tokens."""
        with self.read() as db:
            return [row[0] for row in db.execute("SELECT tokens FROM chunks")]

    # --- pairs ---

    def pairs(self, only: PairFilter | None = None, limit: int = -1, offset: int = 0) -> list[Pair]:
        """Return the pairs that pass the filter, in a lasting order."""
        clause, parameters = (only or PairFilter()).sql()
        return self._all(
            Pair, f"SELECT * FROM pairs{clause} ORDER BY document_id, start, id LIMIT ? OFFSET ?", [*parameters, limit, offset]
        )

    def count_pairs(self, only: PairFilter | None = None) -> int:
        """Count the pairs that pass the filter."""
        clause, parameters = (only or PairFilter()).sql()
        return int(self._value(f"SELECT count(*) FROM pairs{clause}", parameters))

    def pair_table(self) -> list[tuple[str, str, str, int]]:
        """Return (generator, state, reason, pairs): what was made, kept and dropped."""
        with self.read() as db:
            return [tuple(r) for r in db.execute("SELECT generator, state, reason, count(*) FROM pairs GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")]

    def pair(self, pair_id: str) -> Pair | None:
        """Return one pair."""
        return self._one(Pair, "SELECT * FROM pairs WHERE id = ?", (pair_id,))

    def add_pairs(self, pairs: Iterable[Pair]) -> int:
        """Add pairs whose id is new; those that are there (edited or dropped, perhaps) stay as they are. Return how many came."""
        with self.write() as db:
            return store.insert(db, "pairs", pairs, on_conflict="IGNORE")

    def update_pairs(self, pair_ids: Iterable[str], **changes: Any) -> None:
        """Change columns of pairs: `query`, `state`, `reason`, `part`, `edited`, `judge_only`."""
        with self.write() as db:
            for pair_id in pair_ids:
                store.update(db, "pairs", "id", pair_id, changes)

    def set_parts(self, parts: Mapping[str, Part]) -> None:
        """Write down which part of the split each pair (by id) belongs to."""
        with self.write() as db:
            db.executemany("UPDATE pairs SET part = ? WHERE id = ?", [(part.value, pair_id) for pair_id, part in parts.items()])

    def save_raw_answer(self, answer: RawAnswer) -> None:
        """Commit a language model's answer before anything is read from it."""
        with self.write() as db:
            store.insert(db, "raw_answers", [answer], on_conflict="IGNORE")

    def raw_answers(self) -> list[RawAnswer]:
        """Return every answer that was paid for, oldest first."""
        return self._all(RawAnswer, "SELECT * FROM raw_answers ORDER BY at, key")

    # --- split and test set ---

    def regions(self) -> list[Region]:
        """Return the spans that are held out from training."""
        return self._all(Region, "SELECT * FROM regions ORDER BY document_id, start")

    def test_set(self) -> TestSet | None:
        """Return the test set in force, the one with the highest number."""
        return self._one(TestSet, "SELECT * FROM test_sets ORDER BY number DESC LIMIT 1")

    def freeze(self, regions: Iterable[Region], questions: Iterable[TestQuestion], reason: str) -> TestSet:
        """Write down a new split and its test set, log it, and so void every older verdict."""
        frozen = tuple(questions)
        with self.write() as db:
            number = (db.execute("SELECT max(number) FROM test_sets").fetchone()[0] or 0) + 1
            made = TestSet(number, digest(store.to_plain(frozen)), frozen, reason, time.time())
            store.insert(db, "test_sets", [made])
            db.execute("DELETE FROM regions")
            store.insert(db, "regions", regions)
            text = f"Test set {number}: {len(frozen)} questions, {made.digest[:12]}. {reason}"
            db.execute("INSERT INTO events (at, kind, text) VALUES (?, 'test set', ?)", (made.made, text))
        return made

    # --- results ---

    def save_evaluation(self, run_id: str, evaluation: Evaluation) -> None:
        """Keep the evaluation of a run's model; the same one twice changes nothing."""
        text = json.dumps(store.to_plain(evaluation), ensure_ascii=False)
        with self.write() as db:
            db.execute("INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?, ?)", (run_id, evaluation.test_digest, evaluation.made, text))

    def evaluation(self, run_id: str) -> Evaluation | None:
        """Return the evaluation of a run's model."""
        text = self._value("SELECT evaluation FROM evaluations WHERE run_id = ?", (run_id,))
        return store.from_plain(Evaluation, json.loads(text)) if text else None

    def evaluated(self) -> list[tuple[str, str, float]]:
        """Return (run id, digest of the test set, when) of every evaluation, newest first."""
        with self.read() as db:
            return [tuple(row) for row in db.execute("SELECT run_id, test_digest, made FROM evaluations ORDER BY made DESC")]

    def evaluation_times(self) -> dict[str, float]:
        """Return when the evaluation of each run's model was made, by run id."""
        return {run_id: made for run_id, _, made in self.evaluated()}

    def save_publication(self, publication: Publication) -> None:
        """Keep what was published where."""
        with self.write() as db:
            store.insert(db, "publications", [publication], on_conflict="REPLACE")

    def publications(self) -> list[Publication]:
        """Return what was published, newest first."""
        return self._all(Publication, "SELECT * FROM publications ORDER BY at DESC")


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


def _lose_passages(db: sqlite3.Connection, document_ids: Iterable[str]) -> None:
    """Drop the pairs of documents that go, keeping the text that they were about: by it they are attached when it is back."""
    passages = "SELECT group_concat(text, char(10)) FROM chunks WHERE id IN (SELECT value FROM json_each(pairs.positives))"
    db.executemany(
        f"UPDATE pairs SET state = ?, reason = 'passage gone', passage = coalesce(({passages}), '') WHERE state = ? AND document_id = ?",
        [(PairState.DROPPED, PairState.KEPT, document_id) for document_id in document_ids],
    )


def _clean(name: str, what: str) -> str:
    clean = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not clean:
        raise UserError(f"The {what} needs a name.", "Type one and try again.")
    if len(clean) > NAME_LIMIT:
        raise UserError(f"The name has {len(clean)} characters; {NAME_LIMIT} is the most.", "Choose a shorter one.")
    return clean


def _free_name(name: str, but: str = "") -> str:
    clean = _clean(name, "project")
    if any(p.name == clean and p.id != but for p in projects()):
        raise UserError(f"There is already a project called “{clean}”.", "Choose another name.")
    return clean
