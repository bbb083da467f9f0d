"""The records that cross the border of the child process, as JSON both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.loaders.cleaning import Cleaning
from core.schema import FileState, TableReading
from core.store import from_plain, to_plain


@dataclass(frozen=True)
class ReadRequest:
    """Say what is known of a file besides its bytes. `name` is only a hint at its kind.

    `reading` is how a person wants a table read (empty parts are found out), `columns` overrides single roles (role to
    column). `kept` are the roles of the file's earlier version, used while its columns are still `kept_header`. `second`
    lets PDFium look at what pypdf cannot read, `compare` asks for samples of what each switch of cleaning changes. `pairs`
    says that the file is one of pairs (`Parsed.rows`), `labels` that it is one of theme labels (`Parsed.labels`), not of documents.
    For pairs, `columns` maps a usual name to the file's, and `scored` takes scores on any scale, and a table without a header.
    """

    name: str = ""
    password: str = field(default="", repr=False)
    reading: TableReading = field(default_factory=TableReading)
    columns: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    kept_header: tuple[str, ...] = ()
    preview_rows: int = 5
    clean: Cleaning = field(default_factory=Cleaning)
    compare: bool = False
    second: bool = True
    pairs: bool = False
    labels: bool = False
    scored: bool = False


@dataclass(frozen=True)
class PairRow:
    """A row of a file of pairs, whatever its layout: a query with texts that answer it, texts that do not, and how right they are.

    `row` is its number in the file, from 1 on, headers not counted. `score` goes from 1 (right) to -1 (wrong).
    """

    row: int
    query: str
    passages: tuple[str, ...]
    negatives: tuple[str, ...] = ()
    score: float = 1.0
    category: str = ""
    group: str = ""
    people: bool = False
    judge_only: bool = False
    dropped: bool = False


@dataclass(frozen=True)
class Label:
    """One line of a file of labels: what it names, its theme, and the theme that this one is a part of ("" for none)."""

    name: str
    cluster: str
    parent: str = ""


@dataclass(frozen=True)
class ParsedPage:
    """One page's text, and the running lines that were taken out of it."""

    number: int
    text: str
    removed: str = ""


@dataclass(frozen=True)
class ParsedDocument:
    """A document as a loader found it; `key` sets it apart from the others of its file, and lasts while its text does."""

    key: str
    pages: tuple[ParsedPage, ...]
    title: str = ""
    questions: tuple[str, ...] = ()
    judge_only: bool = False
    date: str = ""
    author: str = ""
    group: str = ""
    language: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    ready_chunk: bool = False
    anchors: tuple[str, ...] = ()
    parts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    domain: str = ""

    @property
    def characters(self) -> int:
        """The length of the document's text: its pages joined by one newline."""
        return sum(len(page.text) for page in self.pages) + max(0, len(self.pages) - 1)

    def to_plain(self) -> dict[str, Any]:
        """Return this for JSON without what is empty: a table has up to 200,000 of them."""
        plain = {name: value for name, value in vars(self).items() if value}
        return {**plain, "pages": [(page.number, page.text, page.removed) for page in self.pages]}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> ParsedDocument:
        """Read what `to_plain` gave."""
        pages = tuple(ParsedPage(*page) for page in plain["pages"])
        texts = {name: tuple(plain.get(name, ())) for name in ("questions", "anchors")}
        parts = {name: (start, end) for name, (start, end) in plain.get("parts", {}).items()}
        return cls(**{**plain, **texts, "pages": pages, "parts": parts})


@dataclass(frozen=True)
class CleanSample:
    """What one switch of cleaning changes in a file: on how many pages (or rows), and some places without it and with it."""

    switch: str
    changed: int = 0
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parsed:
    """How reading a file ended: exactly one state, in plain words with the next step, and what was found.

    `textless` are the numbers of the pages that show something and have no readable text. Of a file of pairs, `rows` are those
    that can be taken and `refused` (row, why) the first of the others.
    """

    state: FileState
    detail: str
    kind: str = ""
    pages: int = 0
    reading: TableReading = field(default_factory=TableReading)
    preview: tuple[Mapping[str, str], ...] = ()
    documents: tuple[ParsedDocument, ...] = ()
    textless: tuple[int, ...] = ()
    samples: tuple[CleanSample, ...] = ()
    rows: tuple[PairRow, ...] = ()
    refused: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()

    def to_json(self) -> bytes:
        """Return this as JSON."""
        plain = to_plain(replace(self, documents=(), labels=()))
        plain["documents"] = [document.to_plain() for document in self.documents]
        plain["labels"] = [(label.name, label.cluster, label.parent) for label in self.labels]
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")

    @classmethod
    def from_json(cls, data: bytes) -> Parsed:
        """Read what `to_json` wrote; raise `ValueError`, `TypeError` or `KeyError` for anything else."""
        plain = json.loads(data)
        documents = tuple(ParsedDocument.from_plain(document) for document in plain.pop("documents"))
        labels = tuple(Label(*map(str, label)) for label in plain.pop("labels"))
        result: Parsed = from_plain(cls, plain)
        return replace(result, documents=documents, labels=labels)
