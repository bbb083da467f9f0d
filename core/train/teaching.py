"""Lessons made of texts alone: a model's late interaction, which reads word by word, teaches its single vectors."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from core import search
from core.dataset import TextRow
from core.digest import short
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.generators import phrases
from core.models import Encoder
from core.objectives.lessons import Lesson
from core.rerankers import Request, late_interaction
from core.schema import Progress, silent
from core.text import words

FEWEST = 3  # texts: an order of fewer than two others teaches nothing
QUERIES = 2  # of each text
FEW, MANY = 8, 24  # candidates of a query: where all are embedded in every step, and where their vectors are there already


def lessons(
    rows: Sequence[TextRow],
    args: dict[str, Any],
    usual: int,
    teacher: Encoder,
    embeddings: EmbeddingStore,
    seed: int,
    progress: Progress = silent,
) -> list[Lesson]:
    """Return the lessons of texts; takes `candidates` out of the loss's arguments, `usual` where it is not there."""
    count = args.pop("candidates", usual)
    if not isinstance(count, int) or count < FEWEST - 1:
        raise UserError(f"loss_args: candidates is {count}.", f"Give a whole number from {FEWEST - 1} on.")
    return make(list(dict.fromkeys(row.text for row in rows)), teacher, embeddings, count, seed, progress)


def make(
    texts: Sequence[str], teacher: Encoder, embeddings: EmbeddingStore, count: int, seed: int, progress: Progress = silent
) -> list[Lesson]:
    """Return lessons: key phrases of each text as queries, the `count` other texts nearest to each, and how the teacher scores them.

    A text's own phrases stand in it word for word, so it is not among its candidates. Raises `UserError` where there are
    too few texts, or none that has phrases.
    """
    owners, queries = _asked(texts, seed)
    if len(texts) < FEWEST or not queries:
        raise UserError(f"{len(texts)} texts with {len(queries)} key phrases are too few to learn an order from.", "Add more texts.")
    asked = embeddings.vectors(teacher, queries, "query", progress)
    known = embeddings.vectors(teacher, texts, "document", progress)
    near, _ = search.exact(asked, known, min(count, len(texts) - 1) + 1)
    own = near == np.array(owners)[:, None]
    own[~own.any(axis=1), -1] = True  # the furthest goes where the own text is not among the near ones
    first = near[~own].reshape(len(near), -1)
    order, scores = late_interaction.rerank(Request(queries, texts, first, teacher, embeddings, depth=first.shape[1], progress=progress))
    return [
        Lesson(query, tuple(texts[i] for i in places), tuple(map(float, values)))
        for query, places, values in zip(queries, order.tolist(), scores.tolist(), strict=True)
    ]


def _asked(texts: Sequence[str], seed: int) -> tuple[list[int], list[str]]:
    """Return queries of two to four key phrases, and whose they are: the same texts and seed give the same queries.

    A text that has too few phrases is asked for by any of its words.
    """
    owners, queries = [], []
    for place, found in enumerate(phrases.ranked(texts, QUERIES * phrases.MOST)):
        rng = random.Random(short(seed, texts[place]))
        if len(found) < phrases.FEWEST:
            found = list(dict.fromkeys(words(texts[place])))
            rng.shuffle(found)
        for _ in range(QUERIES):
            number = rng.randint(phrases.FEWEST, phrases.MOST)
            chosen, found = found[:number], found[number:]
            if len(chosen) >= phrases.FEWEST:
                owners.append(place)
                queries.append(" ".join(chosen))
    return owners, queries
