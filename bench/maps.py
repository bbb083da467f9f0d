"""What Quick's map gains by its kind, and LoRA at several learning rates: one author's questions teach, another's judge.

`python -m bench.maps` measures the maps; `python -m bench.maps lora` LoRA beside all weights, which takes most of an hour on one core.
Seconds are the processor's.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from core import metrics, models, train
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.recipe import BASE_MODEL, LoraSettings, TrainSettings
from core.recipe.training import MAPS
from core.schema import Passage, Question, TrainPair
from core.train.dev import Dev

RETRIEVAL = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "retrieval"
TAUGHT, JUDGED = "aipolicy_vincha", "aipolicy_danzerca"
DEV = 0.15
ALL, RATES = "all weights", (1e-4, 3e-4, 1e-3, 2e-3)  # of LoRA; all weights take their own default


def read(name: str) -> tuple[list[Passage], list[tuple[str, str, str]]]:
    """Return a collection's passages, and its questions with the passage that answers each."""
    lines = {part: map(json.loads, (RETRIEVAL / name / f"{part}.jsonl").read_text("utf-8").splitlines()) for part in ("corpus", "queries")}
    passages = [Passage(row["_id"], row["text"]) for row in lines["corpus"]]
    texts = {row["_id"]: row["text"] for row in lines["queries"]}
    rows = [line.split("\t") for line in (RETRIEVAL / name / "qrels.tsv").read_text("utf-8").splitlines()[1:]]
    return passages, [(query, texts[query], passage) for query, passage, _ in rows]


def questions(rows: list[tuple[str, str, str]]) -> tuple[Question, ...]:
    """Return each question once, with all passages that answer it."""
    right: dict[tuple[str, str], list[str]] = {}
    for key, query, passage in rows:
        right.setdefault((key, query), []).append(passage)
    return tuple(Question(key, query, tuple(ids), "llm") for (key, query), ids in right.items())


def data() -> tuple[Dataset, Dataset]:
    """Return what is taught and chosen by, and what judges (as its dev part)."""
    passages, rows = read(TAUGHT)
    others, judging = read(JUDGED)
    random.Random(1).shuffle(rows)
    held, rest = rows[: round(DEV * len(rows))], rows[round(DEV * len(rows)) :]
    text = {passage.id: passage.text for passage in passages}
    pairs = tuple(TrainPair(key, passage, query, text[passage], "llm") for key, query, passage in rest)
    return Dataset(tuple(passages), pairs, questions(held), (), "bench"), Dataset(tuple(others), (), questions(judging), (), "bench")


def main(by_lora: bool) -> None:
    taught, judged = data()
    dev = Dev(judged)
    with tempfile.TemporaryDirectory() as place:
        store = EmbeddingStore(Path(place) / "embeddings")
        base = each(dev, models.load(BASE_MODEL), store)
        print(f"{len(taught.train)} pairs, {len(base)} questions of another author, base {base.mean():.3f} nDCG@10", flush=True)
        tried = {f"map {how}": TrainSettings(dial="quick", map=how, chance=1) for how in MAPS}
        if by_lora:
            adapted = {
                f"LoRA at {rate:g}": TrainSettings(dial="balanced", lora=LoraSettings(), learning_rate=rate, chance=1) for rate in RATES
            }
            tried = {ALL: TrainSettings(dial="balanced", chance=1), **adapted}
        scores: dict[str, np.ndarray] = {}
        for name, settings in tried.items():
            start = time.process_time()
            result = train.train(taught, settings, Path(place) / name, store, people=True)
            seconds = time.process_time() - start
            scores[name] = each(dev, models.load(str(result.model)), store)
            shares = ", ".join(f"{point.share:g}: {point.score:.3f}" for point in result.shares)
            epochs = ", ".join(f"{point.score:.3f}" for point in result.history)
            note = f"{seconds:.0f} s, share {result.share:g}; dev by epoch {epochs}; by share {shares}"
            print(f"{name:<20} {difference(scores[name], base, dev.groups)}, {note}", flush=True)
            if name != ALL and by_lora:
                print(f"{'':<20} {difference(scores[name], scores[ALL], dev.groups)} beside {ALL}", flush=True)


def difference(one: np.ndarray, other: np.ndarray, together: np.ndarray) -> str:
    """Return by how much one model's scores of the questions are better than another's, with the interval."""
    found = metrics.interval(one - other, resamples=5000, seed=1, groups=together)
    return f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


def each(dev: Dev, encoder: models.Encoder, store: EmbeddingStore) -> np.ndarray:
    """Return every question's nDCG@10."""
    return dev.before(encoder, store)


if __name__ == "__main__":
    main("lora" in sys.argv[1:])
