"""Cut documents into chunks; preview new settings; put new chunks in the place of the old without losing pairs or labels."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core import models
from core.chunk.cutting import Cutter, Span
from core.digest import short
from core.pairs.attach import GONE, Places, heirs, reattach
from core.project import Project, Recut
from core.recipe import ChunkSettings
from core.schema import Chunk, Document, Page, Pair, PairState, Progress, Region, silent
from core.split import holdout


@dataclass(frozen=True)
class ChunkPreview:
    """Say what new settings lead to: the new chunks, how many are `unchanged`, and what becomes of the kept pairs.

    `pairs_kept` stay with their chunks, `pairs_moved` are attached to other chunks that hold their passage, `pairs_lost`
    have none any more and are dropped until it is back; `pairs_back` were dropped so and are kept again.
    """

    chunks: tuple[Chunk, ...]
    unchanged: int
    pairs_kept: int
    pairs_moved: int
    pairs_lost: int
    pairs_back: int = 0


def cut(project: Project, settings: ChunkSettings, base_model: str, progress: Progress = silent) -> list[Chunk]:
    """Return the chunks of all documents in order, without themes; nothing is written.

    No chunk has more tokens than `settings.size` or than the base model reads, so nothing is cut off silently. A chunk's
    text is its document's text[start:end]; together a document's chunks hold all of it but white space.
    """
    limit = min(settings.size, models.max_tokens(base_model))
    tokenizer = models.tokenizer(base_model)
    cutter = Cutter(tokenizer, limit, settings.overlap, len(tokenizer.encode(_prompt(base_model), add_special_tokens=False).ids))
    total = len(project.documents())
    found: list[Chunk] = []
    for number, (document, pages) in enumerate(project.walk()):
        progress(number / total, f"Cutting document {number + 1} of {total}")
        found += _chunks(document, pages, cutter)
    progress(1.0, f"{len(found)} passages from {total} documents")
    return found


def preview(project: Project, settings: ChunkSettings, base_model: str, progress: Progress = silent) -> ChunkPreview:
    """Say what `rechunk` with these settings would do, and write nothing."""
    old, pairs = project.chunks(), project.pairs()
    new = _with_themes(cut(project, settings, base_model, progress), old)
    return _report(old, new, pairs, reattach(pairs, old, new))


def rechunk(project: Project, settings: ChunkSettings, base_model: str, progress: Progress = silent) -> ChunkPreview:
    """Cut all documents anew and save chunks, pairs and held-out spans in one transaction; say what was done.

    Chunks that are still there keep id and theme, a label given by a person follows its passage. The same settings on
    the same documents change nothing.
    """
    fresh = cut(project, settings, base_model, progress)
    done: list[ChunkPreview] = []

    def change(old: list[Chunk], pairs: list[Pair], regions: list[Region]) -> Recut | None:
        new = _with_themes(fresh, old)
        attached = reattach(pairs, old, new)
        done.append(_report(old, new, pairs, attached))
        changed = [after for before, after in zip(pairs, attached, strict=True) if after != before]
        if not changed and sorted(old, key=lambda c: c.id) == sorted(new, key=lambda c: c.id):
            return None
        return Recut(new, changed, holdout.follow(regions, old, new), heirs(project.looked_at(), old, new))

    project.recut(change)
    return done[0]


def _chunks(document: Document, pages: Sequence[Page], cutter: Cutter) -> list[Chunk]:
    """Return one document's chunks; a table's row is one as it stands, where it fits."""
    text = "\n".join(page.text for page in pages)
    spans = cutter.whole(text) if document.ready_chunk else cutter.cut(text)
    starts = [page.start for page in pages]
    seen: Counter[str] = Counter()
    return [_chunk(document, text[span.start : span.end], span, position, pages, starts, seen) for position, span in enumerate(spans)]


def _chunk(
    document: Document, text: str, span: Span, position: int, pages: Sequence[Page], starts: Sequence[int], seen: Counter[str]
) -> Chunk:
    seen[text] += 1
    first, last = (pages[max(0, bisect_right(starts, at) - 1)].number for at in (span.start, span.end - 1))
    return Chunk(
        id=short(document.id, text, seen[text]),
        document_id=document.id,
        position=position,
        text=text,
        start=span.start,
        end=span.end,
        page=first,
        page_end=last,
        tokens=span.tokens,
        heading=span.heading,
    )


def _with_themes(new: Sequence[Chunk], old: Sequence[Chunk]) -> list[Chunk]:
    """Give chunks that are still there their theme, and the chunk that holds most of a passage its label by a person."""
    known = {chunk.id: chunk for chunk in old}
    fresh = {chunk.id for chunk in new}
    followed: dict[str, Chunk] = {}
    places = Places(old, new)
    for chunk in old:
        if chunk.theme_by == "person" and chunk.id not in fresh:
            span = places.find(chunk.document_id, chunk.text, chunk.start)
            for holder in places.holding(chunk.document_id, *span) if span else ():
                followed.setdefault(holder.id, chunk)
    labels: Mapping[str, Chunk] = {**followed, **known}
    return [replace(c, theme_id=labels[c.id].theme_id, theme_by=labels[c.id].theme_by) if c.id in labels else c for c in new]


def _report(old: Sequence[Chunk], new: Sequence[Chunk], before: Sequence[Pair], after: Sequence[Pair]) -> ChunkPreview:
    known = {chunk.id for chunk in old}
    kept = [(b, a) for b, a in zip(before, after, strict=True) if b.state is PairState.KEPT]
    lost = sum(a.state is PairState.DROPPED for _, a in kept)
    moved = sum(a.state is PairState.KEPT and a.positives != b.positives for b, a in kept)
    back = sum(b.reason == GONE and a.state is PairState.KEPT for b, a in zip(before, after, strict=True))
    return ChunkPreview(tuple(new), sum(c.id in known for c in new), len(kept) - lost - moved, moved, lost, back)


def _prompt(base_model: str) -> str:
    """Return what the model puts before every passage: its tokens are taken from the passage's room."""
    file = models.resolve(base_model) / "config_sentence_transformers.json"
    settings = json.loads(file.read_text("utf-8")) if file.exists() else {}
    prompts = settings.get("prompts") or {}
    names = ("document", "passage", "corpus", settings.get("default_prompt_name"))
    return next((str(prompts[name]) for name in names if prompts.get(name)), "")
