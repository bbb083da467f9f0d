"""Key phrases of a passage as a keyword query.

What it does: ranks a passage's words and phrases by TF-IDF over all passages and joins two to four of the best to a query.
Needs: several passages (what sets one apart is measured against the others); works offline.
Choose it when: people type keywords rather than questions. Measured by itself with Quick on six collections it is the only kind
    that lost on none (+0.018 nDCG@10 on average, `sentence` +0.015, `crop` +0.013; bench/RESULTS.md). Together they gain more.
Source: Salton and Buckley 1988, Term-weighting approaches in automatic text retrieval.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence

from core.digest import short
from core.generators.material import Material
from core.recipe import PairSettings
from core.schema import Chunk, Pair
from core.text.terms import count_terms, top_terms

LONGEST = 3  # words in a phrase
FEWEST, MOST = 2, 4  # phrases in a query


def generate(material: Material, settings: PairSettings) -> Iterator[Pair]:
    """Yield up to `settings.per_chunk` queries a chunk, the second of other phrases than the first."""
    found = ranked([chunk.text for chunk in material.chunks], MOST * settings.per_chunk)
    for chunk, phrases in zip(material.chunks, found, strict=True):
        yield from _pairs(chunk, phrases, settings)


def ranked(texts: Sequence[str], number: int) -> Iterator[list[str]]:
    """Yield the `number` phrases of each text, or as many as it has, that set it apart from the others, best first."""
    counts, terms = count_terms(texts, LONGEST, rare=True)
    holders = counts.getnnz(axis=0)
    for row in range(len(texts)):
        own = slice(counts.indptr[row], counts.indptr[row + 1])
        weights = {
            # A longer phrase is rarer and says more than its words: both count.
            terms[column]: math.log1p(times) * math.log(1 + len(texts) / holders[column]) * math.sqrt(len(terms[column].split()))
            for column, times in zip(counts.indices[own], counts.data[own], strict=True)
        }
        yield top_terms(weights, number)


def _pairs(chunk: Chunk, phrases: list[str], settings: PairSettings) -> Iterator[Pair]:
    rng = random.Random(short(settings.seed, chunk.id))
    for _ in range(settings.per_chunk):
        number = rng.randint(FEWEST, MOST)
        chosen, phrases = phrases[:number], phrases[number:]
        if len(chosen) < FEWEST:
            return
        query = " ".join(chosen)
        key = short("phrases", query, chunk.document_id, chunk.start, chunk.end)
        yield Pair(key, query, chunk.document_id, chunk.start, chunk.end, (chunk.id,), "phrases")
