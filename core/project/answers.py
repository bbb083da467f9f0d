"""The answers of language models that were paid for, and what they tell of the next ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from core import store
from core.project.base import Base
from core.schema import RawAnswer

SAMPLE = 2000  # chunks that a mean length is taken from
RECENT = 100  # answers of a model that its pace is taken from


@dataclass(frozen=True)
class Experience:
    """How many answers there are of a making, their mean tokens, and the mean seconds of the model's latest ones (0: unknown)."""

    answers: int
    tokens_in: float
    tokens_out: float
    seconds: float


class Answers(Base):
    """The part of a project that holds what language models answered."""

    def save_raw_answer(self, answer: RawAnswer) -> None:
        """Commit a language model's answer before anything is read from it."""
        with self.write() as db:
            store.insert(db, "raw_answers", [answer], on_conflict="IGNORE")

    @contextmanager
    def saving_answers(self) -> Iterator[Callable[[Sequence[RawAnswer]], None]]:
        """Open the database for many commits; what is yielded commits some answers at once. For one thread alone."""
        with self.read() as db:

            def save(answers: Sequence[RawAnswer]) -> None:
                with store.transaction(db):
                    store.insert(db, "raw_answers", answers, on_conflict="IGNORE")

            yield save

    def note_refusals(self, key: str, why: str) -> None:
        """Write down what of an answer was refused, and why."""
        with self.write() as db:
            store.update(db, "raw_answers", "key", key, {"refused": why})

    def raw_answers(self) -> list[RawAnswer]:
        """Return every answer that was paid for, oldest first."""
        return self._all(RawAnswer, "SELECT * FROM raw_answers ORDER BY at, key")

    def raw_answers_by_key(self, keys: Sequence[str]) -> dict[str, RawAnswer]:
        """Return those of some answers (by their keys, some hundreds at once) that were paid for."""
        found = self._all(RawAnswer, f"SELECT * FROM raw_answers WHERE key IN ({', '.join('?' * len(keys))})", keys)
        return {answer.key: answer for answer in found}

    def refused_answers(self, limit: int = -1, offset: int = 0) -> list[RawAnswer]:
        """Return the answers of which something was refused, newest first."""
        return self._all(RawAnswer, "SELECT * FROM raw_answers WHERE refused != '' ORDER BY at DESC, key LIMIT ? OFFSET ?", (limit, offset))

    def count_answers(self) -> int:
        """Count all answers."""
        return int(self._value("SELECT count(*) FROM raw_answers"))

    def count_refused_answers(self) -> int:
        """Count the answers of which something was refused."""
        return int(self._value("SELECT count(*) FROM raw_answers WHERE refused != ''"))

    def spent(self) -> float:
        """Return what all answers of the project cost together."""
        return float(self._value("SELECT coalesce(sum(cost), 0) FROM raw_answers"))

    def experience(self, asked: str, model: str) -> Experience:
        """Return what the stored answers tell of further ones to what is `asked` (a RawAnswer's) of a model."""
        means = "SELECT count(*), coalesce(avg(tokens_in), 0), coalesce(avg(tokens_out), 0) FROM raw_answers WHERE asked = ?"
        recent = "SELECT seconds FROM raw_answers WHERE model = ? AND seconds > 0 ORDER BY at DESC LIMIT ?"
        with self.read() as db:
            count, tokens_in, tokens_out = db.execute(means, (asked,)).fetchone()
            seconds = [row[0] for row in db.execute(recent, (model, RECENT))]
        return Experience(count, tokens_in, tokens_out, sum(seconds) / len(seconds) if seconds else 0.0)

    def passages_to_ask(self, shortest: int) -> tuple[int, float]:
        """Return how many chunks have so many characters, and about how many bytes each has."""
        with self.read() as db:
            count = int(db.execute("SELECT count(*) FROM chunks WHERE end - start >= ?", (shortest,)).fetchone()[0])
            spread = max(1, count // SAMPLE)
            mean = "SELECT coalesce(avg(length(CAST(text AS BLOB))), 0) FROM chunks WHERE rowid % ? = 0 AND end - start >= ?"
            return count, float(db.execute(mean, (spread, shortest)).fetchone()[0])
