"""The data of one run, as records and as parquet files: all that training and evaluation need, and nothing of project.db."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from core import disk, store
from core.errors import UserError
from core.schema import Passage, Question, TrainPair


@dataclass(frozen=True)
class ScoredPair:
    """Two texts and how alike they are, from -1 (opposed) over 0 (unrelated) to 1 (the same)."""

    first: str
    second: str
    score: float


@dataclass(frozen=True)
class TextRow:
    """A text by itself, for what is taught without pairs."""

    text: str


Row = TrainPair | ScoredPair | TextRow


@dataclass(frozen=True)
class ObjectiveRows:
    """The rows of one objective of the recipe, all of one kind; `validation` chooses the checkpoint where there is no dev."""

    train: tuple[Row, ...]
    validation: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """What a model is trained on, chosen by and judged by; every search goes over all `passages`.

    `test_digest` is the frozen test set's; `excluded` counts test questions whose passage is gone from the documents;
    `leaks` is the leak report's sentence. `objectives` holds the rows of each objective, where the recipe names any; else `train`
    is what is learned from.
    """

    passages: tuple[Passage, ...]
    train: tuple[TrainPair, ...]
    dev: tuple[Question, ...]
    test: tuple[Question, ...]
    test_digest: str
    excluded: int = 0
    leaks: str = ""
    objectives: tuple[ObjectiveRows, ...] = ()

    def write(self, folder: Path) -> None:
        """Write one parquet file a part, and data.json, into `folder` (made if missing)."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, kind in _PARTS.items():
            _write_table(folder / f"{name}.parquet", kind, getattr(self, name))
        kinds = []
        for number, rows in enumerate(self.objectives):
            kind = type(rows.train[0]) if rows.train else TextRow
            for part in _HALVES:
                _write_table(folder / f"objective-{number}-{part}.parquet", kind, getattr(rows, part))
            kinds.append(kind.__name__)
        rest = {"test_digest": self.test_digest, "excluded": self.excluded, "leaks": self.leaks, "objectives": kinds}
        disk.write_atomic(folder / "data.json", json.dumps(rest))

    @classmethod
    def read(cls, folder: Path) -> Dataset:
        """Read what `write` wrote; raise `UserError` where a file is missing or damaged."""
        import pyarrow as pa

        try:
            rest = json.loads((folder / "data.json").read_text())
            parts = {name: _read_table(folder / f"{name}.parquet", kind) for name, kind in _PARTS.items()}
            objectives = tuple(
                ObjectiveRows(*(_read_table(folder / f"objective-{number}-{part}.parquet", _ROWS[kind]) for part in _HALVES))
                for number, kind in enumerate(rest.get("objectives", ()))
            )
        except (OSError, ValueError, TypeError, KeyError, pa.ArrowException) as error:
            raise UserError(f"The data of this run cannot be read ({type(error).__name__}).", "Start a new run from the project.") from None
        return cls(**parts, test_digest=rest["test_digest"], excluded=rest["excluded"], leaks=rest["leaks"], objectives=objectives)


_PARTS: dict[str, Any] = {"passages": Passage, "train": TrainPair, "dev": Question, "test": Question}
_ROWS: dict[str, Any] = {kind.__name__: kind for kind in (TrainPair, ScoredPair, TextRow)}
_HALVES = ("train", "validation")
_NESTED = ("relevant", "without", "negatives", "marks", "avoid")


def _write_table(path: Path, kind: Any, records: Iterable[Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{k: json.dumps(v, ensure_ascii=False) if k in _NESTED else v for k, v in store.to_plain(r).items()} for r in records]
    types = {"bool": pa.bool_(), "int": pa.int64(), "float": pa.float64()}
    columns = pa.schema([(f.name, types.get(str(f.type), pa.string())) for f in fields(kind)])
    pq.write_table(pa.Table.from_pylist(rows, schema=columns), path)


def _read_table(path: Path, kind: Any) -> tuple[Any, ...]:
    import pyarrow.parquet as pq

    rows = pq.read_table(path).to_pylist()
    return tuple(store.from_plain(kind, {k: json.loads(v) if k in _NESTED else v for k, v in row.items()}) for row in rows)
