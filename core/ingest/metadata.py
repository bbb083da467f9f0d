"""What a table says about files: date, author, group, language and free fields of their documents."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import UserError
from core.loaders import sandbox
from core.loaders.parsed import ReadRequest
from core.loaders.sandbox import LIMITS, Limits
from core.project import Project
from core.schema import Document, File

KEYS = ("file", "filename", "file_name", "file name", "name", "datei", "dateiname")
"""The names of the column that says which file a row is about, the surest first."""

DESCRIBED = ("title", "date", "author", "group", "language")


@dataclass(frozen=True)
class MetadataReport:
    """The names that a metadata table spoke of: those whose file is here, and those whose file is not."""

    matched: tuple[str, ...]
    unmatched: tuple[str, ...]


def read_metadata(project: Project, data: bytes, *, limits: Limits = LIMITS) -> MetadataReport:
    """Take title, date, author, group, language and free fields of documents from a CSV with a row for each file.

    Its column "file" (or "filename", "name") says which. What it says is kept for files that come or are replaced later,
    and wins over what a table's own columns say. Raises `UserError` where the bytes are no such table.
    """
    parsed = sandbox.parse(data, ReadRequest("metadata.csv", preview_rows=100_000), limits)
    header = list(parsed.preview[0]) if parsed.preview else []
    key = next((name for wanted in KEYS for name in header if name.casefold() == wanted), None)
    if key is None:
        found = f"its columns are {', '.join(header[:12])}." if header else parsed.detail
        hint = "Give it a column called “file” with the files' names, and columns such as date, author, group or language."
        raise UserError(f"This is not a table about files: {found}", hint)
    roles = {name: role for name, role in parsed.reading.columns.items() if role in DESCRIBED}
    roles |= {name: name.casefold() for name in header if name.casefold() in DESCRIBED}
    entries = {row[key]: {roles.get(name, name): cell for name, cell in row.items() if name != key and cell} for row in parsed.preview}
    entries.pop("", None)
    project.set_meta("metadata", json.dumps({**_kept(project), **entries}, ensure_ascii=False))
    matched = set()
    for file in project.files():
        name = _meant(entries, file.name)
        if name is not None:
            matched.add(name)
            project.save_documents(described(project, file, project.documents(file.id)))
    return MetadataReport(tuple(n for n in entries if n in matched), tuple(n for n in entries if n not in matched))


def described(project: Project, file: File, documents: Sequence[Document]) -> list[Document]:
    """Return a file's documents with what the project's metadata table says about it."""
    entries = _kept(project)
    name = _meant(entries, file.name)
    return list(documents) if name is None else [_with(document, entries[name]) for document in documents]


def _kept(project: Project) -> dict[str, dict[str, str]]:
    kept: dict[str, dict[str, str]] = json.loads(project.meta("metadata", "{}"))
    return kept


def _meant(entries: Mapping[str, Mapping[str, str]], name: str) -> str | None:
    """Return the entry that means this file: by its name, else without folders, else without the ending too."""
    wanted = _forms(name)
    return next((entry for form in range(3) for entry in entries if _forms(entry)[form] == wanted[form]), None)


def _forms(name: str) -> tuple[str, str, str]:
    whole = unicodedata.normalize("NFC", name).casefold().strip()
    last = whole.replace("\\", "/").rsplit("/", 1)[-1]
    return whole, last, last.rsplit(".", 1)[0]


def _with(document: Document, entry: Mapping[str, str]) -> Document:
    whole = not document.ready_chunk  # a table's rows have titles of their own
    own: dict[str, Any] = {name: value for name, value in entry.items() if name in DESCRIBED and (whole or name != "title")}
    free = {name: value for name, value in entry.items() if name not in DESCRIBED}
    return replace(document, **own, fields={**document.fields, **free})
