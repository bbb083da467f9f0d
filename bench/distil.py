"""What a model's own late interaction teaches its vectors by texts alone: a set's own questions before and after Quick.

    python -m bench.distil                          Cranfield and the health answers: ten minutes and more on two cores
    python -m bench.distil medquad_cdc              one set

Lessons are made of the passages of all documents but 15 %; key phrases of those choose the epoch. The set's own questions judge.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from pathlib import Path

from bench import report
from bench.mix import RETRIEVAL, Collection
from core import metrics, models
from core.dataset import ObjectiveRows, TextRow
from core.embeddings import EmbeddingStore
from core.generators import GENERATORS
from core.recipe import BASE_MODEL, PairSettings, parse
from core.train import plan, quick, quickly, watch

SETS = ("cranfield", "medquad_cdc", "medquad_nhlbi")
TEXTS = {"type": "unsupervised", "loss": "LateInteractionDistillation", "datasets": {"train": {"name": "project:Bench"}}}


def measure(name: str, folder: Path) -> None:
    """Print the base's nDCG@10 and what the maps that dev chose, and those of the last epoch, add to it."""
    collection, base, store = Collection(name), models.load(BASE_MODEL), EmbeddingStore(folder)
    queries = store.vectors(base, collection.queries, "query")
    passages = store.vectors(base, [chunk.text for chunk in collection.chunks], "document")
    before = collection.score(queries, passages)
    print(f"{name}: {len(collection.chunks)} passages, {len(before)} questions, base {before.mean():.3f}", flush=True)
    data = collection.dataset(list(GENERATORS["phrases"].load()(collection.material, PairSettings())), 1)
    held = {key for question in data.dev for key in question.relevant}
    texts = dict.fromkeys(chunk.text for chunk in collection.chunks if chunk.id not in held)
    data = dataclasses.replace(data, objectives=(ObjectiveRows(tuple(map(TextRow, texts))),))
    settings = parse({"train": {"objectives": [TEXTS], "dial": "quick", "chance": 1}}).train
    settled = plan.derive(settings, "quick", len(data.train), people=False)
    task = quickly.distilling(data, settings, settled, base, store, watch.Watch())
    for epochs in (5, settled.epochs):
        outcome, maps = quick.fit(data, base, dataclasses.replace(settled, epochs=epochs), store, watch.Watch(), task)
        after = collection.score(maps.apply(queries, "query"), maps.apply(passages, "document"))
        found = metrics.interval(after - before, resamples=5000, seed=1, groups=collection.together)
        said = f"{epochs} epochs, dev chose epoch {outcome.best_epoch:g}, share {outcome.share:g}"
        print(f"  {said:<50} {found.mean:+.4f}  ({found.low:+.4f} to {found.high:+.4f})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="What self-distillation on texts alone is worth.")
    parser.add_argument("sets", nargs="*", default=[], help=f"of {', '.join(SETS)}")
    parser.add_argument("--embeddings", type=Path, help="A folder that keeps vectors, so that the next time takes less.")
    given = parser.parse_args()
    if not RETRIEVAL.exists():
        sys.exit("The retrieval sets do not lie beside the project, so nothing is measured.")
    print(report.machine())
    with tempfile.TemporaryDirectory() as folder:
        for name in given.sets or SETS:
            measure(name, given.embeddings or Path(folder))


if __name__ == "__main__":
    main()
