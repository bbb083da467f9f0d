"""Rows of an objective from a file or a data set of the hub, whatever layout it has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from core import text
from core.dataset import Row, ScoredPair, TextRow
from core.digest import short
from core.errors import UserError
from core.loaders import sandbox
from core.loaders.parsed import PairRow, ReadRequest
from core.losses import PAIRS, SCORES, TEXTS
from core.recipe.objectives import DataSettings, PreprocessSettings
from core.schema import FileState, TrainPair

HUB = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
FILES = (".csv", ".tsv", ".json", ".jsonl", ".parquet")
ROWS = 200_000  # that are taken of a data set of the hub


def read(wanted: DataSettings, kind: str) -> tuple[Row, ...]:
    """Return the rows of a file or of a data set of the hub, as `kind` needs them (PAIRS, TRIPLETS, SCORES or TEXTS).

    Files are read in a child process. A kind of "" takes what the file holds: scored pairs where any score is not 1, else pairs.
    Raises `UserError` for what cannot be read, or holds no such rows.
    """
    path = Path(wanted.name).expanduser()
    if path.is_file():
        name, data = path.name, path.read_bytes()
    elif at_hub(wanted.name):
        name, data = f"{wanted.name.partition('/')[2]}.parquet", _download(wanted)
    else:
        raise UserError(f"There is no file {wanted.name}.", "Give a file's path, project:NAME, or a data set's name at the hub.")
    parsed = sandbox.parse(data, ReadRequest(name=name, columns=wanted.args.columns, pairs=True, scored=kind in (SCORES, "")))
    if parsed.state is not FileState.READ and kind == TEXTS:
        parsed = sandbox.parse(data, ReadRequest(name=name))
        pages = ("\n".join(page.text for page in document.pages) for document in parsed.documents)
        return _texts(pages, wanted.preprocess_args)
    if parsed.state is not FileState.READ:
        raise UserError(f"The data set {name} cannot be used. {parsed.detail}", "Correct the file and start again.")
    made = rows(parsed.rows, kind, wanted.preprocess_args)
    if not made:
        raise UserError(f"The data set {name} holds nothing for this objective.", "Choose another data set, or another objective.")
    return made


def at_hub(name: str) -> bool:
    """Say whether a data set's name is one of the hub, and not that of a file."""
    path = Path(name).expanduser()
    return bool(HUB.fullmatch(name)) and not path.is_file() and path.suffix.lower() not in FILES


def rows(found: Sequence[PairRow], kind: str, settings: PreprocessSettings) -> tuple[Row, ...]:
    """Return rows of pairs as an objective needs them.

    For PAIRS and TRIPLETS each right text is a row, with up to `negative_samples` wrong ones; for SCORES each text has its score,
    and wrong ones -1; for TEXTS each text is a row, once.
    """
    if not kind:
        kind = SCORES if any(row.score != 1 for row in found) else PAIRS
    if kind == TEXTS:
        return _texts((one for row in found for one in (row.query, *row.passages, *row.negatives)), settings)
    made: Iterable[Row]
    if kind == SCORES:
        made = [
            ScoredPair(row.query, one, score)
            for row in found
            for texts, score in ((row.passages, row.score), (row.negatives[: settings.negative_samples], -1.0))
            for one in texts
        ]
    else:
        made = [
            pair for row in found if row.score == 1 for pair in _pairs(row, settings.negative_samples) if kind == PAIRS or pair.negatives
        ]
    return tuple(dict.fromkeys(made))[: settings.limit]


def _pairs(row: PairRow, negatives: int | None) -> list[TrainPair]:
    wrong = row.negatives[:negatives]
    marks = [_mark(one) for one in wrong]
    right = [_mark(one) for one in row.passages]
    return [
        TrainPair(
            pair_id=short("row", row.query, one),
            passage_id=mark,
            query=row.query,
            positive=one,
            generator="imported",
            people=row.people,
            negatives=wrong,
            marks=(mark, *marks),
            avoid=tuple(right),
        )
        for one, mark in zip(row.passages, right, strict=True)
    ]


def _mark(body: str) -> str:
    return short("text", text.normalise(body))


def _texts(bodies: Iterable[str], settings: PreprocessSettings) -> tuple[Row, ...]:
    return tuple(TextRow(body) for body in dict.fromkeys(bodies) if body.strip())[: settings.limit]


def _download(wanted: DataSettings) -> bytes:
    """Return a data set of the hub as Parquet; its own code never runs."""
    import datasets
    from datasets.exceptions import DatasetNotFoundError

    options: dict[str, Any] = wanted.args.model_dump(include={"name", "revision"}, exclude_none=True)
    try:
        found = datasets.load_dataset(wanted.name, split=wanted.args.split or "train", token=False, **options)
    except (DatasetNotFoundError, ConnectionError, OSError, ValueError, RuntimeError) as error:
        raise UserError(
            f"The data set {wanted.name} cannot be had from the hub ({type(error).__name__}).",
            "Check its name and the network, or give a file.",
        ) from None
    out = BytesIO()
    found.select(range(min(ROWS, len(found)))).to_parquet(out)
    return out.getvalue()


def texts_of(row: Row) -> tuple[str, ...]:
    """Return all texts of a row."""
    if isinstance(row, TrainPair):
        return (row.query, row.positive, *row.negatives)
    return (row.first, row.second) if isinstance(row, ScoredPair) else (row.text,)
