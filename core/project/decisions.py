"""What was decided about pairs, by whom and when, and how it is undone: every step keeps what was there before."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence

from core import recipe as recipes
from core.digest import fresh_id
from core.project.base import Base
from core.project.filters import PairFilter
from core.schema import Decision, Pair, PairState, Reason

KEPT_OF_A_PAIR = ("state", "reason", "query", "edited", "who", "decided")
SNAPSHOT = "json_object(" + ", ".join(f"'{name}', {name}" for name in KEPT_OF_A_PAIR) + ")"
THERE = (
    f"pairs.reason != '{Reason.GONE}' AND NOT EXISTS (SELECT 1 FROM json_each(pairs.positives) AS p"
    " WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.id = p.value))"
)
DONE, UNDONE, GIVEN_UP = 0, 1, 2  # what was undone is given up by the next decision: there is nothing to do it again upon
SETTINGS = ""  # the pair id of the one row that holds the gate's limits of before and after


class Decisions(Base):
    """The part of a project that holds what was decided about its pairs."""

    def decide(self, which: PairFilter | Sequence[str], state: PairState, who: str) -> int:
        """Keep or drop pairs by hand, named by ids or by a filter, in one step; return how many changed.

        Pairs whose passage is gone are not kept: there is nothing to learn from them.
        """
        with self.write() as db:
            clause, parameters = which.sql() if isinstance(which, PairFilter) else _among(which)
            done, told = "state = ? AND reason = ?", [state, Reason.BY_HAND]
            if state is PairState.DROPPED and isinstance(which, PairFilter):  # what was left out before keeps its reason
                done, told = "state = ?", [state]
            clause += f"{' AND' if clause else ' WHERE'} NOT ({done})" + (f" AND {THERE}" if state is PairState.KEPT else "")
            changes = {"state": state.value, "reason": Reason.BY_HAND.value, "who": who, "decided": now()}
            return _step(db, who, state.value, f"FROM pairs{clause}", [*parameters, *told], changes)

    def reword(self, pair: Pair, query: str, who: str) -> None:
        """Give a pair other words; its id and passage stay. One that was set aside is given back: a person has mended it."""
        back = {"state": PairState.KEPT.value, "reason": ""} if pair.state is PairState.ASIDE else {}
        with self.write() as db:
            changes = {"query": query, "edited": 1, "who": who, "decided": now(), **back}
            _step(db, who, "reworded", "FROM pairs WHERE id = ?", [pair.id], changes)
            db.execute("DELETE FROM measures WHERE pair_id = ?", (pair.id,))  # they were of the old words

    def decisions(self, limit: int = 20) -> list[Decision]:
        """Return the last steps, newest first."""
        sql = """SELECT batch, at, who, what, sum(pair_id != '') AS pairs, undone != 0 AS undone FROM decisions
                 WHERE batch IN (SELECT batch FROM decisions GROUP BY batch ORDER BY max(id) DESC LIMIT ?)
                 GROUP BY batch ORDER BY max(id) DESC"""
        return self._all(Decision, sql, (limit,))

    def to_undo(self) -> str:
        """Return the batch that `undo` would take back, "" for none."""
        return str(self._value("SELECT batch FROM decisions WHERE undone = ? ORDER BY id DESC LIMIT 1", (DONE,)) or "")

    def to_redo(self) -> str:
        """Return the batch that `redo` would do again, "" for none."""
        return str(self._value("SELECT batch FROM decisions WHERE undone = ? ORDER BY id LIMIT 1", (UNDONE,)) or "")

    def undo(self) -> int:
        """Take the last step back and return how many pairs are as before; those that changed since, otherwise, stay."""
        return self._move(self.to_undo(), "before", "after", UNDONE)

    def redo(self) -> int:
        """Do the step again that was undone last; return how many pairs changed."""
        return self._move(self.to_redo(), "after", "before", DONE)

    def _move(self, batch: str, to: str, off: str, mark: int) -> int:
        if not batch:
            return 0
        fields = ", ".join(f"{name} = json_extract(d.{to}, '$.{name}')" for name in KEPT_OF_A_PAIR)
        with self.write() as db:
            changed = db.execute(
                f"""UPDATE pairs SET {fields} FROM decisions AS d WHERE d.batch = ? AND d.pair_id = pairs.id
                    AND pairs.state = json_extract(d.{off}, '$.state') AND pairs.query = json_extract(d.{off}, '$.query')
                    AND (json_extract(d.{to}, '$.state') != ? OR pairs.state = ? OR {THERE})""",
                (batch, PairState.KEPT, PairState.KEPT),
            ).rowcount
            for row in db.execute(f"SELECT {to} FROM decisions WHERE batch = ? AND pair_id = ?", (batch, SETTINGS)).fetchall():
                save_limits(db, json.loads(row[0]))
            db.execute("UPDATE decisions SET undone = ? WHERE batch = ?", (mark, batch))
        return int(changed)


def save_limits(db: sqlite3.Connection, limits: object) -> None:
    """Put the gate's limits into the project's recipe, inside the transaction that goes by them."""
    known = db.execute("SELECT value FROM meta WHERE key = 'recipe'").fetchone()
    plain = recipes.parse(json.loads(known[0]) if known else {}).model_dump(mode="json")
    changed = recipes.parse({**plain, "gate": limits}).model_dump_json()
    db.execute("INSERT OR REPLACE INTO meta VALUES ('recipe', ?)", (changed,))


def give_up(db: sqlite3.Connection) -> None:
    """Let go of what was undone, because a new step was taken instead."""
    db.execute("UPDATE decisions SET undone = ? WHERE undone = ?", (GIVEN_UP, UNDONE))


def _step(db: sqlite3.Connection, who: str, what: str, source: str, parameters: list[object], changes: Mapping[str, object]) -> int:
    """Write down and carry out one step over the pairs that `source` (FROM … WHERE …) gives."""
    batch, at = fresh_id(), now()
    after = f"json_patch({SNAPSHOT}, ?)"
    noted = db.execute(
        f"INSERT INTO decisions (batch, at, who, what, pair_id, before, after) SELECT ?, ?, ?, ?, id, {SNAPSHOT}, {after} {source}",
        (batch, at, who, what, json.dumps(changes), *parameters),
    ).rowcount
    if noted:
        give_up(db)
    fields = ", ".join(f"{name} = ?" for name in changes)
    db.execute(f"UPDATE pairs SET {fields} WHERE id IN (SELECT pair_id FROM decisions WHERE batch = ?)", (*changes.values(), batch))
    return int(noted)


def _among(ids: Sequence[str]) -> tuple[str, list[object]]:
    return " WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(list(ids))]


def now() -> float:
    """Return the time to a thousandth: what JSON and SQLite give back unchanged."""
    return round(time.time(), 3)
