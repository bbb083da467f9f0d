"""What is at work in a project, what it has, and how sizes and times are said."""

from __future__ import annotations

from core import runs
from core.project import Project
from core.runs.folder import Run
from core.runs.record import ENDED


def active(project: Project, kind: str | None = None) -> list[Run]:
    """Return the runs (of one kind, or all) that are queued or running, oldest first."""
    return [run for run in runs.runs(project)[::-1] if kind in (None, run.kind) and run.status().state not in ENDED]


def has(project: Project, need: str) -> bool:
    """Say whether a project has what a page needs: documents, chunks, pairs, runs, or a model."""
    if need == "documents":
        return bool(project.files())
    if need == "chunks":
        return project.count_chunks() > 0
    if need == "pairs":
        return project.count_pairs() > 0
    if need == "runs":
        return bool(runs.runs(project))
    return any(run.model for run in runs.runs(project) if run.kind == "train")


def size(number: float) -> str:
    """Return a number of bytes as a person says it."""
    if number < 1000:
        return f"{number:.0f} bytes"
    if number < 1_000_000:
        return f"{number / 1000:.1f} KB"
    return f"{number / 1_000_000:.1f} MB" if number < 1_000_000_000 else f"{number / 1_000_000_000:.1f} GB"


def counted(number: int, word: str) -> str:
    """Return a number with its word: 1 file, 2 files."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
