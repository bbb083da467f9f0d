"""What was uploaded and what was read from it: bytes, files, documents, pages."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from core import disk, store
from core.project.base import Base
from core.schema import Document, File, Page, PairState

SHA256 = re.compile(r"[0-9a-f]{64}")


class Documents(Base):
    """The part of a project that holds its documents."""

    def put_blob(self, data: bytes) -> str:
        """Keep bytes under their SHA-256, which is returned; the same bytes are kept once."""
        name = hashlib.sha256(data).hexdigest()
        path = self.blob(name)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            disk.write_atomic(path, data)
        return name

    def blob(self, sha256: str) -> Path:
        """Return where the bytes with this SHA-256 lie."""
        return self.folder / "blobs" / sha256[:2] / sha256

    def has_blob(self, sha256: str) -> bool:
        """Say whether bytes with this SHA-256 are kept; what is no SHA-256 never becomes a path."""
        return bool(SHA256.fullmatch(sha256)) and self.blob(sha256).is_file()

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
            lose_passages(db, gone)
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
            lose_passages(db, [row[0] for row in db.execute("SELECT id FROM documents WHERE file_id = ?", (file_id,))])
            db.execute("DELETE FROM files WHERE id = ?", (file_id,))

    def documents(self, file_id: str | None = None) -> list[Document]:
        """Return documents in the order of their files."""
        clause, parameters = store.where({"documents.file_id = ?": file_id})
        order = "ORDER BY files.added, files.name, documents.position"
        return self._all(Document, f"SELECT documents.* FROM documents JOIN files ON files.id = file_id{clause} {order}", parameters)

    def document_titles(self) -> list[tuple[str, str, str]]:
        """Return every document's id, its file's id, and its title."""
        with self.read() as db:
            return [tuple(row) for row in db.execute("SELECT id, file_id, title FROM documents ORDER BY file_id, position")]

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

    def any_document(self, having: Literal["questions", "anchors"]) -> bool:
        """Say whether a document came with some of these."""
        return bool(self._value(f"SELECT EXISTS (SELECT 1 FROM documents WHERE {having} NOT IN ('', '[]'))"))

    def walk(self, file_id: str | None = None) -> Iterator[tuple[Document, list[Page]]]:
        """Yield every document (of one file) with its pages, in the order of their files, without holding more than one's pages."""
        documents = self.documents(file_id)
        with self.read() as db:
            for document in documents:
                yield document, store.select(db, Page, "SELECT * FROM pages WHERE document_id = ? ORDER BY number", (document.id,))


def lose_passages(db: sqlite3.Connection, document_ids: Iterable[str]) -> None:
    """Drop the pairs of documents that go, keeping the text that they were about: by it they are attached when it is back."""
    passages = "SELECT group_concat(text, char(10)) FROM chunks WHERE id IN (SELECT value FROM json_each(pairs.positives))"
    db.executemany(
        f"UPDATE pairs SET state = ?, reason = 'passage gone', passage = coalesce(({passages}), '') WHERE state != ? AND document_id = ?",
        [(PairState.DROPPED, PairState.DROPPED, document_id) for document_id in document_ids],
    )
