"""What a training is made from, as one hash: whether anything of it has changed is known without reading texts."""

from __future__ import annotations

import hashlib

from core.project.base import Base

INPUTS = (
    "SELECT id, name, added FROM files ORDER BY id",
    'SELECT id, file_id, position, title, parts, "group", domain FROM documents ORDER BY id',
    "SELECT id, document_id, position, start, end, page, theme_id FROM chunks ORDER BY id",
    "SELECT id, name, parent FROM themes ORDER BY id",
    """SELECT id, query, document_id, start, end, positives, negatives, generator, people, judge_only, state, score, swapped,
       query_start, query_end FROM pairs ORDER BY id""",
    "SELECT pair_id, chunk_id, state FROM doubts ORDER BY pair_id, chunk_id",
    "SELECT max(1, count(*)) FROM test_sets",
)
"""A chunk's id stands for its text. The first test set follows from the rest; from the second on its number counts."""


class Inputs(Base):
    """The part of a project that says whether its data is still the same."""

    def inputs_digest(self) -> str:
        """Return the hash of all that the division and a run's data follow from; dividing leaves it as it is."""
        found = hashlib.sha256()
        with self.read() as db:
            for query in INPUTS:
                for row in db.execute(query):
                    found.update(repr(tuple(row)).encode("utf-8", "surrogatepass"))
        return found.hexdigest()
