"""Texts as tokens: each is read once in a training, many at a time, since what is read one batch at a time a card waits for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.models import Encoder, Kind, maps

if TYPE_CHECKING:
    from torch import Tensor

Text = tuple[Kind, str]
TOGETHER = 512  # texts that are read at once
KEPT = 50_000_000  # tokens that are kept, 200 MB
IDS, MASK, SEGMENTS = "input_ids", "attention_mask", "token_type_ids"


class Tokens:
    """What a model's tokenizer makes of texts, kept by the text and its kind, and laid into one chunk as the library lays it.

    A model whose tokenizer makes more of a text than a row of tokens (`simple` is False then) is asked anew for every chunk.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.routed = maps.routed(encoder.model)
        self.known: dict[Text, np.ndarray] = {}
        self.kept = 0
        self.around: dict[Kind, dict[str, Any]] = {}  # what stands in a chunk beside tokens
        self.segments = False
        self.simple = getattr(encoder.model.tokenizer, "pad_token_id", None) is not None

    @property
    def alike(self) -> bool:
        """Say whether queries and documents may lie in one chunk: they go the same way through the model."""
        return self.simple and not self.routed and len({str(rest) for rest in self.around.values()}) < 2

    def length(self, text: Text) -> int:
        """Return how long a text is: its tokens, or its characters where they are not known."""
        return len(self.known[text]) if text in self.known else len(text[1])

    def read(self, texts: Iterable[Text]) -> None:
        """Read those of the texts that are not known yet."""
        if self.kept > KEPT:
            self.known, self.kept = {}, 0
        fresh = sorted(dict.fromkeys(text for text in texts if text not in self.known), key=lambda one: (one[0], -len(one[1])))
        for kind in dict.fromkeys(kind for kind, _ in fresh):
            own = [text for text in fresh if text[0] == kind]
            for start in range(0, len(own), TOGETHER):
                if not self.simple:
                    return
                self._keep(own[start : start + TOGETHER], self.ask([text for _, text in own[start : start + TOGETHER]], kind))

    def chunk(self, texts: Sequence[Text]) -> dict[str, Any]:
        """Return texts as the model takes them, padded to the longest; those of several kinds only where they are `alike`."""
        import torch

        kind = texts[0][0]
        if not self.simple or any(text not in self.known for text in texts):
            return self.ask([text for _, text in texts], kind)
        rows = [self.known[text] for text in texts]
        shape = (len(rows), max(map(len, rows)))
        ids, mask = np.full(shape, self.encoder.model.tokenizer.pad_token_id, np.int64), np.zeros(shape, np.int64)
        left = self.encoder.model.tokenizer.padding_side == "left"
        for row, own in enumerate(rows):
            place = slice(shape[1] - len(own), None) if left else slice(len(own))
            ids[row, place], mask[row, place] = own, 1
        found: dict[str, Tensor] = {IDS: torch.from_numpy(ids), MASK: torch.from_numpy(mask)}
        if self.segments:
            found[SEGMENTS] = torch.zeros_like(found[IDS])
        return found | self.around[kind]

    def ask(self, texts: Sequence[str], kind: Kind | None) -> dict[str, Any]:
        """Return what the model's own preprocessing makes of texts; without a kind they get no prompt."""
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        way = {"task": kind} if self.routed and kind else {}
        prompt = (self.encoder.prompt(kind) or None) if kind else None
        return dict(self.encoder.model.preprocess(clean, prompt=prompt, **way)) | way

    def _keep(self, texts: Sequence[Text], made: dict[str, Any]) -> None:
        from torch import Tensor

        tensors = {name for name, value in made.items() if isinstance(value, Tensor)}
        odd = not {IDS, MASK} <= tensors <= {IDS, MASK, SEGMENTS} or (SEGMENTS in tensors and bool(made[SEGMENTS].any()))
        if odd:
            self.simple = False
            return
        self.segments = SEGMENTS in tensors
        self.around[texts[0][0]] = {name: value for name, value in made.items() if name not in tensors}
        for text, ids, mask in zip(texts, made[IDS].numpy(), made[MASK].numpy() > 0, strict=True):
            self.known[text] = ids[mask].astype(np.int32)
            self.kept += int(mask.sum())
