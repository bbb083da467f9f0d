"""Cells: a pair of an anchor and one column of its row is learned from that column's cells, not from whole rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from core.schema import Chunk, Document, Pair, TrainPair


def narrowed(rows: Iterable[TrainPair], pair: Pair, chunks: Mapping[str, Chunk], documents: Mapping[str, Document]) -> list[TrainPair]:
    """Return a pair's rows with the cells of its column in place of the passages that hold them, the wrong answers' too.

    A pair is about a column when its span is that column's cell (`Document.parts`); all others are returned as they are. In
    search, where there are only passages, the one that holds the cell is the answer.
    """
    own = documents.get(pair.document_id)
    column = next((name for name, span in own.parts.items() if span == (pair.start, pair.end)), None) if own else None
    if column is None:
        return list(rows)
    cells = {}
    for chunk in [chunks[key] for key in (*pair.positives, *pair.negatives) if key in chunks]:
        holder = documents.get(chunk.document_id)
        if holder and column in holder.parts:
            start, end = holder.parts[column]
            cells[chunk.text] = chunk.text[max(0, start - chunk.start) : max(0, end - chunk.start)].strip() or chunk.text
    return [
        replace(
            row,
            query=cells.get(row.query, row.query),  # a pair that is turned round has its passage there
            positive=cells.get(row.positive, row.positive),
            negatives=tuple(cells.get(text, text) for text in row.negatives),
        )
        for row in rows
    ]
