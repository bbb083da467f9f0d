"""A model without weights, whose vectors can be reckoned by hand: it counts the words that it knows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from zlib import crc32

import numpy as np

from core import text
from core.models import unit
from core.schema import silent

DIMENSION = 512


class WordModel:
    """Stand in for an Encoder: a text is the sum of its words' directions; words in `deaf` are not heard."""

    def __init__(self, name: str = "words", deaf: Collection[str] = (), precision: str = "float32") -> None:
        self.name, self.digest, self.precision = name, f"{name}-{sorted(deaf)}", precision
        self.dimension, self.max_tokens, self.device = DIMENSION, 10_000, "cpu"
        self.deaf = set(deaf)
        self.read: list[str] = []  # texts whose token vectors were asked for

    def prompt(self, kind: str) -> str:
        return ""

    def encode(self, texts: Sequence[str], kind: str, progress=silent) -> np.ndarray:
        rows = [sum((self._word(word) for word in text.words(one)), np.full(DIMENSION, 1e-6)) for one in texts]
        return unit(np.array(rows, np.float32).reshape(-1, DIMENSION))

    def encode_query(self, texts: Sequence[str], progress=silent) -> np.ndarray:
        return self.encode(texts, "query")

    def encode_document(self, texts: Sequence[str], progress=silent) -> np.ndarray:
        return self.encode(texts, "document")

    def token_vectors(self, texts: Sequence[str], kind: str = "query") -> list[np.ndarray]:
        self.read += texts
        return [unit(np.array([self._word(word) for word in text.words(one)], np.float32).reshape(-1, DIMENSION)) for one in texts]

    def _word(self, word: str) -> np.ndarray:
        if word in self.deaf:
            return np.zeros(DIMENSION)
        return np.random.default_rng(crc32(word.encode())).normal(size=DIMENSION)
