"""What a reranker learns from: each question with its right passage, and with wrong ones that look right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core import negatives, text
from core.embeddings import EmbeddingStore
from core.models import Encoder
from core.negatives import Request, Rules
from core.recipe.reranker import RerankerSettings
from core.schema import Progress, TrainPair, silent

MARGIN = 0.05  # a passage as near as the right one, but for this share, may be a right one too: NV-Retriever's
LOOKED_AT = 50  # of the nearest
SHARED = 40  # characters that two passages have in common where one begins inside the other


@dataclass(frozen=True)
class LabelledRow:
    """A question, a passage, and whether that one answers it (1) or not (0)."""

    query: str
    passage: str
    label: int


def labelled(
    train: Sequence[TrainPair], settings: RerankerSettings, encoder: Encoder, embeddings: EmbeddingStore, progress: Progress = silent
) -> list[LabelledRow]:
    """Return the rows of training pairs: the right passage first, then up to `negatives` wrong ones of each question.

    Wrong passages are those that came with the pair, then what the judge finds among the passages that other training pairs are
    about; never one that is right for the question or may be, holds its very words, or shares text with the right one.
    """
    pairs = list({(text.normalise(pair.query), text.normalise(pair.positive)): pair for pair in train}.values())
    bodies: dict[str, str] = {}
    right: dict[str, set[str]] = {}
    for pair in pairs:
        bodies.setdefault(_mark(pair), pair.positive)
        right.setdefault(text.normalise(pair.query), set()).update((_mark(pair), *pair.avoid))
    places = {mark: at for at, mark in enumerate(bodies)}
    texts = list(bodies.values())
    request = Request(
        queries=[pair.query for pair in pairs],
        texts=texts,
        right=[[pair.positive] for pair in pairs],
        never=[np.array(sorted(places[m] for m in right[text.normalise(pair.query)] if m in places), np.int64) for pair in pairs],
        depth=min(LOOKED_AT, len(texts)),
        encoder=encoder,
        embeddings=embeddings,
        progress=progress,
    )
    flat = [text.normalise(body) for body in texts]

    def barred(row: int, position: int) -> bool:
        pair = pairs[row]
        return text.normalise(pair.query) in flat[position] or _overlap(pair.positive, texts[position])

    scored = negatives.judge(settings.judge, request)
    chosen = negatives.choose(scored, Rules(settings.negatives, relative_margin=MARGIN), barred)
    made = []
    for pair, found in zip(pairs, chosen, strict=True):
        wrong = dict.fromkeys([*pair.negatives, *(texts[position] for position, _ in found.negatives)])
        made.append(LabelledRow(pair.query, pair.positive, 1))
        made += [LabelledRow(pair.query, body, 0) for body in list(wrong)[: settings.negatives]]
    return made


def _mark(pair: TrainPair) -> str:
    return pair.marks[0] if pair.marks else pair.passage_id


def _overlap(one: str, other: str) -> bool:
    """Say whether one passage begins inside the other, as neighbours that were cut with an overlap do."""
    return one[:SHARED] in other or other[:SHARED] in one
