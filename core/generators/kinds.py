"""The kinds of questions that a language model is asked for, and which of them each passage gets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from core.digest import digest
from core.recipe.llm import Kind


@dataclass(frozen=True)
class Asked:
    """How a kind is called for people, and described to the model."""

    label: str
    words: str


KINDS: Mapping[Kind, Asked] = MappingProxyType(
    {
        "question": Asked("Plain question", "a question of one sentence, as one would ask a colleague"),
        "keywords": Asked("Keyword query", "two to five words that are no sentence, as typed in haste"),
        "long": Asked("Long question", "two or three sentences: first somebody's situation, then what they want to know"),
        "statement": Asked(
            "Statement to check", "a true statement of one sentence that the passage proves, as one would type it to check it"
        ),
    }
)


def allot(shares: Mapping[Kind, float], count: int, passage: str) -> tuple[Kind, ...]:
    """Return the kinds of a passage's questions: always the same for it, and over many passages in the shares given.

    Systematic sampling: `count` points at equal distances, begun at a place that the passage's hash decides, so that a
    passage gets different kinds as far as the shares allow.
    """
    total = sum(shares.get(kind, 0.0) for kind in KINDS)
    begin = int(digest(passage)[:13], 16) / 16**13
    chosen: list[Kind] = []
    for number in range(count):
        point, end = (number + begin) / count * total, 0.0
        for kind in KINDS:
            end += shares.get(kind, 0.0)
            if point < end:
                chosen.append(kind)
                break
    return tuple(chosen)


def listed(kinds: Sequence[Kind]) -> str:
    """Return the kinds as lines of a prompt: how many of each, its name for the answer, and what it is."""
    return "\n".join(f'- {number} of kind "{kind}": {KINDS[kind].words}' for kind, number in Counter(kinds).items())


def label(category: str) -> str:
    """Return what a person reads for a pair's category, as it stands where it is none of these kinds."""
    return next((asked.label for kind, asked in KINDS.items() if kind == category), category)
