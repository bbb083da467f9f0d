"""Which passages are held out: whole documents, or contiguous blocks with gaps, for dev and for test."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from core.recipe import SplitSettings
from core.schema import Chunk, Pair, Part, Region

FEW_DOCUMENTS = 10
BIG_SHARE = 0.2  # of the chunks: a document above it is cut into blocks, or it would be all of one part
BLOCK = 8  # chunks in a block: long enough that the gaps beside it cost little
JUDGED_BY_PEOPLE = 30  # with so many questions kept for judging, no further passages are held out for the test


def by_blocks(chunks: Sequence[Chunk]) -> bool:
    """Say whether documents are too few, or one of them too big, to be held out whole."""
    sizes = Counter(chunk.document_id for chunk in chunks)
    return bool(sizes) and (len(sizes) < FEW_DOCUMENTS or max(sizes.values()) > BIG_SHARE * len(chunks))


def _units(chunks: Sequence[Chunk], alone: set[str]) -> list[list[Chunk]]:
    """Return what is held out as a whole: documents, or contiguous blocks of them; chunks in `alone` stand by themselves."""
    documents: dict[str, list[Chunk]] = defaultdict(list)
    for chunk in chunks:
        documents[chunk.document_id].append(chunk)
    blocks = by_blocks(chunks)
    units: list[list[Chunk]] = []
    for own in documents.values():
        # Blocks of a fifth at most, so that a document of a few chunks still has something for each part.
        size = min(BLOCK, max(1, len(own) // 5)) if blocks and (len(documents) < FEW_DOCUMENTS or len(own) >= BLOCK) else len(own)
        unit: list[Chunk] = []
        for chunk in own:
            if unit and (len(unit) >= size or chunk.id in alone or unit[-1].id in alone):
                units.append(unit)
                unit = []
            unit.append(chunk)
        units.append(unit)
    return units


def hold_out(chunks: Sequence[Chunk], pairs: Sequence[Pair], groups: list[list[str]], settings: SplitSettings) -> list[Region]:
    """Choose regions for dev and test by a seeded shuffle, people's questions and generated ones each in their shares.

    Passages of questions that are kept for judging are test. Units that share a near-duplicate go together.
    """
    judging = {chunk for pair in pairs if pair.judge_only for chunk in pair.positives}
    units = _joined(_units(chunks, judging), groups)
    weight: Counter[str] = Counter(chunk for pair in pairs for chunk in pair.positives)
    asked = {chunk for pair in pairs if pair.people and not pair.judge_only for chunk in pair.positives}
    enough = sum(pair.judge_only for pair in pairs) >= JUDGED_BY_PEOPLE
    parts: dict[str, Part] = {}
    free: tuple[list[list[Chunk]], list[list[Chunk]]] = ([], [])
    for unit in units:
        if any(chunk.id in judging for chunk in unit):
            parts.update({chunk.id: Part.TEST for chunk in unit})
        else:
            free[any(chunk.id in asked for chunk in unit)].append(unit)
    for stratum in free:
        random.Random(settings.seed).shuffle(stratum)
        total = sum(weight[chunk.id] for unit in stratum for chunk in unit)
        goals = [] if enough else [(Part.TEST, settings.test * total)]
        goals.append((Part.DEV, settings.dev * total))
        for part, goal in goals:
            taken = 0.0
            while stratum and taken < goal:
                unit = stratum.pop()
                taken += sum(weight[chunk.id] for chunk in unit)
                parts.update({chunk.id: part for chunk in unit})
    return _regions(chunks, parts)


def _joined(units: list[list[Chunk]], groups: list[list[str]]) -> list[list[Chunk]]:
    """Join small units that share a near-duplicate; long ones stay, and their copies become gaps in `assign`."""
    home = {chunk.id: i for i, unit in enumerate(units) for chunk in unit}
    leader = list(range(len(units)))

    def find(i: int) -> int:
        while leader[i] != i:
            i = leader[i]
        return i

    for group in groups:
        small = sorted({find(home[c]) for c in group if c in home and len(units[home[c]]) == 1})
        for other in small[1:]:
            leader[other] = small[0]
    joined: dict[int, list[Chunk]] = defaultdict(list)
    for i, unit in enumerate(units):
        joined[find(i)].extend(unit)
    return list(joined.values())


def _regions(chunks: Sequence[Chunk], parts: Mapping[str, Part]) -> list[Region]:
    """Turn held-out chunks into spans, and their neighbours that share text with them (the overlap) into gaps."""
    documents: dict[str, list[Chunk]] = defaultdict(list)
    for chunk in chunks:
        documents[chunk.document_id].append(chunk)
    regions: list[Region] = []
    for document_id, own in documents.items():
        labels = [parts.get(chunk.id, Part.TRAIN) for chunk in own]
        final = list(labels)
        for i, chunk in enumerate(own):
            for j in (i - 1, i + 1):
                if 0 <= j < len(own) and labels[i] is not labels[j] and _gives_way(labels[i], labels[j]):
                    final[i] = Part.GAP  # at least one chunk between the parts,
            if final[i] is not Part.GAP and any(
                labels[j] is not labels[i] and _gives_way(labels[i], labels[j]) and own[j].start < chunk.end and chunk.start < own[j].end
                for j in range(max(0, i - 4), min(len(own), i + 5))
            ):
                final[i] = Part.GAP  # and as many as share characters with the other part
        for part, run in groupby(zip(final, own, strict=True), key=lambda pair: pair[0]):
            spans = [(chunk.start, chunk.end) for _, chunk in run]
            if part is not Part.TRAIN:
                regions.append(Region(document_id, min(s for s, _ in spans), max(e for _, e in spans), part))
    return regions


def _gives_way(part: Part, other: Part) -> bool:
    """Say whether a chunk of `part` becomes the gap beside `other`: train before dev, dev before test."""
    order = [Part.TRAIN, Part.DEV, Part.TEST]
    return order.index(part) < order.index(other)


def assign(chunks: Sequence[Chunk], regions: Iterable[Region], groups: Iterable[Sequence[str]]) -> dict[str, Part]:
    """Return each chunk's part: the region that holds most of it, gap where two meet or a copy lies in another part.

    Works for chunks that were cut anew after the regions were made: what only touches a held-out span is a gap.
    """
    spans: dict[str, list[Region]] = defaultdict(list)
    for region in regions:
        spans[region.document_id].append(region)
    parts = {chunk.id: _part(chunk, spans.get(chunk.document_id, [])) for chunk in chunks}
    for group in groups:
        found = {parts[c] for c in group if c in parts}
        winner = Part.TEST if Part.TEST in found else Part.DEV if Part.DEV in found else None
        if winner:
            parts.update({c: Part.GAP for c in group if c in parts and parts[c] is not winner})
    return parts


def _part(chunk: Chunk, regions: Sequence[Region]) -> Part:
    shares: Counter[Part] = Counter()
    for region in regions:
        shares[region.part] += max(0, min(chunk.end, region.end) - max(chunk.start, region.start))
    part, share = shares.most_common(1)[0] if shares else (Part.TRAIN, 0)
    # Neighbouring regions overlap by the chunks' own overlap, so more than half is asked for, not all.
    if share * 2 > chunk.end - chunk.start:
        return Part.GAP if part is Part.DEV and shares[Part.TEST] else part
    return Part.GAP if shares[Part.TEST] or shares[Part.DEV] else Part.TRAIN


def follow(regions: Iterable[Region], old: Sequence[Chunk], new: Sequence[Chunk]) -> list[Region]:
    """Move the held-out spans along with the chunks that an edit of their document shifted.

    `old` are the chunks from before the edit, `new` those after it; a chunk whose text stayed has one id in both.
    """
    start = {chunk.id: chunk.start for chunk in old}
    shifts: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for chunk in new:
        if chunk.id in start:
            shifts[chunk.document_id].append((start[chunk.id], chunk.start - start[chunk.id]))

    def moved(document_id: str, at: int) -> int:
        known = shifts.get(document_id)
        return at if not known else at + min(known, key=lambda s: abs(s[0] - at))[1]

    spans = {(r.document_id, moved(r.document_id, r.start), r.part): r for r in regions}
    return [
        Region(r.document_id, s, max(s + 1, moved(r.document_id, r.end)), r.part)
        for (_, s, _), r in sorted(spans.items(), key=lambda x: x[0])
    ]
