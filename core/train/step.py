"""One training step: every text of the batch embedded once, its vectors put through the objective's loss.

A batch is a plain mapping, as the trainer moves it to the device: `objective`, `chunks` (the tokens of texts of like length), `rows`
(for each column, which texts stand in it), `labels`, `targets` (the tokens of one more column, which is not embedded, or None), and
`beside` (for each column, further vectors by their key).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from sentence_transformers.base.losses.gradcache import RandContext
from torch import Tensor, nn

from core.losses.given import VECTOR
from core.train import pieces, sampling
from core.train.pieces import Chunk, Size
from core.train.tokens import IDS, MASK

Batch = Mapping[str, Any]


class Step:
    """Return the loss of a batch. With `part`, so many texts at most are embedded at once, by gradient caching.

    Then memory holds the activations of one part only, and the loss and its gradients are those of the whole batch, whatever
    the loss: vectors first, without activations; the loss's gradients at the vectors; each part again, with them. Source: Gao et
    al. 2021 (arXiv 2101.06983), with the library's keeping of random states.

    With a `share` below 1, so much of a batch's tokens, on average, go through the model again: `sampling` draws their texts, which
    are laid into chunks of a `size` of their own.
    """

    def __init__(self, losses: Sequence[nn.Module], part: int = 0, share: float = 1.0, size: Size = pieces.ON_A_PROCESSOR) -> None:
        self.losses = losses
        self.part = part
        self.share = share
        self.size = size

    def __call__(self, model: nn.Module, batch: Batch) -> Tensor:
        """Return the loss, ready for `backward`; `model` is the one in training, perhaps wrapped by the trainer."""
        loss = self.losses[batch["objective"]]
        if (not self.part and self.share >= 1) or not torch.is_grad_enabled():
            vectors = [model(dict(chunk))[VECTOR] for chunk in batch["chunks"]]
            return self._loss(loss, vectors, batch)
        parts = [piece for chunk in batch["chunks"] for piece in (pieces.cut(chunk, self.part) if self.part else [chunk])]
        states, vectors = [], []
        with torch.no_grad():
            for piece in parts:
                states.append(RandContext(*(value for value in piece.values() if isinstance(value, Tensor))))
                vectors.append(model(dict(piece))[VECTOR])
        leaves = [one.detach().requires_grad_() for one in vectors]
        value = self._loss(loss, leaves, batch)
        weights = [weight for weight in loss.parameters() if weight.requires_grad]  # a decoder's
        slopes = torch.autograd.grad(value, [*leaves, *weights], allow_unused=True)
        again_with = list(zip(parts, states, slopes[: len(parts)], strict=True))
        if self.share < 1:
            most = min(self.part or self.size.most, self.size.most)
            again_with = list(_drawn(again_with, self.share, Size(most, self.size.extra)))
        result = value.detach().requires_grad_()
        precision = torch.is_autocast_enabled(value.device.type), torch.get_autocast_dtype(value.device.type)

        def again(outer: Tensor) -> None:
            # The hook runs outside of the trainer's autocast, which must be as it was when the vectors were made.
            for weight, slope in zip(weights, slopes[len(parts) :], strict=True):
                if slope is not None:
                    weight.grad = slope * outer if weight.grad is None else weight.grad + slope * outer
            for number, (piece, state, slope) in enumerate(again_with, 1):
                # Several processes exchange gradients once, with those of the last part.
                alone: Any = model.no_sync() if number < len(again_with) and hasattr(model, "no_sync") else nullcontext()  # type: ignore[operator]
                as_before = torch.autocast(value.device.type, dtype=precision[1], enabled=precision[0])
                with alone:
                    with state, torch.enable_grad(), as_before:
                        once_more = model(dict(piece))[VECTOR]
                    once_more.backward(gradient=slope.to(once_more.dtype) * outer)

        result.register_hook(again)  # type: ignore[no-untyped-call]
        return result

    def _loss(self, loss: nn.Module, vectors: Sequence[Tensor], batch: Batch) -> Tensor:
        every = torch.cat([one.float() for one in vectors])
        beside = batch["beside"]
        features = [
            {VECTOR: every[rows], **{key: columns[number] for key, columns in beside.items()}} for number, rows in enumerate(batch["rows"])
        ]
        if batch["targets"]:
            features.append(dict(batch["targets"]))
        value: Tensor = loss(features, batch["labels"])
        return value


Again = tuple[Chunk, Any, Tensor]  # a part, the random state it was embedded with, and the slopes at its vectors


def _drawn(parts: Sequence[Again], share: float, size: Size) -> Iterator[Again]:
    """Yield the texts that go through the model again, laid anew, with their slopes."""
    work = [chunk[MASK].sum(dim=1) for chunk, _, _ in parts]
    found = sampling.drawn([slopes for _, _, slopes in parts], work, share)
    taken = torch.cat([slopes for _, slopes in found])
    chosen = [pieces.rows(chunk, which) for (chunk, _, _), (which, _) in zip(parts, found, strict=True)]
    for chunk, places in pieces.relaid([chunk for chunk in chosen if len(chunk[IDS])], size):
        yield chunk, nullcontext(), taken[places.to(taken.device)]
