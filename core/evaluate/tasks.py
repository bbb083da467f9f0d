"""What a model is evaluated on: a project's frozen questions, a folder in BEIR's form, a file of pairs, a table of scored pairs."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core import project as projects
from core import split
from core.dataset import ScoredPair
from core.errors import UserError
from core.loaders.encodings import decode
from core.losses import PAIRS, SCORES
from core.objectives import reading
from core.recipe.evaluation import LikenessTask, SearchTask
from core.recipe.objectives import DataSettings
from core.schema import Passage, Question
from core.train.dev import searched

PROJECT = "project:"
TABLES = (".csv", ".tsv", ".txt")
LARGEST = 1 << 30  # bytes of one file


@dataclass(frozen=True)
class Collection:
    """Passages and the questions that are searched in them; `embeddings` is the folder where their vectors are kept."""

    passages: tuple[Passage, ...]
    questions: tuple[Question, ...]
    embeddings: Path


@dataclass(frozen=True)
class Likenesses:
    """Pairs of texts with the score that people gave each."""

    first: tuple[str, ...]
    second: tuple[str, ...]
    scores: np.ndarray


def collection(task: SearchTask) -> Collection:
    """Return what a search task searches; raise `UserError` where it is not there, or not as it should be."""
    source = task.dataset
    if source.name.startswith(PROJECT):
        found = _of_project(source.name.removeprefix(PROJECT))
    elif (folder := Path(source.name).expanduser()).is_dir():
        found = Collection(*_of_folder(folder, task.args.split), shared())
    else:
        made = searched(reading.read(source, PAIRS))
        found = Collection(made.passages, made.dev, shared())
    questions = found.questions[: task.args.limit]
    if not questions:
        raise UserError(f"The task {task.label} has no question with a right passage.", "Name another data set.")
    return Collection(found.passages, questions, found.embeddings)


def _of_project(name: str) -> Collection:
    source = projects.find(name)
    if source is None:
        raise UserError(f"There is no project called “{name}”.", "A task names it as project:NAME.")
    if source.test_set() is None:
        raise UserError(f"The project “{name}” has no frozen test questions yet.", "Divide its questions first, on the Train page.")
    made = split.dataset(source, source.recipe())
    return Collection(made.passages, made.test, source.folder / "embeddings")


def _of_folder(folder: Path, part: str) -> tuple[tuple[Passage, ...], tuple[Question, ...]]:
    """Return a folder in BEIR's form; a passage is right for a question where its score is above 0."""
    passages = {row["_id"]: Passage(row["_id"], _whole(row), row.get("title") or "") for row in _lines(folder / "corpus.jsonl")}
    queries = {row["_id"]: row["text"] for row in _lines(folder / "queries.jsonl")}
    judged = next((path for path in (folder / "qrels.tsv", folder / "qrels" / f"{part}.tsv") if path.is_file()), None)
    if judged is None:
        raise UserError(f"{folder.name} holds neither qrels.tsv nor qrels/{part}.tsv.", "Put the judgements there.")
    right: dict[str, list[str]] = {}
    for number, row in enumerate(csv.reader(judged.read_text("utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)):
        score = _number(row[2]) if len(row) == 3 else None
        if score is None and number:
            raise UserError(f"{judged.name}, line {number + 1}, is not a query's id, a passage's id and a score.", "Correct the file.")
        if score and score > 0 and row[0] in queries and row[1] in passages:
            right.setdefault(row[0], []).append(row[1])
    return tuple(passages.values()), tuple(Question(key, queries[key], tuple(ids), "imported") for key, ids in right.items())


def _whole(row: Mapping[str, Any]) -> str:
    return f"{row.get('title') or ''}\n{row['text']}".strip()


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a file of JSON lines, each with an id and a text."""
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not (isinstance(row, dict) and isinstance(row.get("_id"), str) and isinstance(row.get("text"), str)):
            raise UserError(f"{path.name}, line {number}, is no object with an _id and a text.", "Correct the file.")
        yield row


def likenesses(task: LikenessTask) -> Likenesses:
    """Return the scored pairs of a task; raise `UserError` where there are fewer than three that can be read."""
    source, args = task.dataset, task.args
    path = Path(source.name).expanduser()
    if path.is_file() and path.suffix.lower() in TABLES:
        rows = _scored(path, (args.first, args.second, args.score))
    else:
        rows = [row for row in reading.read(DataSettings(name=source.name, args=source.args), SCORES) if isinstance(row, ScoredPair)]
    rows = rows[: args.limit]
    if len(rows) < 3:
        raise UserError(f"The task {task.label} has {len(rows)} scored pairs: too few.", "Name another data set, or other columns.")
    first, second, scores = zip(*((row.first, row.second, row.score) for row in rows), strict=True)
    return Likenesses(first, second, np.array(scores))


def _scored(path: Path, columns: Sequence[str | int]) -> list[ScoredPair]:
    """Return the rows of a table whose score is a number; a header is where it is none."""
    body = _text(path)
    tabs = body.partition("\n")[0].count("\t") >= 2
    lines = io.StringIO(body, newline="")  # tables with tabs hold lone quotation marks
    grid = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if tabs else csv.reader(lines))
    header = grid[0] if grid else []
    places = []
    for column in columns:
        if isinstance(column, str) and column not in header:
            raise UserError(
                f"{path.name} has no column “{column}”; it has {', '.join(header)[:300]}.", "Name its columns in the task's args."
            )
        places.append(header.index(column) if isinstance(column, str) else column - 1)
    rows = []
    for number, row in enumerate(grid, start=1):
        cells = [row[place] if 0 <= place < len(row) else "" for place in places]
        score = _number(cells[2])
        if score is not None and cells[0].strip() and cells[1].strip():
            rows.append(ScoredPair(cells[0], cells[1], score))
        elif number > 1 and row:
            raise UserError(f"{path.name}, row {number:,}, is not two texts and a number.", "Name its columns in the task's args.")
    return rows


def _number(cell: str) -> float | None:
    try:
        found = float(cell)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path.name} has more than {LARGEST >> 20:,} MB.", "Take a smaller collection.")
        return decode(path.read_bytes(), "")[0].lstrip("\ufeff")
    except OSError as error:
        raise UserError(f"{path.name} cannot be read ({type(error).__name__}).", f"Look for it in {path.parent.name}.") from None


def shared() -> Path:
    """Return where the vectors of texts are kept that belong to no project."""
    return projects.home() / "embeddings"
