"""Texts of like length go through a model together: on a processor time goes with the padding.

The library puts them in order by their characters. A table has many more tokens than prose of so many characters: of what 256
passages of real manuals were padded to, 27 % was padding, and 6 % by tokens (bench/RESULTS.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def of(texts: Sequence[str], tokenizer: Any, most: int, device: str) -> list[int]:
    """Return how long each text is to a model that reads `most` tokens: its tokens, or its characters where those are not worth counting.

    A card waits for its texts to be read, not for the padding.
    """
    from transformers import PreTrainedTokenizerBase

    if device != "cpu" or not isinstance(tokenizer, PreTrainedTokenizerBase) or not texts:
        return [len(text) for text in texts]
    read = tokenizer(list(texts), truncation=True, max_length=most, return_attention_mask=False, return_token_type_ids=False)
    return [len(ids) for ids in read["input_ids"]]


def together(run: Callable[[list[T]], Sequence[Any]], items: Sequence[T], lengths: Sequence[int], size: int) -> list[Any]:
    """Return what `run` makes of each item, in their order; it is given at most `size` at once, the longest first."""
    order = sorted(range(len(items)), key=lambda i: -lengths[i])
    found: list[Any] = [None] * len(items)
    for start in range(0, len(order), size):
        part = order[start : start + size]
        for place, made in zip(part, run([items[i] for i in part]), strict=True):
            found[place] = made
    return found
