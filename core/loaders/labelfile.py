"""A file of labels: what is labelled, its theme, and perhaps the theme above it, as a table or as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from itertools import islice
from typing import Any

from core.loaders import delimiters, encodings
from core.loaders.cleaning import counted
from core.loaders.columns import NAMES
from core.loaders.parsed import Label, Parsed, ReadRequest
from core.schema import FileState

MOST_ROWS = 500_000
CELL = 200  # characters of a theme's name that are kept
SAMPLE = 100_000  # characters by which the delimiter is found

ID = frozenset(["id", "ids", "file", "filename", "name", "document", "doc", "passage", "chunk", "key", *NAMES["title"]])
PARENT = frozenset(["parent", "domain", "supercluster", "field"])
CLUSTER = frozenset(["cluster", *NAMES["group"]]) - PARENT
NO_LABELS = "There are no labels in this file. It needs two columns: what is labelled, and its theme."


class BrokenError(Exception):
    """Say in plain words why a file holds no labels."""


def read(data: bytes, request: ReadRequest) -> Parsed:
    """Read a file of labels, in its order.

    Needs: two or three columns, known by their names (id, cluster, parent) or by their order; or JSON that is {id: cluster},
    {id: [cluster, parent]}, a list of such rows, or of objects with these names.
    Choose it for: themes that a person has already given to documents, rows or passages.
    """
    text = encodings.decode(data)[0].lstrip("\ufeff")
    try:
        rows = _json(text) if request.name.lower().endswith(".json") or text.lstrip()[:1] in ("{", "[") else _table(text)
    except BrokenError as error:
        return Parsed(FileState.DAMAGED, str(error), "labels")
    found = tuple(Label(*cells) for row in rows if (cells := _cells(row))[0] and cells[1])
    if not found:
        return Parsed(FileState.EMPTY, NO_LABELS, "labels")
    return Parsed(FileState.READ, f"{counted(len(found), 'label')} read.", "labels", labels=found)


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
        raise BrokenError("The file does not fall into rows and columns. Save it as CSV (UTF-8) and try again.") from None
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
        raise BrokenError("This is no whole JSON file. Save it again, or save it as CSV.") from None
    if isinstance(found, dict):
        return [(name, *(value if isinstance(value, list) else [value])) for name, value in islice(found.items(), MOST_ROWS)]
    return [_entry(row) for row in islice(found, MOST_ROWS)] if isinstance(found, list) else []


def _entry(row: Any) -> Sequence[Any]:
    if not isinstance(row, dict):
        return row if isinstance(row, list) else ()
    lower = {str(name).casefold(): value for name, value in row.items()}
    return [next((lower[name] for name in lower if name in names), "") for names in (ID, CLUSTER, PARENT)]
