"""A table's anchor against the other columns of its row.

What it does: an anchor (what a thing is called, an utterance) is the query. `fused` gives its whole row as the answer, the
    columns joined as "name: value, …", with several wrong ones: the rows most alike by words, of the same domain and another
    category. `basic` gives each column by itself, with the same column of one random row of another category; `domain` is
    `basic` with every domain kept apart, its name being the pair's group. A row's document is its columns joined into one
    text, so the passages of a table are at once the unsupervised set. In search a pair's answer is the row's passage; in
    training a `basic` pair is read as the one cell, and its wrong answer as the cell of the same column; and pairs made by
    domain meet only pairs of their domain in a batch, where each other's answers are wrong ones too.
Needs: a table with a column marked as anchor, and attributes or text beside it; categories (the role “group”) and domains
    make the wrong answers sure ones. Where there are no categories, every row is its own.
Choose it when: things are looked for by name, or short utterances are sorted into intents. It is run by itself where anchors
    are marked. Questions that people asked belong into the role “question”, and `columns` takes them.
Source: the usual three ways to make triplets from a catalogue; hard negatives by BM25 as in Karpukhin et al. 2020, Dense
    Passage Retrieval, arXiv 2004.04906, section 3.2.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.digest import short
from core.generators.material import Material
from core.recipe import PairSettings
from core.schema import Chunk, Document, Pair
from core.search import BM25
from core.text import normalise

FUSED = "fused"  # the category of a pair of all columns; that of a pair of one is the column's name
LOOKED_AT = 10  # times as many rows as wrong answers are wanted, the most alike first; most of a category's own come first


def generate(material: Material, settings: PairSettings) -> Iterator[Pair]:
    """Yield the pairs of all anchors in the way that is set, domain by domain, in the rows' order."""
    rows = [Row.of(document, material.by_document.get(key, ())) for key, document in material.documents.items() if document.anchors]
    apart = settings.table.way != "basic"
    for domain in _by_domain([row for row in rows if row.chunks], apart).values():
        yield from (_fused if settings.table.way == "fused" else _by_column)(domain, settings)


def apart(pair: Pair) -> str:
    """Return the domain that a pair was made apart for, and that training keeps apart too; "" for every other pair."""
    return pair.group if pair.generator == "table" and pair.category != FUSED else ""


@dataclass(frozen=True)
class Row:
    """A document of a table: its passages, and what tells a right answer from a wrong one."""

    document: Document
    chunks: tuple[Chunk, ...]
    category: str
    names: frozenset[str]
    text: str = field(repr=False)

    @classmethod
    def of(cls, document: Document, chunks: Sequence[Chunk]) -> Row:
        """Return a document with its passages; without a category it is its own."""
        names = frozenset(normalise(anchor) for anchor in document.anchors)
        return cls(document, tuple(chunks), document.group or f"\n{document.id}", names, " ".join(chunk.text for chunk in chunks))

    def answers(self, other: Row) -> bool:
        """Say whether this row may answer the other's anchors as well: it is of one category with it, or has one of its names."""
        return self.category == other.category or not self.names.isdisjoint(other.names)

    def says(self, start: int, end: int) -> bool:
        """Say whether a span holds words: a number or a price by itself is no answer to a name."""
        return any(sign.isalpha() for chunk in self.chunks for sign in chunk.text[max(0, start - chunk.start) : max(0, end - chunk.start)])

    def holding(self, start: int, end: int) -> list[Chunk]:
        """Return the passages that hold most of a span, or lie mostly in it."""
        shares = [(min(chunk.end, end) - max(chunk.start, start), chunk) for chunk in self.chunks]
        return [chunk for share, chunk in shares if share * 2 > min(chunk.end - chunk.start, end - start)]


def _by_domain(rows: Sequence[Row], apart: bool) -> Mapping[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.document.domain if apart else ""].append(row)
    return found


def _fused(rows: Sequence[Row], settings: PairSettings) -> Iterator[Pair]:
    """Yield one pair an anchor: its whole row, and the rows most like it by words that are no answer."""
    index = BM25([row.text for row in rows])
    wanted = settings.table.negatives
    for row in rows:
        for anchor in row.document.anchors:
            near = np.argsort(-index.scores(anchor), kind="stable")[: LOOKED_AT * wanted]
            wrong = [rows[i].chunks[0].id for i in near.tolist() if not rows[i].answers(row)][:wanted]
            start, end = row.chunks[0].start, max(chunk.end for chunk in row.chunks)
            yield _pair(row, anchor, (start, end), row.chunks, wrong, FUSED, row.document.domain)


def _by_column(rows: Sequence[Row], settings: PairSettings) -> Iterator[Pair]:
    """Yield one pair for an anchor and each column, with the same column of one random row as the wrong answer."""
    having: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        for column in row.document.parts:
            having[column].append(row)
    for row in rows:
        for column, span in row.document.parts.items():
            chunks = row.holding(*span) if row.says(*span) else []
            for anchor in row.document.anchors if chunks else ():
                rng = random.Random(short("table", settings.seed, row.document.id, column, anchor))
                wrong = _other(having[column], row, column, rng)
                yield _pair(row, anchor, span, chunks, wrong, column, row.document.domain if settings.table.way == "domain" else "")


def _other(rows: Sequence[Row], row: Row, column: str, rng: random.Random) -> list[str]:
    """Return the passage with this column of a random row that is no answer; none where there is no such row."""
    for other in rng.sample(rows, len(rows)) if len(rows) < LOOKED_AT else (rng.choice(rows) for _ in range(10 * LOOKED_AT)):
        chunks = [] if other.answers(row) else other.holding(*other.document.parts[column])
        if chunks:
            return [chunks[0].id]
    return []


def _pair(row: Row, anchor: str, span: tuple[int, int], chunks: Sequence[Chunk], wrong: Sequence[str], category: str, group: str) -> Pair:
    document = row.document
    return Pair(
        short("table", anchor, document.id, category),
        anchor,
        document.id,
        *span,
        tuple(chunk.id for chunk in chunks),
        "table",
        judge_only=document.judge_only,
        negatives=tuple(dict.fromkeys(wrong)),
        category=category,
        group=group,
    )
