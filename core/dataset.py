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
class Dataset:
    """What a model is trained on, chosen by and judged by; every search goes over all `passages`.

    `test_digest` is the frozen test set's; `excluded` counts test questions whose passage is gone from the documents;
    `leaks` is the leak report's sentence.
    """

    passages: tuple[Passage, ...]
    train: tuple[TrainPair, ...]
    dev: tuple[Question, ...]
    test: tuple[Question, ...]
    test_digest: str
    excluded: int = 0
    leaks: str = ""

    @property
    def people(self) -> bool:
        """Say whether any training query was asked by a person or written by a language model."""
        return any(pair.people or pair.generator == "llm" for pair in self.train)

    def write(self, folder: Path) -> None:
        """Write one parquet file a part, and data.json, into `folder` (made if missing)."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in _PARTS:
            _write_table(folder / f"{name}.parquet", getattr(self, name))
        rest = {"test_digest": self.test_digest, "excluded": self.excluded, "leaks": self.leaks}
        disk.write_atomic(folder / "data.json", json.dumps(rest))

    @classmethod
    def read(cls, folder: Path) -> Dataset:
        """Read what `write` wrote; raise `UserError` where a file is missing or damaged."""
        import pyarrow as pa

        try:
            rest = json.loads((folder / "data.json").read_text())
            parts = {name: _read_table(folder / f"{name}.parquet", kind) for name, kind in _PARTS.items()}
        except (OSError, ValueError, TypeError, KeyError, pa.ArrowException) as error:
            raise UserError(f"The data of this run cannot be read ({type(error).__name__}).", "Start a new run from the project.") from None
        return cls(**parts, test_digest=rest["test_digest"], excluded=rest["excluded"], leaks=rest["leaks"])


_PARTS: dict[str, Any] = {"passages": Passage, "train": TrainPair, "dev": Question, "test": Question}
_NESTED = ("relevant", "without", "negatives", "marks", "avoid")


def _write_table(path: Path, records: Iterable[Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{k: json.dumps(v, ensure_ascii=False) if k in _NESTED else v for k, v in store.to_plain(r).items()} for r in records]
    kind = _PARTS[path.stem]
    types = {"bool": pa.bool_(), "int": pa.int64()}
    columns = pa.schema([(f.name, types.get(str(f.type), pa.string())) for f in fields(kind)])
    pq.write_table(pa.Table.from_pylist(rows, schema=columns), path)


def _read_table(path: Path, kind: Any) -> tuple[Any, ...]:
    import pyarrow.parquet as pq

    rows = pq.read_table(path).to_pylist()
    return tuple(store.from_plain(kind, {k: json.loads(v) if k in _NESTED else v for k, v in row.items()}) for row in rows)
