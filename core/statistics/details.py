"""What has to be read to be known: languages of passages, words of questions. Worked out once a text and kept on disk."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core import disk
from core.project import Project
from core.schema import Progress, silent
from core.text import words
from core.text.language import language

EVERY = 500  # texts between two words of progress


@dataclass(frozen=True)
class Asking:
    """A kept pair's generator, the number of its query's words, and the share of its different words that its passage has too."""

    generator: str
    words: int
    overlap: float


@dataclass(frozen=True)
class Details:
    """The language of each chunk by its id ("" where none is clear), and what was read from each kept pair."""

    languages: Mapping[str, str]
    queries: Sequence[Asking]


def details(project: Project, progress: Progress = silent) -> Details:
    """Return the details of all passages and kept pairs, reading only those texts that were not read before."""
    path = file(project)
    told, compared = _kept(path)
    languages = _languages(project, told, progress)
    pairs = {
        f"{pair.id} {zlib.crc32(f'{pair.query} {pair.chunk_id}'.encode('utf-8', 'surrogatepass')):08x}": pair for pair in project.asked()
    }
    overlaps = {key: compared[key] for key in pairs if key in compared}
    fresh = [(key, pair) for key, pair in pairs.items() if key not in overlaps]
    for start in range(0, len(fresh), EVERY):
        progress(0.5 + 0.5 * start / len(fresh), "Comparing questions with their passages")
        part = fresh[start : start + EVERY]
        texts = project.texts_of([pair.chunk_id for _, pair in part])
        overlaps |= {key: overlap(pair.query, texts.get(pair.chunk_id, "")) for key, pair in part}
    if languages != told or overlaps != compared:
        path.parent.mkdir(exist_ok=True)
        disk.write_atomic(path, json.dumps({"languages": languages, "overlaps": overlaps}))
    return Details(languages, [Asking(pair.generator, *overlaps[key]) for key, pair in pairs.items()])


def _languages(project: Project, told: Mapping[str, str], progress: Progress) -> dict[str, str]:
    ids = project.chunk_ids()
    found = {chunk_id: told[chunk_id] for chunk_id in ids if chunk_id in told}
    fresh = [chunk_id for chunk_id in ids if chunk_id not in found]
    for start in range(0, len(fresh), EVERY):
        progress(0.5 * start / len(fresh), "Telling the languages")
        found |= {chunk_id: language(text) for chunk_id, text in project.texts_of(fresh[start : start + EVERY]).items()}
    return found


def file(project: Project) -> Path:
    """Return where the details are kept; they can be thrown away at any time."""
    return project.folder / "derived" / "details.json"


def unread(project: Project) -> int:
    """Return about how many texts `details` would have to read."""
    (told, compared), now = _kept(file(project)), project.totals()
    return max(0, now["chunks"] - len(told)) + max(0, now["pairs"] - len(compared))


def overlap(query: str, passage: str) -> tuple[int, float]:
    """Return the number of a query's words, and the share of its different words that the passage has too."""
    asked = words(query)
    own = set(asked)
    return len(asked), round(len(own.intersection(words(passage))) / len(own), 3) if own else 0.0


def _kept(path: Path) -> tuple[dict[str, str], dict[str, tuple[int, float]]]:
    """Return what is on disk: languages by chunk id, overlaps by pair and text; nothing where it is missing or damaged."""
    try:
        found = json.loads(path.read_text("utf-8"))
        return dict(found["languages"]), {key: (int(count), float(share)) for key, (count, share) in found["overlaps"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}, {}
