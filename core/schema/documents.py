"""What was given: files, and the documents and pages read from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class FileState(StrEnum):
    """Name how reading a file ended; each file has exactly one."""

    WAITING = "waiting"
    READ = "read"
    NO_TEXT = "no text"
    PASSWORD = "password needed"
    DAMAGED = "damaged"
    TOO_HEAVY = "too heavy"
    EMPTY = "empty"
    NOT_TEXT = "not a text or table"


@dataclass(frozen=True)
class TableReading:
    """Say how the bytes of a table were read; every part can be corrected by the person.

    `columns` maps a column's name to its role, one of loaders.table.ROLES; a column without a role is a free field.
    """

    encoding: str = ""
    delimiter: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class File:
    """An uploaded file: its bytes lie in blobs/ under `sha256`, its `name` is only ever shown.

    The id lasts when the file is replaced by another version of the same name; `sha256` is its revision.
    """

    id: str
    name: str
    sha256: str
    size: int
    kind: str = ""  # "pdf", "table" or "text"
    state: FileState = FileState.WAITING
    detail: str = ""  # plain words: what was found, and the next step
    pages: int = 0
    documents: int = 0
    characters: int = 0
    reading: TableReading = TableReading()
    preview: tuple[Mapping[str, str], ...] = ()  # a table's first rows, as read
    added: float = 0.0
    off: tuple[str, ...] = ()  # the switches of the recipe's `clean` that were off when it was read
    textless: tuple[int, ...] = ()  # numbers of its pages that show something and have no readable text
    recognised: str = ""  # the SHA-256 of its copy with recognised text, which is read instead


@dataclass(frozen=True)
class Document:
    """A text of its own: a PDF, a text file, or one row of a table (whose questions are real ones, when it has any)."""

    id: str
    file_id: str
    position: int
    title: str
    characters: int
    date: str = ""
    author: str = ""
    group: str = ""
    language: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    questions: tuple[str, ...] = ()  # asked by people, answered by this document
    judge_only: bool = False  # its questions are kept for judging, never trained on
    ready_chunk: bool = False  # a table's row that is taken as one chunk when it fits
    anchors: tuple[str, ...] = ()  # what a table's row is called: queries that nobody asked
    parts: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # of a row with anchors: a column's cell as a span of the text
    domain: str = ""  # the field that its group belongs to


@dataclass(frozen=True)
class Page:
    """One page's text without running headers and footers; `start` is its offset in the document's text.

    A document's text is the texts of its pages joined by one newline; `removed` keeps what was left out, to be shown.
    """

    document_id: str
    number: int
    start: int
    text: str
    removed: str = ""
