"""Pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core import store
from core.project.base import Base
from core.project.filters import PairFilter
from core.schema import Pair, Part


class Pairs(Base):
    """The part of a project that holds its pairs."""

    def pairs(self, only: PairFilter | None = None, limit: int = -1, offset: int = 0) -> list[Pair]:
        """Return the pairs that pass the filter, in a lasting order."""
        clause, parameters = (only or PairFilter()).sql()
        order = "ORDER BY document_id, start, id"
        found = f"SELECT rowid FROM pairs{clause} {order} LIMIT ? OFFSET ?"  # from an index alone: the last page comes as soon as the first
        return self._all(Pair, f"SELECT * FROM pairs WHERE rowid IN ({found}) {order}", [*parameters, limit, offset])

    def count_pairs(self, only: PairFilter | None = None) -> int:
        """Count the pairs that pass the filter."""
        clause, parameters = (only or PairFilter()).sql()
        return int(self._value(f"SELECT count(*) FROM pairs{clause}", parameters))

    def pair_table(self) -> list[tuple[str, str, str, int]]:
        """Return (generator, state, reason, pairs): what was made, kept and dropped."""
        with self.read() as db:
            return [tuple(r) for r in db.execute("SELECT generator, state, reason, count(*) FROM pairs GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")]

    def pair(self, pair_id: str) -> Pair | None:
        """Return one pair."""
        return self._one(Pair, "SELECT * FROM pairs WHERE id = ?", (pair_id,))

    def add_pairs(self, pairs: Iterable[Pair]) -> int:
        """Add pairs whose id is new; those that are there (edited or dropped, perhaps) stay as they are. Return how many came."""
        with self.write() as db:
            return store.insert(db, "pairs", pairs, on_conflict="IGNORE")

    def update_pairs(self, pair_ids: Iterable[str], **changes: Any) -> None:
        """Change columns of pairs: `query`, `state`, `reason`, `part`, `edited`, `judge_only`."""
        with self.write() as db:
            for pair_id in pair_ids:
                store.update(db, "pairs", "id", pair_id, changes)

    def set_parts(self, parts: Mapping[str, Part]) -> None:
        """Write down which part of the split each pair (by id) belongs to."""
        with self.write() as db:
            db.executemany("UPDATE pairs SET part = ? WHERE id = ?", [(part.value, pair_id) for pair_id, part in parts.items()])
