"""Texts as windows of tokens, hidden words among them: the same for a seed, so that a resumed phase sees what it would have seen."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.digest import digest

POOL = 16  # batches whose windows are sorted by length before they are cut
Window = Mapping[str, Any]


def cut(texts: Sequence[str], tokenizer: Any, longest: int) -> list[Window]:
    """Return the texts' tokens in windows of at most `longest`; a long text has several, so that all of it is read."""
    clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
    found = tokenizer(clean, truncation=True, max_length=longest, return_overflowing_tokens=True, return_special_tokens_mask=True)
    return [
        {"input_ids": ids, "special_tokens_mask": special}
        for ids, special in zip(found["input_ids"], found["special_tokens_mask"], strict=True)
    ]


@dataclass(frozen=True)
class Windows:
    """Windows that are gone through `epochs` times, batch by batch, with a share of `mask` of their tokens hidden."""

    windows: Sequence[Window]
    tokenizer: Any
    mask: float
    size: int
    epochs: int
    seed: int

    @cached_property
    def order(self) -> list[tuple[int, int]]:
        """All (epoch, window) of all epochs in the order in which they are read; windows of like length stand together."""
        return [(epoch, place) for epoch in range(self.epochs) for batch in self._epoch(epoch) for place in batch]

    def _epoch(self, epoch: int) -> list[list[int]]:
        draw = random.Random(f"windows {self.seed} {epoch}")
        places = list(range(len(self.windows)))
        draw.shuffle(places)
        pool = POOL * self.size
        ordered = [
            place
            for start in range(0, len(places), pool)
            for place in sorted(places[start : start + pool], key=lambda i: len(self.windows[i]["input_ids"]))
        ]
        batches = [ordered[start : start + self.size] for start in range(0, len(ordered), self.size)]
        *full, last = batches
        draw.shuffle(full)
        return [*full, last]  # a shorter one anywhere else would shift all that follow

    def batches(self) -> Iterator[dict[str, Any]]:
        """Yield the batches of one epoch, in the windows' own order."""
        for start in range(0, len(self.windows), self.size):
            yield self.collate([(0, place) for place in range(start, min(start + self.size, len(self.windows)))])

    def collate(self, items: Sequence[tuple[int, int]]) -> dict[str, Any]:
        """Return the tensors of some (epoch, window), padded, their tokens hidden as these items are every time."""
        import torch
        from transformers import DataCollatorForLanguageModeling

        hide = DataCollatorForLanguageModeling(self.tokenizer, mlm_probability=self.mask)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(digest("hidden", self.seed, list(map(list, items)))[:12], 16))
            return dict(hide([dict(self.windows[place]) for _, place in items]))
