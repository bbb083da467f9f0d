"""Questions that came with the documents, as they are.

What it does: pairs every question that a table gives for a row with the passages of that row.
Needs: a table whose columns are known as question and answer (or text).
Choose it when: always; it is run by itself. Nothing made by the other generators teaches or judges as well.
Source: the person's own data.
"""

from __future__ import annotations

from collections.abc import Iterator

from core.digest import short
from core.generators.material import Material
from core.recipe import PairSettings
from core.schema import Pair


def generate(material: Material, settings: PairSettings) -> Iterator[Pair]:
    """Yield one pair a question; those kept for judging come first, so that they are what stays of duplicates."""
    for document in sorted(material.documents.values(), key=lambda d: not d.judge_only):
        chunks = material.by_document.get(document.id, ())
        for question in document.questions:
            query = " ".join(question.split())
            if not query or not chunks:
                continue
            start, end = min(chunk.start for chunk in chunks), max(chunk.end for chunk in chunks)
            key = short("columns", query, document.id)  # without the span: an edited answer keeps its question
            ids = tuple(chunk.id for chunk in chunks)
            yield Pair(key, query, document.id, start, end, ids, "columns", people=True, judge_only=document.judge_only)
