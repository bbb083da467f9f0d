"""What tuning is worth on questions that were not trained on, and that it does no harm: base and tuned nDCG@10 with the verdict.

    python -m bench.gains                           every line below with Quick and Balanced: an hour on two cores
    python -m bench.gains medquad_cdc --dial quick  one line, a minute
    python -m bench.gains --shuffled                five sets whose training labels were shuffled, four times each: nothing may come of it

A set's documents are divided by subject (disease, site, article): about half of the subjects teach, a seventh choose, the others
judge; every search goes over all passages. Two authors' questions on the same documents teach and judge each other.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import report
from core import models
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.evaluate import evaluate
from core.recipe import BASE_MODEL, EvaluateSettings, TrainSettings
from core.schema import Passage, Question, TrainPair, VerdictWord
from core.train import train

RETRIEVAL = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "retrieval"
SHARES = (0.5, 0.65)  # up to which share of the subjects teaches, and up to which chooses
SHUFFLED = ("medquad_cdc", "medquad_nhlbi", "policyqa_dev", "xquad_en", "aipolicy_vincha")


@dataclass(frozen=True)
class Set:
    """A collection: its passages, and questions with the passages that answer them."""

    passages: dict[str, str]
    titles: dict[str, str]
    questions: dict[str, tuple[str, tuple[str, ...]]]

    @classmethod
    def read(cls, name: str) -> Set:
        rows = [json.loads(line) for line in (RETRIEVAL / name / "corpus.jsonl").read_text("utf-8").splitlines()]
        passages = {row["_id"]: row["text"] for row in rows if row["text"].strip()}
        asked = {row["_id"]: row["text"] for row in map(json.loads, (RETRIEVAL / name / "queries.jsonl").read_text("utf-8").splitlines())}
        right: dict[str, list[str]] = {}
        for line in (RETRIEVAL / name / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
            query, passage, score = line.split("\t")
            if float(score) > 0 and passage in passages:
                right.setdefault(query, []).append(passage)
        return cls(passages, {row["_id"]: row.get("title", "") for row in rows}, {q: (asked[q], tuple(ps)) for q, ps in right.items()})

    def divided(self, subject: Callable[[str], str], seed: int = 1) -> Dataset:
        """Return the set with its questions divided by the subject of the passage that answers them."""
        subjects = sorted({subject(key) for key in self.passages})
        random.Random(seed).shuffle(subjects)
        part = {one: sum(i >= share * len(subjects) for share in SHARES) for i, one in enumerate(subjects)}
        asked: tuple[list[str], list[str], list[str]] = ([], [], [])
        for key, (_, right) in self.questions.items():
            parts = {part[subject(passage)] for passage in right}
            if len(parts) == 1:
                asked[parts.pop()].append(key)
        return self.data(asked[0], asked[1], asked[2])

    def data(self, teaching: Sequence[str], choosing: Sequence[str], judging: Sequence[str]) -> Dataset:
        """Return a dataset of these questions."""
        pairs = [
            TrainPair(key, passage, self.questions[key][0], self.passages[passage], "columns", True)
            for key in teaching
            for passage in self.questions[key][1]
        ]
        dev, test = (
            tuple(Question(key, self.questions[key][0], self.questions[key][1], "columns", True) for key in part)
            for part in (choosing, judging)
        )
        return Dataset(tuple(Passage(key, text) for key, text in self.passages.items()), tuple(pairs), dev, test, "bench")


def _other_author() -> Dataset:
    """Return danzerca's questions to learn from, a fifth of them to choose by, and vincha's to be judged by, over vincha's passages."""
    mine, theirs = Set.read("aipolicy_danzerca"), Set.read("aipolicy_vincha")
    keys = list(mine.questions)
    random.Random(1).shuffle(keys)
    fifth = len(keys) // 5
    own, judged = mine.data(keys[fifth:], keys[:fifth], []), theirs.data([], [], list(theirs.questions))
    chosen_among = tuple(Passage(f"d{passage.id}", passage.text) for passage in own.passages)
    dev = tuple(replace(question, relevant=tuple(f"d{key}" for key in question.relevant)) for question in own.dev)
    left_out = {passage.id: "" for passage in chosen_among}  # the same documents, cut by the other author
    test = tuple(replace(question, without=left_out) for question in judged.test)
    return Dataset((*judged.passages, *chosen_among), own.train, dev, test, "bench")


def _prefix(key: str) -> str:
    return key.partition("-")[0]


def _site(key: str) -> str:
    return key.partition("#")[0]


def _article(name: str) -> Dataset:
    found = Set.read(name)
    return found.divided(lambda key: found.titles[key])


LINES: dict[str, Callable[[], Dataset]] = {
    "medquad_nhlbi": lambda: Set.read("medquad_nhlbi").divided(_prefix),
    "medquad_cdc": lambda: Set.read("medquad_cdc").divided(_prefix),
    "policyqa_dev": lambda: Set.read("policyqa_dev").divided(_site),
    "danzerca, judged by vincha": _other_author,
    "xquad_en": lambda: _article("xquad_en"),
    "aipolicy_vincha": lambda: Set.read("aipolicy_vincha").divided(lambda key: str(int(key) // 40)),
}


def shuffled(data: Dataset, seed: int) -> Dataset:
    """Return the data with every training question given another one's passage."""
    right = list(data.train)
    random.Random(seed).shuffle(right)
    return replace(
        data,
        train=tuple(
            replace(pair, passage_id=other.passage_id, positive=other.positive) for pair, other in zip(data.train, right, strict=True)
        ),
    )


@dataclass(frozen=True)
class Measured:
    """What came of one training: how much of the model is tuned, 0 for the base, and the verdict."""

    share: float
    word: VerdictWord


def measure(name: str, data: Dataset, dial: str, store: EmbeddingStore, **settings: object) -> Measured:
    """Train, judge once, and print base, tuned, their difference with its interval, the verdict, and how much of the model is tuned.

    And how dev's best rose, on how many questions, with how often chance alone gives that.
    """
    start, busy = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        found = train(data, TrainSettings(dial=dial, **settings), Path(folder), store)  # type: ignore[arg-type]
        seconds, worked = time.perf_counter() - start, time.process_time() - busy
        base, tuned = models.load(BASE_MODEL), models.load(str(found.model))
        verdict = evaluate(data, base, tuned, store, EvaluateSettings(rerank=False)).verdict
    change, chance = verdict.difference, found.chance
    dev = f"dev {chance.gain:+.3f} on {chance.questions} in {chance.groups}, chance {chance.p:.4f}" if chance else "dev rose by nothing"
    print(
        f"{name:<28}{dial:<10}{len(data.train):>5} pairs {len(data.test):>5} questions in {verdict.groups:<4} {verdict.base.mean:.3f} -> {verdict.tuned.mean:.3f}  "
        f"{change.mean:+.3f} ({change.low:+.3f} to {change.high:+.3f})  {verdict.word.value:<20} share {found.share:g}, {dev}  "
        f"{seconds:.0f} s ({worked:.0f} s of processor time)",
        flush=True,
    )
    return Measured(found.share, verdict.word)


def harm(found: Mapping[tuple[str, str], Sequence[Measured]]) -> None:
    """Print what came of shuffled labels, by set and dial: the base handed out, or verdicts that nothing earned."""
    print(f"\n{'labels shuffled':<28}{'dial':<10}{'trainings':>10}{'base handed out':>17}{'better':>8}{'worse':>7}")
    together = [one for own in found.values() for one in own]
    for (name, dial), own in [*found.items(), (("all", ""), together)]:
        words = Counter(one.word for one in own)
        base = sum(one.share == 0 for one in own)
        print(f"{name:<28}{dial:<10}{len(own):>10}{base:>17}{words[VerdictWord.BETTER]:>8}{words[VerdictWord.WORSE]:>7}")


def main() -> None:
    parser = argparse.ArgumentParser(description="What tuning is worth.")
    parser.add_argument("lines", nargs="*", default=[], help=f"of {', '.join(LINES)}")
    parser.add_argument("--dial", choices=("quick", "fast", "balanced"), action="append")
    parser.add_argument("--shuffled", action="store_true")
    parser.add_argument("--seeds", type=int, default=4, help="How many times the labels of each set are shuffled.")
    parser.add_argument("--chance", type=float, help="The recipe's chance of a false gain; 1 hands out whatever dev scored best.")
    parser.add_argument("--embeddings", type=Path, help="A folder that keeps vectors, so that the next time takes less.")
    given = parser.parse_args()
    if not RETRIEVAL.exists():
        sys.exit("The retrieval sets do not lie beside the project, so nothing is measured.")
    print(report.machine())
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddingStore(given.embeddings or Path(folder))
        settings = {} if given.chance is None else {"chance": given.chance}
        found: dict[tuple[str, str], list[Measured]] = {}
        for name in given.lines or (SHUFFLED if given.shuffled else LINES):
            data = LINES[name]()
            drawn = [(f"{name}, shuffled {n}", shuffled(data, n)) for n in range(1, given.seeds + 1)] if given.shuffled else [(name, data)]
            for dial in given.dial or ("quick", "balanced"):
                for title, one in drawn:
                    found.setdefault((name, dial), []).append(measure(title, one, dial, store, **settings))
        if given.shuffled:
            harm(found)


if __name__ == "__main__":
    main()
