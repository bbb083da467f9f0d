"""JSON files that one process writes while others read: a record that is there whole or not at all, and lines that only grow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from core import disk, store

R = TypeVar("R")


def read(path: Path, kind: type[R]) -> R | None:
    """Return a file as a record of type `kind`, or None where it is missing or damaged."""
    try:
        made: R = store.from_plain(kind, json.loads(path.read_text("utf-8")))
        return made if isinstance(made, kind) else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def write(path: Path, record: Any) -> None:
    """Replace a file by a record."""
    disk.write_atomic(path, json.dumps(store.to_plain(record), ensure_ascii=False, indent=1))


def append(path: Path, row: Mapping[str, Any]) -> None:
    """Add a line; one that a kill cut short before it is closed first, so that only that one is lost."""
    with path.open("ab+") as file:
        torn = False
        if file.tell():
            file.seek(-1, 2)
            torn = file.read(1) != b"\n"
        file.write((b"\n" if torn else b"") + json.dumps(dict(row), ensure_ascii=False).encode() + b"\n")


def rows(path: Path) -> list[dict[str, Any]]:
    """Return all whole lines."""
    found = []
    for line in lines(path):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            found.append(row)
    return found


def lines(path: Path) -> list[str]:
    """Return a text file's lines, none where it is missing."""
    try:
        return path.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []
