"""Compare: what base and tuned find for one typed question, side by side, and where each passage moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core import pairs, rerankers, runs, search
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.models import Encoder, Vectors
from core.project import Project
from core.recipe import EvaluateSettings
from core.runs.folder import Run
from core.schema import Chunk, Pair, Progress, silent
from core.search import NOTHING, Positions
from core.search import index as indexes
from core.search.index import Index

RUN = "run:"  # stands before the id of a run that tuned a reranker


@dataclass(frozen=True)
class Hit:
    """One passage in a column: its `rank` (1 is first) there, and in the other columns by label (missing beyond 100).

    `score` is the cosine with the question (None when only a reranker brought the passage up), `reranked` the reranker's.
    """

    chunk: Chunk
    document: str
    theme: str
    rank: int
    score: float | None
    reranked: float | None
    ranks: Mapping[str, int]

    def moved(self, label: str) -> int | None:
        """Return how many places higher it stands here than in the column `label`; None when it is not in that one."""
        return self.ranks[label] - self.rank if label in self.ranks else None


@dataclass(frozen=True)
class Column:
    """What one model finds; `source` says how: "index" (Chroma, approximate) or "exact"."""

    label: str
    model: str
    source: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True)
class Comparison:
    """The answer to one question by each model, over so many passages; `reranker` is "", the entry's name, or run:ID."""

    query: str
    reranker: str
    passages: int
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class _Found:
    """One model's ranking of a question before records are made of it."""

    source: str
    order: Sequence[str]
    cosines: Mapping[str, float]
    reranked: Mapping[str, float]


def compare(
    project: Project,
    query: str,
    models: Mapping[str, Encoder],
    *,
    k: int = 10,
    index: Index | None = None,
    reranker: str = "",
    cross_encoder: str = rerankers.CROSS_ENCODER,
    depth: int = EvaluateSettings().rerank_depth,
    progress: Progress = silent,
) -> Comparison:
    """Search all passages for a question with each model (label -> encoder) and return the first k of each.

    With an index the search goes there; while it does not have the model's passages yet, the search is exact, and they are
    put in by a thread of its own. `reranker` names an entry of RERANKERS, or, as run:ID, what such a run has tuned. Raises
    `UserError` for an empty question, no passages, or a reranker that cannot be had.
    """
    query = " ".join(query.split())
    texts = project.chunk_texts()
    if not query:
        raise UserError("The question is empty.", "Type one and try again.")
    if not texts:
        raise UserError("There are no passages to search.", "Add documents on the Documents page first.")
    embeddings = EmbeddingStore(project.folder / "embeddings")
    found = {label: _search(query, encoder, texts, embeddings, index, progress) for label, encoder in models.items()}
    if reranker:
        entry, cross_encoder = (reranker, cross_encoder) if not reranker.startswith(RUN) else ("cross_encoder", _tuned(project, reranker))
        place = {key: i for i, key in enumerate(texts)}
        for label, first in found.items():
            ranking = np.array([[place[key] for key in first.order]], np.int64)
            request = rerankers.Request(
                [query], [*texts.values()], ranking, models[label], embeddings, depth, cross_encoder, progress=progress
            )
            found[label] = _reranked(first, list(texts), *rerankers.rerank(entry, request))
    columns = _columns(project, found, {label: encoder.name for label, encoder in models.items()}, k)
    return Comparison(query, reranker, len(texts), columns)


def tuned_rerankers(project: Project) -> list[Run]:
    """Return the runs that ended with a reranker, newest first."""
    return [run for run in runs.runs(project) if run.reranker]


def _tuned(project: Project, name: str) -> str:
    folder = runs.find(project, name.removeprefix(RUN)).reranker
    if folder is None:
        raise UserError("This run has no reranker to use.", "Choose another one.")
    return str(folder)


def _search(
    query: str, encoder: Encoder, texts: Mapping[str, str], embeddings: EmbeddingStore, index: Index | None, progress: Progress
) -> _Found:
    ids, vector = list(texts), encoder.encode_query([query])
    name = indexes.key(encoder, ids)
    hits = index.search(name, vector[0], search.DEPTH) if index else None
    source = "index"
    if hits is None:
        vectors = embeddings.vectors(encoder, list(texts.values()), "document", progress)
        hits, source = _exact(ids, vector, vectors), "exact"
        if index:
            index.fill(name, ids, vectors)
    return _Found(source, [key for key, _ in hits], dict(hits), {})


def _exact(ids: Sequence[str], query: Vectors, vectors: Vectors) -> list[tuple[str, float]]:
    found, cosines = search.exact(query, vectors, search.DEPTH)
    return [(ids[i], cosine) for i, cosine in zip(found[0].tolist(), cosines[0].tolist(), strict=True)]


def _reranked(first: _Found, ids: Sequence[str], order: Positions, scores: search.Scores) -> _Found:
    """Put what was reranked before the rest of the first search."""
    new = {ids[i]: float(score) for i, score in zip(order[0].tolist(), scores[0].tolist(), strict=True) if i != NOTHING}
    return _Found(first.source, list(dict.fromkeys([*new, *first.order])), first.cosines, new)


def _columns(project: Project, found: Mapping[str, _Found], names: Mapping[str, str], k: int) -> tuple[Column, ...]:
    titles = {document.id: document.title for document in project.documents()}
    themes = {theme.id: theme.name for theme in project.themes()}
    ranks = {label: {key: rank for rank, key in enumerate(one.order, 1)} for label, one in found.items()}
    chunks = {key: project.chunk(key) for one in found.values() for key in one.order[:k]}
    columns = []
    for label, one in found.items():
        hits = [
            Hit(
                chunk=chunk,
                document=titles.get(chunk.document_id, ""),
                theme=themes.get(chunk.theme_id, ""),
                rank=ranks[label][key],
                score=one.cosines.get(key),
                reranked=one.reranked.get(key),
                ranks={other: places[key] for other, places in ranks.items() if other != label and key in places},
            )
            for key in one.order[:k]
            if (chunk := chunks[key]) is not None  # None: it was cut anew while we searched
        ]
        columns.append(Column(label, names[label], one.source, tuple(hits)))
    return tuple(columns)


def mark_right(project: Project, query: str, chunk_id: str) -> Pair:
    """Keep "this is the right passage" as a question to judge by, never to train on; raise `UserError` if it is gone."""
    return pairs.add_by_hand(project, query, chunk_id, judge_only=True)
