"""What mining hard negatives costs beside bare embedding: 10,000 pairs over 10,000 passages, and how much memory it takes."""

from __future__ import annotations

import csv
import os
import random
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bench import report

ROOT = Path(__file__).resolve().parent.parent
BANKING = ROOT.parent / "shared" / "data" / "csv"
SAMPLE = ROOT / "assets" / "sample" / "questions.csv"
PAIRS = 10_000


def texts() -> Iterator[tuple[str, str]]:
    """Yield (text, what it is about): short messages to a bank where they lie beside the project, else the sample's questions, varied."""
    files = [BANKING / f"banking77_{part}.csv" for part in ("train", "test")]
    if all(path.exists() for path in files):
        for path in files:
            with path.open(encoding="utf-8", newline="") as file:
                yield from ((row["text"], row["category"]) for row in csv.DictReader(file))
        return
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        rows = [(row["question"], row["answer"]) for row in csv.DictReader(file)]
    yield from ((f"{question} ({number})", answer) for number in range(1 + 12_000 // len(rows)) for question, answer in rows)


def fill(project) -> None:  # type: ignore[no-untyped-def]
    """Give a project 10,000 passages and a pair for each: a message asks, another one on the same thing is right."""
    from core import store
    from core.schema import Chunk, Document, File, FileState, Page, Pair

    rows = list(dict(texts()).items())
    passages, askers = rows[:PAIRS], defaultdict(list)
    for text, kind in rows:
        askers[kind].append(text)
    draw = random.Random(1)
    documents = [Document(f"d{i}", "f", i, "", len(text), ready_chunk=True) for i, (text, _) in enumerate(passages)]
    file = File("f", "messages.csv", "0" * 64, 1, "table", FileState.READ, documents=len(documents))
    project.replace_documents(file, documents, [Page(d.id, 1, 0, text) for d, (text, _) in zip(documents, passages, strict=True)])
    with project.write() as db:
        chunks = (Chunk(f"c{i}", f"d{i}", 0, text, 0, len(text), 1, 1, 12) for i, (text, _) in enumerate(passages))
        store.insert(db, "chunks", chunks)
        asked = ((i, f"{draw.choice(askers[kind])} {i}", text) for i, (text, kind) in enumerate(passages))
        store.insert(db, "pairs", (Pair(f"q{i}", query, f"d{i}", 0, len(text), (f"c{i}",), "columns", True) for i, query, text in asked))


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["ATTUNE_HOME"] = home
        from core import models, split
        from core import project as projects
        from core.embeddings import EmbeddingStore
        from core.pairs import mining
        from core.recipe import parse

        project = projects.create("Bench")
        fill(project)
        # As little as can be is held out, so that nearly all of the 10,000 are mined.
        recipe = parse({"split": {"dev": 0.01, "test": 0.01}, "train": {"generators": ["columns"]}})
        split.split(project, recipe.split)
        encoder = models.load(recipe.train.base_model)
        encoder.encode_query(["warm"] * 64)
        queries, passages = [pair.query for pair in project.pairs()], list(project.chunk_texts().values())

        start = time.perf_counter()
        encoder.encode_query(queries)
        encoder.encode_document(passages)
        bare = time.perf_counter() - start
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        found = mining.mine(project, recipe, encoder, EmbeddingStore(project.folder / "embeddings"))
        whole = time.perf_counter() - start
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / (1e6 if sys.platform == "darwin" else 1e3)
        start = time.perf_counter()
        mining.mine(project, recipe, encoder, EmbeddingStore(project.folder / "embeddings"))
        again = time.perf_counter() - start
    report.line(f"bare embedding of {len(queries):,} queries and {len(passages):,} passages", bare, "s")
    report.line(f"mining for {found.pairs:,} pairs", whole, "s", bound=2 * bare, note="bound is 2 times bare embedding")
    report.line("the same again, nothing left to embed", again, "s")
    report.line("memory that mining adds at its peak", grown, "MB")
    print(
        f"  {found.negatives:,} negatives; {found.fewer:,} pairs got fewer than {found.asked}, {found.none:,} none; {found.doubts:,} doubts"
    )


if __name__ == "__main__":
    main()
