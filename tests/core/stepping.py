"""A batch of pairs and a loss for tests of single training steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from core.losses.given import VECTOR
from core.models import Encoder
from core.train.quick import ranking_loss
from tests import tiny


class Ranking(nn.Module):
    """Each query's passage against all others of the batch."""

    def forward(self, features: Sequence[Mapping[str, Tensor]], labels: None) -> Any:
        return ranking_loss(features[0][VECTOR], features[1][VECTOR], 5.0)


def batch(encoder: Encoder, pairs: int, start: int = 0, *, together: bool = False) -> dict[str, Any]:
    """Return pairs as `core.train.step` takes them: queries and passages a chunk each, or `together` in one, of many lengths."""
    rows = tiny.dataset(40).train[start : start + pairs]
    texts = [row.query for row in rows], [row.positive for row in rows]
    chunks = [dict(encoder.model.preprocess(own)) for own in ([texts[0] + texts[1]] if together else texts)]
    places = [torch.arange(pairs), torch.arange(pairs, 2 * pairs)]
    return {"objective": 0, "chunks": chunks, "rows": places, "labels": None, "targets": None, "beside": {}}
