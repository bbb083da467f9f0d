"""Themes found in the text: passages grouped by their words, and each group named by what sets it apart."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.digest import short
from core.recipe import ThemeSettings
from core.schema import Chunk, Theme
from core.text.terms import as_written, class_weights, count_terms, top_terms

LEAST, MOST = 2, 15  # themes that are found, where the person names no number
DIMENSIONS = 50  # of the latent space in which chunks are grouped
COMMONEST = 5000  # terms by which chunks are grouped: with all 25,000 of 1,400 abstracts it took four times as long
NAME_TERMS = 3


def discover(chunks: Sequence[Chunk], settings: ThemeSettings) -> tuple[list[Theme], dict[str, str]]:
    """Group chunks by their words and name each group by the terms that set it apart; return themes and chunk id -> theme id.

    TF-IDF, truncated SVD and k-means with a fixed seed; sqrt(n / 2) groups within 2 to 15, or `settings.count`. Names are
    class-based TF-IDF terms. Under four chunks there is nothing to group; a chunk without a word that others share has no theme.
    """
    texts = [chunk.text for chunk in chunks]
    wanted = settings.count or max(LEAST, min(MOST, round(math.sqrt(len(chunks) / 2))))
    if len(chunks) < 4:
        return [], {}
    counts, terms = count_terms(texts)
    own = [i for i in range(len(chunks)) if counts[i].nnz]
    groups = _group(counts[own], min(wanted, len(own) // 2), settings.seed) if len(own) >= 4 else []
    themes: dict[int, Theme] = {}
    if groups:
        members: dict[int, list[str]] = defaultdict(list)
        for group, i in zip(groups, own, strict=True):
            members[group].append(texts[i])
        for group, weights in class_weights(counts[own], terms, groups).items():
            name = _name(weights, members[group], {theme.name for theme in themes.values()})
            themes[group] = Theme(short("discovered", name), name, tuple(top_terms(weights, 10)), "discovered")
    labels = {chunks[i].id: themes[group].id for group, i in zip(groups, own, strict=False)}
    return sorted(themes.values(), key=lambda theme: theme.name), labels


def recognised(
    themes: Sequence[Theme], labels: Mapping[str, str], chunks: Sequence[Chunk], old: Sequence[Theme]
) -> tuple[list[Theme], dict[str, str]]:
    """Give themes that are found again their old ids: where one group holds most chunks that an old theme has."""
    sizes = Counter(chunk.theme_id for chunk in chunks)
    shared = Counter((chunk.theme_id, labels[chunk.id]) for chunk in chunks if chunk.id in labels and chunk.theme_id)
    known = {theme.id for theme in old if theme.origin not in ("keywords", "given")}
    same: dict[str, str] = {}
    for (before, after), number in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        if before in known and before not in same.values() and after not in same and number * 2 > sizes[before]:
            same[after] = before
    free = {theme.id: theme.id if theme.id not in same.values() else short(theme.id, "again") for theme in themes}
    ids = {theme.id: same.get(theme.id, free[theme.id]) for theme in themes}
    return [replace(theme, id=ids[theme.id]) for theme in themes], {chunk: ids[theme] for chunk, theme in labels.items()}


def _group(counts: Any, number: int, seed: int) -> list[int]:
    """Return a group number for each row of term counts."""
    import numpy as np
    from sklearn.cluster import KMeans
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.preprocessing import normalize

    common = np.sort(np.argsort(-np.asarray(counts.sum(axis=0)).ravel(), kind="stable")[:COMMONEST])
    matrix = TfidfTransformer(sublinear_tf=True).fit_transform(counts[:, common])
    dimensions = min(DIMENSIONS, min(matrix.shape) - 1)
    dense = TruncatedSVD(dimensions, random_state=seed).fit_transform(matrix) if dimensions >= 2 else matrix.toarray()
    groups = KMeans(max(1, number), n_init=5, random_state=seed).fit_predict(normalize(dense))
    return [int(group) for group in groups]


def _name(weights: Mapping[str, float], texts: Sequence[str], taken: set[str]) -> str:
    """Return up to three terms as a name that no other theme has."""
    best = [as_written(term, texts) for term in top_terms(weights, NAME_TERMS + len(taken) + 1)]
    for i in range(NAME_TERMS - 1, len(best) + 1):
        name = ", ".join([*best[: NAME_TERMS - 1], *best[i : i + 1]])
        if name and (name := name[0].upper() + name[1:]) not in taken:
            return name
    return f"{', '.join(best[:NAME_TERMS]) or 'Theme'} ({len(taken) + 1})"
