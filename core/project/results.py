"""What is judged by, how it was judged, and what was published."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass

from core import store
from core.digest import digest
from core.project.base import Base
from core.schema import Evaluation, PairState, Publication, Region, TestQuestion, TestSet


@dataclass(frozen=True)
class Tally:
    """How much a project holds; `verdict` is the newest one's word, `current` whether its test set is still in force."""

    documents: int
    chunks: int
    pairs: int  # kept ones
    publications: int
    verdict: str
    current: bool


class Results(Base):
    """The part of a project that holds its split, verdicts and publications."""

    def tally(self) -> Tally:
        """Count what there is, in one query: the strip of every page asks."""
        sql = """SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM chunks), (SELECT count(*) FROM pairs WHERE state = ?),
                   (SELECT count(*) FROM publications), (SELECT digest FROM test_sets ORDER BY number DESC LIMIT 1), newest.word, newest.digest
                 FROM (SELECT 1) LEFT JOIN (SELECT json_extract(evaluation, '$.verdict.word') AS word, test_digest AS digest FROM evaluations
                                            ORDER BY made DESC LIMIT 1) AS newest"""
        with self.read() as db:
            documents, chunks, pairs, published, frozen, word, judged = db.execute(sql, (PairState.KEPT,)).fetchone()
        return Tally(documents, chunks, pairs, published, word or "", judged is not None and judged == frozen)

    def regions(self) -> list[Region]:
        """Return the spans that are held out from training."""
        return self._all(Region, "SELECT * FROM regions ORDER BY document_id, start")

    def test_set(self) -> TestSet | None:
        """Return the test set in force, the one with the highest number."""
        return self._one(TestSet, "SELECT * FROM test_sets ORDER BY number DESC LIMIT 1")

    def freeze(self, regions: Iterable[Region], questions: Iterable[TestQuestion], reason: str) -> TestSet:
        """Write down a new split and its test set, log it, and so void every older verdict."""
        frozen = tuple(questions)
        with self.write() as db:
            number = (db.execute("SELECT max(number) FROM test_sets").fetchone()[0] or 0) + 1
            made = TestSet(number, digest(store.to_plain(frozen)), frozen, reason, time.time())
            store.insert(db, "test_sets", [made])
            db.execute("DELETE FROM regions")
            store.insert(db, "regions", regions)
            text = f"Test set {number}: {len(frozen)} questions, {made.digest[:12]}. {reason}"
            db.execute("INSERT INTO events (at, kind, text) VALUES (?, 'test set', ?)", (made.made, text))
        return made

    # --- results ---

    def save_evaluation(self, run_id: str, evaluation: Evaluation) -> None:
        """Keep the evaluation of a run's model; the same one twice changes nothing."""
        text = json.dumps(store.to_plain(evaluation), ensure_ascii=False)
        with self.write() as db:
            db.execute("INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?, ?)", (run_id, evaluation.test_digest, evaluation.made, text))

    def evaluation(self, run_id: str) -> Evaluation | None:
        """Return the evaluation of a run's model."""
        text = self._value("SELECT evaluation FROM evaluations WHERE run_id = ?", (run_id,))
        return store.from_plain(Evaluation, json.loads(text)) if text else None

    def evaluated(self) -> list[tuple[str, str, float]]:
        """Return (run id, digest of the test set, when) of every evaluation, newest first."""
        with self.read() as db:
            return [tuple(row) for row in db.execute("SELECT run_id, test_digest, made FROM evaluations ORDER BY made DESC")]

    def evaluation_times(self) -> dict[str, float]:
        """Return when the evaluation of each run's model was made, by run id."""
        return {run_id: made for run_id, _, made in self.evaluated()}

    def save_publication(self, publication: Publication) -> None:
        """Keep what was published where."""
        with self.write() as db:
            store.insert(db, "publications", [publication], on_conflict="REPLACE")

    def publications(self) -> list[Publication]:
        """Return what was published, newest first."""
        return self._all(Publication, "SELECT * FROM publications ORDER BY at DESC")
