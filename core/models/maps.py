"""Linear maps behind a model's pooling: one for all texts, one a side, or one for queries alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.models.vectors import Kind, Vectors, unit

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import nn


@dataclass(frozen=True)
class Maps:
    """The map (d, d) of each kind of text; None leaves passages as they are, and the same array twice is one map for both."""

    query: Vectors
    document: Vectors | None

    @classmethod
    def both(cls, weight: Vectors) -> Maps:
        """Return one map for queries and passages."""
        return cls(weight, weight)

    @property
    def shared(self) -> bool:
        """Say whether queries and passages have one map."""
        return self.document is self.query

    def apply(self, vectors: Vectors, kind: Kind) -> Vectors:
        """Return vectors (n, d) of a kind put through its map, scaled to length 1; without one they stay as they are."""
        weight = self.query if kind == "query" else self.document
        return vectors if weight is None else unit(vectors @ weight.T)

    def blended(self, share: float) -> Maps:
        """Return the maps that lie `share` of the way from leaving everything as it is to these."""
        query = _towards(self.query, share)
        document = query if self.shared else None if self.document is None else _towards(self.document, share)
        return Maps(query, document)


def _towards(weight: Vectors, share: float) -> Vectors:
    return np.asarray((1 - share) * np.eye(len(weight)) + share * weight, np.float32)


def modules(model: SentenceTransformer, maps: Maps) -> list[Any]:
    """Return a model's modules with maps behind the pooling, as Dense modules; those that differ by kind stand in a Router.

    Vectors of length 1 stay so. Where passages have no map, all that they pass through is the model's own, so that their vectors
    are the model's to the last bit.
    """
    from sentence_transformers.base.modules import Router
    from sentence_transformers.sentence_transformer.modules import Normalize

    made: list[Any] = list(model.children())
    ending = [made.pop()] if isinstance(made[-1], Normalize) else []
    if maps.shared:
        made.append(_dense(maps.query))
    else:
        document = [] if maps.document is None else [_dense(maps.document)]
        made.append(Router.for_query_document([_dense(maps.query)], document))
    if not ending and maps.document is not None:
        ending = [Normalize()]
    return [*made, *ending]


def weights(model: SentenceTransformer, kind: Kind) -> list[Vectors]:
    """Return the maps (d, d) that a text of this kind goes through, in order; none where a Dense module is no plain map."""
    from sentence_transformers.sentence_transformer.modules import Dense
    from torch.nn import Identity

    dense = [module for module in _route(model, kind) if isinstance(module, Dense)]
    plain = [m for m in dense if isinstance(m.activation_function, Identity) and not m.bias and not m.use_residual]
    return [m.linear.weight.detach().float().cpu().numpy() for m in plain] if len(plain) == len(dense) else []


def routed(model: SentenceTransformer) -> bool:
    """Say whether queries and passages go different ways through the model, so that it must be told which a text is."""
    from sentence_transformers.base.modules import Router

    return any(isinstance(module, Router) for module in model.children())


def _route(model: SentenceTransformer, kind: Kind) -> Iterator[nn.Module]:
    from sentence_transformers.base.modules import Router

    for module in model.children():
        if isinstance(module, Router):
            name = kind if kind in module.sub_modules else module.default_route
            yield from module.sub_modules[name] if name else ()  # type: ignore[misc]
        else:
            yield module


def _dense(weight: Vectors) -> Any:
    import torch
    from sentence_transformers.sentence_transformer.modules import Dense

    size = len(weight)
    return Dense(size, size, bias=False, activation_function=torch.nn.Identity(), init_weight=torch.from_numpy(weight).clone())
