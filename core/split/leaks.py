"""The leak report: an independent look, at the finished data, for what training and judging share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from core import text
from core.dataset import Dataset
from core.generators import WHOLE_PASSAGES
from core.schema import Question, TrainPair


@dataclass(frozen=True)
class Leak:
    """One thing that two parts share: its kind, the parts, and the ids on both sides."""

    kind: str  # "same question", "same passage" or "near-duplicate passage"
    parts: tuple[str, str]
    ids: tuple[str, str]


@dataclass(frozen=True)
class LeakReport:
    """All leaks that were found, and how much was looked at."""

    leaks: tuple[Leak, ...]
    questions: int
    passages: int

    @property
    def clean(self) -> bool:
        """Say whether nothing is shared."""
        return not self.leaks

    @property
    def sentence(self) -> str:
        """The report in one sentence."""
        if self.clean:
            return f"No leaks: {self.passages} passages and {self.questions} questions checked, none is shared between parts."
        kinds = ", ".join(f"{sum(leak.kind == kind for leak in self.leaks)} × {kind}" for kind in dict.fromkeys(x.kind for x in self.leaks))
        return f"{len(self.leaks)} leaks between training and judging: {kinds}."


def find(data: Dataset, threshold: float) -> LeakReport:
    """Look for questions and passages of dev and test that training (or, for test, dev) has seen.

    `threshold` is the Jaccard similarity of word triples from which two passages count as one. It knows nothing of how
    the split was made: it compares the texts that training and scoring really use, queries that are passages themselves included.
    """
    sides = {
        "train": (
            [(row.pair_id, row.query) for row in data.train],
            _unique([*(t for row in data.train for t in _texts(row)), *_asking((r.pair_id, r.generator, r.query) for r in data.train)]),
        ),
        "dev": _side(data, data.dev),
        "test": _side(data, data.test),
    }
    found: list[Leak] = []
    for one, other in (("train", "dev"), ("train", "test"), ("dev", "test")):
        found += _same_questions(one, other, sides[one][0], sides[other][0])
        found += _same_passages(one, other, sides[one][1], sides[other][1], threshold)
    return LeakReport(tuple(found), sum(len(q) for q, _ in sides.values()), sum(len(p) for _, p in sides.values()))


def held(data: Dataset, rows: Sequence[Sequence[str]], threshold: float) -> set[int]:
    """Return the numbers of the rows, each given by its texts, that hold a question or a passage of dev or test, or nearly one."""
    asked = (*data.dev, *data.test)
    bodies = {passage.id: passage.text for passage in data.passages}
    judging = list(dict.fromkeys(bodies[key] for question in asked for key in question.relevant if key in bodies))
    own = list(dict.fromkeys(one for row in rows for one in row))
    taken = {text.normalise(question.query) for question in asked} | {text.normalise(body) for body in judging}
    shared = {one for one in own if text.normalise(one) in taken}
    for group in text.near_duplicate_groups([*own, *judging], threshold) if judging else ():
        if group[-1] >= len(own):  # the judging ones come last
            shared |= {own[place] for place in group if place < len(own)}
    return {number for number, row in enumerate(rows) if not shared.isdisjoint(row)}


def _texts(row: TrainPair) -> list[tuple[str, str]]:
    """Return the passages that a row teaches with, by id: a negative is read in training as well."""
    return [(row.passage_id, row.positive), *((f"negative {text}", text) for text in row.negatives)]


def without_negatives(row: TrainPair, leaked: Collection[str]) -> TrainPair:
    """Return the row without the negatives that a leak report names."""
    fine = [f"negative {text}" not in leaked for text in row.negatives]
    if all(fine):
        return row
    marks = tuple(mark for mark, keep in zip(row.marks[1:], fine, strict=True) if keep)
    return replace(row, negatives=tuple(t for t, keep in zip(row.negatives, fine, strict=True) if keep), marks=(*row.marks[:1], *marks))


def _unique(rows: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return list(dict(rows).items())


def _asking(rows: Iterable[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Return (id, query) of those whose query is a passage itself, which is then compared with passages too."""
    return [(key, query) for key, generator, query in rows if generator in WHOLE_PASSAGES]


def _side(data: Dataset, questions: Iterable[Question]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    texts = {passage.id: passage.text for passage in data.passages}
    asked = list(questions)
    relevant = [(p, texts[p]) for q in asked for p in q.relevant if p in texts]
    return [(q.id, q.query) for q in asked], _unique([*relevant, *_asking((q.id, q.generator, q.query) for q in asked)])


def _same_questions(one: str, other: str, left: list[tuple[str, str]], right: list[tuple[str, str]]) -> list[Leak]:
    known = {text.normalise(query): key for key, query in left}
    return [Leak("same question", (one, other), (known[n], key)) for key, query in right if (n := text.normalise(query)) in known]


def _same_passages(one: str, other: str, left: list[tuple[str, str]], right: list[tuple[str, str]], threshold: float) -> list[Leak]:
    ids = {key for key, _ in left}
    same = [Leak("same passage", (one, other), (key, key)) for key, _ in right if key in ids]
    texts = [*left, *((key, body) for key, body in right if key not in ids)]
    groups = text.near_duplicate_groups([body for _, body in texts], threshold)
    near = []
    for group in groups:
        ours = [texts[i][0] for i in group if i < len(left)]
        theirs = [texts[i][0] for i in group if i >= len(left)]
        near += [Leak("near-duplicate passage", (one, other), (own, key)) for own in ours for key in theirs]
    return same + near
