"""Scores of likeness as files have them: on whatever scale, brought to one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.loaders.grid import is_number

USUAL = ((-1.0, 1.0), (1.0, 5.0), (0.0, 5.0), (0.0, 10.0), (0.0, 100.0))
"""Scales that people judge on: those of SICK and STS-B are the second and third."""


@dataclass(frozen=True)
class Scale:
    """What a file's lowest and highest score mean; a scale from -1 to 1 is left as it is."""

    low: float = -1.0
    high: float = 1.0

    @classmethod
    def of(cls, cells: Iterable[Any]) -> Scale:
        """Return the smallest usual scale that holds all numbers among `cells`, or else one from the lowest to the highest."""
        found = [value for cell in cells if (value := as_number(cell)) is not None]
        if not found:
            return cls()
        low, high = min(found), max(found)
        return cls(*next((scale for scale in USUAL if scale[0] <= low and high <= scale[1]), (low, high)))

    def of_one(self, value: float) -> float | None:
        """Return a score on the scale from 0 to 1 (from -1 to 1 as it is); None for one that lies outside."""
        if not self.low <= value <= self.high:
            return None
        return value if (self.low, self.high) == USUAL[0] or self.low == self.high else (value - self.low) / (self.high - self.low)

    @property
    def words(self) -> str:
        """Say what was done to the scores; nothing where they were left as they are."""
        return "" if self == Scale() else f" Scores from {self.low:g} to {self.high:g} were brought to 0 to 1."


def as_number(cell: Any) -> float | None:
    """Return a cell's finite number, or None."""
    try:
        found = float(cell)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def nameless(records: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the columns of a table without a header, by role: the two of text with the longest texts, and the last of numbers."""
    first = records[:200]
    names = list(records[0]) if records else []
    numbers = [name for name in names if all(is_number(str(record[name])) for record in first if record[name])]
    texts = sorted((name for name in names if name not in numbers), key=lambda name: -sum(len(str(record[name])) for record in first))[:2]
    if len(texts) < 2 or not numbers:
        return {}
    query, passage = sorted(texts, key=names.index)
    return {"query": [query], "passage": [passage], "score": [numbers[-1]]}
