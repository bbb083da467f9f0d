"""The quality gate: every pair is measured once, and passes or is set aside with its reason, by limits that can be moved.

What is measured depends on the pair and on the passages alone (`measure`); what follows from it depends on the limits, which
SQL compares with the measures (`Project.effect`, `Project.apply_gate`), at once and undoably. What a person decided stays, and
people's own questions are only remarked on: a question that somebody really asked is what the model is for, however it is put.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from core.digest import short
from core.errors import UserError
from core.gate.roundtrip import Searched, ranks
from core.gate.wording import longest_run, refers
from core.generators import GENERATORS
from core.models import max_tokens
from core.pairs.sieve import Sieve
from core.project import Effect, Project
from core.recipe import Recipe
from core.schema import Chunk, Measure, Pair, Progress, silent
from core.text import words
from core.text.language import language

__all__ = ["ASKED", "OTHER", "TAKEN", "check", "kind_of", "measure"]

VERSION = 1  # of what is measured: another one measures every pair anew
BATCH = 1000  # pairs in one commit
ASKED, TAKEN, OTHER = "asked", "taken", "other"
ENOUGH_WORDS = 4  # of a query, to tell its language: "What is GAI?" is English to a reader only
WHO = "quality gate"


def check(project: Project, recipe: Recipe, progress: Progress = silent, *, who: str = WHO) -> Effect:
    """Measure what is new, and set pairs aside or give them back as the recipe's limits say; return what was done."""
    measure(project, recipe, progress)
    return project.apply_gate(recipe.gate, who)


def measure(project: Project, recipe: Recipe, progress: Progress = silent) -> None:
    """Measure the pairs that are new or were edited, and search anew for all when the passages changed.

    Every batch is committed, so that a run that is cut off goes on where it was. Without the base model's files no round trip
    is made, and no pair is set aside for it.
    """
    pairs = project.to_measure()
    if not pairs:
        return
    chunks, known = project.chunks(), project.measured()
    reader = _Reader(chunks, _limit(recipe))
    stale = [pair for pair in pairs if known.get(pair.id, ("",))[0] != reader.digest(pair)]
    for number, batch in enumerate(_batches(stale)):
        project.save_measures([reader.measure(pair) for pair in batch])
        progress(0.3 * min(1.0, (number + 1) * BATCH / len(stale)), f"Wording of {len(stale):,} pairs")
    fresh = {pair.id for pair in stale}
    twins = _twins(chunks, pairs)
    project.save_twins({i: twin for i, twin in twins.items() if i in fresh or known[i][2] != twin})
    if recipe.gate.found_within or recipe.gate.taken_within:
        _search(project, recipe, Searched.of(chunks, recipe), pairs, fresh, progress)
    progress(1.0, f"{len(pairs):,} pairs checked")


def kind_of(generator: str) -> str:
    """Return how a generator's queries came about: asked, taken from the passage they are for, or neither."""
    tags = GENERATORS[generator].tags if generator in GENERATORS else {ASKED}  # typed, marked, imported
    return TAKEN if TAKEN in tags else ASKED if tags & {ASKED, "people"} else OTHER


class _Reader:
    """Measure pairs by their words and their passages' lengths; each passage's language is told once."""

    def __init__(self, chunks: Sequence[Chunk], limit: int) -> None:
        self.chunks = {chunk.id: chunk for chunk in chunks}
        self.limit = limit
        self._languages: dict[str, str] = {}

    def digest(self, pair: Pair) -> str:
        """Return the hash of all that a pair's measures come from; a chunk's id stands for its text."""
        return short(VERSION, kind_of(pair.generator), pair.query, pair.positives, self.limit)

    def measure(self, pair: Pair) -> Measure:
        """Return a pair's measures, its twin and its ranks left open."""
        passages = [self.chunks[chunk] for chunk in pair.positives if chunk in self.chunks]
        count = len(words(pair.query))
        return Measure(
            pair.id,
            self.digest(pair),
            kind=kind_of(pair.generator),
            words=count,
            copied=max((longest_run(pair.query, chunk.text) for chunk in passages), default=0),
            refers=refers(pair.query),
            unread=min((max(0.0, 1 - self.limit / max(1, chunk.tokens)) for chunk in passages), default=0.0),
            language=language(pair.query) if count >= ENOUGH_WORDS else "",
            passage_language=self._language(passages[0]) if passages else "",
        )

    def _language(self, chunk: Chunk) -> str:
        if chunk.id not in self._languages:
            self._languages[chunk.id] = language(chunk.text)
        return self._languages[chunk.id]


def _twins(chunks: Sequence[Chunk], pairs: Sequence[Pair]) -> dict[str, float]:
    """Return how like each query is to one before it for the same passage."""
    sieve = Sieve(chunks, [], 1.0)
    twins = {}
    for pair in pairs:
        twins[pair.id] = round(sieve.twin(pair), 4)
        sieve.take(pair)
    return twins


def _search(project: Project, recipe: Recipe, searched: Searched, pairs: Sequence[Pair], fresh: set[str], progress: Progress) -> None:
    """Find each pair's passage again by its query, where that was not done among these very passages."""
    known = project.measured()
    wanted = {ASKED} if recipe.gate.found_within else set()
    wanted |= {TAKEN} if recipe.gate.taken_within else set()
    open_ = [p for p in pairs if kind_of(p.generator) in wanted and (p.id in fresh or known.get(p.id, ("", ""))[1] != searched.digest)]
    if not open_:
        return
    part: Progress = lambda fraction, text: progress(0.35 + 0.65 * fraction, text)  # noqa: E731
    for found in ranks(project, recipe, searched, open_, part):
        project.save_ranks(searched.digest, found)


def _limit(recipe: Recipe) -> int:
    """Return how many tokens the base model reads; where its files cannot be had, no passage is too long."""
    try:
        return max_tokens(recipe.train.base_model)
    except UserError:
        return sys.maxsize


def _batches(pairs: Sequence[Pair]) -> Iterator[Sequence[Pair]]:
    for start in range(0, len(pairs), BATCH):
        yield pairs[start : start + BATCH]
