"""A map of the passages: their vectors laid out on two axes, for a sample where there are many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core import jsonfiles, models
from core.digest import digest
from core.embeddings import EmbeddingStore
from core.models import Vectors
from core.project import Project
from core.recipe import Recipe, StatisticsSettings
from core.schema import Progress, silent

TSNE_POINTS = 2_000  # that t-SNE lays out in seconds
TSNE_LEAST = 10
DIMENSIONS = 50  # that t-SNE starts from


@dataclass(frozen=True)
class Map:
    """Where each passage of the sample lies; `kept` is the share of all differences that the two axes show (0: not known)."""

    key: str
    projection: str
    model: str
    passages: int  # in the project, of which the sample was drawn
    ids: tuple[str, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    kept: float = 0.0


def known(project: Project, recipe: Recipe) -> Map | None:
    """Return the map of today's passages, None where it has not been drawn."""
    found = jsonfiles.read(_file(project), Map)
    return found if found and found.key == _key(_sample(project, recipe.statistics), recipe) else None


def draw(project: Project, recipe: Recipe, progress: Progress = silent) -> Map:
    """Embed a sample of the passages with the base model, lay it out, and keep the map.

    Raises `UserError` when the base model is out of reach.
    """
    settings, ids = recipe.statistics, _sample(project, recipe.statistics)
    texts = project.texts_of(ids)
    store = EmbeddingStore(project.folder / "embeddings")
    encoder = models.load(recipe.train.base_model)
    vectors = store.vectors(encoder, [texts[i] for i in ids], "document", lambda done, said: progress(0.9 * done, said))
    progress(0.9, "Laying out the map")
    points, kept = _flat(vectors, settings)
    x, y = (tuple(np.round(column, 4).tolist()) for column in points.T)
    made = Map(_key(ids, recipe), settings.projection, recipe.train.base_model, project.count_chunks(), tuple(ids), x, y, kept)
    _file(project).parent.mkdir(exist_ok=True)
    jsonfiles.write(_file(project), made)
    return made


def _sample(project: Project, settings: StatisticsSettings) -> list[str]:
    """Return the ids of so many chunks: a chunk's id is a hash, so the first by id are a fair sample, and mostly the same one later."""
    return project.chunk_ids()[: min(settings.points, TSNE_POINTS) if settings.projection == "tsne" else settings.points]


def _key(ids: Sequence[str], recipe: Recipe) -> str:
    return digest("map", recipe.statistics.model_dump(), recipe.train.base_model, ids)


def _file(project: Project) -> Path:
    return project.folder / "derived" / "map.json"


def _flat(vectors: Vectors, settings: StatisticsSettings) -> tuple[Any, float]:
    """Return points (n, 2) for vectors (n, d), and the share of the variance that they keep."""
    axes, shares = _principal(vectors)
    centred = vectors - vectors.mean(0)
    if settings.projection == "tsne" and len(vectors) >= TSNE_LEAST:
        from sklearn.manifold import TSNE

        start = centred @ axes[:, :DIMENSIONS]
        perplexity = min(30.0, (len(vectors) - 1) / 3)
        return TSNE(2, perplexity=perplexity, init="pca", random_state=settings.seed, n_jobs=1).fit_transform(start), 0.0
    points = np.zeros((len(vectors), 2))
    flat = centred @ axes[:, :2]
    points[:, : flat.shape[1]] = flat
    return points, float(round(shares[:2].sum(), 4))


def _principal(vectors: Vectors) -> tuple[Any, Any]:
    """Return the axes in which vectors differ most (d, d), each pointing the same way every time, and their shares of the variance."""
    centred = vectors.astype(np.float64) - vectors.mean(0)
    values, axes = np.linalg.eigh(centred.T @ centred)
    values, axes = np.clip(values[::-1], 0, None), axes[:, ::-1]
    signs = np.sign(axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])])
    return axes * signs, values / (values.sum() or 1.0)
