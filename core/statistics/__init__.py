"""Statistics: what is in a project, and what is missing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from core import jsonfiles, models
from core.errors import UserError
from core.project import Project
from core.schema import Progress, silent
from core.split import alike
from core.statistics.details import Asking, Details, details

__all__ = ["Histogram", "Kind", "Statistics", "known", "statistics"]

STEPS = 25
"""Bars of a histogram, at most."""

DOCUMENTS = 15
"""Documents that are named with the number of their pairs."""


@dataclass(frozen=True)
class Histogram:
    """How often values fall into steps of one width, beginning at 0."""

    step: float
    counts: tuple[int, ...]
    median: float
    largest: float


@dataclass(frozen=True)
class Kind:
    """The kept pairs of one generator: how many, how long the middle one's query is, and how much of its words its passage has."""

    generator: str
    pairs: int
    words: float
    overlap: float


@dataclass(frozen=True)
class Theme:
    """A theme's passages, how many of them a kept pair speaks for, and its kept pairs; "" is no theme."""

    name: str
    passages: int
    covered: int
    pairs: int


@dataclass(frozen=True)
class Statistics:
    """The numbers of a project. `truncated` passages are longer than the base model's `limit` (0: the model is out of reach).

    `copies` passages lie in `copy_groups` of near-duplicates (-1: not looked for since the passages changed); `languages` counts
    passages by ISO 639-1 code, "" where none is clear; `pairs`, `people` and all that follow from them count the kept ones.
    """

    files: int
    documents: int
    pages: int
    chunks: int
    tokens: int
    limit: int
    truncated: int
    copy_groups: int
    copies: int
    languages: Mapping[str, int]
    themes: tuple[Theme, ...]
    lengths: Histogram
    pairs: int
    people: int
    dropped: int
    kinds: tuple[Kind, ...]
    by_document: Mapping[str, int]  # kept pairs of the documents that have most
    documents_without_pairs: int
    query_words: Histogram
    overlap: Histogram

    @property
    def uncovered(self) -> int:
        """The passages that no kept pair speaks for."""
        return self.chunks - sum(theme.covered for theme in self.themes)

    @property
    def coverage(self) -> float:
        """The share of passages that a kept pair speaks for."""
        return 1 - self.uncovered / self.chunks if self.chunks else 0.0


@dataclass(frozen=True)
class _Kept:
    stamp: str
    base_model: str
    statistics: Statistics


def statistics(project: Project, progress: Progress = silent) -> Statistics:
    """Count what is in a project; the result is kept on disk until the project changes.

    Raises `UserError` when there are no passages yet.
    """
    stamp, base_model = _now(project)
    if found := known(project):
        return found
    if not project.count_chunks():
        raise UserError("There are no passages to count yet.", "Add documents first.")
    found = _counted(project, base_model, details(project, progress))
    _file(project).parent.mkdir(exist_ok=True)
    jsonfiles.write(_file(project), _Kept(stamp, base_model, found))
    return found


def known(project: Project) -> Statistics | None:
    """Return what was counted, None where the project has changed since or nothing was."""
    kept = jsonfiles.read(_file(project), _Kept)
    return kept.statistics if kept and (kept.stamp, kept.base_model) == _now(project) else None


def _now(project: Project) -> tuple[str, str]:
    return project.stamp(), project.recipe().train.base_model


def _file(project: Project) -> Path:
    return project.folder / "derived" / "statistics.json"


def _counted(project: Project, base_model: str, read: Details) -> Statistics:
    totals, lengths, limit = project.totals(), project.token_table(), _limit(base_model)
    current = alike.current(project, project.recipe().split.near_duplicate)
    groups, copies = project.count_alike() if current else (-1, -1)
    asked = dict(project.pairs_by_theme())
    documents = project.pairs_by_document()
    return Statistics(
        files=totals["files"],
        documents=totals["documents"],
        pages=totals["pages"],
        chunks=totals["chunks"],
        tokens=totals["tokens"],
        limit=limit,
        truncated=sum(count for tokens, count in lengths if limit and tokens > limit),
        copy_groups=groups,
        copies=copies,
        languages=dict(Counter(read.languages.values()).most_common()),
        themes=tuple(Theme(name, passages, covered, asked.get(name, 0)) for name, passages, covered in project.coverage()),
        lengths=_histogram(dict(lengths), _step(tokens for tokens, _ in lengths)),
        pairs=totals["pairs"],
        people=totals["people"],
        dropped=totals["dropped"],
        kinds=_kinds(read),
        by_document={title: count for title, count in documents[:DOCUMENTS] if count},
        documents_without_pairs=sum(not count for _, count in documents),
        query_words=_histogram(Counter(query.words for query in read.queries), _step(query.words for query in read.queries)),
        overlap=_histogram(Counter(query.overlap for query in read.queries), 0.1, last=9),
    )


def _limit(base_model: str) -> int:
    try:
        return models.max_tokens(base_model)
    except UserError:
        return 0


def _kinds(read: Details) -> tuple[Kind, ...]:
    kinds: dict[str, list[Asking]] = defaultdict(list)
    for query in read.queries:
        kinds[query.generator].append(query)
    return tuple(
        Kind(name, len(asked), median(query.words for query in asked), round(median(query.overlap for query in asked), 3))
        for name, asked in sorted(kinds.items(), key=lambda kind: (-len(kind[1]), kind[0]))
    )


def _step(values: Iterable[int]) -> int:
    """Return the width of steps of which the largest value needs `STEPS` at most."""
    return max(1, -(-max(values, default=1) // STEPS))


def _histogram(values: Mapping[float, int] | Mapping[int, int], step: float, last: int | None = None) -> Histogram:
    """Return how often values (value -> times) fall into steps; one on a border belongs to the step above, where there is one."""
    counts: Counter[int] = Counter()
    for value, times in values.items():
        at = int(value / step + 1e-9)
        counts[at if last is None else min(at, last)] += times
    return Histogram(step, tuple(counts[i] for i in range(max(counts, default=-1) + 1)), _median(values.items()), max(values, default=0))


def _median(table: Iterable[tuple[float, int]]) -> float:
    rows = sorted(table)
    half, seen = sum(times for _, times in rows) / 2, 0
    for value, times in rows:
        seen += times
        if seen >= half:
            return value
    return 0.0
