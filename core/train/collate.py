"""From rows of one objective to a batch: each text tokenised once, texts of like length together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from core.dataset import Row
from core.models import Encoder, Kind, Vectors, maps
from core.objectives import Columns
from core.objectives.lessons import Lesson

if TYPE_CHECKING:
    from torch import nn

    from core.train.batches import Interleaved

CHUNK = {"cuda": 128}  # texts that are padded to one length: a card's time goes with the number of chunks
CHUNK_ELSEWHERE = 16  # a processor's goes with the padding


class Beside(Protocol):
    """What a loss is given beside the model's own vectors."""

    def of(self, columns: Columns) -> list[Any]:
        """Return a tensor a column, with one row for each of its texts."""


@dataclass(frozen=True)
class Lookup:
    """Vectors of texts that a loss needs beside the model's own: a guide's or a teacher's, embedded before training."""

    places: Mapping[tuple[Kind, str], int]
    vectors: Vectors

    def of(self, columns: Columns) -> list[Any]:
        """Return the vectors of each column's texts, (n, d)."""
        import torch

        named = zip(columns.texts, columns.kinds, strict=True)
        return [torch.from_numpy(self.vectors[[self.places[kind, text] for text in texts]]) for texts, kind in named]


@dataclass(frozen=True)
class Objective:
    """An objective in training: its rows, what a batch of them brings, its loss, and vectors beside the model's by their key."""

    name: str
    rows: Sequence[Row | Lesson]
    columns: Callable[[Sequence[Any], int, int], Columns]
    loss: nn.Module
    negatives: int = 0
    beside: Mapping[str, Beside] = field(default_factory=dict)


class Collator:
    """Make a batch of the rows whose numbers it is given; the numbers count through all objectives."""

    valid_label_columns: tuple[str, ...] = ()  # the library's trainer asks for them

    def __init__(self, encoder: Encoder, objectives: Sequence[Objective], order: Interleaved) -> None:
        self.encoder, self.objectives, self.order = encoder, objectives, order
        self.routed = maps.routed(encoder.model)
        self.chunk = CHUNK.get(encoder.device, CHUNK_ELSEWHERE)

    def __call__(self, features: Sequence[Mapping[str, int]]) -> dict[str, Any]:
        """Return the batch, as `core.train.step` takes it."""
        import torch

        places = [self.order.place(feature["row"]) for feature in features]
        number = places[0][0]
        objective = self.objectives[number]
        found = objective.columns([objective.rows[row] for _, row in places], self.order.epoch, objective.negatives)
        chunks, rows = self._embedded(found)
        return {
            "objective": number,
            "chunks": chunks,
            "rows": [torch.tensor(own) for own in rows],
            "labels": None if found.labels is None else torch.tensor(found.labels, dtype=torch.float32),
            "targets": self._tokens(found.targets, None) if found.targets else None,
            "beside": {key: beside.of(found) for key, beside in objective.beside.items()},
        }

    def _embedded(self, columns: Columns) -> tuple[list[dict[str, Any]], list[list[int]]]:
        """Return the texts' tokens in chunks, and where each column's texts lie when the chunks are laid end to end."""
        wanted = [
            (kind, text, 0 if columns.once else number)
            for number, (kind, texts) in enumerate(zip(columns.kinds, columns.texts, strict=True))
            for text in texts
        ]
        order = sorted(dict.fromkeys(wanted), key=lambda one: (one[0], -len(one[1])))
        places = {one: place for place, one in enumerate(order)}
        chunks = []
        for kind in dict.fromkeys(kind for kind, _, _ in order):
            texts = [text for own, text, _ in order if own == kind]
            prompt = self.encoder.prompt(kind) or None
            chunks += [self._tokens(texts[start : start + self.chunk], prompt, kind) for start in range(0, len(texts), self.chunk)]
        found = iter(wanted)
        return chunks, [[places[next(found)] for _ in texts] for texts in columns.texts]

    def _tokens(self, texts: Sequence[str], prompt: str | None, kind: Kind | None = None) -> dict[str, Any]:
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        way = {"task": kind} if self.routed and kind else {}
        return dict(self.encoder.model.preprocess(clean, prompt=prompt, **way)) | way
