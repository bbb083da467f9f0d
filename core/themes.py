"""Give chunks a theme: by the person's own keywords, or found in the text; what a person decided stays."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from core.digest import fresh_id, short
from core.errors import UserError
from core.project import ChunkFilter, Project
from core.recipe import ThemeSettings
from core.schema import Chunk, Document, Theme
from core.text import SIGN
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


def by_keywords(chunks: Sequence[Chunk], settings: ThemeSettings) -> tuple[list[Theme], dict[str, str]]:
    """Label chunks by the person's keywords: the theme with most hits, of equals the first; no hit, no label.

    Keywords are whole words or phrases whatever their case; in scripts without blanks any occurrence counts.
    """
    themes = [
        Theme(short("keywords", name), name, tuple(dict.fromkeys(word.strip() for word in words if word.strip())), "keywords")
        for name, words in settings.keywords.items()
    ]
    labels = {}
    for chunk in chunks:
        text = _plain(chunk.text)
        hits = [sum(len(_pattern(word).findall(text)) for word in theme.keywords) for theme in themes]
        if any(hits):
            labels[chunk.id] = themes[hits.index(max(hits))].id
    return themes, labels


def given(chunks: Sequence[Chunk], documents: Sequence[Document]) -> tuple[list[Theme], dict[str, str]]:
    """Label chunks by the group that came with their document; where it belongs to a domain, the group's theme is a part of the domain's."""
    themes: dict[str, Theme] = {}
    of_document = {}
    for document in documents:
        parent = Theme(short("given", document.domain), document.domain, (), "given") if document.domain else None
        own = Theme(short("given", document.domain, document.group), document.group, (), "given", parent.id if parent else "")
        found = [theme for theme in (parent, own) if theme and theme.name]
        themes.update({theme.id: theme for theme in found})
        if found:
            of_document[document.id] = found[-1].id
    labels = {chunk.id: of_document[chunk.document_id] for chunk in chunks if chunk.document_id in of_document}
    return sorted(themes.values(), key=lambda theme: theme.name), labels


def merge(project: Project, theme_ids: Sequence[str], into: str) -> None:
    """Make one theme of several, by hand. Raises `UserError` for one that is gone, or where there is only one."""
    _check(project, [*theme_ids, into])
    if not set(theme_ids) - {into}:
        raise UserError("There is nothing to merge.", "Choose at least one other theme.")
    project.merge_themes(theme_ids, into)


def split(project: Project, theme_id: str, parts: int = 2, seed: int = 1) -> list[Theme]:
    """Group a theme's chunks again, into parts of it (beside it, where it is a part itself), and return those.

    They are the person's, so they stay when themes are found anew. Raises `UserError` where its chunks do not fall apart.
    """
    _check(project, [theme_id])
    theme = next(theme for theme in project.themes() if theme.id == theme_id)
    found, labels = discover(project.chunks(ChunkFilter(theme_id=theme_id)), ThemeSettings(count=parts, seed=seed))
    if len(found) < 2:
        raise UserError("This theme has too few passages to fall into parts.", "Choose a bigger one.")
    ids = {part.id: fresh_id() for part in found}
    made = [replace(part, id=ids[part.id], origin="person", parent=theme.parent or theme.id) for part in found]
    project.add_parts(made, {chunk_id: ids[part] for chunk_id, part in labels.items()})
    return made


def nest(project: Project, theme_id: str, parent: str) -> None:
    """Make a theme a part of another one ("" for none). Raises `UserError` where that would be more than one level."""
    _check(project, [theme_id, *([parent] if parent else [])])
    known = {theme.id: theme for theme in project.themes()}
    if parent and (parent == theme_id or known[parent].parent or any(theme.parent == theme_id for theme in known.values())):
        raise UserError("Themes are nested one level: a part has no parts of its own.", "Choose another theme.")
    project.nest_theme(theme_id, parent)


def _check(project: Project, theme_ids: Iterable[str]) -> None:
    if not set(theme_ids) <= {theme.id for theme in project.themes()}:
        raise UserError("This theme is no longer there.", "Choose another one.")


def retheme(project: Project, settings: ThemeSettings) -> int:
    """Give all chunks their themes anew and return how many there are; what a person labelled or named stays.

    A theme found again, with most of its chunks in one group, keeps its id, and the name that a person gave it.
    """
    chunks, old = project.chunks(), project.themes()
    if settings.method == "keywords":
        themes, labels = by_keywords(chunks, settings)
    elif settings.method == "given":
        themes, labels = given(chunks, project.documents())
        if not themes:
            raise UserError("No document has a group yet.", "On the Documents page, say which column of a table is its group.")
    else:
        themes, labels = _recognised(*discover(chunks, settings), chunks, old)
    named = {theme.id: theme.name for theme in old if theme.origin == "person"}
    themes = [replace(t, name=named[t.id], origin="person") if t.id in named else t for t in themes]
    project.replace_themes(themes, labels, settings.method)
    return len(project.themes())


def move(project: Project, chunk_ids: Iterable[str], theme_id: str) -> None:
    """Put chunks into a theme by hand ("" is Unclassified); no rerun changes that. Raises `UserError` for a theme that is gone."""
    _check(project, [theme_id] if theme_id else [])
    project.set_theme(chunk_ids, theme_id, "person")


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


def _recognised(
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


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@cache
def _pattern(keyword: str) -> re.Pattern[str]:
    words = _plain(keyword).split()
    body = r"\s+".join(map(re.escape, words))
    left = "" if SIGN.match(words[0]) else r"(?<!\w)"
    right = "" if SIGN.match(words[-1][-1]) else r"(?!\w)"
    return re.compile(left + body + right)
