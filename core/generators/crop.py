"""A span of a passage against the rest of it (cropping).

What it does: cuts a run of words, at random places and of a random length (a twentieth to half of the passage), out of a
    passage; it is the query, and what is left is the positive. The span goes into the pair, so that no search, by meaning
    or by words, can find the query by itself.
Needs: nothing but text; works offline and in every language, also where sentences cannot be told apart.
Choose it when: there are no questions by people or by a language model. `sentence` is the neighbour that asks in whole
    sentences; cropped queries are rougher, of all lengths, and there is one for nearly every passage.
Source: Izacard et al. 2021, Unsupervised Dense Information Retrieval with Contrastive Learning, arXiv 2112.09118, section 3.1.
    There both spans may overlap; here they never do, so that tuning does not learn to look for the same words.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from core.digest import short
from core.generators.material import Material
from core.recipe import PairSettings
from core.schema import Chunk, Pair
from core.text import CJK, words

LEAST_WORDS, MOST_WORDS = 4, 40  # of a query
LEAST_REST = 5  # words that are left of the passage
SHORTEST, LONGEST = 0.05, 0.5  # a query's share of its passage, as in the source
TRIES = 8  # of a chunk, for a span that says something and is not drawn yet
_TOKEN = re.compile(rf"[{CJK}]|[^\s{CJK}]+")


def generate(material: Material, settings: PairSettings) -> Iterator[Pair]:
    """Yield up to `settings.per_chunk` pairs a chunk, drawn by a seed of the chunk's own."""
    for chunk in material.chunks:
        rng = random.Random(short("crop", settings.seed, chunk.id))
        tokens = [match.span() for match in _TOKEN.finditer(chunk.text)]
        taken: list[tuple[int, int]] = []
        for _ in range(settings.per_chunk * TRIES):
            span = _span(chunk.text, tokens, rng)
            if span and all(span[1] <= a or span[0] >= b for a, b in taken):
                taken.append(span)
                yield _pair(chunk, *span)
            if len(taken) == settings.per_chunk:
                break


def _span(text: str, tokens: list[tuple[int, int]], rng: random.Random) -> tuple[int, int] | None:
    """Draw a span of whole words; None where it, or what it leaves, says too little."""
    size = round(rng.uniform(SHORTEST, LONGEST) * len(tokens))
    size = max(LEAST_WORDS, min(size, MOST_WORDS))
    if size + LEAST_REST > len(tokens):
        return None
    first = rng.randint(0, len(tokens) - size)
    start, end = tokens[first][0], tokens[first + size - 1][1]
    enough = len(words(text[start:end])) >= LEAST_WORDS and len(words(text[:start] + " " + text[end:])) >= LEAST_REST
    return (start, end) if enough else None


def _pair(chunk: Chunk, start: int, end: int) -> Pair:
    query = " ".join(chunk.text[start:end].split())
    key = short("crop", query, chunk.document_id, chunk.start, chunk.end)
    place = (chunk.start + start, chunk.start + end)
    ids = (chunk.id,)
    return Pair(key, query, chunk.document_id, chunk.start, chunk.end, ids, "crop", query_start=place[0], query_end=place[1])
