"""Find hard negatives for the pairs that are learned from, and the passages that may be second right answers."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from core import negatives, split, text
from core.errors import UserError
from core.negatives import Chosen, Request, Rules
from core.project import Project
from core.schema import Chunk, Doubt, DoubtState, Mined, Pair, Part, Progress, silent
from core.search import Positions
from core.split.alike import near_duplicates
from core.split.holdout import assign
from core.split.rights import Rights
from core.split.rows import Corpus

if TYPE_CHECKING:
    from core.embeddings import EmbeddingStore
    from core.models import Encoder
    from core.recipe import NegativeSettings, Recipe


@dataclass(frozen=True)
class NegativeReport:
    """Say what was found: of `pairs`, `fewer` have not the `asked` number of negatives (they are kept), `none` have none at all."""

    judge: str
    asked: int
    pairs: int
    fewer: int
    none: int
    negatives: int
    doubts: int


def mine(project: Project, recipe: Recipe, encoder: Encoder, embeddings: EmbeddingStore, progress: Progress = silent) -> NegativeReport:
    """Find hard negatives by the recipe's judge, in place of those mined before, and put the doubtful passages to a person.

    Negatives come from passages that are trained on alone (the split is made if need be), never from a right passage of the
    query or a near-duplicate of one, nor from a neighbour that shares text with it. Raises `UserError` when there is nothing
    to learn from.
    """
    settings = recipe.negatives
    split.split(project, recipe.split)
    field = _Field.of(project, recipe)
    if not field.pairs:
        raise UserError("There are no pairs to learn from yet.", "Make pairs first.")
    request = Request(
        queries=[pair.query for pair in field.pairs],
        texts=[chunk.text for chunk in field.chunks],
        right=[field.corpus.answers(pair) for pair in field.pairs],
        never=[field.never(pair) for pair in field.pairs],
        depth=min(settings.range_max, len(field.chunks)),
        encoder=encoder,
        embeddings=embeddings,
        cross_encoder=settings.cross_encoder,
        progress=progress,
    )
    rules = Rules(settings.per_pair, settings.range_min, settings.absolute_margin, settings.relative_margin, settings.max_score)
    scored = negatives.judge(settings.judge, request)
    chosen = negatives.choose(scored, rules, field.holds)
    return _save(project, settings, field, chosen, [float(score) for score in scored.own])


def _save(project: Project, settings: NegativeSettings, field: _Field, chosen: Sequence[Chosen], own: Sequence[float]) -> NegativeReport:
    """Write down what was found, and count it."""
    now = time.time()
    mined = [
        Mined(pair.id, field.chunks[position].id, settings.judge, round(score, 6))
        for pair, found in zip(field.pairs, chosen, strict=True)
        for position, score in found.negatives
    ]
    doubts: dict[tuple[str, str], Doubt] = {}  # a question that several pairs ask is put to a person once
    for pair, found, score_of_right in zip(field.pairs, chosen, own, strict=True):
        for position, score in found.doubtful[: settings.doubts]:
            key = (text.normalise(pair.query), field.chunks[position].id)
            doubts.setdefault(key, Doubt(pair.id, key[1], settings.judge, round(score, 6), round(score_of_right, 6), at=now))
    project.save_negatives(field.pairs, mined, doubts.values())
    return NegativeReport(
        judge=settings.judge,
        asked=settings.per_pair,
        pairs=len(field.pairs),
        fewer=sum(len(found.negatives) < settings.per_pair for found in chosen),
        none=sum(not found.negatives for found in chosen),
        negatives=len(mined),
        doubts=project.count_open_doubts(),
    )


@dataclass(frozen=True)
class _Field:
    """The pairs that are learned from and the passages among which their negatives are looked for, one of each near-duplicate."""

    pairs: Sequence[Pair]
    chunks: Sequence[Chunk]
    corpus: Corpus
    rights: Rights
    places: Mapping[str, int]  # mark -> position in `chunks`

    @classmethod
    def of(cls, project: Project, recipe: Recipe) -> _Field:
        """Gather them from a project."""
        chunks = project.chunks()
        groups = near_duplicates(project, chunks, recipe.split.near_duplicate)
        placed = assign(chunks, project.regions(), groups)
        kept = split.right_ones(project)
        # What a person called no answer is a negative of the pair already, and no candidate again.
        rights = Rights(groups, kept, project.doubts(DoubtState.IGNORED, DoubtState.DROPPED))
        corpus = Corpus(chunks, groups)
        learned = split.learned_from(split.trained_on(kept), recipe.train.generators)
        candidates: dict[str, Chunk] = {}
        for chunk in chunks:
            if placed[chunk.id] is Part.TRAIN and chunk.text.strip():
                candidates.setdefault(rights.mark(chunk.id), chunk)
        return cls(
            pairs=[pair for pair in learned if not pair.swapped and any(c in corpus.by_id for c in pair.positives)],
            chunks=list(candidates.values()),
            corpus=corpus,
            rights=rights,
            places={mark: position for position, mark in enumerate(candidates)},
        )

    def never(self, pair: Pair) -> Positions:
        """Return the positions of the passages that are no candidates for a pair: right ones, and neighbours that share their text."""
        right = [self.corpus.by_id[c] for c in pair.positives if c in self.corpus.by_id]
        marks = self.rights.avoided(pair.query) | {self.rights.mark(c.id) for chunk in right for c in self.corpus.sharing(chunk)}
        return np.array(sorted(self.places[mark] for mark in marks if mark in self.places), np.int64)

    @cached_property
    def _words(self) -> list[str]:
        return [text.normalise(chunk.text) for chunk in self.chunks]

    def holds(self, row: int, position: int) -> bool:
        """Say whether a passage holds the very words of a pair's query that was taken from the documents."""
        pair = self.pairs[row]
        return pair.query_start >= 0 and text.normalise(pair.query) in self._words[position]
