"""How fast training is: Balanced beside a plain script with the trainer's defaults, and Quick from texts to model."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import report
from core import train
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.models import compute
from core.recipe import BASE_MODEL, TrainSettings
from core.schema import Passage, Question, TrainPair
from core.train.plan import EPOCHS, Dial

ROOT = Path(__file__).resolve().parent.parent
RETRIEVAL = ROOT.parent / "shared" / "data" / "retrieval"
SAMPLE = ROOT / "assets" / "sample" / "questions.csv"
BATCH = 32
STEPS = 4  # that are timed, after two that are not
CARD_BATCH, CARD_STEPS = 64, 40  # on a GPU, where ten are not timed
ROUNDS = 3  # in which the two take turns, so that other work on the machine slows both
QUICK = 2000


def pairs() -> Iterator[tuple[str, str]]:
    """Yield questions with the passage that answers them: real ones where they lie beside the project, else the sample's."""
    for name in ("aipolicy_vincha", "medquad_cdc", "policyqa_dev", "medquad_nhlbi") if RETRIEVAL.exists() else ():
        lines = {part: (RETRIEVAL / name / f"{part}.jsonl").read_text("utf-8").splitlines() for part in ("corpus", "queries")}
        text = {part: {row["_id"]: row["text"] for row in map(json.loads, rows)} for part, rows in lines.items()}
        for line in (RETRIEVAL / name / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
            query, passage, _ = line.split("\t")
            yield text["queries"][query], text["corpus"][passage]
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        yield from ((row["question"], row["answer"]) for row in csv.DictReader(file))


def dataset(count: int) -> Dataset:
    """Return so many pairs to train on, each with a passage of its own, and a few to choose by."""
    chosen: dict[str, str] = {}
    for query, passage in pairs():
        if len(chosen) < count + 50:
            chosen.setdefault(query, passage)
    ids = {passage: f"p{i}" for i, passage in enumerate(dict.fromkeys(chosen.values()))}
    rows = [TrainPair(f"q{i}", ids[p], q, p, "columns", people=True) for i, (q, p) in enumerate(chosen.items())]
    dev = tuple(Question(row.pair_id, row.query, (row.passage_id,), "columns", people=True) for row in rows[:50])
    return Dataset(tuple(Passage(key, text) for text, key in ids.items()), tuple(rows[50:]), dev, (), "bench")


class Clock:
    """The times at which steps ended; on a GPU they go by its own, since the program is ahead of it."""

    def __init__(self) -> None:
        self.card = compute.device() == "cuda"
        self.batch, self.steps = (CARD_BATCH, CARD_STEPS + 10) if self.card else (BATCH, STEPS + 2)
        self.times: list[float] = []

    def tick(self) -> None:
        if self.card and len(self.times) in (9, self.steps - 1):
            import torch

            torch.cuda.synchronize()
        self.times.append(time.perf_counter())

    def metric(self, row: Any) -> None:
        if "loss" in row:
            self.tick()

    @property
    def pairs_a_second(self) -> float:
        """Those of the usual step, as a mean of the epochs: what one keeps the next ones need not do."""
        if self.card:
            return self.batch * CARD_STEPS / (self.times[self.steps - 1] - self.times[9])
        took = [b - a for a, b in zip(self.times, self.times[1:], strict=False)]
        each = [took[start : start + self.steps - 1] for start in range(0, len(took), self.steps)]  # between epochs dev is scored
        each[0] = each[0][1:]
        return self.batch / statistics.mean(statistics.median(steps) for steps in each)


def plain(data: Dataset) -> float:
    """Train as the library's own example does, and return its pairs a second."""
    import datasets
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from transformers import TrainerCallback

    from core.models.files import resolve

    clock = Clock()

    class Times(TrainerCallback):
        def on_step_end(self, *args: Any, **rest: Any) -> None:
            clock.tick()

    model = SentenceTransformer(str(resolve(BASE_MODEL)))
    rows = {"anchor": [p.query for p in data.train], "positive": [p.positive for p in data.train]}
    with tempfile.TemporaryDirectory() as folder:
        settings = SentenceTransformerTrainingArguments(
            folder,
            per_device_train_batch_size=clock.batch,
            max_steps=clock.steps,
            report_to="none",
            save_strategy="no",
            disable_tqdm=True,
        )
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # it prints its own log
            SentenceTransformerTrainer(
                model,
                settings,
                train_dataset=datasets.Dataset.from_dict(rows),
                loss=MultipleNegativesRankingLoss(model),
                callbacks=[Times()],
            ).train()
    return clock.pairs_a_second


def tuned(data: Dataset, dial: Dial, epochs: int = 1) -> tuple[float, str]:
    """Train as the dial says, and return its pairs a second and its precision."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainSettings(dial=dial, epochs=epochs, batch_size=clock.batch)
        stop = lambda: len(clock.times) >= clock.steps * epochs  # noqa: E731
        store = EmbeddingStore(Path(folder) / "embeddings")
        result = train.train(data, settings, Path(folder), store, metric=clock.metric, stop=stop)
    return clock.pairs_a_second, result.precision


def quick(data: Dataset) -> float:
    """Return the seconds from texts to a saved model, with nothing embedded before."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        train.train(data, TrainSettings(dial="quick"), Path(folder), EmbeddingStore(Path(folder) / "embeddings"))
        return time.perf_counter() - start


def whole(data: Dataset) -> tuple[float, float]:
    """Return the seconds of Balanced from texts to a saved model, and its pairs a second with scoring and saving."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        settings = TrainSettings(dial="balanced", batch_size=CARD_BATCH)
        train.train(data, settings, Path(folder), EmbeddingStore(Path(folder) / "embeddings"))
        took = time.perf_counter() - start
        return took, 3 * len(data.train) / took


def main() -> None:
    clock = Clock()
    many = dataset(QUICK)
    few = dataset(clock.batch * clock.steps)
    rounds = [(*tuned(few, "balanced"), plain(few), tuned(few, "fast", EPOCHS["fast"])[0]) for _ in range(ROUNDS)]
    speed, bare, precision, fast = max(r[0] for r in rounds), max(r[2] for r in rounds), rounds[0][1], max(r[3] for r in rounds)
    report.line(f"a plain script with the trainer's defaults, batch {clock.batch}", bare, "pairs/s")
    report.line(f"Balanced, batch {clock.batch}, {precision}", speed, "pairs/s", note=f"{speed / bare:.1f} times the plain script")
    report.line(f"Fast, {EPOCHS['fast']} epochs", fast, "pairs/s", note=f"{fast / bare:.1f} times the plain script")
    report.line(f"Quick, {len(many.train)} pairs from texts to model", quick(many), "s", bound=120)
    if clock.card:
        took, pace = whole(many)
        report.line(
            f"Balanced, {len(many.train)} pairs, batch {CARD_BATCH}, three epochs to a saved model", took, "s", 60, f"{pace:.0f} pairs/s"
        )


if __name__ == "__main__":
    sys.exit(main())
