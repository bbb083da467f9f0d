"""Every objective, loss, teacher and method on real data with all-MiniLM-L6-v2: the score before and after.

    python -m bench.objectives                                  every line: three quarters of an hour on two cores
    python -m bench.objectives --list                           the names of the lines
    python -m bench.objectives similarity "method: LoRA"        those that begin so
    python -m bench.objectives --out found.jsonl --parts 1/8    an eighth, beside seven others; what the file holds is left out

What ranks is taught medquad_cdc's questions or passages, divided by disease as in bench.gains, and judged by questions on other
diseases, over all passages. Scored pairs are STS-B's. The score after is that of the best epoch's weights, so that it says what the
loss did; what dev would hand out, the base or a blend with it, stands beside it. The README's table is made of bench/objectives.jsonl.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bench import report
from bench._judges import DEPTH, Alike, Encode, Searched
from bench._material import SIMILARITY, Material
from bench._trainings import SHORT, Line, balanced, lines
from bench.gains import RETRIEVAL
from core import metrics, models, reranker
from core.errors import UserError
from core.generators import asked
from core.losses import SCORES
from core.losses.distillations import CROSS_ENCODER
from core.models import Vectors
from core.objectives import rows_of
from core.recipe import BASE_MODEL, RerankerSettings, TrainSettings, parse
from core.reranker.dev import Reader, RerankDev, reranked
from core.reranker.fit import fit as fit_reranker
from core.reranker.rows import labelled
from core.rerankers import cross_encoder
from core.train import checkpoints, quick, quickly, settled_plan, whole
from core.train.course import BEST, Course
from core.train.watch import Outcome, Watch

FOUND = Path(__file__).with_suffix(".jsonl")
FAULTS = (UserError, RuntimeError, ValueError, TypeError, KeyError, OSError)  # of one line; the others are still measured


@dataclass(frozen=True)
class Measured:
    """What became of a line: scores on what was not trained on, the difference with its 95 % interval, and what dev would hand out.

    `fault` says why there are none.
    """

    name: str
    objective: str
    what: str
    fault: str = ""
    rows: int = 0
    metric: str = ""
    before: float = 0.0
    after: float = 0.0
    low: float = 0.0
    high: float = 0.0
    share: float = 0.0
    handed: float = 0.0
    epoch: float = 0.0
    learning_rate: float = 0.0
    note: str = ""
    seconds: float = 0.0
    machine: str = ""
    day: str = ""
    limit: int = 0

    def __str__(self) -> str:
        if self.fault:
            return f"{self.name:<62} not trained: {self.fault}"
        return (
            f"{self.name:<62}{self.rows:>5} rows  {self.metric} {self.before:.3f} -> {self.after:.3f}  {self.after - self.before:+.3f} "
            f"({self.low:+.3f} to {self.high:+.3f})  share {self.share:g}: {self.handed:.3f}  {self.seconds:.0f} s{self.note and '  '}{self.note}"
        )


# --- training and judging ---


def teacher(material: Material, kind: str) -> str:
    """Return a teacher's folder, tuned to the same rows before: a cross-encoder, or a model by the usual loss of an objective."""
    if kind not in material.teachers:
        folder = material.folder / f"teacher-{len(material.teachers)}"
        if kind == CROSS_ENCODER:
            tuned_reranker(material)[0].model.save_pretrained(str(folder), create_model_card=False)
        else:
            trained = Training(balanced("teacher", {"type": kind}), material)
            trained.fit()
            trained.base.save(folder)
        material.teachers[kind] = str(folder)
    return material.teachers[kind]


class Training:
    """One line's training: `base` ends with what dev hands out in it, `tuned` gives the vectors of the best epoch."""

    def __init__(self, line: Line, material: Material) -> None:
        self.material, self.data, self.base = material, material.data(line), models.load(BASE_MODEL)
        named = {"train": {"name": "project:Bench"}}
        objectives = [{"datasets": named, **one} for one in line.train.get("objectives", ())]
        if line.teacher:
            named_teacher = {"name": teacher(material, line.teacher)}
            objectives = [{**one, "distillation": {**one["distillation"], "teacher": named_teacher}} for one in objectives]
        self.settings: TrainSettings = parse({"train": {**line.train, "objectives": objectives}}).train
        self.handed: Encode = self.base.encode
        self.tuned: Encode = self.base.encode

    def fit(self) -> Outcome:
        """Train by the line's method, as the product would."""
        with tempfile.TemporaryDirectory(dir=self.material.folder) as folder:
            root = Path(folder)
            self.plan = settled_plan(self.data, self.settings, root, any(map(asked, self.data.train)))
            return self._quick() if self.plan.dial == "quick" else self._whole(root)

    def _quick(self) -> Outcome:
        store, base = self.material.store, self.base
        task = Followed(quickly.distilling(self.data, self.settings, self.plan, base, store, Watch())) if self.settings.objectives else None
        outcome, maps = quick.fit(self.data, base, self.plan, store, Watch(), task)
        best = maps
        if outcome.share:
            best = maps.blended(1 / outcome.share)  # from the blend back to the tuned map
        elif task and task.learned:
            best = task.learned.maps()

        def through(chosen: models.Maps) -> Encode:
            return lambda texts, kind: chosen.apply(store.vectors(base, texts, kind), kind)

        self.handed, self.tuned = through(maps), through(best)
        return outcome

    def _whole(self, root: Path) -> Outcome:
        from safetensors.torch import load_file

        outcome = whole.fit(self.data, self.base, self.settings, self.plan, self.material.store, root, Watch())
        last = checkpoints.newest(root)
        if last is None:
            raise RuntimeError("the training left no checkpoint")
        best, chosen = load_file(last / BEST), {name: value.clone() for name, value in self.base.model.state_dict().items()}

        def holding(weights: Mapping[str, Any]) -> Encode:
            def encode(texts: Sequence[str], kind: models.Kind) -> Vectors:
                self.base.model.load_state_dict(weights)
                return self.base.encode(texts, kind)

            return encode

        self.handed, self.tuned = holding(chosen), holding(best)
        return outcome


class Followed:
    """A task of Quick's whose maps can be looked at after the last epoch, when dev has kept the base."""

    def __init__(self, task: quick.Task) -> None:
        self.task, self.batches, self.learned = task, task.batches, None

    def loss(self, batch: Sequence[int], epoch: int, learned: quick.Learned) -> Any:
        self.learned = learned
        return self.task.loss(batch, epoch, learned)


def measure(line: Line, material: Material) -> Measured:
    """Train a line and score it on what it was not trained on."""
    if line.objective == "reranker":
        return _reranker(line, material)
    judge, training = material.judge(line), Training(line, material)
    untouched, store = models.load(BASE_MODEL), material.store

    def base(texts: Sequence[str], kind: models.Kind) -> Vectors:
        return store.vectors(untouched, texts, kind)

    before = judge.values(base)
    outcome = training.fit()
    after = judge.values(training.tuned)
    handed = {0.0: before, 1.0: after}.get(outcome.share)
    change = judge.change(before, after)
    return Measured(
        name=line.name,
        objective=line.objective,
        what=line.what,
        rows=sum(len(rows.train) for rows in training.data.objectives) or len(training.data.train),
        metric=judge.metric,
        before=judge.score(before),
        after=judge.score(after),
        low=change.low,
        high=change.high,
        share=outcome.share,
        handed=judge.score(judge.values(training.handed) if handed is None else handed),
        epoch=max(outcome.history[1:], key=lambda point: point.score).epoch,
        learning_rate=training.plan.learning_rate,
        note=_note(line, outcome, judge, base, training),
    )


def _note(line: Line, outcome: Outcome, judge: Searched | Alike, base: Encode, training: Training) -> str:
    """Return what else a line shows: perplexity, short vectors, the other objective's judge."""
    said = []
    if outcome.perplexity:
        found = outcome.perplexity
        said.append(f"perplexity {found.before:.0f} -> {found.after:.0f}{', a fresh head' if found.fresh else ''}")
    if "Matryoshka" in line.what:
        before, after = (judge.score(judge.values(_shortened(encode))) for encode in (base, training.tuned))
        said.append(f"first {SHORT} numbers {before:.3f} -> {after:.3f}")
    if line.kinds[1:] and SCORES in map(rows_of, line.kinds[1:]):
        alike = training.material.alike
        before, after = (alike.score(alike.values(encode)) for encode in (base, training.tuned))
        said.append(f"{alike.metric} {before:.3f} -> {after:.3f}")
    if training.plan.dial == "quick" and not outcome.share:
        said.append(
            "dev kept the base; after: the map of the last epoch" if line.kinds else "dev kept the base, and no map is left to score"
        )
    return "; ".join(said)


def _shortened(encode: Encode) -> Encode:
    return lambda texts, kind: models.unit(encode(texts, kind)[:, :SHORT])


def tuned_reranker(material: Material) -> tuple[Reader, Course]:
    """Return a cross-encoder tuned to the pairs, from the base with a fresh head: none is at hand offline; and how that went."""
    settings, base = RerankerSettings(negatives=2, depth=20), models.load(BASE_MODEL)
    reader = Reader(cross_encoder.load(models.resolve(BASE_MODEL), settings.max_tokens, seed=settings.seed), base.precision)
    rows = labelled(material.health.train, settings, base, material.store)
    with tempfile.TemporaryDirectory(dir=material.folder) as root:
        dev = RerankDev(material.health, settings, base, material.store)
        return reader, fit_reranker(rows, reader, dev, settings, reranker.FRESH_RATE, Path(root), Watch())


def _reranker(line: Line, material: Material) -> Measured:
    (reader, course), base, judge = tuned_reranker(material), models.load(BASE_MODEL), material.searched
    share = float(course.best_epoch > 0)
    corpus = judge.corpus
    passages = material.store.vectors(base, corpus.texts, "document")
    first, _ = corpus.dense(material.store.vectors(base, corpus.queries, "query"), passages, 2 * DEPTH)
    before = metrics.ndcg(corpus.named(first), judge.relevant)
    after = metrics.ndcg(corpus.named(reranked(corpus, first, 2 * DEPTH, reader.model, reader.precision)), judge.relevant)
    change = judge.change(before, after)
    return Measured(
        line.name,
        line.objective,
        line.what,
        rows=len(material.health.train),
        metric=judge.metric,
        before=judge.score(before),
        after=judge.score(after),
        low=change.low,
        high=change.high,
        share=share,
        handed=judge.score(after if share else before),
        note=f"first {2 * DEPTH} hits",
    )


# --- the command ---


def chosen(names: Sequence[str], part: str) -> list[Line]:
    """Return the lines whose names begin with one of `names`, all without any; of them the part "i/n"."""
    found = [line for name, line in lines().items() if not names or name.startswith(tuple(names))]
    number, _, parts = part.partition("/")
    return found[int(number) - 1 :: int(parts)]


def done(out: Path | None, limit: int) -> set[str]:
    """Return the names of the lines that were measured before, with as many rows."""
    return {found.name for found in read(out) if found.limit == limit and not found.fault} if out and out.exists() else set()


def read(path: Path) -> list[Measured]:
    """Return what a file of measured lines holds."""
    return [Measured(**json.loads(row)) for row in path.read_text("utf-8").splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description="Every objective, loss and method: before and after.")
    parser.add_argument("names", nargs="*", help="What the lines' names begin with; none: all.")
    parser.add_argument("--list", action="store_true", help="Print the names, and end.")
    parser.add_argument("--limit", type=int, default=0, help="Rows to learn from at most.")
    parser.add_argument("--device", choices=("cpu",), help="Left out: what is there.")
    parser.add_argument("--out", type=Path, help="A file of JSON lines, to which each line is appended as it is done.")
    parser.add_argument("--parts", default="1/1", help="i/n: the i-th of n parts of the lines.")
    parser.add_argument("--work", type=Path, help="A folder that keeps vectors, so that the next time takes less.")
    given = parser.parse_args()
    wanted = [line for line in chosen(given.names, given.parts) if line.name not in done(given.out, given.limit)]
    if given.list:
        print(*(line.name for line in wanted), sep="\n")
    elif not (RETRIEVAL.exists() and SIMILARITY.exists()):
        sys.exit("The data sets do not lie beside the project, so nothing is measured.")
    else:
        if given.device == "cpu":
            os.environ["CUDA_VISIBLE_DEVICES"] = ""
        with tempfile.TemporaryDirectory() as folder:
            run(wanted, Material(given.work or Path(folder), given.limit), given.out)


def run(wanted: Sequence[Line], material: Material, out: Path | None) -> None:
    """Measure lines one after the other; print each, and write it down, as it is done."""
    machine, day = f"{_device()}, {report.machine()}", time.strftime("%Y-%m-%d")
    print(machine, flush=True)
    for line in wanted:
        start = time.process_time()
        try:
            found = measure(line, material)
        except FAULTS as error:
            found = Measured(line.name, line.objective, line.what, fault=f"{type(error).__name__}: {error}")
        found = replace(found, seconds=round(time.process_time() - start, 1), machine=machine, day=day, limit=material.limit)
        print(found, flush=True)
        if out:
            with out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(found), ensure_ascii=False) + "\n")


def _device() -> str:
    import torch

    from core.models import compute

    kind = compute.device()
    return torch.cuda.get_device_name() if kind == "cuda" else kind


if __name__ == "__main__":
    main()
