"""Hard negatives, and the passages of which nobody knows yet whether they are some."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from core import store
from core.errors import UserError
from core.project.base import Base
from core.schema import Doubt, DoubtState, Mined, Pair, PairState

_LIVE = """FROM doubts JOIN pairs ON pairs.id = doubts.pair_id JOIN chunks ON chunks.id = doubts.chunk_id
           WHERE doubts.state = ? AND pairs.state = ?"""


class Negatives(Base):
    """The part of a project that holds what was mined, and what a person makes of the doubtful."""

    def save_negatives(self, pairs: Sequence[Pair], mined: Iterable[Mined], doubts: Iterable[Doubt]) -> int:
        """Put what was found for `pairs` in the place of all that was mined and is still open; return how many pairs it fits.

        A pair that was reworded, moved or removed meanwhile gets nothing. Negatives that a pair came with stay, and so does
        every doubt that was decided.
        """
        found: dict[str, list[Mined]] = defaultdict(list)
        for one in mined:
            found[one.pair_id].append(one)
        with self.write() as db:
            _forget(db)
            fits = {p.id for p in pairs if _as_it_was(db, p)}
            for pair_id, own in found.items():
                if pair_id in fits:
                    before = _ids(db, "negatives", pair_id)
                    fresh = [one for one in own if one.chunk_id not in before]
                    _set(db, "negatives", pair_id, [*before, *(one.chunk_id for one in fresh)])
                    store.insert(db, "mined", fresh)
            store.insert(db, "doubts", (doubt for doubt in doubts if doubt.pair_id in fits), on_conflict="IGNORE")
        return len(fits)

    def doubts(self, *states: DoubtState) -> list[Doubt]:
        """Return the doubts in these states, those of dropped pairs and of passages that are gone among them."""
        marks = ",".join("?" * len(states))
        return self._all(Doubt, f"SELECT * FROM doubts WHERE state IN ({marks}) ORDER BY pair_id, chunk_id", states)

    def open_doubts(self, limit: int = 1, offset: int = 0) -> list[Doubt]:
        """Return open doubts of kept pairs, those nearest to their question first: they are answers most often."""
        sql = f"SELECT doubts.* {_LIVE} ORDER BY doubts.score DESC, pair_id, chunk_id LIMIT ? OFFSET ?"
        return self._all(Doubt, sql, (DoubtState.OPEN, PairState.KEPT, limit, offset))

    def count_open_doubts(self) -> int:
        """Count the open doubts of kept pairs."""
        return int(self._value(f"SELECT count(*) {_LIVE}", (DoubtState.OPEN, PairState.KEPT)))

    def looked_at(self) -> set[str]:
        """Return the ids of all chunks that were mined or are, or were, in doubt."""
        with self.read() as db:
            return {row[0] for row in db.execute("SELECT chunk_id FROM mined UNION SELECT chunk_id FROM doubts")}

    def count_mined(self) -> tuple[int, int]:
        """Return how many hard negatives were mined, and for how many pairs."""
        with self.read() as db:
            total, pairs = db.execute("SELECT count(*), count(DISTINCT pair_id) FROM mined").fetchone()
        return total, pairs

    def settle_doubt(self, pair_id: str, chunk_id: str, state: DoubtState, who: str) -> None:
        """Write down what a person makes of a doubt, and let the pair follow: a hard negative, a second right answer, or neither.

        Raises `UserError` when the doubt is no longer there.
        """
        with self.write() as db:
            if not _settle(db, pair_id, chunk_id, state, who):
                raise UserError("This doubt is no longer there.", "Load the page again.")

    def has_decided_doubts(self) -> bool:
        """Say whether any doubt is decided."""
        return bool(self._value("SELECT EXISTS (SELECT 1 FROM doubts WHERE state != ?)", (DoubtState.OPEN,)))

    def undo_doubt(self) -> Doubt | None:
        """Open the doubt again that was decided last, its pair as it was before, and return it; None where none is decided."""
        with self.write() as db:
            last = store.select(db, Doubt, "SELECT * FROM doubts WHERE state != ? ORDER BY at DESC LIMIT 1", (DoubtState.OPEN,))
            for doubt in last:
                _settle(db, doubt.pair_id, doubt.chunk_id, DoubtState.OPEN, "")
        return last[0] if last else None


def follow(db: sqlite3.Connection, heirs: Mapping[str, str]) -> None:
    """Let what was mined and what is in doubt go over to the chunks that hold its text now; what became right is no doubt."""
    for table in ("mined", "doubts"):
        db.executemany(f"UPDATE OR REPLACE {table} SET chunk_id = ? WHERE chunk_id = ?", [(new, old) for old, new in heirs.items()])
    if heirs:
        right = "SELECT 1 FROM pairs, json_each(pairs.positives) WHERE pairs.id = doubts.pair_id AND value = doubts.chunk_id"
        db.execute(f"DELETE FROM doubts WHERE state = ? AND EXISTS ({right})", (DoubtState.OPEN,))


def _forget(db: sqlite3.Connection) -> None:
    """Take back all that was mined and every open doubt."""
    for (pair_id,) in db.execute("SELECT DISTINCT pair_id FROM mined").fetchall():
        mined = {row[0] for row in db.execute("SELECT chunk_id FROM mined WHERE pair_id = ?", (pair_id,))}
        _set(db, "negatives", pair_id, [c for c in _ids(db, "negatives", pair_id) if c not in mined])
    db.execute("DELETE FROM mined")
    db.execute("DELETE FROM doubts WHERE state = ?", (DoubtState.OPEN,))


def _settle(db: sqlite3.Connection, pair_id: str, chunk_id: str, state: DoubtState, who: str) -> int:
    """Set a doubt's state and put its passage where that belongs; return how many doubts there were."""
    found = db.execute(
        "UPDATE doubts SET state = ?, who = ?, at = ? WHERE pair_id = ? AND chunk_id = ?", (state, who, time.time(), pair_id, chunk_id)
    ).rowcount
    if found:
        for column, home in (("negatives", DoubtState.DROPPED), ("positives", DoubtState.ACCEPTED)):
            others = [c for c in _ids(db, column, pair_id) if c != chunk_id]
            _set(db, column, pair_id, [*others, chunk_id] if state is home else others)
        db.execute("DELETE FROM mined WHERE pair_id = ? AND chunk_id = ?", (pair_id, chunk_id))
    return found


def _ids(db: sqlite3.Connection, column: str, pair_id: str) -> list[str]:
    row = db.execute(f"SELECT {column} FROM pairs WHERE id = ?", (pair_id,)).fetchone()
    return list(json.loads(row[0])) if row else []


def _set(db: sqlite3.Connection, column: str, pair_id: str, ids: Sequence[str]) -> None:
    store.update(db, "pairs", "id", pair_id, {column: tuple(ids)})


def _as_it_was(db: sqlite3.Connection, pair: Pair) -> bool:
    row = db.execute("SELECT query, positives FROM pairs WHERE id = ?", (pair.id,)).fetchone()
    return bool(row) and row[0] == pair.query and tuple(json.loads(row[1])) == pair.positives
