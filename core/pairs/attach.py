"""Attach pairs again after the chunks are cut anew: which passages hold now what a pair is about."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from core.schema import Chunk, Pair, PairState, Reason
from core.text import shingles

GONE = Reason.GONE
ALIKE = 0.5  # share of the shorter text's word triples that an edited passage keeps, to count as the same


def reattach(pairs: Sequence[Pair], old_chunks: Sequence[Chunk], new_chunks: Sequence[Chunk]) -> list[Pair]:
    """Return the pairs, in order, with the chunks that hold their passages now, and their spans moved along.

    A pair whose chunks are all still there keeps them. Else its passage is looked for in its document: where it was, by its
    text, and by what is left of it after an edit; the chunks that hold most of it are its own. A pair whose passage is
    nowhere is dropped as "passage gone", with the passage's text, and comes back with it. Negatives, and second right answers
    elsewhere, follow their own passage.
    """
    places = Places(old_chunks, new_chunks)
    return [_attach(pair, places) for pair in pairs]


def heirs(chunk_ids: Iterable[str], old_chunks: Sequence[Chunk], new_chunks: Sequence[Chunk]) -> dict[str, str]:
    """Return, of chunks that are gone, those whose text another chunk holds now, with that one."""
    places = Places(old_chunks, new_chunks)
    return {one: heir for one in sorted(chunk_ids) if (heir := places.heir(one)) != one}


class Places:
    """The chunks before and after, and where a text of the old documents is found in the new ones."""

    def __init__(self, old_chunks: Sequence[Chunk], new_chunks: Sequence[Chunk]) -> None:
        self.old = {chunk.id: chunk for chunk in old_chunks}
        self.new = {chunk.id: chunk for chunk in new_chunks}
        self._texts: dict[tuple[bool, str], str] = {}
        self._heirs: dict[str, str] = {}

    @cached_property
    def _by_document(self) -> tuple[dict[str, list[Chunk]], dict[str, list[Chunk]]]:
        found: tuple[dict[str, list[Chunk]], dict[str, list[Chunk]]] = (defaultdict(list), defaultdict(list))
        for which, chunks in enumerate((self.old, self.new)):
            for chunk in chunks.values():
                found[which][chunk.document_id].append(chunk)
        return found

    def chunks(self, document_id: str, new: bool = True) -> list[Chunk]:
        """Return a document's chunks."""
        return self._by_document[new].get(document_id, [])

    def text(self, document_id: str, new: bool = True) -> str:
        """Return a document's text as its chunks hold it, every white space a blank; offsets are the document's."""
        if (new, document_id) not in self._texts:
            chunks = self.chunks(document_id, new)
            signs = [" "] * max((chunk.end for chunk in chunks), default=0)
            for chunk in chunks:
                signs[chunk.start : chunk.end] = chunk.text
            self._texts[new, document_id] = re.sub(r"\s", " ", "".join(signs))
        return self._texts[new, document_id]

    def find(self, document_id: str, passage: str, start: int) -> tuple[int, int] | None:
        """Return where a passage that began at `start` stands now: the occurrence nearest to there, or None."""
        text, flat = self.text(document_id), re.sub(r"\s", " ", passage).strip()
        if not flat:
            return None
        places = [at for at in (text.rfind(flat, 0, start + len(flat)), text.find(flat, start)) if at >= 0]
        at = min(places, key=lambda place: abs(place - start), default=-1)
        return (at, at + len(flat)) if at >= 0 else None

    def holding(self, document_id: str, start: int, end: int) -> list[Chunk]:
        """Return the chunks that lie mostly in a span or hold most of it; else the one that holds most."""
        shares = [(min(c.end, end) - max(c.start, start), c) for c in self.chunks(document_id)]
        shares = [(share, chunk) for share, chunk in shares if share > 0]
        most = [c for share, c in shares if share * 2 > c.end - c.start or share * 2 > end - start]
        return most or [c for _, c in sorted(shares, key=lambda s: (-s[0], s[1].start))[:1]]

    def heir(self, chunk_id: str) -> str:
        """Return the new chunk that holds most of an old one; a chunk that has none, or is not known, keeps its id: it may come back."""
        if chunk_id in self.new or chunk_id not in self.old:
            return chunk_id
        if chunk_id not in self._heirs:
            old = self.old[chunk_id]
            span = self.find(old.document_id, old.text, old.start)
            found = self.holding(old.document_id, *span) if span else self.like(old.document_id, old.text)
            most = max(found, key=lambda c: min(c.end, span[1]) - max(c.start, span[0]) if span else 0, default=old)
            self._heirs[chunk_id] = most.id
        return self._heirs[chunk_id]

    def like(self, document_id: str, passage: str) -> list[Chunk]:
        """Return the new chunks that hold what is left of a passage after an edit; those from before are passages of their own."""
        wanted = shingles(passage)
        shares = []
        for chunk in self.chunks(document_id):
            if chunk.id in self.old:
                continue
            own = shingles(chunk.text)
            shared = len(wanted & own)
            if wanted and shared >= ALIKE * min(len(own), len(wanted)):
                shares.append((shared, chunk))
        best = max((shared for shared, _ in shares), default=0)
        return [chunk for shared, chunk in shares if shared * 2 >= best and shared]


def _attach(pair: Pair, places: Places) -> Pair:
    """Return the pair with all of its passages where they lie now: the one it was made of, further right ones, and wrong ones."""
    own = tuple(c for c in pair.positives if c not in (further := _further(pair, places)))
    attached = _attach_own(replace(pair, positives=own), places)
    right = tuple(dict.fromkeys((*attached.positives, *map(places.heir, further))))
    wrong = tuple(dict.fromkeys(c for c in map(places.heir, pair.negatives) if c not in right))
    return replace(attached, positives=right, negatives=wrong)


def _further(pair: Pair, places: Places) -> tuple[str, ...]:
    """Return a pair's passages that lie outside of its span: second right answers, which go their own way."""
    outside = tuple(
        c
        for c in pair.positives
        if (old := places.old.get(c)) and (old.document_id != pair.document_id or old.start >= pair.end or old.end <= pair.start)
    )
    return outside if len(outside) < len(pair.positives) else ()


def _attach_own(pair: Pair, places: Places) -> Pair:
    kept = [places.new[c] for c in pair.positives if c in places.new]
    if kept and len(kept) == len(pair.positives):
        return _back(_shifted(pair, kept, places))
    passage = places.text(pair.document_id, new=False)[pair.start : pair.end] if _known(pair, places) else pair.passage
    span = places.find(pair.document_id, passage, pair.start)
    chunks = places.holding(pair.document_id, *span) if span else places.like(pair.document_id, passage)
    if not chunks and kept:  # a part of it, or a copy in another document
        own = [c for c in kept if c.document_id == kept[0].document_id]
        chunks, span = kept, (min(c.start for c in own), max(c.end for c in own))
        pair = replace(pair, document_id=own[0].document_id)
    if not chunks:
        return _gone(pair, passage)
    if not span:
        span = (min(c.start for c in chunks), max(c.end for c in chunks))
    if pair.query_start < 0:
        return _back(replace(pair, start=span[0], end=span[1], positives=tuple(c.id for c in chunks)))
    query = _query_span(pair, places, span)
    if query[0] >= 0:  # the sentence asks for what stands around it, so one chunk is the answer
        chunks = [max(chunks, key=lambda c: (min(c.end, query[1]) - max(c.start, query[0]), -c.start))]
    moved = replace(pair, start=span[0], end=span[1], positives=tuple(c.id for c in chunks), query_start=query[0], query_end=query[1])
    return _back(moved)


def _known(pair: Pair, places: Places) -> bool:
    return any(c in places.old for c in pair.positives)


def _shifted(pair: Pair, kept: Sequence[Chunk], places: Places) -> Pair:
    """Return the pair with its spans moved as its first chunk moved."""
    before = places.old.get(kept[0].id)
    if before:
        shift = kept[0].start - before.start
        if not shift:
            return pair
        query = (pair.query_start + shift, pair.query_end + shift) if pair.query_start >= 0 else (-1, -1)
        return replace(pair, start=pair.start + shift, end=pair.end + shift, query_start=query[0], query_end=query[1])
    span = (min(c.start for c in kept), max(c.end for c in kept))
    query = _query_span(pair, places, span)
    return replace(pair, start=span[0], end=span[1], query_start=query[0], query_end=query[1])


def _query_span(pair: Pair, places: Places, span: tuple[int, int]) -> tuple[int, int]:
    """Return where a query that was taken from its document stands now, (-1, -1) where it does not stand there any more."""
    if pair.query_start < 0:
        return -1, -1
    text = places.text(pair.document_id)
    if " ".join(text[pair.query_start : pair.query_end].split()) == pair.query:
        return pair.query_start, pair.query_end
    words = r"\s+".join(re.escape(word) for word in pair.query.split())
    found = list(re.finditer(words, text)) if words else []
    spans = [match.span() for match in found]
    near = [s for s in spans if s[0] >= span[0] and s[1] <= span[1]] or spans
    if not near and not pair.edited:
        return -1, -1
    if not near:  # the words were edited by hand: what was taken from the document stands where it stood
        own = places.text(pair.document_id, new=False)[pair.query_start : pair.query_end]
        return places.find(pair.document_id, own, pair.query_start) or (-1, -1)
    return near[0]


def _back(pair: Pair) -> Pair:
    if pair.state is PairState.DROPPED and pair.reason == GONE:
        return replace(pair, state=PairState.KEPT, reason="", passage="")
    return pair


def _gone(pair: Pair, passage: str) -> Pair:
    if pair.state is PairState.DROPPED:
        return pair
    return replace(pair, state=PairState.DROPPED, reason=GONE, passage=passage)
