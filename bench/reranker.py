"""What a tuned reranker is worth: trained on one author's questions, judged by another's, beside late interaction and BM25.

The cross-encoder starts from the bundled encoder with a fresh head, as it does where there is no network. It takes a quarter of an hour
of two cores, so it is run by itself: python -m bench.reranker.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from pathlib import Path

from bench import report

RETRIEVAL = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "retrieval"
TRAINED_ON, JUDGED_BY = "aipolicy_vincha", "aipolicy_danzerca"
HELD_OUT = 0.1  # of the passages, whose questions choose the epoch


def main(settings: dict[str, object]) -> None:
    from core import models, reranker
    from core.dataset import Dataset
    from core.embeddings import EmbeddingStore
    from core.evaluate import reranking, tasks
    from core.recipe import parse
    from core.recipe.evaluation import SearchTask
    from core.schema import TrainPair

    found, judging = (
        tasks.collection(SearchTask.model_validate({"type": "ir", "dataset": str(RETRIEVAL / name)})) for name in (TRAINED_ON, JUDGED_BY)
    )
    texts = {passage.id: passage.text for passage in found.passages}
    held = set(random.Random(1).sample(sorted(texts), round(HELD_OUT * len(texts))))
    dev = tuple(q for q in found.questions if held.issuperset(q.relevant))
    train = tuple(
        TrainPair(q.id, key, q.query, texts[key], "llm", avoid=q.relevant, marks=(key,))
        for q in found.questions
        if held.isdisjoint(q.relevant)
        for key in q.relevant
    )
    recipe = parse({"reranker": {"dev_questions": 60, "depth": 50, "negatives": 3, **settings}})
    with tempfile.TemporaryDirectory() as place:
        store = EmbeddingStore(Path(place) / "vectors")
        start, used = time.perf_counter(), time.process_time()
        made = reranker.train(
            Dataset(found.passages, train, dev, (), ""), recipe, Path(place), store, metric=lambda row: print(json.dumps(row), flush=True)
        )
        report.line(f"tuning: {made.questions:,} questions, {made.rows:,} rows, {made.epochs:g} epochs", time.perf_counter() - start, "s")
        report.line("of them processor time", time.process_time() - used, "s")
        print("  dev nDCG@10, epoch 0 is the base's order:", ", ".join(f"{point.score:.3f}" for point in made.history))
        base = models.load(recipe.train.base_model)
        start = time.perf_counter()
        judged = reranking.judge(
            Dataset(judging.passages, (), (), judging.questions, JUDGED_BY),
            base,
            Path(place) / reranker.FOLDER if made.made else None,
            store,
            recipe.evaluate,
            depth=recipe.reranker.depth,
        )
        report.line(f"judging by {len(judging.questions)} questions", time.perf_counter() - start, "s")
        for system in judged.systems:
            interval = system.metrics["nDCG@10"]
            print(f"  {system.label:<28} {interval.mean:.3f} ({interval.low:.3f} to {interval.high:.3f})")
        print(" ", judged.verdict.text)
        print("  against late interaction:", judged.against_late.text)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]) if sys.argv[1:] else {})
