"""Labels that a person already has: a file that says of each document, row or passage which theme it belongs to."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.digest import short
from core.errors import UserError
from core.loaders import sandbox
from core.loaders.parsed import Label, ReadRequest
from core.loaders.sandbox import LIMITS, Limits
from core.project import Project
from core.schema import FileState, Theme

HEAVIEST = 32 * 1024 * 1024  # bytes
SHOWN = 20  # names that match nothing, of those that are said

_ROW = re.compile(r"(.+):(\d{1,9})")
_ROW_TITLE = re.compile(r".*, row (\d+)")


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


def read(data: bytes, name: str = "", limits: Limits = LIMITS) -> list[Label]:
    """Return the labels of a CSV, TSV or JSON file, in its order; it is read in a child process, as every file is.

    Raises `UserError` for a file that holds none, or that takes more than reading one may cost.
    """
    if len(data) > HEAVIEST:
        raise UserError(f"The file has more than {HEAVIEST >> 20} MB.", "A file of labels holds a name and a theme a line.")
    parsed = sandbox.parse(data, ReadRequest(name=name, labels=True), limits)
    if parsed.state is not FileState.READ:
        raise UserError("These labels cannot be taken.", parsed.detail)
    return list(parsed.labels)


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
