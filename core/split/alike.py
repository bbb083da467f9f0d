"""Near-duplicate passages of a project: found by their words, confirmed by what they mean, and kept until the passages change."""

from __future__ import annotations

from collections.abc import Sequence

from core import models, text
from core.digest import digest
from core.embeddings import EmbeddingStore
from core.project import Project
from core.recipe import BASE_MODEL
from core.schema import Chunk, Progress, silent

DOUBTFUL = 0.5
"""Word overlap from which two passages are looked at by their meaning."""

SAME = 0.95
"""Cosine from which passages of doubtful overlap are copies, for the base model that comes along.

Of banking77's pairs of questions with an overlap of 0.5 to 0.8, those of at least this cosine ask for the same in 98 %, those below
0.8 in 32 %. From 0.8 on words alone decide: there the cosine parts nothing (0.84 between a passage and itself with other line ends,
0.88 between the passages on two sister diseases), and what shares so many words must not be trained on and judged by.
"""


def near_duplicates(project: Project, chunks: Sequence[Chunk], threshold: float, progress: Progress = silent) -> list[list[str]]:
    """Return groups of chunk ids whose texts are near-duplicates, in reading order; looked for once for a set of chunks.

    `threshold` is the overlap (Jaccard of word triples) that is enough by itself; from `DOUBTFUL` on, the cosine of `SAME` confirms.
    """
    found_for = _digest([chunk.id for chunk in chunks], threshold)
    if project.alike_found_for() != found_for:
        store = EmbeddingStore(project.folder / "embeddings")
        positions = find([chunk.text for chunk in chunks], threshold, store, progress)
        project.replace_alike([[chunks[i].id for i in group] for group in positions], found_for)
    return project.alike()


def current(project: Project, threshold: float) -> bool:
    """Say whether the groups that are kept are those of today's passages."""
    return project.alike_found_for() == _digest(project.chunk_ids(), threshold)


def find(texts: Sequence[str], threshold: float, store: EmbeddingStore, progress: Progress = silent) -> list[list[int]]:
    """Return groups of positions of texts that are near-duplicates, embedding only those that their words leave in doubt."""
    sure: list[tuple[int, int]] = []
    doubtful: list[tuple[int, int]] = []
    lowest = min(DOUBTFUL, threshold)
    for like in text.likenesses(texts, lowest, say=lambda fraction: progress(0.8 * fraction, "Looking for passages that are alike")):
        (sure if like.overlap >= threshold else doubtful).append((like.one, like.other))
    return text.groups([*sure, *_confirmed(texts, doubtful, store, progress)])


def _confirmed(texts: Sequence[str], pairs: Sequence[tuple[int, int]], store: EmbeddingStore, progress: Progress) -> list[tuple[int, int]]:
    if not pairs:
        return []
    wanted = sorted({i for pair in pairs for i in pair})
    vectors = store.vectors(
        models.load(BASE_MODEL), [texts[i] for i in wanted], "document", lambda fraction, said: progress(0.8 + 0.2 * fraction, said)
    )
    row = {i: n for n, i in enumerate(wanted)}
    return [(one, other) for one, other in pairs if float(vectors[row[one]] @ vectors[row[other]]) >= SAME]


def _digest(chunk_ids: Sequence[str], threshold: float) -> str:
    return digest("alike", threshold, DOUBTFUL, SAME, sorted(chunk_ids))
