"""Rerankers: they put the first hits of a search in a new order. One file an entry; nothing here is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.embeddings import EmbeddingStore
from core.models import Encoder
from core.registry import Choice, Registry
from core.schema import Progress, silent
from core.search import Positions, Scores

CROSS_ENCODER = "cross-encoder/ms-marco-MiniLM-L6-v2"


@dataclass(frozen=True)
class Request:
    """What every reranker is given: queries, the texts of all passages, and what was found `first`.

    `first` is (n, k): for each query positions in `texts`, best first, filled up with -1; its first `depth` are reranked.
    `cross_encoder` is a name at the hub or a folder.
    """

    queries: Sequence[str]
    texts: Sequence[str]
    first: Positions
    encoder: Encoder
    embeddings: EmbeddingStore
    depth: int = 50
    cross_encoder: str = CROSS_ENCODER
    progress: Progress = silent


Rerank = Callable[[Request], tuple[Positions, Scores]]
"""An entry: the new order of each query, (n, up to depth) positions in `texts`, and the scores it follows."""

RERANKERS = Registry(
    "reranker",
    {
        "late_interaction": Choice(
            "core.rerankers.late_interaction:rerank",
            "Late interaction",
            "Compares the question word by word with each passage, by the model's own word vectors. Needs no download and no training.",
        ),
        "first_bm25": Choice(
            "core.rerankers.first_bm25:rerank",
            "Keyword search first",
            "Takes the 100 passages that share most words with the question, in the order of the model. Finds names and codes.",
        ),
        "cross_encoder": Choice(
            "core.rerankers.cross_encoder:rerank",
            "Cross-encoder",
            f"Reads question and passage together. Slower; needs {CROSS_ENCODER} from the hub, or a folder.",
            needs=("cross-encoder model",),
        ),
    },
)


def rerank(name: str, request: Request) -> tuple[Positions, Scores]:
    """Put the first hits in the order of the reranker called `name`; raise `UserError` where it cannot be had."""
    entry: Rerank = RERANKERS[name].load()
    return entry(request)
