"""A sentence against the rest of its passage (inverse cloze task).

What it does: takes one whole sentence of six words or more as the query; the passage, read without that sentence, is
    its positive. The sentence's span goes into the pair, so that no search can find the sentence by itself.
Needs: nothing but text; works offline and in every language.
Choose it when: there are no questions by people or by a language model. `phrases` is the neighbour for people who type
    keywords; `heading` says more where headings are good, but there are fewer of them.
Source: Lee, Chang and Toutanova 2019, Latent Retrieval for Weakly Supervised Open Domain Question Answering, arXiv 1906.00300.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from core.digest import short
from core.generators.material import Material
from core.recipe import PairSettings
from core.schema import Chunk, Pair
from core.text import SIGN, sentences, words

LEAST_WORDS, MOST_WORDS = 6, 60
LEAST_REST = 5  # words that are left of the passage


def generate(material: Material, settings: PairSettings) -> Iterator[Pair]:
    """Yield up to `settings.per_chunk` pairs a chunk, chosen by a seed of the chunk's own."""
    for chunks in material.by_document.values():
        for i, chunk in enumerate(chunks):
            shared = [(c.start, c.end) for c in (*chunks[max(0, i - 1) : i], *chunks[i + 1 : i + 2])]
            found = _candidates(chunk)
            # What two chunks hold is no good question for one of them.
            own = [s for s in found if all(s[1] <= start or s[0] >= end for start, end in shared)] or found
            random.Random(short(settings.seed, chunk.id)).shuffle(own)
            for start, end in own[: settings.per_chunk]:
                yield _pair(chunk, start, end)


def _candidates(chunk: Chunk) -> list[tuple[int, int]]:
    """Return the spans, in the document, of sentences that can stand for their passage; whole ones where there are any."""
    text = chunk.text
    total = _length(text)
    long = [
        (a, b) for a, b in sentences(text) if LEAST_WORDS <= _length(text[a:b]) <= MOST_WORDS and total - _length(text[a:b]) >= LEAST_REST
    ]
    whole = [(a, b) for a, b in long if not text[a].islower() and text[b - 1] in ".!?…。！？\"'”’»)」』"]
    return [(chunk.start + a, chunk.start + b) for a, b in whole or long]


def _length(text: str) -> float:
    """Count words; a Chinese or Japanese word is about two signs."""
    return sum(0.5 if SIGN.match(word) else 1 for word in words(text))


def _pair(chunk: Chunk, start: int, end: int) -> Pair:
    query = " ".join(chunk.text[start - chunk.start : end - chunk.start].split())
    key = short("sentence", query, chunk.document_id, chunk.start, chunk.end)
    return Pair(key, query, chunk.document_id, chunk.start, chunk.end, (chunk.id,), "sentence", query_start=start, query_end=end)
