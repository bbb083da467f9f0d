"""Pairs that were made elsewhere: each passage is found among the project's own, or becomes a text of the project."""

from __future__ import annotations

import csv
import io
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core import chunk as chunking
from core import ingest, store, text
from core.digest import short
from core.errors import UserError
from core.loaders import sandbox
from core.loaders.cleaning import counted
from core.loaders.parsed import PairRow, Parsed, ReadRequest
from core.project import Project
from core.schema import Chunk, FileState, Pair, PairState, Progress, Reason, TableReading, silent

FILE = "Imported passages.csv"
"""The file that holds the passages which the project did not have: a table like any other, of one column."""

COLUMN = "text"
GRAM = 5  # words of a passage by which it is looked for inside others; a shorter one is only found as a whole
TAKEN_WORDS = 4  # a query of so many words that stands in its own passage was taken from it


@dataclass(frozen=True)
class ImportReport:
    """Say what came of a file: pairs `added`, `known` before, and the same again in the file (`repeated`).

    `passages` counts the texts that are new to the project; `refused` names rows with the reason, `said` sums the file up.
    """

    said: str
    added: int
    known: int
    repeated: int
    passages: int
    refused: tuple[str, ...] = ()
    kinds: Mapping[str, int] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """Return in words what was added."""
        parts = [f"{counted(self.added, 'pair')} added", f"{self.known:,} there before" if self.known else ""]
        parts += [f"{self.repeated:,} twice in the file" if self.repeated else ""]
        new = (
            f" {counted(self.passages, 'passage')} became {'a text' if self.passages == 1 else 'texts'} of the project."
            if self.passages
            else ""
        )
        return f"{', '.join(part for part in parts if part)}.{new}"


@dataclass(frozen=True)
class _Place:
    """Where a text stands in the project: its chunks, and the span that it takes of the first one's document."""

    chunks: tuple[Chunk, ...]
    start: int
    end: int


def report(plain: Mapping[str, Any]) -> ImportReport | None:
    """Return a report as a run keeps it; None where there is none."""
    return store.from_plain(ImportReport, plain) if "added" in plain else None


def look(name: str, data: bytes) -> Parsed:
    """Read a file of pairs in a child process and return what it holds; raise `UserError` where that is nothing."""
    parsed = sandbox.parse(data, ReadRequest(name=name, pairs=True))
    if parsed.state is not FileState.READ:
        first = f" {parsed.refused[0]}." if parsed.refused else ""
        raise UserError(f"This file cannot be imported. {parsed.detail}{first}", "Correct the file and choose it again.")
    return parsed


def take(project: Project, name: str, data: bytes, *, people: bool = False, progress: Progress = silent) -> ImportReport:
    """Import a file of pairs; the same file a second time changes nothing.

    A passage is attached to the chunk that has its words, or to the only one that holds it. The others are added to the
    project as texts of their own (`FILE`), and cut like any text. With `people` all its questions count as asked by people. Raises
    `UserError` for a file that holds no pairs.
    """
    progress(0.0, "Reading the file")
    parsed = look(name, data)
    rows = parsed.rows
    wanted = list(dict.fromkeys(one for row in rows for one in (*row.passages, *row.negatives)))
    progress(0.2, "Looking for the passages")
    places = find(project.chunks(), wanted)
    unknown = [one for one in wanted if one not in places]
    if unknown:
        progress(0.4, f"Adding {len(unknown):,} passages")
        places |= _add(project, unknown, progress)
    progress(0.8, "Adding the pairs")
    made: dict[str, Pair] = {}
    repeated, lost = 0, []
    for row in rows:
        pair = _pair(row, places, people)
        if pair is None:
            lost.append(f"Row {row.row:,}: its passage could not be kept")
        elif pair.id in made:
            repeated += 1
        else:
            made[pair.id] = pair
    added = project.add_pairs(made.values())
    kinds = {"right": sum(p.score == 1 for p in made.values()), "partly": sum(0 < p.score < 1 for p in made.values())}
    kinds["wrong"] = len(made) - kinds["right"] - kinds["partly"]
    project.log("import", f"{parsed.detail} {added} pairs added.")
    progress(1.0, f"{added:,} pairs added")
    return ImportReport(parsed.detail, added, len(made) - added, repeated, len(unknown), (*parsed.refused, *lost[:50]), kinds)


def find(chunks: Sequence[Chunk], texts: Iterable[str]) -> dict[str, _Place]:
    """Return where texts stand among chunks: in the one of the same words, else inside the only one that holds them."""
    whole: dict[str, Chunk] = {}
    for one in chunks:
        whole.setdefault(text.normalise(one.text), one)
    found: dict[str, _Place] = {}
    inside: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for body in dict.fromkeys(texts):
        if own := whole.get(text.normalise(body)):
            found[body] = _Place((own,), own.start, own.end)
        elif len(words := text.words(body)) >= GRAM:
            inside[tuple(words[:GRAM])].append(body)
    holders: dict[str, list[_Place]] = defaultdict(list)
    for one in chunks if inside else ():
        words = text.words(one.text)
        for gram in {g for g in zip(*(words[i:] for i in range(GRAM)), strict=False) if g in inside}:
            for body in inside[gram]:
                if span := _span(one, body):
                    holders[body].append(_Place((one,), *span))
    return found | {body: places[0] for body, places in holders.items() if len(places) == 1}


def _span(chunk: Chunk, body: str) -> tuple[int, int] | None:
    """Return where a text stands in a chunk, as offsets in its document; blanks and line ends are alike."""
    words = body.split()
    if " ".join(words) not in " ".join(chunk.text.split()):  # most often; building a pattern for each took two seconds of 10,000 pairs
        return None
    match = re.search(r"\s+".join(map(re.escape, words)), chunk.text)
    return (chunk.start + match.start(), chunk.start + match.end()) if match else None


def _add(project: Project, texts: Sequence[str], progress: Progress) -> dict[str, _Place]:
    """Put texts behind those that were imported before, cut them, and return where they stand."""
    before = [body for _, body in _own(project)]
    known = {text.normalise(body) for body in before}
    fresh = [body for body in texts if text.normalise(body) not in known]
    table = io.StringIO(newline="")
    csv.writer(table, quoting=csv.QUOTE_ALL).writerows([[COLUMN], *([body] for body in (*before, *fresh))])
    reading = TableReading("utf-8", ",", {COLUMN: "text"})
    file = ingest.add(project, FILE, table.getvalue().encode("utf-8", "replace"), reading=reading)
    if file.state is not FileState.READ:
        raise UserError(f"The passages of this file could not be added. {file.detail}", "Import a smaller file.")
    settings = project.recipe()
    chunking.rechunk(project, settings.chunk, settings.train.base_model, lambda f, words: progress(0.4 + 0.4 * f, words))
    own: dict[str, list[Chunk]] = defaultdict(list)
    for one in project.chunks():
        own[one.document_id].append(one)
    documents = {text.normalise(body): document_id for document_id, body in _own(project)}
    places = {}
    for body in texts:
        if chunks := own.get(documents.get(text.normalise(body), "")):
            places[body] = _Place(tuple(chunks), chunks[0].start, chunks[-1].end)
    return places


def _own(project: Project) -> list[tuple[str, str]]:
    """Return the documents that were imported as texts of their own, by id, with their texts."""
    return [(document.id, "\n".join(page.text for page in pages)) for document, pages in project.walk(short("file", FILE))]


def _pair(row: PairRow, places: Mapping[str, _Place], people: bool) -> Pair | None:
    right = [places[body] for body in row.passages if body in places]
    if not right:
        return None
    first = right[0]
    positives = tuple(dict.fromkeys(one.id for place in right for one in place.chunks))
    wrong = tuple(dict.fromkeys(one.id for body in row.negatives if body in places for one in places[body].chunks))
    # The id is made of texts alone: where they stand may change, what the pair says does not.
    key = short("imported", row.query, *sorted(map(text.normalise, row.passages)), row.score, row.category, row.group)
    query = _taken(row.query, first)
    return Pair(
        id=key,
        query=row.query,
        document_id=first.chunks[0].document_id,
        start=first.start,
        end=first.end,
        positives=positives,
        generator="imported",
        people=people or row.people,
        judge_only=row.judge_only,
        state=PairState.DROPPED if row.dropped else PairState.KEPT,
        reason=Reason.BY_HAND if row.dropped else "",
        query_start=query[0],
        query_end=query[1],
        made=time.time(),
        negatives=tuple(one for one in wrong if one not in positives),
        score=row.score,
        category=row.category,
        group=row.group,
    )


def _taken(query: str, place: _Place) -> tuple[int, int]:
    """Return where a query stands that was taken from its own passage, which is then searched without it; else (-1, -1)."""
    if len(text.words(query)) < TAKEN_WORDS:
        return -1, -1
    spans = [span for one in place.chunks if (span := _span(one, query)) and span != (one.start, one.end)]
    return spans[0] if spans else (-1, -1)
