"""What embedding a batch once for all its terms saves, beside a plain sum of losses, each of which embeds it for itself."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import report
from bench.train import dataset
from core import models
from core.embeddings import EmbeddingStore
from core.models import Encoder
from core.recipe import BASE_MODEL, parse
from core.schema import silent
from core.train import layers, objectives, plan
from core.train.collate import Collator, Objective
from core.train.step import Step

BATCH = 16
ROUNDS = 2  # after one that is not counted; the three take turns
LENGTHS = (384, 256, 128, 64)
ONE = {"type": "contrastive", "datasets": {"train": {"name": "project:Bench"}}, "loss": "MultipleNegativesRankingLoss"}
THREE = {
    **ONE,
    "distillation": {"alpha": 0.5, "teacher": {"name": BASE_MODEL}},
    "variation_penalty": {"alpha": 0.5},
    "matryoshka": {"matryoshka_dims": LENGTHS},
}


def once(base: Encoder, wanted: dict[str, Any], folder: Path) -> tuple[Objective, Callable[[], Any]]:
    """Return an objective over a batch of pairs, and what computes its loss from one embedding of the batch."""
    from core.dataset import ObjectiveRows

    data = dataset(BATCH)
    settings = parse({"objectives": [wanted]}).train
    data = type(data)(data.passages, data.train, data.dev, (), "", objectives=(ObjectiveRows(data.train[:BATCH]),))
    made = plan.derive(settings, "balanced", BATCH, True)
    found = objectives.build(data, settings, made, base, EmbeddingStore(folder), silent)
    batch = Collator(base, found, objectives.order(found, settings, made))([{"row": row} for row in range(BATCH)])
    return found[0], lambda: Step([found[0].loss])(base.model, batch)


def each(base: Encoder, objective: Objective) -> Callable[[], Any]:
    """Return what computes the same loss as a sum of losses that stand on the model itself, as the library's are used."""
    from sentence_transformers.sentence_transformer.losses import MatryoshkaLoss, MultipleNegativesRankingLoss

    from core.losses.distill_kl import InBatchKL
    from core.losses.given import TEACHER
    from core.losses.spread import SpreadPenalty

    model: Any = base.model
    columns = objective.columns(objective.rows, 0, 0)
    taught = objective.beside[TEACHER].of(columns)
    tokens = [dict(model.preprocess(list(texts))) for texts in columns.texts]
    terms = [(1.0, MultipleNegativesRankingLoss(model)), (0.5, InBatchKL(model)), (0.5, SpreadPenalty(model, BATCH))]
    losses = [(weight, MatryoshkaLoss(model, term, LENGTHS)) for weight, term in terms]

    def compute() -> Any:
        return sum(
            weight * loss([{**column, TEACHER: vectors} for column, vectors in zip(tokens, taught, strict=True)], None)
            for weight, loss in losses
        )

    return compute


def seconds(base: Encoder, compute: Callable[[], Any]) -> tuple[float, float]:
    """Return the processor time of a forward and a backward pass, which other work on the machine does not change, and the loss."""
    start = time.process_time()
    loss = compute()
    loss.backward()
    base.model.zero_grad()
    return time.process_time() - start, float(loss.detach())


def main() -> None:
    base = models.load(BASE_MODEL, "cpu")
    with tempfile.TemporaryDirectory() as folder:
        _, alone = once(base, ONE, Path(folder))
        objective, three = once(base, THREE, Path(folder))
        summed = each(base, objective)
    layers.without_dropout(base.model)
    base.model.train()
    rounds = [[seconds(base, compute) for compute in (summed, three, alone)] for _ in range(ROUNDS + 1)][1:]
    (plain, first), (ours, second), (bare, _) = ((statistics.median(one[i][0] for one in rounds), rounds[0][i][1]) for i in range(3))
    lengths = ", ".join(map(str, LENGTHS))
    report.line(f"a plain sum of three terms at {lengths} numbers, {BATCH} pairs", plain, "s", note=f"loss {first:.4f}")
    report.line("the same over one embedding of the batch", ours, "s", note=f"loss {second:.4f}, {plain / ours:.1f} times as fast")
    report.line(
        "one of the terms alone, at full length", bare, "s", note=f"the other two and all lengths cost {100 * (ours / bare - 1):.0f} %"
    )


if __name__ == "__main__":
    sys.exit(main())
