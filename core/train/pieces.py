"""Chunks of tokens: how many texts go through a model at once, and chunks taken apart and laid anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from core.models import Encoder, lengths
from core.train import layers
from core.train.tokens import IDS, MASK

if TYPE_CHECKING:
    from torch import Tensor

Chunk = Mapping[str, Any]


class Size(NamedTuple):
    """How large chunks are: `most` texts, and fewer where that spares more padding than `extra` tokens."""

    most: int
    extra: int


ON_A_PROCESSOR = Size(16, lengths.EXTRA)
ON_A_CARD = 128  # texts: time goes with the number of chunks until they are large


def size(encoder: Encoder) -> Size:
    """Return how large chunks are where a model trains."""
    if encoder.device != "cuda":
        return ON_A_PROCESSOR
    return Size(ON_A_CARD, max(lengths.EXTRA, layers.worth_launching(encoder.model)))


def rows(chunk: Chunk, which: slice | Tensor) -> dict[str, Any]:
    """Return some of a chunk's texts."""
    return {**chunk, **{name: chunk[name][which] for name in _of_texts(chunk)}}


def cut(chunk: Chunk, most: int) -> Iterator[dict[str, Any]]:
    """Yield a chunk's texts, `most` at a time."""
    for start in range(0, len(chunk[IDS]), most):
        yield rows(chunk, slice(start, start + most))


def relaid(chunks: Sequence[Chunk], size: Size) -> Iterator[tuple[Chunk, Tensor]]:
    """Yield the texts of chunks in chunks of like length, each with its texts' numbers, counted through all that were given.

    Texts that go different ways through the model stay apart. A chunk that holds more of a text than a row of tokens stays as it is.
    """
    import torch

    ways: dict[str, list[tuple[Chunk, Tensor]]] = {}
    counts = [len(chunk[IDS]) for chunk in chunks]
    for chunk, numbers in zip(chunks, torch.split(torch.arange(sum(counts)), counts), strict=True):
        names = _of_texts(chunk)
        if any(chunk[name].shape != chunk[IDS].shape for name in names):
            yield chunk, numbers
        else:
            way = f"{sorted(names)} {[(name, value) for name, value in chunk.items() if name not in names]}"
            ways.setdefault(way, []).append((chunk, numbers))
    for alike in ways.values():
        numbers = torch.cat([own for _, own in alike])
        for chunk, places in _relaid([chunk for chunk, _ in alike], size):
            yield chunk, numbers[places]


def _relaid(chunks: Sequence[Chunk], size: Size) -> Iterator[tuple[Chunk, Tensor]]:
    import torch
    from torch.nn.functional import pad

    widest = max(chunk[IDS].shape[1] for chunk in chunks)
    left = any(bool((chunk[MASK][:, 0] == 0).any()) for chunk in chunks)  # as some models pad
    gaps = [widest - chunk[IDS].shape[1] for chunk in chunks]
    whole = {
        name: torch.cat([pad(chunk[name], (gap, 0) if left else (0, gap)) for chunk, gap in zip(chunks, gaps, strict=True)])
        for name in _of_texts(chunks[0])
    }
    tokens = whole[MASK].sum(dim=1).cpu()
    order = tokens.argsort(descending=True, stable=True)
    for part in lengths.cuts(tokens[order].tolist(), *size):
        places = order[part]
        longest = max(1, int(tokens[places[0]]))
        columns = slice(-longest, None) if left else slice(longest)
        yield {**chunks[0], **{name: value[places.to(value.device)][:, columns] for name, value in whole.items()}}, places


def _of_texts(chunk: Chunk) -> list[str]:
    """Return the names of what a chunk holds text by text."""
    from torch import Tensor

    return [name for name, value in chunk.items() if isinstance(value, Tensor) and value.ndim and len(value) == len(chunk[IDS])]
