"""From rows of one objective to a batch: each text tokenised once, texts of like length together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, dropwhile, islice
from typing import TYPE_CHECKING, Any, Protocol, get_args

from core.dataset import Row
from core.models import Encoder, Kind, Vectors
from core.models.lengths import cuts
from core.objectives import Columns
from core.objectives.lessons import Lesson
from core.train import pieces
from core.train.tokens import Tokens

if TYPE_CHECKING:
    from torch import nn

    from core.train.batches import Interleaved

AHEAD = 32  # batches whose texts are read at once


Place = tuple[Kind, str, int]  # a text of a kind; the same text counts once, or once a column


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
        self.objectives, self.order = objectives, order
        self.tokens = Tokens(encoder)
        self.size = pieces.size(encoder)
        self.coming: tuple[int, Iterator[list[int]]] = (-1, iter(()))

    def __call__(self, features: Sequence[Mapping[str, int]]) -> dict[str, Any]:
        """Return the batch, as `core.train.step` takes it."""
        import torch

        batch = [feature["row"] for feature in features]
        objective, found = self._columns(batch)
        chunks, rows = self._embedded(batch, found)
        return {
            "objective": objective,
            "chunks": chunks,
            "rows": [torch.tensor(own) for own in rows],
            "labels": None if found.labels is None else torch.tensor(found.labels, dtype=torch.float32),
            "targets": self.tokens.ask(found.targets, None) if found.targets else None,
            "beside": {key: beside.of(found) for key, beside in self.objectives[objective].beside.items()},
        }

    def _columns(self, batch: Sequence[int]) -> tuple[int, Columns]:
        """Return the number of a batch's objective, and what its rows bring."""
        places = [self.order.place(row) for row in batch]
        objective = self.objectives[places[0][0]]
        return places[0][0], objective.columns([objective.rows[row] for _, row in places], self.order.epoch, objective.negatives)

    def _embedded(self, batch: list[int], columns: Columns) -> tuple[list[dict[str, Any]], list[list[int]]]:
        """Return the texts' tokens in chunks, and where each column's texts lie when the chunks are laid end to end."""
        wanted = [
            (kind, text, 0 if columns.once else number)
            for number, (kind, texts) in enumerate(zip(columns.kinds, columns.texts, strict=True))
            for text in texts
        ]
        tokens = self.tokens
        if tokens.simple and any((kind, text) not in tokens.known for kind, text, _ in wanted):
            tokens.read(self._ahead(batch))
        chunks = list(self._cut(dict.fromkeys(wanted)))
        places = {one: place for place, one in enumerate(chain.from_iterable(chunks))}
        found = iter(wanted)
        laid = [tokens.chunk([(kind, text) for kind, text, _ in chunk]) for chunk in chunks]
        return laid, [[places[next(found)] for _ in texts] for texts in columns.texts]

    def _cut(self, wanted: Collection[Place]) -> Iterator[list[Place]]:
        """Yield the texts that lie in one chunk: those of like length, and of one kind where the model sets them apart."""

        def length(one: Place) -> int:
            return self.tokens.length((one[0], one[1]))

        groups = [wanted] if self.tokens.alike else [[one for one in wanted if one[0] == kind] for kind in get_args(Kind)]
        for group in groups:
            order = sorted(group, key=length, reverse=True)
            for part in cuts([length(one) for one in order], *self.size):
                yield order[part]

    def _ahead(self, batch: list[int]) -> Iterator[tuple[Kind, str]]:
        """Yield the texts of a batch and of those that come after it."""
        if self.coming[0] != self.order.epoch:
            self.coming = (self.order.epoch, iter(self.order))
        after = islice(dropwhile(lambda other: other != batch, self.coming[1]), 1, AHEAD)
        for rows in chain([batch], after):
            _, columns = self._columns(rows)
            yield from ((kind, text) for kind, texts in zip(columns.kinds, columns.texts, strict=True) for text in texts)
