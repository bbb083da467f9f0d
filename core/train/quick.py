"""Quick: linear maps on the frozen base's vectors, one for all texts, one a side, or one for queries alone; seconds on a processor.

A map starts as the identity, so the untouched base is its epoch 0, and is saved as a Dense module of an ordinary
sentence-transformers model. Chosen over tuning the whole model for pairs that were made offline: it helps where the whole
model then gets worse (bench/RESULTS.md). One-directional loss: symmetric measured the same on real questions and worse on
sentences (-0.01 nDCG@10 on Cranfield).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.models import Encoder, Maps, Vectors
from core.objectives.contrastive import hard_negatives
from core.objectives.meeting import keys
from core.schema import TrainPair
from core.train import blend
from core.train.batches import Batches
from core.train.dev import Dev
from core.train.plan import Plan
from core.train.watch import DevScore, Outcome, Watch

LIMIT = 20_000  # passages that dev is scored against
ROWS = 200  # rows of loss that are written down, about
EMBEDDED = 0.8  # the progress bar's place when all texts are embedded


class Task(Protocol):
    """What maps are taught: the batches of its rows, and the loss of one batch under the maps as they are."""

    batches: Batches

    def loss(self, batch: Sequence[int], epoch: int, learned: Learned) -> Any:
        """Return the loss of the rows whose numbers are in the batch, a tensor."""


def fit(
    dataset: Dataset, base: Encoder, plan: Plan, embeddings: EmbeddingStore, watch: Watch, task: Task | None = None
) -> tuple[Outcome, Maps]:
    """Return how training went and the maps to hand out, already blended with the base as dev likes it best.

    Without a `task` the dataset's pairs are taught.
    """
    import torch

    if not dataset.dev:
        raise UserError("There are no questions to choose the best map by.", "Make pairs in the project; some of them choose.")
    dev = Dev(dataset, LIMIT)
    task = task or _Ranking(dataset.train, plan, base, embeddings, watch)
    dev_queries, dev_texts = dev.stored(base, embeddings, watch.part(0.4, EMBEDDED))

    def values(maps: Maps) -> np.ndarray:
        return dev.found(maps.apply(dev_queries, "query"), maps.apply(dev_texts, "document"))

    torch.manual_seed(plan.seed)
    learned = Learned(base.dimension, plan.map)
    optimiser = torch.optim.AdamW(learned.weights, lr=plan.learning_rate, weight_decay=0.0)
    batches = task.batches
    best = learned.maps()
    tried = {0.0: dev.found(dev_queries, dev_texts)}
    history = [DevScore(0.0, float(tried[0.0].mean()))]
    watch.dev(0, 0.0, history[0].score)
    step, every = 0, max(1, len(batches) * plan.epochs // ROWS)
    for epoch in range(1, plan.epochs + 1):
        batches.set_epoch(epoch)
        for n, batch in enumerate(batches, 1):
            optimiser.zero_grad()
            loss = task.loss(batch, epoch, learned)
            loss.backward()
            optimiser.step()
            step += 1
            if step % every == 0:
                norm = float(torch.nn.utils.get_total_norm([w.grad for w in learned.weights if w.grad is not None]))
                watch.step(step, epoch - 1 + n / len(batches), loss.item(), plan.learning_rate, norm)
        tuned = learned.maps()
        tried[float(epoch)] = values(tuned)
        point = DevScore(float(epoch), float(tried[float(epoch)].mean()))
        if epoch == 1 or point.score > max(earlier.score for earlier in history[1:]):
            best = tuned
        history.append(point)
        watch.dev(step, epoch, point.score)
        watch.progress(EMBEDDED + (1 - EMBEDDED) * epoch / plan.epochs, f"Epoch {epoch} of {plan.epochs}")
        if watch.stop():
            break
    top = max(history[1:], key=lambda one: one.score)  # the earliest of equals
    shares = {1.0: tried[top.epoch]} | blend.scored(plan.blend, lambda share: values(best.blended(share)), watch, top.epoch)
    outcome = blend.outcome(history, top, blend.Tried(tried, shares, dev.groups), plan.chance, watch.stop())
    return outcome, best.blended(outcome.share)


class _Ranking:
    """Pairs: each question's passage among those of its batch and the hard negatives."""

    def __init__(self, rows: Sequence[TrainPair], plan: Plan, base: Encoder, embeddings: EmbeddingStore, watch: Watch) -> None:
        import torch

        self.inputs = torch.from_numpy(embeddings.vectors(base, [p.query for p in rows], "query", watch.part(0.0, 0.1)))
        self.answers = torch.from_numpy(embeddings.vectors(base, [p.positive for p in rows], "document", watch.part(0.1, 0.4)))
        self.wrong = _Wrong(rows, plan.hard_negatives, base, embeddings)
        self.batches, self.scale = Batches(keys(rows), plan.batch_size, plan.seed), plan.scale

    def loss(self, batch: Sequence[int], epoch: int, learned: Learned) -> Any:
        import torch

        candidates = torch.cat([self.answers[batch], torch.from_numpy(self.wrong.vectors(batch, epoch))])
        return ranking_loss(learned.queries(self.inputs[batch]), learned.documents(candidates), self.scale)


class Learned:
    """The maps in training: `how` says whether queries and passages have one, one each, or queries alone have one."""

    def __init__(self, size: int, how: str) -> None:
        import torch

        self.query = torch.nn.Parameter(torch.eye(size))
        self.document = {"both": self.query, "each": torch.nn.Parameter(torch.eye(size))}.get(how)
        self.weights = [self.query] if self.document is None or self.document is self.query else [self.query, self.document]

    def queries(self, vectors: Any) -> Any:
        """Return vectors (n, d) of queries put through their map."""
        return vectors @ self.query.T

    def documents(self, vectors: Any) -> Any:
        """Return vectors (n, d) of passages put through their map, if they have one."""
        return vectors if self.document is None else vectors @ self.document.T

    def maps(self) -> Maps:
        """Return a copy of the maps as they are now."""
        query = self.query.detach().numpy().copy()
        if self.document is self.query:
            return Maps.both(query)
        return Maps(query, None if self.document is None else self.document.detach().numpy().copy())


class _Wrong:
    """The vectors of hard negatives, ready to stand behind a batch's passages."""

    def __init__(self, rows: Sequence[TrainPair], count: int, base: Encoder, embeddings: EmbeddingStore) -> None:
        self.rows, self.count = rows, count
        texts = list(dict.fromkeys(negative for row in rows for negative in row.negatives)) if count else []
        self.places = {text: i for i, text in enumerate(texts)}
        self.all = embeddings.vectors(base, texts, "document")

    def vectors(self, batch: Sequence[int], epoch: int) -> Vectors:
        """Return those of the batch's hard negatives, (k, d)."""
        chosen = hard_negatives([self.rows[i] for i in batch], self.count, epoch) if self.places else []
        return self.all[[self.places[text] for text in chosen]]


def ranking_loss(queries: Any, passages: Any, scale: float) -> Any:
    """Return the loss of telling each query's passage from all others: cross-entropy over scaled cosines.

    `queries` is (n, d), `passages` (n or more, d): first the queries' own, in order, then further wrong ones. Multiple negatives ranking, Henderson et al. 2017 (arXiv 1705.00652).
    """
    import torch

    cosines = torch.nn.functional.normalize(queries, dim=1) @ torch.nn.functional.normalize(passages, dim=1).T
    return torch.nn.functional.cross_entropy(scale * cosines, torch.arange(len(cosines), device=cosines.device))


def store_mapped(dataset: Dataset, base: Encoder, tuned: Encoder, maps: Maps, embeddings: EmbeddingStore) -> None:
    """Put the tuned model's vectors of all passages that are searched into the store: the base's, mapped, not embedded again."""
    texts = [passage.text for passage in dataset.passages] + [text for q in dataset.test for text in q.without.values()]
    known = embeddings.known(base, texts, "document")
    embeddings.put(tuned, known, "document", maps.apply(embeddings.vectors(base, known, "document"), "document"))
