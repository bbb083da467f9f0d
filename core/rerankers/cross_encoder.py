"""A cross-encoder: one model reads question and passage together and says how well they fit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import models, search
from core.errors import UserError
from core.models import Kind, Vectors, compute, files, lengths
from core.search import NOTHING, Positions, Scores

if TYPE_CHECKING:
    from core.rerankers import Request

TOO_LARGE = UserError(
    "There is not enough memory to read a question and a passage with this cross-encoder.", "Close other programs, or choose a smaller one."
)
OTHERWISE = "Use late interaction, which needs no download, or give the folder of a cross-encoder."


def rerank(request: Request) -> tuple[Positions, Scores]:
    """Order the first hits by a cross-encoder's score (the logit, before any sigmoid).

    What it does: full attention between question and passage. What it needs: a model of 90 MB from the hub, or a folder.
    When to choose it: when a few hundred milliseconds a question do not matter and the questions are ordinary English
    ones, as it was trained on (MS MARCO); otherwise late interaction is as good and always there. Raises `UserError`
    where the model cannot be had. Source: Nogueira and Cho 2019.
    """
    model = _load(_folder(request.cross_encoder))
    first = request.first[:, : request.depth]
    return search.ordered(first, scores(model, request.queries, request.texts, first, request.encoder.precision))


def scores(model: Any, queries: Sequence[str], texts: Sequence[str], ranking: Positions, precision: str) -> Scores:
    """Return a cross-encoder's score of each query (row) with each text that its ranking names, -inf where it names none."""
    cells = np.argwhere(ranking != NOTHING)
    pairs = [(_clean(queries[row]), _clean(texts[ranking[row, column]])) for row, column in cells]
    found = np.full(ranking.shape, -np.inf, np.float32)
    if pairs:
        with compute.autocast(model.device.type, precision):
            found[tuple(cells.T)] = _logits(model, pairs)
    return found


class Scorer:
    """A cross-encoder as the store of vectors takes it: its score of a question with a passage is a row of one number, kept for good.

    The model is loaded when a score is asked for that is not there yet. Raises `UserError` where it cannot be had.
    """

    dimension, precision = 1, "float32"

    def __init__(self, name: str) -> None:
        self.folder = _folder(name)
        self.digest = files.fingerprint(self.folder)
        self.max_tokens = files.max_tokens(str(self.folder))

    def prompt(self, kind: Kind) -> str:
        """Return what keeps scores apart from vectors of the same files."""
        return "score"

    @staticmethod
    def pair(query: str, passage: str) -> str:
        """Return a question and a passage as the one text by which their score is kept."""
        return json.dumps([query, passage], ensure_ascii=False)

    def encode(self, texts: Sequence[str], kind: Kind) -> Vectors:
        """Return the score (a logit) of each pair, (n, 1)."""
        pairs = [(_clean(query), _clean(passage)) for query, passage in map(json.loads, texts)]
        return _logits(_load(self.folder), pairs).reshape(-1, 1)


def _logits(model: Any, pairs: Sequence[tuple[str, str]]) -> Scores:
    """Return a cross-encoder's score of each pair, as many at once as memory holds."""

    device = model.device.type
    queries, passages = [query for query, _ in pairs], [passage for _, passage in pairs]
    long = lengths.of(queries, model.tokenizer, model.max_seq_length or 512, device, passages)

    def run(size: int) -> list[Any]:
        return lengths.together(partial(model.predict, batch_size=size, show_progress_bar=False), pairs, long, size, device)

    found, _ = compute.within_memory(run, compute.batch(device), TOO_LARGE)
    return np.asarray(found, np.float32).reshape(-1)


def is_one(name: str) -> bool:
    """Say whether a model is a cross-encoder; raise `UserError` where it cannot be had."""
    return has_head(models.resolve(name))


def _folder(name: str) -> Path:
    try:
        folder = models.resolve(name)
    except UserError as error:
        raise UserError(f"The cross-encoder cannot be had. {error.message}", OTHERWISE) from None
    # Any other model would be given an untrained head, and its scores would be chance.
    if not has_head(folder):
        raise UserError(f"{folder.name} is not a cross-encoder.", OTHERWISE)
    return folder


def has_head(folder: Path) -> bool:
    """Say whether a model's folder holds a cross-encoder, not an encoder alone."""
    config = json.loads((folder / "config.json").read_text("utf-8")) if (folder / "config.json").exists() else {}
    return any(name.endswith("ForSequenceClassification") for name in config.get("architectures") or ())


@lru_cache(maxsize=1)
def _load(folder: Path) -> Any:
    return load(folder)


def load(folder: Path, max_tokens: int | None = None, *, seed: int | None = None) -> Any:
    """Load a cross-encoder as data alone: safetensors, the library's own classes, no remote code; its score is the logit.

    With a `seed`, an encoder is taken too, and given a fresh head, which is always the same for the seed. Raises `UserError`.
    """
    import torch
    from safetensors import SafetensorError
    from sentence_transformers import CrossEncoder
    from torch import nn

    if seed is not None:
        torch.manual_seed(seed)
    try:
        model = CrossEncoder(
            str(folder),
            num_labels=None if seed is None else 1,
            max_length=max_tokens,
            device=compute.device(),
            trust_remote_code=False,
            local_files_only=True,
            token=False,
            activation_fn=nn.Identity(),  # else the model's configuration names one to import
            model_kwargs={"use_safetensors": True, "dtype": "float32"},
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        raise UserError(f"The cross-encoder {folder.name} cannot be loaded ({type(error).__name__}).", OTHERWISE) from error
    if model.num_labels != 1:
        raise UserError(f"{folder.name} gives {model.num_labels} labels, not one score.", OTHERWISE)
    return model


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
