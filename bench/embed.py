"""How fast texts are embedded: the product's encoder beside `model.encode` with its defaults, and how alike their vectors are."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from bench import report
from bench.train import dataset
from core import models
from core.models import compute
from core.recipe import BASE_MODEL

ROUNDS = 3  # in which both take turns
TEXTS = {"cuda": 4000}  # passages of up to 256 tokens, in the order of their documents
TEXTS_ELSEWHERE = 256


def passages(count: int) -> list[str]:
    """Return so many passages; each is a little other than all before it, where there are not so many."""
    found = [passage.text for passage in dataset(2000).passages]
    return [f"{number // len(found)} {found[number % len(found)]}" for number in range(count)]


def seconds(run: Callable[[], object], device: str) -> float:
    """Return what a run takes: on a processor its time at work, so that other work on the machine does not count."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    start = clock()
    run()
    return clock() - start


def main() -> None:
    from sentence_transformers import SentenceTransformer

    device = compute.device()
    texts = passages(TEXTS.get(device, TEXTS_ELSEWHERE))
    bare = SentenceTransformer(str(models.resolve(BASE_MODEL)), device=device)
    ours = models.load(BASE_MODEL)
    mine, theirs = ours.encode_document(texts[:64]), bare.encode(texts[:64], normalize_embeddings=True)  # warms both up
    rounds = [
        (seconds(lambda: bare.encode(texts, show_progress_bar=False), device), seconds(lambda: ours.encode_document(texts), device))
        for _ in range(ROUNDS)
    ]
    plain, fast = (min(one[side] for one in rounds) for side in (0, 1))
    report.line(f"model.encode with its defaults, {device}", len(texts) / plain, "texts/s")
    apart = float(1 - np.min(np.sum(mine * theirs, axis=1)))
    note = f"{plain / fast:.1f} times as fast; cosines at least {1 - apart:.4f}"
    report.line(f"the product's encoder, {ours.precision}", len(texts) / fast, "texts/s", note=note)


if __name__ == "__main__":
    sys.exit(main())
