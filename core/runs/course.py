"""How a training goes, from the rows that it writes: curves over the epochs, and the pace of its last steps."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

LOOKED_BACK = 8  # stretches between two rows; the middle one is told, so that a pause or a scoring in between does not count

Rows = Sequence[Mapping[str, Any]]


def series(rows: Rows, name: str) -> list[tuple[float, float]]:
    """Return one measure over the epochs, in order."""
    return sorted((float(row["epoch"]), float(row[name])) for row in rows if name in row and "epoch" in row)


def pairs_per_second(rows: Rows) -> float | None:
    """Return how many rows of training data went through each second of the last steps; None before enough is known.

    An epoch goes through all of them once; a stretch in which the model was scored is left out.
    """
    pairs = next((float(row["pairs"]) for row in rows if "pairs" in row), 0.0)
    timed = sorted((row for row in rows if "at" in row and "epoch" in row), key=lambda row: float(row["at"]))
    found = []
    for one, two in itertools.pairwise(timed):
        seconds, epochs = float(two["at"]) - float(one["at"]), float(two["epoch"]) - float(one["epoch"])
        if "loss" in two and seconds > 0 and epochs > 0:  # a row of dev comes once the model is scored
            found.append(pairs * epochs / seconds)
    return statistics.median(found[-LOOKED_BACK:]) if pairs and found else None
