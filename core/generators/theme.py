"""One question for all passages of a theme.

What it does: asks “What does this text say about {theme}?” of every passage that has the theme.
Needs: chunks with themes.
Choose it when: hardly ever. One question stands for hundreds of passages, and a batch takes each of them for a wrong answer
    of the others: on Cranfield (225 questions by people) the usual recipe around it (1,000 pairs, batch 16, 3 epochs) took
    all-MiniLM-L6-v2 from 0.509 to 0.428 nDCG@10. `sentence` needs as little and does no such harm.
Source: a recipe often seen in fine-tuning tutorials; measured for this project.
"""

from __future__ import annotations

from collections.abc import Iterator

from core.digest import short
from core.generators.material import Material
from core.recipe import PairSettings
from core.schema import Pair

QUESTION = "What does this text say about {theme}?"


def generate(material: Material, settings: PairSettings) -> Iterator[Pair]:
    """Yield one pair a chunk that has a theme."""
    for chunk in material.chunks:
        if name := material.theme(chunk):
            query = QUESTION.format(theme=name)
            key = short("theme", query, chunk.document_id, chunk.start, chunk.end)
            yield Pair(key, query, chunk.document_id, chunk.start, chunk.end, (chunk.id,), "theme")
