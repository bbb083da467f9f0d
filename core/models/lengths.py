"""Texts of like length go through a model together: on a processor time goes with the padding.

The library puts them in order by their characters. A table has many more tokens than prose of so many characters: of what 256
passages of real documents were padded to, 27 % was padding, and 6 % by tokens (bench/RESULTS.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")

EXTRA = 100  # tokens, in whose time a processor begins another part (50 and 200 measured as fast)


def of(texts: Sequence[str], tokenizer: Any, most: int, device: str, seconds: Sequence[str] | None = None) -> list[int]:
    """Return how long each text is to a model that reads `most` tokens: its tokens, or its characters where those are not worth counting.

    A card waits for its texts to be read, not for the padding. `seconds` are read together with the texts, one with each.
    """
    from transformers import PreTrainedTokenizerBase

    if device != "cpu" or not isinstance(tokenizer, PreTrainedTokenizerBase) or not texts:
        return [len(text) for text in texts] if seconds is None else [len(a) + len(b) for a, b in zip(texts, seconds, strict=True)]
    sides = [list(side) for side in (texts, seconds) if side is not None]
    read = tokenizer(*sides, truncation=True, max_length=most, return_attention_mask=False, return_token_type_ids=False)
    return [len(ids) for ids in read["input_ids"]]


def cuts(lengths: Sequence[int], most: int, extra: int) -> list[slice]:
    """Return how to cut texts, the longest first, into parts of at most `most` so that the least is computed.

    A part costs the tokens that its texts are padded to, and `extra` tokens more.
    """
    count, size = len(lengths), np.asarray(lengths, np.int64)
    if 0 < count <= most and size[0] * count <= size.sum() + extra:
        return [slice(0, count)]  # all other ways cost more
    costs, starts = np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64)  # of the first texts, and where their last part starts
    for end in range(1, count + 1):
        begin = max(0, end - most)
        ways = costs[begin:end] + size[begin:end] * np.arange(end - begin, 0, -1)
        starts[end] = begin + ways.argmin()
        costs[end] = ways.min() + extra
    found = []
    while count:
        found.append(slice(int(starts[count]), count))
        count = int(starts[count])
    return found[::-1]


def together(run: Callable[[list[T]], Sequence[Any]], items: Sequence[T], lengths: Sequence[int], most: int, device: str) -> list[Any]:
    """Return what `run` makes of each item, in their order; it is given at most `most` of like length at once, the longest first."""
    order = sorted(range(len(items)), key=lambda i: -lengths[i])
    found: list[Any] = [None] * len(items)
    if device == "cpu":
        parts = cuts([lengths[i] for i in order], most, EXTRA)
    else:
        parts = [slice(start, start + most) for start in range(0, len(items), most)]
    for part in parts:
        own = order[part]
        for place, made in zip(own, run([items[i] for i in own]), strict=True):
            found[place] = made
    return found
