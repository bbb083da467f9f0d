"""Vectors as they pass between modules: float32 rows, for queries or for documents."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["query", "document"]
Vectors = NDArray[np.float32]


def unit(rows: Vectors) -> Vectors:
    """Return rows scaled to length 1 (a row of zeros stays as it is)."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), np.float32)
