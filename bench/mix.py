"""What pairs made offline are worth, one kind and several together: a set's own questions before and after Quick.

    python -m bench.mix                             six sets, the mixes below, two seeds: most of an hour on two cores
    python -m bench.mix cranfield --seeds 1         one set

Every document is cut as a project cuts it and pairs are made of all; 15 % of the documents choose the epoch, Quick learns from the
rest. The set's own questions, which training never sees, judge: a document is found at its best passage. The passages that are
searched are those that pairs were made of, as in use, where people tune to the documents they will search.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bench import report
from core import groups, metrics, models
from core.chunk.cutting import Cutter
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.generators import GENERATORS, Material, mix
from core.recipe import BASE_MODEL, ChunkSettings, PairSettings, TrainSettings
from core.schema import Chunk, Document, Pair, Passage, Question, TrainPair
from core.train import plan, quick, watch

RETRIEVAL = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "retrieval"
SETS = ("cranfield", "aipolicy_vincha", "aipolicy_danzerca", "medquad_cdc", "medquad_nhlbi", "policyqa_dev")
MIXES: tuple[Mapping[str, float], ...] = (
    {"sentence": 1},
    {"crop": 1},
    {"phrases": 1},
    {"sentence": 1, "phrases": 1},
    {"sentence": 1, "crop": 1},
    {"crop": 1, "phrases": 1},
    {"sentence": 1, "crop": 1, "phrases": 1},
    {"sentence": 1, "crop": 1, "phrases": 0.5},
    {"sentence": 0.5, "crop": 0.5, "phrases": 1},
)
DEV = 0.15


class Collection:
    """A set's documents as chunks, and its questions with the documents that answer them."""

    def __init__(self, name: str) -> None:
        rows = {row["_id"]: row for row in _lines(RETRIEVAL / name / "corpus.jsonl") if row["text"].strip()}
        settings = ChunkSettings()
        cutter = Cutter(models.tokenizer(BASE_MODEL), settings.size, settings.overlap)
        self.chunks = [chunk for key, row in rows.items() for chunk in _cut(key, row["text"].strip(), cutter)]
        documents = {key: Document(key, "f", i, row.get("title", ""), len(row["text"])) for i, (key, row) in enumerate(rows.items())}
        self.material = Material(documents, self.chunks, {})
        self.ids = list(documents)
        owners = [chunk.document_id for chunk in self.chunks]
        self.firsts = [i for i, owner in enumerate(owners) if not i or owner != owners[i - 1]]
        asked = {row["_id"]: row["text"] for row in _lines(RETRIEVAL / name / "queries.jsonl")}
        self.answers: dict[str, list[str]] = defaultdict(list)
        for line in (RETRIEVAL / name / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
            query, document, score = line.split("\t")
            if float(score) > 0 and document in documents:
                self.answers[query].append(document)
        self.queries = [asked[query] for query in self.answers]
        self.together = groups.of(self.answers.values())

    def score(self, queries: models.Vectors, passages: models.Vectors) -> np.ndarray:
        """Return nDCG@10 of each question from the vectors of all questions and chunks."""
        best = np.maximum.reduceat(queries @ passages.T, self.firsts, axis=1)
        order = np.argsort(-best, axis=1, kind="stable")[:, :10]
        return metrics.ndcg([[self.ids[i] for i in row] for row in order.tolist()], list(self.answers.values()))

    def dataset(self, pairs: Sequence[Pair], seed: int) -> Dataset:
        """Return what Quick is given: pairs of some documents choose, all others are learned from."""
        held = set(random.Random(seed).sample(self.ids, int(DEV * len(self.ids))))
        chunks = {chunk.id: chunk for chunk in self.chunks}
        of_document = self.material.by_document
        dev = tuple(
            Question(
                p.id,
                p.query,
                p.positives,
                p.generator,
                without={c.id: t for c in of_document[p.document_id] if (t := _rest(c, p)) != c.text},
            )
            for p in pairs
            if p.document_id in held
        )
        train = [
            TrainPair(p.id, key, p.query, _rest(chunks[key], p), p.generator)
            for p in pairs
            if p.document_id not in held
            for key in p.positives
        ]
        return Dataset(tuple(Passage(chunk.id, chunk.text) for chunk in self.chunks), tuple(train), dev, (), "bench")


def _lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _cut(document_id: str, text: str, cutter: Cutter) -> list[Chunk]:
    return [
        Chunk(f"{document_id}/{i}", document_id, i, text[span.start : span.end], span.start, span.end, 1, 1, span.tokens, span.heading)
        for i, span in enumerate(cutter.whole(text))
    ]


def _rest(chunk: Chunk, pair: Pair) -> str:
    """Return a chunk's text without what the query was taken from."""
    start, end = max(pair.query_start, chunk.start) - chunk.start, min(pair.query_end, chunk.end) - chunk.start
    return chunk.text if pair.query_start < 0 or start >= end else f"{chunk.text[:start].rstrip()} {chunk.text[end:].lstrip()}".strip()


def measure(name: str, mixes: Sequence[Mapping[str, float]], seeds: Sequence[int], folder: Path) -> None:
    """Print the base's nDCG@10 and, for each mix, what tuning adds: the mean over seeds, and its 95 % interval over questions."""
    collection, base, store = Collection(name), models.load(BASE_MODEL), EmbeddingStore(folder)
    queries = store.vectors(base, collection.queries, "query")
    passages = store.vectors(base, [chunk.text for chunk in collection.chunks], "document")
    before = collection.score(queries, passages)
    print(f"{name}: {len(collection.chunks)} passages, {len(before)} questions, base {before.mean():.3f}", flush=True)
    made: dict[str, list[Pair]] = {}
    for shares in mixes:
        for kind in shares:
            made.setdefault(kind, list(GENERATORS[kind].load()(collection.material, PairSettings())))
        rates = mix.rates(shares, list(shares))
        pairs = [pair for kind in shares for pair in mix.drawn(made[kind], rates[kind], PairSettings().seed)]
        gains = []
        for seed in seeds:
            data = collection.dataset(pairs, seed)
            settled = plan.derive(TrainSettings(seed=seed, chance=1), "quick", len(data.train), people=False)
            _, maps = quick.fit(data, base, settled, store, watch.Watch())
            gains.append(collection.score(maps.apply(queries, "query"), maps.apply(passages, "document")) - before)
        found = metrics.interval(np.mean(gains, axis=0), resamples=5000, seed=1, groups=collection.together)
        said = ", ".join(f"{kind} {share:g}" for kind, share in shares.items())
        print(f"  {said:<40} {len(pairs):>6} pairs  {found.mean:+.4f}  ({found.low:+.4f} to {found.high:+.4f})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="What pairs made offline are worth.")
    parser.add_argument("sets", nargs="*", default=[], help=f"of {', '.join(SETS)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--embeddings", type=Path, help="A folder that keeps vectors, so that the next time takes minutes.")
    given = parser.parse_args()
    if not RETRIEVAL.exists():
        sys.exit("The retrieval sets do not lie beside the project, so nothing is measured.")
    print(report.machine())
    with tempfile.TemporaryDirectory() as folder:
        for name in given.sets or SETS:
            measure(name, MIXES, given.seeds, given.embeddings or Path(folder))


if __name__ == "__main__":
    main()
