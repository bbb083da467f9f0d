"""What bench.objectives teaches and judges by: health answers divided by disease, and scored pairs."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from bench._judges import DEPTH, Alike, Searched
from bench._trainings import Line
from bench.gains import LINES, RETRIEVAL
from core import models, search
from core.dataset import Dataset, ObjectiveRows, Row, ScoredPair, TextRow
from core.embeddings import EmbeddingStore
from core.losses import SCORES, TEXTS, TRIPLETS
from core.losses.distillations import CROSS_ENCODER
from core.objectives import rows_of
from core.recipe import BASE_MODEL

SIMILARITY = RETRIEVAL.parent / "similarity"
SCORED, CHOOSING = 2000, 500  # of STS-B's pairs, to learn from and to choose by


class Material:
    """All that lines are taught and judged by; `limit` keeps to so many rows, 0 to all."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder, self.limit = folder, limit
        self.store = EmbeddingStore(folder / "embeddings")
        self.teachers: dict[str, str] = {}  # folders, by what they teach

    @cached_property
    def health(self) -> Dataset:
        """medquad_cdc by disease."""
        data = LINES["medquad_cdc"]()
        return replace(data, train=self._cut(data.train))

    @cached_property
    def searched(self) -> Searched:
        return Searched(self.health)

    @cached_property
    def alike(self) -> Alike:
        return Alike(_stsb("test"))

    def judge(self, line: Line) -> Searched | Alike:
        """Return what judges a line: its first objective does."""
        return self.alike if line.kinds and rows_of(line.kinds[0]) == SCORES else self.searched

    def data(self, line: Line) -> Dataset:
        """Return the rows of a line's objectives, with the questions or scored pairs that choose."""
        compared = line.teacher == CROSS_ENCODER  # its margins are between right and wrong answers
        rows = tuple(ObjectiveRows(self._rows(TRIPLETS if compared else rows_of(kind))) for kind in line.kinds)
        if self.judge(line) is not self.alike:
            return replace(self.health, objectives=rows)
        chosen = replace(rows[0], validation=tuple(_stsb("dev")[:CHOOSING]))
        return Dataset((), (), (), (), "bench", objectives=(chosen, *rows[1:]))

    def _rows(self, kind: str) -> tuple[Row, ...]:
        if kind == SCORES:
            return self._cut(_stsb("train")[:SCORED])
        if kind == TEXTS:
            return self._cut(tuple(dict.fromkeys(TextRow(passage.text) for passage in self.health.passages)))
        return self._with_negatives if kind == TRIPLETS else self.health.train

    @cached_property
    def _with_negatives(self) -> tuple[Row, ...]:
        """The pairs, each with the nearest other pair's passage by the base that does not answer its question."""
        pairs, base = self.health.train, models.load(BASE_MODEL)
        taught = {pair.passage_id: pair.positive for pair in pairs}
        right: dict[str, set[str]] = {}
        for pair in pairs:
            right.setdefault(pair.pair_id, set()).add(pair.passage_id)
        queries = self.store.vectors(base, [pair.query for pair in pairs], "query")
        near, _ = search.exact(queries, self.store.vectors(base, list(taught.values()), "document"), DEPTH)
        keys, made = list(taught), []
        for pair, places in zip(pairs, near.tolist(), strict=True):
            wrong = next(keys[place] for place in places if keys[place] not in right[pair.pair_id])
            avoid = tuple(sorted(right[pair.pair_id]))
            made.append(replace(pair, negatives=(taught[wrong],), marks=(pair.passage_id, wrong), avoid=avoid))
        return tuple(made)

    def _cut(self, rows: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(rows[: self.limit or None])


def _stsb(part: str) -> list[ScoredPair]:
    """Return STS-B's pairs with scores from 0 to 1, always in the same mixed order."""
    with (SIMILARITY / f"stsb-en-{part}.csv").open(encoding="utf-8", newline="") as file:
        rows = [ScoredPair(first, second, float(score) / 5) for first, second, score in csv.reader(file)]
    random.Random(1).shuffle(rows)
    return rows
