"""What frozen layers make of a text: it is the same at every step, so it is made once and kept.

Every text goes through them alone and unpadded. So what they make of it does not hang on the batch it came in first, and a training
that was killed goes on with the same numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.train import layers
from core.train.tokens import IDS, MASK

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

KEPT = 1_000_000_000  # bytes that are kept at most
OF_FREE = 0.25  # and no more than this share of the memory that is free


class _Enough(Exception):
    """The last frozen layer is done; what lies above it need not be computed."""


class Lower:
    """While entered, a model takes what its `count` lowest layers and its embeddings make of a text from here.

    They must make the same of it each time: without dropout. A model is left as it is whose layers hand on more than one tensor, or where
    some weight is trained that frozen layers share with others.
    """

    def __init__(self, model: SentenceTransformer, count: int) -> None:
        import psutil

        self.model = model
        self.frozen = layers.frozen(model, count)
        self.known: dict[bytes, Tensor] = {}
        self.room = int(min(KEPT, OF_FREE * psutil.virtual_memory().available))
        self.kind: Any = None  # of the numbers that the layers hand on
        self.batch: Tensor | None = None  # what the frozen layers make of the texts that the model is given now
        self.hook: Any = None

    def __enter__(self) -> Lower:
        if self.frozen:
            self.hook = self.model.register_forward_pre_hook(lambda _, given: self._entered(given[0]))
        return self

    def __exit__(self, *raised: object) -> None:
        if self.hook:
            self.hook.remove()
        self._step_aside()

    def _entered(self, features: dict[str, Any]) -> None:
        """Look up or make what the model is given now, before its first layer would."""
        import torch

        self._step_aside()
        ids, mask = features[IDS], features[MASK] > 0
        texts = []
        for row in range(len(ids)):
            made = self._of(features, row, mask[row])
            if made is None:
                self.frozen = []
                return
            texts.append(made)
        self.batch = torch.zeros(*ids.shape, texts[0].shape[-1], dtype=self.kind)
        self.batch[mask] = torch.cat(texts).to(self.kind)
        for module in self.frozen:
            module.forward = lambda *given, **rest: self.batch

    def _step_aside(self) -> None:
        self.batch = None
        for module in self.frozen:
            vars(module).pop("forward", None)

    def _of(self, features: dict[str, Any], row: int, seen: Tensor) -> Tensor | None:
        """Return what the frozen layers make of one text, (tokens, d), or None where that cannot be kept."""
        key = features[IDS][row, seen].numpy().tobytes()
        made = self.known.get(key)
        if made is None:
            made = self._through({name: self._alone(value, row, seen) for name, value in features.items()})
            if made is not None and made.nbytes <= self.room:
                self.known[key] = made
                self.room -= made.nbytes
        return made

    def _alone(self, value: Any, row: int, seen: Tensor) -> Any:
        import torch

        return value[row : row + 1, seen] if isinstance(value, torch.Tensor) and value.shape[1:] == seen.shape else value

    def _through(self, features: dict[str, Any]) -> Tensor | None:
        """Send one text through the frozen layers alone; None where that is not one tensor and for good."""
        import torch

        found: list[Any] = []

        def last(module: Any, given: Any, made: Any) -> None:
            found.append(made)
            raise _Enough

        hook = self.frozen[-1].register_forward_hook(last)
        try:
            with torch.enable_grad():  # so that it shows whether something below is trained
                self.model.forward(features)
        except _Enough:
            pass
        finally:
            hook.remove()
        made = found[0] if found else None
        if not isinstance(made, torch.Tensor) or made.ndim != 3 or made.shape[:2] != features[IDS].shape or made.requires_grad:
            return None
        self.kind = made.dtype
        return made[0].to(torch.bfloat16 if torch.is_autocast_enabled("cpu") else made.dtype)
