"""What the quality gate knows of each pair, and what its limits do: moved, applied and counted by SQL alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core import store
from core.digest import fresh_id
from core.project.base import Base
from core.project.decisions import SETTINGS, SNAPSHOT, give_up, now, save_limits
from core.recipe import GateSettings
from core.schema import Measure, Pair, PairState, Reason

REFERS = {"no": 3, "outright": 2, "loosely": 1}  # from which `Measure.refers` on
# The first that is true is the reason. What stands in no measure (a rank never searched for, a language not told) is no fault.
REASON = f"""CASE
  WHEN m.twin = 1 THEN '{Reason.EXACT}'
  WHEN m.twin >= :near_duplicate THEN '{Reason.NEAR}'
  WHEN m.unread > :unread THEN '{Reason.CUT}'
  WHEN m.kind = 'asked' AND m.refers >= :refers THEN '{Reason.REFERS}'
  WHEN m.kind = 'asked' AND m.words < :least_words THEN '{Reason.SHORT}'
  WHEN m.kind = 'asked' AND :language AND m.language != '' AND m.passage_language != '' AND m.language != m.passage_language
    THEN '{Reason.LANGUAGE}'
  WHEN m.kind = 'asked' AND m.copied >= :copied_words AND m.copied >= :copied * m.words THEN '{Reason.COPIED}'
  WHEN m.kind = 'asked' AND :found_within AND m.rank_base >= 0 AND m.rank_words >= 0
    AND m.rank_base NOT BETWEEN 1 AND :found_within AND m.rank_words NOT BETWEEN 1 AND :found_within THEN '{Reason.LOST}'
  WHEN m.kind = 'taken' AND :taken_within AND m.rank_base >= 0 AND m.rank_words >= 0
    AND m.rank_base NOT BETWEEN 1 AND :taken_within AND m.rank_words NOT BETWEEN 1 AND :taken_within THEN '{Reason.LOST}'
  ELSE '' END"""
# The gate decides about pairs that no person has: theirs, and what they edited, it only remarks on; their word stands.
JUDGED = f"pairs.reason != '{Reason.BY_HAND}' AND pairs.state != '{PairState.DROPPED}'"
REMARKED = "(pairs.people OR pairs.edited OR pairs.decided > 0)"
STATE = f"CASE WHEN {REMARKED} THEN pairs.state WHEN m.why = '' THEN '{PairState.KEPT}' ELSE '{PairState.ASIDE}' END"
VERDICTS = f"(SELECT m.pair_id, {REASON} AS why FROM measures AS m)"


@dataclass(frozen=True)
class Effect:
    """What limits do, or would: pairs by the reason that they are set aside for, and what changes when they are applied.

    `more` are set aside anew, `back` are given back, `remarked` are people's with a reason, which stay; `unmeasured` were
    added or edited since the pairs were last measured.
    """

    aside: Counter[str] = field(default_factory=Counter)
    remarked: Counter[str] = field(default_factory=Counter)
    passed: int = 0
    more: int = 0
    back: int = 0
    unmeasured: int = 0


class Quality(Base):
    """The part of a project that holds what its pairs measure."""

    def to_measure(self) -> list[Pair]:
        """Return the pairs that the gate judges, in the order in which the first of two that are alike stays: people's, then older ones."""
        sql = "SELECT * FROM pairs WHERE state != ? AND score = 1 ORDER BY people DESC, edited DESC, rowid"
        return self._all(Pair, sql, (PairState.DROPPED,))

    def measured(self) -> dict[str, tuple[str, str, float]]:
        """Return the digest, the corpus's digest and the twin of every pair that was measured, by the pair's id."""
        with self.read() as db:
            return {row[0]: (row[1], row[2], row[3]) for row in db.execute("SELECT pair_id, digest, corpus, twin FROM measures")}

    def save_measures(self, measures: Iterable[Measure]) -> None:
        """Keep measures, in the place of the pairs' older ones; those of pairs that are gone meanwhile are left out."""
        with self.write() as db:
            there = {row[0] for row in db.execute("SELECT id FROM pairs")}
            store.insert(db, "measures", (m for m in measures if m.pair_id in there), on_conflict="REPLACE")

    def save_ranks(self, corpus: str, ranks: Iterable[tuple[str, int, int]]) -> None:
        """Keep (pair id, rank by the base, rank by words), found among the passages of this digest."""
        with self.write() as db:
            rows = [(corpus, base, by_words, pair_id) for pair_id, base, by_words in ranks]
            db.executemany("UPDATE measures SET corpus = ?, rank_base = ?, rank_words = ? WHERE pair_id = ?", rows)

    def save_twins(self, twins: Mapping[str, float]) -> None:
        """Keep how like each pair's query is to an earlier one's."""
        with self.write() as db:
            db.executemany("UPDATE measures SET twin = ? WHERE pair_id = ?", [(twin, pair_id) for pair_id, twin in twins.items()])

    def effect(self, limits: GateSettings) -> Effect:
        """Count what these limits do to the pairs and what applying them would change; nothing is changed."""
        sql = f"""SELECT pairs.state, {REMARKED}, coalesce(m.why, '?') FROM pairs NOT INDEXED
                  LEFT JOIN {VERDICTS} AS m ON m.pair_id = pairs.id WHERE {JUDGED}"""
        with self.read() as db:
            db.row_factory = None
            counted = Counter(db.execute(sql, _parameters(limits)))  # GROUP BY would sort 100,000 texts first: a third slower
        aside, remarked = Counter[str](), Counter[str]()
        passed = more = back = unmeasured = 0
        for (state, persons, why), number in counted.items():
            unmeasured += number if why == "?" else 0
            if why in ("", "?"):
                passed += number
                back += number if state == PairState.ASIDE and not why and not persons else 0
            elif persons:
                remarked[why] += number
            else:
                aside[why] += number
                more += number if state == PairState.KEPT else 0
        return Effect(aside, remarked, passed, more, back, unmeasured)

    def apply_gate(self, limits: GateSettings, who: str) -> Effect:
        """Set pairs aside and give them back as these limits say, and keep the limits: one step, which `undo` takes back."""
        done = self.effect(limits)
        with self.write() as db:
            batch, at = fresh_id(), now()
            before = json.dumps(self.recipe().gate.model_dump(mode="json"))
            after = json.dumps(limits.model_dump(mode="json"))
            head = "INSERT INTO decisions (batch, at, who, what, pair_id, before, after)"
            changed = db.execute(
                f"""{head} SELECT :batch, :at, :who, 'quality gate', id, {SNAPSHOT}, json_patch({SNAPSHOT}, json_object('state', {STATE}, 'reason', m.why))
                    FROM pairs JOIN {VERDICTS} AS m ON m.pair_id = pairs.id
                    WHERE {JUDGED} AND (pairs.reason != m.why OR pairs.state != {STATE})""",
                {**_parameters(limits), "batch": batch, "at": at, "who": who},
            ).rowcount
            if changed or before != after:
                give_up(db)
                db.execute(f"{head} VALUES (?, ?, ?, 'quality gate', ?, ?, ?)", (batch, at, who, SETTINGS, before, after))
            fields = ", ".join(f"{name} = json_extract(d.after, '$.{name}')" for name in ("state", "reason"))
            db.execute(f"UPDATE pairs SET {fields} FROM decisions AS d WHERE d.batch = ? AND d.pair_id = pairs.id", (batch,))
            save_limits(db, limits.model_dump(mode="json"))
        return done


def _parameters(limits: GateSettings) -> dict[str, object]:
    return {**limits.model_dump(), "refers": REFERS[limits.refers]}
