"""Labels that a person already has: a file that says of each document, row or passage which theme it belongs to."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from core.digest import short
from core.errors import UserError
from core.loaders import delimiters, encodings
from core.loaders.columns import NAMES
from core.project import Project
from core.schema import Theme

HEAVIEST = 32 * 1024 * 1024  # bytes
MOST_ROWS = 500_000
CELL = 200  # characters of a theme's name that are kept
SAMPLE = 100_000  # characters by which the delimiter is found
SHOWN = 20  # names that match nothing, of those that are said

ID = frozenset(["id", "ids", "file", "filename", "name", "document", "doc", "passage", "chunk", "key", *NAMES["title"]])
PARENT = frozenset(["parent", "domain", "supercluster", "field"])
CLUSTER = frozenset(["cluster", *NAMES["group"]]) - PARENT
_ROW = re.compile(r"(.+):(\d{1,9})")
_ROW_TITLE = re.compile(r".*, row (\d+)")


@dataclass(frozen=True)
class Label:
    """One line of the file: what it names, its theme, and the theme that this one is a part of ("" for none)."""

    name: str
    cluster: str
    parent: str = ""


@dataclass(frozen=True)
class Taken:
    """Say what a file of labels led to; `examples` are the first of the names that match nothing."""

    lines: int
    passages: int
    themes: int
    missed: int
    examples: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """Return it in words."""
        return f"{self.lines - self.missed:,} of {self.lines:,} labels matched: {self.passages:,} passages in {self.themes:,} themes."


def read(data: bytes, name: str = "") -> list[Label]:
    """Return the labels of a CSV, TSV or JSON file, in its order.

    A table has two or three columns, found by their names (id, cluster, parent) or by their order. JSON is {id: cluster},
    {id: [cluster, parent]}, or a list of such rows or of objects with these names. Raises `UserError` for anything else.
    """
    if len(data) > HEAVIEST:
        raise UserError(f"The file has more than {HEAVIEST >> 20} MB.", "A file of labels holds a name and a theme a line.")
    text = encodings.decode(data)[0].lstrip("\ufeff")
    rows = _json(text) if name.lower().endswith(".json") or text.lstrip()[:1] in ("{", "[") else _table(text)
    found = [Label(*cells) for row in rows if (cells := _cells(row))[0] and cells[1]]
    if not found:
        raise UserError("There are no labels in this file.", "It needs two columns: what is labelled, and its theme.")
    return found


def take(project: Project, labels: Sequence[Label]) -> Taken:
    """Give passages the themes that a person's file says, by the person's hand: sorting anew leaves them.

    A name is a passage's id, a document's id, "file:row", a document's title or a file's name; where a passage is named by
    several lines, the most exact one holds. A theme that is there already under that name is taken, others are made.
    """
    places = _places(project)
    known = _Known(project.themes())
    marks: dict[str, tuple[int, str]] = {}
    missed = []
    for label in labels:
        exactness, chunk_ids = places.get(_key(label.name), (0, ()))
        if not chunk_ids:
            missed.append(label.name)
            continue
        theme_id = known.theme(label)
        marks.update({chunk: (exactness, theme_id) for chunk in chunk_ids if exactness >= marks.get(chunk, (0, ""))[0]})
    chosen = {chunk: theme_id for chunk, (_, theme_id) in marks.items()}
    project.take_labels(known.made.values(), chosen)
    return Taken(len(labels), len(chosen), len(set(chosen.values())), len(missed), tuple(missed[:SHOWN]))


class _Known:
    """The themes that labels may name: those that are there, and those that had to be made."""

    def __init__(self, themes: Iterable[Theme]) -> None:
        names = {theme.id: theme.name for theme in themes}
        self.ids = {(names.get(theme.parent, ""), theme.name): theme.id for theme in themes}
        self.any = {theme.name: theme.id for theme in themes}
        self.made: dict[str, Theme] = {}

    def theme(self, label: Label) -> str:
        """Return the id of a label's theme; a name alone may be that of a part that is there."""
        if not label.parent or label.parent == label.cluster:
            return self.ids.get(("", label.cluster)) or self.any.get(label.cluster) or self._make("", label.cluster, "")
        upper = self.ids.get(("", label.parent)) or self._make("", label.parent, "")
        return self.ids.get((label.parent, label.cluster)) or self._make(label.parent, label.cluster, upper)

    def _make(self, parent: str, name: str, parent_id: str) -> str:
        theme = Theme(short("labels", parent, name), name, (), "person", parent_id)
        self.made[theme.id] = theme
        self.ids[parent, name] = theme.id
        return theme.id


def _places(project: Project) -> Mapping[str, tuple[int, Sequence[str]]]:
    """Return what a name may stand for: how exact it is, and its passages; the most exact meaning of a name holds."""
    of_document: dict[str, list[str]] = defaultdict(list)
    places: dict[str, tuple[int, list[str]]] = {}

    def add(name: str, exactness: int, chunk_ids: Sequence[str]) -> None:
        before, found = places.get(_key(name), (0, []))
        if exactness == before:
            found.extend(chunk_ids)
        elif exactness > before:
            places[_key(name)] = (exactness, list(chunk_ids))

    for chunk_id, document_id in project.chunk_documents():
        of_document[document_id].append(chunk_id)
        add(chunk_id, 4, [chunk_id])
    files = {file.id: file.name for file in project.files()}
    for document_id, file_id, title in project.document_titles():
        found = of_document[document_id]
        add(document_id, 3, found)
        if title != files[file_id]:
            add(title, 2, found)
        add(files[file_id], 1, found)
        if row := _ROW_TITLE.fullmatch(title):
            add(f"{files[file_id]}:{row[1]}", 3, found)
    return places


def _key(name: str) -> str:
    plain = unicodedata.normalize("NFC", " ".join(name.split()))
    row = _ROW.fullmatch(plain)
    return f"{row[1]}:{int(row[2])}" if row else plain


def _cells(row: Sequence[Any]) -> tuple[str, str, str]:
    texts = [" ".join(str(cell).split()) if isinstance(cell, str | int | float) else "" for cell in [*row, "", "", ""][:3]]
    return texts[0], texts[1][:CELL], texts[2][:CELL]


def _table(text: str) -> list[Sequence[str]]:
    sample = text[:SAMPLE]
    sign = delimiters.find(sample, truncated=len(text) > SAMPLE).delimiter
    if sign == "\n":  # rows of two and of three cells, in equal parts
        sign = max(",;\t|", key=lambda one: sum(one in line for line in sample.splitlines()))
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
        rows = [row for row in islice(reader, MOST_ROWS) if any(row)]
    except csv.Error:
        raise UserError("The file does not fall into rows and columns.", "Save it as CSV (UTF-8) and try again.") from None
    head = [cell.strip().casefold() for cell in rows[0]] if rows else []
    if not ({*head[:1]} & ID or {*head[1:]} & CLUSTER):
        return list(rows)
    order: list[int] = []
    for names in (ID, CLUSTER, PARENT):
        free = [i for i in range(len(head)) if i not in order]
        named = [i for i in free if head[i] in names]
        order += named[:1] or ([] if names is PARENT and len(head) > 3 else free[:1])
    return [[row[i] if i < len(row) else "" for i in order] for row in rows[1:]]


def _json(text: str) -> list[Sequence[Any]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise UserError("This is no whole JSON file.", "Save it again, or save it as CSV.") from None
    if isinstance(found, dict):
        return [(name, *(value if isinstance(value, list) else [value])) for name, value in islice(found.items(), MOST_ROWS)]
    return [_entry(row) for row in islice(found, MOST_ROWS)] if isinstance(found, list) else []


def _entry(row: Any) -> Sequence[Any]:
    if not isinstance(row, dict):
        return row if isinstance(row, list) else ()
    lower = {str(name).casefold(): value for name, value in row.items()}
    return [next((lower[name] for name in lower if name in names), "") for names in (ID, CLUSTER, PARENT)]
